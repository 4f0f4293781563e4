package engine

import (
	"math/rand/v2"
	"time"

	"example.com/truebook/feed"
)

// core keeps the books of the tokens of one connection in step with the exchange: it
// decides when to dial, to ask and to doubt. It is pure, like the [shard] of books in
// it: what happens is told to it by step, and what is to be done is returned as
// effects, for a shell of sockets and timers, or a simulation.
//
// The first failure of anything makes its tokens stale, and then it is mended: by the
// stream itself if it can, by REST, by a new connection in the end.
type core struct {
	books   *shard
	random  *rand.Rand
	line    line
	rest    rest
	audits  audits
	masses  masses
	watched []*watched // by feed.Asset.Index, nil where a token is not
	// due holds the watched tokens by what is due of them beside their books.
	due     deadlines
	tokens  int // watched, and not gone
	clocks  clocks
	lags    Histogram
	effects []effect
	now     instant
	// paused: nothing is to be done yet.
	paused bool
	// mustMove is why the connection is to be given up after the step, NoReason if it
	// is not: review has no say in what readers see of other tokens.
	mustMove Reason
}

// watched is what a core knows of a token beside its book.
type watched struct {
	token *token
	fetch fetchState
	due   schedule // in core.due
	// subscribedOn is the number of the connection that was asked for it last.
	subscribedOn int
	// addedAt is when it was added to an open connection, 0 if it was subscribed to
	// with the others.
	addedAt instant
	// firstBook is when its first book on this connection is overdue, 0 if it has
	// come.
	firstBook instant
	// seed: its first book is to be fetched, since the stream may not send one.
	seed bool
	// unwatchedAt is when nobody watched it any more, 0 while someone does.
	unwatchedAt instant
	isOver      bool // gone

	// What review has seen last.
	lastState State
	failing   bool // its hash has failed
	liveSince instant

	mendings   history
	restUntil  instant // it is flapping, and not mended before
	unmirrored history
	// lastUnfollowed is when REST had what the connection had not told.
	lastUnfollowed instant
}

// inputKind is what happened.
type inputKind uint8

const (
	// timerFired: the time that step asked for has come, or any other.
	timerFired inputKind = iota
	// connOpened: the connection stands, and has been subscribed to all tokens of
	// the effect that dialed it.
	connOpened
	// dialPutOff: it is dialed only after the time retryAfter, since others are before.
	dialPutOff
	// dialFailed: it does not stand. status is the HTTP status, 0 if there was none.
	dialFailed
	// connClosed: status is the close code, 0 if there was no close frame, and text
	// the reason.
	connClosed
	frameCame
	// answerCame: of REST, to the fetch with the id. status is notAsked if there was no
	// turn for the request.
	answerCame
	// tokensWatched and tokensLeft: someone wants tokens, or no one does any more.
	tokensWatched
	tokensLeft
	// hashingOff: another core of the process has found that hashes are no longer made
	// as they were.
	hashingOff
)

// input is something that happened.
type input struct {
	kind inputKind
	// wall is the time of the wall clock, which may be set: it only tells a suspended
	// machine.
	wall       instant
	conn       int
	frame      []byte
	more       bool // another frame is waiting
	status     int
	text       string
	retryAfter time.Duration
	id         uint64
	body       []byte
	tokens     []string
}

// effectKind is something to be done.
type effectKind uint8

const (
	// dial a connection and subscribe it to the tokens, within dialTimeout.
	dial effectKind = iota
	// hangUp: close the connection; nothing more of it is heard.
	hangUp
	// ping: send PING.
	ping
	// subscribe and unsubscribe tokens of the open connection.
	subscribe
	unsubscribe
	// fetch the tokens' books from REST: of one token by GET /book, of several by
	// POST /books. It is answered within fetchTimeout, or never.
	fetch
	// reportHashing: tell every other core hashingOff.
	reportHashing
)

