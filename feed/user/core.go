package user

import (
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"example.com/truebook/feed"
	"example.com/truebook/feed/keys"
)

// Times of the connection. Those that the market channel has as well are the same, see
// package engine.
const (
	dialTimeout = 10 * time.Second
	// pingInterval is the exchange's own advice.
	pingInterval = 10 * time.Second
	// joinTimeout is for the PONG that answers the subscription.
	joinTimeout = 12 * time.Second
	// silenceTimeout: no frame at all, nor a PONG, for so long is a connection that is dead.
	silenceTimeout = 25 * time.Second
	firstDelay     = 250 * time.Millisecond
	dialDelay      = 500 * time.Millisecond
	maxDialDelay   = 30 * time.Second
	tooManyDelay   = 10 * time.Second
	refusedDelay   = 5 * time.Minute
	healthyTime    = time.Minute // until the next dial is the first one again
	// maxUnheard connections in a row that ended before they said anything, or handshakes
	// that were refused for good, are a refusal.
	maxUnheard = 3
)

// inputKind is what happens to a core.
type inputKind uint8

const (
	timerRang inputKind = iota
	runBegan
	runEnded
	connOpened
	dialFailed
	frameCame
	connClosed
	pageCame
	fetchFailed
	marketsAdded
	marketsLeft
	clockJumped // the machine slept: nobody knows what was missed
	wroteAll    // what the connection was to write is written
)

type input struct {
	kind       inputKind
	conn       int           // of what happens to a connection
	frame      []byte        // of frameCame, and the body of pageCame
	status     int           // of HTTP, 0 if there was none
	retryAfter time.Duration // of dialFailed and fetchFailed
	flight     uint64        // of pageCame and fetchFailed
	markets    []string
}

// effectKind is what a core wants to be done.
type effectKind uint8

const (
	dialEffect effectKind = iota // and send the first message, with markets
	dropEffect
	pingEffect
	subscribeEffect
	unsubscribeEffect
	ordersEffect
	tradesEffect
)

type effect struct {
	kind    effectKind
	conn    int
	markets []string
	flight  uint64
	cursor  string
	after   time.Time
}

// phase is what the connection is doing.
type phase uint8

const (
	idlePhase phase = iota
	waitingPhase
	dialingPhase
	joiningPhase // open, and not shown to be subscribed
	joinedPhase
)

// core is what an account knows and wants, as a pure state machine: it does no I/O, reads
// no clock, starts no goroutine. What happens comes in with its time; what is to be done
// goes out.
type core struct {
	random  *rand.Rand
	ledger  *ledger
	reader  reader
	stats   Stats
	markets []string // none: all
	watched map[string]bool
	sent    []string // the markets that the present connection was told of
	// writing: the connection has something to write, and gets nothing more until it has
	// written that: wroteAll. joins: a PING is to be written behind what is subscribed to.
	writing, joins bool

	known      bool
	reason     Reason
	stateSince time.Time
	epoch      uint64
	version    uint64

	phase    phase
	conn     int
	dialAt   time.Time
	openedAt time.Time // or when the dial began
	attempts int       // dials since a minute of health
	unheard  int
	heardAny bool
	pingAt   time.Time
	lastCame time.Time
	joinedAt time.Time
	// pings and pongs count those of the connection; when pongs reaches joinPong, the
	// connection is subscribed to what was asked for before that PING.
	pings, pongs, joinPong int

	rest asking
	// suspects are orders that are odd, and since when; early are those orders and trades of
	// which REST was the first to tell, and until when the stream may do so.
	suspects map[string]time.Time
	early    map[string]time.Time
	missedAt time.Time // when a connection was last ended for what it had missed

	effects []effect
	now     time.Time
}

func newCore(key keys.Secret, markets []string, since time.Time, seed uint64) *core {
	c := &core{
		random:  rand.New(rand.NewPCG(seed, 0x7573)), //nolint:gosec // for jitter
		watched: map[string]bool{}, reason: NotRunning,
		suspects: map[string]time.Time{}, early: map[string]time.Time{},
	}
	at := feed.Timestamp(since.Unix() * 1000)
	c.ledger = newLedger(at, &c.stats)
	c.ledger.named = len(markets) > 0
	c.rest.completeTo, c.rest.back = at, overlap
	c.reader = reader{key: key, stats: &c.stats}
	for _, m := range markets {
		c.watch(m)
	}
	return c
}

func (c *core) watch(market string) bool {
	if c.watched[market] {
		return false
	}
	c.watched[market] = true
	c.markets = append(c.markets, market)
	return true
}

