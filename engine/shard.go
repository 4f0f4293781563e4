package engine

import (
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
	tokens    []*token
	markets   map[string]*market // by condition id
	described *descriptions      // of the engine; nil in a replay
	deadlines deadlines
	lease     *lease
	proofs    proofs

	tallies Tallies
	counts  Counts
	// report is called with each finding, if it is not nil, when the record is done.
	report   func(Finding)
	findings []Finding // of the record, to be reported
	// searchGap bounds the searches of each token; 0 searches at every mismatch.
	searchGap time.Duration
	// fruitless counts the exhaustive calibrations since the last that found
	// something, see maxFruitless.
	fruitless int
	// doubted: nothing has been published since breakAll, for doubtedConn.
	doubted     bool
	doubtedConn int

	// review is told of each token that a step may have changed, before its readers
	// see it; nil in a replay.
	review func(*token)
	// pairs says that changes of both tokens of a market come together, as they do
	// today. Old recordings have to show it.
	pairs bool
	// late is true while the connection is known to be behind: nothing becomes live.
	late bool
	// heard is what the last frame was, for who watches the connection.
	heard gist

	// Of the record that is being applied.
	now     instant
	line    int
	conn    int
	more    bool     // frames are waiting
	touched []*token // by its frame
	hidden  []*token // from readers, see hide
	locked  []*market
	// scratch is a book for one that is only looked at, bids and asks are the
	// levels of one that is being hashed.
	scratch    *book.Book
	bids, asks []book.Level
}

// gist is what a frame was.
type gist struct {
	answer bool // JSON: the server answers, if only with nothing
	data   bool // it held an event of a known token
	text   feed.TextKind
	// changed is the time of its changes, 0 if it held none.
	changed feed.Timestamp
}

func newShard(options feed.DecoderOptions) *shard {
	return &shard{
		decoder:   feed.NewDecoder(options),
		markets:   map[string]*market{},
		lease:     new(lease),
		searchGap: searchGap,
		scratch:   book.New(),
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
		if place := t.overdue.place; place >= 0 {
			c.deadlines[place] = &c.tokens[i].overdue
		}
	}
	c.markets = make(map[string]*market, len(s.markets))
	for id, m := range s.markets {
		c.markets[id] = m.clone(c.tokens)
	}
	c.proofs.queue, c.proofs.first = nil, 0
	for _, t := range s.proofs.queue[s.proofs.first:] {
		c.proofs.queue = append(c.proofs.queue, c.tokens[t.asset.Index])
	}
	c.touched, c.hidden, c.locked, c.findings, c.bids, c.asks = nil, nil, nil, nil, nil, nil
	c.scratch = book.New()
	return &c
}

// step applies one record at a time that is not before the last one. It returns
// the first error of a frame that could not be read, whole or in part. more says
// that another frame is waiting, so that proofs may wait as well.
func (s *shard) step(now instant, r *feed.Record, more bool) error {
	s.more = more
	if len(s.deadlines) > 0 || s.proofs.waiting() {
		s.expire(now)
	}
	s.line = r.Line
	s.begin(now, r.Conn)
	err := s.record(r)
	s.end()
	return err
}

// begin starts a step, of which end is the last.
func (s *shard) begin(now instant, conn int) {
	s.now, s.conn = now, conn
	s.touched = s.touched[:0]
}

// end makes the versions of what was touched, and shows them to the readers.
func (s *shard) end() {
	s.publish()
	if s.proofs.waiting() {
		s.prove()
	}
	s.release()
}

func (s *shard) record(r *feed.Record) error {
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
	for s.deadlines.over(now) {
		t := s.tokens[s.deadlines[0].index]
		s.now = max(s.now, t.overdue.due) // which may have been set when it was over already
		s.hide(t)
		s.overdue(t)
		s.reschedule(t)
	}
	s.now = max(s.now, now)
	s.prove()
	s.release()
}

// reschedule follows a change of what is due for a token.
func (s *shard) reschedule(t *token) {
	s.deadlines.set(&t.overdue, t.nextDeadline())
}

