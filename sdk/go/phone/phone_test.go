package phone

import (
	"errors"
	"strings"
	"testing"

	"jackfield.dev/jackfield"
	"jackfield.dev/jackfield/jackfieldtest"
)

func TestReadsUsualSpellings(t *testing.T) {
	host := jackfieldtest.Script{Country: "IN"}.Host(t)
	for _, text := range []string{
		"9800000000", "09800000000", "919800000000", "+91 98000-00000", "(98000) 00000", "0091 98000.00000",
	} {
		if got, err := E164(host, text, "phone"); err != nil || got != "+919800000000" {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	if got, err := E164(host, "+1 (415) 555-0100", "phone"); err != nil || got != "+14155550100" {
		t.Error(got, err)
	}
}

func TestRefusalTellsWhatIsWrong(t *testing.T) {
	host := jackfieldtest.Script{Country: "IN"}.Host(t)
	cases := map[string]string{
		"": "not a telephone number", "98000OOOOO": "not a telephone number", "5800000000": "too short, too long",
		"980000000": "too short, too long", "98000000000": "too short, too long", "+9198000000001": "too short, too long",
	}
	for text, message := range cases {
		_, err := E164(host, text, "Mobile")
		var rejected *jackfield.Rejected
		if !errors.As(err, &rejected) || rejected.Code != "bad-phone" || rejected.Fields[0].Field != "Mobile" ||
			!strings.Contains(rejected.Fields[0].Message, message) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestNumberWithoutCountryNeedsItsCode(t *testing.T) {
	if got, err := E164(jackfieldtest.Script{}.Host(t), "9800000000", "phone"); err == nil {
		t.Error(got)
	}
}

func TestTenDigitsAreThoseOfAnIndianMobile(t *testing.T) {
	if got, is := TenDigits("+919700000000"); !is || got != "9700000000" {
		t.Error(got, is)
	}
	for _, text := range []string{"9700000000", "+91 9700000000", "+14155550100", "+915800000000", "+9197000000001"} {
		if got, is := TenDigits(text); is {
			t.Errorf("%s: %s", text, got)
		}
	}
}
