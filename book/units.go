package book

import (
	"sync"

	"github.com/shopspring/decimal"
)

// Price, Size and Notional have the same conversions, written out for each of
// them so that a price can never be passed where a size is meant.

// Price is a price, or a difference of prices, in millionths of a dollar:
// 0.525 is 525000. Levels have prices above 0 and below 1 dollar.
type Price int64

// Dollar is one dollar, the price of both outcomes of a market together.
const Dollar Price = one

// ParsePrice reads a plain decimal such as "0.525", ".5" or "-0.01", exactly:
// what is not a whole number of millionths is a [*NumberError].
func ParsePrice[T ~string | ~[]byte](text T) (Price, error) {
	value, err := parse(text)
	return Price(value), err
}

// PriceFromDecimal converts exactly, or fails with a [*NumberError].
func PriceFromDecimal(d decimal.Decimal) (Price, error) {
	value, err := fromDecimal(d)
	return Price(value), err
}

// Decimal returns the same number as a decimal. Prices on the exchange's grids, of
// 0.0001 and coarser, come from a table and cost nothing; others allocate.
func (p Price) Decimal() decimal.Decimal {
	if p >= 0 && p <= Dollar && p%finestTick == 0 {
		return priceTable()[p/finestTick]
	}
	return decimal.New(int64(p), -6)
}

// finestTick is the finest tick of the exchange.
const finestTick = Dollar / 10_000

// priceTable holds the price of each tick. A decimal never changes what it points
// to, so that all that are equal may share it.
//
//nolint:gochecknoglobals // constant, but too dear for programs that never ask
var priceTable = sync.OnceValue(func() *[10_001]decimal.Decimal {
	table := new([10_001]decimal.Decimal)
	for i := range table {
		table[i] = decimal.New(int64(i)*int64(finestTick), -6)
	}
	return table
})

// String returns the shortest decimal, such as "0.525".
func (p Price) String() string { return formatFixed(int64(p)) }

// AppendText appends what String returns; the error is always nil.
func (p Price) AppendText(dst []byte) ([]byte, error) { return appendFixed(dst, int64(p)), nil }

// MarshalText returns what String returns; the error is always nil.
func (p Price) MarshalText() ([]byte, error) { return appendFixed(nil, int64(p)), nil }

// UnmarshalText reads what [ParsePrice] reads.
func (p *Price) UnmarshalText(text []byte) (err error) {
	*p, err = ParsePrice(text)
	return err
}

// Complement returns the price of the other outcome, 1-p.
func (p Price) Complement() Price { return Dollar - p }

// valid says whether a level may have the price.
func (p Price) valid() bool { return p > 0 && p < Dollar }

// Size is a number of shares, or a difference of such numbers, in millionths
// of a share: 216.216215 is 216216215.
type Size int64

// Share is one share.
const Share Size = one

// ParseSize reads a plain decimal such as "216.216215", exactly: what is not a
// whole number of millionths is a [*NumberError].
func ParseSize[T ~string | ~[]byte](text T) (Size, error) {
	value, err := parse(text)
	return Size(value), err
}

// SizeFromDecimal converts exactly, or fails with a [*NumberError].
func SizeFromDecimal(d decimal.Decimal) (Size, error) {
	value, err := fromDecimal(d)
	return Size(value), err
}

// Decimal returns the same number as a decimal. It allocates.
func (s Size) Decimal() decimal.Decimal { return decimal.New(int64(s), -6) }

// String returns the shortest decimal, such as "216.216215".
func (s Size) String() string { return formatFixed(int64(s)) }

// AppendText appends what String returns; the error is always nil.
func (s Size) AppendText(dst []byte) ([]byte, error) { return appendFixed(dst, int64(s)), nil }

// MarshalText returns what String returns; the error is always nil.
func (s Size) MarshalText() ([]byte, error) { return appendFixed(nil, int64(s)), nil }

// UnmarshalText reads what [ParseSize] reads.
func (s *Size) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSize(text)
	return err
}

// Notional is an amount of money in millionths of a dollar, the exchange's
// smallest unit of its collateral. Every function that computes one says which
// way it rounds.
type Notional int64

// Dollars is one dollar of money.
const Dollars Notional = one

// ParseNotional reads a plain decimal such as "500" or "12.345678", exactly:
// what is not a whole number of millionths is a [*NumberError].
func ParseNotional[T ~string | ~[]byte](text T) (Notional, error) {
	value, err := parse(text)
	return Notional(value), err
}

// NotionalFromDecimal converts exactly, or fails with a [*NumberError].
func NotionalFromDecimal(d decimal.Decimal) (Notional, error) {
	value, err := fromDecimal(d)
	return Notional(value), err
}

// Decimal returns the same number as a decimal. It allocates.
func (n Notional) Decimal() decimal.Decimal { return decimal.New(int64(n), -6) }

// String returns the shortest decimal, such as "12.345678".
func (n Notional) String() string { return formatFixed(int64(n)) }

// AppendText appends what String returns; the error is always nil.
func (n Notional) AppendText(dst []byte) ([]byte, error) { return appendFixed(dst, int64(n)), nil }

// MarshalText returns what String returns; the error is always nil.
func (n Notional) MarshalText() ([]byte, error) { return appendFixed(nil, int64(n)), nil }

// UnmarshalText reads what [ParseNotional] reads.
func (n *Notional) UnmarshalText(text []byte) (err error) {
	*n, err = ParseNotional(text)
	return err
}
