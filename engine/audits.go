package engine

import (
	"cmp"
	"slices"
	"time"
)

// Every token is compared with REST in turn. Of a token that is quiet, nothing else
// would tell that a change of it was lost.
const (
	// auditPeriod is the time in which each token has its turn, with more than 3,000
	// of them a second for each hundred.
	auditPeriod    = 30 * time.Second
	auditsPerTime  = 100
	auditBatch     = 20
	unfollowedTime = 5 * auditPeriod
)

// audits is whose turn it is.
type audits struct {
	order  []*watched
	cursor int
	next   instant
	// others is how many tokens are kept on other connections, by the same REST.
	others int
}

func (a *audits) begin(now instant) { a.next = now.after(auditPeriod) }

func (a *audits) due() instant {
	if len(a.order) == 0 {
		return 0
	}
	return a.next
}

// gap returns the time between two requests.
func (a *audits) gap() time.Duration {
	n := len(a.order)
	period := max(auditPeriod, time.Duration(n+a.others)*time.Second/auditsPerTime)
	return period / time.Duration(max((n+auditBatch-1)/auditBatch, 1))
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
}

// auditsOverdue asks for the next tokens. What is asked for anyway is left out.
func (c *core) auditsOverdue() {
	a := &c.audits
	if len(a.order) == 0 || a.next > c.now {
		return
	}
	a.next = c.now.after(a.gap())
	for range min(auditBatch, len(a.order)) {
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
	for _, w := range newest[:min(auditBatch, len(newest))] {
		c.audit(w)
	}
}
