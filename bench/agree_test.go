package bench

import (
	"testing"

	"example.com/truebook/bench/corpus"
	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// TestReferencesAgree: all paths have the same tops, after each frame and on every
// kind of corpus, as books that are kept with nothing but the decoder. So what is
// compared does the same job.
func TestReferencesAgree(t *testing.T) {
	var list []*stream
	if c := recorded(); c != nil && !testing.Short() {
		list = append(list, newStream(t, c))
	}
	for _, shape := range []corpus.Shape{
		{Tokens: 12, Frames: 3000},
		{Tokens: 12, Frames: 3000, Spaced: true},
		{Tokens: 500, Frames: 3000},
		{Tokens: 500, Frames: 1000, Spaced: true},
		{Tokens: 40, Levels: 10, Frames: 3000},
		{Tokens: 10, Levels: 1000, Frames: 1000, Spaced: true},
		{Tokens: 4, Levels: 5000, Frames: 300},
		{Tokens: 900, Frames: 1000}, // that opens with three arrays
	} {
		if testing.Short() {
			shape.Frames /= 4
		}
		list = append(list, simulated(t, shape))
	}
	for _, s := range list {
		t.Run(s.Name, func(t *testing.T) {
			for _, w := range ways() {
				if w.name != "scan" {
					t.Run(w.name, func(t *testing.T) { checkAgrees(t, s, w.path()) })
				}
			}
		})
	}
}

func checkAgrees(t *testing.T, s *stream, p path) {
	t.Helper()
	reference := newBooks()
	for _, f := range s.Frames[:s.Opening] {
		reference.apply(t, f.Data)
	}
	if err := p.open(s.Frames[:s.Opening]); err != nil {
		t.Fatal(err)
	}
	p.find(s.tokens)
	read, unread := 0, 0
	for i := s.Opening; i < len(s.Frames); i++ {
		reference.apply(t, s.Frames[i].Data)
		if err := p.run(s.Frames[i:i+1], s.named[i:i+1]); err != nil {
			t.Fatal(err)
		}
		for _, token := range s.named[i] {
			if token < 0 {
				continue
			}
			read++
			want := reference.books[token].Top()
			// In the middle of a run the engine may hold a top back.
			got, err := p.top(int(token))
			if err != nil {
				unread++
			} else if got != want {
				t.Fatalf("frame %d: the top of %s is %v, expected %v", i, s.tokens[token], got, want)
			}
		}
	}
	if unread > read/20 {
		t.Errorf("%d of %d tops could not be read", unread, read)
	}
	for token := range s.tokens {
		if got, err := p.top(token); err != nil || got != reference.books[token].Top() {
			t.Errorf("at the end the top of %s is %v, %v", s.tokens[token], got, err)
		}
	}
}

// books keeps books with the decoder and package book alone.
type books struct {
	decoder *feed.Decoder
	books   []*book.Book // by the index of the asset
}

func newBooks() *books {
	return &books{decoder: feed.NewDecoder(feed.DecoderOptions{Learn: true})}
}

func (s *books) book(a *feed.Asset) *book.Book {
	for a.Index >= len(s.books) {
		s.books = append(s.books, book.New())
	}
	return s.books[a.Index]
}

func (s *books) apply(tb testing.TB, frame []byte) {
	events, err := s.decoder.Decode(frame)
	if err != nil {
		tb.Fatal(err)
	}
	for _, e := range events {
		switch e := e.(type) {
		case *feed.Bad:
			tb.Fatal(e.Err)
		case *feed.Book:
			if _, err := s.book(e.Asset).Replace(e.Bids, e.Asks); err != nil {
				tb.Fatal(err)
			}
		case *feed.PriceChange:
			for i := range e.Changes {
				c := &e.Changes[i]
				if _, err := s.book(c.Asset).Set(c.Side, c.Price, c.Size); err != nil {
					tb.Fatal(err)
				}
			}
		}
	}
}
