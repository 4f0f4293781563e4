package engine

import (
	"flag"
	"testing"
	"time"

	"example.com/truebook/feed/feedtest"
)

var (
	cleanSeeds = flag.Int("engine.clean", 6, "seeds of a clean stream, 10 minutes each, with many quirks")
	cleanHours = flag.Float64("engine.hours", 0.1, "simulated hours of a clean stream of 500 markets")
)

// clean runs a stream with nothing wrong, and fails if anything was taken to be.
func clean(t *testing.T, o feedtest.VenueOptions, d time.Duration) *simulation {
	t.Helper()
	s := newSimulation(o)
	s.checker.t, s.checker.seed = t, o.Seed
	s.step(&input{kind: tokensWatched, tokens: s.tokens})
	s.run(d)
	c := &s.core.books.counts
	c.Doubts[Resolved] = 0
	if c.Drops+c.Mended+c.Corrected+c.FetchesFailed+c.MassMismatches+c.BadFrames > 0 || c.Dials != 1 || c.Doubts != [numReasons]uint64{} {
		t.Errorf("seed %d: %d frames, %+v", o.Seed, s.frames, *c)
	}
	return s
}

// TestCleanSeeds: whatever the exchange does without a fault is no reason to doubt,
// not even twenty times as often.
func TestCleanSeeds(t *testing.T) {
	onlyGoroutine(t)
	t.Parallel()
	seeds := *cleanSeeds
	if testing.Short() {
		seeds = min(seeds, 2)
	}
	for seed := range uint64(seeds) {
		q := feedtest.DefaultQuirks()
		q.EarlyHashes *= 20
		q.SameMilliseconds *= 10
		q.Repeats *= 10
		q.Settlements *= 5
		clean(t, feedtest.VenueOptions{Seed: seed, Quirks: &q}, 10*time.Minute)
	}
}

// TestCleanDay is 500 markets on five connections, at 23 frames a second. It takes
// three minutes for a day.
func TestCleanDay(t *testing.T) {
	onlyGoroutine(t)
	t.Parallel()
	d := time.Duration(*cleanHours * float64(time.Hour))
	if testing.Short() {
		d = min(d, time.Minute)
	}
	frames, audits := 0, uint64(0)
	for seed := range uint64(5) {
		q := feedtest.DefaultQuirks()
		q.Settlements = 0
		s := clean(t, feedtest.VenueOptions{Seed: 1000 + seed, Markets: 100, Rate: 4.7, Quirks: &q}, d)
		frames += s.frames
		audits += s.core.books.counts.Confirmed
	}
	t.Logf("%v of 500 markets: %d frames, %d books confirmed by REST", d, frames, audits)
}

// TestSameTrace: equal seeds have equal inputs, effects and reads, byte for byte.
func TestSameTrace(t *testing.T) {
	onlyGoroutine(t)
	var traces [2][]byte
	for i := range traces {
		s := simulate(t, 8, func(format string, args ...any) {
			traces[i] = appendLine(traces[i], format, args...)
		})
		for _, token := range s.checker.tokens {
			v := token.asset.View()
			traces[i] = appendLine(traces[i], "%+v %v %v", v.Status, v.Snapshot.Top(), v.Snapshot.Len(0))
		}
	}
	if len(traces[0]) < 100_000 || string(traces[0]) != string(traces[1]) {
		t.Errorf("two runs of one seed differ: %d and %d bytes", len(traces[0]), len(traces[1]))
	}
}