// effect is something to be done. Its tokens are valid for good.
type effect struct {
	kind   effectKind
	conn   int
	id     uint64
	tokens []string
	reason Reason // of hangUp, NoReason if nothing was wrong
}

const (
	// tick is the longest that a core waits: it renews its lease.
	tick = time.Second
	// leaseTime is how long readers believe in books of a core that is not heard of.
	leaseTime = 2 * time.Second
)

// newCore returns a core that has nothing to do yet. Equal seeds and inputs have
// equal effects.
func newCore(seed uint64, now, wall instant) *core {
	c := &core{
		books:  newShard(feed.DecoderOptions{}),
		random: rand.New(rand.NewPCG(seed, 0x656e67)), //nolint:gosec // to be repeated, not to be secret
		clocks: clocks{last: now, wall: wall},
		now:    now,
	}
	c.books.review, c.books.pairs = c.review, true
	c.audits.begin(now)
	return c
}

// begin ends the pause in which tokens were watched already.
func (c *core) begin(now, wall instant) {
	c.paused, c.now, c.clocks = false, now, clocks{now, wall}
	c.audits.begin(now)
}

// end makes every token not live, for good.
func (c *core) end(now instant) {
	c.books.expire(now)
	c.books.begin(now, c.line.conn)
	c.books.doubtAll(Ended)
	c.books.end()
}

// step tells the core that something happened at a time, which is not before that of
// the last step. It appends what is to be done, and returns when it wants to be called
// again at the latest. now counts nanoseconds since 1970 by a clock that never goes
// back.
func (c *core) step(now instant, in *input, effects []effect) ([]effect, instant) {
	c.effects, c.now = effects, now
	c.books.more = in.more
	if c.books.deadlines.over(now) || c.books.proofs.waiting() {
		c.books.expire(now)
	}
	c.books.begin(now, c.line.conn)
	if c.watchClocks(now, in.wall) {
		c.books.lease.renew(now, in.wall) // at once: what follows may take long
	}
	if c.mustMove != NoReason {
		c.move(c.mustMove)
		c.mustMove = NoReason
	}
	c.expire()
	c.apply(in)
	c.joinHeld()
	if c.rest.off {
		c.doWithout()
	}
	c.books.end()
	c.ask() // once for all that wait for it
	c.books.lease.renew(now, in.wall)
	effects, c.effects = c.effects, nil
	return effects, c.nextDeadline()
}

func (c *core) apply(in *input) {
	switch in.kind {
	case timerFired:
	case connOpened:
		c.opened(in)
	case dialPutOff:
		c.putOffDial(in)
	case dialFailed:
		c.refusedDial(in)
	case connClosed:
		c.closed(in)
	case frameCame:
		c.frame(in)
	case answerCame:
		c.answered(in)
	case tokensWatched:
		c.watch(in.tokens)
	case tokensLeft:
		c.leave(in.tokens)
	case hashingOff:
		c.hashingOff()
	}
}

// expire does what is overdue.
func (c *core) expire() {
	c.lineOverdue()
	for c.due.over(c.now) {
		w := c.watched[c.due[0].index]
		c.overdue(w)
		c.schedule(w)
	}
	c.restOverdue()
	c.auditsOverdue()
	c.massesOverdue()
}

// nextDeadline returns when there will be something to do.
func (c *core) nextDeadline() instant {
	next := c.now.after(tick)
	at := func(due instant) {
		if due != 0 && due < next {
			next = due
		}
	}
	if d := c.books.deadlines; len(d) > 0 {
		at(d[0].due)
	}
	if len(c.due) > 0 {
		at(c.due[0].due)
	}
	if c.books.proofs.waiting() {
		at(c.books.proofs.allowedAt())
	}
	at(c.line.due())
	at(c.rest.due())
	at(c.audits.due())
	at(c.masses.due())
	if c.mustMove != NoReason {
		return c.now
	}
	return max(next, c.now)
}

// do appends an effect.
func (c *core) do(e effect) { c.effects = append(c.effects, e) }
