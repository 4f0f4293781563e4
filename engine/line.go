package engine

import (
	"slices"
	"time"

	"example.com/truebook/feed"
)

// How long a connection may take for something.
const (
	// dialTimeout covers the handshake and the subscription.
	dialTimeout = 10 * time.Second
	// pingInterval is the exchange's own advice (its websocket page, 2026).
	pingInterval = 10 * time.Second
	// pongTimeout: no frame of any kind for so long after a PING is a connection that
	// is half open. Its answer queues behind data: the worst took 11.4 s (measured by
	// others, 2026-10).
	pongTimeout = 15 * time.Second
	// answerTimeout is for the array that answers the subscription, which takes half a
	// second. A connection that has not answered at all carries nothing.
	answerTimeout = 10 * time.Second
	// Without data for longer than 20 times the usual gap, between these two, REST is
	// asked whether there is any. With what REST may take, that is 30 s at most.
	minSilence = 5 * time.Second
	maxSilence = 27 * time.Second
	// maxPatience bounds the silence that is borne when REST cannot be asked.
	maxPatience = 10 * time.Minute
	// healthyTime is how long data must have come before the next dial is the first
	// one again.
	healthyTime = time.Minute
)

// Between two dials: at first hardly anything, then up to half a second doubled each
// time, all of it at random, so that many clients don't dial together.
const (
	firstDelay    = 250 * time.Millisecond
	dialDelay     = 500 * time.Millisecond
	maxDialDelay  = 30 * time.Second
	tooManyDelay  = 10 * time.Second // at least, after a 429
	blockedDelay  = 5 * time.Minute  // after three refusals for good
	maxRefusals   = 3
	statusTooMany = 429
	statusBlocked = 403
	statusNoPath  = 404
	// closeResolved with this text ends the markets of a connection.
	closeNormal  = 1000
	resolvedText = "all subscribed assets resolved"
)

// lineState is what a line is doing.
type lineState uint8

const (
	lineIdle    lineState = iota // there is nothing to subscribe to
	lineWaiting                  // until dialAt
	lineDialing                  // since dialedAt
	lineOpen                     // since openedAt
)

// line is a core's connection: one, or none, at a time.
type line struct {
	state    lineState
	conn     int // the number of the newest connection
	dialAt   instant
	dialedAt instant
	openedAt instant
	// attempts counts the dials since data came for a minute.
	attempts int
	refusals int // in a row, of a kind that a further dial won't change

	answered   bool    // the server has said anything but texts
	lastData   instant // when data came, or the connection opened
	asked      instant // when REST was asked about a silence last
	patience   time.Duration
	pace       pace
	pingAt     instant // of the next PING
	unanswered instant // of the first PING since the last frame, 0 if there is none
	newest     feed.Timestamp
	lag        lag
	badFrames  history
	// leftOut are the tokens that are subscribed to by a dial that is under way, and not
	// wanted any more.
	leftOut []string
	// moved is when a connection was given up for what REST has shown: not more than
	// once a minute.
	moved instant
}

// due returns when something here is overdue.
func (l *line) due() instant {
	switch l.state {
	case lineWaiting:
		return l.dialAt
	case lineDialing:
		return l.dialedAt.after(dialTimeout)
	case lineIdle:
		return 0
	case lineOpen:
	}
	next := min(l.pingAt, l.silentAt())
	if l.unanswered != 0 {
		next = min(next, l.unanswered.after(pongTimeout))
	}
	if !l.answered {
		next = min(next, l.openedAt.after(answerTimeout))
	}
	return next
}

// silentAt is when the silence is worth a question.
func (l *line) silentAt() instant {
	return max(l.lastData, l.asked).after(l.pace.silence())
}

func (c *core) lineOverdue() {
	l := &c.line
	switch {
	case c.paused:
	case c.tokens == 0:
		if l.state == lineOpen || l.state == lineDialing {
			c.do(effect{kind: hangUp, conn: l.conn})
			c.lineDown(Disconnected) // nothing should be live, and nothing is
		}
		l.state = lineIdle
	case l.state == lineWaiting && l.dialAt <= c.now:
		c.dial()
	case l.state == lineDialing && l.dialedAt.after(dialTimeout) <= c.now:
		c.do(effect{kind: hangUp, conn: l.conn})
		c.redial(0)
	case l.state == lineOpen:
		c.openOverdue()
	}
}

