package engine

import (
	"fmt"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// awaited is what a whole book that differed from the one here waits for. It may have
// come before the last of the changes that led to it: until those have come, or
// until the deadline, nobody can say that a change was lost.
type awaited struct {
	key      key
	line     int
	deadline instant
	// ours is what the token's book would be without the refresh. It goes on
	// with the changes up to the key.
	ours *book.Book
	want book.Snapshot // the refresh
	live bool          // whether the token was, when it came
	// open is the key of the run that was going on when the refresh came, whose
	// changes may still come.
	open key
	// run counts the changes with the key of the refresh, those before it and
	// those after it, for the witnesses.
	run run
}

// wholeBook takes a book that the exchange sent. Not older than what is here, it
// is the truth at once.
func (s *shard) wholeBook(t *token, e *feed.Book) {
	s.hide(t)
	k := key{e.Time, e.Hash}
	old := t.based && (k.time < t.horizon.newest.time || k != t.run.key && t.ring.has(k))
	foreign := t.based && t.conn != s.conn
	behindOwn := foreign && t.abroadConn == s.conn && t.abroad.unordered(k)
	if t.state == Gone || foreign && t.state == Live && (old || behindOwn || s.conn < t.conn) {
		return // what is live is not given up for an older connection, or an older book
	}
	if !s.join(t, e.Market) {
		s.breakContinuity(t, BadMessage)
		return
	}
	if foreign {
		s.breakContinuity(t, Disconnected)
		s.takeOver(t)
	}
	differ, err := t.book.Differs(e.Bids, e.Asks)
	switch {
	case err != nil: // a price twice
		s.breakContinuity(t, BadMessage)
	case old && t.continuous:
		s.counts.LateBooks++
		s.oldBook(t, e, k)
	case differ > 0 && t.based && k == t.run.key && t.run.matched:
		s.contradiction(t, e, k)
	default:
		s.learn(t.market, e)
		s.refresh(t, e, k, differ)
	}
}

// takeOver lets the record's connection be the one that a token follows. What that
// one has announced counts, and the ring of the other does not.
func (s *shard) takeOver(t *token) {
	t.ring = ring{}
	if t.abroadConn == s.conn {
		t.horizon.announce(t.abroad.newest)
		t.horizon.crowded = t.horizon.crowded || t.horizon.newest == t.abroad.newest && t.abroad.crowded
	}
	t.abroad = horizon{}
	t.conn = s.conn
}

// learn keeps what a book says of the terms of its market's hashes. What somebody has
// described is older, or is there for what the book does not say.
func (s *shard) learn(m *market, e *feed.Book) {
	s.describe(m)
	terms := &m.terms
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

// refresh replaces the token's book by one from which it differs in some levels,
// or in none.
func (s *shard) refresh(t *token, e *feed.Book, k key, differ int) {
	s.touch(t)
	if t.other != nil && differ > 0 {
		if n, err := t.other.Differs(e.Bids, e.Asks); err == nil && n == 0 {
			t.other, differ = t.become(t.other), 0
		}
	}
	compared := t.based && t.continuous
	switch {
	case t.based && !t.continuous:
		s.tallies[RefreshWitness].count(unknown)
	case compared && differ == 0:
		s.tallies[RefreshWitness].count(agreed)
	}
	open := t.run.key
	if t.awaited != nil && t.awaited.key != k {
		s.endAwaited(t, disagreed)
	}
	if k != open {
		s.closeRun(t)
	}
	ours := t.book
	wait := compared && differ > 0 && t.awaited == nil
	if wait {
		ours = t.book.Fork()
	}
	if differ > 0 {
		if _, err := t.book.Replace(e.Bids, e.Asks); err != nil {
			s.breakContinuity(t, BadMessage)
			return
		}
		t.replaced()
	}
	if wait {
		t.awaited = &awaited{
			key: k, line: s.line, deadline: s.now.after(runTimeout),
			ours: ours, want: t.book.Snapshot(), live: t.state == Live, open: open,
		}
		if k == open {
			t.awaited.run, t.run.entries = t.run, 0
		}
	}
	s.base(t, e, k)
}

// base makes the book, which now is the one that was sent, the token's base, and
// compares it with its own hash.
func (s *shard) base(t *token, e *feed.Book, k key) {
	// Without hashes there is no telling a repeat from the next of its millisecond.
	unnamed := t.based && k.unnamed() && k.time == t.run.key.time
	if k != t.run.key || !t.based {
		s.startRun(t, k)
	} else {
		t.ring.add(k) // which may have been emptied since
	}
	r := &t.run
	// States that were announced and not applied may be missing in it, unless they
	// are older.
	behind := t.horizon.unordered(k) && (!t.based || !t.continuous)
	early := s.now < t.believeFrom
	r.ambiguous = r.ambiguous || behind || unnamed || early
	top := t.book.Top()
	r.bestBid, r.bestAsk, r.hasBest = top.Bid.Price, top.Ask.Price, true
	t.conn = s.conn
	t.based, t.refreshed = true, true
	if t.joining != nil && !behind {
		t.joining.restart(k)
	}
	t.other = nil
	s.pairWithOther(t)
	s.touch(t)
	match := s.calibrate(t, k)
	s.tallyBook(t, e, match)
	r.changed()
	r.compared, r.broken = true, false
	switch match {
	case feed.Mismatched:
		// It does not have even the hash that it came with. What is live stays so
		// for an instant, and what is not does not become so by this.
		r.check, t.found = Failed, s.checker.Found()
		t.fail(s.now)
		return
	case feed.Matched:
		s.matched(t)
	case feed.CannotSay:
	}
	t.baseTime = k.time
	if !behind {
		t.continuous, t.failed = true, false
		if !early {
			s.promote(t)
		}
	}
}

// calibrate compares the token's book with the hash that it came with, and looks
// for the terms of its market's hashes if they are not known.
func (s *shard) calibrate(t *token, k key) feed.Match {
	if s.proofs.off {
		return feed.CannotSay
	}
	m := t.market
	match := s.check(t, t.book, k, feed.Calibrate)
	if match != feed.CannotSay || k.unnamed() || m.exhausted == maxExhausted || s.fruitless == maxFruitless {
		return match
	}
	if match = s.check(t, t.book, k, feed.Exhaust); match == feed.Matched {
		s.fruitless = 0
		return match
	}
	m.exhausted++
	s.fruitless++
	return match
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
// Its own hash is compared under terms that are then forgotten: they are old too.
func (s *shard) oldBook(t *token, e *feed.Book, k key) {
	s.tallies[RefreshWitness].count(unknown)
	if _, err := s.scratch.Replace(e.Bids, e.Asks); err != nil {
		return // not with levels that a book has been compared with
	}
	m := t.market
	terms := m.terms
	match := s.check(t, s.scratch, k, feed.Search)
	s.tallyBook(t, e, match)
	m.terms = terms
	if match == feed.Mismatched || !t.ring.has(k) {
		t.run.doubt() // its time may be what is wrong with it, or that of the book here
		s.touch(t)
	}
}

// contradiction: a book says that it has a hash which the book here does have,
// and differs from it. It is not what it says.
func (s *shard) contradiction(t *token, e *feed.Book, k key) {
	s.tallies[RefreshWitness].count(disagreed)
	if _, err := s.scratch.Replace(e.Bids, e.Asks); err != nil {
		return // not with levels that a book has been compared with
	}
	s.find(refreshFinding(t, s.line, s.scratch.Snapshot(), t.book.Snapshot()))
	s.tallyBook(t, e, s.check(t, s.scratch, k, feed.Quick))
}

// changeAwaited lets the book without the refresh go on with a change of its run, or
// of one that was going on before.
func (s *shard) changeAwaited(t *token, c *feed.Change, k key) {
	h := t.awaited
	if k.time > h.key.time {
		s.endAwaited(t, disagreed) // changes come in order: the missing ones won't
		return
	}
	if k != h.key && k != h.open && k != t.run.key && !t.isLate(k) && t.ring.has(k) {
		return
	}
	if _, err := h.ours.Set(c.Side, c.Price, c.Size); err == nil && h.ours.Snapshot().Equal(h.want) {
		s.endAwaited(t, agreed)
	}
}

// endAwaited decides what a refresh that differed has shown.
func (s *shard) endAwaited(t *token, o outcome) {
	h := t.awaited
	t.awaited = nil
	failedBefore := t.pending.line != 0
	s.tallies[RefreshWitness].count(o)
	if o == disagreed {
		if h.live && t.state == Live {
			t.epoch++ // it was live with a book that lacked something
		}
		s.find(refreshFinding(t, h.line, h.want, h.ours.Snapshot()))
		s.settlePending(t, disagreed) // whatever heals now was healed by the refresh
	}
	switch {
	case h.run.entries == 0:
		return
	case o == agreed && t.run.key == h.key:
		// The run goes on where it was interrupted, and is counted at its end.
		t.run.entries, t.run.line = t.run.entries+h.run.entries, h.run.line
		return
	}
	s.tallies[HashWitness].count(o)
	if o == disagreed {
		// The run was over without the changes that are missing.
		s.check(t, h.ours, h.key, feed.Quick)
		s.find(Finding{
			Line: h.run.line, Asset: t.asset.ID, Witness: HashWitness, Continued: failedBefore,
			Expected: h.key.hash.String(), Found: s.checker.Found().String(),
		})
	}
	s.closeTop(t, &h.run, t.book.Top())
}

// refreshFinding names the first level that differs, and how many do.
func refreshFinding(t *token, line int, want, ours book.Snapshot) Finding {
	f := Finding{Line: line, Asset: t.asset.ID, Witness: RefreshWitness}
	n := 0
	for c := range want.Changes(ours) {
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
