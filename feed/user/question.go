package user

import (
	"errors"
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
	// overlap is how much of what was asked for before is asked for again. While an order
	// lacks a fill it is four times as much each time, up to maxBack.
	overlap = time.Minute
	maxBack = 30 * 24 * time.Hour
	// pendingTime is for how long after a trade was matched REST is asked what has become of
	// it: it is seconds, usually. One that stays as it is must not have all later ones asked
	// for.
	pendingTime = time.Hour
	// maxPages bounds the pages of one reading, maxPasses how often they are read again
	// until two readings agree, maxRead the bytes of one question.
	maxPages  = 500
	maxPasses = 5
	maxRead   = 256 << 20
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
	// stale is since when all answers contradict what is known, and lastStale when the last
	// one did, zero if they don't.
	stale, lastStale time.Time
	// completeTo is a time of the exchange's clock: of trades that were matched before, REST
	// has told all that are wanted.
	completeTo feed.Timestamp
	// back is how much before completeTo trades are asked for: overlap, and more while an
	// order lacks a fill.
	back time.Duration
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
	after  feed.Timestamp // which trades are asked for
	cursor string
	pages  int // of this pass
	passes int
	read   int // bytes of all pages
	fills  int // of found
	orders map[string]*orderNews
	last   map[string]*orderNews // of the pass before, nil if there was none
	found  map[string]*tradeNews
	// fresh: this reading has trades that neither the ledger nor the one before has.
	fresh bool
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
		orders: map[string]*orderNews{}, found: map[string]*tradeNews{}, passes: 1,
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
		e.kind, e.after = tradesEffect, f.after.Time()
	}
	c.effects = append(c.effects, e)
}

// after is from when on trades are asked for: the oldest that may still change, and all
// since REST last told of all. While orders lack fills it is from ever earlier on, and not
// from before the oldest of them was placed: REST may have listed a trade late.
func (c *core) after() feed.Timestamp {
	a, l := &c.rest, c.ledger
	if l.latest > 0 { // the account's time may be ahead of the exchange's clock
		a.completeTo = min(a.completeTo, l.latest)
	}
	t := a.completeTo
	oldest := t
	for _, o := range l.orders {
		if o.lacks() > 0 {
			oldest = min(oldest, o.Created)
		}
	}
	pending := t - feed.Timestamp(pendingTime/time.Millisecond)
	for _, n := range l.trades {
		if !n.status.Final() && n.time >= pending {
			t = min(t, n.time)
		}
	}
	const least = feed.Timestamp(overlap / time.Millisecond)
	return min(t-least, max(a.completeTo-feed.Timestamp(a.back/time.Millisecond), oldest-least))
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
		a.back = overlap // it may be too much for having been asked for
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
	f.read += len(body)
	if f.trades {
		next, err = c.reader.trades(body, func(n *tradeNews) {
			if !c.follows(n.market) || c.ledger.isLate(n, false) || f.fills > maxFills {
				return
			}
			f.fills += len(n.fills)
			if old := f.found[n.id]; old != nil {
				f.fills -= len(old.fills)
			} else if c.ledger.trades[n.id] == nil {
				f.fresh = true
			}
			f.found[n.id] = n
		})
		if len(f.found) > 4*maxTrades || f.fills > maxFills || f.read > maxRead {
			err = errTooMany
		}
		return next, err
	}
	next, err = c.reader.orders(body, func(n *orderNews) {
		if c.follows(n.Market) && !n.canceled {
			f.orders[n.ID] = n
		}
	})
	if len(f.orders) > maxOpen || f.read > maxRead {
		err = errTooMany
	}
	return next, err
}

// passed goes on when all pages of a kind are there. What enters or leaves a list while it
// is read, or is not known yet where a page comes from, shifts what is behind it: a page may
// lack some. So several pages are read until two readings agree: until the same orders come
// twice, and no trades that were not known.
func (c *core) passed(f *flight) {
	var again bool
	if f.trades {
		again = f.pages > 1 && f.fresh
	} else if again = (f.pages > 1 || f.last != nil) && !c.agree(f); again {
		f.last, f.orders = f.orders, map[string]*orderNews{}
	}
	switch {
	case again:
		if f.passes++; f.passes > maxPasses {
			c.rest.again(c.now, 0)
			return
		}
	case f.trades:
		c.take(f)
		return
	default:
		f.trades, f.after, f.passes = true, c.after(), 1
	}
	f.cursor, f.pages, f.fresh = "", 0, false
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
