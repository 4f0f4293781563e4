package engine

import (
	"bytes"
	"slices"
	"time"

	"example.com/truebook/feed"
)

// Bounds of what is asked of REST. All of it stays under a twentieth of the
// exchange's own limits (its page on rate limits, 2026).
const (
	// maxBatch is how many books one request asks for.
	maxBatch = 100
	// maxFlights is how many requests are under way at a time.
	maxFlights = 4
	// fetchTimeout is when an answer is no longer waited for.
	fetchTimeout = 10 * time.Second
	// burstOfFetches requests may come at once, fetchesPerSecond in the long run.
	burstOfFetches   = 50
	fetchesPerSecond = 10
)

// How often a token's book is asked for.
const (
	// minGap is between two attempts to mend a token, doubled up to maxGap each time
	// until it has been live for a minute.
	minGap = time.Second
	maxGap = time.Minute
	// maxMoveGap is the same where a connection has to be given up for it: a market that
	// is over without a word would cost all others a connection each minute.
	maxMoveGap = time.Hour
	// retryGap is after an answer older than the stream, maxRetries times in a row.
	retryGap   = 200 * time.Millisecond
	maxRetries = 3
	// goneGap is between the two answers that there is no book, of a token that had
	// one, after which it is gone.
	goneGap = 30 * time.Second
	// A REST that fails is left alone for pauseTime, doubled up to maxPause.
	pauseTime = 2 * time.Second
	maxPause  = 30 * time.Second
	// maxRetryAfter bounds how long a server may ask to be left alone.
	maxRetryAfter = 10 * time.Minute
)

// notAsked is the status of a request that was not made.
const notAsked = -1

const (
	statusOK          = 200
	statusBadRequest  = 400
	statusNotFound    = 404
	statusTooEarly    = 425
	statusUnavailable = 503
	// noBook is what the exchange's own 404 says; others are of whatever is in front
	// of it.
	noBook = "No orderbook exists"
)

// fetchPhase is where a token's fetch stands.
type fetchPhase uint8

const (
	fetchIdle   fetchPhase = iota
	fetchDue               // at fetchState.at
	fetchQueued            // in rest.queue
	fetchFlying            // in the flight with the id
	fetchHeld              // its answer waits for the stream, in rest.held
)

// fetchState is a token's fetch. There is one at most at a time.
type fetchState struct {
	phase fetchPhase
	at    instant
	id    uint64
	// gap is before the next attempt to mend the book, asked when the last was made.
	gap   time.Duration
	asked instant
	// retries counts the answers in a row that were too old.
	retries int
	// missing is when REST had no book first, 0 if it had one since. Such a token is
	// asked for alone.
	missing instant
	alone   bool
}

// forget gives up what is under way.
func (f *fetchState) forget() { f.phase, f.at = fetchIdle, 0 }

// rest is what is under way with REST.
type rest struct {
	// off: there is none. What it would mend waits for the stream or a new connection.
	off     bool
	flights []flight
	lastID  uint64
	queue   []*watched // to be fetched when it may be
	held    []*watched
	// allowance is of requests, as of the time at.
	allowance float64
	at        instant
	// pausedUntil is when REST is asked again after it failed failures times.
	pausedUntil instant
	pause       time.Duration
	failures    int
}

// flight is a request under way.
type flight struct {
	id    uint64
	since instant
	asked []*watched
}

// failing says that REST has not answered lately.
func (r *rest) failing() bool { return r.failures > 0 || r.off }

// forget gives up everything under way. Answers that still come are not awaited.
func (r *rest) forget() {
	r.flights, r.queue, r.held = r.flights[:0], r.queue[:0], r.held[:0]
}

// due returns when something here is overdue.
func (r *rest) due() (next instant) {
	at := func(due instant) {
		if next == 0 || due < next {
			next = due
		}
	}
	for i := range r.flights {
		at(r.flights[i].since.after(fetchTimeout))
	}
	for _, w := range r.held {
		if j := w.token.joining; j != nil && j.held != nil {
			at(j.held.until)
		}
	}
	if len(r.queue) > 0 && len(r.flights) < maxFlights {
		at(max(r.pausedUntil, r.nextAllowance()))
	}
	return next
}

// nextAllowance returns when a request may be made.
func (r *rest) nextAllowance() instant {
	if r.allowance >= 1 {
		return r.at
	}
	// Not earlier by a part of a nanosecond: time might not go on.
	return r.at.after(time.Duration((1-r.allowance)/fetchesPerSecond*float64(time.Second)) + 1)
}

// want asks REST for a token's book, to mend it, not before a time.
func (c *core) want(w *watched, from instant) {
	f := &w.fetch
	if f.phase > fetchDue || c.line.state != lineOpen || !c.line.answered || w.token.state == Gone {
		return
	}
	at := max(from, w.restUntil)
	if f.asked != 0 {
		at = max(at, f.asked.after(f.gap))
	}
	if f.phase == fetchIdle || at < f.at {
		f.phase, f.at = fetchDue, at
		c.schedule(w)
	}
}

