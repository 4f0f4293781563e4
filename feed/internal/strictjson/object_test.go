package strictjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// fields is the text of an object of n fields, nested one of n levels.
func fields(n int) string {
	var keys []string
	for i := range n {
		keys = append(keys, fmt.Sprintf(`"k%d":%d`, i, i))
	}
	return "{" + strings.Join(keys, ",") + "}"
}

func nested(n int) string {
	return strings.Repeat(`{"k":[`, n/2) + strings.Repeat("{", n%2) + strings.Repeat("}", n%2) + strings.Repeat("]}", n/2)
}

// TestReadObject: what is an object, and what of others is wrong.
func TestReadObject(t *testing.T) {
	for _, text := range []string{
		"{}", " {\n} ", `{"":""}`, `{"a":1,"A":2,"á":3}`, `{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}`,
		fields(MaxFields), nested(MaxDepth), `{"k":"` + strings.Repeat("[", 100) + `\"[{\\"}`,
		`{"k":[` + strings.Repeat("[],", 1000) + `[]]}`,
	} {
		if o, err := ReadObject([]byte(text)); err != nil || o.Err() != nil {
			t.Errorf("%.100s: %v", text, err)
		}
	}
	long := strings.Repeat("x", 1000)
	for text, want := range map[string]string{
		"": "end of JSON", "{": "end of JSON", "}": "invalid character", "{}{}": "after top-level value", `{"a":1,}`: "invalid character",
		`{"a":tru}`: "invalid character", `{a:1}`: "invalid character", "\xef\xbb\xbf{}": "invalid character",
		"[]": "it is no object", "null": "it is no object", `"{}"`: "it is no object", "7": "it is no object",
		"{\"\xff\":1}": "it is no UTF-8", "{\"a\":\"\xff\"}": "it is no UTF-8", "{\"a\":\"\xed\xa0\x80\"}": "it is no UTF-8",
		`{"a":1,"b":2,"a":1}`: `"a" comes twice`, `{"a":1,"\u0061":1}`: `"a" comes twice`, `{"":1,"":1}`: `"" comes twice`,
		`{"á":1,"á":1}`:                          `"\u00e1" comes twice`,
		`{"` + long + `":1,"` + long + `":1}`:    `"` + long[:100] + `" comes twice`,
		fields(MaxFields + 1):                    "it has more than 512 fields",
		nested(MaxDepth + 1):                     "it is deeper than 32 levels",
		nested(100_000):                          "it is deeper than 32 levels",
		strings.Repeat("[", 100_000):             "it is deeper than 32 levels",
		`{"\"":` + nested(MaxDepth) + `}`:        "it is deeper than 32 levels",
		`{"a\\":"` + `","b":` + nested(40) + `}`: "it is deeper than 32 levels",
	} {
		if o, err := ReadObject([]byte(text)); o != nil || err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 200 {
			t.Errorf("%.100s: %.300v, want %s", text, err, want)
		}
	}
}

// TestReadArray: it has its own bounds, and those of objects.
func TestReadArray(t *testing.T) {
	for text, n := range map[string]int{"[]": 0, " null\n": 0, " [1, null,\n{}] ": 3, "[" + strings.Repeat("1,", 9) + "1]": 10} {
		elements, err := ReadArray([]byte(text), 10)
		if err != nil || len(elements) != n {
			t.Errorf("%s: %q, %v", text, elements, err)
		}
		for _, e := range elements {
			if !json.Valid(e) || len(bytes.TrimSpace(e)) != len(e) {
				t.Errorf("%s: %q", text, e)
			}
		}
	}
	for text, want := range map[string]string{
		"": "end of JSON", "[1": "end of JSON", "[1]]": "after top-level", "{}": "it is no array", `"[]"`: "it is no array",
		"[" + strings.Repeat("1,", 10) + "1]": "it has more than 10 elements",
		"[\"\xff\"]":                          "it is no UTF-8",
		"[" + nested(MaxDepth) + "]":          "it is deeper than 32 levels",
	} {
		if elements, err := ReadArray([]byte(text), 10); elements != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// TestFields: fields are what they should be, by the first of their keys that has something,
// and the first that is not is said.
func TestFields(t *testing.T) {
	const text = `{"s":"t\u0065xt","empty":"","null":null,"n":7,"b":true,"list":[1,2],"o":{}}`
	for _, c := range []struct {
		what string
		read func(*Object) any
		want any
		err  string
	}{
		{"a text", func(o *Object) any { return o.Text("s") }, "text", ""},
		{"one that is empty", func(o *Object) any { return o.Text("empty", "s") }, "", ""},
		{"one that is null", func(o *Object) any { return o.Text("null") }, "", ""},
		{"one that is missing", func(o *Object) any { return o.Text("S") }, "", ""},
		{"another one", func(o *Object) any { return o.Text("S", "null", "s", "n") }, "text", ""},
		{"a number", func(o *Object) any { return o.Text("n") }, "", "n: no string"},
		{"one by its other key", func(o *Object) any { return o.Text("x", "n") }, "", "x: no string"},
		{"the first of two", func(o *Object) any { return o.Text("o") + o.Text("n") }, "", "o: no string"},
		{"a value", func(o *Object) any { return string(o.Value("null", "list")) }, "[1,2]", ""},
		{"none", func(o *Object) any { return o.Value("null", "N") == nil }, true, ""},
		{"an array", func(o *Object) any { return len(o.Array("list", 2)) }, 2, ""},
		{"none of it", func(o *Object) any { return len(o.Array("null", 2)) }, 0, ""},
		{"a longer one", func(o *Object) any { return len(o.Array("list", 1)) }, 0, "list: it has more than 1 elements"},
		{"no array", func(o *Object) any { return len(o.Array("o", 1)) }, 0, "o: it is no array"},
		{"the caller's error", func(o *Object) any { o.Wrong("s", "odd"); o.Wrong("n", "odd"); return o.Text("b") }, "", "s: odd"},
	} {
		o, err := ReadObject([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		got, said := c.read(o), ""
		if o.Err() != nil {
			said = o.Err().Error()
		}
		if got != c.want || said != c.err {
			t.Errorf("%s: %v, %q, want %v, %q", c.what, got, said, c.want, c.err)
		}
	}
}

// TestKeepsNothing: what was read stays when the text is overwritten.
func TestKeepsNothing(t *testing.T) {
	text := []byte(`{"k":["a"]}`)
	o, err := ReadObject(text)
	if err != nil {
		t.Fatal(err)
	}
	clear(text)
	if v := o.Value("k"); string(v) != `["a"]` {
		t.Errorf("%q", v)
	}
}
