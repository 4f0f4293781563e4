package book_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/shopspring/decimal"

	"example.com/truebook/book"
)

func snapshot(t *testing.T, bids, asks []book.Level) book.Snapshot {
	t.Helper()
	b := book.New()
	if _, err := b.Replace(bids, asks); err != nil {
		t.Fatal(err)
	}
	return b.Snapshot()
}

// TestMeasuresAgainstDecimals computes every measure a second time, naively, in
// decimals of unlimited precision.
func TestMeasuresAgainstDecimals(t *testing.T) {
	for seed := range uint64(300) {
		w := walk{Rand: rand.New(rand.NewPCG(seed, 2)), tick: 2500, prices: 399}
		m := newModel()
		small := func(levels []book.Level) []book.Level {
			for i := range levels { // sums of the largest sizes overflow, by design
				levels[i].Size %= 1e15
			}
			return levels
		}
		bids, asks := small(w.levels(w.IntN(40))), small(w.levels(w.IntN(40)))
		m.replace(bids, asks)
		s := snapshot(t, bids, asks)
		checkTopMeasures(t, s)
		for _, side := range []book.Side{book.Bid, book.Ask} {
			distance := book.Price(w.Int64N(300_000))
			checkWithin(t, s, m, side, distance)
			size := book.Size(w.Int64N(1 << w.IntN(50)))
			checkTake(t, s, m, side, size)
			checkTrade(t, s, m, side, book.Notional(w.Int64N(1<<w.IntN(50))))
			checkFirstAtLeast(t, s, m, side, size)
			price := w.price()
			if got := s.SizeAt(side, price); got != m[side][price] {
				t.Fatalf("SizeAt(%v, %v) = %v, want %v", side, price, got, m[side][price])
			}
		}
	}
}

func checkTopMeasures(t *testing.T, s book.Snapshot) {
	t.Helper()
	top := s.Top()
	spread, ok := s.Spread()
	midpoint, ok2 := s.Midpoint()
	microprice, ok3 := s.Microprice()
	if want := top.Bid.Size > 0 && top.Ask.Size > 0; ok != want || ok2 != want || ok3 != want {
		t.Fatalf("present: %v %v %v, want %v", ok, ok2, ok3, want)
	}
	if !ok {
		return
	}
	bid, ask := top.Bid.Price.Decimal(), top.Ask.Price.Decimal()
	bidSize, askSize := top.Bid.Size.Decimal(), top.Ask.Size.Decimal()
	if !spread.Decimal().Equal(ask.Sub(bid)) {
		t.Fatalf("spread %v of %v", spread, top)
	}
	if want := bid.Add(ask).Div(decimal.NewFromInt(2)).RoundDown(6); !midpoint.Decimal().Equal(want) {
		t.Fatalf("midpoint %v, want %v", midpoint, want)
	}
	weighted := bid.Mul(askSize).Add(ask.Mul(bidSize))
	if want := weighted.DivRound(bidSize.Add(askSize), 40).RoundDown(6); !microprice.Decimal().Equal(want) {
		t.Fatalf("microprice %v, want %v", microprice, want)
	}
}

func checkWithin(t *testing.T, s book.Snapshot, m *model, side book.Side, distance book.Price) {
	t.Helper()
	depth, err := s.Within(side, distance)
	if err != nil {
		t.Fatal(err)
	}
	var want book.Depth
	notional := decimal.Zero
	levels := m.levels(side)
	for _, level := range levels {
		away := level.Price - levels[0].Price
		if max(away, -away) > distance {
			continue
		}
		want.Levels++
		want.Size += level.Size
		notional = notional.Add(level.Price.Decimal().Mul(level.Size.Decimal()))
	}
	want.Notional, _ = book.NotionalFromDecimal(notional.RoundDown(6))
	if depth != want {
		t.Fatalf("Within(%v, %v) = %+v, want %+v", side, distance, depth, want)
	}
}

