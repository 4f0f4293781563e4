package rest

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"example.com/truebook/feed/internal/strictjson"
)

// object is an object of JSON of the exchange.
type object struct{ *strictjson.Object }

func readObject(text []byte) (object, error) {
	o, err := strictjson.ReadObject(text)
	return object{o}, err
}

// flag returns a boolean. It must be there: that it is missing does not say false.
func (o object) flag(key string) bool {
	switch string(o.Value(key)) {
	case "true":
		return true
	case "false":
		return false
	}
	o.Wrong(key, "neither true nor false")
	return false
}

// flagOr returns a boolean, or another value if it is not there.
func (o object) flagOr(key string, missing bool) bool {
	if v := o.Value(key); v == nil || string(v) == `""` {
		return missing
	}
	return o.flag(key)
}

// maxText bounds a text for people, in bytes.
const maxText = 1000

// label returns a text for people: the beginning of a very long one.
func (o object) label(key string) string { return shortened(o.Text(key)) }

// shortened returns the beginning of a text, which is UTF-8.
func shortened(text string) string {
	if len(text) <= maxText {
		return text
	}
	end := maxText
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// date returns a time, zero if there is none, or none in a form that is known. A day alone
// stands for its end.
func (o object) date(key string) time.Time {
	text := o.Text(key)
	for _, form := range []string{time.RFC3339, "2006-01-02 15:04:05Z07"} {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC()
		}
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return endOf(t)
	}
	return time.Time{}
}

// day is date where midnight says no more than the day.
func (o object) day(key string) time.Time {
	t := o.date(key)
	if t.IsZero() || !t.Equal(t.Truncate(24*time.Hour)) {
		return t
	}
	return endOf(t)
}

// endOf returns the last second of a day that is given by its midnight.
func endOf(day time.Time) time.Time { return day.Add(24*time.Hour - time.Second) }

// texts returns an array of strings, nil if there is none. The exchange writes it as a
// string that holds JSON, or as it is; an empty string is none. Numbers are taken by their
// digits.
func (o object) texts(key string) []string {
	v := o.Value(key)
	if v != nil && v[0] == '"' {
		v = json.RawMessage(o.Text(key))
	}
	if len(v) == 0 {
		return nil
	}
	elements, err := strictjson.ReadArray(v, maxOutcomes)
	if err != nil {
		o.Wrong(key, "no array of strings")
		return nil
	}
	texts := make([]string, len(elements))
	for i, e := range elements {
		switch {
		case e[0] == '"':
			_ = json.Unmarshal(e, &texts[i]) // a string, and of a valid text
			texts[i] = shortened(texts[i])
		case '0' <= e[0] && e[0] <= '9':
			texts[i] = string(e)
		default:
			o.Wrong(key, "no array of strings")
			return nil
		}
	}
	return texts
}

// objects returns those of an array, nil if there is none. What is no object is left out.
func (o object) objects(key string) (list []object) {
	elements, err := strictjson.ReadArray(o.Value(key), maxListed)
	if err != nil {
		return nil
	}
	for _, element := range elements {
		if e, err := readObject(element); err == nil {
			list = append(list, e)
		}
	}
	return list
}

// number returns an amount between 0 and most, 0 if there is none. The exchange writes
// numbers here as JSON has them, and elsewhere as strings: both are read, exactly.
func number[T ~int64](o object, key string, parse func(string) (T, error), most T) T {
	text := string(o.Value(key))
	if strings.HasPrefix(text, `"`) {
		text = o.Text(key)
	}
	if text == "" {
		return 0
	}
	n, err := parse(text)
	if err != nil {
		o.Wrong(key, err.Error())
		return 0
	}
	if n < 0 || n > most {
		o.Wrong(key, "out of range")
		return 0
	}
	return n
}