// follows says whether a market is one of the account's.
func (c *core) follows(market string) bool { return len(c.markets) == 0 || c.watched[market] }

// step tells the core what has happened. It appends what is to be done, and returns when
// the core wants to be called again at the latest.
func (c *core) step(now time.Time, in *input, effects []effect) ([]effect, time.Time) {
	c.now, c.effects = now, effects
	if c.phase == idlePhase && in.kind != runBegan && in.kind != marketsAdded && in.kind != marketsLeft {
		return effects, now.Add(time.Hour) // it has ended, or not begun
	}
	switch in.kind {
	case runBegan:
		c.phase = waitingPhase
		c.dialAt = now.Add(c.upTo(firstDelay))
		c.doubt(Connecting)
	case runEnded:
		c.phase = idlePhase
		c.rest.cancel()
		c.doubt(NotRunning)
	case marketsAdded, marketsLeft:
		c.change(in)
	case pageCame, fetchFailed:
		if f := c.rest.flight; f != nil && f.id == in.flight {
			c.answered(f, in)
		}
	case connOpened, dialFailed, frameCame, connClosed, wroteAll:
		if in.conn == c.conn {
			c.connection(in)
		}
	case clockJumped:
		if c.phase >= dialingPhase {
			c.drop()
		}
	case timerRang:
	}
	c.inspect()
	next := c.look()
	if len(c.ledger.news) > 0 {
		c.version++
	}
	return c.effects, next
}

// upTo draws a time, so that many clients do not do the same at once.
func (c *core) upTo(most time.Duration) time.Duration {
	return time.Duration(c.random.Int64N(int64(most)) + 1)
}

// doubt makes own state unknown, or says why it is now.
func (c *core) doubt(reason Reason) {
	if !c.known && c.reason == reason {
		return
	}
	c.known, c.reason, c.stateSince = false, reason, c.now
	c.tellState()
}

func (c *core) trust() {
	if c.known {
		return
	}
	c.known, c.reason, c.stateSince = true, NoReason, c.now
	c.epoch++
	c.tellState()
}

func (c *core) tellState() {
	c.ledger.news = append(c.ledger.news, Event{Kind: StateEvent, Known: c.known, Reason: c.reason})
}

// connection handles what happens to the present connection.
func (c *core) connection(in *input) {
	switch {
	case in.kind == connOpened && c.phase == dialingPhase:
		c.phase = joiningPhase
		c.openedAt, c.lastCame, c.heardAny = c.now, c.now, false
		c.pings, c.pongs = 0, 0
		c.join()
	case in.kind == frameCame && c.phase >= joiningPhase:
		c.frame(in.frame)
	case in.kind == wroteAll && c.phase >= joiningPhase:
		c.writing = false
		c.write()
	case in.kind == dialFailed && c.phase == dialingPhase:
		c.lost(in)
	case in.kind == connClosed && c.phase >= joiningPhase:
		c.lost(in)
	}
}

// join makes sure that the connection is subscribed to what is followed, and asks REST when
// it is. The exchange acknowledges no subscription; but it answers in order, a PING behind
// it as well.
func (c *core) join() {
	c.phase, c.joins = joiningPhase, true
	c.openedAt = c.now
	c.rest.cancel()
	c.write()
	if c.unheard < maxUnheard { // or it is refused, until it says something
		c.doubt(Joining)
	}
}

// write tells the connection the difference of what is followed and what it was told of,
// if it has nothing to write: however often that changes meanwhile, nothing queues up.
func (c *core) write() {
	if c.writing || c.phase < joiningPhase {
		return
	}
	for _, e := range []struct {
		kind      effectKind
		from, not []string
	}{{subscribeEffect, c.markets, c.sent}, {unsubscribeEffect, c.sent, c.markets}} {
		changed := slices.DeleteFunc(slices.Clone(e.from), func(m string) bool { return slices.Contains(e.not, m) })
		if len(changed) > 0 {
			c.effects = append(c.effects, effect{kind: e.kind, conn: c.conn, markets: changed})
			c.writing = true
		}
	}
	c.sent = slices.Clone(c.markets)
	if c.joins {
		c.ping()
		c.joins, c.joinPong, c.openedAt = false, c.pings, c.now
	}
}

func (c *core) ping() {
	c.pings++
	c.writing = true
	c.pingAt = c.now.Add(pingInterval)
	c.effects = append(c.effects, effect{kind: pingEffect, conn: c.conn})
}

