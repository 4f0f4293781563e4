package feed

import (
	"encoding/hex"
	"errors"
)

// Hash is the SHA-1 of a token's whole book. The zero Hash is none. Two of them can be
// compared with ==, and make keys of maps.
//
// It is three numbers, which are passed and compared in registers, in an order of
// digits that eight of them at a time are read into: none is made of bytes before
// somebody asks for them.
type Hash struct {
	// a has the first eight digits in the lower halves of its bytes, the first one
	// lowest, and the next eight in the upper halves; so has b. c has the last eight.
	a, b, c uint64
}

// ErrHash says that a text is not a [Hash].
var ErrHash = errors.New("feed: not 40 lower-case hex digits")

// ParseHash reads what String writes.
func ParseHash(text string) (Hash, error) {
	if len(text) != hashRoom {
		return Hash{}, ErrHash
	}
	r := reader{data: []byte(text)}
	h := r.hash(value{end: int32(len(text)), kind: stringKind})
	if h.IsZero() {
		return Hash{}, ErrHash
	}
	return h, nil
}

// HashOf returns the hash of these bytes.
func HashOf(sum [20]byte) Hash {
	word := func(i int) (w uint64) {
		for n, b := range sum[i : i+4] {
			w |= uint64(b>>4)<<(16*n) | uint64(b&15)<<(16*n+8)
		}
		return w
	}
	return Hash{word(0) | word(4)<<4, word(8) | word(12)<<4, word(16)}
}

// Bytes returns the hash as SHA-1 gives it.
func (h Hash) Bytes() (sum [20]byte) {
	for i, digits := range [...]uint64{h.a, h.a >> 4, h.b, h.b >> 4, h.c} {
		for n := range 4 {
			sum[4*i+n] = byte(digits>>(16*n)&15<<4 | digits>>(16*n+8)&15)
		}
	}
	return sum
}

// Part returns 64 of its 160 bits: as good as all to tell a few hashes apart.
func (h Hash) Part() uint64 { return h.a }

// IsZero says whether there is no hash.
func (h Hash) IsZero() bool { return h.a|h.b|h.c == 0 }

// String returns 40 lower-case hex digits, "" for no hash.
func (h Hash) String() string {
	if h.IsZero() {
		return ""
	}
	sum := h.Bytes()
	return hex.EncodeToString(sum[:])
}
