package export_jackfield_crm_about

import (
	"jackfield.dev/jackfield/component/convert"
	"jackfield.dev/jackfield/component/invocation"
	. "jackfield.dev/jackfield/component/jackfield_crm_about"
)

// Describe is the contract's about.describe.
func Describe() Description {
	return convert.Description(invocation.Describe())
}
