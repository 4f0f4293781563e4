package strictjson

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

// shape is what encoding/json says of a text, token by token.
type shape struct {
	valid, isObject, isArray, twice bool
	fields, elements, deepest       int
}

// shapeOf reads a text another way than the package does.
func shapeOf(text []byte) (s shape) {
	if s.valid = json.Valid(text) && utf8.Valid(text); !s.valid {
		return s
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	keys := map[string]bool{}
	now, atKey := 0, false
	for {
		t, err := d.Token()
		if err == io.EOF {
			return s
		}
		if err != nil { // a number out of range, or deeper than it goes
			return shape{}
		}
		if now == 1 && s.isArray && t != json.Delim(']') {
			s.elements++
		}
		if now == 1 && s.isObject {
			if key, ok := t.(string); ok && atKey {
				s.twice = s.twice || keys[key]
				keys[key] = true
			}
			atKey = !atKey
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			if now == 0 {
				s.isObject, s.isArray, atKey = t == json.Delim('{'), t == json.Delim('['), true
			}
			now++
			s.deepest = max(s.deepest, now)
		case json.Delim('}'), json.Delim(']'):
			if now--; now == 1 && s.isObject {
				atKey = true
			}
		}
		s.fields = len(keys)
	}
}

// FuzzRead: what is read is what encoding/json reads, and what is refused is wrong.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "[]", "null", `{"a":1,"b":[1,{"a":2}],"a":3}`, `{"a":{"a":1,"b":2},"A":"\ud800","b":[[]]}`, `[1,"a",{},[2]]`,
		"{\"\xff\":1}", `{"":1}`, fields(MaxFields + 1), nested(MaxDepth), nested(MaxDepth + 1), `{"k":"\"[\\","l":1e999}`, "{}{}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		const most = 5
		s := shapeOf(text)
		o, err := ReadObject(text)
		good := s.valid && s.deepest <= MaxDepth
		if want := good && s.isObject && !s.twice && s.fields <= MaxFields; want != (err == nil) {
			t.Fatalf("%q: %v, %+v", text, err, s)
		}
		if err == nil {
			same(t, text, o)
		}
		elements, err := ReadArray(text, most)
		none := strings.Trim(string(text), " \t\r\n") == "null"
		if want := good && s.isArray && s.elements <= most || none; want != (err == nil) {
			t.Fatalf("%q: %v, %+v", text, err, s)
		}
		if err == nil {
			var want []json.RawMessage
			if json.Unmarshal(text, &want) != nil || len(want) != len(elements) {
				t.Fatalf("%q: %q, want %q", text, elements, want)
			}
			for i, e := range elements {
				if !bytes.Equal(e, want[i]) {
					t.Errorf("%q: %q, want %q", text, e, want[i])
				}
			}
		}
	})
}

// same compares an object with a map of its fields.
func same(t *testing.T, text []byte, o *Object) {
	t.Helper()
	var want map[string]json.RawMessage
	if json.Unmarshal(text, &want) != nil || len(want) != len(o.fields) {
		t.Fatalf("%q: %d fields, want %d", text, len(o.fields), len(want))
	}
	for key, v := range want {
		if got := o.Value(key); !bytes.Equal(got, v) && (got != nil || string(v) != "null") {
			t.Errorf("%q: %q has %q, want %q", text, key, got, v)
		}
		var s string
		isText := json.Unmarshal(v, &s) == nil
		one := &Object{fields: o.fields}
		if got := one.Text(key); got != s || (one.Err() == nil) != isText {
			t.Errorf("%q: %q has the text %q, want %q; %v", text, key, got, s, one.Err())
		}
		if strings.HasPrefix(string(v), "[") {
			one.Array(key, len(v))
		}
	}
}
