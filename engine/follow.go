package engine

import (
	"context"
	"iter"
	"slices"
	"sync/atomic"
	"time"
)

// settleDelay is how long a book may settle before an iterator over changes tells of
// it. Nearly all have settled with their next frame, some milliseconds later.
const settleDelay = 10 * time.Millisecond

// Changes yields the newest version of every token, and from then on the newest
// version of each token that has changed: its book, its state or its proof. It is
// conflated: a consumer that is slow gets fewer views, never old ones. What it has
// skipped shows in their Version, and that a token was not live in between shows in
// Epoch.
//
// A view that is settling is yielded only if it still is after 10 ms. If the engine
// hangs, the tokens are yielded as stale when its lease runs out, and again when it
// goes on.
//
// The loop ends with the context, with [Subscription.Close], and when the engine has
// ended and what it did until then is yielded; [Subscription.Err] says which. Each
// loop over the iterator begins anew, and any number of them may run at once.
func (s *Subscription) Changes(ctx context.Context) iter.Seq[View] {
	return func(yield func(View) bool) {
		f := s.follow()
		defer f.stop()
		s.iteratorEnded(f.changes(ctx, yield))
	}
}

// follower is an iterator over the newest versions of a subscription's tokens.
type follower struct {
	waiter
	// marks is indexed as the subscription's assets.
	marks []mark
	// marked is the mark that was set last, and links to the ones before: those that
	// have not been gathered yet.
	marked atomic.Pointer[mark]
	// pending are those that have been, the first set first. A mark is in one of the
	// two at most, and once.
	pending []*mark
	held    []*mark // whose token is settling
}

// mark says that a token has changed since a follower looked at it.
type mark struct {
	follower *follower
	asset    *Asset
	vouched  int // index of its lease
	// queued: it is in marked or pending.
	queued atomic.Bool
	next   *mark // in marked

	// The rest is the follower's alone.

	seen       bool
	shown      stamp         // of what was yielded last, if seen
	settlingAt time.Duration // when it was first seen settling, 0 if it is not
	held       bool
	ready      bool // see await
}

// set sets the mark. Any writer may call it, and none waits in it.
func (m *mark) set() {
	if m.queued.Load() || m.queued.Swap(true) {
		return
	}
	f := m.follower
	for {
		last := f.marked.Load()
		m.next = last
		if f.marked.CompareAndSwap(last, m) {
			if last == nil { // otherwise it has been notified
				f.notify()
			}
			return
		}
	}
}

// follow begins to follow the tokens. All marks are set at first.
func (s *Subscription) follow() *follower {
	f := &follower{
		waiter: newWaiter(s),
		marks:  make([]mark, len(s.assets)), pending: make([]*mark, 0, len(s.assets)),
	}
	for at, v := range f.leases {
		for _, i := range v.tokens {
			f.marks[i].vouched = at
		}
	}
	for i, a := range s.assets {
		m := &f.marks[i]
		m.follower, m.asset = f, a
		f.enqueue(m)
		market := a.lock()
		w := a.token.watched()
		w.marks = append(w.marks, m)
		market.mu.Unlock()
	}
	return f
}

// stop undoes follow.
func (f *follower) stop() {
	for i := range f.marks {
		m := &f.marks[i]
		market := m.asset.lock()
		t := m.asset.token
		t.watch.marks = slices.DeleteFunc(t.watch.marks, func(o *mark) bool { return o == m })
		t.unwatched()
		market.mu.Unlock()
	}
	f.waiter.stop()
}

// enqueue makes the follower look at a mark.
func (f *follower) enqueue(m *mark) {
	if !m.queued.Swap(true) {
		f.pending = append(f.pending, m)
	}
}

// gather adds to pending what there is to look at.
func (f *follower) gather() {
	f.turned(func(v *vouched) bool {
		for _, i := range v.tokens {
			f.enqueue(&f.marks[i])
		}
		return true
	})
	if len(f.held) > 0 {
		now := sinceStart()
		f.held = slices.DeleteFunc(f.held, func(m *mark) bool {
			if m.settlingAt != 0 && now < m.settlingAt+settleDelay && !f.ending {
				return false
			}
			if m.held = false; m.settlingAt != 0 {
				f.enqueue(m)
			}
			return true
		})
	}
	n := len(f.pending)
	for m := f.marked.Swap(nil); m != nil; m = m.next {
		f.pending = append(f.pending, m)
	}
	slices.Reverse(f.pending[n:])
}

// look returns the newest version of a mark's token. What changes from now on sets the
// mark again.
func (f *follower) look(m *mark) (v View, provedIn uint64) {
	m.queued.Store(false)
	v, provedIn, stalled := m.asset.look()
	if stalled {
		f.leases[m.vouched].some = true
	}
	return v, provedIn
}

// changes yields until there is a reason not to, which it returns.
func (f *follower) changes(ctx context.Context, yield func(View) bool) error {
	for {
		f.gather()
		for _, m := range f.pending {
			if err := f.sub.interrupted(ctx); err != nil {
				return err
			}
			v, _ := f.look(m)
			if f.tellable(m, &v) && !yield(v) {
				return nil
			}
		}
		f.pending = f.pending[:0]
		if err := f.wait(ctx, f.heldUntil()); err != nil {
			return err
		}
	}
}

// tellable says whether a view is to be yielded, and takes note of it if so.
func (f *follower) tellable(m *mark, v *View) bool {
	if !v.Settling {
		m.settlingAt = 0
	} else {
		now := sinceStart()
		if m.settlingAt == 0 {
			m.settlingAt = now
		}
		if now < m.settlingAt+settleDelay && !f.ending {
			if !m.held {
				m.held = true
				f.held = append(f.held, m)
			}
			return false
		}
	}
	next := stampOf(v)
	if m.seen && next == m.shown {
		return false
	}
	m.seen, m.shown = true, next
	return true
}

// heldUntil returns when the first held mark is due, 0 for never.
func (f *follower) heldUntil() time.Duration {
	var due time.Duration
	for _, m := range f.held {
		if at := m.settlingAt + settleDelay; m.settlingAt != 0 && (due == 0 || at < due) {
			due = at
		}
	}
	return due
}
