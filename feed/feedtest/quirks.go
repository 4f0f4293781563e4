package feedtest

// Quirks are what the exchange does without anything being wrong: a client must
// take all of it without doubt. Shares are from 0 to 1. The zero value, [NoQuirks],
// is an exchange as one would like it, whose frames all take some 20 to 80 ms.
//
// Where a rate was measured, the comment says by whom and when; nsl is the
// description of source behaviour by N. Slaughter (2026-10-04), the others are
// recorded frames. Rates without a source are chosen, so that a test of some
// minutes meets most things.
type Quirks struct {
	// Runs is the share of changes that come as several frames, of equal time and
	// hash: so many that 13.9 % of frames are not the last of theirs (2026-06-07).
	// Those of two markets may be mixed, a share of Mixed.
	Runs, Mixed float64
	// Nothing is the share of changes that change nothing: the same size again,
	// or the removal of a level that is not there; 1.25 % (2026-06-07).
	Nothing float64
	// Repeats is the share of price_change frames that come again, up to 120 ms
	// later; Swapped the share of those with the two entries exchanged. nsl: 9 to
	// 18 an hour in quiet markets, 344 in 45 minutes in busy ones, up to 40 in a
	// minute. Repeats of tick_size_change are as frequent as RepeatedTicks: 4
	// events for 2 tokens were seen (nsl).
	Repeats, Swapped, RepeatedTicks float64
	// EarlyHashes is the share of changes whose hash has the market's next change
	// in it, 50 to 450 ms before that comes: 1 in 8,500 (nsl: 11 of 21,136 and 52
	// of 444,131, healed within 0.05 to 0.75 s).
	EarlyHashes float64
	// SilentLastTrades is how often the last trade price in the hashes of a market
	// changes without a trade, per market and hour: in busy crypto markets the hash
	// did not follow the trades (nsl).
	SilentLastTrades float64
	// UnprintedTrades is the share of trades whose last_trade_price never comes,
	// and LatePrints of those where it comes 0.6 to 2.86 s late. The others come 1
	// to 133 ms after the change (2026-06-07).
	UnprintedTrades, LatePrints float64
	// EarlyBooks and LateBooks are the shares of trades whose `book` frames come
	// before the price_change, and up to 0.4 s after it, when the market may have
	// gone on. Both orders were seen by users (2024-2026).
	EarlyBooks, LateBooks float64
	// Crossed is the share of trades whose remainder is announced before the levels
	// that it took are withdrawn, so that the book is crossed within the run
	// (poly-websockets, 2026-04-20).
	Crossed float64
	// SameMilliseconds is the share of changes that are followed by another one of
	// the same market and millisecond, with another hash (polyfill-rs, 2026-06-22).
	SameMilliseconds float64
	// OldChanges is the share of opening arrays that are followed by a change
	// stamped one millisecond before one of their books, which has it already (nsl,
	// twice).
	OldChanges float64
	// Humps is how often per hour the frames are held up, for 0.45 s on average and
	// 1.05 s at most: REST was ahead of the stream in 34 of 456 answers, by 258 ms in
	// the median and 1,077 ms at most (nsl).
	Humps float64
	// TickSizes is how often a market of tick 0.01 goes beyond 0.96 or below 0.04
	// and gets the tick 0.001, per market and hour. EarlyTicks is the share where
	// hashes have the new tick 10 to 300 ms before the events (nsl, once).
	TickSizes, EarlyTicks float64
	// Settlements is how often a market is settled, per market and hour: every level
	// goes, and 28 ms later comes market_resolved (nsl), but for a share of
	// Unannounced: 1 of 5.
	Settlements, Unannounced float64
	// Thin is how often a side of a market, or both, is empty for 5 to 60 s, per
	// market and hour.
	Thin float64
	// NoSecondBook is the share of tokens subscribed to again on the same
	// connection that get no book (nautilus, 2026-08-03 and 2026-09-01).
	NoSecondBook float64
	// BestPrices is the share of changes of the best prices that best_bid_ask tells
	// of, on connections that asked for it: far from all (netqo, 2026-08).
	// NewMarkets is how often new_market comes there, per hour.
	BestPrices, NewMarkets float64
}

// NoQuirks returns the zero Quirks.
func NoQuirks() Quirks { return Quirks{} }

// DefaultQuirks returns the rates that were measured.
func DefaultQuirks() Quirks {
	return Quirks{
		Runs: 0.064, Mixed: 0.1,
		Nothing: 0.0125,
		Repeats: 1.0 / 700, Swapped: 0.3, RepeatedTicks: 0.5,
		EarlyHashes:      1.0 / 8500,
		SilentLastTrades: 6,
		UnprintedTrades:  0.05, LatePrints: 0.01,
		EarlyBooks: 0.1, LateBooks: 0.1,
		Crossed:          0.1,
		SameMilliseconds: 0.001,
		OldChanges:       0.1,
		Humps:            800,
		TickSizes:        1, EarlyTicks: 0.8,
		Settlements: 0.1, Unannounced: 0.2,
		Thin:         1,
		NoSecondBook: 0.6,
		BestPrices:   0.3, NewMarkets: 20,
	}
}

// Counts says how often what has happened at the exchange.
type Counts struct {
	// Frames are price_change frames, and Changes what they announced: each has one
	// frame or several.
	Frames, Changes, MixedRuns, Nothing uint64
	Repeats, SwappedRepeats             uint64
	EarlyHashes, SilentLastTrades       uint64
	Trades, Prints, LatePrints          uint64
	EarlyBooks, LateBooks, Crossed      uint64
	SameMilliseconds, OldChanges        uint64
	Humps, TickSizes, EarlyTicks        uint64
	Settled, Unannounced, Thin          uint64
	NoSecondBooks                       uint64
}

// Counts returns what has happened so far, in all markets and on all connections.
func (v *Venue) Counts() Counts { return v.counts }
