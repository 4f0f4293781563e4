package feed

import (
	"encoding/hex"
	"errors"

	"example.com/truebook/book"
)

// reader turns the values of one object into numbers. The first one that is
// wrong is kept in fault; the others still read as something.
type reader struct {
	data   []byte
	offset int // of the object
	fault  *DecodeError
}

func (r *reader) refuse(f field, v value, reason string) {
	if r.fault != nil {
		return
	}
	at := int(v.start)
	if v.kind == absent {
		at = r.offset
	}
	r.fault = &DecodeError{Offset: at, Field: fieldNames[f], Reason: reason}
}

// text returns the bytes of a string that has to be there. Escapes are refused:
// the exchange writes none in the fields that are read here.
func (r *reader) text(f field, v value) []byte {
	switch v.kind {
	case stringKind:
		return r.data[v.start:v.end]
	case absent:
		r.refuse(f, v, "is missing")
	case escapedKind:
		r.refuse(f, v, "has an escape")
	default:
		r.refuse(f, v, "is not a string")
	}
	return nil
}

// optional returns the bytes of a string that may be absent, null or empty,
// which all mean that there is none.
func (r *reader) optional(f field, v value) []byte {
	if v.kind == absent || v.kind == nullKind {
		return nil
	}
	return r.text(f, v)
}

const (
	maxIDBytes = 128
	maxDigits  = 12 // of the whole part of a number
)

// id returns a token, market or the like.
func (r *reader) id(f field, v value) []byte {
	text := r.text(f, v)
	if text != nil && (len(text) == 0 || len(text) > maxIDBytes) {
		r.refuse(f, v, "is empty or too long")
	}
	return text
}

// number reads ([0-9]{1,12})?(\.[0-9]+)?, at most 6 decimals that are not 0, in
// millionths. What stands in v is a string; a JSON number is refused, since
// whoever wrote it had a float.
func (r *reader) number(f field, v value, text []byte) book.Size {
	if len(text) > 0 && text[0] == '-' {
		r.refuse(f, v, "is negative")
		return 0
	}
	for i, c := range text {
		if c == '.' {
			break
		}
		if i == maxDigits && '0' <= c && c <= '9' {
			r.refuse(f, v, "has too many digits")
			return 0
		}
	}
	n, err := book.ParseSize(text)
	if err != nil {
		if e, ok := errors.AsType[*book.NumberError](err); ok {
			err = e.Err
		}
		r.refuse(f, v, "is "+err.Error())
	}
	return n
}

func (r *reader) size(f field, v value) book.Size {
	text := r.text(f, v)
	if text == nil {
		return 0
	}
	return r.number(f, v, text)
}

// levelPrice reads the price of a level: above 0 and below 1.
func (r *reader) levelPrice(v value) book.Price {
	text := r.text(priceField, v)
	if text == nil {
		return 0
	}
	p := book.Price(r.number(priceField, v, text))
	if r.fault == nil && (p <= 0 || p >= book.Dollar) {
		r.refuse(priceField, v, "is not between 0 and 1")
	}
	return p
}

// bestPrice reads a best price: 0 stands for an empty side, which the exchange
// writes as "", as "0" or, for asks, as "1".
func (r *reader) bestPrice(f field, v value) book.Price {
	text := r.optional(f, v)
	if len(text) == 0 {
		return 0
	}
	p := book.Price(r.number(f, v, text))
	if p > book.Dollar {
		r.refuse(f, v, "is above 1")
	}
	if p == book.Dollar && f == bestAskField {
		p = 0
	}
	return p
}

// tick reads a tick size, 0 if it is absent and need not be there.
func (r *reader) tick(f field, v value, required bool) book.Price {
	text := r.optional(f, v)
	if len(text) == 0 {
		if required {
			r.refuse(f, v, "is missing")
		}
		return 0
	}
	p := book.Price(r.number(f, v, text))
	if r.fault == nil && (p <= 0 || p >= book.Dollar) {
		r.refuse(f, v, "is not between 0 and 1")
	}
	return p
}

func (r *reader) side(v value) book.Side {
	switch string(r.text(sideField, v)) {
	case "BUY":
		return book.Bid
	case "SELL":
		return book.Ask
	}
	r.refuse(sideField, v, "is neither BUY nor SELL")
	return book.Bid
}

// The exchange began in 2020; a year beyond 2100 is a unit taken for another.
const (
	minTimestamp = Timestamp(1_577_836_800_000) // 2020-01-01
	maxTimestamp = Timestamp(4_102_444_800_000) // 2100-01-01
	// secondsBelow: smaller numbers are seconds, as in old examples.
	secondsBelow = 100_000_000_000
)

func (r *reader) timestamp(v value) Timestamp {
	if v.kind != numberKind && r.text(timestampField, v) == nil {
		return 0
	}
	text := r.data[v.start:v.end]
	if len(text) == 0 || len(text) > 15 {
		r.refuse(timestampField, v, "is no time in milliseconds")
		return 0
	}
	var t Timestamp
	for _, c := range text {
		if c < '0' || c > '9' {
			r.refuse(timestampField, v, "is no time in milliseconds")
			return 0
		}
		t = t*10 + Timestamp(c-'0')
	}
	if t < secondsBelow {
		t *= 1000
	}
	if t < minTimestamp || t >= maxTimestamp {
		r.refuse(timestampField, v, "is not between 2020 and 2100")
		return 0
	}
	return t
}

// hash reads 40 lower-case hex digits. Anything else reads as no hash: a book
// goes on without its proof, as it must when the exchange changes the hash.
func (r *reader) hash(v value) Hash {
	if v.kind != stringKind || int(v.end-v.start) != hashRoom {
		return Hash{}
	}
	text := r.data[v.start:v.end]
	for _, c := range text {
		if 'A' <= c && c <= 'F' {
			return Hash{}
		}
	}
	var sum [hashRoom / 2]byte
	if _, err := hex.Decode(sum[:], text); err != nil {
		return Hash{}
	}
	return HashOf(sum)
}

// lastTrade reads the price of a market's last trade, with the decimals that it
// was written with.
func (r *reader) lastTrade(v value) LastTrade {
	text := r.text(lastTradePriceField, v)
	if len(text) == 0 {
		return LastTrade{}
	}
	p := book.Price(r.number(lastTradePriceField, v, text))
	if p > book.Dollar {
		r.refuse(lastTradePriceField, v, "is above 1")
	}
	return LastTrade{Price: p, Decimals: decimals(text)}
}

func decimals(text []byte) int8 {
	for i, c := range text {
		if c == '.' {
			return int8(min(len(text)-i-1, maxLastTradeDecimals))
		}
	}
	return 0
}
