package feed

import (
	"encoding/binary"

	"example.com/truebook/book"
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

// knownMarket is a market that an event of a known token has named.
type knownMarket struct {
	id string
	// assets are the tokens of which events have named it first, nil where there
	// are not so many. Text that is equal to one of their ids needs no scanning.
	assets [2]*Asset
}

func (m *knownMarket) note(a *Asset) {
	switch {
	case m.assets[0] == nil:
		m.assets[0] = a
	case m.assets[1] == nil && m.assets[0] != a:
		m.assets[1] = a
	}
}

// marketCache finds a market by 8 bytes in the middle of its id. It holds the last
// one that was looked up of those that share a place.
type marketCache struct {
	places []*knownMarket // a power of two of them
	shift  uint
}

// conditionBytes is the length of a condition id: 0x and 64 hex digits.
const conditionBytes = 66

func (c *marketCache) place(id []byte) **knownMarket {
	const mix = 0x9e3779b97f4a7c15
	return &c.places[binary.LittleEndian.Uint64(id[10:])*mix>>c.shift]
}

// grow gives it room for so many markets, twice.
func (c *marketCache) grow(markets int) {
	if 2*markets <= len(c.places) {
		return
	}
	bits := uint(6)
	for 1<<bits < 4*markets {
		bits++
	}
	c.places, c.shift = make([]*knownMarket, 1<<bits), 64-bits
}

// knownCondition returns the market that a text names, nil if it is not known.
func (d *Decoder) knownCondition(id []byte) *knownMarket {
	place := d.cache.place(id)
	if m := *place; m != nil && m.id == string(id) {
		return m
	}
	m := d.markets[string(id)]
	if m != nil {
		*place = m
	}
	return m
}

// separator checks for the end of a string and the comma behind it, with a blank
// if the frame has them.
func separator(frame []byte, at, blank int) bool {
	return frame[at] == '"' && frame[at+1] == ',' && (blank == 0 || frame[at+2] == ' ')
}

// leastFrame is shorter than any frame of this form that has a change.
const leastFrame = 256

// usualPriceChange reads a frame of the usual form, or does nothing and returns
// false.
func (d *Decoder) usualPriceChange(frame []byte) bool {
	if len(frame) < leastFrame || string(frame[:11]) != `{"market":"` || d.strict {
		return false
	}
	m := d.knownCondition(frame[11 : 11+conditionBytes])
	at := 11 + conditionBytes
	if m == nil || frame[at] != '"' || frame[at+1] != ',' {
		return false
	}
	at += 2
	blank := 0
	if frame[at] == ' ' {
		blank = 1
	}
	at += blank
	if string(frame[at:at+17]) != `"price_changes":[` {
		return false
	}
	at += 17
	unwatched := d.stats.Unwatched
	noHash := d.stats.NoHash
	at = d.usualChanges(frame, at, blank, m)
	if at > 0 {
		if t, ok := usualTail(frame, at, blank); ok {
			d.stats.PriceChanges++
			d.changed(m.id, t)
			return true
		}
	}
	d.stats.Unwatched, d.stats.NoHash = unwatched, noHash
	d.changeList = d.changeList[:0]
	return false
}

// changed appends the event of the changes in the list.
func (d *Decoder) changed(market string, t Timestamp) {
	if len(d.changeList) == 0 {
		return
	}
	p := d.changes.next()
	p.Market, p.Time, p.Changes = market, t, d.changeList
	d.events = append(d.events, p)
}

// leastTail is the length of the tail without blanks.
const leastTail = len(`],"timestamp":"1784578736738","event_type":"price_change"}`)

// usualTail reads what follows the changes; the end of the frame may be followed
// by white space.
func usualTail(frame []byte, at, blank int) (t Timestamp, ok bool) {
	if len(frame)-at < leastTail || string(frame[at:at+2]) != `],` || blank == 1 && frame[at+2] != ' ' {
		return 0, false
	}
	at += 2 + blank
	if string(frame[at:at+13]) != `"timestamp":"` {
		return 0, false
	}
	if t, ok = usualTime(frame[at+13:]); !ok || !separator(frame, at+26, blank) {
		return 0, false
	}
	at += 28 + blank
	const last = `"event_type":"price_change"}`
	if len(frame)-at < len(last) || string(frame[at:at+len(last)]) != last {
		return 0, false
	}
	for _, c := range frame[at+len(last):] {
		if c != '\n' && c != '\r' && c != ' ' && c != '\t' {
			return 0, false
		}
	}
	return t, true
}

// usualChanges reads the changes and returns where they end, 0 if they are not
// as usual.
func (d *Decoder) usualChanges(frame []byte, at, blank int, m *knownMarket) int {
	for n := range maxChanges {
		if len(frame)-at < 13 || string(frame[at:at+13]) != `{"asset_id":"` {
			return 0
		}
		a, end := d.usualAsset(frame[at+13:], m, n&1)
		if end == 0 {
			return 0
		}
		at += 13 + end
		if n := len(d.changeList); n < cap(d.changeList) {
			d.changeList = d.changeList[:n+1]
		} else {
			d.changeList = append(d.changeList, Change{})
		}
		c := &d.changeList[len(d.changeList)-1]
		c.Asset = a // and every other field below
		if at = usualChange(frame, at, blank, c); at == 0 {
			return 0
		}
		switch {
		case a == nil:
			d.changeList = d.changeList[:len(d.changeList)-1]
			d.stats.Unwatched++
		case c.Hash.IsZero():
			d.stats.NoHash++
		}
		if frame[at] == ']' {
			return at
		}
		if frame[at] != ',' || blank == 1 && frame[at+1] != ' ' {
			return 0
		}
		at += 1 + blank
	}
	return 0
}

// usualAsset returns the token that a text begins with, nil if it is not known,
// and where its id ends, 0 if it is none. The market's token that is likely is
// tried first.
func (d *Decoder) usualAsset(text []byte, m *knownMarket, likely int) (a *Asset, end int) {
	for _, a := range [2]*Asset{m.assets[likely], m.assets[1-likely]} {
		if a != nil && len(a.ID) < len(text) && text[len(a.ID)] == '"' && string(text[:len(a.ID)]) == a.ID {
			return a, len(a.ID)
		}
	}
	for end < min(maxIDBytes, len(text)) && '0' <= text[end] && text[end] <= '9' {
		end++
	}
	if end == len(text) || text[end] != '"' {
		return nil, 0
	}
	a = d.assets[string(text[:end])]
	if a == nil && d.options.Learn {
		return nil, 0
	}
	return a, end
}

// usualChange reads the rest of a change from the closing quote of its token's id
// on, and returns where it ends, 0 if it is not as usual.
//
// It looks no further than it has asked for: what can be of any length, a number,
// is followed by a new check. No check fails for a change of the usual form, since
// the tail of the frame is behind it.
func usualChange(frame []byte, at, blank int, c *Change) int {
	var end int
	var ok bool
	if len(frame)-at < 12+numberRoom || !separator(frame, at, blank) {
		return 0
	}
	at += 2 + blank
	if string(frame[at:at+9]) != `"price":"` {
		return 0
	}
	at += 9
	if c.Price, end, ok = usualPrice(frame[at:]); !ok {
		return 0
	}
	at += end
	if len(frame)-at < 11+numberRoom || !separator(frame, at, blank) {
		return 0
	}
	at += 2 + blank
	if string(frame[at:at+8]) != `"size":"` {
		return 0
	}
	at += 8
	if c.Size, end, ok = usualSize(frame[at:]); !ok {
		return 0
	}
	return usualSideAndHash(frame, at+end, blank, c)
}

func usualSideAndHash(frame []byte, at, blank int, c *Change) int {
	if len(frame)-at < 11+4+11+41+15+numberRoom || !separator(frame, at, blank) {
		return 0
	}
	at += 2 + blank
	if string(frame[at:at+8]) != `"side":"` {
		return 0
	}
	at += 8
	switch string(frame[at : at+4]) {
	case `BUY"`:
		c.Side = book.Bid
		at += 3
	case `SELL`:
		c.Side = book.Ask
		at += 4
	default:
		return 0
	}
	if !separator(frame, at, blank) {
		return 0
	}
	at += 2 + blank
	if string(frame[at:at+8]) != `"hash":"` || !usualHash(&c.Hash, frame[at+8:]) {
		return 0
	}
	return usualBests(frame, at+8+40, blank, c)
}

func usualBests(frame []byte, at, blank int, c *Change) int {
	var end int
	var ok bool
	if !separator(frame, at, blank) {
		return 0
	}
	at += 2 + blank
	if string(frame[at:at+12]) != `"best_bid":"` {
		return 0
	}
	at += 12
	if c.BestBid, end, ok = usualBest(frame[at:], book.Bid); !ok {
		return 0
	}
	at += end
	if len(frame)-at < 15+numberRoom || !separator(frame, at, blank) {
		return 0
	}
	at += 2 + blank
	if string(frame[at:at+12]) != `"best_ask":"` {
		return 0
	}
	at += 12
	if c.BestAsk, end, ok = usualBest(frame[at:], book.Ask); !ok || frame[at+end+1] != '}' {
		return 0
	}
	c.HasBest = true
	return at + end + 2
}

// usualLevel reads a level of a book, from its brace on.
func usualLevel(text []byte) (level book.Level, end int, ok bool) {
	if len(text) < 10+numberRoom || string(text[:10]) != `{"price":"` {
		return level, 0, false
	}
	at := 10
	if level.Price, end, ok = usualPrice(text[at:]); !ok {
		return level, 0, false
	}
	at += end
	if len(text)-at < 11+numberRoom || text[at] != '"' || text[at+1] != ',' {
		return level, 0, false
	}
	at += 2
	if text[at] == ' ' {
		at++
	}
	if string(text[at:at+8]) != `"size":"` {
		return level, 0, false
	}
	at += 8
	level.Size, end, ok = usualSize(text[at:])
	at += end
	return level, at + 2, ok && text[at+1] == '}'
}
