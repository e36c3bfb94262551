package instant

import "testing"

func TestInstantsHaveOneSpelling(t *testing.T) {
	cases := map[string]string{
		"2026-07-01T09:01:55.000Z":       "2026-07-01T09:01:55+00:00",
		"2026-07-01T14:31:55+05:30":      "2026-07-01T14:31:55+05:30",
		"2026-07-01T14:31:55+0530":       "2026-07-01T14:31:55+05:30",
		"2026-07-01t09:01:55.120z":       "2026-07-01T09:01:55.12+00:00",
		"2026-07-01 14:31:55-03":         "2026-07-01T14:31:55-03:00",
		"2026-07-01T14:31+0530":          "2026-07-01T14:31:00+05:30",
		"2028-02-29T23:59:59.123456789Z": "2028-02-29T23:59:59.123456789+00:00",
	}
	for text, spelled := range cases {
		if got := Respell(&text); *got != spelled {
			t.Errorf("%s: %s, not %s", text, *got, spelled)
		}
	}
	if Respell(nil) != nil {
		t.Error("nothing became something")
	}
}

func TestOtherTextsAreNotInstants(t *testing.T) {
	for _, text := range []string{
		"", "yesterday", "2026-07-05", "2026-07-05T16:30:00", "2026-02-30T16:30:00Z", "2026-07-05T24:30:00Z",
		"2026-07-05T6:30:00Z", "2026-07-05T16:30:00,5Z", "2026-07-05T16:30:00+5", "2026-07-05T16:30:00+05:3x",
		"2026-07-05T16:30:00+24:00", "2026-07-05T16:30:00Z ", "2026-07-05T16:30:00IST", "2026-07-05TZ",
	} {
		if got, is := Parse(text); is {
			t.Errorf("%q: %s", text, got)
		}
		if got := Respell(&text); *got != text {
			t.Errorf("%q became %s", text, *got)
		}
	}
}
