package book

// A measure that does not exist, such as the midpoint of a book with an empty
// side, is reported as absent (ok is false), never guessed.

// Spread returns the best ask minus the best bid. It is negative in a crossed
// book, and absent if a side is empty.
func (t Top) Spread() (spread Price, ok bool) {
	if t.Bid.Size == 0 || t.Ask.Size == 0 {
		return 0, false
	}
	return t.Ask.Price - t.Bid.Price, true
}

// Midpoint returns the mean of the best bid and the best ask, absent if a side
// is empty. It is exact for every tick of the exchange, which are all multiples
// of 100 millionths; half a millionth is rounded down.
func (t Top) Midpoint() (midpoint Price, ok bool) {
	if t.Bid.Size == 0 || t.Ask.Size == 0 {
		return 0, false
	}
	return (t.Bid.Price + t.Ask.Price) / 2, true
}

// Microprice returns the mean of the best bid and ask weighted by the size on
// the other side: it leans towards the side that is about to be taken out. It
// is rounded down to a millionth, and absent if a side is empty.
func (t Top) Microprice() (microprice Price, ok bool) {
	if t.Bid.Size == 0 || t.Ask.Size == 0 {
		return 0, false
	}
	weighted := cost(t.Bid.Price, t.Ask.Size).plus(cost(t.Ask.Price, t.Bid.Size))
	// Two sizes fit a uint64 together, and the mean is below a dollar.
	mean, err := weighted.over(uint64(t.Bid.Size)+uint64(t.Ask.Size), false)
	return Price(mean), err == nil
}

// Spread is that of the top.
func (s Snapshot) Spread() (spread Price, ok bool) { return s.Top().Spread() }

// Midpoint is that of the top.
func (s Snapshot) Midpoint() (midpoint Price, ok bool) { return s.Top().Midpoint() }

// Microprice is that of the top.
func (s Snapshot) Microprice() (microprice Price, ok bool) { return s.Top().Microprice() }

// Imbalance returns (bids-asks)/(bids+asks) of the sizes on the best n levels
// of each side, all levels if n is 0 or below: from -1, only asks, to +1, only
// bids. It is a signal and no money, hence a float. It is absent if both sides
// are empty.
func (s Snapshot) Imbalance(n int) (imbalance float64, ok bool) {
	bids, asks := s.sum(Bid, n), s.sum(Ask, n)
	if bids+asks == 0 {
		return 0, false
	}
	return (bids - asks) / (bids + asks), true
}

func (s Snapshot) sum(side Side, n int) float64 {
	var sum float64
	for level := range s.Levels(side) {
		sum += float64(level.Size)
		if n--; n == 0 {
			break
		}
	}
	return sum
}

// Depth is what rests on a part of one side.
type Depth struct {
	Levels   int
	Size     Size
	Notional Notional // rounded down: never more than what rests there
}

// Within returns what rests on a side at most the distance away from its best
// price, that price included: Within(Bid, 50000) of a book whose best bid is
// 0.62 counts the bids from 0.62 down to 0.57. It is zero for an empty side,
// and fails with [ErrOverflow].
func (s Snapshot) Within(side Side, distance Price) (Depth, error) {
	l := s.side(side)
	var depth Depth
	var total exact
	var err error
	for level := range s.Levels(side) {
		if Price(l.best-side.key(level.Price)) > distance {
			break
		}
		depth.Levels++
		total = total.plus(cost(level.Price, level.Size))
		if depth.Size, err = add(depth.Size, level.Size); err != nil {
			return Depth{}, err
		}
	}
	if depth.Notional, err = total.notional(false); err != nil {
		return Depth{}, err
	}
	return depth, nil
}
