package feed

import (
	"slices"
	"sync"

	"example.com/truebook/book"
)

// Match is the answer of a [HashChecker].
type Match uint8

// The answers.
const (
	// CannotSay: no hash was announced, or no recipe is known to fit.
	CannotSay Match = iota
	// Matched: every level is what the exchange has.
	Matched
	// Mismatched: a level differs, or a term of the hash has changed that was
	// not searched for.
	Mismatched
)

// Effort is how far a [HashChecker] goes before it says Mismatched.
type Effort uint8

// The efforts, each including the ones before.
const (
	// Quick tries the terms that are known: a few hashes at most, of which one
	// covers the levels.
	Quick Effort = iota
	// Search also tries each tick size with the last trade prices that are known,
	// and each last trade price on the grid of 0.001 with the tick sizes that are
	// known and the next finer one: the exchange changes both in the hash before
	// it announces them (measured on recorded frames, 2026-06-07). It costs some
	// 3,400 times the end of a hash, half a millisecond; in a market whose tick is
	// 0.0001, 9,000 more, and a millisecond or two.
	Search
	// Calibrate also tries what a market keeps for ever, if no hash of it has
	// matched yet: the recipe, min_order_size and neg_risk, which the stream never
	// sends. With the tick size and the last trade price that an opening book
	// tells, that is 32 hashes. Meant for whole books, whose levels are given with
	// their hash.
	Calibrate
	// Exhaust calibrates with every tick size and last trade price: some 110,000
	// hashes, 15 ms. Whoever asks for it bounds how often.
	Exhaust
)

// MarketTerms is what is known of the terms of one market's hashes, shared by
// its two tokens. The zero MarketTerms knows nothing. It is for one goroutine;
// copies are independent.
type MarketTerms struct {
	// recipe, minOrderSize and negRisk are unknown until a hash has matched
	// under them: until then recipe is RecipeUnknown. If statics is true the other
	// two were given, and are tried first.
	recipe       Recipe
	statics      bool
	negRisk      bool
	minOrderSize book.Size
	// ticks holds the newest tick size and the one before, 0 where unknown.
	ticks [2]book.Price
	// lastTrades holds the candidates for last_trade_price, of which count are
	// used. The newest match is at the front.
	lastTrades [8]LastTrade
	count      int
}

// Terms returns the likeliest terms; their Recipe is RecipeUnknown as long as no
// hash has matched.
func (m *MarketTerms) Terms() HashTerms {
	return HashTerms{
		Recipe: m.recipe, MinOrderSize: m.minOrderSize, TickSize: m.ticks[0], NegRisk: m.negRisk,
		LastTrade: m.lastTrades[0],
	}
}

// NoteTick says that the tick size is now this.
func (m *MarketTerms) NoteTick(tick book.Price) {
	if tick != m.ticks[0] {
		m.ticks = [2]book.Price{tick, m.ticks[0]}
	}
}

// NoteStatics gives min_order_size and neg_risk. Once a hash has matched they are
// known better than that, and it does nothing.
func (m *MarketTerms) NoteStatics(minOrderSize book.Size, negRisk bool) {
	if m.recipe == RecipeUnknown {
		m.minOrderSize, m.negRisk, m.statics = minOrderSize, negRisk, true
	}
}

// NoteLastTrade says that the market's last trade price is now this, as a book
// has it.
func (m *MarketTerms) NoteLastTrade(l LastTrade) { m.candidate(l, 0) }

// NoteTrade says that a trade had this price. The hash has it with three
// decimals on the real exchange (2026-05), and with fewer in some recordings.
// Trades are announced late and out of order: what has matched stays likelier.
func (m *MarketTerms) NoteTrade(price book.Price, decimals int8) {
	at := 0
	if m.recipe != RecipeUnknown {
		at = 1
	}
	m.candidate(LastTrade{price, decimals}, at)
	m.candidate(LastTrade{price, max(decimals, gridDecimals)}, at)
}

