package engine

import (
	"testing"
	"time"

	"example.com/truebook/feed/feedtest"
)

// many runs twenty markets with a fault after a minute, until everything is live.
func many(t *testing.T, seed uint64, faults ...feedtest.Fault) *simulation {
	t.Helper()
	q := feedtest.DefaultQuirks()
	q.Settlements = 0
	s := newSimulation(feedtest.VenueOptions{Seed: seed, Markets: 20, Rate: 60, Quirks: &q, Faults: faults})
	s.checker.t, s.checker.seed = t, seed
	s.step(&input{kind: tokensWatched, tokens: s.tokens})
	s.run(4 * time.Minute)
	s.checker.alive()
	return s
}

// TestMassMismatch: when the hashes of many markets fail at once, three tokens are asked
// for, and one new connection mends all.
func TestMassMismatch(t *testing.T) {
	onlyGoroutine(t)
	// Nothing heals: three frames in each market, at once.
	var faults []feedtest.Fault
	for m := range 20 {
		faults = append(faults, feedtest.Fault{Kind: feedtest.LoseFrames, At: time.Minute, Market: m, N: 1})
	}
	reconnected := 0
	for seed := range uint64(3) {
		s := many(t, seed, faults...)
		c := &s.core.books.counts
		if c.MassMismatches > 0 && c.Drops > 0 {
			reconnected++
			if c.Drops > 2 {
				t.Errorf("seed %d: %+v", seed, *c)
			}
		}
	}
	if reconnected == 0 {
		t.Error("no mass of mismatches in three seeds")
	}
}

// TestMaintenance: an exchange whose engine restarts empties all books, and REST says
// that it is not ready.
func TestMaintenance(t *testing.T) {
	onlyGoroutine(t)
	for _, kind := range []feedtest.FaultKind{feedtest.Restart, feedtest.RestartByBooks} {
		s := many(t, uint64(kind), feedtest.Fault{Kind: kind, At: time.Minute, For: 90 * time.Second, Market: -1})
		if c := &s.core.books.counts; c.Doubts[Maintenance] != 40 {
			t.Errorf("%v: %+v", kind, *c)
		}
	}
}

// TestRecipe: when the exchange makes its hashes otherwise, hashing is switched off, and
// books go on, proved by REST. One market alone does not switch it off.
func TestRecipe(t *testing.T) {
	onlyGoroutine(t)
	s := many(t, 1, feedtest.Fault{Kind: feedtest.Recipe, At: time.Minute, Market: -1})
	c := &s.core.books.counts
	if !c.HashingOff || c.Drops > 1 {
		t.Errorf("%+v", *c)
	}
	for _, token := range s.checker.tokens {
		if v := token.asset.View(); v.Proof.By != ByRest && v.Proof.By != ByRefresh || v.Check == Failed {
			t.Errorf("token %.5s: %v, proof %+v", token.id, v.Check, v.Proof)
		}
	}
	s = many(t, 2, feedtest.Fault{Kind: feedtest.AlterHash, At: time.Minute, Market: 3, N: 200})
	if c := &s.core.books.counts; c.HashingOff {
		t.Errorf("one market: %+v", *c)
	}
}

// TestHashingOffTogether: what one core has found, it says, and the others do.
func TestHashingOffTogether(t *testing.T) {
	s := newDrive(t)
	s.open()
	s.step(input{kind: hashingOff})
	if !s.c.books.counts.HashingOff || !s.c.books.proofs.off {
		t.Error("hashing goes on")
	}
	s.expect("states", s.states(), "live")
}
