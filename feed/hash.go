package feed

import (
	"encoding/hex"
	"errors"
)

// Hash is the SHA-1 of a token's whole book. The zero Hash is none.
type Hash [20]byte

// ErrHash says that a text is not a [Hash].
var ErrHash = errors.New("feed: not 40 lower-case hex digits")

// ParseHash reads what String writes.
func ParseHash(text string) (Hash, error) {
	if len(text) != 2*len(Hash{}) {
		return Hash{}, ErrHash
	}
	r := reader{data: []byte(text)}
	h := r.hash(value{end: int32(len(text)), kind: stringKind})
	if h.IsZero() {
		return Hash{}, ErrHash
	}
	return h, nil
}

// IsZero says whether there is no hash.
func (h Hash) IsZero() bool { return h == Hash{} }

// String returns 40 lower-case hex digits, "" for no hash.
func (h Hash) String() string {
	if h.IsZero() {
		return ""
	}
	return hex.EncodeToString(h[:])
}
