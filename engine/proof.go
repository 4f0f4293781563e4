package engine

import (
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// Bounds on exhaustive calibrations, which take some 15 ms each: so many for a
// market, and so many for a shard in a row that find nothing. A stream of books
// with invented hashes costs half a second in all.
const (
	maxExhausted = 4
	maxFruitless = 32
)

// What the hash of a book costs is taken to be the length of its text, about.
const (
	idBytes    = 400
	levelBytes = 36 // {"price":"0.123","size":"12345.67"},
)

// proofs is the budget of a shard for hashing books, and the tokens that wait for
// it.
type proofs struct {
	off bool
	// rate is in bytes of text per second, 0 for no limit; left is what remains at
	// the time at, from minus the rate of one second to that of one. A book may cost
	// more than is left, which the next ones pay for.
	rate, left int64
	at         instant
	// queue holds, from first on, each token that could not be compared when it was
	// published, once, the longest waiting first.
	queue []*token
	first int
}

// limit sets the budget: bytes for each second, 0 for no limit, less than 0 for
// nothing at all. It begins with that of a second.
func (p *proofs) limit(bytes int64, now instant) {
	p.off, p.rate = bytes < 0, max(bytes, 0)
	p.left, p.at = p.rate, now
	for p.off && p.waiting() {
		p.next() // nothing else would take it
	}
}

// allows says whether a book may be hashed now that could as well be hashed later.
func (p *proofs) allows(now instant) bool {
	if p.off {
		return false
	}
	if p.rate == 0 {
		return true
	}
	// What is less than a byte is left for the next time.
	if credit := time.Duration(now-p.at).Seconds() * float64(p.rate); credit >= 1 {
		p.left = min(p.rate, p.left+int64(min(credit, 2*float64(p.rate))))
		p.at = now
	}
	return p.left > 0
}

// allowedAt returns when a book may be hashed that could as well be hashed later.
func (p *proofs) allowedAt() instant {
	if p.left > 0 || p.rate == 0 {
		return p.at
	}
	// Not earlier by a part of a nanosecond: time might not go on.
	return p.at.after(time.Duration(float64(1-p.left)/float64(p.rate)*float64(time.Second)) + 1)
}

// charge takes the cost of a book from the budget. What could not be put off goes on
// credit, of one second at most.
func (p *proofs) charge(bytes int64) {
	if p.rate > 0 {
		p.left = max(p.left-bytes, -p.rate)
	}
}

// waiting says that the queue is not empty.
func (p *proofs) waiting() bool { return p.first < len(p.queue) }

// later puts a token into the queue.
func (p *proofs) later(t *token) {
	if !t.unproved && !p.off {
		t.unproved = true
		p.queue = append(p.queue, t)
	}
}

// next takes a token from the queue, which must not be empty.
func (p *proofs) next() *token {
	t := p.queue[p.first]
	t.unproved = false
	p.queue[p.first] = nil
	p.first++
	if 2*p.first >= len(p.queue) { // so that each token is moved once, on average
		n := copy(p.queue, p.queue[p.first:])
		clear(p.queue[n:])
		p.queue, p.first = p.queue[:n], 0
	}
	return t
}

// prove compares the tokens that wait, as long as no frame does.
func (s *shard) prove() {
	for p := &s.proofs; p.waiting() && !s.more && p.allows(s.now); {
		t := p.next()
		s.hide(t)
		s.compare(t)
		s.reschedule(t)
	}
}

// evaluate compares the book with the hash of the token's run as far as the budget
// goes. Tokens that wait come first. But a mismatch that is known is looked into when
// the run is over: nothing could tell later.
func (s *shard) evaluate(t *token, over bool) {
	if !s.proofs.off {
		s.evaluateWithin(&s.proofs, t, over)
	}
}

func (s *shard) evaluateWithin(p *proofs, t *token, over bool) {
	switch {
	case over && t.run.check == Open:
		s.compareAs(t, true)
	case over && (p.rate == 0 || !p.waiting()) && p.allows(s.now):
		s.compareAs(t, true)
	case over:
	case s.more || p.waiting() || !p.allows(s.now):
		p.later(t)
	default:
		s.compare(t)
	}
}

// compare compares the book with the hash of the token's run, whatever is left of
// the budget, unless that has been done since the book changed.
func (s *shard) compare(t *token) {
	if !t.run.compared {
		s.compareAs(t, false)
	}
}

// compareAs compares the book with the hash of the token's run. If the run is over,
// a mismatch is a failure.
func (s *shard) compareAs(t *token, over bool) {
	r := &t.run
	if r.matched || r.check == Failed || s.proofs.off || t.market.id == "" {
		return
	}
	r.compared = true
	effort := feed.Quick
	if over && (t.searchedAt == 0 || s.now >= t.searchedAt.after(s.searchGap)) {
		effort = feed.Search
		s.counts.Searches++
	}
	switch s.check(t, t.book, r.key, effort) {
	case feed.Matched:
		s.matched(t)
	case feed.CannotSay:
		r.check = Unproved
	case feed.Mismatched:
		t.found = s.checker.Found()
		if t.other != nil && s.check(t, t.other, r.key, effort) == feed.Matched {
			s.exchange(t)
			s.matched(t)
			return
		}
		if effort == feed.Search {
			t.searchedAt, r.searched = s.now, true
		}
		r.check = Open
		if r.openSince == 0 {
			r.openSince = s.now
		}
		if over {
			r.check = Failed
			t.fail(s.now)
		}
	}
}

// exchange makes the book that it may be instead the token's.
func (s *shard) exchange(t *token) {
	t.other = t.become(t.other)
	t.settle(t.unsettled(), s.now)
	if !t.touched {
		t.version++ // it is not what it was, and no frame is about to say so
	}
}

// matched: the book has the hash of the token's run. If that is surely the newest
// state, it is proved, and every doubt is over.
func (s *shard) matched(t *token) {
	r := &t.run
	r.matched, r.check = true, Unproved
	if newest := t.horizon.newest.time; r.key.time < newest {
		if r.entries > 0 && newest-r.key.time > maxDisorder {
			t.setBack(r.key, s.now) // no change is that late
		}
		return
	}
	t.failed = false
	if r.ambiguous || r.broken {
		return
	}
	r.check = Proved
	t.continuous, t.other = true, nil
	if !t.touched { // otherwise there is a version to come, and publish proves that
		t.proof = proof{ByHash, t.version, s.now}
	}
	s.promote(t)
	t.provedIn = t.epoch
}

func (s *shard) check(t *token, b *book.Book, k key, effort feed.Effort) feed.Match {
	m := t.market
	id := feed.BookID{Market: m.id, Asset: t.asset.ID, Time: k.time}
	if s.proofs.off {
		return feed.CannotSay
	}
	s.bids, s.asks = b.AppendBackward(s.bids[:0], book.Bid), b.AppendBackward(s.asks[:0], book.Ask)
	s.proofs.charge(idBytes + levelBytes*int64(len(s.bids)+len(s.asks)))
	return s.checker.Check(id, s.bids, s.asks, k.hash, &m.terms, effort)
}
