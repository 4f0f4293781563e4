package feed

import (
	"bytes"
	"unicode/utf8"

	"example.com/truebook/book"
)

// Bounds of a [Decoder].
const (
	// MaxFrame is the longest frame that is read, in bytes. The largest of the
	// exchange's is the opening array: 70 KB for a token with 1,000 levels.
	MaxFrame = 16 << 20
	// MaxAssets is the most tokens that a Decoder comes to know by itself.
	// Further ones are unknown to it, and so left out and counted.
	MaxAssets = 200_000
	// keptBytes is what a Decoder keeps of its buffers from frame to frame.
	keptBytes = 1 << 20
)

// DecoderOptions say what a [Decoder] reads. The zero value reads the books of
// the tokens that [Decoder.Know] is told of, and nothing that they don't need.
type DecoderOptions struct {
	// Learn makes every token known that a frame names, up to MaxAssets:
	// for recordings.
	Learn bool
	// BestPrices and NewMarkets yield those events. They are skipped otherwise.
	BestPrices, NewMarkets bool
}

// Stats counts what a [Decoder] has met. It only grows.
type Stats struct {
	Frames    uint64
	BadFrames uint64 // that Decode returned an error for
	// By kind of event, skipped ones included. Texts are the known ones.
	Books, PriceChanges, Trades, TickSizeChanges uint64
	BestPrices, NewMarkets, Resolved, Texts, Bad uint64
	UnknownTexts                                 uint64
	// Unknown counts objects of an event type that is not known here: a sign of
	// something new at the exchange.
	Unknown uint64
	// Unwatched counts books, changes and trades of unknown tokens. They are
	// normal: a change of one token comes with that of its complement.
	Unwatched uint64
	// NoHash counts books and changes of known tokens without a hash of the
	// known form. None is expected on today's wire.
	NoHash uint64
	// Unusual counts price changes that are not written byte for byte as usual, or
	// name a market for the first time. They cost some ten times as much. If it grows with
	// PriceChanges, the exchange has changed something.
	Unusual uint64
}

// Add adds what another Decoder has met.
func (s *Stats) Add(o Stats) {
	s.Frames += o.Frames
	s.BadFrames += o.BadFrames
	s.Books += o.Books
	s.PriceChanges += o.PriceChanges
	s.Trades += o.Trades
	s.TickSizeChanges += o.TickSizeChanges
	s.BestPrices += o.BestPrices
	s.NewMarkets += o.NewMarkets
	s.Resolved += o.Resolved
	s.Texts += o.Texts
	s.Bad += o.Bad
	s.UnknownTexts += o.UnknownTexts
	s.Unknown += o.Unknown
	s.Unwatched += o.Unwatched
	s.NoHash += o.NoHash
	s.Unusual += o.Unusual
}

// Decoder reads frames of the market channel. It is for one goroutine; what it
// returns is valid until its next call. In the steady state it does not
// allocate.
type Decoder struct {
	options DecoderOptions
	stats   Stats
	assets  map[string]*Asset
	// markets is by condition id, and cache is in front of it.
	markets map[string]*knownMarket
	cache   marketCache
	strict  bool // by tests: the usual form is read by the scanner as well
	clock   clock
	shape   shape // of the last change

	// What is read in the usual form, used again for the next frame.
	pair       [2]Change
	usual      PriceChange
	usualEvent [1]Event // &usual
	unwatched  uint64   // changes of the last frame

	scanner scanner
	obj     object
	scanned bool // the scanner has read the last frame

	events      []Event
	books       pool[Book]
	changes     pool[PriceChange]
	trades      pool[Trade]
	ticks       pool[TickSizeChange]
	best        pool[BestPrices]
	text        Text
	levels      []book.Level
	changeList  []Change
	wholeObject []byte // the object being read, for the rare ones read a second time
	// objects counts the objects read, and blamed is, by Asset.Index, the last
	// one that a Bad was made of.
	objects uint64
	blamed  []uint64
}

// NewDecoder returns a Decoder that knows no token yet.
func NewDecoder(options DecoderOptions) *Decoder {
	d := &Decoder{
		options: options,
		assets:  map[string]*Asset{},
		markets: map[string]*knownMarket{},
	}
	d.cache.grow(1)
	d.usualEvent[0] = &d.usual
	return d
}

// Know makes a token known, if it isn't, and returns its Asset. MaxAssets does
// not bound it.
func (d *Decoder) Know(id string) *Asset {
	if a := d.assets[id]; a != nil {
		return a
	}
	a := &Asset{ID: id, Index: len(d.assets)}
	d.assets[id] = a
	return a
}

// Find returns the Asset of a token, nil if it is not known.
func (d *Decoder) Find(id string) *Asset { return d.assets[id] }

// Stats returns the counts so far.
func (d *Decoder) Stats() Stats { return d.stats }

