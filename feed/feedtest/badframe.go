package feedtest

import (
	"bytes"
	"slices"
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

// place is what of a field comes to be something else.
type place uint8

const (
	within place = iota // its value, between the quotes
	value               // its value, with them
	member              // its key and its value, with the comma behind it
)

// badFields are the kinds that spoil the first field of a name: with that text in its
// place, where $ stands for the value that it had.
var badFields = map[FaultKind]struct {
	name  string
	place place
	text  string
}{
	BadNumber:       {"price", value, "$"},
	BadNaN:          {"size", within, "NaN"},
	BadExponent:     {"size", within, "1e3"},
	BadNegative:     {"size", within, "-$"},
	BadDecimals:     {"price", within, "0.1234567"},
	BadOverflow:     {"size", within, strings.Repeat("9", 30)},
	BadPriceZero:    {"price", within, "0"},
	BadPriceOne:     {"price", within, "1"},
	BadPriceTwo:     {"price", within, "2"},
	BadSide:         {"side", within, "HOLD"},
	BadMissing:      {"size", member, ""},
	BadNull:         {"size", value, "null"},
	BadDuplicateKey: {"size", member, `"size":"$","size":"1",`},
	BadKeyCase:      {"size", member, `"Size":"$",`},
	BadUTF8:         {"market", within, "0x\xff"},
	BadNoTime:       {"timestamp", member, ""},
	BadFarTime:      {"timestamp", within, "7258118400000"},
}

// spoil makes a price_change one that cannot be.
func spoil(k FaultKind, data []byte) []byte {
	switch k { //nolint:exhaustive // the others are in the table
	case BadJSON:
		return bytes.Replace(data, []byte("}"), nil, 1)
	case BadTruncated:
		return data[:len(data)/2]
	case BadTrailing:
		return append(data, "{}"...)
	case BadNesting:
		nested := `"x":` + strings.Repeat("[", 12) + strings.Repeat("]", 12) + `,"event_type"`
		return bytes.Replace(data, []byte(`"event_type"`), []byte(nested), 1)
	case BadSeconds:
		_, end := valueOf(data, "timestamp")
		return slices.Delete(data, end-len("000"), end)
	case BadOldForm:
		from, to := valueOf(data, "size")
		return []byte(`["` + string(data[from:to]) + `"]`)
	}
	bad, ok := badFields[k]
	if !ok {
		return data
	}
	from, to := valueOf(data, bad.name)
	text := strings.ReplaceAll(bad.text, "$", string(data[from:to]))
	switch bad.place {
	case within:
	case value:
		from, to = from-1, to+1
	case member:
		from, to = from-len(bad.name)-len(`"":"`), to+len(`",`)
	}
	return slices.Replace(data, from, to, []byte(text)...)
}

// valueOf returns where the value of the first field of a name is, without its quotes.
func valueOf(data []byte, name string) (from, to int) {
	key := []byte(`"` + name + `":"`)
	from = bytes.Index(data, key) + len(key)
	return from, from + bytes.IndexByte(data[from:], '"')
}
