package engine

import (
	"testing"
	"time"
)

// TestAttackLeaseDuringStep: a step that begins before the lease is over, and ends
// after it: readers are told that it was, and then must not be told the same epoch.
func TestAttackLeaseDuringStep(t *testing.T) {
	s := newDrive(t)
	s.open()
	var busy time.Duration
	s.c.books.lease.clock = func() time.Duration { return time.Duration(s.now-startInstant()) + busy }
	a := s.c.books.tokens[0].readers
	before, err := a.Top()
	if err != nil {
		t.Fatal(err)
	}
	s.now = s.now.after(leaseTime - 100*time.Millisecond)
	seen := false
	s.c.books.review = func(tok *token) {
		busy = 200 * time.Millisecond
		_, err := a.Top()
		seen = seen || err != nil
		s.c.review(tok)
	}
	s.send(string(s.x.Next().Data))
	after, err := a.Top()
	if err == nil && seen && after.Epoch == before.Epoch {
		t.Errorf("live, stalled and live again in epoch %d", after.Epoch)
	}
}

// TestLeaseOfASleeper: a machine that slept has a clock that stood still, and another one
// that did not.
func TestLeaseOfASleeper(t *testing.T) {
	var l lease
	now, wall := clock()
	l.renew(now, wall)
	if l.over() {
		t.Error("over at once")
	}
	l.renew(now, wall.after(-leaseTime-time.Second)) // as if the wall clock had gone on since
	if !l.over() {
		t.Error("not over although the wall clock says so")
	}
}
