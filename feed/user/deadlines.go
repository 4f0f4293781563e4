package user

import (
	"slices"
	"time"
)

// How long things may stay as they are.
const (
	// askSuspect is how long an order may be odd before REST is asked: the messages of an
	// order and of its trades come one after the other. maxSuspect is when it makes own state
	// unknown.
	askSuspect = time.Second
	maxSuspect = 3 * time.Second
	// earlyTime is how much later than REST the stream may tell of something.
	earlyTime = 5 * time.Second
	// missedAgain bounds how often a connection is ended for what it has missed.
	missedAgain = time.Minute
	// longestSleep is after how long the core is called in any case.
	longestSleep = time.Second
)

// look does what is due, and returns when something will be.
func (c *core) look() time.Time {
	next := c.now.Add(longestSleep)
	due := func(at time.Time) bool {
		if at.IsZero() {
			return false
		}
		if !at.After(c.now) {
			return true
		}
		if at.Before(next) {
			next = at
		}
		return false
	}
	switch c.phase {
	case idlePhase:
		return c.now.Add(time.Hour)
	case waitingPhase:
		if due(c.dialAt) {
			c.dial()
		}
	case dialingPhase:
		if due(c.openedAt.Add(dialTimeout + 5*time.Second)) {
			c.drop()
		}
	case joiningPhase, joinedPhase:
		switch {
		case c.phase == joiningPhase && due(c.openedAt.Add(joinTimeout)), due(c.lastCame.Add(silenceTimeout)), c.missed(due):
			c.drop()
		case due(c.pingAt) && !c.writing:
			c.ping()
		}
	}
	if c.phase == joinedPhase {
		c.lookAtSuspects(due)
		c.lookAtREST(due)
	}
	return next
}

func (c *core) dial() {
	c.conn++
	c.stats.Dials++
	c.phase, c.openedAt = dialingPhase, c.now
	c.sent = slices.Clone(c.markets)
	c.effects = append(c.effects, effect{kind: dialEffect, conn: c.conn, markets: c.sent})
}

// missed says whether the stream has not told in time what REST knows: then it is not
// what it should be, and another connection may be.
func (c *core) missed(due func(time.Time) bool) bool {
	n := 0
	for id, until := range c.early {
		if due(until) {
			delete(c.early, id)
			n++
		}
	}
	c.stats.Missed += uint64(n)
	if n == 0 || c.now.Sub(c.missedAt) < missedAgain {
		return false
	}
	c.missedAt = c.now
	return true
}

// lookAtSuspects asks REST about what is odd for too long.
func (c *core) lookAtSuspects(due func(time.Time) bool) {
	for _, since := range c.suspects {
		if due(since.Add(askSuspect)) && c.known {
			c.rest.askBy(c.now)
		}
		if due(since.Add(maxSuspect)) && c.known {
			c.doubt(Incomplete)
		}
	}
}
