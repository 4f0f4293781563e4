package feed

import (
	"encoding/binary"
	"math/bits"

	"example.com/truebook/book"
)

// The functions here read numbers as the exchange mostly writes them, eight bytes
// at a time. Each takes the text that begins with the number, and more: at least
// numberRoom bytes. They answer false to whatever they are not made for, which is
// no judgement of it.

// numberRoom is how far they look: 12 digits, a point and two words of 8.
const numberRoom = 32

const (
	zeros    = 0x3030303030303030 // '0' eight times
	highBits = 0x8080808080808080
)

// leadingDigits returns the values of eight characters, of which the first n are
// digits. What the others have become means nothing.
func leadingDigits(text []byte) (values uint64, n int) {
	values = binary.LittleEndian.Uint64(text) ^ zeros
	// A digit is at most 9, and stays below 0x80 with 0x76 added. The carry of
	// something greater runs on to the characters behind it, which are not counted.
	other := (values + 0x7676767676767676 | values) & highBits
	return values, bits.TrailingZeros64(other) / 8
}

// decimal returns the number that the first n of eight digits make.
func decimal(values uint64, n int) int64 {
	values <<= uint(64 - 8*n) // zeros in front
	values = values*10 + values>>8
	const mask = 0x000000ff000000ff
	values = (values&mask*(100+1_000_000<<32) + values>>16&mask*(1+10_000<<32)) >> 32
	return int64(values)
}

// powersOfTen is indexed by the exponent.
//
//nolint:gochecknoglobals // constant
var powersOfTen = [...]int64{1, 10, 100, 1_000, 10_000, 100_000, 1_000_000}

// fraction reads up to six digits before a quote, in millionths. The end is where
// the quote stands, here and below.
func fraction(text []byte) (millionths int64, end int, ok bool) {
	values, n := leadingDigits(text)
	if uint(n-1) > 5 || text[n] != '"' {
		return 0, 0, false
	}
	return decimal(values, n) * powersOfTen[6-n], n, true
}

// usualPrice reads a price between 0 and 1. Nearly all are of two or three digits,
// a frame has six of them, and those need no call.
func usualPrice(text []byte) (p book.Price, end int, ok bool) {
	_ = text[5]
	if text[0] != '0' || text[1] != '.' {
		return 0, 0, false
	}
	a, b := text[2]-'0', text[3]-'0'
	if a <= 9 && b <= 9 {
		if text[4] == '"' {
			p = book.Price(10*uint(a)+uint(b)) * 10_000
			return p, 4, p > 0
		}
		if c := text[4] - '0'; c <= 9 && text[5] == '"' {
			p = book.Price(100*uint(a)+10*uint(b)+uint(c)) * 1000
			return p, 5, p > 0
		}
	}
	millionths, n, ok := fraction(text[2:])
	return book.Price(millionths), n + 2, ok && millionths > 0
}

// usualBest reads a best price, 0 for an empty side. An empty side of asks may be
// written as 1.
func usualBest(text []byte, side book.Side) (p book.Price, end int, ok bool) {
	if text[1] == '"' {
		return 0, 1, text[0] == '0' || text[0] == '1' && side == book.Ask
	}
	return usualPrice(text)
}

// usualSize reads a size with a whole part.
func usualSize(text []byte) (size book.Size, end int, ok bool) {
	values, n := leadingDigits(text)
	whole := decimal(values, n)
	if n == 8 {
		values, more := leadingDigits(text[8:])
		if more > maxDigits-8 {
			return 0, 0, false
		}
		whole = whole*powersOfTen[more] + decimal(values, more)
		n += more
	}
	if n == 0 {
		return 0, 0, false
	}
	size = book.Size(whole) * book.Share
	switch text[n] {
	case '"':
		return size, n, true
	case '.':
		millionths, end, ok := fraction(text[n+1:])
		return size + book.Size(millionths), n + 1 + end, ok
	}
	return 0, 0, false
}

// usualTime reads the 13 digits of any millisecond of 2020 to 2100.
func usualTime(text []byte) (t Timestamp, ok bool) {
	first, n := leadingDigits(text)
	last, m := leadingDigits(text[8:])
	if n != 8 || m != 5 || text[13] != '"' {
		return 0, false
	}
	t = Timestamp(decimal(first, 8)*100_000 + decimal(last, 5))
	return t, minTimestamp <= t && t < maxTimestamp
}

// usualHash reads 40 lower-case hex digits, eight at a time.
func usualHash(h *Hash, text []byte) bool {
	t := (*[41]byte)(text)
	var other uint64 // 0 as long as the digits are digits
	for i := range 5 {
		word := binary.LittleEndian.Uint64(t[8*i : 8*i+8])
		const ones = 0x0101010101010101
		letters := word >> 6 & ones            // 1 for a to f, 0 for 0 to 9
		values := word&(0x0f*ones) + letters*9 // of the digits, if they are some
		above := (values + 6*ones) >> 4 & ones // 1 for 10 to 15
		// Written again, they are the same; and 16 and more, of g to o, would be too.
		other |= (values + 0x30*ones + above*39) ^ word | values&(0xf0*ones)
		pairs := values<<4 | values>>8 // a whole byte in every other place
		pairs &= 0x00ff00ff00ff00ff
		pairs |= pairs >> 8
		pairs &= 0x0000ffff0000ffff
		binary.LittleEndian.PutUint32(h[4*i:4*i+4], uint32(pairs|pairs>>16))
	}
	return other == 0 && t[40] == '"'
}
