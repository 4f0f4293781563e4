package engine

import (
	"example.com/truebook/book"
	"example.com/truebook/feed"
)

func (s *shard) priceChange(e *feed.PriceChange) {
	s.mirror(e)
	for i := range e.Changes {
		c := &e.Changes[i]
		t := s.token(c.Asset)
		s.terms(t, e.Market)
		s.change(t, c, key{e.Time, c.Hash})
	}
}

// change applies one entry to its token, or finds that it says nothing new.
//
// Within one connection and token, the exchange sends changes in order, but
// repeats some of them late. The key tells them apart: it names the state that
// the entry belongs to.
func (s *shard) change(t *token, c *feed.Change, k key) {
	if t.state == Gone {
		return
	}
	if !t.based {
		// The whole book is still to come, and will include it.
		t.run.key = k
		t.ring.add(k)
		s.touch(t)
		return
	}
	if t.conn != s.conn {
		return // another connection's view of it; the two must not be mixed
	}
	if t.hold != nil {
		s.changeHeld(t, c, k)
	}
	switch {
	case k == t.run.key && t.run.check == Proved:
		// The state that it belongs to is reached: whatever it says is either so
		// already or was so before the end of the run.
		s.note(t, c)
	case k == t.run.key:
		s.set(t, c)
	case k.time <= t.newest && t.ring.has(k):
		s.repeat(t, c, k)
	case k.time >= t.newest:
		s.closeRun(t)
		last := t.run
		s.startRun(t, k)
		t.run.ambiguous = last.sameInstant(k, c)
		s.set(t, c)
	case t.run.check == Proved || k.time < t.baseTime:
		s.past(t, c, k)
	default:
		s.setLate(t, c, k)
	}
}

// sameInstant says whether a run that begins with a change in the same
// millisecond as this one ended might really have come before it, so that a match
// of its hash would not show the newest state. Changes of one level leave no
// trace of their order; and if this run never matched, anything is possible.
func (r *run) sameInstant(k key, c *feed.Change) bool {
	return r.key.time == k.time && (r.check != Proved || r.side == c.Side && r.price == c.Price)
}

func (s *shard) startRun(t *token, k key) {
	t.run = run{key: k}
	t.ring.add(k)
	t.newest = max(t.newest, k.time)
}

// set writes a change of the token's run into the book.
func (s *shard) set(t *token, c *feed.Change) {
	if _, err := t.book.Set(c.Side, c.Price, c.Size); err != nil {
		s.breakContinuity(t, BadMessage) // more levels than a book can have
		return
	}
	t.run.check, t.run.searched, t.run.matched = Unproved, false, false
	s.note(t, c)
}

// note counts a change as one of the token's run.
func (s *shard) note(t *token, c *feed.Change) {
	r := &t.run
	r.entries++
	r.line, r.last = s.line, s.now
	r.side, r.price = c.Side, c.Price
	r.bestBid, r.bestAsk, r.hasBest = c.BestBid, c.BestAsk, c.HasBest
	s.touch(t)
}

// repeat handles an entry whose state was announced before and is not the newest:
// a late repeat, not to be applied. If the newest state has the same millisecond,
// the book may also have returned to that state; the hash allows it or not.
func (s *shard) repeat(t *token, c *feed.Change, k key) {
	if k.time == t.newest {
		fork := t.book.Fork()
		if _, err := fork.Set(c.Side, c.Price, c.Size); err == nil && s.check(t, fork, k, feed.Quick) == feed.Matched {
			s.closeRun(t)
			s.startRun(t, k)
			t.run.ambiguous = true
			s.set(t, c)
			return
		}
	}
	s.repeats++
}

// past handles an entry that was never seen and is older than a state that is
// known whole, which therefore includes it. The exchange does send such changes,
// right after the opening book (measured by others, 2026-10). If the book has
// another size there, either a later change has set it or the time of the entry
// is wrong: the book stays, but it is not proved any more.
func (s *shard) past(t *token, c *feed.Change, k key) {
	s.late++
	t.ring.add(k)
	if t.run.check == Proved && t.book.SizeAt(c.Side, c.Price) != c.Size {
		t.run.check, t.run.ambiguous, t.run.searched = Unproved, true, true
		s.fail(t)
		s.touch(t)
	}
}

// setLate applies an entry that is older than the newest state, was never seen,
// and may be what that state lacks: the order was changed on the way. The book
// may then have the hash of the newest state after all.
//
// If the entry is older than any order can have gone wrong by, the newest time is
// what is wrong, and the book may be at the entry's own state.
func (s *shard) setLate(t *token, c *feed.Change, k key) {
	s.late++
	t.ring.add(k)
	if _, err := t.book.Set(c.Side, c.Price, c.Size); err != nil {
		s.breakContinuity(t, BadMessage)
		return
	}
	s.touch(t)
	t.run.check, t.run.searched, t.run.matched = Unproved, false, false
	if t.newest-k.time > maxDisorder && s.check(t, t.book, k, feed.Quick) == feed.Matched {
		s.closeRun(t)
		t.newest = k.time
		t.run = run{key: k}
		s.note(t, c)
	}
}

// closeRun ends the token's run: its book should now be what was announced. It
// asks the witnesses, once.
func (s *shard) closeRun(t *token) {
	r := &t.run
	if r.entries == 0 {
		return
	}
	s.evaluate(t, true)
	s.closeHash(t)
	s.closeTop(t)
	r.entries = 0 // they have been counted
}

// closeHash asks the witness of the hash at the end of a run. A disagreement
// waits for the next run.
func (s *shard) closeHash(t *token) {
	r := &t.run
	o := unknown
	switch {
	case r.matched:
		o = agreed
	case r.check == Failed && t.continuous:
		o = disagreed
	}
	failedBefore := t.pending.line != 0
	if o == agreed {
		s.settlePending(t, healed)
	} else {
		s.settlePending(t, disagreed)
	}
	if o == disagreed {
		found := s.found(t, t.book, r.key)
		t.pending = failure{line: r.line, continued: failedBefore, expected: r.key.hash, found: found}
	} else {
		s.tallies[HashWitness].count(o)
	}
}

// found computes the hash that a book has under the likeliest terms.
func (s *shard) found(t *token, b *book.Book, k key) feed.Hash {
	if s.report == nil {
		return feed.Hash{}
	}
	s.check(t, b, k, feed.Quick)
	return s.checker.Found()
}

// settlePending counts the failure of an earlier run, which waited for the next
// one.
func (s *shard) settlePending(t *token, o outcome) {
	p := t.pending
	if p.line == 0 {
		return
	}
	t.pending = failure{}
	s.tallies[HashWitness].count(o)
	s.find(Finding{
		Line: p.line, Asset: t.asset.ID, Witness: HashWitness, Healed: o == healed, Continued: p.continued,
		Expected: p.expected.String(), Found: p.found.String(),
	})
}

func (s *shard) find(f Finding) {
	if s.report != nil {
		s.report(f)
	}
}

// closeTop asks the witness of the top at the end of a run.
func (s *shard) closeTop(t *token) {
	r := &t.run
	top := t.book.Top()
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

func (s *shard) trade(t *token, e *feed.Trade) {
	terms := s.terms(t, e.Market)
	terms.NoteTrade(e.Price, e.Decimals)
	s.touch(t)
}

func (s *shard) tickSizeChange(t *token, e *feed.TickSizeChange) {
	terms := s.terms(t, e.Market)
	terms.NoteTick(e.New)
	s.touch(t)
}
