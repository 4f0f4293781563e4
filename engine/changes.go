package engine

import (
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

func (s *shard) priceChange(e *feed.PriceChange) {
	if len(e.Changes) == 2 && mirrors(&e.Changes[0], &e.Changes[1]) { // as nearly always
		s.pair(e)
		return
	}
	s.mirror(e)
	for i := range e.Changes {
		c := &e.Changes[i]
		if t := s.token(c.Asset); s.entry(e, c, t) {
			s.set(t, c)
		}
	}
}

// entry takes a change of an event, and says whether it is to be set in the token's run,
// which it may begin. If it is not, what it says is nothing new, or has been dealt with.
func (s *shard) entry(e *feed.PriceChange, c *feed.Change, t *token) bool {
	s.hide(t)
	switch {
	case s.beginsRun(t, e.Time) && t.market.id == e.Market: // as nearly always
		s.closeRun(t)
		s.startRun(t, key{e.Time, c.Hash})
		return true
	case t.state == Gone:
	case t.based && t.conn != s.conn:
		t.noteAbroad(s.conn, c, key{e.Time, c.Hash})
	case t.market.id != e.Market && !s.join(t, e.Market):
		s.breakContinuity(t, BadMessage)
	default:
		return s.change(t, c, e.Time)
	}
	return false
}

// beginsRun says that a change of some time, under the name of the token's market, begins
// a run, whatever it says: it is of a state that is later than all that is known.
func (s *shard) beginsRun(t *token, at feed.Timestamp) bool {
	return t.based && t.conn == s.conn && t.state != Gone && t.awaited == nil && t.isNew(at)
}

// noteAbroad takes note of a state that another connection has announced. The two
// connections' views of a token must not be mixed, but a book of that one may
// follow, and lack the change.
func (t *token) noteAbroad(conn int, c *feed.Change, k key) {
	if t.abroadConn != conn {
		t.abroad, t.abroadConn = horizon{}, conn
	}
	t.abroad.announce(k)
	if t.joining != nil {
		t.joining.noteUnchecked(c, k)
	}
}

// change is entry for a token that follows no other connection and is of the event's market.
//
// Within one connection and token, the exchange sends changes in order, but
// repeats some of them late. The key tells them apart: it names the state that
// the entry belongs to.
func (s *shard) change(t *token, c *feed.Change, at feed.Timestamp) bool {
	k := key{at, c.Hash}
	if !t.based {
		// The whole book is still to come, and will include it.
		t.run.key = k
		t.horizon.announce(k)
		if t.joining != nil {
			t.joining.noteUnchecked(c, k)
		}
		s.touch(t)
		return false
	}
	if t.awaited != nil {
		s.changeAwaited(t, c, k)
	}
	return s.changeKnown(t, c, k)
}

// isNew says that a state of a time is later than all that is known.
func (t *token) isNew(at feed.Timestamp) bool {
	return at > t.run.key.time && at > t.horizon.newest.time && at >= t.baseTime
}

// changeKnown is change for an entry whose state may be known.
func (s *shard) changeKnown(t *token, c *feed.Change, k key) bool {
	r := &t.run
	if k.time <= r.key.time && r.entries > 0 && (k != r.key || r.levels&levelBit(c) != 0) {
		s.compare(t) // what is to be done depends on whether the state is reached
		s.reschedule(t)
	}
	switch {
	case k == r.key && r.matched:
		// The state that it belongs to is reached: whatever it says is either so
		// already or was so before the end of the run.
		s.counts.Repeats++
		s.touch(t)
		t.note(c, s.line)
	case k == r.key:
		return true
	case !t.isLate(k) && k.time <= t.horizon.newest.time && t.ring.has(k):
		s.counts.Repeats++
		s.repeat(t, c, k)
	case t.isPast(k):
		s.counts.Repeats++
		s.past(t, c, k)
	case k.time >= r.key.time:
		s.closeRun(t)
		s.startRun(t, k)
		return true
	default:
		s.setLate(t, c, k)
	}
	return false
}

// startRun begins a run. A match of its hash proves nothing if another state may
// be newer, or if this one has been announced before.
func (s *shard) startRun(t *token, k key) {
	unordered := t.horizon.announce(k)
	overtaken := t.wasSetBack && s.now < t.setBackAt.after(maxDisorder*time.Millisecond)
	ambiguous := unordered || overtaken || t.ring.has(k)
	t.run = run{}
	t.run.key, t.run.ambiguous = k, ambiguous
	t.ring.add(k)
	t.hasLate, t.hasSetBack = false, false
}

// set writes a change of the token's run into the book.
func (s *shard) set(t *token, c *feed.Change) {
	if t.joining != nil {
		t.joining.note(c, t.run.key)
	}
	if s.write(t, c) {
		s.wasSet(t, c)
	}
}

// wasSet follows a change of the token's run that was written.
func (s *shard) wasSet(t *token, c *feed.Change) {
	t.run.changed()
	t.run.levels |= levelBit(c)
	s.touch(t)
	t.note(c, s.line)
}

// write puts a change into the book, and into the one that it may be instead, and says
// whether it could.
func (s *shard) write(t *token, c *feed.Change) bool {
	old, err := t.book.Set(c.Side, c.Price, c.Size)
	if err != nil {
		s.overflow(t)
		return false
	}
	s.written(t, c, old)
	return true
}

// overflow: a change would give the book more levels than it can have.
func (s *shard) overflow(t *token) {
	t.refreshed = false
	s.breakContinuity(t, BadMessage)
}

// written follows a change that is in the book, where old was before it.
func (s *shard) written(t *token, c *feed.Change, old book.Size) {
	t.refreshed = false
	s.counts.Applied++
	if t.watch != nil || t.other != nil {
		t.writtenToo(c, old)
	}
}

// writtenToo takes a change to who is told of them, and into what the book may be instead.
func (t *token) writtenToo(c *feed.Change, old book.Size) {
	if t.watch != nil {
		t.watch.level(c, old)
	}
	if t.other != nil {
		if _, err := t.other.Set(c.Side, c.Price, c.Size); err != nil {
			t.other = nil
		}
	}
}

// note counts a change as one of the token's run, or of the one whose refresh is
// awaited.
func (t *token) note(c *feed.Change, line int) {
	r := &t.run
	if t.awaited != nil && r.key == t.awaited.key {
		r.report(c)
		r = &t.awaited.run
	}
	r.count(c, line)
}

// repeat handles an entry whose state was announced before and is not the newest:
// a late repeat, not to be applied. But if the newest state has the same
// millisecond and is complete, the book may have returned to the earlier one. With
// the entries of that state it is another book, which takes over if it has its
// hash; the next run tells which of the two is right.
func (s *shard) repeat(t *token, c *feed.Change, k key) {
	if k.time < t.horizon.newest.time {
		return
	}
	t.horizon.announce(k)
	if t.horizon.unordered(t.run.key) {
		t.run.doubt()
		s.touch(t) // the doubt is a version of its own
	}
	if !t.run.matched {
		return
	}
	if !s.wouldBe(t, c, k) {
		return
	}
	returned := t.other
	t.other = nil // it is no part of what ends
	s.closeRun(t)
	t.other = t.become(returned)
	s.startRun(t, k)
	t.run.report(c)
	s.matched(t) // and not counted as a run: that state has been
	s.touch(t)
}

// wouldBe writes a change into the book that the token's may be instead, and says
// whether that has the hash of a state.
func (s *shard) wouldBe(t *token, c *feed.Change, k key) bool {
	if t.other == nil {
		t.other = t.book.Fork()
	}
	if _, err := t.other.Set(c.Side, c.Price, c.Size); err != nil {
		t.other = nil
		return false
	}
	return s.check(t, t.other, k, feed.Quick) == feed.Matched
}

// isPast says whether an entry that was never seen is part of a state that is
// known whole: one whose hash matches, or a book that was sent.
func (t *token) isPast(k key) bool {
	reached := t.baseTime
	if t.run.matched {
		reached = max(reached, t.run.key.time)
	}
	return k.time < reached && reached-k.time <= maxDisorder
}

// past does not apply an entry that the book includes. The exchange does send
// such changes, right after the opening book (measured by others, 2026-10). But the
// time of the entry may be what is wrong, or the exchange's clock have been set back:
// the book stays, and is not proved any more; with such entries it is another book, which
// takes over if it has the hash of the next run, or those of two of the entries: a
// change of the level that was changed last can have one of them by accident.
func (s *shard) past(t *token, c *feed.Change, k key) {
	t.late, t.hasLate = k, true
	t.ring.add(k)
	t.run.doubt()
	s.touch(t)
	if !s.wouldBe(t, c, k) {
		return
	}
	if !t.hasSetBack || k.time <= t.setBackTo.time {
		t.setBackTo, t.hasSetBack = k, true
		return
	}
	next := t.other
	t.other = nil // it is no part of what ends
	s.closeRun(t)
	t.become(next)
	t.setBack(k, s.now)
	t.run = run{key: k, matched: true, ambiguous: true}
	t.note(c, s.line)
}

// setLate applies an entry that is older than the run's, belongs to a state that
// is not known, and may be what the book lacks: the order was changed on the way.
// The book may then have the hash of the run after all, which proves nothing: it
// may be the time of the entry that is wrong.
//
// If the entry is older than any order can have gone wrong by, the run's time is
// what is wrong, and the book may be at the entry's own state.
func (s *shard) setLate(t *token, c *feed.Change, k key) {
	if !t.isLate(k) {
		t.late, t.hasLate = k, true
		t.ring.add(k)
	}
	wrongTime := t.run.key.time-k.time > maxDisorder
	if wrongTime {
		s.closeRun(t) // before the entry changes the book that it is about
	}
	if t.joining != nil {
		t.joining.note(c, k)
	}
	if !s.write(t, c) {
		return
	}
	t.run.changed()
	t.run.ambiguous = true
	s.touch(t)
	if wrongTime && s.check(t, t.book, k, feed.Quick) == feed.Matched {
		t.setBack(k, s.now)
		t.run = run{key: k, matched: true, ambiguous: true}
		t.note(c, s.line)
	}
}

// closeRun ends the token's run: its book should now be what was announced. It
// asks the witnesses, once.
func (s *shard) closeRun(t *token) {
	r := &t.run
	if r.entries > 0 {
		s.evaluate(t, true)
		if t.pending.line == 0 && r.check != Failed { // as nearly always
			s.tallies[HashWitness].count(r.saysHash())
		} else {
			s.closeFailed(t)
		}
		if top := t.book.Top(); r.hasBest && r.agreesWith(top) {
			s.tallies[TopWitness].count(agreed)
		} else {
			s.closeTop(t, r, top)
		}
		r.entries = 0 // they have been counted
	}
	if t.other != nil && !r.ambiguous {
		t.other = nil
	}
}

// saysHash is what the witness of the hash says at the end of a run that has not failed.
func (r *run) saysHash() outcome {
	if r.matched {
		return agreed
	}
	return unknown
}

// closeFailed asks the witness of the hash at the end of a run if that or the one before
// it has failed. A disagreement waits for the next run.
func (s *shard) closeFailed(t *token) {
	r := &t.run
	failedBefore := t.pending.line != 0
	switch {
	case r.matched:
		s.settlePending(t, healed)
		s.tallies[HashWitness].count(agreed)
	case r.check == Failed && t.continuous:
		s.settlePending(t, disagreed)
		t.pending = failure{line: r.line, continued: failedBefore, expected: r.key.hash, found: t.found}
		if failedBefore && r.searched {
			t.demote(HashMismatch, s.now) // whatever the clock says
		}
	default:
		o := disagreed
		if !r.compared {
			o = unknown // there was no budget for it
		}
		s.settlePending(t, o)
		s.tallies[HashWitness].count(unknown)
	}
}

// settlePending counts the failure of an earlier run, which waited for the next
// one.
func (s *shard) settlePending(t *token, o outcome) {
	if t.pending.line != 0 {
		s.settleFailure(t, o)
	}
}

func (s *shard) settleFailure(t *token, o outcome) {
	p := t.pending
	t.pending = failure{}
	s.tallies[HashWitness].count(o)
	if o == unknown {
		return
	}
	s.find(Finding{
		Line: p.line, Asset: t.asset.ID, Witness: HashWitness, Healed: o == healed, Continued: p.continued,
		Expected: p.expected.String(), Found: p.found.String(),
	})
}

// find keeps a finding until the record is done: whoever is told of it may look at
// the books.
func (s *shard) find(f Finding) {
	if s.report != nil {
		s.findings = append(s.findings, f)
	}
}

// closeTop asks the witness of the top at the end of a run.
func (s *shard) closeTop(t *token, r *run, top book.Top) {
	switch {
	case !r.hasBest:
		s.tallies[TopWitness].count(unknown)
	case r.agreesWith(top):
		s.tallies[TopWitness].count(agreed)
	case !t.continuous:
		s.tallies[TopWitness].count(unknown)
	default:
		s.tallies[TopWitness].count(disagreed)
		s.find(Finding{
			Line: r.line, Asset: t.asset.ID, Witness: TopWitness,
			Expected: pair(r.bestBid, r.bestAsk), Found: pair(top.Bid.Price, top.Ask.Price),
		})
	}
}

// pair writes best prices, "-" for an empty side.
func pair(bid, ask book.Price) string {
	text := func(p book.Price) string {
		if p == 0 {
			return "-"
		}
		return p.String()
	}
	return text(bid) + "/" + text(ask)
}

// trade notes the last trade price of the token's market. The hash may have had
// it before, and a mismatch be explained by it.
func (s *shard) trade(t *token, e *feed.Trade) {
	s.hide(t)
	if !s.join(t, e.Market) {
		return
	}
	m := t.market
	m.terms.NoteTrade(e.Price, e.Decimals)
	if t.watch != nil {
		t.watch.trade(e)
	}
	s.touch(t)
	s.reconsider(m)
}

// tickSizeChange notes a new tick size. The levels stay.
func (s *shard) tickSizeChange(t *token, e *feed.TickSizeChange) {
	s.hide(t)
	if !s.join(t, e.Market) {
		return
	}
	m := t.market
	m.terms.NoteTick(e.New)
	s.touch(t)
	s.reconsider(m)
}

// reconsider lets the tokens of a market whose hash has failed be compared again.
func (s *shard) reconsider(m *market) {
	for _, t := range m.tokens {
		if t.run.check == Failed {
			s.hide(t)
			t.run.changed()
			s.touch(t)
		}
	}
}
