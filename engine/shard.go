package engine

import (
	"maps"
	"slices"
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
	// report is called with each finding, if it is not nil.
	report func(Finding)
	// searchGap bounds the searches of each token; 0 searches at every mismatch.
	searchGap time.Duration
	// fruitless counts the exhaustive calibrations since the last that found
	// something, see maxFruitless.
	fruitless int
	// doubted: nothing has been published since breakAll, for doubtedConn.
	doubted     bool
	doubtedConn int

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
	id        string
	terms     feed.MarketTerms
	tokens    []*token // that are in it
	exhausted int      // exhaustive calibrations that found nothing
}

// Bounds on exhaustive calibrations, which take some 15 ms each: so many for a
// market, and so many for a shard in a row that find nothing. A stream of books
// with invented hashes costs half a second in all.
const (
	maxExhausted = 4
	maxFruitless = 32
)

func newShard(options feed.DecoderOptions) *shard {
	return &shard{
		decoder:     feed.NewDecoder(options),
		marketIndex: map[string]int{},
		searchGap:   searchGap,
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
	for i := range c.markets {
		m := &c.markets[i]
		m.tokens = append([]*token(nil), m.tokens...)
		for j, t := range m.tokens {
			m.tokens[j] = c.tokens[t.asset.Index]
		}
	}
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
	case feed.Unreadable:
		s.conn = feed.EveryConn
		s.breakAll(BadMessage)
		return &feed.DecodeError{Reason: "neither a frame nor an envelope of one"}
	}
	return nil
}

