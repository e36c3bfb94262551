// Package phone converts telephone numbers: E.164 in the contract, ten digits in many Indian CRMs.
package phone

import (
	"strings"

	"jackfield.dev/jackfield"
	"jackfield.dev/jackfield/internal/wire"
)

// E164 converts a number as CRMs store it to E.164, such as +919800000000. The host understands brackets, dots, dashes
// and blanks of every kind, 00 for +, the trunk prefix 0 and digits of other scripts, and knows the numbering plans of
// the world. A number without a country code is one of the tenant's country.
//
// The error is a [jackfield.Rejected] that names field, which is what the CRM calls the number, and tells what is wrong.
func E164(host *jackfield.Host, text, field string) (string, error) {
	number, problem := host.Imports().NormalizePhone(text)
	switch problem {
	case wire.NotANumber:
		return "", bad(field, "is not a telephone number")
	case wire.NoCountry:
		return "", bad(field, "has no country code, and the tenant's file has no `country`")
	case wire.NotInPlan:
		return "", bad(field, "is not in its country's numbering plan: too short, too long, or an unknown prefix")
	}
	return number, nil
}

func bad(field, message string) error {
	return jackfield.Reject("bad-phone", "a telephone number cannot be used").Field(field, message)
}

// TenDigits returns the ten digits of an Indian mobile number in E.164. False for any other number.
func TenDigits(e164 string) (string, bool) {
	national, indian := strings.CutPrefix(e164, "+91")
	if !indian || len(national) != 10 || national[0] < '6' || strings.Trim(national, "0123456789") != "" {
		return "", false
	}
	return national, true
}
