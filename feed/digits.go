package feed

import (
	"math/bits"

	"example.com/truebook/book"
)

// The functions here read numbers as the exchange mostly writes them, eight bytes
// at a time. Each takes the text that begins with the number, and more. They stop at
// what they are not made for, which is no judgement of it.

const (
	zeros    = 0x3030303030303030 // '0' eight times
	highBits = 0x8080808080808080
)

// otherThanDigits has 0x80 in each byte that is above 9, where a digit's text less
// zeros is below. The carry of something greater runs on to the bytes behind it: only
// the first one counts.
func otherThanDigits(values uint64) uint64 {
	return (values + 0x7676767676767676 | values) & highBits
}

// decimal returns the number that eight digits make.
func decimal(values uint64) int64 {
	values = values*10 + values>>8
	const mask = 0x000000ff000000ff
	values = (values&mask*(100+1_000_000<<32) + values>>16&mask*(1+10_000<<32)) >> 32
	return int64(values)
}

// priceText is how a price is written: 0, a point and up to four digits, which is
// what the finest tick has.
type priceText struct {
	digits uint64 // the values of the digits, the first one in byte 2
	mask   uint64 // of the bytes that are the price
	n      int    // their number
}

const (
	priceRoom  = 8 // what is looked at, of which priceBytes are a price at most
	priceBytes = 6

	zeroPoint = zeros ^ ('0'^'.')<<8 // "0.000000"
)

// leadingPrice reads a price. If there is none, its value is 0.
func leadingPrice(text *[priceRoom]byte) (p priceText) {
	p.digits = word(text[:]) ^ zeroPoint
	const above = 0x7676767676767f7f // as for digits, but 0 and the point are what they are
	end := (p.digits+above|p.digits)&highBits | 0x80<<(8*priceBytes)
	p.n = bits.TrailingZeros64(end) / 8
	p.mask = (end ^ (end - 1)) >> 8
	p.digits &= p.mask
	return p
}

// value is the price.
func (p *priceText) value() book.Price {
	v := uint32(p.digits >> 16)
	v = v*10 + v>>8
	v = v & 0x00ff00ff * (100<<16 + 1) >> 16
	return book.Price(v) * (book.Dollar / 10_000)
}

// unmirrored is 0 if a text begins with the price of the same order for the other
// token of the market: what is missing to a dollar, of as many digits. Each digit and
// that of the other make 9, the last ones 10; there is no such price to one that ends
// with 0. It does not tell whether further digits follow.
func (p *priceText) unmirrored(text *[priceRoom]byte) uint64 {
	const nines = 0x0909090909090000
	last := (p.mask + 1) >> 8
	if p.digits < last {
		return 1
	}
	other := (nines&p.mask + last - p.digits) ^ zeroPoint
	return (word(text[:]) ^ other) & p.mask
}

// numberRoom is how far usualSize looks: 12 digits, a point and two words of 8.
const numberRoom = 32

// usualSize reads a size with a whole part, and returns where it ends, 0 if it is not
// written so.
func usualSize(text *[numberRoom]byte) (size book.Size, end int) {
	values := word(text[:]) ^ zeros
	n := bits.TrailingZeros64(otherThanDigits(values)) / 8
	if n == 0 {
		return 0, 0
	}
	whole := decimal(values << ((64 - 8*n) & 63))
	if n == 8 {
		var more int
		if whole, more = longWhole(whole, (*[8]byte)(text[8:])); more > maxDigits-8 {
			return 0, 0
		}
		n += more
	}
	size = book.Size(whole) * book.Share
	n &= 15 // as it is
	if text[n] != '.' {
		return size, n
	}
	millionths, digits := fraction((*[8]byte)(text[n+1:]))
	if digits == 0 {
		return 0, 0
	}
	return size + book.Size(millionths), n + 1 + digits
}

// longWhole adds the digits of a whole part that stand behind the first eight.
func longWhole(first int64, text *[8]byte) (whole int64, n int) {
	whole = first
	for n < len(text) && '0' <= text[n] && text[n] <= '9' {
		whole = whole*10 + int64(text[n]-'0')
		n++
	}
	return whole, n
}

// fraction reads up to six digits, in millionths.
func fraction(text *[8]byte) (millionths int64, n int) {
	values := word(text[:]) ^ zeros
	end := otherThanDigits(values) | 0x80<<48
	values &= (end ^ (end - 1)) >> 8
	return decimal(values << 16), bits.TrailingZeros64(end) / 8
}

// clock reads times. It knows the first five of their 13 digits, which are the same
// for 28 hours.
type clock struct {
	first uint64    // the five digits' text, and 0 behind
	begin Timestamp // of those 28 hours
}

const clockRoom = 13

// read reads the 13 digits of nearly any millisecond of 2020 to 2100, and returns 0 if
// they are something else.
func (c *clock) read(text *[clockRoom]byte) Timestamp {
	if first := word(text[:]) << 24; first != c.first && !c.turn(first) {
		return 0
	}
	values := word(text[5:]) ^ zeros
	if otherThanDigits(values) != 0 {
		return 0
	}
	return c.begin + Timestamp(decimal(values))
}

// turn learns other five digits, if all times that begin with them are within bounds.
func (c *clock) turn(first uint64) bool {
	const hours = 100_000_000 // ms
	values := first>>24 ^ zeros>>24
	begin := Timestamp(decimal(values<<24)) * hours
	if otherThanDigits(values) != 0 || begin < minTimestamp || begin+hours > maxTimestamp {
		return false
	}
	c.first, c.begin = first, begin
	return true
}

// usualHash reads 40 lower-case hex digits, eight at a time, unless they begin with
// eight zeros: so that it never gives none.
func usualHash(h *Hash, text *[hashRoom]byte) bool {
	a, wrongA := hexDigits(word(text[0:]))
	b, wrongB := hexDigits(word(text[8:]))
	c, wrongC := hexDigits(word(text[16:]))
	d, wrongD := hexDigits(word(text[24:]))
	e, wrongE := hexDigits(word(text[32:]))
	*h = Hash{a | b<<4, c | d<<4, e}
	return (wrongA|wrongB|wrongC|wrongD|wrongE)&0xf0f0f0f0f0f0f0f0 == 0 && a != 0
}

// hexDigits returns what eight digits stand for, each in a byte. The upper halves of
// wrong are 0 if they are digits.
func hexDigits(text uint64) (values, wrong uint64) {
	const ones = 0x0101010101010101
	letters := text & (0x40 * ones)                 // not 0 for a to f, and 0 for 0 to 9
	values = text - zeros - letters>>6*('a'-'0'-10) // below 16
	// With 6 added, those of letters are 16 and more, and the others are not.
	return values, values | ((values + 6*ones) ^ letters>>2)
}
