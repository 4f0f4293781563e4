package engine

import (
	"maps"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// shard keeps the books of the tokens of one connection. It is pure: it does no
// I/O, reads no clock, starts no goroutine, and the same records always lead to
// the same books and verdicts.
type shard struct {
	decoder *feed.Decoder
	checker feed.HashChecker
	// tokens is indexed by feed.Asset.Index, nil where a token was named only by
	// events that concern no book.
	tokens  []*token
	markets []market
	// marketIndex finds a market by its condition id.
	marketIndex map[string]int
	deadlines   deadlines

	tallies Tallies
	repeats uint64 // entries that had been applied before, and were not again
	late    uint64 // entries and books older than what they would have changed
	// report is called with each finding, if it is not nil.
	report func(Finding)
	// searchGap bounds the searches of each token; 0 searches at every mismatch.
	searchGap time.Duration

	// Of the record that is being applied.
	now     instant
	line    int
	conn    int
	touched []*token
	// scratch is a book for one that is only looked at, bids and asks are the
	// levels of one that is being hashed.
	scratch    *book.Book
	bids, asks []book.Level
}

// market is what the two tokens of a market share.
type market struct {
	id    string
	terms feed.MarketTerms
}

func newShard(options feed.DecoderOptions) *shard {
	return &shard{
		decoder:     feed.NewDecoder(options),
		marketIndex: map[string]int{},
		scratch:     book.New(),
	}
}

// clone returns a copy that goes its own way. The two share the decoder, and so
// must be driven by one goroutine.
func (s *shard) clone() *shard {
	c := *s
	c.checker = feed.HashChecker{}
	c.tokens = make([]*token, len(s.tokens))
	c.deadlines = make(deadlines, len(s.deadlines))
	for i, t := range s.tokens {
		if t == nil {
			continue
		}
		c.tokens[i] = t.clone()
		if t.place >= 0 {
			c.deadlines[t.place] = c.tokens[i]
		}
	}
	c.markets = append([]market(nil), s.markets...)
	c.marketIndex = maps.Clone(s.marketIndex)
	c.touched, c.bids, c.asks = nil, nil, nil
	c.scratch = book.New()
	return &c
}

// step applies one record at a time that is not before the last one. It returns
// the first error of a frame that could not be read, whole or in part.
func (s *shard) step(now instant, r *feed.Record) error {
	s.expire(now)
	s.now, s.line, s.conn = now, r.Line, r.Conn
	switch r.Kind {
	case feed.FrameReceived:
		return s.frame(r.Frame)
	case feed.Opened, feed.Closed:
		s.breakAll(Disconnected)
	case feed.Lost:
		s.breakAll(Gap)
	}
	return nil
}

// expire lets everything happen that is due by now, in order.
func (s *shard) expire(now instant) {
	for len(s.deadlines) > 0 && s.deadlines[0].deadline <= now {
		t := s.deadlines[0]
		s.now = t.deadline
		s.overdue(t)
		s.deadlines.set(t, t.nextDeadline())
	}
}

// overdue applies what is due for a token. Each case clears the cause of its
// deadline.
func (s *shard) overdue(t *token) {
	if t.hold != nil && t.hold.deadline <= s.now {
		s.endHold(t, disagreed)
	}
	if t.run.check == Open && t.run.last.after(runTimeout) <= s.now {
		s.evaluate(t, true)
	}
	if t.failedAt != 0 && t.failedAt.after(failureTimeout) <= s.now {
		t.demote(HashMismatch, s.now)
	}
	if t.settlingAt != 0 && t.settlingAt.after(settleTimeout) <= s.now {
		t.demote(t.settling, s.now)
	}
}

func (s *shard) frame(data []byte) error {
	events, err := s.decoder.Decode(data)
	if err != nil {
		s.breakAll(BadMessage)
		return err
	}
	for _, event := range events {
		switch e := event.(type) {
		case *feed.PriceChange:
			s.priceChange(e)
		case *feed.Book:
			s.wholeBook(s.token(e.Asset), e)
		case *feed.Trade:
			s.trade(s.token(e.Asset), e)
		case *feed.TickSizeChange:
			s.tickSizeChange(s.token(e.Asset), e)
		case *feed.Resolved:
			s.resolved(e)
		case *feed.Bad:
			s.breakContinuity(s.token(e.Asset), BadMessage)
			if err == nil {
				err = e.Err
			}
		}
	}
	for _, t := range s.touched {
		s.publish(t)
	}
	s.touched = s.touched[:0]
	return err
}

// token returns the token of an asset, which it makes if need be.
func (s *shard) token(a *feed.Asset) *token {
	for a.Index >= len(s.tokens) {
		s.tokens = append(s.tokens, nil)
	}
	t := s.tokens[a.Index]
	if t == nil {
		t = newToken(a)
		s.tokens[a.Index] = t
	}
	return t
}

// touch says that the frame has something to say of the token's book.
func (s *shard) touch(t *token) {
	if !t.touched {
		t.touched = true
		s.touched = append(s.touched, t)
	}
}

// terms returns those of the market that an event names for a token. A token
// stays in its market.
func (s *shard) terms(t *token, id string) *feed.MarketTerms {
	if t.market >= 0 && s.markets[t.market].id == id {
		return &s.markets[t.market].terms
	}
	i, ok := s.marketIndex[id]
	if !ok {
		i = len(s.markets)
		s.markets = append(s.markets, market{id: id})
		s.marketIndex[id] = i
	}
	t.market = i
	return &s.markets[i].terms
}

// publish ends what a frame did to a token: one more version, and its check.
func (s *shard) publish(t *token) {
	refreshed := t.refreshed
	t.touched, t.refreshed = false, false
	t.received = s.now
	if !t.based {
		return
	}
	t.version++
	t.settle(s.now)
	s.evaluate(t, false)
	switch {
	case t.run.check == Proved:
		t.proof = Proof{By: ByHash, Version: t.version, Time: s.now.time()}
	case refreshed && t.run.check != Failed:
		t.proof = Proof{By: ByRefresh, Version: t.version, Time: s.now.time()}
	case t.proof.By <= ByTop && t.run.hasBest && t.settling == NoReason:
		t.proof = Proof{By: ByTop, Version: t.version, Time: s.now.time()}
	}
	s.deadlines.set(t, t.nextDeadline())
}

// evaluate compares the book with the hash of the token's run, unless that has
// been done for the book as it is. If the run is over, a mismatch is a failure. A
// match clears every doubt.
func (s *shard) evaluate(t *token, over bool) {
	r := &t.run
	if r.matched || r.searched || t.market < 0 {
		return
	}
	effort := feed.Quick
	if over && (t.searchedAt == 0 || s.now >= t.searchedAt.after(s.searchGap)) {
		effort = feed.Search
	}
	switch s.check(t, t.book, r.key, effort) {
	case feed.Matched:
		r.matched = true
		if r.ambiguous {
			r.check = Unproved
			return
		}
		r.check = Proved
		s.proved(t)
	case feed.Mismatched:
		r.check = Open
		if effort == feed.Search {
			t.searchedAt = s.now
		}
		if over {
			r.check, r.searched = Failed, true
			s.fail(t)
		}
	case feed.CannotSay:
		r.check = Unproved
	}
}

func (s *shard) check(t *token, b *book.Book, k key, effort feed.Effort) feed.Match {
	m := &s.markets[t.market]
	id := feed.BookID{Market: m.id, Asset: t.asset.ID, Time: k.time}
	s.bids, s.asks = b.AppendBackward(s.bids[:0], book.Bid), b.AppendBackward(s.asks[:0], book.Ask)
	return s.checker.Check(id, s.bids, s.asks, k.hash, &m.terms, effort)
}

// proved: the book is the exchange's at the time of the run.
func (s *shard) proved(t *token) {
	t.failedAt = 0
	t.newest = t.run.key.time
	t.continuous = true
	t.proof = Proof{By: ByHash, Version: t.version, Time: s.now.time()}
	t.promote(s.now)
}

func (s *shard) fail(t *token) {
	if t.failedAt == 0 {
		t.failedAt = s.now
	}
}

// breakAll: what the connection carried from now on, or until now, is unknown.
func (s *shard) breakAll(reason Reason) {
	for _, t := range s.tokens {
		if t != nil && t.based && t.conn == s.conn {
			s.breakContinuity(t, reason)
		}
	}
}

// breakContinuity: something that concerns the token was lost. Doubt comes
// first; a match of the hash, or a whole book, ends it.
func (s *shard) breakContinuity(t *token, reason Reason) {
	t.demote(reason, s.now)
	if !t.based {
		return
	}
	if t.hold != nil {
		s.endHold(t, unknown)
	}
	if t.run.check != Failed {
		t.continuous = false // what is missing explains whatever does not match
	}
	s.closeRun(t)
	s.settlePending(t, disagreed)
	t.continuous = false
	s.deadlines.set(t, t.nextDeadline())
}

// resolved ends the tokens of a market.
func (s *shard) resolved(e *feed.Resolved) {
	for _, id := range e.Assets {
		for _, t := range s.tokens {
			if t != nil && t.asset.ID == id && t.state != Gone {
				s.closeRun(t)
				t.state, t.reason, t.since = Gone, Resolved, s.now
			}
		}
	}
}

// end asks the witnesses about whatever is still open. A run that does not match
// and was going on until now may have been cut off by the end.
func (s *shard) end() {
	for _, t := range s.tokens {
		if t == nil {
			continue
		}
		if t.hold != nil {
			s.endHold(t, unknown)
		}
		if t.run.check == Open {
			t.continuous = false
		}
		s.closeRun(t)
		s.settlePending(t, disagreed)
	}
}

// view returns a token's book and status.
func (s *shard) view(t *token) View {
	v := View{
		Asset: t.asset.ID, Snapshot: t.book.Snapshot(),
		Status: Status{
			State: t.state, Reason: t.reason, Since: t.since.time(),
			Settling: t.state == Live && t.settlingAt != 0,
			Epoch:    t.epoch, Version: t.version, Check: t.run.check, Proof: t.proof,
			Time: t.run.key.time, Hash: t.run.key.hash, Received: t.received.time(),
		},
	}
	if v.Settling {
		v.Reason = t.settling
	}
	if t.market >= 0 {
		m := &s.markets[t.market]
		terms := m.terms.Terms()
		v.Market, v.TickSize, v.LastTrade = m.id, terms.TickSize, terms.LastTrade
	}
	return v
}