// Decode reads one frame and returns its events in order, valid until the next
// call; some of their fields point into the frame.
//
// If the frame is not what the exchange's grammar allows, no event is returned
// but a [*DecodeError]: whatever the frame said is lost, for every token that
// its connection carries. A frame that is well formed but holds something
// impossible for one token yields a [*Bad] for that token, before what
// else the same object says.
func (d *Decoder) Decode(frame []byte) ([]Event, error) {
	if d.scanned {
		d.reset() // the usual form leaves nothing
	}
	d.stats.Frames++
	if events, ok := d.usualPriceChange(frame); ok {
		return events, nil
	}
	d.scanned = true
	if err := d.decode(frame); err != nil {
		d.stats.BadFrames++
		return nil, err
	}
	return d.events, nil
}

func (d *Decoder) decode(frame []byte) error {
	s := &d.scanner
	*s = scanner{data: frame}
	if len(frame) > MaxFrame {
		return &DecodeError{Offset: MaxFrame, Reason: "the frame is too long"}
	}
	if !utf8.Valid(frame) {
		return &DecodeError{Offset: invalidUTF8(frame), Reason: "not UTF-8"}
	}
	switch s.next() {
	case '{':
		d.event()
	case '[':
		s.open()
		for n := 0; s.element(n); n++ {
			if s.next() != '{' {
				s.fail(s.pos, "not an object")
				break
			}
			d.event()
		}
	default:
		return d.plainText(frame)
	}
	if s.err == nil && (s.next() != 0 || s.pos < len(frame)) {
		s.fail(s.pos, "something follows the end")
	}
	if s.err != nil {
		return s.err
	}
	return nil
}

// event reads one object and appends what it means.
func (d *Decoder) event() {
	if !d.object() {
		return
	}
	d.wholeObject = d.scanner.data[d.obj.offset:d.scanner.pos]
	d.objects++
	d.interpret()
}

func invalidUTF8(frame []byte) int {
	for i := 0; i < len(frame); {
		r, size := utf8.DecodeRune(frame[i:])
		if r == utf8.RuneError && size <= 1 {
			return i
		}
		i += size
	}
	return len(frame)
}

// maxTextBytes bounds a frame that is taken for a text of words.
const maxTextBytes = 128

// plainText reads a frame that is neither an object nor an array. Empty frames
// are the server's keep-alive; null and bare numbers have been seen too. Words
// are let pass, anything that could be a part of an event is not.
func (d *Decoder) plainText(frame []byte) error {
	text := bytes.TrimSpace(frame)
	d.text.Kind = 0
	switch string(text) {
	case "", "null":
		return nil
	case "PONG":
		d.text.Kind = TextPong
	case "NO NEW ASSETS":
		d.text.Kind = TextNoNewAssets
	case "INVALID OPERATION":
		d.text.Kind = TextInvalidOperation
	default:
		s := &d.scanner
		if c := s.next(); c == '-' || '0' <= c && c <= '9' {
			if _, ok := s.value(); ok && s.next() == 0 && s.pos == len(frame) {
				return nil
			}
			return &DecodeError{Offset: s.pos, Reason: "neither JSON nor a known text"}
		}
		if i := bytes.IndexFunc(text, func(r rune) bool { return !isWord(r) }); i >= 0 || len(text) > maxTextBytes {
			return &DecodeError{Offset: s.pos + max(i, 0), Reason: "neither JSON nor a known text"}
		}
		d.text.Kind = TextUnknown
		d.stats.UnknownTexts++
	}
	if d.text.Kind != TextUnknown {
		d.stats.Texts++
	}
	d.events = append(d.events, &d.text)
	return nil
}

func isWord(r rune) bool {
	return r == ' ' || r == '.' || r == '-' || r == '_' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z'
}

// pool hands out objects that are used again for the next frame.
type pool[T any] struct {
	items []*T
	used  int
}

func (p *pool[T]) next() *T {
	if p.used == len(p.items) {
		p.items = append(p.items, new(T))
	}
	item := p.items[p.used]
	p.used++
	return item
}

// reset empties what was handed out, so that it keeps nothing else alive.
func (p *pool[T]) reset() {
	var zero T
	for _, item := range p.items[:p.used] {
		*item = zero
	}
	p.used = 0
	if len(p.items) > keptBytes/256 {
		p.items = nil
	}
}

func (d *Decoder) reset() {
	d.scanned = false
	d.events = release(d.events, 16)
	d.changes.reset()
	d.changeList = release(d.changeList, 80)
	d.books.reset()
	d.trades.reset()
	d.ticks.reset()
	d.best.reset()
	d.levels = release(d.levels, 16)
	d.obj = object{changes: release(d.obj.changes, 120)}
}

// release empties a buffer, and drops it if it has grown beyond what is kept.
func release[T any](buffer []T, size int) []T {
	if cap(buffer)*size > keptBytes {
		return nil
	}
	return buffer[:0]
}
