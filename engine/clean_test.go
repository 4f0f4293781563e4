package engine

import (
	"flag"
	"testing"
	"time"

	"example.com/truebook/feed/feedtest"
)

var cleanSeeds = flag.Int("engine.clean", 20, "seeds of a clean stream")

func TestCleanSeeds(t *testing.T) {
	for seed := range uint64(*cleanSeeds) {
		q := feedtest.DefaultQuirks()
		q.EarlyHashes *= 20
		q.SameMilliseconds *= 10
		q.Repeats *= 10
		q.Settlements *= 5
		s := newSimulation(feedtest.VenueOptions{Seed: seed, Quirks: &q})
		s.checker.t = t
		s.step(&input{kind: tokensWatched, tokens: s.tokens})
		s.run(10 * time.Minute)
		c := s.core.counts
		if c.Drops > 0 || c.Mended > 0 || c.Corrected > 0 || c.Dials > 1 || c.FetchesFailed > 0 {
			t.Errorf("seed %d: %d frames, %+v", seed, s.frames, s.core.counts)
		}
	}
}
