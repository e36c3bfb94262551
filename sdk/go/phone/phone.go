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
// The error is a [jackfield.Rejected] whose message tells what is wrong, without the number; its fields are empty.
func E164(host *jackfield.Host, text string) (string, error) {
	number, problem := host.Imports().NormalizePhone(text)
	switch problem {
	case wire.NotANumber:
		return "", bad("the text is not a telephone number")
	case wire.NoCountry:
		return "", bad("the number has no country code, and the tenant's file has no `country`")
	case wire.NotInPlan:
		return "", bad("the number is too short or too long for its country, or its country code does not exist")
	}
	return number, nil
}

func bad(message string) error {
	return jackfield.Reject("bad-phone", message)
}

// TenDigits returns the ten digits of an Indian mobile number in E.164. False for any other number.
func TenDigits(e164 string) (string, bool) {
	national, indian := strings.CutPrefix(e164, "+91")
	if !indian || len(national) != 10 || national[0] < '6' || strings.Trim(national, "0123456789") != "" {
		return "", false
	}
	return national, true
}
