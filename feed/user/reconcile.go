package user

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"time"

	"example.com/truebook/feed"
)

// When an answer of REST is believed.
const (
	// oldAgain is from an answer that is old to the next question.
	oldAgain = 2 * time.Second
	// recent is how old an order must be on its connection to be closed for not being among
	// the open ones: REST may be behind the stream. Delayed orders may not be there at all.
	recent        = 5 * time.Second
	recentDelayed = 30 * time.Second
	// believedTime is for how long all answers must contradict what was known to be right:
	// until then they are old. staleGap is the most from one to the next.
	believedTime = 2 * time.Minute
	staleGap     = time.Minute
)

// take makes what REST has told a part of what is known.
func (c *core) take(f *flight) {
	a, l := &c.rest, c.ledger
	force := false
	if c.contradicts(f) {
		c.stats.Stale++
		if f.began.Sub(a.lastStale) > staleGap {
			a.stale = c.now
		}
		a.lastStale = c.now
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
	a.lastStale = time.Time{}
	if err := c.merge(f, force); err != nil {
		if errors.Is(err, errTooMany) { // what came while there was no connection needs room
			l.forget(c.told(), 0, 0)
		}
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
		a.back = min(4*a.back, maxBack)
		a.again(c.now, 0)
		if !c.known {
			c.doubt(Incomplete)
		}
		return
	}
	a.flight, a.failures, a.audited = nil, 0, c.now
	a.back = overlap
	a.completeTo = max(a.completeTo, f.newest)
	l.forget(c.told(), l.keep, keepFills)
	a.at = c.now.Add(auditInterval)
	if a.fresh || again || l.reopened {
		a.fresh, a.at = false, c.now.Add(firstAudit)
	}
	c.recheck()
	c.trust()
}

// told is a time: of trades that were matched before, REST has told all, and need tell no
// more.
func (c *core) told() feed.Timestamp {
	return c.rest.completeTo - feed.Timestamp(overlap/time.Millisecond)
}

// contradicts says whether REST tells less than the stream had told before it was asked:
// then its answer is old.
func (c *core) contradicts(f *flight) bool {
	for _, n := range f.orders {
		if c.deniesOrder(f, n) {
			return true
		}
	}
	for _, n := range f.found {
		if c.deniesTrade(f, n) {
			return true
		}
	}
	return false
}

func (c *core) deniesOrder(f *flight, n *orderNews) bool {
	o := c.ledger.orders[n.ID]
	if o == nil || !o.known || o.heard > f.seq || o.closedAt > f.seq {
		return false
	}
	other := o.Token != n.Token || o.Side != n.Side || o.Price != n.Price || o.Size != n.Size
	closed := !o.Status.Open() && o.Status != Gone // which REST itself has said
	closed = closed && (o.Status != Matched || n.Matched < n.Size)
	// Less may be matched once a trade has failed, which REST need not know as soon.
	less := n.Matched < o.said && (o.failed == 0 || f.began.Sub(o.heardAt) < recent)
	return closed || less || other
}

func (c *core) deniesTrade(f *flight, n *tradeNews) bool {
	t := c.ledger.trades[n.id]
	if t == nil || t.heard > f.seq {
		return false
	}
	return !t.same(n) || t.status != n.status && !t.before(n, t.heard, false)
}

// keeps says whether what the stream told is kept against answers that contradict it: a busy
// account and a REST that is always a moment behind contradict each other all the time,
// about another order each time.
func (c *core) keeps(heardAt time.Time) bool { return c.now.Sub(heardAt) < believedTime }

// merge merges all that has come. With force, what contradicts it is forgotten, or it is left
// out if that is kept.
func (c *core) merge(f *flight, force bool) error {
	l := c.ledger
	l.now, l.reopened = c.now, false
	told := func(id string, news int) {
		if f.audit && len(l.news) > news {
			c.early[id] = c.now.Add(earlyTime)
		}
	}
	// Those that failed make room for those that came instead of them.
	found := slices.SortedFunc(maps.Values(f.found), func(a, b *tradeNews) int {
		return cmp.Or(-cmp.Compare(a.status/Failed, b.status/Failed), cmp.Compare(a.time, b.time), cmp.Compare(a.id, b.id))
	})
	for _, n := range found {
		news, take := len(l.news), l.mergeTrade
		if force && c.deniesTrade(f, n) {
			t := l.trades[n.id]
			if c.keeps(t.heardAt) {
				continue
			}
			l.drop(t)
			take = l.addTrade // it may be older than those that are forgotten
		}
		if err := take(n, false); err != nil {
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
		} else if force && c.deniesOrder(f, n) {
			if c.keeps(o.heardAt) {
				continue
			}
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
		if o == nil || !o.Status.Open() || o.heard > f.seq || o.born > f.seq || f.orders[id] != nil {
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
			o.looseTo = c.ledger.loosely()
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
