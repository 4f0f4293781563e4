package feed

import (
	"bytes"
	"math/bits"
)

// This file reads what nearly every frame is, price_change, in the one form that
// the exchange gives it today: every key in its place, no white space but perhaps
// a blank behind each comma (both seen on real frames, 2026-07 and 2026-09).
//
//	{"market":"0x…","price_changes":[
//	  {"asset_id":"…","price":"0.92","size":"120.5","side":"BUY","hash":"…","best_bid":"0.92","best_ask":"0.93"},…
//	],"timestamp":"1784578736738","event_type":"price_change"}
//
// A frame that deviates by a byte is none of its business: the strict scanner
// reads it, from the beginning, and whatever is wrong with it is found there. So
// there is no error here, and nothing that is not also true of the strict reading.

// leastFrame is shorter than any frame of this form that has a change of a usual id.
const leastFrame = headBytes + 1 + entryRoom

// headBytes is where the changes begin, if there is no blank.
const headBytes = len(`{"market":"","price_changes":[`) + conditionBytes

// usualPriceChange reads a frame of the usual form, or does nothing and returns
// false.
func (d *Decoder) usualPriceChange(frame []byte) (events []Event, ok bool) {
	if len(frame) < leastFrame || len(frame) > MaxFrame || d.strict {
		return nil, false
	}
	head := (*[leastFrame]byte)(frame)
	id := (*[conditionBytes]byte)(head[11:])
	place := d.cache.place(id)
	m := *place
	if m == nil || !isCondition(id, m.id) {
		if m = d.markets[string(id[:])]; m == nil {
			return nil, false
		}
		*place = m
	}
	const end = 11 + conditionBytes
	sp := &compact
	if head[end+2] == ' ' {
		sp = &spaced
	}
	blank := sp.blank & 1
	if !beforeMarket.is(word(head[0:]), word(head[3:])) || !sp.changes.is(word(head[end:]), word(head[end+8:])) ||
		word(head[end+11+blank:]) != endOfChanges.first {
		return nil, false
	}
	t, changesEnd := d.usualTail(frame, sp)
	if t == 0 {
		return nil, false
	}
	list := d.pair[:]
	if d.usualPair(frame, sp, m) != changesEnd {
		if list, ok = d.usualChanges(frame, changesEnd, sp, m); !ok {
			return nil, false
		}
	}
	d.stats.PriceChanges++
	d.usual.Market, d.usual.Time, d.usual.Changes = m.id, t, list
	if len(list) == 0 {
		return nil, true
	}
	return d.usualEvent[:], true
}

// tailBytes is the length of the tail with two blanks.
const tailBytes = len(`], "timestamp":"1784578736738", "event_type":"price_change"}`)

// usualTail reads what follows the changes, and where it begins. The time is 0 if it
// is not as usual.
func (d *Decoder) usualTail(frame []byte, sp *spacing) (t Timestamp, begin int) {
	blank := sp.blank & 1
	if frame[len(frame)-1] != '}' {
		if frame = bytes.TrimRight(frame, " \t\r\n"); len(frame) < tailBytes {
			return 0, 0
		}
	}
	// The ends of the literals are the same with both spacings, seen from the end.
	tail := (*[tailBytes]byte)(frame[len(frame)-tailBytes:])
	if !sp.time.is(word(tail[2-2*blank:]), word(tail[9-blank:])) ||
		!sp.event.is(word(tail[30-blank:]), word(tail[36:])) ||
		!isPriceChange.is(word(tail[44:]), word(tail[52:])) {
		return 0, 0
	}
	return d.clock.read((*[clockRoom]byte)(tail[17-blank:])), len(frame) - tailBytes + 2 - 2*blank
}

