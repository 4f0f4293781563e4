package corpus_test

import (
	"bytes"
	"testing"

	"example.com/truebook/bench/corpus"
	"example.com/truebook/engine"
	"example.com/truebook/feed"
)

// TestTrue: in every kind of simulated corpus, the engine finds all that the
// frames say of the books to be true: hashes, tops, whole books. Where prices have
// four decimals it fails to guess the last trade price, and a hash is in vain
// until the trade is printed.
func TestTrue(t *testing.T) {
	for _, shape := range []corpus.Shape{
		{Tokens: 12, Frames: 2000},
		{Tokens: 500, Frames: 3000, Spaced: true},
		{Tokens: 40, Levels: 10, Frames: 3000},
		{Tokens: 20, Levels: 100, Frames: 3000, Spaced: true, Seed: 2},
		{Tokens: 10, Levels: 1000, Frames: 1000},
		{Tokens: 2, Levels: 5000, Frames: 200, Seed: 3},
	} {
		t.Run(shape.String(), func(t *testing.T) {
			if testing.Short() {
				shape.Frames /= 4
			}
			inVain := 0.0
			if shape.Levels > 500 {
				inVain = 0.02
			}
			checkTrue(t, corpus.Simulated(shape), inVain)
		})
	}
	t.Run("real", func(t *testing.T) {
		if testing.Short() {
			t.Skip("takes seconds with the race detector")
		}
		checkTrue(t, corpus.Real(t), 0)
	})
}

func checkTrue(t *testing.T, c *corpus.Corpus, inVain float64) {
	t.Helper()
	replay := engine.NewReplay(func(f engine.Finding) {
		if inVain == 0 || f.Witness != engine.HashWitness {
			t.Errorf("%+v", f)
		}
	})
	var total int64
	for i, f := range c.Frames {
		if opening := f.Data[0] == '['; opening != (i < c.Opening) {
			t.Fatalf("frame %d of %d", i, c.Opening)
		}
		if i > 0 && f.Time.Before(c.Frames[i-1].Time) {
			t.Fatalf("time goes back at frame %d", i)
		}
		total += int64(len(f.Data))
		if err := replay.Step(feed.Record{Time: f.Time, Line: i + 1, Frame: f.Data}); err != nil {
			t.Fatal(err)
		}
	}
	replay.End()
	tally := replay.Tallies()[engine.HashWitness]
	if tally.Agreed == 0 || float64(tally.Checked-tally.Agreed) > inVain*float64(tally.Checked) {
		t.Errorf("%d of %d hashes agree", tally.Agreed, tally.Checked)
	}
	if total != c.Bytes || c.PerFrame() < 300 || c.PerFrame() > 4000 {
		t.Errorf("%d bytes, not %d; %d a frame", total, c.Bytes, c.PerFrame())
	}
}

// TestRepeatable: equal shapes give equal frames, others do not.
func TestRepeatable(t *testing.T) {
	shape := corpus.Shape{Tokens: 300, Frames: 500, Seed: 1}
	a, b := corpus.Simulated(shape), corpus.Simulated(shape)
	shape.Seed++
	other := corpus.Simulated(shape)
	for i := range a.Frames {
		if !bytes.Equal(a.Frames[i].Data, b.Frames[i].Data) || !a.Frames[i].Time.Equal(b.Frames[i].Time) {
			t.Fatalf("frame %d differs", i)
		}
	}
	if bytes.Equal(a.Frames[0].Data, other.Frames[0].Data) {
		t.Error("another seed gives the same opening")
	}
	if len(a.Frames) != a.Opening+500 || a.Opening != 1 {
		t.Errorf("%d frames, %d of the opening", len(a.Frames), a.Opening)
	}
}
