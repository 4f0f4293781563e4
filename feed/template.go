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

// between is what stands between two values: a quote, a comma, perhaps a blank, a
// key, a colon and a quote. It is of 8 to 16 bytes, and compared as two words, of
// which the second may have fewer bytes that count.
type between struct {
	first, second, mask uint64
	n                   int
}

// betweenRoom is the length of the two words.
const betweenRoom = 16

func newBetween(text string) between {
	b := [betweenRoom]byte{}
	n := copy(b[:], text)
	return between{
		binary.LittleEndian.Uint64(b[:8]), binary.LittleEndian.Uint64(b[8:]), 1<<(8*(n-8)) - 1, n,
	}
}

// begins says whether a text of at least betweenRoom bytes begins so.
func (b *between) begins(text []byte) bool {
	t := (*[betweenRoom]byte)(text)
	return binary.LittleEndian.Uint64(t[:8]) == b.first && binary.LittleEndian.Uint64(t[8:])&b.mask == b.second
}

// spacing is what stands between the values of a change.
type spacing struct {
	price, size, side, hash, bestBid, bestAsk between
	blank                                     int // length of the blank
}

func newSpacing(blank string) spacing {
	key := func(name string) between { return newBetween(`",` + blank + `"` + name + `":"`) }
	return spacing{
		price: key("price"), size: key("size"), side: key("side"), hash: key("hash"),
		bestBid: key("best_bid"), bestAsk: key("best_ask"), blank: len(blank),
	}
}

//nolint:gochecknoglobals // constants
var (
	compact = newSpacing("")
	spaced  = newSpacing(" ")

	beforeMarket  = newBetween(`{"market":"`)
	beforeChanges = newBetween(`"price_changes":`)
	beforeAsset   = newBetween(`{"asset_id":"`)
	beforeTime    = newBetween(`"timestamp":"`)
	eventType     = newBetween(`"event_type"`)
	isPriceChange = newBetween(`:"price_change"}`)
	beforePrice   = newBetween(`{"price":"`)
	beforeSize    = newBetween(`"size":"`)
)

// leastFrame is shorter than any frame of this form that has a change.
const leastFrame = 256

