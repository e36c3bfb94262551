package jackfieldtest

import (
	"strings"
	"testing"

	"jackfield.dev/jackfield/internal/wire"
)

// normalizePhone stands for the contract's phones.normalize. It knows India's mobile numbers, and of other numbers with a
// country code only their length; the real host knows every numbering plan.
func normalizePhone(t testing.TB, text, country string) (string, wire.PhoneError) {
	t.Helper()
	dense := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \u00a0.-\u2010\u2011\u2012\u2013\u2014()[]", r) {
			return -1
		}
		return r
	}, text)
	if code, is := strings.CutPrefix(dense, "00"); is {
		dense = "+" + code
	}
	digits, international := strings.CutPrefix(dense, "+")
	switch {
	case digits == "" || strings.Trim(digits, "0123456789") != "":
		return "", wire.NotANumber
	case !international && country == "":
		return "", wire.NoCountry
	case !international && country != "IN":
		t.Fatalf("the test double knows the numbering plan of India only, not of %s: write the number with + and its "+
			"country code, or run `jackfield adapter check`, which asks the host", country)
	case !international:
		digits = strings.TrimPrefix(digits, "0")
		if len(digits) == 12 {
			digits = strings.TrimPrefix(digits, "91")
		}
		digits = "91" + digits
	}
	national, indian := strings.CutPrefix(digits, "91")
	fits := len(digits) >= 7 && len(digits) <= 15
	if indian {
		fits = len(national) == 10 && national[0] >= '6'
	}
	if !fits {
		return "", wire.NotInPlan
	}
	return "+" + digits, 0
}
