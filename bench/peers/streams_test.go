package peers

import (
	"testing"

	"example.com/truebook/bench/corpus"
)

// streams runs f as a subtest or a sub-benchmark for each stream. Those without
// the recording at hand do without it, and say so.
func streams[T interface {
	testing.TB
	Run(name string, f func(T)) bool
}](tb T, frames int, f func(tb T, c *corpus.Corpus),
) {
	for _, s := range []corpus.Shape{
		{Tokens: 12, Frames: frames, Seed: 1},
		{Tokens: 500, Frames: frames, Seed: 1},
		{Tokens: 500, Frames: frames, Seed: 1, Spaced: true},
	} {
		tb.Run("stream="+s.String(), func(tb T) { f(tb, corpus.Simulated(s)) })
	}
	tb.Run("stream=real", func(tb T) { f(tb, corpus.Real(tb)) })
}

// tokensOf returns, for each frame, the tokens whose books it changes, in order.
func tokensOf(tb testing.TB, c *corpus.Corpus) [][]string {
	tb.Helper()
	d := decoder()
	touched := make([][]string, len(c.Frames))
	for i := range c.Frames {
		events, err := d.Decode(c.Frames[i].Data)
		if err != nil {
			tb.Fatalf("frame %d: %v", i, err)
		}
		for _, u := range updatesOf(events) {
			touched[i] = append(touched[i], u.asset.ID)
		}
	}
	return touched
}