func checkTake(t *testing.T, s book.Snapshot, m *model, side book.Side, size book.Size) {
	t.Helper()
	take := s.Buy
	if side == book.Bid {
		take = s.Sell
	}
	fill, err := take(size)
	left, total := size, decimal.Zero
	var want book.Fill
	for _, level := range m.levels(side) {
		if left == 0 {
			break
		}
		part := min(left, level.Size)
		left -= part
		total = total.Add(level.Price.Decimal().Mul(part.Decimal()))
		want.Worst = level.Price
		want.Levels++
	}
	if errors.Is(err, book.ErrNotDeepEnough) != (left > 0) {
		t.Fatalf("%v left, error %v", left, err)
	}
	rounded := total.RoundUp(6)
	if side == book.Bid {
		rounded = total.RoundDown(6)
	}
	if fill.Size != size-left || fill.Levels != want.Levels || fill.Worst != want.Worst ||
		!fill.Notional.Decimal().Equal(rounded) {
		t.Fatalf("take %v of %v: %+v, want %v left, %+v, %v", size, side, fill, left, want, rounded)
	}
	checkAverage(t, fill, total, side)
}

func checkAverage(t *testing.T, fill book.Fill, total decimal.Decimal, side book.Side) {
	t.Helper()
	average, ok := fill.Average()
	if ok != (fill.Size > 0) {
		t.Fatalf("Average of %+v is present: %v", fill, ok)
	}
	if !ok {
		return
	}
	exact := total.DivRound(fill.Size.Decimal(), 40)
	want := exact.RoundUp(6)
	if side == book.Bid {
		want = exact.RoundDown(6)
	}
	if !average.Decimal().Equal(want) {
		t.Fatalf("average %v, want %v", average, want)
	}
}

