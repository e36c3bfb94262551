package phone

import "testing"

func TestReadsUsualSpellings(t *testing.T) {
	for _, text := range []string{"9800000000", "09800000000", "919800000000", "+91 98000-00000", "(98000) 00000"} {
		if got, is := E164(text); !is || got != "+919800000000" {
			t.Errorf("%s: %s, %v", text, got, is)
		}
	}
}

func TestRefusesOtherNumbers(t *testing.T) {
	for _, text := range []string{
		"", "5800000000", "980000000", "98000000000", "98000OOOOO", "९८००००००००", "+14155550100", "+9198000000001",
	} {
		if got, is := E164(text); is {
			t.Errorf("%s: %s", text, got)
		}
	}
}

func TestConvertsBothWays(t *testing.T) {
	if got, is := TenDigits("+919700000000"); !is || got != "9700000000" {
		t.Error(got, is)
	}
	for _, text := range []string{"9700000000", "+91 9700000000", "+14155550100"} {
		if got, is := TenDigits(text); is {
			t.Errorf("%s: %s", text, got)
		}
	}
}
