package bench

import (
	"runtime"
	"testing"

	"example.com/truebook/bench/corpus"
	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// TestAllocations: decoding a price_change and setting its levels allocates
// nothing once all lists have grown. A tree that gains levels splits a node now
// and then, and a token gets some memory at its first change: so changes of sizes
// are held to none at all, and the last quarter of a stream to one allocation for
// 20 frames.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, shape := range []corpus.Shape{
		{Tokens: 12, Frames: 6000},
		{Tokens: 500, Frames: 24_000, Spaced: true},
		{Tokens: 40, Levels: 100, Frames: 6000},
	} {
		s := simulated(t, shape)
		t.Run(s.Name, func(t *testing.T) {
			checkSizesOnly(t, s)
			for _, w := range ways() {
				if w.name == "naive" || w.name == "scan" {
					continue
				}
				r := newRunner(w, s)
				if err := r.begin(); err != nil {
					t.Fatal(err)
				}
				rest := len(s.Frames) / 4
				if _, err := r.some(len(s.Frames) - rest - r.at); err != nil { // quiet tokens too have had a change
					t.Fatal(err)
				}
				var err error
				if n := mallocs(func() { _, err = r.some(rest) }); err != nil || n > rest/20 {
					t.Errorf("%s: %d allocations in %d frames, %v", w.name, n, rest, err)
				}
			}
		})
	}
}

// checkSizesOnly goes through a stream, and then through those of its frames that
// only change sizes in the books as they are at its end.
func checkSizesOnly(t *testing.T, s *stream) {
	t.Helper()
	b := newBooks()
	for _, f := range s.Frames {
		b.apply(t, f.Data)
	}
	var frames [][]byte
	for _, f := range s.Frames {
		events, err := b.decoder.Decode(f.Data)
		if err != nil {
			t.Fatal(err)
		}
		e, ok := events[0].(*feed.PriceChange)
		for i := 0; ok && i < len(e.Changes); i++ {
			c := &e.Changes[i]
			ok = c.Size > 0 && b.book(c.Asset).SizeAt(c.Side, c.Price) > 0
		}
		if ok {
			frames = append(frames, f.Data)
		}
	}
	if len(frames) < len(s.Frames)/4 {
		t.Fatalf("only %d of %d frames change only sizes", len(frames), len(s.Frames))
	}
	var top book.Top
	n := mallocs(func() {
		for _, f := range frames {
			b.apply(t, f)
			top = b.books[0].Top()
		}
	})
	if n > 0 {
		t.Errorf("%d allocations in %d frames that change sizes, the last top %v", n, len(frames), top)
	}
}

// mallocs counts what a function allocates, with nothing beside it.
func mallocs(f func()) int {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.Mallocs - before.Mallocs)
}
