package user

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"time"

	"example.com/truebook/feed"
	"example.com/truebook/feed/rest"
)

// Times and bounds of what REST is asked.
const (
	// auditInterval is from an answer to the next question, when nothing is in doubt;
	// firstAudit is that after the first answer of a connection, whose subscription may have
	// begun later than it seemed.
	auditInterval = 30 * time.Second
	firstAudit    = 5 * time.Second
	// maxUnaudited is for how long own state is known without an answer.
	maxUnaudited = 2 * time.Minute
	// flightTimeout is for one page, of which package rest gives up after 10 s.
	flightTimeout = 15 * time.Second
	// least and most time between a question that failed and the next.
	leastAgain, mostAgain = time.Second, 30 * time.Second
	// oldAgain is from an answer that is old to the next question.
	oldAgain = 2 * time.Second
	// recent is how old an order must be on its connection to be closed for not being among
	// the open ones: REST may be behind the stream. Delayed orders may not be there at all.
	recent        = 5 * time.Second
	recentDelayed = 30 * time.Second
	// overlap is how much of what was asked for before is asked for again.
	overlap = time.Minute
	// believedTime is for how long all answers must contradict what was known to be right:
	// until then they are old.
	believedTime = 2 * time.Minute
	// maxPages bounds the pages of one question, maxPasses how often they are read again
	// until two readings agree.
	maxPages  = 500
	maxPasses = 5
)

// asking is what is asked of REST, and when.
type asking struct {
	flight   *flight // nil if nothing is under way
	flights  uint64
	at       time.Time // of the next question, zero if there is none
	began    time.Time // of the last one
	audited  time.Time // when the last answer was taken
	fresh    bool      // the next answer is the first of its connection
	failures int       // in a row
	refused  bool      // the last answer was 401
	stale    time.Time // since when all answers contradict what is known, zero if they don't
	// completeTo is a time of the exchange's clock: of trades that were matched before, REST
	// has told all.
	completeTo feed.Timestamp
}

// flight is a question to REST: for the pages of open orders, and then for those of trades.
type flight struct {
	id     uint64
	paged  time.Time // when the last page was asked for
	began  time.Time
	seq    uint64 // of the ledger when it began
	newest feed.Timestamp
	audit  bool // own state was known
	// trades: orders have come. cursor is that of the page that is asked for.
	trades bool
	cursor string
	pages  int // of this pass
	passes int
	orders map[string]*orderNews
	last   map[string]*orderNews // of the pass before, nil if there was none
	found  []*tradeNews
}

// ask asks at once, on a new connection.
func (a *asking) ask(now time.Time) {
	a.cancel()
	a.at, a.fresh = now, true
}

// askBy asks at a time at the latest.
func (a *asking) askBy(at time.Time) {
	if a.flight == nil && (a.at.IsZero() || at.Before(a.at)) {
		a.at = at
		if least := a.began.Add(leastAgain); a.at.Before(least) {
			a.at = least
		}
	}
}

// cancel gives up what is under way. Its answer will be that of another flight.
func (a *asking) cancel() { a.flight, a.at = nil, time.Time{} }

// discard gives up what is under way, since it may be older than a message that could not
// be read, and asks again.
func (a *asking) discard(now time.Time) {
	a.flight = nil
	a.askBy(now)
}

// restart asks for all trades from a time on.
func (a *asking) restart(since feed.Timestamp) { a.completeTo = since }

// again asks again after a failure.
func (a *asking) again(now time.Time, least time.Duration) {
	a.flight = nil
	a.failures++
	a.at = now.Add(max(least, min(leastAgain<<min(a.failures-1, 10), mostAgain)))
}

// lookAtREST asks REST when it is time, and doubts own state when that is in vain.
func (c *core) lookAtREST(due func(time.Time) bool) {
	a := &c.rest
	if f := a.flight; f != nil {
		if due(f.paged.Add(flightTimeout)) {
			a.again(c.now, 0)
		}
	} else if due(a.at) {
		c.begin()
	}
	if c.known && due(a.audited.Add(maxUnaudited)) {
		c.doubt(RESTFailed)
	}
	if a.flight == nil {
		due(a.at)
	}
}

// begin begins to ask.
func (c *core) begin() {
	a := &c.rest
	a.flights++
	a.at, a.began = time.Time{}, c.now
	a.flight = &flight{
		id: a.flights, began: c.now, seq: c.ledger.seq, newest: c.ledger.newest, audit: c.known,
		orders: map[string]*orderNews{}, passes: 1,
	}
	c.request()
}

