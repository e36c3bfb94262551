package money

import (
	"math"
	"testing"
)

func TestLakhsAreNeverRounded(t *testing.T) {
	cases := []struct {
		rupees int64
		text   string
	}{
		{0, "0"},
		{1_000, "0.01"},
		{10_000, "0.1"},
		{100_000, "1"},
		{8_550_000, "85.5"},
		{8_555_000, "85.55"},
		{12_000_000, "120"},
		{-250_000, "-2.5"},
		{-1_000, "-0.01"},
		{9_223_372_036_854_775_000, "92233720368547.75"},
		{1, ""},
		{999, ""},
		{8_550_500, ""},
		{math.MaxInt64, ""},
		{math.MinInt64, ""},
	}
	for _, each := range cases {
		text, fits := Lakhs(each.rupees)
		if text != each.text || fits != (each.text != "") {
			t.Errorf("%d: %q, %v", each.rupees, text, fits)
		}
	}
}

func TestGroupsThreeThenTwoDigits(t *testing.T) {
	cases := map[int64]string{
		0: "0", 999: "999", 1_000: "1,000", 100_000: "1,00,000", 12_000_000: "1,20,00,000", -1_200: "-1,200",
		math.MaxInt64: "92,23,37,20,36,85,47,75,807", math.MinInt64: "-92,23,37,20,36,85,47,75,808",
	}
	for rupees, text := range cases {
		if got := Grouped(rupees); got != text {
			t.Errorf("%d: %s", rupees, got)
		}
	}
}
