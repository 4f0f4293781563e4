package feedtest

import (
	"bytes"
	"strconv"
	"strings"

	"example.com/truebook/book"
)

// sendBad sends a frame that no exchange should send, in place of another or after
// it.
func (v *Venue) sendBad(a *activeFault, m *message, first string) {
	l := m.listing
	if a.Kind >= OddEventType {
		v.record(a.Fault, nil, nil)
		v.sendAll(m)
		odd := message{kind: priceChange, listing: l, data: v.oddFrame(a.Kind, l)}
		for _, c := range v.conns {
			if c.wants(m) && !c.fate.dead && (c.fate.frozen == 0 || len(odd.data) == 0) {
				v.handOdd(c, odd.data)
			}
		}
		return
	}
	tokens := []string{l.Yes, l.No}
	switch a.Kind { //nolint:exhaustive // the others are about the whole frame
	case BadNumber, BadNaN, BadExponent, BadNegative, BadDecimals, BadOverflow, BadPriceZero, BadPriceOne, BadPriceTwo,
		BadSide, BadMissing, BadNull:
		tokens = []string{first}
	case BadDuplicatePrice, BadManyLevels:
		tokens = []string{l.Yes}
		v.sendAll(m)
		v.record(a.Fault, tokens, nil)
		v.sendAll(&message{kind: wholeBook, listing: l, data: v.badBook(a.Kind, l)})
		return
	}
	v.record(a.Fault, tokens, nil)
	bad := *m
	bad.data = spoil(a.Kind, bytes.Clone(m.data))
	v.sendAll(&bad)
}

// handOdd hands out a frame, an empty one too.
func (v *Venue) handOdd(c *connection, data []byte) {
	if len(c.fate.held) > 0 || c.fate.delay(v.now) > 0 {
		v.hold(c, data)
		return
	}
	v.hand(c, data)
}

func (v *Venue) oddFrame(k FaultKind, l *listing) []byte {
	switch k { //nolint:exhaustive // the caller knows
	case OddEventType:
		return []byte(`{"market":"` + l.Condition + `","asset_id":"` + l.Yes + `","auction":{"bids":[{"price":"0.5","size":"1"}]},"event_type":"auction"}`)
	case OddAsset:
		e := entry{token: "1234567890", price: "0.5", size: 100, bid: "0.5", ask: "0.6", hash: v.hash(l.outcome(false))}
		return v.appendPriceChange(nil, "0x"+strings.Repeat("0", 64), l.time, &e)
	case OddEmptyArray:
		return []byte("[]")
	case OddInteger:
		return []byte("123")
	case OddText:
		return []byte("HELLO")
	case OddLarge:
		return []byte(`{"event_type":"notice","text":"` + strings.Repeat("x", 1<<20) + `"}`)
	}
	return nil
}

// badBook returns a book of Yes as after a trade, with levels that no book has.
func (v *Venue) badBook(k FaultKind, l *listing) []byte {
	o := l.outcome(false)
	data := v.appendBook(nil, o)
	key := []byte(`"bids":[`)
	at := bytes.Index(data, key) + len(key)
	var levels []byte
	if k == BadManyLevels {
		for i := range 11_000 {
			price, _ := book.Price(i + 1).MarshalText()
			levels = append(append(append(levels, `{"price":"`...), price...), `","size":"1"},`...)
		}
	} else {
		levels = append(levels, `{"price":"0.001","size":"1"},{"price":"0.001","size":"2"},`...)
	}
	if data[at] == ']' {
		levels = levels[:len(levels)-1]
	}
	return append(append(bytes.Clone(data[:at]), levels...), data[at:]...)
}

// spoil makes a price_change one that cannot be.
func spoil(k FaultKind, data []byte) []byte {
	field := func(name string) (from, to int) { // of its value
		key := []byte(`"` + name + `":"`)
		from = bytes.Index(data, key) + len(key)
		return from, from + bytes.IndexByte(data[from:], '"')
	}
	value := func(name, text string) []byte {
		from, to := field(name)
		return bytes.Join([][]byte{data[:from], []byte(text), data[to:]}, nil)
	}
	bare := func(name, text string) []byte {
		from, to := field(name)
		return bytes.Join([][]byte{data[:from-1], []byte(text), data[to+1:]}, nil)
	}
	member := func(name, text string) []byte { // with its comma
		from, to := field(name)
		return bytes.Join([][]byte{data[:from-len(name)-4], []byte(text), data[to+2:]}, nil)
	}
	from, to := field("size")
	size := string(data[from:to])
	stampFrom, stampTo := field("timestamp")
	stamp, _ := strconv.ParseInt(string(data[stampFrom:stampTo]), 10, 64)
	priceFrom, priceTo := field("price")
	switch k { //nolint:exhaustive // the caller knows
	case BadJSON:
		return bytes.Replace(data, []byte("}"), nil, 1)
	case BadTruncated:
		return data[:len(data)/2]
	case BadTrailing:
		return append(data, "{}"...)
	case BadNumber:
		return bare("price", string(data[priceFrom:priceTo]))
	case BadNaN:
		return value("size", "NaN")
	case BadExponent:
		return value("size", "1e3")
	case BadNegative:
		return value("size", "-"+size)
	case BadDecimals:
		return value("price", "0.1234567")
	case BadOverflow:
		return value("size", strings.Repeat("9", 30))
	case BadPriceZero:
		return value("price", "0")
	case BadPriceOne:
		return value("price", "1")
	case BadPriceTwo:
		return value("price", "2")
	case BadSide:
		return value("side", "HOLD")
	case BadMissing:
		return member("size", "")
	case BadNull:
		return bare("size", "null")
	case BadDuplicateKey:
		return member("size", `"size":"`+size+`","size":"1",`)
	case BadKeyCase:
		return member("size", `"Size":"`+size+`",`)
	case BadUTF8:
		return value("market", "0x\xff")
	case BadNesting:
		return bytes.Replace(data, []byte(`"event_type"`), []byte(`"x":`+strings.Repeat("[", 12)+strings.Repeat("]", 12)+`,"event_type"`), 1)
	case BadNoTime:
		return member("timestamp", "")
	case BadFarTime:
		return value("timestamp", "7258118400000")
	case BadSeconds:
		return value("timestamp", strconv.FormatInt(stamp/1000, 10))
	case BadOldForm:
		return bytes.Join([][]byte{[]byte("["), []byte(`"` + size + `"`), []byte("]")}, nil)
	}
	return data
}
