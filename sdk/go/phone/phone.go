// Package phone converts Indian mobile numbers: E.164 in the contract, ten digits in many CRMs.
package phone

import "strings"

// E164 converts a number as CRMs store it to E.164, such as +919800000000: ten digits of which the first is 6 to 9,
// with an optional prefix 0, 91 or +91, and optional spaces, dots or dashes between. False for anything else.
func E164(text string) (string, bool) {
	dense := strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "").Replace(text)
	for length, prefix := range map[int]string{10: "", 11: "0", 12: "91", 13: "+91"} {
		if len(dense) == length && strings.HasPrefix(dense, prefix) && mobile(dense[len(prefix):]) {
			return "+91" + dense[len(prefix):], true
		}
	}
	return "", false
}

// TenDigits returns the ten digits of an Indian mobile number in E.164. False for any other number.
func TenDigits(e164 string) (string, bool) {
	national, indian := strings.CutPrefix(e164, "+91")
	if !indian || !mobile(national) {
		return "", false
	}
	return national, true
}

func mobile(national string) bool {
	if len(national) != 10 || national[0] < '6' {
		return false
	}
	return strings.Trim(national, "0123456789") == ""
}
