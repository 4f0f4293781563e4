package engine

import (
	"time"

	"example.com/truebook/feed"
)

const (
	// firstBookTimeout is after the subscription, which is answered in half a second.
	firstBookTimeout = 5 * time.Second
	// seedDelay is before REST is asked for the first book of a token that was watched
	// before, to which the exchange may not send one. Until the subscription is in
	// force, which takes half a second, changes come between the book and the stream.
	seedDelay = time.Second
	// lingerTime is how long a token is followed when nobody watches it any more.
	lingerTime = 30 * time.Second
	// flappingTime is how long a token is left alone that had to be mended five times
	// within a minute.
	flappingTime = time.Minute
	// steadyTime is how long a token must have been live until its next doubt is
	// mended as if it were the first.
	steadyTime = time.Minute
)

// watch follows tokens from now on.
func (c *core) watch(ids []string) {
	var added []string
	for _, id := range ids {
		a := c.books.decoder.Know(id)
		if w := c.find(a); w != nil {
			w.unwatchedAt = 0
			c.schedule(w)
			continue
		}
		for a.Index >= len(c.watched) {
			c.watched = append(c.watched, nil)
		}
		w := &watched{token: c.books.token(a)}
		w.due = schedule{place: -1, index: a.Index}
		c.watched[a.Index] = w
		if w.token.state == Gone && w.token.reason == Unwatched {
			c.books.comeBack(w.token)
			w.seed = true // the exchange may not send it again on the same connection
		}
		if w.token.state == Gone {
			w.isOver = true // and is not counted
			continue
		}
		c.tokens++
		c.audits.add(w)
		if c.line.state == lineOpen {
			w.subscribedOn, w.addedAt = c.line.conn, c.now
			w.firstBook = c.now.after(firstBookTimeout)
			c.schedule(w)
			added = append(added, id)
			if w.seed {
				c.want(w, c.now.after(seedDelay))
			}
		}
	}
	if len(added) > 0 {
		c.do(effect{kind: subscribe, conn: c.line.conn, tokens: added})
	}
	if c.line.state == lineIdle && c.tokens > 0 {
		c.redial(0)
	}
}

// leave lets tokens linger.
func (c *core) leave(ids []string) {
	for _, id := range ids {
		a := c.books.decoder.Find(id)
		if a == nil {
			continue
		}
		if w := c.find(a); w != nil && w.unwatchedAt == 0 {
			w.unwatchedAt = c.now
			c.schedule(w)
		}
	}
}

// find returns a token if it is watched.
func (c *core) find(a *feed.Asset) *watched {
	if a.Index >= len(c.watched) {
		return nil
	}
	return c.watched[a.Index]
}

// schedule says when something of a token is due next.
func (c *core) schedule(w *watched) {
	var next instant
	at := func(due instant) {
		if due != 0 && (next == 0 || due < next) {
			next = due
		}
	}
	at(w.firstBook)
	if w.fetch.phase == fetchDue {
		at(w.fetch.at)
	}
	if w.unwatchedAt != 0 {
		at(w.unwatchedAt.after(lingerTime))
	}
	c.due.set(&w.due, next)
}

// overdue does what is due of a token.
func (c *core) overdue(w *watched) {
	if w.unwatchedAt != 0 && w.unwatchedAt.after(lingerTime) <= c.now {
		c.forget(w)
		return
	}
	if w.firstBook != 0 && w.firstBook <= c.now {
		w.firstBook = 0
		c.books.doubt(w.token, FirstBookTimeout)
		if c.want(w, c.now); !c.line.answered {
			w.firstBook = c.now.after(tick) // nothing is asked for before
		}
	}
	if w.fetch.phase == fetchDue && w.fetch.at <= c.now {
		c.enqueue(w)
	}
}

// forget stops following a token that nobody watches.
func (c *core) forget(w *watched) {
	id := w.token.asset.ID
	w.fetch.forget()
	w.unwatchedAt, w.firstBook = 0, 0
	c.due.set(&w.due, 0)
	switch {
	case w.token.state == Gone:
	case c.line.state == lineOpen:
		c.do(effect{kind: unsubscribe, conn: c.line.conn, tokens: []string{id}})
	case c.line.state == lineDialing && w.subscribedOn == c.line.conn:
		c.line.leftOut = append(c.line.leftOut, id)
	}
	c.over(w)
	c.books.leave(w.token, Unwatched)
	c.books.forget(w.token)
	c.watched[w.token.asset.Index] = nil
}

