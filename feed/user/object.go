package user

import (
	"strings"

	"example.com/truebook/book"
	"example.com/truebook/feed"
	"example.com/truebook/feed/internal/strictjson"
)

// fields is an object of JSON of the exchange. No error shows a value: what it sends here is
// the account's own.
type fields struct{ *strictjson.Object }

func readFields(text []byte) (fields, error) {
	o, err := strictjson.ReadObject(text)
	return fields{o}, err
}

// maxID bounds what names something, in bytes. Those of the exchange have 78 at most.
const maxID = 128

// id returns a string that names something: it is there, and holds nothing but letters,
// digits, - and _.
func (f fields) id(key string) string {
	s := f.Text(key)
	if s == "" || len(s) > maxID || strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		f.Wrong(key, "names nothing")
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
func (f fields) token(key string) string {
	s := f.Text(key)
	if !feed.IsToken(s) {
		f.Wrong(key, "no token")
	}
	return s
}

// maxShares is larger than any size, and leaves room to add those of all orders that may
// be open.
const maxShares = 100_000_000 * book.Share

// size returns an amount of shares; a text that is empty, or absent, is 0 if it may be.
func (f fields) size(key string, optional bool) book.Size {
	s := f.Text(key)
	if s == "" && optional {
		return 0
	}
	n, err := book.ParseSize(s)
	if err != nil || n < 0 || n > maxShares {
		f.Wrong(key, "no size")
		return 0
	}
	return n
}

// price returns a price: above 0 and below 1.
func (f fields) price(key string) book.Price {
	p, err := book.ParsePrice(f.Text(key))
	if err != nil || p <= 0 || p >= book.Dollar {
		f.Wrong(key, "no price")
		return 0
	}
	return p
}

// side returns the side of an order; Bid buys.
func (f fields) side(key string) book.Side {
	switch f.Text(key) {
	case "BUY":
		return book.Bid
	case "SELL":
		return book.Ask
	}
	f.Wrong(key, "neither BUY nor SELL")
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
func (f fields) time(keys ...string) feed.Timestamp {
	t, reason := f.readTime(keys...)
	if reason != "" {
		f.Wrong(keys[0], reason)
	}
	return t
}

// optionalTime returns a time that nothing depends on: 0 if it is odd. An order may be good
// until the year 2286.
func (f fields) optionalTime(key string) feed.Timestamp {
	t, _ := f.readTime(key)
	return t
}

// readTime reads a time, and returns what is wrong with it, "" if nothing is.
func (f fields) readTime(keys ...string) (t feed.Timestamp, reason string) {
	v := string(f.Value(keys...))
	if strings.HasPrefix(v, `"`) {
		v = f.Text(keys...)
	}
	if v == "" || v == "0" {
		return 0, ""
	}
	for _, c := range []byte(v) {
		if c < '0' || c > '9' || len(v) > 15 {
			return 0, "no time"
		}
		t = t*10 + feed.Timestamp(c-'0')
	}
	if t < secondsBelow {
		t *= 1000
	}
	if t < minTime || t >= maxTime {
		return 0, "not between 2020 and 2100"
	}
	return t, ""
}
