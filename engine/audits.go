package engine

import (
	"cmp"
	"slices"
	"time"
)

// Every token is compared with REST in turn. Of a token that is quiet, nothing else
// would tell that a change of it was lost.
const (
	// auditPeriod is the time in which each token has its turn. With more than 3,000 of
	// them it is a second for each hundred, and with more than 60 requests half a second
	// for each: all connections share REST.
	auditPeriod     = 30 * time.Second
	auditsPerSecond = 100
	auditGap        = time.Second / 2
	// newestBatch is how many tokens tell whether a silent connection is dead.
	newestBatch    = 20
	unfollowedTime = 5 * auditPeriod
)

// audits is whose turn it is.
type audits struct {
	order  []*watched
	cursor int
	last   instant // when it was somebody's
	// own is what is in order. others is what is compared on other connections, by the same
	// REST. gap is the time between two requests that follows from both.
	own, others load
	gap         time.Duration
}

// load is what is to be compared with REST, and the requests that takes.
type load struct{ tokens, requests int }

func (a *audits) begin(now instant) {
	a.last = now
	a.recount()
}

func (a *audits) due() instant {
	if len(a.order) == 0 {
		return 0
	}
	return a.last.after(a.gap)
}

// share takes what is compared on other connections now.
func (a *audits) share(others load) {
	if others != a.others {
		a.others = others
		a.recount()
	}
}

func (a *audits) recount() {
	a.own = load{len(a.order), (len(a.order) + maxBatch - 1) / maxBatch}
	period := max(
		auditPeriod,
		time.Duration(a.own.tokens+a.others.tokens)*time.Second/auditsPerSecond,
		time.Duration(a.own.requests+a.others.requests)*auditGap,
	)
	a.gap = period / time.Duration(max(a.own.requests, 1))
}

func (a *audits) add(w *watched) {
	a.order = append(a.order, w)
	a.recount()
}

func (a *audits) remove(w *watched) {
	i := slices.Index(a.order, w)
	if i < 0 {
		return
	}
	a.order = slices.Delete(a.order, i, i+1)
	if i < a.cursor {
		a.cursor--
	}
	a.recount()
}

// auditsOverdue asks for the next tokens. What is asked for anyway is left out.
func (c *core) auditsOverdue() {
	a := &c.audits
	if len(a.order) == 0 || a.due() > c.now {
		return
	}
	a.last = c.now
	for range min(maxBatch, len(a.order)) {
		if a.cursor >= len(a.order) {
			a.cursor = 0
		}
		c.audit(a.order[a.cursor])
		a.cursor++
	}
}

// audit asks REST for the book of a token that nothing speaks against.
func (c *core) audit(w *watched) {
	if !c.rest.off && w.fetch.phase <= fetchDue && w.token.state == Live && c.line.state == lineOpen && c.rest.pausedUntil <= c.now {
		c.books.counts.Audits++
		w.fetch.asked = c.now
		c.queue(w)
	}
}

// auditNewest asks for the tokens of which something came last: if the connection
// carries nothing any more, it shows in them first.
func (c *core) auditNewest() {
	newest := slices.Clone(c.audits.order)
	slices.SortStableFunc(newest, func(a, b *watched) int { return cmp.Compare(b.token.received, a.token.received) })
	for _, w := range newest[:min(newestBatch, len(newest))] {
		c.audit(w)
	}
}