// frame reads a frame.
func (c *core) frame(frame []byte) {
	c.stats.Frames++
	c.lastCame, c.heardAny, c.unheard = c.now, true, 0
	c.ledger.hear(c.now, c.conn)
	var failed error
	note := func(err error) {
		if err != nil && failed == nil {
			failed = err
		}
	}
	kind, err := c.reader.frame(frame, func(n *orderNews) {
		if !c.follows(n.Market) {
			c.stats.Late++
			return
		}
		delete(c.early, n.ID)
		note(c.ledger.streamOrder(n))
	}, func(n *tradeNews) {
		if !c.follows(n.market) {
			c.stats.Late++
			return
		}
		delete(c.early, n.id)
		note(c.ledger.streamTrade(n))
	})
	switch {
	case err != nil:
		c.stats.BadMessages++
		c.doubt(BadMessage)
		c.rest.discard(c.now)
	case failed != nil:
		c.stats.BadMessages++
		c.doubt(reasonOf(failed))
		c.rest.discard(c.now)
	}
	if c.ledger.reopened && c.known {
		c.rest.askBy(c.now)
	}
	if kind == pongFrame {
		if c.pongs++; c.phase == joiningPhase && !c.joins && c.pongs >= c.joinPong {
			c.phase = joinedPhase
			c.joinedAt = c.now
			c.doubt(Asking)
			c.rest.ask(c.now)
		}
	}
}

func reasonOf(err error) Reason {
	if errors.Is(err, errTooMany) {
		return TooMuch
	}
	return Contradiction
}

// lost puts the next dial off.
func (c *core) lost(in *input) {
	if c.phase == joinedPhase && c.now.Sub(c.joinedAt) >= healthyTime {
		c.attempts = 0
	}
	refusal := in.kind == dialFailed && (in.status == 401 || in.status == 403)
	if refusal || in.kind == connClosed && !c.heardAny {
		c.unheard++
	}
	delay := firstDelay
	if c.attempts > 0 {
		delay = min(dialDelay<<min(c.attempts-1, 10), maxDialDelay)
	}
	c.attempts++
	delay = c.upTo(delay)
	if in.status == 429 {
		delay = max(delay, tooManyDelay)
	}
	reason := Connecting
	if c.unheard >= maxUnheard {
		delay, reason = delay+maxDialDelay, Refused
		if refusal {
			delay = refusedDelay
		}
	}
	if c.rest.refused {
		reason = Refused
	}
	c.phase, c.writing, c.joins = waitingPhase, false, false
	c.dialAt = c.now.Add(max(delay, in.retryAfter))
	c.rest.cancel()
	clear(c.early)
	c.doubt(reason)
}

// drop ends the connection from here.
func (c *core) drop() {
	c.effects = append(c.effects, effect{kind: dropEffect, conn: c.conn})
	kind := connClosed
	if c.phase == dialingPhase {
		kind = dialFailed
	}
	c.lost(&input{kind: kind, conn: c.conn})
}

// change follows other markets.
func (c *core) change(in *input) {
	changed := false
	for _, m := range in.markets {
		changed = in.kind == marketsAdded && c.watch(m) || in.kind == marketsLeft && c.leave(m) || changed
	}
	if !changed {
		return
	}
	if in.kind == marketsAdded {
		c.rest.restart(c.ledger.since)
	}
	switch {
	case c.phase < joiningPhase: // the connection will be told
	case in.kind == marketsAdded:
		c.join()
	default:
		if c.rest.flight != nil { // it was for other markets
			c.rest.discard(c.now)
		}
		c.write()
	}
}

func (c *core) leave(market string) bool {
	if !c.watched[market] || len(c.markets) == 1 {
		return false
	}
	delete(c.watched, market)
	for i, m := range c.markets {
		if m == market {
			c.markets = append(c.markets[:i:i], c.markets[i+1:]...)
			break
		}
	}
	c.ledger.leave(market)
	c.version++
	return true
}

// inspect looks at the orders that the input has touched: whether they are odd.
func (c *core) inspect() {
	for _, o := range c.ledger.touched {
		o.touched = false
		_, suspected := c.suspects[o.ID]
		switch odd := o.odd() && c.ledger.orders[o.ID] == o; {
		case odd && !suspected:
			c.suspects[o.ID] = c.now
		case !odd && suspected:
			delete(c.suspects, o.ID)
		}
	}
	clear(c.ledger.touched)
	c.ledger.touched = c.ledger.touched[:0]
}