// usualPair reads two changes, one of either token of the market, and returns where
// they end, 0 if they are something else. They are d.pair.
func (d *Decoder) usualPair(frame []byte, sp *spacing, m *knownMarket) int {
	blank := sp.blank & 1
	at := headBytes + blank
	a, b := m.assets[0], m.assets[1]
	if a == nil || b == nil || len(frame) < leastFrame {
		return 0
	}
	entry := (*[entryRoom]byte)(frame[at:])
	first := changeOf(a.ID, entry, sp)
	if first == nil {
		a, b = b, a
		if first = changeOf(a.ID, entry, sp); first == nil {
			return 0
		}
	}
	end := d.shape.read(first, sp, &d.pair[0])
	if end == 0 {
		return 0
	}
	at += 24 + blank + len(a.ID) + end
	if at < 0 || at > len(frame)-2-entryRoom || frame[at] != ',' || frame[at+blank] != ", "[blank] {
		return 0
	}
	at += 1 + blank
	entry = (*[entryRoom]byte)(frame[at : at+entryRoom])
	second := changeOf(b.ID, entry, sp)
	if second == nil {
		return 0
	}
	end = d.shape.readMirrored(second, first, sp, &d.pair[1], &d.pair[0])
	if end == 0 {
		return 0
	}
	d.pair[0].Asset, d.pair[1].Asset = a, b
	return at + 24 + blank + len(b.ID) + end
}

// usualChanges reads changes of any number and tokens, which end where the tail begins.
func (d *Decoder) usualChanges(frame []byte, tail int, sp *spacing, m *knownMarket) (list []Change, ok bool) {
	blank := sp.blank & 1
	list = release(d.changeList, 80)
	unwatched := uint64(0)
	at := headBytes + blank
	for range maxChanges {
		a, text, begin := d.usualAsset(frame, at, sp, m)
		if text == nil {
			return nil, false
		}
		n := len(list)
		if n < cap(list) {
			list = list[:n+1]
		} else {
			list = append(list, Change{})
		}
		list[n].Asset = a // and every other field
		end := d.shape.read(text, sp, &list[n])
		if end == 0 {
			return nil, false
		}
		if a == nil {
			list = list[:n]
			unwatched++
		}
		if at = begin + end; at == tail {
			d.stats.Unwatched += unwatched
			d.changeList = list
			return list, true
		}
		if frame[at] != ',' || frame[at+blank] != ", "[blank] { // the tail is behind
			return nil, false
		}
		at += 1 + blank
	}
	return nil, false
}

// usualAsset reads a change up to its price, and returns its token, nil if that is not
// known, and the text that begins with the price, nil if something is not as usual.
func (d *Decoder) usualAsset(frame []byte, at int, sp *spacing, m *knownMarket) (a *Asset, text *[changeRoom]byte, begin int) {
	blank := sp.blank & 1
	if at <= len(frame)-entryRoom {
		entry := (*[entryRoom]byte)(frame[at:])
		for _, a := range m.assets {
			if a == nil {
				break
			}
			if text = changeOf(a.ID, entry, sp); text != nil {
				return a, text, at + 24 + blank + len(a.ID)
			}
		}
	}
	rest := frame[at:]
	if len(rest) < 13+maxIDBytes || !beforeAsset.is(word(rest), word(rest[5:])) {
		return nil, nil, 0
	}
	n := digits((*[maxIDBytes]byte)(rest[13:]))
	begin = at + 24 + blank + n
	if begin > len(frame)-changeRoom || !sp.price.is(word(rest[13+n:]), word(rest[16+blank+n:])) {
		return nil, nil, 0
	}
	a = d.assets[string(rest[13:13+n])]
	if a == nil && d.options.Learn {
		return nil, nil, 0
	}
	return a, (*[changeRoom]byte)(frame[begin:]), begin
}

// digits returns how many digits a text begins with.
func digits(text *[maxIDBytes]byte) int {
	for n := 0; n < len(text); n += 8 {
		if other := otherThanDigits(word(text[n:]) ^ zeros); other != 0 {
			return n + bits.TrailingZeros64(other)/8
		}
	}
	return len(text)
}
