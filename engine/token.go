package engine

import (
	"slices"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// token is one token's book and everything that is known about it.
type token struct {
	// What nearly every change touches stands first and together, as far as overdue: with
	// many tokens, each line of memory that they are spread over is a miss of the cache.

	// market is one of its own, without an id, before the first event. Its lock
	// guards all that follows: see [shard.hide].
	market  *market
	book    *book.Book
	awaited *awaited
	joining *joining // while a book is fetched, nil otherwise
	// other is what the book may be instead, nil if nothing speaks for it: the
	// states of one millisecond may have come in another order. The next run's
	// hash decides.
	other *book.Book

	hidden    bool // in shard.hidden
	touched   bool // by the frame that is being applied
	refreshed bool // the frame held a whole book that was taken
	rested    bool // a fetched book was taken
	// unfollowed: REST had a state that the stream has not announced. One more of
	// them does not make the book live.
	unfollowed bool
	unproved   bool // in proofs.queue
	// based: the book has been whole once. Without it the book is empty and
	// changes are only noted.
	based bool
	// continuous: nothing is known to have been missed since the book was whole.
	continuous bool
	failed     bool // a hash did not match, and none has since
	state      State
	reason     Reason
	// settling is how the top differs from the reported one, NoReason if it does
	// not.
	settling   Reason
	hasLate    bool // late is one
	hasSetBack bool // setBackTo is one
	wasSetBack bool // at setBackAt

	conn int // the connection whose changes it follows, if based
	run  run
	// horizon is of the states announced by the connection that it follows, applied
	// or not. A state that another may be newer than is never Proved.
	horizon  horizon
	baseTime feed.Timestamp // of the last whole book that may be what it says
	ring     ring
	version  uint64
	received instant
	proof    proof
	epoch    uint64
	shown    shownTop
	watch    *watch   // who is told of changes, nil if nobody is
	overdue  schedule // in shard.deadlines
	pending  failure

	asset    *feed.Asset
	readers  *Asset
	provedIn uint64 // the epoch in which a hash proved the book last
	// setBackAt is when the horizon was last moved to an earlier time, if wasSetBack.
	setBackAt instant
	// setBackTo is the latest state before the run's that the book had the hash of with
	// changes that came after the run.
	setBackTo key
	// believeFrom is when a book of the stream makes the token live: of one that was left
	// and is watched again, a book may still be on its way from before.
	believeFrom instant
	// oddState is one of the newest millisecond that REST had, and the stream has not
	// announced.
	oddState key
	// late is the state that entries older than the run's came for last. Its ring
	// entry is no sign of a repeat until the next run begins.
	late       key
	found      feed.Hash // the last that did not match
	since      instant   // of state
	settlingAt instant   // when settling began
	failedAt   instant   // when failed became true
	// searchedAt is when a mismatch was last searched for its terms.
	searchedAt instant
	// abroad is of the states that another connection has announced meanwhile, the
	// one numbered abroadConn.
	abroad     horizon
	abroadConn int
	// errs are the last ones that were published: of a state, and of a live book
	// that is crossed or whose top is not the reported one.
	errs [3]*StateError
	// snapshot is of the version snapshotOf, 0 if there is none: the next reader of
	// the same version gets the same one.
	snapshot   book.Snapshot
	snapshotOf uint64
}

func newToken(a *feed.Asset, l *lease) *token {
	t := &token{asset: a, market: newMarket(""), book: book.New(), reason: Initial}
	t.overdue = schedule{place: -1, index: a.Index}
	t.readers = &Asset{id: a.ID, token: t, lease: l}
	t.readers.market.Store(t.market)
	t.show()
	return t
}

// proof is a Proof.
type proof struct {
	by      Evidence
	version uint64
	at      instant
}

// horizon is the latest time of all states announced: the first state with it, and
// whether others were announced with it.
type horizon struct {
	newest  key
	crowded bool
}

// announce takes note of a state, and says whether another may be newer.
func (h *horizon) announce(k key) (unordered bool) {
	switch {
	case k.time > h.newest.time:
		h.newest, h.crowded = k, false
		return false
	case k.time == h.newest.time && k != h.newest:
		h.crowded = true
	}
	return h.unordered(k)
}

// unordered says whether another state may be newer than this one: the exchange's
// times do not tell which of two states of one millisecond came first.
func (h *horizon) unordered(k key) bool {
	return k.time < h.newest.time || k.time == h.newest.time && (h.crowded || k != h.newest)
}

func (t *token) isLate(k key) bool { return t.hasLate && k == t.late }

// setBack makes a state the newest although later ones were announced: their time
// was wrong. Unless they did come too early: until whatever was overtaken has come,
// no run is proved. Which states have been announced is still known.
func (t *token) setBack(k key, now instant) {
	t.horizon, t.setBackAt, t.wasSetBack = horizon{newest: k}, now, true
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

// unsettled compares the top with the reported best prices.
func (t *token) unsettled() Reason {
	top := t.book.Top()
	switch {
	case top.Crossed():
		return Crossed
	case t.run.hasBest && !t.run.agreesWith(top):
		return TopMismatch
	default:
		return NoReason
	}
}

// settle takes what unsettled says.
func (t *token) settle(reason Reason, now instant) {
	if t.settling == NoReason && reason != NoReason {
		t.settlingAt = now
	}
	t.settling = reason
}

// waits says that something may be overdue some time: without, nextDeadline is 0.
func (t *token) waits() bool {
	return t.awaited != nil || t.run.check == Open || t.failed || t.settling != NoReason
}

// nextDeadline returns when something is overdue next, 0 for never.
func (t *token) nextDeadline() instant {
	var next instant
	at := func(due instant) {
		if next == 0 || due < next {
			next = due
		}
	}
	if t.awaited != nil {
		at(t.awaited.deadline)
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

// usable says that there is a top to be used.
func (t *token) usable() bool { return t.state == Live && t.settling == NoReason }

// isShown says that the top is to be used and published already.
func (t *token) isShown() bool {
	shown := &t.shown
	return t.usable() && shown.err == nil && shown.epoch == t.epoch && shown.top == t.book.Top()
}

// show publishes the top and the state, if they are new.
func (t *token) show() {
	next := shownTop{top: t.book.Top(), epoch: t.epoch}
	if !t.usable() {
		next.err = t.stateError()
	}
	if next != t.shown {
		t.shown = next
		t.readers.top.show(next, t.version, t.run.key.time, t.received)
	}
}

// stateError says why there is no top. It is made once for each state, reason and
// epoch: a book that often settles makes no garbage.
func (t *token) stateError() *StateError {
	reason := t.reason
	slot := &t.errs[0]
	if t.state == Live {
		reason = t.settling
		slot = &t.errs[1]
		if reason == TopMismatch {
			slot = &t.errs[2]
		}
	}
	e := *slot
	if e == nil || e.State != t.state || e.Reason != reason || e.Epoch != t.epoch {
		e = &StateError{State: t.state, Reason: reason, Since: t.since.time(), Epoch: t.epoch}
		*slot = e
	}
	return e
}

// view returns the book and the status.
func (t *token) view() View {
	if t.snapshotOf != t.version || t.version == 0 {
		t.snapshot, t.snapshotOf = t.book.Snapshot(), t.version
	}
	return View{Asset: t.asset.ID, Market: t.market.id, Snapshot: t.snapshot, Status: t.status()}
}

func (t *token) status() Status {
	terms := t.market.terms.Terms()
	s := Status{
		State: t.state, Reason: t.reason, Since: t.since.time(),
		Settling: t.state == Live && t.settling != NoReason,
		Epoch:    t.epoch, Version: t.version, Check: t.run.check,
		Proof: Proof{By: t.proof.by, Version: t.proof.version, Time: t.proof.at.time()},
		Time:  t.run.key.time, Hash: t.run.key.hash, Received: t.received.time(),
		TickSize: terms.TickSize, LastTrade: terms.LastTrade,
	}
	if s.Settling {
		s.Reason = t.settling
	}
	return s
}

// clone returns a copy that goes its own way; the levels are shared until one of
// the two changes them.
func (t *token) clone() *token {
	c := *t
	c.readers = &Asset{id: t.asset.ID, token: &c, lease: t.readers.lease}
	c.book, c.snapshotOf, c.watch = t.book.Fork(), 0, nil
	if t.market.id == "" {
		c.market = newMarket("")
		c.readers.market.Store(c.market)
	}
	if t.other != nil {
		c.other = t.other.Fork()
	}
	c.ring.marks = slices.Clone(t.ring.marks)
	if t.joining != nil {
		j := *t.joining
		j.entries = slices.Clone(j.entries)
		c.joining = &j
	}
	if t.awaited != nil {
		h := *t.awaited
		h.ours = t.awaited.ours.Fork()
		c.awaited = &h
	}
	c.shown = shownTop{}
	c.show()
	return &c
}