// enqueue puts a token whose time has come into the queue.
func (c *core) enqueue(w *watched) {
	f := &w.fetch
	if f.retries == 0 {
		most := maxGap
		if c.rest.off {
			most = maxMoveGap
		}
		f.gap = min(max(2*f.gap, minGap), most)
	}
	f.asked = c.now
	c.queue(w)
}

func (c *core) queue(w *watched) {
	w.fetch.phase, w.fetch.at = fetchQueued, 0
	c.rest.queue = append(c.rest.queue, w)
}

// ask makes the requests that may be made now.
func (c *core) ask() {
	r := &c.rest
	r.queue = slices.DeleteFunc(r.queue, func(w *watched) bool { return w.fetch.phase != fetchQueued })
	if len(r.queue) == 0 {
		return
	}
	r.allowance = min(r.allowance+time.Duration(c.now-r.at).Seconds()*fetchesPerSecond, burstOfFetches)
	r.at = c.now
	for len(r.queue) > 0 && len(r.flights) < maxFlights && r.pausedUntil <= c.now && r.allowance >= 1 {
		r.allowance--
		c.fetch(r.takeBatch())
	}
}

// doWithout gives a connection up for what REST would have to mend, at most once a
// minute, and for one token less and less often.
func (c *core) doWithout() {
	queue := c.rest.queue
	c.rest.queue = nil
	for _, w := range queue {
		c.endFetch(w)
		if c.needsMending(w) && c.move(w.token.reason) {
			return
		}
	}
}

// takeBatch takes tokens for one request from the queue: one that is to be asked for
// alone, or some others.
func (r *rest) takeBatch() []*watched {
	n := 1
	if !r.queue[0].fetch.alone {
		for n < min(len(r.queue), maxBatch) && !r.queue[n].fetch.alone {
			n++
		}
	}
	batch := make([]*watched, n)
	copy(batch, r.queue)
	r.queue = r.queue[:copy(r.queue, r.queue[n:])]
	return batch
}

func (c *core) fetch(batch []*watched) {
	r := &c.rest
	r.lastID++
	ids := make([]string, 0, len(batch))
	for _, w := range batch {
		w.fetch.phase, w.fetch.id = fetchFlying, r.lastID
		c.books.startJoining(w.token)
		ids = append(ids, w.token.asset.ID)
	}
	r.flights = append(r.flights, flight{r.lastID, c.now, batch})
	c.books.counts.Fetches++
	c.do(effect{kind: fetch, id: r.lastID, tokens: ids})
}

// answered takes the answer to a request.
func (c *core) answered(in *input) {
	batch, ok := c.rest.land(in.id)
	if !ok {
		return // it was given up
	}
	switch {
	case in.status == notAsked: // which says nothing of REST
		c.books.counts.FetchesNotMade++
		c.rest.pausedUntil = max(c.rest.pausedUntil, c.now.after(time.Second+c.jitter(time.Second)))
		c.endFetches(batch)
		return
	case in.status == statusNotFound && len(batch) == 1 && bytes.Contains(in.body, []byte(noBook)):
		c.rest.works()
		c.notFound(batch[0])
		return
	case in.status == statusBadRequest && len(batch) == 1:
		c.rest.works() // it is the token that is wrong
		c.joinedAs(batch[0], refused)
		return
	case in.status == statusBadRequest:
		for _, w := range batch {
			w.fetch.alone = true
		}
	}
	if in.status != statusOK {
		c.fetchFailed(batch, in.status, in.retryAfter)
		return
	}
	events, err := c.books.decoder.Decode(in.body)
	if err != nil {
		for _, w := range batch {
			w.fetch.alone = true // one of them may be what cannot be read
		}
		c.fetchFailed(batch, 0, 0)
		return
	}
	if len(batch) == 1 && !slices.ContainsFunc(events, isOfBook) {
		c.fetchFailed(batch, 0, 0) // only a list leaves out what there is not
		return
	}
	c.rest.works()
	for _, event := range events {
		switch e := event.(type) {
		case *feed.Book:
			if w := c.find(e.Asset); w != nil && w.fetch.phase == fetchFlying && w.fetch.id == in.id {
				c.bookFetched(w, e)
			}
		case *feed.Bad:
			if w := c.find(e.Asset); w != nil && w.fetch.phase == fetchFlying && w.fetch.id == in.id {
				c.joinedAs(w, refused)
			}
		}
	}
	for _, w := range batch {
		if w.fetch.phase == fetchFlying && w.fetch.id == in.id {
			c.notFound(w)
		}
	}
}

// isOfBook says whether an event is a book, or one that cannot be read.
func isOfBook(e feed.Event) bool {
	switch e.(type) {
	case *feed.Book, *feed.Bad:
		return true
	}
	return false
}

// land ends a flight, and returns what it was for.
func (r *rest) land(id uint64) (batch []*watched, ok bool) {
	for i := range r.flights {
		if r.flights[i].id == id {
			batch = r.flights[i].asked
			r.flights = append(r.flights[:i], r.flights[i+1:]...)
			return batch, true
		}
	}
	return nil, false
}