// usualPriceChange reads a frame of the usual form, or does nothing and returns
// false.
func (d *Decoder) usualPriceChange(frame []byte) bool {
	if len(frame) < leastFrame || len(frame) > MaxFrame || !beforeMarket.begins(frame) || d.strict {
		return false
	}
	at := beforeMarket.n + conditionBytes
	m := d.knownCondition(frame[beforeMarket.n:at])
	if m == nil || frame[at] != '"' || frame[at+1] != ',' {
		return false
	}
	at += 2
	sp := &compact
	if frame[at] == ' ' {
		sp = &spaced
	}
	at += sp.blank
	if !beforeChanges.begins(frame[at:]) || frame[at+beforeChanges.n] != '[' {
		return false
	}
	at += beforeChanges.n + 1
	unwatched := d.stats.Unwatched
	noHash := d.stats.NoHash
	at = d.usualChanges(frame, at, sp, m)
	if at > 0 {
		if t, ok := usualTail(frame, at, sp.blank); ok {
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
	text := frame[at:]
	if len(text) < leastTail+2*blank || text[0] != ']' || text[1] != ',' || blank == 1 && text[2] != ' ' {
		return 0, false
	}
	if text = text[2+blank:]; !beforeTime.begins(text) {
		return 0, false
	}
	text = text[beforeTime.n:]
	if t, ok = usualTime(text); !ok || text[14] != ',' || blank == 1 && text[15] != ' ' {
		return 0, false
	}
	// 13 digits, a quote and a comma are behind us.
	if text = text[15+blank:]; !eventType.begins(text) || !isPriceChange.begins(text[eventType.n:]) {
		return 0, false
	}
	for _, c := range text[eventType.n+isPriceChange.n:] {
		if c != '\n' && c != '\r' && c != ' ' && c != '\t' {
			return 0, false
		}
	}
	return t, true
}

// usualChanges reads the changes and returns where they end, 0 if they are not
// as usual.
func (d *Decoder) usualChanges(frame []byte, at int, sp *spacing, m *knownMarket) int {
	list := d.changeList
	for n := range maxChanges {
		if len(frame)-at < betweenRoom || !beforeAsset.begins(frame[at:]) {
			return 0
		}
		at += beforeAsset.n
		a, end := d.usualAsset(frame[at:], m, n&1)
		if end == 0 {
			return 0
		}
		if len(list) < cap(list) {
			list = list[:len(list)+1]
		} else {
			list = append(list, Change{})
		}
		c := &list[len(list)-1]
		c.Asset = a // and every other field below
		if at = usualChange(frame, at+end, sp, c); at == 0 {
			return 0
		}
		switch {
		case a == nil:
			list = list[:len(list)-1]
			d.stats.Unwatched++
		case c.Hash.IsZero():
			d.stats.NoHash++
		}
		if frame[at] == ']' {
			d.changeList = list
			return at
		}
		if frame[at] != ',' || sp.blank == 1 && frame[at+1] != ' ' {
			return 0
		}
		at += 1 + sp.blank
	}
	return 0
}

// usualAsset returns the token that a text begins with, nil if it is not known,
// and where its id ends, 0 if it is none. The market's token that is likely is
// tried first.
func (d *Decoder) usualAsset(text []byte, m *knownMarket, likely int) (a *Asset, end int) {
	for _, a := range [2]*Asset{m.assets[likely], m.assets[1-likely]} {
		if a != nil && len(a.ID) < len(text) && text[len(a.ID)] == '"' && text[len(a.ID)-1] == a.ID[len(a.ID)-1] && string(text[:len(a.ID)]) == a.ID {
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
// is followed by a new question. None fails for a change of the usual form, since
// the tail of the frame is behind it.
func usualChange(frame []byte, at int, sp *spacing, c *Change) int {
	const key = betweenRoom
	text := frame[at:]
	if len(text) < key+numberRoom || !sp.price.begins(text) {
		return 0
	}
	text = text[sp.price.n:]
	price, n, ok := usualPrice(text)
	if !ok {
		return 0
	}
	if text = text[n:]; len(text) < key+numberRoom || !sp.size.begins(text) {
		return 0
	}
	text = text[sp.size.n:]
	size, n, ok := usualSize(text)
	if !ok {
		return 0
	}
	const side, hash = 4, 41
	if text = text[n:]; len(text) < key+side+key+hash+key+numberRoom || !sp.side.begins(text) {
		return 0
	}
	c.Price, c.Size = price, size
	text = text[sp.side.n:]
	switch binary.LittleEndian.Uint32(text) {
	case 'B' | 'U'<<8 | 'Y'<<16 | '"'<<24:
		c.Side, text = book.Bid, text[3:]
	case 'S' | 'E'<<8 | 'L'<<16 | 'L'<<24:
		c.Side, text = book.Ask, text[4:]
	default:
		return 0
	}
	if !sp.hash.begins(text) || !usualHash(&c.Hash, text[sp.hash.n:]) {
		return 0
	}
	if text = text[sp.hash.n+40:]; !sp.bestBid.begins(text) {
		return 0
	}
	text = text[sp.bestBid.n:]
	bid, n, ok := usualBest(text, book.Bid)
	if !ok {
		return 0
	}
	if text = text[n:]; len(text) < key+numberRoom || !sp.bestAsk.begins(text) {
		return 0
	}
	text = text[sp.bestAsk.n:]
	ask, n, ok := usualBest(text, book.Ask)
	if !ok || text[n+1] != '}' {
		return 0
	}
	c.BestBid, c.BestAsk, c.HasBest = bid, ask, true
	return len(frame) - len(text) + n + 2
}

// usualLevels appends the levels of a side from the first brace on, as far as they
// are written as usual, and returns where the last of them ends, 0 if there is none.
func usualLevels(data []byte, at int, levels []book.Level, room int) ([]book.Level, int) {
	last := 0
	for range room {
		level, end, ok := usualLevel(data[at:])
		if !ok {
			break
		}
		levels = append(levels, level)
		last = at + end
		if at = last; at < len(data) && data[at] != ',' {
			break
		}
		if at++; at < len(data) && data[at] == ' ' {
			at++
		}
		if at >= len(data) {
			break
		}
	}
	return levels, last
}

// usualLevel reads a level of a book, from its brace on.
func usualLevel(text []byte) (level book.Level, end int, ok bool) {
	if len(text) < 10+numberRoom || !beforePrice.begins(text) {
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
	if !beforeSize.begins(text[at:]) {
		return level, 0, false
	}
	at += 8
	level.Size, end, ok = usualSize(text[at:])
	at += end
	return level, at + 2, ok && text[at+1] == '}'
}
