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
	// other is what the book may be instead, nil if nothing speaks for it: the
	// states of one millisecond may have come in another order. The next run's
	// hash decides.
	other *book.Book
	// based: the book has been whole once. Without it the book is empty and
	// changes are only noted.
	based bool
	// continuous: nothing is known to have been missed since the book was whole.
	continuous bool
	baseTime   feed.Timestamp // of the last whole book that may be what it says

	run run
	// horizon is of the states announced by the connection that it follows, applied
	// or not. A state that another may be newer than is never Proved.
	horizon horizon
	// setBackAt is when the horizon was last moved to an earlier time, 0 if it never
	// was.
	setBackAt instant
	ring      *ring // nil until the token is based
	// late is the state that entries older than the run's came for last. Its ring
	// entry is no sign of a repeat until the next run begins.
	late key
	// abroad is of the states that another connection has announced meanwhile, the
	// one numbered abroadConn.
	abroad     horizon
	abroadConn int

	state    State
	reason   Reason
	since    instant
	epoch    uint64
	version  uint64
	received instant
	proof    Proof

	// settling is how the top differs from the reported one, NoReason if it does
	// not, and settlingAt when that began.
	settling   Reason
	settlingAt instant
	// failed: a hash did not match, and none has since; failedAt is when.
	failed   bool
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

// horizon is the latest time of all states announced: the first state with it, and
// whether others were announced with it.
type horizon struct {
	newest  key
	crowded bool
}

// announce takes note of a state.
func (h *horizon) announce(k key) {
	switch {
	case k.time > h.newest.time:
		h.newest, h.crowded = k, false
	case k.time == h.newest.time && k != h.newest:
		h.crowded = true
	}
}

// unordered says whether another state may be newer than this one: the exchange's
// times do not tell which of two states of one millisecond came first.
func (h *horizon) unordered(k key) bool {
	return k.time < h.newest.time || k.time == h.newest.time && (h.crowded || k != h.newest)
}

// setBack makes a state the newest although later ones were announced: their time
// was wrong. Unless they did come too early: until whatever was overtaken has come,
// no run is proved. Which states have been announced is still known.
func (t *token) setBack(k key, now instant) {
	t.horizon, t.setBackAt = horizon{newest: k}, now
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

// fail says that a hash did not match.
func (t *token) fail(now instant) {
	if !t.failed {
		t.failed, t.failedAt = true, now
	}
}

// settle compares the top with the reported best prices.
func (t *token) settle(now instant) {
	top := t.book.Top()
	before := t.settling
	switch {
	case top.Crossed():
		t.settling = Crossed
	case t.run.hasBest && !t.run.agreesWith(top):
		t.settling = TopMismatch
	default:
		t.settling = NoReason
	}
	if before == NoReason {
		t.settlingAt = now
	}
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
		at(t.run.openSince.after(runTimeout))
	}
	if t.state == Live {
		if t.failed {
			at(t.failedAt.after(failureTimeout))
		}
		if t.settling != NoReason {
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
	if t.other != nil {
		c.other = t.other.Fork()
	}
	if t.ring != nil {
		r := *t.ring
		c.ring = &r
	}
	if t.hold != nil {
		h := *t.hold
		h.ours = t.hold.ours.Fork()
		c.hold = &h
	}
	return &c
}
