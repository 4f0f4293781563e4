package feed

import (
	"crypto/sha1" // the exchange's choice; nothing here depends on its strength
	"encoding"
	"hash"

	"example.com/truebook/book"
)

// Recipe is a way in which the exchange has written a book as text before it
// hashes it. It changed silently twice in 2025.
type Recipe uint8

// The known recipes, newest first.
const (
	RecipeUnknown Recipe = iota
	// RecipeLastTrade is compact JSON of market, asset_id, timestamp, hash "",
	// bids ascending, asks descending, min_order_size, tick_size, neg_risk and
	// last_trade_price (reproduced on real frames of 2026-04 to 2026-09).
	RecipeLastTrade
	// RecipeNoLastTrade is the same without last_trade_price (reproduced on
	// real books of 2025-10).
	RecipeNoLastTrade
)

// BookID is what the hash of a book covers of its token.
type BookID struct {
	Market, Asset string
	Time          Timestamp // of the event that announces the hash
}

// HashTerms are what the hash of a book covers beside its levels. Both tokens
// of a market have the same ones.
type HashTerms struct {
	Recipe       Recipe
	MinOrderSize book.Size
	TickSize     book.Price
	NegRisk      bool
	LastTrade    LastTrade
}

// LastTrade is the price of a market's last trade as the hash has it: it is not
// mirrored for the other token, and how many decimals it is written with
// matters. The zero LastTrade is that of a market that never traded.
type LastTrade struct {
	Price    book.Price
	Decimals int8 // at least so many are written
}

const maxLastTradeDecimals = 6

// String returns the price as the hash has it, "" for no trade.
func (l LastTrade) String() string { return string(l.appendText(nil)) }

func (l LastTrade) appendText(dst []byte) []byte {
	if l == (LastTrade{}) {
		return dst
	}
	start := len(dst)
	dst, _ = l.Price.AppendText(dst)
	written := int8(-1) // no point yet
	for _, c := range dst[start:] {
		if c == '.' || written >= 0 {
			written++
		}
	}
	if written < 0 {
		written = 0
		if l.Decimals > 0 {
			dst = append(dst, '.')
		}
	}
	for ; written < l.Decimals; written++ {
		dst = append(dst, '0')
	}
	return dst
}

// BookHash returns the hash of levels in the exchange's order, worst first, as
// [book.Snapshot.AppendBackward] gives them.
func BookHash(id BookID, bids, asks []book.Level, terms HashTerms) Hash {
	text := appendLevels(appendID(nil, id), bids, asks)
	return HashOf(sha1.Sum(appendTerms(text, &terms)))
}

func appendID(dst []byte, id BookID) []byte {
	dst = append(dst, `{"market":"`...)
	dst = append(dst, id.Market...)
	dst = append(dst, `","asset_id":"`...)
	dst = append(dst, id.Asset...)
	dst = append(dst, `","timestamp":"`...)
	dst = id.Time.appendText(dst)
	return append(dst, `","hash":"",`...)
}

// appendLevels writes both sides, each number in its shortest form.
func appendLevels(dst []byte, bids, asks []book.Level) []byte {
	dst = append(dst, `"bids":[`...)
	dst = appendSide(dst, bids)
	dst = append(dst, `],"asks":[`...)
	dst = appendSide(dst, asks)
	return append(dst, ']')
}

func appendSide(dst []byte, levels []book.Level) []byte {
	for i, level := range levels {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"price":"`...)
		dst, _ = level.Price.AppendText(dst)
		dst = append(dst, `","size":"`...)
		dst, _ = level.Size.AppendText(dst)
		dst = append(dst, `"}`...)
	}
	return dst
}

// appendTerms writes the rest of the text.
func appendTerms(dst []byte, terms *HashTerms) []byte {
	dst = appendTermsToLastTrade(dst, terms)
	if terms.Recipe == RecipeNoLastTrade {
		return append(dst, '}')
	}
	return appendLastTrade(dst, terms.LastTrade)
}

// appendTermsToLastTrade stops where the price of the last trade begins.
func appendTermsToLastTrade(dst []byte, terms *HashTerms) []byte {
	dst = append(dst, `,"min_order_size":"`...)
	dst, _ = terms.MinOrderSize.AppendText(dst)
	dst = append(dst, `","tick_size":"`...)
	dst, _ = terms.TickSize.AppendText(dst)
	if terms.NegRisk {
		dst = append(dst, `","neg_risk":true`...)
	} else {
		dst = append(dst, `","neg_risk":false`...)
	}
	if terms.Recipe == RecipeNoLastTrade {
		return dst
	}
	return append(dst, `,"last_trade_price":"`...)
}

func appendLastTrade(dst []byte, l LastTrade) []byte {
	dst = l.appendText(dst)
	return append(dst, `"}`...)
}

// resumable is a hash whose state can be saved and restored. SHA-1 of the standard
// library does both without error.
type resumable interface {
	hash.Hash
	encoding.BinaryAppender
	encoding.BinaryUnmarshaler
}

// hasher computes hashes of texts with a common beginning, which it hashes once.
// It does not allocate after its first use.
type hasher struct {
	digest resumable
	state  []byte // after the common beginning
	begun  bool   // digest is in that state
	sum    []byte
}

// begin hashes the common beginning.
func (h *hasher) begin(text []byte) {
	if h.digest == nil {
		h.digest = sha1.New().(resumable) //nolint:errcheck,forcetypeassert // as crypto/sha1 documents
	}
	h.digest.Reset()
	h.digest.Write(text)
	h.state, _ = h.digest.AppendBinary(h.state[:0])
	h.begun = true
}

// with returns the hash of the common beginning and the rest.
func (h *hasher) with(rest []byte) Hash {
	if !h.begun {
		_ = h.digest.UnmarshalBinary(h.state)
	}
	h.begun = false
	h.digest.Write(rest)
	h.sum = h.digest.Sum(h.sum[:0])
	return HashOf([20]byte(h.sum))
}
