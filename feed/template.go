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

const (
	// marketBytes is where the market ends, and headBytes where the first token begins
	// if there is no blank.
	marketBytes = marketKey + conditionBytes
	headBytes   = marketBytes + changesKey + 8 + assetKey
	// tailBytes is the length of what follows the last value of the last change, if
	// there is no blank.
	tailBytes = len(`"}],"timestamp":"1784578736738","event_type":"price_change"}`)
	// leastFrame is shorter than any frame of this form that has a change of an id of
	// usual length.
	leastFrame = headBytes + 1 + entryRoom
)

// usualPriceChange reads a frame of the usual form, or does nothing and returns
// false. Between the head and the tail, two changes that mirror each other are read in
// the fastest way, and all others one by one. The tail comes last, though its place can
// be told from the end: a processor that fetches memory ahead does so in order, and the
// time saved on a frame that is not in its caches is more than that of all instructions
// for the tail.
func (d *Decoder) usualPriceChange(frame []byte) (events []Event, ok bool) {
	if len(frame) < leastFrame || len(frame) > MaxFrame || d.strict {
		return nil, false
	}
	head := (*[leastFrame]byte)(frame)
	sp := &compact
	if head[marketBytes+2] == ' ' {
		sp = &spaced
	}
	m := d.usualHead(head, sp)
	if m == nil {
		return nil, false
	}
	list, at := d.pair[:], d.usualPair(frame, sp, m)
	if at == 0 {
		if list, at = d.usualChanges(frame, sp, m); at == 0 {
			return nil, false
		}
	}
	t := d.usualTail(frame, at, sp)
	if t == 0 {
		return nil, false
	}
	d.stats.PriceChanges++
	d.stats.Unwatched += d.unwatched
	d.usual.Market, d.usual.Time, d.usual.Changes = m.id, t, list
	if len(list) == 0 {
		return nil, true
	}
	return d.usualEvent[:], true
}

// usualHead reads the frame up to the id of the first token, and returns its market,
// nil if that is not known or something is not as usual.
func (d *Decoder) usualHead(head *[leastFrame]byte, sp *spacing) *knownMarket {
	changes := (*[64]byte)(head[marketBytes+changesKey+sp.blank&1:]) // within the key
	wrong := beforeMarket.differs(word(head[0:]), word(head[marketKey-8:])) |
		sp.changes.differs(word(head[marketBytes:]), word(head[marketBytes+8:])) |
		endOfChanges.differs(word(changes[0:]), word(changes[0:])) |
		beforeAsset.differs(word(changes[8:]), word(changes[assetKey:]))
	if wrong != 0 {
		return nil
	}
	id := (*[conditionBytes]byte)(head[marketKey:])
	place := d.cache.place(id)
	m := *place
	if m == nil || !m.is(id) {
		if m = d.markets[string(id[:])]; m != nil {
			*place = m
		}
	}
	return m
}

// usualTail reads what follows the last value of the last change, and returns the time,
// 0 if something is not as usual. The end of the frame may be followed by white space.
func (d *Decoder) usualTail(frame []byte, at int, sp *spacing) Timestamp {
	blank := sp.blank & 1
	if at < 0 || at > len(frame)-tailBytes-2*blank {
		return 0
	}
	if end := at + tailBytes + 2*blank; end < len(frame) && len(bytes.TrimLeft(frame[end:], whiteSpace)) > 0 {
		return 0
	}
	tail := (*[tailBytes]byte)(frame[at : at+tailBytes])
	const time, event, last = timeKey, timeKey + clockRoom, timeKey + clockRoom + eventKey
	rest := (*[tailBytes - event]byte)(frame[at+event+2*blank : at+tailBytes+2*blank])
	wrong := sp.time.differs(word(tail[2:]), word(tail[time-8+blank:])) |
		sp.event.differs(word(tail[event+blank:]), word(rest[last-8-event:])) |
		isPriceChange.differs(word(rest[last-event:]), word(rest[last+8-event:]))
	if wrong != 0 || tail[0] != '"' || tail[1] != '}' {
		return 0
	}
	return d.clock.read((*[clockRoom]byte)(tail[time+blank:]))
}

