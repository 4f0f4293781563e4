package bench

import (
	"flag"
	"sync"
	"testing"

	"example.com/truebook/bench/corpus"
	"example.com/truebook/book"
)

var long = flag.Bool("bench.long", false, "also 10,000 and 100,000 tokens")

// stream is a corpus with what its frames are about.
type stream struct {
	*corpus.Corpus
	tokens []string
	// named has, for each frame after the opening, the tokens whose books it
	// changes, as indexes of tokens; -1 for none. One per market at most has two.
	named [][2]int32
	warm  int // the first frame that is measured: until then lists and maps grow
}

func newStream(tb testing.TB, c *corpus.Corpus) *stream {
	tb.Helper()
	tokens, named, err := c.Named()
	if err != nil {
		tb.Fatal(err)
	}
	s := &stream{Corpus: c, tokens: tokens, named: named}
	s.warm = c.Opening + min(2000, (len(c.Frames)-c.Opening)/4)
	return s
}

// The corpora are made when they are first asked for, and shared.
var streams sync.Map // of sync.OnceValue of *stream, by shape

func simulated(tb testing.TB, shape corpus.Shape) *stream {
	tb.Helper()
	shape.Seed = 1
	made, _ := streams.LoadOrStore(shape, sync.OnceValue(func() *stream {
		return newStream(tb, corpus.Simulated(shape))
	}))
	return made.(func() *stream)()
}

var recorded = sync.OnceValue(func() *corpus.Corpus {
	c, err := corpus.Recorded()
	if err != nil {
		return nil
	}
	return c
})

func realStream(tb testing.TB) *stream {
	tb.Helper()
	if c := recorded(); c != nil {
		return newStream(tb, c)
	}
	corpus.Real(tb) // skips, and says what is missing
	panic("unreachable")
}

// The shapes. Each has some 12 to 25 MB of frames, or less where they are dear to
// make.
func byTokens() []corpus.Shape {
	shapes := []corpus.Shape{{Tokens: 12, Frames: 30_000}, {Tokens: 500, Frames: 30_000}}
	if *long {
		shapes = append(shapes, corpus.Shape{Tokens: 10_000, Frames: 60_000}, corpus.Shape{Tokens: 100_000, Frames: 200_000})
	}
	return shapes
}

func spaced() []corpus.Shape {
	return []corpus.Shape{{Tokens: 12, Frames: 30_000, Spaced: true}, {Tokens: 500, Frames: 30_000, Spaced: true}}
}

func byLevels() []corpus.Shape {
	return []corpus.Shape{
		{Tokens: 40, Levels: 10, Frames: 20_000},
		{Tokens: 40, Levels: 100, Frames: 20_000},
		{Tokens: 40, Levels: 1000, Frames: 10_000},
		{Tokens: 40, Levels: 5000, Frames: 4000},
	}
}

// each runs a benchmark on the recorded stream, where it is at hand, and on
// simulated ones.
func each(b *testing.B, run func(*testing.B, *stream), shapes ...[]corpus.Shape) {
	b.Run("stream=real", func(b *testing.B) { run(b, realStream(b)) })
	for _, list := range shapes {
		for _, shape := range list {
			b.Run("stream="+shape.String(), func(b *testing.B) { run(b, simulated(b, shape)) })
		}
	}
}

// sink keeps what was read from being optimised away.
var sink book.Price