// expire lets everything happen that is due by now, in order.
func (s *shard) expire(now instant) {
	for len(s.deadlines) > 0 && s.deadlines[0].deadline <= now {
		t := s.deadlines[0]
		s.now = max(s.now, t.deadline) // which may have been set when it was over already
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
	if t.run.check == Open && t.run.openSince.after(runTimeout) <= s.now {
		s.evaluate(t, true)
	}
	if t.failed && t.failedAt.after(failureTimeout) <= s.now {
		t.demote(HashMismatch, s.now)
	}
	if t.settling != NoReason && t.settlingAt.after(settleTimeout) <= s.now {
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
			if t := s.token(e.Asset); !t.based || t.conn == s.conn {
				s.breakContinuity(t, BadMessage)
			}
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

// join puts a token into the market that an event names for it. Once a hash has
// matched, the token stays where it is. It returns false if the event names
// another market, or one too many.
func (s *shard) join(t *token, id string) bool {
	if t.market >= 0 {
		if s.markets[t.market].id == id {
			return true
		}
		if s.markets[t.market].terms.Terms().Recipe != feed.RecipeUnknown {
			return false
		}
	}
	i, ok := s.marketIndex[id]
	if !ok {
		if len(s.markets) >= feed.MaxAssets {
			return false
		}
		i = len(s.markets)
		s.markets = append(s.markets, market{id: id})
		s.marketIndex[id] = i
	}
	if t.market >= 0 {
		old := &s.markets[t.market]
		old.tokens = slices.DeleteFunc(old.tokens, func(o *token) bool { return o == t })
	}
	t.market = i
	s.markets[i].tokens = append(s.markets[i].tokens, t)
	return true
}

// publish ends what a frame did to a token: one more version, and its check.
func (s *shard) publish(t *token) {
	refreshed := t.refreshed
	t.touched, t.refreshed = false, false
	t.received = s.now
	if !t.based {
		return
	}
	s.doubted = false
	t.version++
	t.settle(s.now)
	s.evaluate(t, false)
	r := &t.run
	switch {
	case r.check == Proved:
		t.proof = Proof{By: ByHash, Version: t.version, Time: s.now.time()}
	case refreshed && r.check == Unproved && !r.ambiguous:
		t.proof = Proof{By: ByRefresh, Version: t.version, Time: s.now.time()}
	case t.proof.By <= ByTop && r.hasBest && t.settling == NoReason:
		t.proof = Proof{By: ByTop, Version: t.version, Time: s.now.time()}
	}
	s.deadlines.set(t, t.nextDeadline())
}

// evaluate compares the book with the hash of the token's run, unless that has
// been done for the book as it is. If the run is over, a mismatch is a failure.
func (s *shard) evaluate(t *token, over bool) {
	r := &t.run
	if r.matched || r.check == Failed || t.market < 0 {
		return
	}
	effort := feed.Quick
	if over && (t.searchedAt == 0 || s.now >= t.searchedAt.after(s.searchGap)) {
		effort = feed.Search
	}
	switch s.check(t, t.book, r.key, effort) {
	case feed.Matched:
		s.matched(t)
	case feed.CannotSay:
		r.check = Unproved
	case feed.Mismatched:
		r.found = s.checker.Found()
		if t.other != nil && s.check(t, t.other, r.key, effort) == feed.Matched {
			t.book, t.other = t.other, t.book
			t.settle(s.now)
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
	if r.ambiguous {
		return
	}
	r.check = Proved
	t.continuous, t.other = true, nil
	if !t.touched { // otherwise there is a version to come, and publish proves that
		t.proof = Proof{By: ByHash, Version: t.version, Time: s.now.time()}
	}
	t.promote(s.now)
}

func (s *shard) check(t *token, b *book.Book, k key, effort feed.Effort) feed.Match {
	m := &s.markets[t.market]
	id := feed.BookID{Market: m.id, Asset: t.asset.ID, Time: k.time}
	s.bids, s.asks = b.AppendBackward(s.bids[:0], book.Bid), b.AppendBackward(s.asks[:0], book.Ask)
	return s.checker.Check(id, s.bids, s.asks, k.hash, &m.terms, effort)
}

// breakAll: what the connection carried from now on, or until now, is unknown.
func (s *shard) breakAll(reason Reason) {
	if s.doubted && s.doubtedConn == s.conn {
		return // a stream of frames that cannot be read costs nothing more
	}
	for _, t := range s.tokens {
		if t != nil && t.based && (t.conn == s.conn || s.conn == feed.EveryConn) {
			s.breakContinuity(t, reason)
		}
	}
	s.doubted, s.doubtedConn = true, s.conn
}

// breakContinuity: something that concerns the token was lost. A match of the
// hash, or a whole book, ends the doubt.
func (s *shard) breakContinuity(t *token, reason Reason) {
	if t.based {
		if t.hold != nil {
			s.endHold(t, unknown)
		}
		if t.run.check != Failed {
			t.continuous = false // what is missing explains whatever does not match
		}
		s.closeRun(t)
		s.settlePending(t, disagreed)
		t.continuous, t.other = false, nil
		if t.run.check == Proved {
			t.run.check = Unproved // what is missing may have been newer
		}
	}
	t.demote(reason, s.now)
	s.deadlines.set(t, t.nextDeadline())
}

// resolved ends the tokens of a market.
func (s *shard) resolved(e *feed.Resolved) {
	for _, id := range e.Assets {
		if a := s.decoder.Find(id); a != nil {
			s.end(s.token(a))
		}
	}
	if i, ok := s.marketIndex[e.Market]; ok {
		for _, t := range s.markets[i].tokens {
			s.end(t)
		}
	}
}

// end makes a token's market be over.
func (s *shard) end(t *token) {
	if t.state == Gone {
		return
	}
	s.finish(t)
	t.state, t.reason, t.since = Gone, Resolved, s.now
	s.touch(t)
}

// finish asks the witnesses about whatever is still open. A run that does not
// match and was going on until now may have been cut off.
func (s *shard) finish(t *token) {
	if t.hold != nil {
		s.endHold(t, unknown)
	}
	if t.run.check == Open {
		t.continuous = false
	}
	s.closeRun(t)
	s.settlePending(t, disagreed)
}

// finishAll asks the witnesses about every token.
func (s *shard) finishAll() {
	for _, t := range s.tokens {
		if t != nil {
			s.finish(t)
		}
	}
}

// view returns a token's book and status.
func (s *shard) view(t *token) View {
	v := View{
		Asset: t.asset.ID, Snapshot: t.book.Snapshot(),
		Status: Status{
			State: t.state, Reason: t.reason, Since: t.since.time(),
			Settling: t.state == Live && t.settling != NoReason,
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
