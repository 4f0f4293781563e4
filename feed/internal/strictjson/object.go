package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Bounds of what is read. The largest objects of the exchange have some 130 fields, and some
// 8 levels (Gamma, 2026).
const (
	// MaxFields bounds the fields of an object.
	MaxFields = 512
	// MaxDepth bounds how deep objects and arrays are in each other: 1 is that of an object
	// of numbers.
	MaxDepth = 32
)

var (
	errNoUTF8   = errors.New("it is no UTF-8") // which would be mended silently
	errTooDeep  = fmt.Errorf("it is deeper than %d levels", MaxDepth)
	errNoObject = errors.New("it is no object")
	errNoArray  = errors.New("it is no array")
)

// Object is an object of JSON whose fields are read one by one. It is for one goroutine.
type Object struct {
	fields map[string]json.RawMessage // copies
	err    error                      // the first field that was not what it should be
}

// ReadObject splits the text of an object. It keeps nothing of the text.
func ReadObject(text []byte) (*Object, error) {
	d, err := inside(text, '{', errNoObject)
	if err != nil {
		return nil, err
	}
	o := &Object{fields: map[string]json.RawMessage{}}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		key, _ := t.(string)
		if _, twice := o.fields[key]; twice {
			return nil, fmt.Errorf("%+.100q comes twice", key)
		}
		if len(o.fields) == MaxFields {
			return nil, fmt.Errorf("it has more than %d fields", MaxFields)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		o.fields[key] = value
	}
	return o, nil
}

// ReadArray splits the text of an array of no more elements than most. null is one of none.
// It keeps nothing of the text.
func ReadArray(text []byte, most int) (elements []json.RawMessage, err error) {
	if string(bytes.Trim(text, " \t\r\n")) == "null" {
		return nil, nil
	}
	d, err := inside(text, '[', errNoArray)
	if err != nil {
		return nil, err
	}
	for d.More() {
		if len(elements) == most {
			return nil, fmt.Errorf("it has more than %d elements", most)
		}
		var element json.RawMessage
		if err := d.Decode(&element); err != nil {
			return nil, err
		}
		elements = append(elements, element)
	}
	return elements, nil
}

// inside returns a decoder behind the first bracket of a text, all of which is valid.
func inside(text []byte, bracket json.Delim, other error) (*json.Decoder, error) {
	switch {
	case !utf8.Valid(text):
		return nil, errNoUTF8
	case depth(text) > MaxDepth:
		return nil, errTooDeep
	}
	if !json.Valid(text) {
		return nil, json.Unmarshal(text, new(json.RawMessage)) // which says what is wrong
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != bracket {
		return nil, other
	}
	return d, nil
}

// depth returns how deep brackets are in each other. It looks at nothing else: of a text that
// is no JSON it is some number.
func depth(text []byte) (deepest int) {
	now, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case quoted:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}

// Err returns what was wrong with the first field that was not what it should be, nil if
// none was.
func (o *Object) Err() error { return o.err }

// Wrong notes what is wrong with a field, unless another was before.
func (o *Object) Wrong(key, reason string) {
	if o.err == nil {
		o.err = errors.New(key + ": " + reason)
	}
}

// Value returns what the first of some keys has that is there and is not null, nil if there
// is none. It is valid JSON.
func (o *Object) Value(keys ...string) json.RawMessage {
	for _, key := range keys {
		if v := o.fields[key]; v != nil && string(v) != "null" {
			return v
		}
	}
	return nil
}

// Text returns the string that the first of some keys has, "" if there is none.
func (o *Object) Text(keys ...string) (s string) {
	v := o.Value(keys...)
	if v == nil {
		return ""
	}
	if v[0] != '"' || json.Unmarshal(v, &s) != nil {
		o.Wrong(keys[0], "no string")
	}
	return s
}

// Array returns the elements of an array, none if there is none, or more than most.
func (o *Object) Array(key string, most int) []json.RawMessage {
	v := o.Value(key)
	if v == nil {
		return nil
	}
	elements, err := ReadArray(v, most)
	if err != nil {
		o.Wrong(key, err.Error())
	}
	return elements
}