// over: a token is not followed any more.
func (c *core) over(w *watched) {
	if !w.isOver {
		w.isOver = true
		c.tokens--
		c.audits.remove(w)
		w.fetch.forget()
		w.firstBook = 0
		c.schedule(w)
	}
}

// needsMending says that a token's book is not to be trusted, and that the connection
// cannot be why.
func (c *core) needsMending(w *watched) bool {
	t := w.token
	switch {
	case c.line.state != lineOpen || !c.line.answered || c.books.late || w.isOver:
		return false
	case t.state == Syncing:
		// Its first book may have been too old, or not have its hash.
		return t.reason == FirstBookTimeout || w.seed || t.based
	}
	return t.state == Stale || t.failed
}

// review takes note of what a step has done to a token, before its readers do.
func (c *core) review(t *token) {
	w := c.find(t.asset)
	if w == nil {
		return
	}
	if t.run.check == Proved {
		c.masses.hashless = c.masses.hashless[:0]
	}
	if t.state == Live && w.lastState == Live && !t.failed && !w.failing {
		if top := t.book.Top(); t.version > 0 && top.Bid.Size == 0 && top.Ask.Size == 0 {
			c.masses.bookEmptied(c, t.market)
		}
		return // as nearly always
	}
	switch {
	case t.state == Gone:
		c.over(w)
	case t.failed && !w.failing:
		c.hashFailed(w)
	}
	w.failing = t.failed
	if t.based && t.conn == c.line.conn && w.firstBook != 0 {
		w.firstBook = 0
		c.schedule(w)
	}
	if t.state != w.lastState {
		c.stateChanged(w)
	}
	if waits := t.failed && c.masses.deciding(); (t.state == Stale || t.state == Syncing && t.based) && !waits && c.needsMending(w) {
		c.want(w, c.now)
	}
}

// stateChanged counts, and forgets what was to be mended.
func (c *core) stateChanged(w *watched) {
	t := w.token
	if w.lastState == Live {
		c.books.counts.Doubts[t.reason]++
		if w.liveSince.after(steadyTime) <= c.now {
			w.fetch.gap = 0
		}
	}
	if t.state == Stale {
		if c.now < w.restUntil {
			t.reason = Flapping
		}
		if t.reason == Unmirrored && w.unmirrored.add(c.now) {
			c.mustMove = Unmirrored
		}
	}
	if t.state == Live {
		w.liveSince = c.now
		// A book from before it was subscribed to again may come on the same connection.
		if w.fetch.phase == fetchDue && !t.failed && !w.seed {
			w.fetch.forget()
			c.schedule(w)
		}
	}
	w.lastState = t.state
}

// hashFailed: the hash of a run that is over did not match. Until REST is asked, the
// next run may explain it.
func (c *core) hashFailed(w *watched) {
	t := w.token
	c.books.counts.HashesFailed++
	c.masses.hashFailed(c, t.market)
	from := t.failedAt.after(runTimeout)
	if t.run.openSince != 0 {
		from = t.run.openSince.after(runTimeout)
	}
	if !c.masses.deciding() {
		c.want(w, from)
	}
}

// mended counts how often a token had to be, which is no use five times a minute.
func (c *core) mended(w *watched) {
	if w.mendings.add(c.now) {
		w.restUntil = c.now.after(flappingTime)
	}
}

// unfollowed: REST had a state of a live token which the connection has not told. If
// it has told nothing at all since REST was asked, it is dead; if others go on, and it
// happens again, the token may be better off on another one.
func (c *core) unfollowed(w *watched) {
	switch {
	case c.line.lastData < w.fetch.asked:
		c.drop(Silent)
	case w.lastUnfollowed != 0 && c.now < w.lastUnfollowed.after(unfollowedTime):
		c.move(Silent)
	}
	w.lastUnfollowed = c.now
}

// mendAll asks for every token whose book is not to be trusted.
func (c *core) mendAll() {
	for _, w := range c.watched {
		if w != nil && c.needsMending(w) {
			c.want(w, c.now)
		}
	}
}
