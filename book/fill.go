package book

import "errors"

// ErrNotDeepEnough says that the book holds less than was asked for. The
// [Fill] beside it is what it does hold.
var ErrNotDeepEnough = errors.New("book: not deep enough")

// ErrAmount says that a fill was asked for a size or amount below 0.
var ErrAmount = errors.New("book: amount below 0")

// Fill is what an order taken at once from a book would get. It knows nothing
// of fees, of minimum sizes, or of the exchange's rounding of amounts.
type Fill struct {
	Size Size
	// Notional is what is paid for a purchase, rounded up, or received for a
	// sale, rounded down.
	Notional Notional
	Worst    Price // of the last level touched
	Levels   int   // that were touched

	purchase bool
	total    exact // what Notional is rounded from
}

// Average returns the price per share, rounded up for a purchase and down for a
// sale, and so never beyond the worst level. It is absent if nothing was filled.
func (f Fill) Average() (price Price, ok bool) {
	if f.Size == 0 {
		return 0, false
	}
	average, err := f.total.over(uint64(f.Size), f.purchase)
	return Price(average), err == nil
}

// Buy returns what buying a size from the asks costs. It fails with
// [ErrNotDeepEnough], [ErrAmount] or [ErrOverflow].
func (s Snapshot) Buy(size Size) (Fill, error) { return s.take(Ask, size) }

// Sell returns what selling a size to the bids brings. It fails with
// [ErrNotDeepEnough], [ErrAmount] or [ErrOverflow].
func (s Snapshot) Sell(size Size) (Fill, error) { return s.take(Bid, size) }

// Spend returns the largest purchase from the asks that costs at most the
// amount. It fails with [ErrNotDeepEnough], [ErrAmount] or [ErrOverflow].
func (s Snapshot) Spend(amount Notional) (Fill, error) { return s.trade(Ask, amount) }

// Raise returns the smallest sale to the bids that brings at least the amount.
// It fails with [ErrNotDeepEnough], [ErrAmount] or [ErrOverflow].
func (s Snapshot) Raise(amount Notional) (Fill, error) { return s.trade(Bid, amount) }

func (s Snapshot) take(side Side, size Size) (Fill, error) {
	if size < 0 {
		return Fill{}, ErrAmount
	}
	fill := Fill{purchase: side == Ask}
	var total exact
	for level := range s.Levels(side) {
		if fill.Size == size {
			break
		}
		taken := min(level.Size, size-fill.Size)
		fill.Size += taken
		total = total.plus(cost(level.Price, taken))
		fill.Worst = level.Price
		fill.Levels++
	}
	return fill.finish(total, fill.Size == size)
}

func (s Snapshot) trade(side Side, amount Notional) (Fill, error) {
	if amount < 0 {
		return Fill{}, ErrAmount
	}
	fill := Fill{purchase: side == Ask}
	var total exact
	want := exactly(amount)
	enough := amount == 0
	for level := range s.Levels(side) {
		if enough {
			break
		}
		taken := level.Size
		if !total.plus(cost(level.Price, taken)).less(want) {
			// The level holds enough. A purchase stays within the amount, a sale
			// reaches it; the quotient is at most the level's size.
			part, err := want.minus(total).over(uint64(level.Price), !fill.purchase)
			if err != nil {
				return Fill{}, err
			}
			taken, enough = Size(part), true
		}
		if taken == 0 {
			break // what is left buys less than a millionth of a share
		}
		var err error
		if fill.Size, err = add(fill.Size, taken); err != nil {
			return Fill{}, err
		}
		total = total.plus(cost(level.Price, taken))
		fill.Worst = level.Price
		fill.Levels++
	}
	return fill.finish(total, enough)
}

func (f Fill) finish(total exact, enough bool) (Fill, error) {
	f.total = total
	var err error
	if f.Notional, err = total.notional(f.purchase); err != nil {
		return Fill{}, err
	}
	if !enough {
		return f, ErrNotDeepEnough
	}
	return f, nil
}
