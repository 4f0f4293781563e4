package feed_test

import (
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"testing"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

var (
	checkID = feed.BookID{Market: "0xaa", Asset: "1", Time: 1_800_000_000_000}
	bids    = []book.Level{{Price: 400_000, Size: 5_000_000}, {Price: 410_000, Size: 7_250_000}}
	asks    = []book.Level{{Price: 620_000, Size: 1_000_000}}
	terms   = feed.HashTerms{
		Recipe: feed.RecipeLastTrade, MinOrderSize: 15 * book.Share, TickSize: 10_000, NegRisk: true,
		LastTrade: feed.LastTrade{Price: 410_000, Decimals: 3},
	}
)

func hashUnder(change func(*feed.HashTerms)) feed.Hash {
	t := terms
	change(&t)
	return feed.BookHash(checkID, bids, asks, t)
}

// calibrated returns terms that one book has matched under.
func calibrated(t *testing.T, c *feed.HashChecker) *feed.MarketTerms {
	t.Helper()
	var m feed.MarketTerms
	m.NoteTick(terms.TickSize)
	m.NoteLastTrade(terms.LastTrade)
	if got := c.Check(checkID, bids, asks, hashUnder(func(*feed.HashTerms) {}), &m, feed.Calibrate); got != feed.Matched {
		t.Fatalf("calibration: %v", got)
	}
	if m.Terms() != terms {
		t.Fatalf("calibrated to %+v, want %+v", m.Terms(), terms)
	}
	return &m
}

func TestEfforts(t *testing.T) {
	var c feed.HashChecker
	for _, test := range []struct {
		name                     string
		change                   func(*feed.HashTerms)
		quick, search, calibrate feed.Match
	}{
		{"nothing", func(*feed.HashTerms) {}, feed.Matched, feed.Matched, feed.Matched},
		{"last trade", func(h *feed.HashTerms) { h.LastTrade.Price = 777_000 }, feed.Mismatched, feed.Matched, feed.Matched},
		{"last trade of two decimals", func(h *feed.HashTerms) { h.LastTrade = feed.LastTrade{Price: 770_000} }, feed.Mismatched, feed.Matched, feed.Matched},
		{"no last trade", func(h *feed.HashTerms) { h.LastTrade = feed.LastTrade{} }, feed.Mismatched, feed.Matched, feed.Matched},
		{"tick", func(h *feed.HashTerms) { h.TickSize = 1_000 }, feed.Mismatched, feed.Matched, feed.Matched},
		{"tick and last trade", func(h *feed.HashTerms) { h.TickSize, h.LastTrade.Price = 1_000, 970_000 }, feed.Mismatched, feed.Matched, feed.Matched},
		{"a tick that nobody knows", func(h *feed.HashTerms) { h.TickSize = 7 }, feed.Mismatched, feed.Mismatched, feed.Mismatched},
		{"minimum size", func(h *feed.HashTerms) { h.MinOrderSize = book.Share }, feed.Mismatched, feed.Mismatched, feed.Mismatched},
		{"neg-risk", func(h *feed.HashTerms) { h.NegRisk = false }, feed.Mismatched, feed.Mismatched, feed.Mismatched},
	} {
		want := hashUnder(test.change)
		for effort, match := range map[feed.Effort]feed.Match{
			feed.Quick: test.quick, feed.Search: test.search, feed.Calibrate: test.calibrate,
		} {
			m := calibrated(t, &c)
			if got := c.Check(checkID, bids, asks, want, m, effort); got != match {
				t.Errorf("%s, effort %d: %v, want %v", test.name, effort, got, match)
			}
			if match != feed.Matched && c.Found() != hashUnder(func(*feed.HashTerms) {}) {
				t.Errorf("%s, effort %d: found %v", test.name, effort, c.Found())
			}
			// What was learned is tried at once the next time.
			if again := c.Check(checkID, bids, asks, want, m, feed.Quick); match == feed.Matched && again != feed.Matched {
				t.Errorf("%s: %v at the second time", test.name, again)
			}
		}
	}
}

// TestLevelsAreNeverGuessed: no effort matches a book that differs in a level.
func TestLevelsAreNeverGuessed(t *testing.T) {
	var c feed.HashChecker
	want := hashUnder(func(*feed.HashTerms) {})
	for i := range bids {
		wrong := slices.Clone(bids)
		wrong[i].Size++
		if got := c.Check(checkID, wrong, asks, want, calibrated(t, &c), feed.Calibrate); got != feed.Mismatched {
			t.Errorf("level %d: %v", i, got)
		}
		if got := c.Check(checkID, slices.Delete(slices.Clone(bids), i, i+1), asks, want, calibrated(t, &c), feed.Calibrate); got != feed.Mismatched {
			t.Errorf("without level %d: %v", i, got)
		}
	}
	later := checkID
	later.Time++
	if got := c.Check(later, bids, asks, want, calibrated(t, &c), feed.Calibrate); got != feed.Mismatched {
		t.Errorf("another time: %v", got)
	}
}

// TestCalibrationWithoutTerms: a book that tells neither tick size nor last trade
// price, as those after a trade, still shows them by its hash, also beside prices
// that other trades had.
func TestCalibrationWithoutTerms(t *testing.T) {
	want := hashUnder(func(*feed.HashTerms) {})
	for name, note := range map[string]func(*feed.MarketTerms){
		"nothing is known":          func(*feed.MarketTerms) {},
		"the tick is known":         func(m *feed.MarketTerms) { m.NoteTick(terms.TickSize) },
		"another tick":              func(m *feed.MarketTerms) { m.NoteTick(1000) },
		"another trade":             func(m *feed.MarketTerms) { m.NoteTick(terms.TickSize); m.NoteTrade(500_000, 2) },
		"other terms that are kept": func(m *feed.MarketTerms) { m.NoteStatics(7*book.Share, false) },
		"many trades": func(m *feed.MarketTerms) {
			for i := range 20 {
				m.NoteTrade(book.Price(i+1)*1000, 3)
			}
		},
	} {
		var c feed.HashChecker
		var m feed.MarketTerms
		note(&m)
		for _, effort := range []feed.Effort{feed.Quick, feed.Search} {
			if got := c.Check(checkID, bids, asks, want, &m, effort); got != feed.CannotSay {
				t.Errorf("%s: without calibration: %v", name, got)
			}
		}
		if got := c.Check(checkID, bids, asks, want, &m, feed.Exhaust); got != feed.Matched || m.Terms() != terms {
			t.Errorf("%s: %v, %+v", name, got, m.Terms())
		}
	}
	var c feed.HashChecker
	var m feed.MarketTerms
	if got := c.Check(checkID, bids, asks, feed.HashOf([20]byte{1}), &m, feed.Exhaust); got != feed.CannotSay {
		t.Errorf("a hash of nothing: %v", got)
	}
}

// TestGivenTerms: what REST tells is tried first, and does not replace what a hash
// has matched under.
func TestGivenTerms(t *testing.T) {
	var c feed.HashChecker
	odd := hashUnder(func(h *feed.HashTerms) { h.MinOrderSize = 7 * book.Share })
	var m feed.MarketTerms
	m.NoteTick(terms.TickSize)
	m.NoteLastTrade(terms.LastTrade)
	if got := c.Check(checkID, bids, asks, odd, &m, feed.Calibrate); got != feed.CannotSay {
		t.Errorf("a minimum size that nobody knows: %v", got)
	}
	m.NoteStatics(7*book.Share, true)
	if got := c.Check(checkID, bids, asks, odd, &m, feed.Calibrate); got != feed.Matched {
		t.Errorf("one that was given: %v", got)
	}
	m.NoteStatics(book.Share, false)
	if got := c.Check(checkID, bids, asks, odd, &m, feed.Quick); got != feed.Matched {
		t.Errorf("given otherwise later: %v", got)
	}
}

// TestOldRecipe: books of 2025-10 have no last trade price in their hash.
func TestOldRecipe(t *testing.T) {
	var c feed.HashChecker
	want := hashUnder(func(h *feed.HashTerms) { h.Recipe = feed.RecipeNoLastTrade })
	var m feed.MarketTerms
	m.NoteTick(terms.TickSize)
	if got := c.Check(checkID, bids, asks, want, &m, feed.Calibrate); got != feed.Matched {
		t.Fatal(got)
	}
	if got := m.Terms().Recipe; got != feed.RecipeNoLastTrade {
		t.Errorf("recipe %v", got)
	}
	if got := c.Check(checkID, bids, asks, want, &m, feed.Quick); got != feed.Matched {
		t.Error(got)
	}
}

// TestLastTradesAreBounded crosses the number of candidates that are kept.
func TestLastTradesAreBounded(t *testing.T) {
	var c feed.HashChecker
	m := calibrated(t, &c)
	for i := range 7 {
		m.NoteLastTrade(feed.LastTrade{Price: book.Price(i+1) * 1000, Decimals: 3})
	}
	want := hashUnder(func(*feed.HashTerms) {})
	if got := c.Check(checkID, bids, asks, want, m, feed.Quick); got != feed.Matched {
		t.Errorf("the eighth candidate: %v", got)
	}
	for i := range 8 {
		m.NoteLastTrade(feed.LastTrade{Price: book.Price(i+1) * 1000, Decimals: 3})
	}
	if got := c.Check(checkID, bids, asks, want, m, feed.Quick); got != feed.Mismatched {
		t.Errorf("the ninth: %v", got)
	}
	if m.NoteTrade(410_000, 2); m.Terms().LastTrade != (feed.LastTrade{Price: 8000, Decimals: 3}) {
		t.Errorf("a trade, which may be an old one, has replaced the newest price: %v", m.Terms().LastTrade)
	}
	if got := c.Check(checkID, bids, asks, want, m, feed.Quick); got != feed.Matched {
		t.Errorf("after a trade: %v", got)
	}
}

func TestLastTradeText(t *testing.T) {
	for _, test := range []struct {
		l    feed.LastTrade
		want string
	}{
		{feed.LastTrade{}, ""},
		{feed.LastTrade{Price: 850_000, Decimals: 3}, "0.850"},
		{feed.LastTrade{Price: 850_000}, "0.85"},
		{feed.LastTrade{Price: 997_500, Decimals: 3}, "0.9975"},
		{feed.LastTrade{Price: book.Dollar, Decimals: 3}, "1.000"},
		{feed.LastTrade{Price: book.Dollar}, "1"},
		{feed.LastTrade{Decimals: 3}, "0.000"},
	} {
		if got := test.l.String(); got != test.want {
			t.Errorf("%+v: %q, want %q", test.l, got, test.want)
		}
	}
}

func TestParseHash(t *testing.T) {
	if h, err := feed.ParseHash(hashHex); err != nil || h.String() != hashHex {
		t.Errorf("%v, %v", h, err)
	}
	for _, bad := range []string{"", hashHex[1:], hashHex + "0", "467FBCCEE1C57C19555227CBEACCD407E6B7994D", "0x" + hashHex[2:], "zz" + hashHex[2:]} {
		if h, err := feed.ParseHash(bad); err == nil || !h.IsZero() {
			t.Errorf("%q: %v, %v", bad, h, err)
		}
	}
}

// TestHashBytes: a hash is the same by its text and by its bytes, digit by digit.
func TestHashBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	seen := map[feed.Hash]bool{{}: true}
	for range 1000 {
		var sum [20]byte
		for i := range sum {
			sum[i] = byte(r.Uint32())
		}
		h := feed.HashOf(sum)
		if parsed, err := feed.ParseHash(hex.EncodeToString(sum[:])); err != nil || parsed != h || h.Bytes() != sum || seen[h] {
			t.Fatalf("%x: %v, %v, bytes %x", sum, parsed, err, h.Bytes())
		}
		seen[h] = true
		other := sum
		other[r.IntN(20)] ^= 1 << r.IntN(8)
		if feed.HashOf(other) == h {
			t.Fatalf("%x and %x are the same", sum, other)
		}
	}
	if h := feed.HashOf([20]byte{}); !h.IsZero() || h.String() != "" {
		t.Errorf("no hash is %v", h)
	}
}

func TestCheckDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	var c feed.HashChecker
	m := calibrated(t, &c)
	want := hashUnder(func(*feed.HashTerms) {})
	for effort, announced := range map[feed.Effort]feed.Hash{feed.Quick: want, feed.Search: feed.HashOf([20]byte{1})} {
		c.Check(checkID, bids, asks, announced, m, effort)
		if n := testing.AllocsPerRun(10, func() { c.Check(checkID, bids, asks, announced, m, effort) }); n > 0 {
			t.Errorf("effort %d: %v allocations", effort, n)
		}
	}
}