// request asks for a page.
func (c *core) request() {
	f := c.rest.flight
	f.paged = c.now
	f.pages++
	c.stats.Requests++
	e := effect{kind: ordersEffect, flight: f.id, cursor: f.cursor}
	if f.trades {
		e.kind, e.after = tradesEffect, c.after().Time()
	}
	c.effects = append(c.effects, e)
}

// after is from when on trades are asked for: the oldest that may still change, and all
// since REST last told of all.
func (c *core) after() feed.Timestamp {
	t := c.rest.completeTo
	for _, n := range c.ledger.trades {
		if !n.status.Final() {
			t = min(t, n.time)
		}
	}
	return t - feed.Timestamp(overlap/time.Millisecond)
}

// answered takes a page, or notes that there is none.
func (c *core) answered(f *flight, in *input) {
	a := &c.rest
	if in.kind == fetchFailed {
		a.refused = in.status == 401
		a.again(c.now, in.retryAfter)
		switch {
		case c.known:
		case a.refused:
			c.doubt(Refused)
		case a.failures > 1:
			c.doubt(RESTFailed)
		}
		return
	}
	a.refused = false
	next, err := c.read(f, in.frame)
	switch {
	case err == nil && next != "" && next != rest.LastCursor:
		if next == f.cursor || f.pages == maxPages {
			err = errTooMany
			break
		}
		f.cursor = next
		c.request()
		return
	case err == nil:
		c.passed(f)
	}
	if err != nil {
		c.stats.BadMessages++
		a.again(c.now, 0)
		if !c.known {
			reason := BadMessage
			if errors.Is(err, errTooMany) {
				reason = TooMuch
			}
			c.doubt(reason)
		}
	}
}

// read reads a page.
func (c *core) read(f *flight, body []byte) (next string, err error) {
	if f.trades {
		next, err = c.reader.trades(body, func(n *tradeNews) {
			if c.follows(n.market) {
				f.found = append(f.found, n)
			}
		})
		if len(f.found) > 4*maxTrades {
			err = errTooMany
		}
		return next, err
	}
	next, err = c.reader.orders(body, func(n *orderNews) {
		if c.follows(n.Market) && !n.canceled {
			f.orders[n.ID] = n
		}
	})
	if len(f.orders) > maxOpen {
		err = errTooMany
	}
	return next, err
}

// passed goes on when all pages of a kind are there.
func (c *core) passed(f *flight) {
	if f.trades {
		c.take(f)
		return
	}
	// Orders that leave the list while it is read shift what comes behind them: a page may
	// lack some. So several pages are read until the same orders come twice.
	if (f.pages > 1 || f.last != nil) && !c.agree(f) {
		if f.passes++; f.passes > maxPasses {
			c.rest.again(c.now, 0)
			return
		}
		f.last, f.orders = f.orders, map[string]*orderNews{}
		f.cursor, f.pages = "", 0
		c.request()
		return
	}
	f.trades, f.cursor, f.pages = true, "", 0
	c.request()
}

// agree says whether two readings have the same orders, but for those that the stream has
// told of since.
func (c *core) agree(f *flight) bool {
	if f.last == nil {
		return false
	}
	without := func(these, those map[string]*orderNews) bool {
		for id := range these {
			o := c.ledger.orders[id]
			if those[id] == nil && (o == nil || o.heard <= f.seq) {
				return false
			}
		}
		return true
	}
	return without(f.orders, f.last) && without(f.last, f.orders)
}

// take makes what REST has told a part of what is known.
func (c *core) take(f *flight) {
	a, l := &c.rest, c.ledger
	force := false
	if c.contradicts(f) {
		c.stats.Stale++
		if a.stale.IsZero() {
			a.stale = c.now
		}
		if c.now.Sub(a.stale) < believedTime {
			a.flight, a.at = nil, c.now.Add(oldAgain)
			if !c.known {
				c.doubt(Contradiction)
			}
			return
		}
		c.doubt(Contradiction) // what was known is given up
		force = true
	}
	a.stale = time.Time{}
	if err := c.merge(f, force); err != nil {
		c.stats.BadMessages++
		a.again(c.now, 0)
		c.doubt(reasonOf(err))
		return
	}
	again, unsure := c.closeAbsent(f)
	if unsure {
		a.flight, a.at = nil, c.now.Add(oldAgain)
		c.doubt(Incomplete)
		return
	}
	if !c.complete(f) {
		a.again(c.now, 0)
		if !c.known {
			c.doubt(Incomplete)
		}
		return
	}
	a.flight, a.failures, a.audited = nil, 0, c.now
	a.completeTo = max(a.completeTo, f.newest)
	l.forget(c.after())
	a.at = c.now.Add(auditInterval)
	if a.fresh || again || l.reopened {
		a.fresh, a.at = false, c.now.Add(firstAudit)
	}
	c.recheck()
	c.trust()
}