// candidate puts a last trade price at a place, unless it stands before it.
func (m *MarketTerms) candidate(l LastTrade, at int) {
	at = min(at, m.count)
	old := slices.Index(m.lastTrades[:m.count], l)
	switch {
	case old >= 0 && old < at:
		return
	case old < 0:
		m.count = min(m.count+1, len(m.lastTrades))
		old = m.count - 1
	}
	copy(m.lastTrades[at+1:old+1], m.lastTrades[at:old])
	m.lastTrades[at] = l
}

// matched puts what a hash was reproduced with first.
func (m *MarketTerms) matched(terms *HashTerms) {
	m.recipe, m.minOrderSize, m.negRisk = terms.Recipe, terms.MinOrderSize, terms.NegRisk
	m.NoteTick(terms.TickSize)
	if terms.Recipe == RecipeLastTrade {
		m.NoteLastTrade(terms.LastTrade)
	}
}

// What a search tries.
const gridDecimals = 3

//nolint:gochecknoglobals // constants
var (
	// The tick sizes of the exchange, commonest first.
	tickSizes = []book.Price{10_000, 1_000, 100, 5_000, 2_500, 100_000}
	// The minimum order sizes seen, commonest first.
	minOrderSizes = []book.Size{
		5 * book.Share, 15 * book.Share, book.Share, 10 * book.Share,
		20 * book.Share, 50 * book.Share, 100 * book.Share, 0,
	}
	// lastTradeGrid is no trade, 0.001 to 1.000, and the same prices without
	// the zeros at their ends.
	lastTradeGrid = sync.OnceValue(func() []LastTrade {
		grid := []LastTrade{{}}
		for p := book.Dollar / 1000; p <= book.Dollar; p += book.Dollar / 1000 {
			grid = append(grid, LastTrade{p, gridDecimals})
		}
		for p := book.Dollar / 100; p <= book.Dollar; p += book.Dollar / 100 {
			grid = append(grid, LastTrade{p, 0})
		}
		return grid
	})
	// fineGrid is what a market of the tick 0.0001 may have beside that.
	fineGrid = sync.OnceValue(func() []LastTrade {
		var grid []LastTrade
		for p := fineTick; p < book.Dollar; p += fineTick {
			if p%(book.Dollar/1000) != 0 {
				grid = append(grid, LastTrade{p, gridDecimals + 1})
			}
		}
		return grid
	})
)

// fineTick is the finest tick size of the exchange.
const fineTick = book.Dollar / 10_000

// HashChecker compares books with announced hashes. It keeps its buffers and
// does not allocate in the steady state. It is for one goroutine.
type HashChecker struct {
	text   []byte // of the book, terms apart
	rest   []byte
	hasher hasher
	found  Hash
}

// Found returns the hash that the last check computed first, with the likeliest
// terms: what to show beside the hash that did not match.
func (c *HashChecker) Found() Hash { return c.found }

// Check says whether a book has the hash that was announced for it, and moves
// the terms that it matched under to the front of m. The levels are in the
// exchange's order, worst first. SHA-1 covers every one of them exactly, so that
// a match by search proves as much as a match at once.
func (c *HashChecker) Check(
	id BookID, bids, asks []book.Level, want Hash, m *MarketTerms, effort Effort,
) Match {
	c.found = Hash{}
	if want.IsZero() || m.recipe == RecipeUnknown && effort < Calibrate {
		return CannotSay
	}
	c.text = appendLevels(appendID(c.text[:0], id), bids, asks)
	c.hasher.begin(c.text)
	if m.recipe == RecipeUnknown {
		if c.calibrate(want, m, effort) {
			return Matched
		}
		return CannotSay
	}
	if c.known(want, m) || effort >= Search && c.search(want, m) {
		return Matched
	}
	return Mismatched
}

// try compares the hash under some terms.
func (c *HashChecker) try(terms *HashTerms, want Hash, m *MarketTerms) bool {
	c.rest = appendTerms(c.rest[:0], terms)
	sum := c.hasher.with(c.rest)
	if c.found.IsZero() {
		c.found = sum
	}
	if sum != want {
		return false
	}
	m.matched(terms)
	return true
}

