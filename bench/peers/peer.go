package peers

import (
	"fmt"
	"unsafe"

	"example.com/truebook/bench/corpus"
	"example.com/truebook/book"
)

// Peer keeps books from frames.
type Peer interface {
	// Apply reads a frame, an object or an array of them, brings the books up to
	// date and reads the top of each book that it changes, after each change.
	Apply(f *corpus.Frame) error
	// Top returns the best levels of a token, the zero Top if it has no book.
	Top(token string) book.Top
}

// Entry is one line of the tables.
type Entry struct {
	Name string
	// Advantage is what it does less of, or has beyond plain Go, against
	// truebook's full path.
	Advantage string
	// New makes a peer that has seen nothing. It is nil for those who do not run
	// in this process.
	New func() Peer
}

// Entries returns all of them, our own first.
func Entries() []Entry {
	entries := append(own(),
		Entry{"encoding-json", "no validation of values", newStandard},
		Entry{"easyjson", "no validation of values; generated code; strings point into the frame, by unsafe", newEasy},
		Entry{"sonic", "no validation of values; machine code made at run time, and assembly; strings point into the frame, by unsafe", newSonic},
		Entry{"gjson", "no validation, of JSON neither; strings point into the frame, by unsafe", newGJSON},
		Entry{"jsonparser", "no validation, of JSON neither", newJSONParser},
		Entry{"fastjson", "no validation of values", newFast},
	)
	if simdAvailable() {
		entries = append(entries, Entry{"simdjson-go", "no validation of values; assembly, with AVX2", newSIMD})
	}
	return append(entries, nodeEntries()...)
}

// nodeEntries are measured by node/bench.mjs, under these names.
func nodeEntries() []Entry {
	const floats = "no validation of values; frames are strings already; floats instead of decimals"
	return []Entry{
		{"node-json", "keeps no book; no validation of values; frames are strings already; parser in C++", nil},
		{"node-json-books", floats + "; parser in C++", nil},
		{"polymarket-client", "keeps no book; frames are strings already; its dispatch to subscribers is left out", nil},
		{"polymarket-client-books", "frames are strings already; floats in the books; its dispatch to subscribers is left out", nil},
	}
}

// shelf is the books that the rivals' decoders keep: truebook's own, by token.
// They apply level by level while they read, where truebook proves a whole frame
// before it touches a book.
type shelf struct {
	books      map[string]*book.Book
	bids, asks []book.Level // of a book that is being read
	last       book.Top     // read last, so that reading it is not for nothing
}

func newShelf() shelf { return shelf{books: map[string]*book.Book{}} }

func (s *shelf) book(token string) *book.Book {
	b := s.books[token]
	if b == nil {
		b = book.New()
		// The token points into a frame or a buffer that is used again.
		s.books[string(append([]byte(nil), token...))] = b
	}
	return b
}

// Top is that of [Peer].
func (s *shelf) Top(token string) book.Top {
	if b := s.books[token]; b != nil {
		return b.Top()
	}
	return book.Top{}
}

// change applies one entry of a price_change.
func (s *shelf) change(token, side, price, size string) error {
	p, err := book.ParsePrice(price)
	if err != nil {
		return err
	}
	n, err := book.ParseSize(size)
	if err != nil {
		return err
	}
	which := book.Bid
	if side == "SELL" {
		which = book.Ask
	}
	b := s.book(token)
	if _, err := b.Set(which, p, n); err != nil {
		return err
	}
	s.last = b.Top()
	return nil
}

// begin forgets the levels of the book that was read before.
func (s *shelf) begin() { s.bids, s.asks = s.bids[:0], s.asks[:0] }

// level notes one level of the book that is being read.
func (s *shelf) level(side book.Side, price, size string) error {
	p, err := book.ParsePrice(price)
	if err != nil {
		return err
	}
	n, err := book.ParseSize(size)
	if err != nil {
		return err
	}
	if side == book.Bid {
		s.bids = append(s.bids, book.Level{Price: p, Size: n})
	} else {
		s.asks = append(s.asks, book.Level{Price: p, Size: n})
	}
	return nil
}

// replace ends the book that is being read.
func (s *shelf) replace(token string) error {
	b := s.book(token)
	if _, err := b.Replace(s.bids, s.asks); err != nil {
		return fmt.Errorf("book of %s: %w", token, err)
	}
	s.last = b.Top()
	return nil
}

// text makes a string of bytes without copying them: decoders that give bytes
// are not to pay for that. It is valid for as long as the bytes stay as they are.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
