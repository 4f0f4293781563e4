package feed

import (
	"crypto/sha1" // the exchange's choice; nothing here depends on its strength
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

// The efforts, each including the one before.
const (
	// Quick tries the terms that are known: a few hashes at most, of which only
	// the first covers the levels.
	Quick Effort = iota
	// Search also tries each tick size and each last trade price on the grid of
	// 0.001: the exchange changes both in the hash before it announces them
	// (measured on recorded frames, 2026-06-07). It costs a thousand times the
	// end of a hash, some 0.2 ms.
	Search
	// Calibrate also tries what a market keeps for ever, if it is not known yet:
	// the recipe, min_order_size and neg_risk, which the stream never sends.
	// Meant for whole books, whose levels are given with their hash.
	Calibrate
)

// MarketTerms is what is known of the terms of one market's hashes, shared by
// its two tokens. The zero MarketTerms knows nothing. It is for one goroutine;
// copies are independent.
type MarketTerms struct {
	// recipe, minOrderSize and negRisk are unknown until a hash has matched
	// under them: until then recipe is RecipeUnknown. If statics is true they
	// were given, and only the recipe is to be found.
	recipe       Recipe
	statics      bool
	negRisk      bool
	minOrderSize book.Size
	// ticks holds the newest tick size and the one before, 0 where unknown.
	ticks [2]book.Price
	// lastTrades holds the candidates for last_trade_price, likeliest first, of
	// which count are used. The newest match is at the front.
	lastTrades [8]LastTrade
	count      int
	// searches counts the dear calibrations, which are given up after maxSearches.
	searches int
}

// maxSearches bounds the calibrations by 100,000 hashes of one market.
const maxSearches = 4

// Terms returns the likeliest terms; their Recipe is RecipeUnknown as long as no
// hash has matched.
func (m *MarketTerms) Terms() HashTerms {
	return HashTerms{
		Recipe: m.recipe, MinOrderSize: m.minOrderSize, TickSize: m.ticks[0], NegRisk: m.negRisk,
		LastTrade: m.lastTrades[0],
	}
}

// LastTradeKnown says whether Terms has a last trade price from somewhere.
func (m *MarketTerms) LastTradeKnown() bool { return m.count > 0 }

// NoteTick says that the tick size is now this.
func (m *MarketTerms) NoteTick(tick book.Price) {
	if tick != m.ticks[0] {
		m.ticks = [2]book.Price{tick, m.ticks[0]}
	}
}

// NoteStatics gives min_order_size and neg_risk.
func (m *MarketTerms) NoteStatics(minOrderSize book.Size, negRisk bool) {
	m.minOrderSize, m.negRisk, m.statics = minOrderSize, negRisk, true
}

// NoteLastTrade says that the market's last trade price is now this, as a book
// has it.
func (m *MarketTerms) NoteLastTrade(l LastTrade) {
	if i := slices.Index(m.lastTrades[:m.count], l); i >= 0 {
		copy(m.lastTrades[1:i+1], m.lastTrades[:i])
	} else {
		m.count = min(m.count+1, len(m.lastTrades))
		copy(m.lastTrades[1:m.count], m.lastTrades[:])
	}
	m.lastTrades[0] = l
}

// NoteTrade says that a trade had this price. The hash has it with three
// decimals on the real exchange (2026-05), and with fewer in some recordings.
func (m *MarketTerms) NoteTrade(price book.Price, decimals int8) {
	m.NoteLastTrade(LastTrade{price, decimals})
	m.NoteLastTrade(LastTrade{price, max(decimals, gridDecimals)})
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
)

// HashChecker compares books with announced hashes. It keeps its buffers and
// does not allocate in the steady state. It is for one goroutine.
type HashChecker struct {
	text   []byte // of the book, terms apart
	begun  bool   // hasher has text as its beginning
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
	c.begun = false
	if m.recipe == RecipeUnknown {
		if c.calibrate(want, m) {
			return Matched
		}
		return CannotSay
	}
	if c.known(want, m) || effort >= Search && c.search(want, m) {
		return Matched
	}
	return Mismatched
}

// try compares the hash under some terms. The first one is computed in one go,
// the next ones from the state after the levels.
func (c *HashChecker) try(terms *HashTerms, want Hash) bool {
	var sum Hash
	if c.found.IsZero() {
		n := len(c.text)
		c.text = appendTerms(c.text, terms)
		sum = sha1.Sum(c.text)
		c.text = c.text[:n]
		c.found = sum
	} else {
		if !c.begun {
			c.hasher.begin(c.text)
			c.begun = true
		}
		c.rest = appendTerms(c.rest[:0], terms)
		sum = c.hasher.with(c.rest)
	}
	return sum == want
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
	count := m.count
	if terms.Recipe == RecipeNoLastTrade {
		count = 1
	}
	for _, l := range m.lastTrades[:count] {
		terms.LastTrade = l
		if c.try(&terms, want) {
			m.matched(&terms)
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
	return terms.Recipe == RecipeLastTrade && c.withGrid(want, m, terms)
}

// withGrid tries every last trade price, from the state just before it.
func (c *HashChecker) withGrid(want Hash, m *MarketTerms, terms HashTerms) bool {
	n := len(c.text)
	c.text = appendTermsToLastTrade(c.text, &terms)
	c.hasher.begin(c.text)
	c.begun = false
	c.text = c.text[:n]
	for _, l := range lastTradeGrid() {
		c.rest = appendLastTrade(c.rest[:0], l)
		if sum := c.hasher.with(c.rest); sum == want {
			terms.LastTrade = l
			m.matched(&terms)
			return true
		}
	}
	return false
}

// calibrate tries all terms that m does not know. An opening book has told the
// tick size and the last trade price by then, and 32 hashes are left at most; a
// book that told neither costs some 100,000, once.
func (c *HashChecker) calibrate(want Hash, m *MarketTerms) bool {
	sizes, risks, ticks := minOrderSizes, []bool{false, true}, tickSizes
	if m.statics {
		sizes, risks = []book.Size{m.minOrderSize}, []bool{m.negRisk}
	}
	if m.ticks[0] != 0 {
		ticks = []book.Price{m.ticks[0]}
	}
	if m.ticks[0] == 0 || m.count == 0 {
		if m.searches == maxSearches {
			return false
		}
		m.searches++
	}
	for _, recipe := range []Recipe{RecipeLastTrade, RecipeNoLastTrade} {
		for _, tick := range ticks {
			for _, risk := range risks {
				for _, size := range sizes {
					terms := HashTerms{Recipe: recipe, MinOrderSize: size, TickSize: tick, NegRisk: risk}
					if c.calibrateWith(want, m, terms) {
						return true
					}
				}
			}
		}
	}
	return false
}

func (c *HashChecker) calibrateWith(want Hash, m *MarketTerms, terms HashTerms) bool {
	if terms.Recipe == RecipeLastTrade && m.count == 0 {
		return c.withGrid(want, m, terms)
	}
	lastTrades := []LastTrade{{}}
	if terms.Recipe == RecipeLastTrade {
		lastTrades = m.lastTrades[:m.count]
	}
	for _, l := range lastTrades {
		terms.LastTrade = l
		if c.try(&terms, want) {
			m.matched(&terms)
			return true
		}
	}
	return false
}