// overdue applies what is due for a token. Each case clears the cause of its
// deadline.
func (s *shard) overdue(t *token) {
	if t.awaited != nil && t.awaited.deadline <= s.now {
		s.endAwaited(t, disagreed)
	}
	if t.run.check == Open && t.run.openSince.after(runTimeout) <= s.now {
		s.compareAs(t, true)
		if t.run.check == Open { // proofs are off since
			t.run.check, t.run.openSince = Unproved, 0
		}
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
	if len(events) == 1 && err == nil {
		if e, ok := events[0].(*feed.PriceChange); ok { // as nearly always
			s.heard = gist{answer: true, data: true, changed: e.Time}
			s.priceChange(e)
			return nil
		}
	}
	s.heard = gist{answer: feed.LooksLikeJSON(data), data: len(events) > 0}
	if err != nil {
		s.breakAll(BadMessage)
		return err
	}
	for _, event := range events {
		switch e := event.(type) {
		case *feed.PriceChange:
			s.heard.changed = e.Time
			s.priceChange(e)
		case *feed.Book:
			s.wholeBook(s.token(e.Asset), e)
		case *feed.Trade:
			s.trade(s.token(e.Asset), e)
		case *feed.TickSizeChange:
			s.tickSizeChange(s.token(e.Asset), e)
		case *feed.Resolved:
			s.resolved(e)
		case *feed.Text:
			s.heard.data, s.heard.text = false, e.Kind
		case *feed.Bad:
			t := s.token(e.Asset)
			if t.joining = nil; !t.based || t.conn == s.conn {
				s.breakContinuity(t, BadMessage)
			}
			if err == nil {
				err = e.Err
			}
		}
	}
	return err
}

// token returns the token of an asset, which it makes if need be.
func (s *shard) token(a *feed.Asset) *token {
	if t := s.known(a); t != nil {
		return t
	}
	return s.addToken(a)
}

// known returns the token of an asset, nil if there is none yet.
func (s *shard) known(a *feed.Asset) *token {
	if a.Index >= len(s.tokens) {
		return nil
	}
	return s.tokens[a.Index]
}

func (s *shard) addToken(a *feed.Asset) *token {
	for a.Index >= len(s.tokens) {
		s.tokens = append(s.tokens, nil)
	}
	t := newToken(a, s.lease)
	s.tokens[a.Index] = t
	return t
}

// touch says that the frame has something to say of the token's book.
func (s *shard) touch(t *token) {
	if !t.touched {
		t.touched = true
		s.touched = append(s.touched, t)
	}
}

// publish ends what a frame did to tokens: one more version of each, and its check.
func (s *shard) publish() {
	for _, t := range s.touched {
		t.received = s.now
		if t.based {
			s.doubted = false
			t.version++
			if reason := t.unsettled(); reason != t.settling {
				t.settle(reason, s.now)
			}
			s.evaluate(t, false)
			t.prove(s.now)
			if t.overdue.due != 0 || t.waits() {
				s.reschedule(t)
			}
		}
		t.touched, t.refreshed, t.rested = false, false, false
	}
}

// prove says what proves the version that a frame has made, if anything does.
func (t *token) prove(now instant) {
	by, r := t.proof.by, &t.run
	switch {
	case r.check == Proved:
		by = ByHash
	case t.rested && r.check != Failed:
		by = ByRest
	case t.refreshed && r.check == Unproved && !r.ambiguous:
		by = ByRefresh
	case by <= ByTop && r.hasBest && t.settling == NoReason:
		by = ByTop
	default:
		return
	}
	t.proof = proof{by, t.version, now}
}

// breakAll: what the connection carried from now on, or until now, is unknown.
func (s *shard) breakAll(reason Reason) {
	if s.doubted && s.doubtedConn == s.conn {
		return // a stream of frames that cannot be read costs nothing more
	}
	for _, t := range s.tokens {
		if t == nil {
			continue
		}
		t.joining = nil
		if t.based && (t.conn == s.conn || s.conn == feed.EveryConn) {
			s.breakContinuity(t, reason)
		}
	}
	s.doubted, s.doubtedConn = true, s.conn
}

// breakContinuity: something that concerns the token was lost. A match of the
// hash, or a whole book, ends the doubt.
func (s *shard) breakContinuity(t *token, reason Reason) {
	s.hide(t)
	t.joining = nil
	if t.based {
		if t.awaited != nil {
			s.endAwaited(t, unknown)
		}
		if t.run.check != Failed {
			t.continuous = false // what is missing explains whatever does not match
		}
		s.closeRun(t)
		s.settlePending(t, disagreed)
		t.continuous, t.other = false, nil
		if t.run.broken = true; t.run.check == Proved {
			t.run.check = Unproved // what is missing may have been newer
		}
	}
	t.demote(reason, s.now)
	s.reschedule(t)
}

// doubt makes a token not live, or says why it is not.
func (s *shard) doubt(t *token, reason Reason) {
	if t.state == Gone {
		return
	}
	s.hide(t)
	t.demote(reason, s.now)
	t.reason = reason
	s.reschedule(t)
}

// doubtAll makes every token not live, or says why it is not.
func (s *shard) doubtAll(reason Reason) {
	for _, t := range s.tokens {
		if t != nil {
			s.doubt(t, reason)
		}
	}
}

// demoteAll makes every live token stale although nothing of it was lost.
func (s *shard) demoteAll(reason Reason) {
	for _, t := range s.tokens {
		if t != nil && t.state == Live {
			s.hide(t)
			t.demote(reason, s.now)
			s.reschedule(t)
		}
	}
}

// promote makes a token live, if it is not.
func (s *shard) promote(t *token) {
	if t.state == Live || t.state == Gone || s.late {
		return
	}
	t.state, t.reason, t.since = Live, NoReason, s.now
	t.unfollowed = false
	t.epoch++
}

// resolved ends the tokens of a market.
func (s *shard) resolved(e *feed.Resolved) {
	for _, id := range e.Assets {
		if a := s.decoder.Find(id); a != nil {
			s.leave(s.token(a), Resolved)
		}
	}
	if m := s.markets[e.Market]; m != nil {
		for _, t := range m.tokens {
			s.leave(t, Resolved)
		}
	}
}

// leave stops following a token.
func (s *shard) leave(t *token, reason Reason) {
	if t.state == Gone {
		return
	}
	s.hide(t)
	s.finish(t)
	t.joining = nil
	t.state, t.reason, t.since = Gone, reason, s.now
	s.touch(t)
}

// forget lets go of what a token that was left holds.
func (s *shard) forget(t *token) {
	s.hide(t)
	_, _ = t.book.Replace(nil, nil)
	t.replaced()
	t.based = false // whatever still comes of it
	t.ring, t.other, t.awaited = ring{}, nil, nil
	t.version++ // it is not what it was
	t.book.Part()
	old, m := t.market, newMarket("")
	old.tokens = slices.DeleteFunc(old.tokens, func(o *token) bool { return o == t })
	if len(old.tokens) == 0 {
		delete(s.markets, old.id)
	}
	s.lock(m)
	t.market = m
	t.readers.market.Store(m)
}

// comeBack begins to follow a token again that was left.
func (s *shard) comeBack(t *token) {
	s.hide(t)
	_, _ = t.book.Replace(nil, nil)
	t.replaced()
	t.ring, t.other, t.awaited = ring{}, nil, nil
	t.based, t.continuous, t.failed, t.settling = false, false, false, NoReason
	t.believeFrom = s.now.after(2 * seedDelay)
	// What was announced counts: a book may be from before it.
	t.run, t.abroad, t.pending = run{}, horizon{}, failure{}
	t.state, t.reason, t.since = Syncing, Initial, s.now
	t.version++ // it is not what it was
	s.deadlines.set(&t.overdue, 0)
}

// finish asks the witnesses about whatever is still open. A run that does not
// match and was going on until now may have been cut off.
func (s *shard) finish(t *token) {
	if t.awaited != nil {
		s.endAwaited(t, unknown)
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
			s.hide(t)
			s.finish(t)
		}
	}
	s.release()
}