func (c *core) openOverdue() {
	l := &c.line
	if l.unanswered != 0 && l.unanswered.after(pongTimeout) <= c.now {
		c.drop(HalfOpen)
		return
	}
	if !l.answered && l.openedAt.after(answerTimeout) <= c.now {
		c.drop(Silent)
		return
	}
	if c.books.late && l.lag.lateSince.after(lagPatience) <= c.now {
		c.drop(Lagging) // and nothing has come since that would end it
		return
	}
	if l.pingAt <= c.now {
		c.do(effect{kind: ping, conn: l.conn})
		if l.unanswered == 0 {
			l.unanswered = c.now
		}
		l.pingAt = c.now.after(pingInterval)
	}
	if l.silentAt() <= c.now {
		c.silent()
	}
}

// silent: nothing has come for long. REST tells whether there was anything; without
// it, a new connection is the only way to know.
func (c *core) silent() {
	l := &c.line
	l.asked = c.now
	if !c.rest.failing() {
		c.auditNewest()
		return
	}
	if l.patience == 0 {
		l.patience = maxSilence
	}
	if l.lastData.after(l.patience) <= c.now {
		l.patience = min(2*l.patience, maxPatience)
		c.drop(Silent)
	}
}

// dial opens a connection for all tokens.
func (c *core) dial() {
	l := &c.line
	l.conn++
	l.state, l.dialedAt, l.leftOut = lineDialing, c.now, nil
	c.books.counts.Dials++
	c.do(effect{kind: dial, conn: l.conn, tokens: c.subscribed(func(w *watched) bool {
		w.subscribedOn, w.addedAt = l.conn, 0
		return true
	})})
}

// redial waits before the next dial.
func (c *core) redial(least time.Duration) {
	l := &c.line
	least = min(least, maxRetryAfter)
	if c.tokens == 0 {
		l.state = lineIdle
		return
	}
	most := firstDelay
	if l.attempts > 0 {
		most = min(dialDelay<<min(l.attempts, 10), maxDialDelay)
	}
	l.attempts++
	l.state, l.dialAt = lineWaiting, c.now.after(max(c.jitter(most), least))
}

// jitter returns a random time up to most.
func (c *core) jitter(most time.Duration) time.Duration {
	return time.Duration(c.random.Int64N(int64(most) + 1))
}

// opened: the connection stands.
func (c *core) opened(in *input) {
	l := &c.line
	if l.state != lineDialing || in.conn != l.conn {
		c.do(effect{kind: hangUp, conn: in.conn}) // given up meanwhile
		return
	}
	l.state, l.openedAt, l.lastData, l.pingAt = lineOpen, c.now, c.now, c.now.after(pingInterval)
	l.answered, l.unanswered, l.newest, l.refusals, l.asked = false, 0, 0, 0, 0
	l.pace, l.badFrames = pace{}, history{}
	l.lag.restart()
	c.books.late = false
	for _, w := range c.watched {
		if w != nil {
			w.firstBook = c.now.after(firstBookTimeout)
			c.schedule(w)
		}
	}
	c.leaveOut()
	if missing := c.subscribed(func(w *watched) bool {
		isNew := w.subscribedOn != l.conn
		if isNew {
			w.subscribedOn, w.addedAt = l.conn, c.now
		}
		return isNew
	}); len(missing) > 0 {
		c.do(effect{kind: subscribe, conn: l.conn, tokens: missing})
	}
}

// leaveOut unsubscribes the tokens that are not wanted any more since they were dialed.
func (c *core) leaveOut() {
	l := &c.line
	ids := slices.DeleteFunc(l.leftOut, func(id string) bool {
		w := c.find(c.books.decoder.Find(id))
		if w != nil {
			w.subscribedOn = l.conn // it came back
		}
		return w != nil
	})
	if len(ids) > 0 {
		c.do(effect{kind: unsubscribe, conn: l.conn, tokens: ids})
	}
	l.leftOut = nil
}