// works notes that REST has answered.
func (r *rest) works() { r.failures, r.pause, r.pausedUntil = 0, 0, 0 }

// fetchFailed: REST has not answered with books. What is live stays so.
func (c *core) fetchFailed(batch []*watched, status int, retryAfter time.Duration) {
	r := &c.rest
	c.books.counts.FetchesFailed++
	r.failures++
	r.pause = min(max(2*r.pause, pauseTime), maxPause)
	least := min(retryAfter, maxRetryAfter) // what it asked for
	if status == statusTooMany {
		least = max(least, tooManyDelay)
	}
	if status == statusTooEarly || status == statusUnavailable {
		c.maintenance()
	}
	r.pausedUntil = max(r.pausedUntil, c.now.after(max(least, r.pause/2+c.jitter(r.pause/2))))
	c.endFetches(batch)
}

// endFetches ends the fetches of a request without an answer.
func (c *core) endFetches(batch []*watched) {
	for _, w := range batch {
		if w.fetch.phase == fetchFlying {
			c.endFetch(w)
		}
	}
}

// bookFetched joins a token's book with the stream.
func (c *core) bookFetched(w *watched, e *feed.Book) {
	w.fetch.missing, w.fetch.alone, w.seed = 0, false, false
	if w.token.joining == nil { // the stream was interrupted meanwhile
		if w.token.reason == Unmirrored && w.unmirrored.add(c.now) && c.move(Unmirrored) {
			return
		}
		c.endFetch(w)
		return
	}
	c.joinedAs(w, c.books.joinFetched(w.token, e, c.line.newest))
}

// joinedAs does what the outcome of a fetch asks for.
func (c *core) joinedAs(w *watched, outcome joined) {
	f := &w.fetch
	switch outcome {
	case waits:
		if f.phase != fetchHeld {
			f.phase = fetchHeld
			c.rest.held = append(c.rest.held, w)
		}
		return
	case tooOld, refused:
		c.books.counts.FetchesUseless++
		if c.books.trusted(w.token) {
			break // nothing was to be mended
		}
		if f.retries++; f.retries <= maxRetries {
			w.token.joining = nil
			f.phase, f.at = fetchDue, c.now.after(retryGap)
			c.schedule(w)
			return
		}
		f.retries = 0
		if c.move(w.token.reason) {
			return
		}
	case corrected, missed:
		c.books.counts.Corrected++
		c.mended(w)
		if outcome == missed {
			c.unfollowed(w)
		}
	case revived, replaced:
		if w.token.unfollowed {
			c.unfollowed(w)
		}
		c.books.counts.Mended++
		c.mended(w)
		c.masses.witness(c, outcome)
	case hashless:
		c.mended(w)
		c.masses.withoutHash(c, w.token.market)
	case confirmed:
		c.books.counts.Confirmed++
	case saysNothing:
	}
	if outcome != tooOld && outcome != refused {
		f.retries = 0
	}
	if f.phase != fetchIdle { // the connection may have been given up
		c.endFetch(w)
	}
}

// endFetch ends a token's fetch, and begins the next one if there is still something
// to mend.
func (c *core) endFetch(w *watched) {
	w.token.joining = nil
	w.fetch.forget()
	c.schedule(w)
	if c.needsMending(w) {
		c.want(w, c.now)
	}
}

// joinHeld looks at the answers that wait for the stream.
func (c *core) joinHeld() {
	r := &c.rest
	if len(r.held) == 0 {
		return
	}
	held := r.held
	kept := held[:0]
	for _, w := range held {
		if w.fetch.phase != fetchHeld {
			continue
		}
		if w.token.joining == nil || w.token.joining.held == nil {
			c.endFetch(w)
			continue
		}
		outcome := waits
		if h := w.token.joining.held; h.until <= c.now || w.token.hidden || c.line.newest >= h.key.time+streamLead {
			outcome = c.books.joinHeld(w.token, c.line.newest)
		}
		if outcome == waits {
			kept = append(kept, w)
			continue
		}
		c.joinedAs(w, outcome)
		if c.line.state != lineOpen {
			return // and everything is forgotten
		}
	}
	r.held = kept
}

// restOverdue gives up the requests that were not answered.
func (c *core) restOverdue() {
	r := &c.rest
	for i := 0; i < len(r.flights); {
		if f := r.flights[i]; f.since.after(fetchTimeout) <= c.now {
			r.land(f.id)
			c.fetchFailed(f.asked, 0, 0)
			continue
		}
		i++
	}
}

// notFound: REST has no book of a token. It may be over; or not have begun.
func (c *core) notFound(w *watched) {
	f := &w.fetch
	t := w.token
	again := c.now
	switch {
	case !f.alone: // the list may have left it out
	case !t.based:
		again = again.after(f.gap)
	case f.missing == 0 || t.received > f.missing:
		f.missing = c.now
		again = again.after(goneGap)
	case f.missing.after(goneGap) <= c.now:
		c.books.leave(t, Resolved)
		return
	default:
		again = f.missing.after(goneGap)
	}
	t.joining = nil
	f.alone = true
	f.phase, f.at = fetchDue, again
	c.schedule(w)
}
