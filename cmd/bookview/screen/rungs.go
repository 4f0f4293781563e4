package screen

import (
	"math"
	"math/bits"

	"example.com/truebook/book"
)

// rung is a row of a ladder: a level, or several that are shown as one.
type rung struct {
	side  book.Side
	price book.Price // the one that is shown: the farthest from the other side
	step  book.Price // how many prices it stands for, 0 for its own alone
	size  book.Size
	cash  book.Notional
	// Sums of this row and of all better ones of its side. They stop at the largest number.
	total     book.Size
	totalCash book.Notional
}

// holds says whether a price is one of the row's.
func (r *rung) holds(p book.Price) bool { return bucket(r.side, p, r.step) == r.price }

// bucket returns the price under which a level is shown: rounded away from the other
// side, so that what is shown can be had at that price or better.
func bucket(side book.Side, p, step book.Price) book.Price {
	switch {
	case step == 0:
		return p
	case side == book.Ask:
		return (p + step - 1) / step * step
	default:
		return p / step * step
	}
}

// rungs returns the best n rows of a side, best first.
func rungs(s book.Snapshot, side book.Side, step book.Price, n int) []rung {
	var list []rung
	var total book.Size
	var totalCash book.Notional
	for level := range s.Levels(side) {
		price := bucket(side, level.Price, step)
		if len(list) == 0 || list[len(list)-1].price != price {
			if len(list) >= n {
				break
			}
			list = append(list, rung{side: side, price: price, step: step})
		}
		cash := worth(level)
		total, totalCash = sum(total, level.Size), sum(totalCash, cash)
		r := &list[len(list)-1]
		r.size, r.cash = sum(r.size, level.Size), sum(r.cash, cash)
		r.total, r.totalCash = total, totalCash
	}
	return list
}

// worth returns what a level is worth, rounded down.
func worth(l book.Level) book.Notional {
	if l.Price <= 0 || l.Size <= 0 {
		return 0
	}
	high, low := bits.Mul64(uint64(l.Price), uint64(l.Size))
	cash, _ := bits.Div64(high, low, uint64(book.Dollar)) // a price is below a dollar
	return book.Notional(cash)
}

// sum adds what is not negative.
func sum[T ~int64](a, b T) T {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