// putOffDial: the connection is not dialed yet, and has its time from then on.
func (c *core) putOffDial(in *input) {
	if l := &c.line; l.state == lineDialing && in.conn == l.conn {
		l.dialedAt = c.now.after(in.retryAfter)
	}
}

// refusedDial: the connection does not stand.
func (c *core) refusedDial(in *input) {
	l := &c.line
	if l.state != lineDialing || in.conn != l.conn {
		return
	}
	if in.status != statusBlocked && in.status != statusNoPath {
		l.refusals = 0
	}
	switch in.status {
	case statusTooMany:
		c.redial(max(in.retryAfter, tooManyDelay))
	case statusBlocked, statusNoPath:
		if l.refusals++; l.refusals < maxRefusals {
			c.redial(0)
			return
		}
		c.books.counts.Blocked++
		c.books.doubtAll(Blocked)
		c.redial(blockedDelay)
	default:
		c.redial(in.retryAfter)
	}
}

// closed: the connection has ended.
func (c *core) closed(in *input) {
	l := &c.line
	if in.conn != l.conn || l.state != lineOpen && l.state != lineDialing {
		return
	}
	c.lineDown(Disconnected)
	if in.status == closeNormal && in.text == resolvedText {
		for _, w := range c.watched {
			// It may have met a subscription that was on its way.
			if w != nil && w.subscribedOn == l.conn && (w.addedAt == 0 || w.addedAt.after(firstBookTimeout) <= c.now) {
				c.books.leave(w.token, Resolved)
				c.over(w)
			}
		}
	}
	c.redial(0)
}

// drop gives a connection up.
func (c *core) drop(reason Reason) {
	c.do(effect{kind: hangUp, conn: c.line.conn, reason: reason})
	c.books.counts.Drops++
	c.lineDown(reason)
	c.redial(0)
}

// move is drop for what REST has shown, at most once a minute. It returns false if
// that was less ago.
func (c *core) move(reason Reason) bool {
	l := &c.line
	if l.state != lineOpen || l.moved != 0 && c.now < l.moved.after(healthyTime) {
		return false
	}
	l.moved = c.now
	c.drop(reason)
	return true
}

// lineDown puts every token in doubt, and forgets what was asked: an answer could not
// be joined with the next connection.
func (c *core) lineDown(reason Reason) {
	c.books.doubted = false
	c.books.conn = c.line.conn
	c.books.breakAll(reason)
	c.rest.forget()
	c.masses.forget()
	for _, w := range c.watched {
		if w != nil {
			w.firstBook, w.seed = 0, false
			w.fetch.forget()
			c.schedule(w)
		}
	}
}

// frame applies a frame to the books, and notes what it says of the connection.
func (c *core) frame(in *input) {
	l := &c.line
	if in.conn != l.conn || l.state != lineOpen {
		return
	}
	l.unanswered = 0
	err := c.books.frame(in.frame)
	h := &c.books.heard
	l.answered = l.answered || h.answer
	switch {
	case err != nil:
		c.books.counts.BadFrames++
		if l.badFrames.add(c.now) {
			c.drop(BadMessage)
		}
		return
	case h.text == feed.TextInvalidOperation:
		c.drop(BadMessage) // which subscription it answers is not said
		return
	case !h.data:
		return
	}
	l.lastData = c.now
	l.pace.note(c.now)
	if l.attempts > 0 && c.now >= l.openedAt.after(healthyTime) {
		l.attempts = 0
	}
	if h.changed != 0 {
		l.patience = 0 // books come with every new connection
		c.noteLag(h.changed)
	}
}

// subscribed returns the ids of the watched tokens that are not gone, as far as they
// are wanted.
func (c *core) subscribed(want func(*watched) bool) (ids []string) {
	for _, w := range c.watched {
		if w != nil && w.token.state != Gone && want(w) {
			ids = append(ids, w.token.asset.ID)
		}
	}
	return ids
}
