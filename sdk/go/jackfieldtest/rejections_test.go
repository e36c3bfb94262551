package jackfieldtest_test

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"testing"

	"jackfield.dev/jackfield"
	"jackfield.dev/jackfield/date"
	"jackfield.dev/jackfield/jackfieldtest"
	"jackfield.dev/jackfield/phone"
)

func TestRejectionsHaveTheSharedWording(t *testing.T) {
	text, err := os.ReadFile("../../rejections.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Asked, Text, Zone, Code, Message, Field, Detail string
			Country                                         json.RawMessage
		}
	}
	if err := json.Unmarshal(text, &file); err != nil || len(file.Cases) == 0 {
		t.Fatal(err)
	}
	for _, each := range file.Cases {
		script := jackfieldtest.Script{Country: "IN"}
		if each.Country != nil {
			script.Country = ""
		}
		host := script.Host(t)
		var err error
		switch each.Asked {
		case "phone":
			_, err = phone.E164(host, each.Text, "phone")
		case "instant":
			_, err = date.Instant(host, each.Text, each.Zone)
		case "local":
			_, err = date.Local(host, each.Text, each.Zone)
		}
		expected := jackfield.Reject(each.Code, each.Message).Field(each.Field, each.Detail)
		var rejected *jackfield.Rejected
		if !errors.As(err, &rejected) || !reflect.DeepEqual(rejected, expected) {
			t.Errorf("%s: %v, not %v", each.Text, err, expected)
		}
	}
}
