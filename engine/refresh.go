package engine

import (
	"fmt"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// hold is a whole book that differed from the one here when it came. It may have
// come before the last of the changes that led to it: until those have come, or
// until the deadline, nobody can say that a change was lost.
type hold struct {
	key      key
	line     int
	deadline instant
	// ours is what the token's book would be without the refresh. It goes on
	// with the changes up to the key.
	ours *book.Book
	want book.Snapshot // the refresh
	// began: the run of the key had begun before the refresh came.
	began bool
}

// wholeBook takes a book that the exchange sent. Not older than what is here, it
// is the truth at once.
func (s *shard) wholeBook(t *token, e *feed.Book) {
	switch {
	case t.state == Gone:
		return
	case t.based && s.conn < t.conn && t.state == Live:
		return // the older of two connections
	case t.based && s.conn != t.conn:
		s.breakContinuity(t, Disconnected)
	}
	terms := s.terms(t, e.Market)
	k := key{e.Time, e.Hash}
	differ, err := t.book.Differs(e.Bids, e.Asks)
	switch {
	case err != nil: // a price twice
		s.breakContinuity(t, BadMessage)
	case k.time < t.newest || k != t.run.key && t.ring.has(k):
		s.oldBook(t, e, k)
	case differ > 0 && t.based && k == t.run.key && t.run.check == Proved:
		s.contradiction(t, e, k)
	default:
		note(terms, e)
		s.refresh(t, e, k, differ)
	}
}

// refresh replaces the token's book by one from which it differs in some levels,
// or in none.
func (s *shard) refresh(t *token, e *feed.Book, k key, differ int) {
	compared := t.based && t.continuous
	if compared && differ == 0 {
		s.tallies[RefreshWitness].count(agreed)
	}
	// Changes that came before the first book were not applied. If they are not
	// older than it, they may be missing in it.
	behind := !t.based && t.run.key != (key{}) && t.run.key != k && t.run.key.time >= k.time
	if k != t.run.key {
		if t.hold != nil {
			s.endHold(t, disagreed)
		}
		s.closeRun(t)
	}
	if differ > 0 {
		ours, began := t.book.Fork(), t.run.entries > 0
		if _, err := t.book.Replace(e.Bids, e.Asks); err != nil {
			s.breakContinuity(t, BadMessage)
			return
		}
		if compared && t.hold == nil {
			t.hold = &hold{
				key: k, line: s.line, deadline: s.now.after(runTimeout),
				ours: ours, want: t.book.Snapshot(), began: began,
			}
		}
	}
	s.base(t, e, k)
	if behind {
		t.continuous = false
		t.run.check, t.run.ambiguous = Unproved, true
		return
	}
	s.trust(t)
}

// note keeps what a book says of the terms of its market's hashes.
func note(terms *feed.MarketTerms, e *feed.Book) {
	if e.TickSize != 0 {
		terms.NoteTick(e.TickSize)
	}
	if e.HasLastTrade {
		terms.NoteLastTrade(e.LastTrade)
	}
	if e.HasStatics {
		terms.NoteStatics(e.MinOrderSize, e.NegRisk)
	}
}

// contradiction: a book says that it has a hash which the book here is proved to
// have, and differs from it. It is not what it says.
func (s *shard) contradiction(t *token, e *feed.Book, k key) {
	s.tallies[RefreshWitness].count(disagreed)
	ours := t.book.Fork()
	if _, err := ours.Replace(e.Bids, e.Asks); err != nil {
		return
	}
	s.find(refreshFinding(t, &hold{line: s.line, ours: t.book, want: ours.Snapshot()}))
	s.tallyBook(t, e, s.check(t, ours, k, feed.Quick))
}

// base makes the book, which now is the one that was sent, the token's base, and
// compares it with its own hash.
func (s *shard) base(t *token, e *feed.Book, k key) {
	if k != t.run.key || !t.based {
		s.startRun(t, k)
	}
	r := &t.run
	top := t.book.Top()
	r.bestBid, r.bestAsk, r.hasBest = top.Bid.Price, top.Ask.Price, true
	r.last, r.ambiguous, r.searched, r.matched = s.now, false, false, false
	t.conn = s.conn
	t.baseTime, t.newest = k.time, k.time
	t.based, t.refreshed = true, true
	s.touch(t)
	match := s.check(t, t.book, k, feed.Calibrate)
	s.tallyBook(t, e, match)
	switch match {
	case feed.Matched:
		r.check, r.matched = Proved, true
	case feed.Mismatched:
		r.check, r.searched = Failed, true
	case feed.CannotSay:
		r.check = Unproved
	}
}

// trust draws the conclusion of a new base. If it does not have even the hash
// that it came with, what is live stays so for an instant, and what is not does
// not become so by this.
func (s *shard) trust(t *token) {
	switch t.run.check {
	case Proved:
		s.proved(t)
	case Failed:
		s.fail(t)
	case Open, Unproved:
		t.continuous = true
		t.failedAt = 0
		t.promote(s.now)
	}
}

func (s *shard) tallyBook(t *token, e *feed.Book, match feed.Match) {
	switch match {
	case feed.Matched:
		s.tallies[HashWitness].count(agreed)
	case feed.CannotSay:
		s.tallies[HashWitness].count(unknown)
	case feed.Mismatched:
		s.tallies[HashWitness].count(disagreed)
		s.find(Finding{
			Line: s.line, Asset: t.asset.ID, Witness: HashWitness,
			Expected: e.Hash.String(), Found: s.checker.Found().String(),
		})
	}
}

// oldBook looks at a book that is older than what is here, and is not applied.
func (s *shard) oldBook(t *token, e *feed.Book, k key) {
	s.late++
	if t.based && t.continuous {
		s.tallies[RefreshWitness].count(unknown)
	}
	if _, err := s.scratch.Replace(e.Bids, e.Asks); err != nil {
		return // not with levels that a book has been compared with
	}
	s.tallyBook(t, e, s.check(t, s.scratch, k, feed.Calibrate))
}

// changeHeld lets the book without the refresh go on with a change of its run.
func (s *shard) changeHeld(t *token, c *feed.Change, k key) {
	h := t.hold
	if k.time > h.key.time {
		s.endHold(t, disagreed) // changes come in order: the missing ones won't
		return
	}
	if k != h.key && t.ring.has(k) {
		return
	}
	if _, err := h.ours.Set(c.Side, c.Price, c.Size); err == nil && h.ours.Snapshot().Equal(h.want) {
		s.endHold(t, agreed)
	}
}

// endHold decides what a refresh that differed has shown.
func (s *shard) endHold(t *token, o outcome) {
	h := t.hold
	t.hold = nil
	s.tallies[RefreshWitness].count(o)
	if o != disagreed {
		return
	}
	if t.state == Live {
		t.epoch++ // it was live with a book that lacked something
	}
	s.find(refreshFinding(t, h))
	s.settlePending(t, disagreed) // whatever heals now was healed by the refresh
	if r := &t.run; h.began && r.key == h.key && r.entries > 0 {
		// The run was over without the changes that are missing.
		s.tallies[HashWitness].count(disagreed)
		s.find(Finding{
			Line: r.line, Asset: t.asset.ID, Witness: HashWitness,
			Expected: r.key.hash.String(), Found: s.found(t, h.ours, r.key).String(),
		})
		s.closeTop(t)
		r.entries = 0
	}
}

// refreshFinding names the first level that differs, and how many do.
func refreshFinding(t *token, h *hold) Finding {
	f := Finding{Line: h.line, Asset: t.asset.ID, Witness: RefreshWitness}
	n := 0
	for c := range h.want.Changes(h.ours.Snapshot()) {
		if n == 0 {
			f.Expected = fmt.Sprintf("%v %v x %v", c.Side, c.Price, c.New)
			f.Found = fmt.Sprintf("%v %v x %v", c.Side, c.Price, c.Old)
		}
		n++
	}
	if n > 1 {
		f.Found += fmt.Sprintf(", and %d more", n-1)
	}
	return f
}