// checkTrade does not compute the fill again, it checks what defines it: the
// best for its asker that a fill by size can be.
func checkTrade(t *testing.T, s book.Snapshot, m *model, side book.Side, amount book.Notional) {
	t.Helper()
	trade, take := s.Spend, s.Buy
	if side == book.Bid {
		trade, take = s.Raise, s.Sell
	}
	fill, err := trade(amount)
	var whole book.Size
	for _, level := range m.levels(side) {
		whole += level.Size
	}
	all, _ := take(whole)
	if errors.Is(err, book.ErrNotDeepEnough) {
		short := all.Notional < amount
		if fill.Size != whole || !short && side == book.Bid {
			t.Fatalf("%v %v: not deep enough at %+v, the side has %+v", side, amount, fill, all)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if same, err := take(fill.Size); err != nil || same != fill {
		t.Fatalf("%v %v: %+v, but by size %+v, %v", side, amount, fill, same, err)
	}
	switch side {
	case book.Ask: // the largest purchase within the amount
		more, err := take(fill.Size + 1)
		if fill.Notional > amount || err == nil && exactCost(m, side, more.Size).LessThanOrEqual(amount.Decimal()) {
			t.Fatalf("Spend(%v) = %+v, one more costs %+v", amount, fill, more)
		}
	case book.Bid: // the smallest sale that reaches it
		if fill.Notional < amount {
			t.Fatalf("Raise(%v) = %+v", amount, fill)
		}
		if fill.Size > 0 && exactCost(m, side, fill.Size-1).GreaterThanOrEqual(amount.Decimal()) {
			t.Fatalf("Raise(%v) = %+v, one less would do", amount, fill)
		}
	}
}

func exactCost(m *model, side book.Side, size book.Size) decimal.Decimal {
	total := decimal.Zero
	for _, level := range m.levels(side) {
		part := min(size, level.Size)
		size -= part
		total = total.Add(level.Price.Decimal().Mul(part.Decimal()))
	}
	return total
}

func checkFirstAtLeast(t *testing.T, s book.Snapshot, m *model, side book.Side, size book.Size) {
	t.Helper()
	got, ok := s.FirstAtLeast(side, size)
	for _, want := range m.levels(side) {
		if want.Size >= size {
			if !ok || got != want {
				t.Fatalf("FirstAtLeast(%v, %v) = %v, %v; want %v", side, size, got, ok, want)
			}
			return
		}
	}
	if ok {
		t.Fatalf("FirstAtLeast(%v, %v) = %v, want none", side, size, got)
	}
}

// TestAverageOfOneLevel: rounding the cost must not show in the price.
func TestAverageOfOneLevel(t *testing.T) {
	s := snapshot(t, []book.Level{{924_000, book.Share * 300}}, []book.Level{{925_000, book.Share * 300}})
	for _, size := range []book.Size{1, 7, 216_216_215, 300 * book.Share} {
		bought, err := s.Buy(size)
		if average, ok := bought.Average(); err != nil || !ok || average != 925_000 {
			t.Errorf("%v bought at %v, %v", size, average, err)
		}
		sold, err := s.Sell(size)
		if average, ok := sold.Average(); err != nil || !ok || average != 924_000 {
			t.Errorf("%v sold at %v, %v", size, average, err)
		}
	}
}

func TestImbalance(t *testing.T) {
	bids := []book.Level{{500_000, 30}, {490_000, 10}}
	asks := []book.Level{{510_000, 10}, {520_000, 1000}}
	for _, test := range []struct {
		s    book.Snapshot
		n    int
		want float64
		ok   bool
	}{
		{snapshot(t, bids, asks), 1, 0.5, true},
		{snapshot(t, bids, asks), 0, -970.0 / 1050, true},
		{snapshot(t, bids, asks), 9, -970.0 / 1050, true},
		{snapshot(t, bids, nil), 1, 1, true},
		{snapshot(t, nil, asks), 1, -1, true},
		{book.Snapshot{}, 1, 0, false},
	} {
		if got, ok := test.s.Imbalance(test.n); math.Abs(got-test.want) > 1e-12 || ok != test.ok {
			t.Errorf("Imbalance(%d) = %v, %v; want %v", test.n, got, ok, test.want)
		}
	}
}

// TestOverflow crosses the bounds of the sums: an error, not a wrong number.
func TestOverflow(t *testing.T) {
	huge := book.Size(math.MaxInt64)
	s := snapshot(t, []book.Level{{999_999, huge}, {999_998, huge}}, []book.Level{{1, huge}, {2, huge}})
	if _, err := s.Within(book.Bid, book.Dollar); !errors.Is(err, book.ErrOverflow) {
		t.Errorf("Within: %v", err)
	}
	if depth, err := s.Within(book.Bid, 0); err != nil || depth.Size != huge {
		t.Errorf("Within one level: %+v, %v", depth, err)
	}
	if fill, err := s.Spend(math.MaxInt64); !errors.Is(err, book.ErrOverflow) {
		t.Errorf("Spend: %+v, %v", fill, err)
	}
	if fill, err := s.Raise(math.MaxInt64); !errors.Is(err, book.ErrOverflow) {
		t.Errorf("Raise: %+v, %v", fill, err) // two levels of the largest size
	}
	if fill, err := s.Buy(huge); err != nil || fill.Notional != book.Notional(huge/1_000_000)+1 {
		t.Errorf("Buy: %+v, %v", fill, err)
	}
	if micro, ok := s.Microprice(); !ok || micro != 500_000 {
		t.Errorf("Microprice %v, %v", micro, ok)
	}
	for name, ask := range map[string]func() (book.Fill, error){
		"Buy":   func() (book.Fill, error) { return s.Buy(-1) },
		"Sell":  func() (book.Fill, error) { return s.Sell(-1) },
		"Spend": func() (book.Fill, error) { return s.Spend(-1) },
		"Raise": func() (book.Fill, error) { return s.Raise(-1) },
	} {
		if fill, err := ask(); !errors.Is(err, book.ErrAmount) || fill != (book.Fill{}) {
			t.Errorf("%s(-1): %+v, %v", name, fill, err)
		}
	}
}
