package engine

import (
	"testing"
	"time"

	"example.com/truebook/feed/feedtest"
)

// TestProofsOff: without proofs the books are the same, at each frame, and none
// reads as proved.
func TestProofsOff(t *testing.T) {
	onlyGoroutine(t)
	r := record(t, feedtest.Options{Seed: 6, Markets: 3}, 1500)
	with, without := r.shard(nil), r.shard(func(f Finding) { t.Errorf("%+v", f) })
	without.proofs.off = true
	for i := range r.frames {
		with.apply(&r.frames[i].record)
		without.apply(&r.frames[i].record)
		for j, tok := range without.tokens {
			v := tok.view()
			if !v.Snapshot.Equal(with.tokens[j].view().Snapshot) || v.State != Live {
				t.Fatalf("line %d: %v", i+1, v.Status)
			}
			if v.Check != Unproved || v.Proof.By > ByRefresh {
				t.Fatalf("line %d: %v by %v", i+1, v.Check, v.Proof.By)
			}
		}
	}
	without.finishAll()
	if tally := without.tallies[HashWitness]; tally.Unknown != tally.Checked || tally.Checked == 0 {
		t.Errorf("%+v", tally)
	}
}

// TestProofsTakeTurns gives a shard far less than its books need. No verdict is
// wrong, the queue never holds a token twice, and each token's turn comes.
func TestProofsTakeTurns(t *testing.T) {
	r := record(t, feedtest.Options{Seed: 8, Markets: 12}, 6000)
	s := r.shard(func(f Finding) { t.Errorf("%+v", f) })
	s.proofs.rate = 50_000 // some 15 books a second, of 100 changes
	truth := r.truth()
	proved := make([]int, 24)
	for i := range r.frames {
		s.apply(&r.frames[i].record)
		truth.saw(r.frames[i].events)
		truth.check(t, s, r.frames[i].events)
		for j, tok := range s.tokens {
			if tok.proof.by == ByHash && tok.proof.at == s.now {
				proved[j]++
			}
		}
		if waiting := len(s.proofs.queue) - s.proofs.first; waiting > len(s.tokens) {
			t.Fatalf("line %d: %d tokens wait", i+1, waiting)
		}
	}
	var sum, least int
	for i, n := range proved {
		sum += n
		if i == 0 || n < least {
			least = n
		}
	}
	span := time.Duration(s.now - instant(r.frames[0].record.Time.UnixNano()))
	t.Logf("%d verdicts in %v, at least %d for each token", sum, span, least)
	if least == 0 {
		t.Errorf("proofs by token: %v", proved)
	}
	if tally := s.tallies[HashWitness]; tally.Unknown < tally.Agreed || tally.Agreed == 0 {
		t.Errorf("the budget was no budget: %+v", tally)
	}
}

// TestProofsWaitForFrames: nothing is hashed while frames wait, but what would be
// lost otherwise: a run that ends. Then all that wait are.
func TestProofsWaitForFrames(t *testing.T) {
	sc := opened(t)
	sc.more = true
	sc.change("40x1 |", "40x1 41x5 | 60x7 61x8", startTime+1)
	sc.expect("live, unproved, epoch 1", "")
	sc.change("40x2 |", "40x2 41x5 | 60x7 61x8", startTime+2)
	sc.expect("live, unproved, epoch 1", "")
	if p := sc.view().Proof; p.By != ByHash || p.Version != 2 {
		t.Errorf("the run that ended: %+v", p)
	}
	sc.more = false
	sc.step("PONG")
	sc.expect("live, proved, epoch 1", "40x2 41x5 | 60x7 61x8")
	if v := sc.view(); v.Proof.Version != v.Version {
		t.Errorf("%+v of version %d", v.Proof, v.Version)
	}
}
