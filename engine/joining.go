package engine

import (
	"slices"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// Bounds of a joining.
const (
	// maxEntries is how many changes of a token are kept while a book is fetched: the
	// busiest token makes as many in a minute. If more come, the answer is of no use.
	maxEntries = 4096
	// holdTimeout is how long a fetched book that is ahead of the stream waits for the
	// stream. It was ahead by 1,077 ms at most (measured by others, 2026-10).
	holdTimeout = 2 * time.Second
	// streamLead is by how much the stream must have passed a time, so that what was
	// announced then for any token has come, in exchange milliseconds.
	streamLead = 1000
	// maxRepeated is how many changes back a repeat is looked for. It comes up to
	// 120 ms late (measured by others, 2026-10).
	maxRepeated = 256
)

// joining follows a token's stream while its book is fetched from REST: a book that
// comes beside the stream is of use only if it is known what came after it.
type joining struct {
	// before is the state announced last when the request was made, or the book that
	// the stream has sent since; zero if there was none.
	before key
	// entries are the token's changes since then, in order.
	entries  []entry
	overflow bool // more than maxEntries came
	// held is the answer, as long as it is ahead of the stream.
	held *fetched
}

// entry is one change, with the state that it belongs to.
type entry struct {
	key    key
	change feed.Change
}

// fetched is a book from REST, kept.
type fetched struct {
	key   key
	until instant // it waits no longer
	// announced: the stream has, but perhaps not all that belongs to it.
	announced bool
	event     feed.Book
}

// note keeps a change.
func (j *joining) note(c *feed.Change, k key) {
	if len(j.entries) == maxEntries {
		j.overflow = true
		return
	}
	j.entries = append(j.entries, entry{k, *c})
}

// noteUnchecked keeps a change of a token that has no book to tell repeats by: an
// entry of a state that was announced before the last one is one.
func (j *joining) noteUnchecked(c *feed.Change, k key) {
	if n := len(j.entries); n > 0 && k != j.entries[n-1].key {
		recent := j.entries[max(0, n-maxRepeated):]
		if k == j.before || slices.ContainsFunc(recent, func(e entry) bool { return e.key == k }) {
			return
		}
	}
	j.note(c, k)
}

// restart forgets what was before a book that the stream has sent.
func (j *joining) restart(k key) { j.before, j.entries, j.overflow = k, j.entries[:0], false }

// announced returns what came after a state, if the state was announced since the
// request, or was the last one before.
func (j *joining) announced(k key) (after []entry, ok bool) {
	for i, e := range slices.Backward(j.entries) {
		if e.key == k {
			return j.entries[i+1:], true
		}
	}
	if k == j.before && !k.unnamed() {
		return j.entries, true
	}
	return nil, false
}

// joined is what came of a fetched book.
type joined uint8

const (
	// saysNothing: it neither confirms a live book nor speaks against it.
	saysNothing joined = iota
	// confirmed: the book here is the fetched one, with what came after it.
	confirmed
	// revived: the book here was not to be trusted, and is the fetched one all the
	// same.
	revived
	// replaced: the book here was not to be trusted, and is the fetched one now.
	replaced
	// corrected: a live book differed from the fetched one, and has been replaced.
	corrected
	// missed: a live book differed from a state that the stream has not announced. The
	// token is not followed, until REST has the same book twice, or the stream proves it.
	missed
	// hashless: the book here is the fetched one, but neither has the hash that the
	// exchange announces for it.
	hashless
	// waits: the book is ahead of the stream, and is held.
	waits
	// tooOld: the book is older than the stream.
	tooOld
	// refused: it is no book that this token can have.
	refused
)

// startJoining begins to keep what the stream says of a token.
func (s *shard) startJoining(t *token) {
	before := t.run.key
	if newest := t.horizon.newest; !t.based && newest.time > before.time {
		before = newest
	}
	if t.based && t.conn != s.conn {
		before = key{}
		if t.abroadConn == s.conn {
			before = t.abroad.newest
		}
	}
	t.joining = &joining{before: before}
	s.doubted = false // what is lost from now on, this has to be told
}

// joinFetched is what a fetched book means for a token that is being joined. past is
// the time that the stream as a whole has passed.
func (s *shard) joinFetched(t *token, e *feed.Book, past feed.Timestamp) joined {
	s.hide(t)
	return s.locate(t, &fetched{key: key{e.Time, e.Hash}, until: s.now.after(holdTimeout), event: *e}, past)
}

// joinHeld is joinFetched for the book that is held, when something was announced or
// it has waited for too long.
func (s *shard) joinHeld(t *token, past feed.Timestamp) joined {
	s.hide(t)
	return s.locate(t, t.joining.held, past)
}

// locate finds the place of a fetched book in the stream.
func (s *shard) locate(t *token, f *fetched, past feed.Timestamp) joined {
	j := t.joining
	switch after, known := j.announced(f.key); {
	case j.overflow:
		return tooOld
	case known:
		return s.compareFetched(t, f, after, true)
	case s.isOlder(t, f.key):
		return tooOld
	case past >= f.key.time+streamLead || s.now >= f.until: // or it would have been announced
		return s.unannounced(t, f)
	default:
		return s.hold(t, f)
	}
}

// mayGoOn says whether the run that a book has been announced with may go on. The book
// waits no longer than a run may take.
func (s *shard) mayGoOn(f *fetched) bool {
	if !f.announced {
		f.announced, f.until = true, min(f.until, s.now.after(runTimeout))
	}
	return s.now < f.until
}

// hold keeps a book for later.
func (s *shard) hold(t *token, f *fetched) joined {
	if t.joining.held != f {
		f.event.Bids, f.event.Asks = slices.Clone(f.event.Bids), slices.Clone(f.event.Asks)
		t.joining.held = f
	}
	return waits
}

// isOlder says whether a state that has not been announced since the request is one
// from before.
func (s *shard) isOlder(t *token, k key) bool {
	return k.time < t.joining.before.time || t.based && t.conn == s.conn && t.ring.has(k)
}

// unannounced handles a book of which the stream knows nothing: what the stream said
// later than the book's time comes after it.
func (s *shard) unannounced(t *token, f *fetched) joined {
	var after []entry
	for _, e := range t.joining.entries {
		if e.key.time >= f.key.time {
			after = append(after, e)
		}
	}
	return s.compareFetched(t, f, after, false)
}

// trusted says that nothing speaks against a token's book.
func (s *shard) trusted(t *token) bool {
	return t.state == Live && t.continuous && !t.failed && t.conn == s.conn
}

// compareFetched compares a fetched book, with the changes that came after it, with
// the one here. known says that the stream has announced the state of the book.
func (s *shard) compareFetched(t *token, f *fetched, after []entry, known bool) joined {
	e, k := &f.event, f.key
	if t.state == Gone {
		return saysNothing
	}
	if t.market.id != "" && t.market.id != e.Market {
		return refused
	}
	if _, err := s.scratch.Replace(e.Bids, e.Asks); err != nil {
		return refused // a price twice
	}
	if !s.hasItsHash(t, e, k) {
		return s.unhashed(t, e, k, after)
	}
	if err := apply(s.scratch, after); err != nil {
		return refused
	}
	same := t.based && s.scratch.Snapshot().Equal(t.book.Snapshot())
	if same && t.state == Live && t.continuous && t.conn == s.conn {
		if len(after) > 0 && (t.failed || t.run.check == Open) {
			return saysNothing // a part of what came after it may be missing in both
		}
		s.confirm(t, after)
		return confirmed
	}
	if !s.trusted(t) {
		outcome := s.rebase(t, e, k, after, known)
		if same && outcome == replaced {
			return revived
		}
		return outcome
	}
	switch {
	case known && k == t.run.key && !t.run.matched && s.mayGoOn(f):
		return s.hold(t, f) // the rest of the change may be about to come
	case t.run.check == Open || t.awaited != nil:
		return saysNothing // what is missing may be about to come
	case t.run.matched && !t.run.ambiguous && (known || t.run.key.time > k.time):
		return saysNothing // the book here has the hash of a later state
	case t.run.matched && !t.run.ambiguous && t.run.key.time == k.time && t.oddState != k:
		// Two states of one millisecond: a state that REST still has the next time is
		// the later one.
		t.oddState = k
		return saysNothing
	}
	if s.rebase(t, e, k, after, known) == refused {
		return refused
	}
	t.epoch++ // it was live with a book that lacked something
	if known {
		return corrected
	}
	// The book is some seconds old by now, and nobody tells what came after it.
	t.unfollowed = true
	t.demote(Silent, s.now)
	return missed
}

// unhashed handles a fetched book that does not have the hash that it came with. If it
// is the book here all the same, then the market's hashes are no longer made as they
// were, and are given up until a whole book tells how.
func (s *shard) unhashed(t *token, e *feed.Book, k key, after []entry) joined {
	if _, err := s.scratch.Replace(e.Bids, e.Asks); err != nil || apply(s.scratch, after) != nil {
		return refused
	}
	if !t.based || !s.scratch.Snapshot().Equal(t.book.Snapshot()) {
		return refused
	}
	if t.run.matched || !t.failed {
		return refused // the stream's hashes are made as they were, as far as is known
	}
	t.market.terms, t.market.exhausted = feed.MarketTerms{}, max(t.market.exhausted, 1)
	s.learn(t.market, e)
	for _, other := range t.market.tokens {
		s.hide(other)
		other.run.changed()
		other.failed = false
		s.touch(other)
	}
	if s.rebase(t, e, k, after, true) == refused {
		return refused
	}
	return hashless
}

// hasItsHash says whether a fetched book, which is in scratch, has the hash that it
// came with, as far as that can be said. What it tells of the terms of the market's
// hashes is kept if it has.
func (s *shard) hasItsHash(t *token, e *feed.Book, k key) bool {
	if !s.join(t, e.Market) {
		return false
	}
	s.describe(t.market) // which stays
	terms := t.market.terms
	s.learn(t.market, e)
	match := s.check(t, s.scratch, k, feed.Calibrate)
	// REST tells all that the hash covers. If none can be made from that, and no book
	// from elsewhere has shown that hashes of this market cannot be made at all, it is
	// the levels that are wrong.
	if match == feed.CannotSay && e.HasStatics && !k.unnamed() && !s.proofs.off && t.market.exhausted == 0 {
		match = feed.Mismatched
	}
	if match == feed.Mismatched {
		t.market.terms = terms
	}
	return match != feed.Mismatched
}

func apply(b *book.Book, entries []entry) error {
	for i := range entries {
		c := &entries[i].change
		if _, err := b.Set(c.Side, c.Price, c.Size); err != nil {
			return err
		}
	}
	return nil
}

// confirm says that REST has the book that is here, whatever its announced hash, but
// for what came after it.
func (s *shard) confirm(t *token, after []entry) {
	t.oddState, t.failed = key{}, false
	if t.run.check == Failed {
		t.run.check = Unproved
	}
	if t.run.check != Proved && len(after) == 0 {
		t.proof = proof{ByRest, t.version, s.now}
	}
}

// rebase makes a fetched book the token's, and applies the changes that came after
// it.
func (s *shard) rebase(t *token, e *feed.Book, k key, after []entry, known bool) joined {
	if !s.join(t, e.Market) {
		return refused
	}
	if t.based && t.conn != s.conn {
		s.breakContinuity(t, Disconnected)
		s.takeOver(t)
	}
	// Of two states of one millisecond, this may be the earlier. And if the stream has told
	// of a later one of the other token, it has not told all of this one.
	unordered := !known && (t.joining != nil && k.time == t.joining.before.time || t.market.movedAfter(k, s.conn))
	t.joining = nil
	t.continuous = false // whatever is open here is not answered by a book from elsewhere
	s.finish(t)
	if _, err := t.book.Replace(e.Bids, e.Asks); err != nil {
		return refused
	}
	t.replaced()
	t.conn, t.based, t.other, t.hasLate, t.oddState = s.conn, true, nil, false, key{}
	t.baseTime = k.time
	s.rerun(t, k)
	top := t.book.Top()
	t.run.bestBid, t.run.bestAsk, t.run.hasBest = top.Bid.Price, top.Ask.Price, true
	match := s.calibrate(t, k)
	t.run.compared, t.run.matched = true, match == feed.Matched
	for i := range after {
		if after[i].key != t.run.key {
			s.rerun(t, after[i].key)
		}
		s.set(t, &after[i].change)
	}
	s.touch(t)
	t.rested = true
	if known || len(after) == 0 && !t.unfollowed && !unordered {
		t.unfollowed = false
		t.continuous, t.failed = true, false
		s.promote(t)
	}
	return replaced
}

// rerun begins a run that has been announced before.
func (s *shard) rerun(t *token, k key) {
	t.horizon.announce(k)
	t.run = run{key: k, ambiguous: t.horizon.unordered(k)}
	if !t.ring.has(k) {
		t.ring.add(k)
	}
}