func (c *HashChecker) known(want Hash, m *MarketTerms) bool {
	for _, tick := range m.ticks {
		if tick != 0 && c.withLastTrades(want, m, tick) {
			return true
		}
	}
	return false
}

// withLastTrades tries each last trade price that is known.
func (c *HashChecker) withLastTrades(want Hash, m *MarketTerms, tick book.Price) bool {
	terms := m.Terms()
	terms.TickSize = tick
	return c.withCandidates(want, m, terms)
}

func (c *HashChecker) withCandidates(want Hash, m *MarketTerms, terms HashTerms) bool {
	if terms.Recipe == RecipeNoLastTrade {
		return c.try(&terms, want, m)
	}
	for _, l := range m.lastTrades[:m.count] {
		terms.LastTrade = l
		if c.try(&terms, want, m) {
			return true
		}
	}
	return false
}

func (c *HashChecker) search(want Hash, m *MarketTerms) bool {
	for _, tick := range tickSizes {
		if tick != m.ticks[0] && tick != m.ticks[1] && c.withLastTrades(want, m, tick) {
			return true
		}
	}
	terms := m.Terms()
	if terms.Recipe != RecipeLastTrade {
		return false
	}
	for _, tick := range []book.Price{m.ticks[0], m.ticks[1], m.ticks[0] / 10} {
		terms.TickSize = tick
		if tick != 0 && c.withGrid(want, m, terms) {
			return true
		}
	}
	return false
}

// withGrid tries every last trade price, from the state just before it.
func (c *HashChecker) withGrid(want Hash, m *MarketTerms, terms HashTerms) bool {
	n := len(c.text)
	c.text = appendTermsToLastTrade(c.text, &terms)
	c.hasher.begin(c.text)
	c.text = c.text[:n]
	defer func() { c.hasher.begin(c.text) }()
	for _, grid := range []func() []LastTrade{lastTradeGrid, fineGrid} {
		for _, l := range grid() {
			c.rest = appendLastTrade(c.rest[:0], l)
			if sum := c.hasher.with(c.rest); sum == want {
				terms.LastTrade = l
				m.matched(&terms)
				return true
			}
		}
		if terms.TickSize != fineTick || m.ticks[0] != fineTick {
			break
		}
	}
	return false
}

// calibrate tries all terms that no hash has matched under yet, likeliest first.
func (c *HashChecker) calibrate(want Hash, m *MarketTerms, effort Effort) bool {
	if m.ticks[0] != 0 && c.calibrateTicks(want, m, m.ticks[:1], c.withCandidates) {
		return true
	}
	return effort >= Exhaust && (c.calibrateTicks(want, m, tickSizes, c.withCandidates) ||
		c.calibrateTicks(want, m, tickSizes, c.withGridOrNone))
}

// withGridOrNone tries the grid for the recipe that has a last trade price.
func (c *HashChecker) withGridOrNone(want Hash, m *MarketTerms, terms HashTerms) bool {
	return terms.Recipe == RecipeLastTrade && c.withGrid(want, m, terms)
}

// calibrateTicks tries each recipe, min_order_size and neg_risk with some tick
// sizes.
func (c *HashChecker) calibrateTicks(
	want Hash, m *MarketTerms, ticks []book.Price, attempt func(Hash, *MarketTerms, HashTerms) bool,
) bool {
	for _, recipe := range []Recipe{RecipeLastTrade, RecipeNoLastTrade} {
		for _, tick := range ticks {
			terms := HashTerms{Recipe: recipe, MinOrderSize: m.minOrderSize, TickSize: tick, NegRisk: m.negRisk}
			if m.statics && attempt(want, m, terms) {
				return true
			}
			for i := range 2 * len(minOrderSizes) {
				terms.MinOrderSize, terms.NegRisk = minOrderSizes[i/2], i%2 == 1
				if attempt(want, m, terms) {
					return true
				}
			}
		}
	}
	return false
}
