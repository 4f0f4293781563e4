package engine

import (
	"runtime"
	"testing"

	"example.com/truebook/feed/feedtest"
)

// TestOrderOfChanges: the token that changed first is yielded first.
func TestOrderOfChanges(t *testing.T) {
	replay := NewReplay(nil)
	r := record(t, feedtest.Options{Seed: 2, Markets: 4}, 1)
	_ = replay.Step(r.frames[0].record)
	var tokens []string
	for _, v := range replay.Views() {
		tokens = append(tokens, v.Asset)
	}
	next := pulled(t, replay.Watch(tokens...).Changes)
	for range tokens {
		next()
	}
	order := []int{5, 2, 7, 0, 2, 3}
	for _, i := range order {
		s := replay.shard
		s.hide(s.tokens[i])
		s.tokens[i].version++
		s.release()
	}
	for _, i := range []int{5, 2, 7, 0, 3} {
		if v := next(); v.Asset != tokens[i] {
			t.Errorf("%.6s, want %.6s", v.Asset, tokens[i])
		}
	}
}

// TestNoChangeIsLost: one that comes while the token is being looked at is seen by this
// look or marked for the next.
func TestNoChangeIsLost(t *testing.T) {
	rounds := 4000
	if testing.Short() {
		rounds = 500
	}
	sc := opened(t)
	tok := sc.token()
	f := newSubscription(nil, []*Asset{tok.readers}, nil).follow()
	defer f.stop()
	m := &f.marks[0]
	for round := range rounds {
		done := make(chan struct{})
		go func() {
			sc.s.hide(tok)
			tok.version++
			sc.s.release()
			close(done)
		}()
		var last uint64
		look := func() {
			for _, m := range f.pending {
				v, _ := f.look(m)
				last = v.Version
			}
			f.pending = f.pending[:0]
		}
		ended := false
		for looks := 1; !ended; looks++ {
			select {
			case <-done:
				ended = true
			default:
				f.enqueue(m)
				if looks%200 == 0 { // for a machine with one core
					runtime.Gosched()
				}
			}
			look()
		}
		f.gather()
		look()
		if last != tok.version {
			t.Fatalf("round %d: version %d, want %d", round, last, tok.version)
		}
	}
}
