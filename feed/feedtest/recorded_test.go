package feedtest_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"

	"example.com/truebook/book"
	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
)

// TestStreamsStay: recordings and expected output elsewhere depend on what a seed
// gives in the first model, byte for byte.
func TestStreamsStay(t *testing.T) {
	onlyGoroutine(t)
	for o, want := range map[feedtest.Options]string{
		{}:                                   "9b8d35b6d8434c81",
		{Seed: 1, Markets: 6}:                "6c3ed5a7cad7b467",
		{Seed: 2, Markets: 3, Spaced: true}:  "b5232db83cea8d2b",
		{Seed: 5, Markets: 80, Spaced: true}: "c88ca04149a50e29",
	} {
		x := feedtest.New(o)
		sum := sha256.New()
		f := x.Opening()
		for range 2000 {
			fmt.Fprintf(sum, "%d %s\n", f.Time.UnixMilli(), f.Data)
			f = x.Next()
		}
		if got := hex.EncodeToString(sum.Sum(nil)[:8]); got != want {
			t.Errorf("%+v: the frames have the sum %s, not %s", o, got, want)
		}
	}
}

// tallied is what a stream's changes did.
type tallied struct {
	entries, gone, new, top int
	distances               []int
	frames, books           int
}

// tally follows a stream and counts, as data/STATS.md was counted.
func tally(t *testing.T, x *feedtest.Exchange, frames int) (s tallied) {
	t.Helper()
	d := feed.NewDecoder(feed.DecoderOptions{Learn: true})
	books := map[string]*book.Book{}
	ticks := map[string]book.Price{}
	for _, m := range x.Markets() {
		ticks[m.Yes], ticks[m.No] = m.TickSize, m.TickSize
		books[m.Yes], books[m.No] = book.New(), book.New()
	}
	opened := 0
	frame := x.Opening()
	for s.frames < frames {
		if len(frame.Data) > feed.MaxFrame {
			t.Fatalf("a frame of %d bytes", len(frame.Data))
		}
		events, err := d.Decode(frame.Data)
		if err != nil {
			t.Fatal(err)
		}
		if opened < len(books) {
			opened += len(events)
		} else {
			s.frames++
		}
		for _, e := range events {
			switch e := e.(type) {
			case *feed.Book:
				changed, err := books[e.Asset.ID].Replace(e.Bids, e.Asks)
				if err != nil || s.frames > 0 && changed != 0 {
					t.Fatalf("a later book differs in %d levels, %v", changed, err)
				}
				s.books++
			case *feed.PriceChange:
				for _, c := range e.Changes {
					b := books[c.Asset.ID]
					before := b.Top()
					old, err := b.Set(c.Side, c.Price, c.Size)
					if err != nil {
						t.Fatal(err)
					}
					after := b.Top()
					s.note(c, old, ticks[c.Asset.ID], before, after)
				}
			}
		}
		frame = x.Next()
	}
	s.books -= len(books)
	return s
}

func (s *tallied) note(c feed.Change, old book.Size, tick book.Price, before, after book.Top) {
	s.entries++
	switch {
	case c.Size == 0:
		s.gone++
	case old == 0:
		s.new++
	}
	if before.Bid.Price != after.Bid.Price || before.Ask.Price != after.Ask.Price {
		s.top++
	}
	away := after.Bid.Price - c.Price
	if c.Side == book.Ask {
		away = c.Price - after.Ask.Price
	}
	s.distances = append(s.distances, int(away/tick))
}

// TestRecordedShape: what was measured on the recording, and how near the model
// comes to it.
func TestRecordedShape(t *testing.T) {
	onlyGoroutine(t)
	options := []feedtest.Options{
		{Seed: 1, Markets: 250},
		{Seed: 1, Markets: 3, Levels: 100, Spaced: true},
		{Seed: 2, Markets: 2, Levels: 1000},
	}
	if testing.Short() {
		options = options[:2]
	}
	for _, o := range options {
		x := feedtest.New(o)
		s := tally(t, x, 6000)
		share := func(n int) float64 { return float64(n) / float64(s.entries) }
		for what, v := range map[string]struct{ got, least, most float64 }{
			"removed":  {share(s.gone), 0.09, 0.13},
			"new":      {share(s.new), 0.09, 0.13},
			"top":      {share(s.top), 0.010, 0.022},
			"books":    {float64(s.books) / float64(s.frames), 0.004, 0.013},
			"distance": {quantile(s.distances, 50), 4, 8},
			"far":      {quantile(s.distances, 90), 20, 300},
		} {
			if v.got < v.least || v.got > v.most {
				t.Errorf("%+v: %s is %.4f, expected %g to %g", o, what, v.got, v.least, v.most)
			}
		}
	}
}

func quantile(values []int, percent int) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return float64(sorted[len(sorted)*percent/100])
}

// TestDepth: books have about as many levels as was asked for, at the beginning
// and after a while, and prices of a tick that can hold them.
func TestDepth(t *testing.T) {
	onlyGoroutine(t)
	for levels, tick := range map[int]book.Price{10: 10_000, 100: 1000, 1000: 100, 5000: 100} {
		x := feedtest.New(feedtest.Options{Seed: 3, Markets: 2, Levels: levels})
		for _, frames := range []int{0, 20_000 / levels * 10} {
			for range frames {
				x.Next()
			}
			for _, m := range x.Markets() {
				bids, asks := x.Book(m.Yes)
				n := len(bids) + len(asks)
				if m.TickSize != tick || n < levels/2 || n > levels*3/2 || min(len(bids), len(asks)) < max(1, levels/10) {
					t.Errorf("%d levels: %d bids and %d asks at a tick of %v", levels, len(bids), len(asks), m.TickSize)
				}
			}
		}
	}
}

// TestManyTokens opens in frames of 400 tokens, each token once.
func TestManyTokens(t *testing.T) {
	x := feedtest.New(feedtest.Options{Markets: 450})
	d := feed.NewDecoder(feed.DecoderOptions{Learn: true})
	seen := map[string]bool{}
	frame := x.Opening()
	for _, want := range []int{400, 400, 100} {
		events, err := d.Decode(frame.Data)
		if err != nil || len(events) != want {
			t.Fatalf("%d books of %d, %v", len(events), want, err)
		}
		for _, e := range events {
			seen[e.(*feed.Book).Asset.ID] = true
		}
		frame = x.Next()
	}
	if len(seen) != 900 {
		t.Errorf("%d tokens were opened", len(seen))
	}
}