// usualPair reads two changes, one of either token of the market, of which the second
// mirrors the first, and returns where the closing quote of the last value stands, 0 if
// they are something else. They are d.pair.
func (d *Decoder) usualPair(frame []byte, sp *spacing, m *knownMarket) int {
	blank := sp.blank & 1
	if len(frame) < leastFrame {
		return 0
	}
	text := (*[entryRoom]byte)(frame[headBytes+blank:])
	a, b := &m.tokens[0], &m.tokens[1]
	if word(text[0:]) != word(a.id[0:]) { // if they begin alike, the changes may be read one by one
		a, b = b, a
	}
	first := a.changeOf(text, sp)
	if first == nil {
		return 0
	}
	end := d.shape.read(first, sp, &d.pair[0])
	if end == 0 {
		return 0
	}
	const room = nextAsset + 1 + entryRoom
	at := headBytes + blank + a.n + priceKey + blank + end
	if at < 0 || at > len(frame)-room {
		return 0
	}
	next := (*[room]byte)(frame[at : at+room])
	second := b.changeOf((*[entryRoom]byte)(next[nextAsset+blank:]), sp)
	if second == nil || next[0] != '"' || sp.next.differs(word(next[1:]), word(next[nextAsset-8+blank:])) != 0 {
		return 0
	}
	end = d.shape.readMirrored(second, first, sp, &d.pair[1], &d.pair[0])
	if end == 0 {
		return 0
	}
	d.unwatched = 0
	d.pair[0].Asset, d.pair[1].Asset = a.asset, b.asset
	return at + nextAsset + blank + b.n + priceKey + blank + end
}

// usualChanges reads changes of any number and tokens, and returns them and where the
// closing quote of the last value stands, 0 if something is not as usual.
func (d *Decoder) usualChanges(frame []byte, sp *spacing, m *knownMarket) (list []Change, at int) {
	blank := sp.blank & 1
	list = release(d.changeList, 80)
	d.unwatched = 0
	at = headBytes + blank // where the id is
	for range maxChanges {
		a, text, begin := d.usualAsset(frame, at, sp, m)
		if text == nil {
			return nil, 0
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
			return nil, 0
		}
		if a == nil {
			list = list[:n]
			d.unwatched++
		}
		at = begin + end
		if at > len(frame)-tailBytes || frame[at] != '"' || sp.next.differs(word(frame[at+1:]), word(frame[at+nextAsset-8+blank:])) != 0 {
			d.changeList = list
			return list, at // the tail tells whether these are all
		}
		at += nextAsset + blank
	}
	return nil, 0
}

// usualAsset reads a change from the id of its token on to its price, and returns the
// token, nil if it is not known, and what begins with the price, nil if something is not
// as usual.
func (d *Decoder) usualAsset(frame []byte, at int, sp *spacing, m *knownMarket) (a *Asset, text *[changeRoom]byte, begin int) {
	blank := sp.blank & 1
	if at <= len(frame)-entryRoom {
		entry := (*[entryRoom]byte)(frame[at:])
		for i := range m.tokens {
			known := &m.tokens[i]
			if text = known.changeOf(entry, sp); text != nil {
				return known.asset, text, at + known.n + priceKey + blank
			}
		}
	}
	if at > len(frame)-maxIDBytes {
		return nil, nil, 0
	}
	n := digits((*[maxIDBytes]byte)(frame[at:]))
	id := frame[at : at+n]
	at += n
	begin = at + priceKey + blank
	if n == 0 || begin > len(frame)-changeRoom || sp.price.differs(word(frame[at:]), word(frame[at+priceKey-8+blank:])) != 0 {
		return nil, nil, 0
	}
	a = d.assets[string(id)]
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
