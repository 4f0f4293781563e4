package user

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// maxFields bounds the fields of an object. Those of the exchange have 24 at most.
const maxFields = 128

// fields is an object of JSON whose fields are read one by one. encoding/json would fill a
// struct from keys of another case, and from the last of two that are equal.
//
// No error shows a value: what the exchange sends here is the account's own.
type fields struct {
	values map[string]json.RawMessage
	err    error // the first field that is not what it should be
}

var errNoObject = errors.New("no object")

// readFields splits the text of an object, which is valid JSON.
func readFields(text []byte) (*fields, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errNoObject
	}
	f := &fields{values: map[string]json.RawMessage{}}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, errNoObject
		}
		key, _ := t.(string)
		if _, twice := f.values[key]; twice || len(f.values) == maxFields {
			return nil, errors.New("a key comes twice, or there are too many")
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, errNoObject
		}
		f.values[key] = value
	}
	return f, nil
}

// wrong notes that a field is wrong, unless another was before.
func (f *fields) wrong(key, reason string) {
	if f.err == nil {
		f.err = errors.New(key + ": " + reason)
	}
}

// value returns what the first key of some has, nil if there is none, or null.
func (f *fields) value(keys ...string) json.RawMessage {
	for _, key := range keys {
		if v := f.values[key]; v != nil && string(v) != "null" {
			return v
		}
	}
	return nil
}

// text returns a string, "" if there is none.
func (f *fields) text(keys ...string) (s string) {
	v := f.value(keys...)
	if v == nil {
		return ""
	}
	if v[0] != '"' || json.Unmarshal(v, &s) != nil {
		f.wrong(keys[0], "no string")
	}
	return s
}

// maxID bounds what names something, in bytes. Those of the exchange have 78 at most.
const maxID = 128

// id returns a string that names something: it is there, and holds nothing but letters,
// digits, - and _.
func (f *fields) id(key string) string {
	s := f.text(key)
	if s == "" || len(s) > maxID || strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		f.wrong(key, "names nothing")
		return ""
	}
	return s
}

// maxWords bounds a text that is shown as it came, in bytes.
const maxWords = 200

// words returns a string that the exchange wrote for people, without anything that a
// terminal would obey, and cut.
func words(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s[:min(len(s), maxWords)])
	return s
}

// token returns the id of a token.
func (f *fields) token(key string) string {
	s := f.text(key)
	if !feed.IsToken(s) {
		f.wrong(key, "no token")
	}
	return s
}

// maxShares is larger than any size, and leaves room to add those of all orders that may
// be open.
const maxShares = 100_000_000 * book.Share

// size returns an amount of shares; a text that is empty, or absent, is 0 if it may be.
func (f *fields) size(key string, optional bool) book.Size {
	s := f.text(key)
	if s == "" && optional {
		return 0
	}
	n, err := book.ParseSize(s)
	if err != nil || n < 0 || n > maxShares {
		f.wrong(key, "no size")
		return 0
	}
	return n
}

// price returns a price: above 0 and below 1.
func (f *fields) price(key string) book.Price {
	p, err := book.ParsePrice(f.text(key))
	if err != nil || p <= 0 || p >= book.Dollar {
		f.wrong(key, "no price")
		return 0
	}
	return p
}

// side returns the side of an order; Bid buys.
func (f *fields) side(key string) book.Side {
	switch f.text(key) {
	case "BUY":
		return book.Bid
	case "SELL":
		return book.Ask
	}
	f.wrong(key, "neither BUY nor SELL")
	return book.Bid
}

// The exchange began in 2020; a year beyond 2100 is a unit taken for another. Smaller
// numbers than secondsBelow are seconds.
const (
	minTime      = feed.Timestamp(1_577_836_800_000)
	maxTime      = feed.Timestamp(4_102_444_800_000)
	secondsBelow = 100_000_000_000
)

// time returns a time, in seconds or milliseconds, as a string or a number; 0 if there is
// none, or "" or 0.
func (f *fields) time(keys ...string) feed.Timestamp {
	v := string(f.value(keys...))
	if strings.HasPrefix(v, `"`) {
		v = f.text(keys...)
	}
	if v == "" || v == "0" {
		return 0
	}
	var t feed.Timestamp
	for _, c := range []byte(v) {
		if c < '0' || c > '9' || len(v) > 15 {
			f.wrong(keys[0], "no time")
			return 0
		}
		t = t*10 + feed.Timestamp(c-'0')
	}
	if t < secondsBelow {
		t *= 1000
	}
	if t < minTime || t >= maxTime {
		f.wrong(keys[0], "not between 2020 and 2100")
		return 0
	}
	return t
}

// optionalTime returns a time that nothing depends on: 0 if it is odd. An order may be good
// until the year 2286.
func (f *fields) optionalTime(key string) feed.Timestamp {
	before := f.err
	t := f.time(key)
	f.err = before
	return t
}

// list returns the elements of an array, none if there is none.
func (f *fields) list(key string, most int) (elements []json.RawMessage) {
	v := f.value(key)
	if v == nil {
		return nil
	}
	if v[0] != '[' || json.Unmarshal(v, &elements) != nil {
		f.wrong(key, "no array")
	}
	if len(elements) > most {
		f.wrong(key, "too many elements")
		return nil
	}
	return elements
}