// contradicts says whether REST tells less than the stream had told before it was asked:
// then its answer is old.
func (c *core) contradicts(f *flight) bool {
	for id, n := range f.orders {
		o := c.ledger.orders[id]
		if o == nil || !o.known || o.heard > f.seq || o.closedAt > f.seq {
			continue
		}
		other := o.Token != n.Token || o.Side != n.Side || o.Price != n.Price || o.Size != n.Size
		closed := !o.Status.Open() && o.Status != Gone // which REST itself has said
		// Less may be matched once a trade has failed, which REST need not know as soon.
		less := n.Matched < o.said && (o.failed == 0 || f.began.Sub(o.heardAt) < recent)
		if closed || less || other {
			return true
		}
	}
	for _, n := range f.found {
		t := c.ledger.trades[n.id]
		if t == nil || t.heard > f.seq {
			continue
		}
		if !t.same(n) || t.status != n.status && !t.before(n, t.heard, false) {
			return true
		}
	}
	return false
}

// merge merges all that has come. With force, what contradicts it is forgotten.
func (c *core) merge(f *flight, force bool) error {
	l := c.ledger
	l.now, l.reopened = c.now, false
	told := func(id string, news int) {
		if f.audit && len(l.news) > news {
			c.early[id] = c.now.Add(earlyTime)
		}
	}
	// Those that failed make room for those that came instead of them.
	slices.SortStableFunc(f.found, func(a, b *tradeNews) int {
		return -cmp.Compare(a.status/Failed, b.status/Failed)
	})
	for _, n := range f.found {
		if t := l.trades[n.id]; force && t != nil && t.heard <= f.seq && (!t.same(n) || t.status != n.status) {
			l.drop(t)
		}
		news := len(l.news)
		if err := l.mergeTrade(n, false); err != nil {
			return err
		}
		told(n.id, news)
	}
	for _, id := range slices.Sorted(maps.Keys(f.orders)) {
		n := f.orders[id]
		o := l.orders[id]
		if o == nil {
			if o = l.add(id); o == nil {
				return errTooMany
			}
		} else if force && o.heard <= f.seq {
			l.reset(o)
		}
		news := len(l.news)
		if err := l.mergeOrder(o, n, o.heard <= f.seq); err != nil {
			return err
		}
		if o.heard <= f.seq && o.Status.Open() {
			was := o.Order
			o.claims = false
			if o.Status == Delayed {
				o.Status = n.Status
			}
			l.settle(o, &was)
		}
		told(id, news)
	}
	return nil
}

// closeAbsent closes the orders that REST does not have any more. It says whether some
// are too new to tell, and whether that leaves own state in doubt: the end of an order of
// which another connection told last may have been missed.
func (c *core) closeAbsent(f *flight) (again, unsure bool) {
	l := c.ledger
	for _, id := range slices.Sorted(maps.Keys(l.orders)) {
		o := l.orders[id]
		if !o.Status.Open() || o.heard > f.seq || o.born > f.seq || f.orders[id] != nil {
			continue
		}
		patience := recent
		if o.Status == Delayed {
			patience = recentDelayed
		}
		if o.known && f.began.Sub(o.heardAt) < patience {
			again = true
			unsure = unsure || !c.known && o.heardOn != c.conn
			continue
		}
		was := o.Order
		l.touch(o)
		l.close(o, Gone)
		l.settle(o, &was)
		if f.audit && o.known {
			c.early[id] = c.now.Add(earlyTime)
		}
	}
	return again, unsure
}

// complete says whether there is a fill for all that was matched when REST was asked. Of
// orders that are older than the account's time there need not be, the first time: what
// has no fill then was matched before. Trades may be listed later than orders are, so that
// a trade that comes later may be a part of it.
func (c *core) complete(f *flight) bool {
	whole := true
	for _, o := range c.ledger.orders {
		lacks := o.lacks()
		switch {
		case o.heard > f.seq: // it may have been matched since
		case o.prior && o.known:
			o.prior = false
			o.before, o.loose = o.before+lacks, lacks
			c.ledger.touch(o)
		case lacks > 0:
			whole = false
		}
	}
	return whole
}

// recheck forgets suspicions that are over, and gives the others their time again.
func (c *core) recheck() {
	c.inspect()
	for id := range c.suspects {
		if o := c.ledger.orders[id]; o == nil || !o.odd() {
			delete(c.suspects, id)
		} else {
			c.suspects[id] = c.now
		}
	}
}
