package engine

import (
	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// token is one token's book and everything that is known about it.
type token struct {
	asset  *feed.Asset
	market int // index into shard.markets, -1 before the first event
	conn   int // the connection whose changes it follows, if based

	book *book.Book
	// based: the book has been whole once. Without it the book is empty and
	// changes are only noted.
	based bool
	// continuous: nothing is known to have been missed since the book was whole.
	continuous bool
	baseTime   feed.Timestamp // of the last whole book

	run    run
	newest feed.Timestamp // of what has been applied; a match of the hash sets it
	ring   ring

	state    State
	reason   Reason
	since    instant
	epoch    uint64
	version  uint64
	received instant
	proof    Proof

	// settlingAt is when the top last stopped being the reported one, 0 if it is;
	// settling then says how it differs.
	settlingAt instant
	settling   Reason
	// failedAt is when a hash did not match, 0 if one has matched since.
	failedAt instant
	pending  failure
	hold     *hold
	// searchedAt is when a mismatch was last searched for its terms.
	searchedAt instant

	touched   bool // by the frame that is being applied
	refreshed bool // the frame held a whole book that was taken
	// deadline is the next time at which something here is overdue, 0 for none;
	// place is its place in shard.deadlines, -1 if it has none.
	deadline instant
	place    int
}

func newToken(a *feed.Asset) *token {
	return &token{asset: a, market: -1, book: book.New(), reason: Initial, place: -1}
}

// promote makes a token live, if it is not.
func (t *token) promote(now instant) {
	if t.state == Live || t.state == Gone {
		return
	}
	t.state, t.reason, t.since = Live, NoReason, now
	t.epoch++
}

// demote makes a live token stale.
func (t *token) demote(reason Reason, now instant) {
	if t.state != Live {
		return
	}
	t.state, t.reason, t.since = Stale, reason, now
}

// settle compares the top with the reported best prices.
func (t *token) settle(now instant) {
	top := t.book.Top()
	reason := NoReason
	switch {
	case top.Crossed():
		reason = Crossed
	case t.run.hasBest && !t.run.agreesWith(top):
		reason = TopMismatch
	}
	t.settling = reason
	switch {
	case reason == NoReason:
		t.settlingAt = 0
	case t.settlingAt == 0:
		t.settlingAt = now
	}
}

// agreesWith compares prices only: sizes at the top are not reported. The price
// of an empty side is 0 on both sides of the comparison.
func (r *run) agreesWith(top book.Top) bool {
	return top.Bid.Price == r.bestBid && top.Ask.Price == r.bestAsk
}

// nextDeadline returns when something is overdue next, 0 for never.
func (t *token) nextDeadline() instant {
	var next instant
	at := func(due instant) {
		if next == 0 || due < next {
			next = due
		}
	}
	if t.hold != nil {
		at(t.hold.deadline)
	}
	if t.run.check == Open {
		at(t.run.last.after(runTimeout))
	}
	if t.state == Live {
		if t.failedAt != 0 {
			at(t.failedAt.after(failureTimeout))
		}
		if t.settlingAt != 0 {
			at(t.settlingAt.after(settleTimeout))
		}
	}
	return next
}

// clone returns a copy that goes its own way; the levels are shared until one of
// the two changes them.
func (t *token) clone() *token {
	c := *t
	c.book = t.book.Fork()
	if t.hold != nil {
		h := *t.hold
		h.ours = t.hold.ours.Fork()
		c.hold = &h
	}
	return &c
}
