package engine

import (
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"example.com/truebook/feed/feedtest"
)

var chaosSeeds = flag.Int("engine.chaos", 12, "seeds of the simulation with users who come and go")

// TestAttackChaos: users come and go token by token, before and after the linger time,
// and frames come that cannot be read, beside all the other faults.
func TestAttackChaos(t *testing.T) {
	onlyGoroutine(t)
	for seed := range uint64(*chaosSeeds) {
		if *simSeed >= 0 && seed != uint64(*simSeed) {
			continue
		}
		r := rand.New(rand.NewPCG(seed, 99)) //nolint:gosec // to be repeated
		q := feedtest.DefaultQuirks()
		q.EarlyHashes *= 5
		q.SameMilliseconds *= 5
		q.Repeats *= 5
		q.Settlements *= 3
		faults := slices.DeleteFunc(drawFaults(r, 4, 4), func(f feedtest.Fault) bool {
			// A quiet connection that is late shows it with its second change only.
			// Two answers that there is no book end a quiet token.
			return f.Kind == feedtest.Late || f.Kind == feedtest.LateStays || f.Kind == feedtest.RESTMissing || f.Kind == feedtest.RESTPartial
		})
		s := newSimulation(feedtest.VenueOptions{Seed: seed + 500, Markets: 4, Rate: []float64{0.05, 0.5, 6}[seed%3], Quirks: &q, Faults: faults})
		s.checker.t, s.checker.seed = t, seed
		if *simSeed >= 0 {
			s.trace = t.Logf
			defer func() {
				for _, f := range s.venue.Injected() {
					t.Logf("fault %v at %v until %v of %v", f.Fault.Kind, f.At, f.Until, short(f.Tokens))
				}
			}()
		}
		s.step(&input{kind: tokensWatched, tokens: s.tokens})
		end := s.venue.Now().Add(faultyTime)
		for s.venue.Now().Before(end) {
			s.run(time.Duration(r.Int64N(int64(20 * time.Second))))
			id := s.tokens[r.IntN(len(s.tokens)):][:1]
			switch r.IntN(4) {
			case 0:
				s.step(&input{kind: tokensLeft, tokens: id})
				s.run([]time.Duration{0, time.Second, lingerTime, lingerTime + time.Second}[r.IntN(4)])
				s.step(&input{kind: tokensWatched, tokens: id})
			case 1:
				s.step(&input{kind: frameCame, conn: s.core.line.conn, frame: []byte(`{"market":`)})
			case 2:
				s.step(&input{kind: timerFired, more: true})
			case 3:
			}
			live := 0
			for _, tok := range s.core.books.tokens {
				if tok != nil && tok.state == Live {
					live++
				}
			}
			if live > 0 && s.core.line.state != lineOpen {
				t.Fatalf("seed %d: %d tokens are live without a connection", seed, live)
			}
			n := 0
			for _, w := range s.core.watched {
				if w != nil && w.token.state != Gone {
					n++
				}
			}
			if n != s.core.tokens || n != len(s.core.audits.order) {
				t.Fatalf("seed %d: %d tokens, counted %d, audited %d", seed, n, s.core.tokens, len(s.core.audits.order))
			}
		}
		s.step(&input{kind: tokensWatched, tokens: s.tokens})
		s.run(calmTime)
		if s.core.books.counts.Blocked > 0 {
			s.run(blockedDelay)
		}
		s.checker.alive()
		t.Logf("seed %d: %d frames, %d steps, %+v", seed, s.frames, s.steps, s.core.books.counts)
	}
}
