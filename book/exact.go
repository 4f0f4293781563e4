package book

import (
	"errors"
	"math"
	"math/bits"
)

// ErrOverflow says that a sum is larger than its type holds.
var ErrOverflow = errors.New("book: sum out of range")

// exact is a sum of products of price and size, in millionths of millionths of
// a dollar, with 128 bits: room for a full side of the largest levels. Rounding
// happens once, at the end.
type exact struct {
	hi, lo uint64
}

// cost is exact: price is above 0 and below a dollar, size is not negative.
func cost(price Price, size Size) exact {
	hi, lo := bits.Mul64(uint64(price), uint64(size))
	return exact{hi, lo}
}

// exactly returns the amount, which is not negative.
func exactly(amount Notional) exact { return cost(one, Size(amount)) }

func (e exact) plus(o exact) exact {
	lo, carry := bits.Add64(e.lo, o.lo, 0)
	hi, _ := bits.Add64(e.hi, o.hi, carry)
	return exact{hi, lo}
}

// minus requires o <= e.
func (e exact) minus(o exact) exact {
	lo, borrow := bits.Sub64(e.lo, o.lo, 0)
	hi, _ := bits.Sub64(e.hi, o.hi, borrow)
	return exact{hi, lo}
}

func (e exact) less(o exact) bool {
	return e.hi < o.hi || e.hi == o.hi && e.lo < o.lo
}

// over divides, rounding up or down, and fails if the result is no int64.
func (e exact) over(divisor uint64, up bool) (int64, error) {
	if e.hi >= divisor {
		return 0, ErrOverflow
	}
	quotient, rest := bits.Div64(e.hi, e.lo, divisor)
	if up && rest > 0 {
		quotient++
	}
	if quotient > math.MaxInt64 {
		return 0, ErrOverflow
	}
	return int64(quotient), nil
}

func (e exact) notional(up bool) (Notional, error) {
	n, err := e.over(one, up)
	return Notional(n), err
}

// add sums two sizes that are not negative.
func add(a, b Size) (Size, error) {
	sum := a + b
	if sum < 0 {
		return 0, ErrOverflow
	}
	return sum, nil
}
