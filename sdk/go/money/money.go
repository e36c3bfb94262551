// Package money formats rupees as usual in India.
package money

import (
	"strconv"
	"strings"
)

// Lakh is a hundred thousand, Crore a hundred lakhs.
const (
	Lakh  = 100_000
	Crore = 100 * Lakh
)

// Lakhs formats rupees as a decimal number of lakhs with at most two decimals: 8550000 is 85.5. It never rounds, and
// returns false if two decimals are not enough.
func Lakhs(rupees int64) (string, bool) {
	const hundredth = Lakh / 100
	if rupees%hundredth != 0 {
		return "", false
	}
	sign, hundredths := "", uint64(rupees/hundredth)
	if rupees < 0 {
		sign, hundredths = "-", -hundredths
	}
	text := sign + strconv.FormatUint(hundredths/100, 10)
	if part := hundredths % 100; part != 0 {
		text += "." + strings.TrimRight(strconv.FormatUint(100+part, 10)[1:], "0")
	}
	return text, true
}

// Grouped formats digits in Indian groups, the last three and then twos: 85,00,000.
func Grouped(rupees int64) string {
	sign, amount := "", uint64(rupees)
	if rupees < 0 {
		sign, amount = "-", -amount
	}
	digits := strconv.FormatUint(amount, 10)
	var text strings.Builder
	text.WriteString(sign)
	for i, digit := range digits {
		// A comma precedes the last three digits and every two digits before them.
		if left := len(digits) - i; i > 0 && left >= 3 && left%2 == 1 {
			text.WriteByte(',')
		}
		text.WriteRune(digit)
	}
	return text.String()
}
