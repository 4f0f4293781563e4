package engine

import (
	"slices"
	"time"
)

// What happens to many tokens at once has one cause, and is not mended one by one.
const (
	// massMarkets is how many markets there must be at least.
	massMarkets = 10
	// massShare of the markets within massTime are many, in hundredths.
	massShare = 30
	massTime  = time.Second
	// massWitnesses tokens are asked for, and the others wait for what they say.
	massWitnesses = 3
	massTimeout   = 2 * time.Second
	// emptyShare of the markets empty within massTime may be a restart of the
	// exchange's engine.
	emptyShare = 80
	// hashlessMarkets: so many markets whose books REST has, under hashes that cannot
	// be made from them, mean that no hash can.
	hashlessMarkets = 3
)

// masses watches for what happens to many markets at once.
type masses struct {
	failed  crowd // whose hash failed
	emptied crowd
	// until is the time until which the witnesses are waited for, 0 when nothing is to
	// be decided; wrong counts those that spoke against the books here.
	until instant
	wrong int
	// suspected is when REST was asked whether the exchange's engine is down, 0 if
	// nothing spoke for it.
	suspected instant
	// hashless holds the markets whose books REST has under hashes that cannot be made
	// from them, since a hash matched last.
	hashless []*market
}

// crowd counts the markets of the last second.
type crowd struct {
	markets []*market
	times   []instant
}

// add counts a market, and returns how many there are.
func (c *crowd) add(m *market, now instant) int {
	keep := 0
	for i, at := range c.times {
		if at.after(massTime) > now && c.markets[i] != m {
			c.markets[keep], c.times[keep] = c.markets[i], at
			keep++
		}
	}
	c.markets, c.times = append(c.markets[:keep], m), append(c.times[:keep], now)
	return len(c.markets)
}

func (m *masses) deciding() bool { return m.until != 0 }

func (m *masses) due() instant { return m.until }

func (m *masses) forget() { *m = masses{hashless: m.hashless} }

// hashFailed counts a market whose hash failed. If many do, some of them are asked
// about, and the others wait.
func (m *masses) hashFailed(c *core, failed *market) {
	n, all := m.failed.add(failed, c.now), len(c.books.markets)
	if m.deciding() || all < massMarkets || n*100 < all*massShare {
		return
	}
	c.books.counts.MassMismatches++
	m.until, m.wrong = c.now.after(massTimeout), 0
	for _, market := range m.failed.markets[:min(n, massWitnesses)] {
		for _, t := range market.tokens {
			if w := c.find(t.asset); w != nil && t.failed {
				c.want(w, c.now)
				break
			}
		}
	}
}

// witness takes what REST said of a token while many markets' hashes failed. If the
// books here are wrong, a new connection has them all at once.
func (m *masses) witness(c *core, outcome joined) {
	if !m.deciding() {
		return
	}
	if outcome == revived {
		c.endDecision()
		return
	}
	if m.wrong++; m.wrong >= 2 && !c.move(HashMismatch) {
		c.endDecision()
	}
}

// massesOverdue ends the wait for witnesses.
func (c *core) massesOverdue() {
	if c.masses.deciding() && c.masses.until <= c.now {
		c.endDecision()
	}
}

// endDecision lets the tokens be mended one by one.
func (c *core) endDecision() {
	c.masses.until = 0
	c.mendAll()
}

// withoutHash counts a market whose book REST has under a hash that cannot be made
// from it. If there are some, and no hash matches any more, hashes are made otherwise
// than they were.
func (m *masses) withoutHash(c *core, without *market) {
	if !slices.Contains(m.hashless, without) {
		m.hashless = append(m.hashless, without)
	}
	if len(m.hashless) >= hashlessMarkets && !c.books.proofs.off {
		c.do(effect{kind: reportHashing})
		c.hashingOff()
	}
	if m.deciding() {
		c.endDecision()
	}
}

// hashingOff stops comparing hashes: books are compared with REST only.
func (c *core) hashingOff() {
	c.books.counts.HashingOff = true
	c.books.proofs.limit(-1, c.now)
	for _, t := range c.books.tokens {
		if t != nil && t.failed {
			c.books.hide(t)
			t.run.changed()
			t.failed = false
			c.books.reschedule(t)
		}
	}
	c.mendAll()
}

// bookEmptied counts a market whose book is empty. If nearly all are at once, REST is
// asked whether the exchange's engine is down.
func (m *masses) bookEmptied(c *core, emptied *market) {
	n, all := m.emptied.add(emptied, c.now), len(c.books.markets)
	if all >= massMarkets && n*100 >= all*emptyShare && (m.suspected == 0 || c.now >= m.suspected.after(maxPause)) {
		m.suspected = c.now
		c.auditNewest()
	}
}

// maintenance: REST says that the exchange's engine is not ready. If it has emptied
// nearly all books just before, they mean nothing until it is.
func (c *core) maintenance() {
	if at := c.masses.suspected; at != 0 && c.now < at.after(maxPause) {
		c.books.demoteAll(Maintenance)
	}
}
