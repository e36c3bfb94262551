// Package strict reads JSON into Go values, and does not read missing fields as zero: a CRM's error page in JSON must
// not look like a record whose fields all happen to be empty.
package strict

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Unmarshal reads text into the value that `into` points to. It returns an empty string, or what is wrong and where,
// without quoting the text.
func Unmarshal(text []byte, into any) string {
	// Checked first, since a decoder ignores what follows the value.
	if err := json.Unmarshal(text, new(json.RawMessage)); err != nil {
		return place(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	// Numbers that are read into an interface keep their digits.
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return place(err)
	}
	return missing(reflect.TypeOf(into).Elem(), text, "")
}

// place describes an error by its position; the standard library's own message may quote the text.
func place(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("JSON syntax error at byte %d", syntax.Offset)
	case errors.As(err, &kind):
		return fmt.Sprintf("JSON has another type at byte %d, for %s", kind.Offset, named(kind.Field))
	}
	return "JSON of another form"
}

func named(path string) string {
	if path == "" {
		return "the whole"
	}
	return strings.TrimPrefix(path, ".")
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// missing returns what the type requires below the path and the text lacks.
func missing(kind reflect.Type, text json.RawMessage, path string) string {
	null := bytes.Equal(bytes.TrimSpace(text), []byte("null"))
	switch kind.Kind() {
	case reflect.Pointer:
		if null {
			return ""
		}
		return missing(kind.Elem(), text, path)
	case reflect.Interface:
		return ""
	}
	if null {
		return "JSON null for " + named(path)
	}
	if reflect.PointerTo(kind).Implements(unmarshaler) {
		return ""
	}
	switch kind.Kind() {
	case reflect.Struct:
		return missingFields(kind, text, path)
	case reflect.Slice, reflect.Array:
		var items []json.RawMessage
		if json.Unmarshal(text, &items) != nil {
			return "" // a []byte is a string in JSON
		}
		for _, item := range items {
			if why := missing(kind.Elem(), item, path+"[]"); why != "" {
				return why
			}
		}
	case reflect.Map:
		var items map[string]json.RawMessage
		if json.Unmarshal(text, &items) != nil {
			return ""
		}
		for _, item := range items {
			if why := missing(kind.Elem(), item, path+"{}"); why != "" {
				return why
			}
		}
	}
	return ""
}

func missingFields(kind reflect.Type, text json.RawMessage, path string) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) != nil {
		return "JSON has another type for " + named(path)
	}
	for i := range kind.NumField() {
		field := kind.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case name == "-" || !field.IsExported() && !field.Anonymous:
			continue
		case field.Anonymous && name == "":
			if why := missing(field.Type, text, path); why != "" {
				return why
			}
			continue
		case name == "":
			name = field.Name
		}
		member, there := members[name]
		optional := field.Type.Kind() == reflect.Pointer || field.Type.Kind() == reflect.Interface ||
			strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
		if optional && (!there || bytes.Equal(member, []byte("null"))) {
			continue
		}
		if !there {
			return "JSON without " + named(path+"."+name)
		}
		if why := missing(field.Type, member, path+"."+name); why != "" {
			return why
		}
	}
	return ""
}
