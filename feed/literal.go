package feed

import "encoding/binary"

// word is the first eight bytes of a text. Two texts are compared word by word, of
// which the last one may overlap the one before it.
func word(text []byte) uint64 { return binary.LittleEndian.Uint64(text) }

// wordAt is the eight bytes of a string that begin at i.
func wordAt(text string, i int) uint64 {
	t := text[i : i+8]
	return uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 |
		uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
}

// literal is what stands between two values: a quote, a comma, perhaps a blank, a
// key, a colon and a quote, or a part of that. It has 8 to 16 bytes.
type literal struct {
	first, last uint64 // its words
}

func newLiteral(text string) literal {
	return literal{wordAt(text, 0), wordAt(text, len(text)-8)}
}

// differs is 0 if a text with these words is the literal. Several texts are compared
// at once by what differs in any.
func (l *literal) differs(first, last uint64) uint64 { return (first ^ l.first) | (last ^ l.last) }

// spacing is what stands between the values of a price_change, by what stands behind
// each comma: nothing or a blank, which makes a literal with a comma one byte longer.
type spacing struct {
	blank int // 0 or 1

	changes           literal    // 16 bytes of ","price_changes"
	price, size, side literal    // ","price":" and so on
	sides             [2]literal // BUY","hash":" and SELL","hash":", by book.Side
	bid, ask          literal    // ","best_bid":" and ","best_ask":"
	next              literal    // },{"asset_id":"
	time              literal    // ],"timestamp":"
	event             literal    // ","event_type"
}

// The lengths of literals without a blank.
const (
	marketKey  = len(`{"market":"`)
	changesKey = len(`","price_ch`) // the rest is endOfChanges
	levelKey   = len(`{"price":"`)
	assetKey   = len(`{"asset_id":"`)
	priceKey   = len(`","price":"`)
	sizeKey    = len(`","size":"`) // and that of the side
	buy        = len(`BUY","hash":"`)
	bestKey    = len(`","best_bid":"`)
	nextAsset  = len(`"},{"asset_id":"`)
	timeKey    = len(`"}],"timestamp":"`)
	eventKey   = len(`","event_type"`)
)

func newSpacing(blank string) spacing {
	key := func(name string) literal { return newLiteral(`",` + blank + `"` + name + `":"`) }
	return spacing{
		blank:   len(blank),
		changes: newLiteral((`",` + blank + `"price_changes`)[:16]),
		price:   key("price"), size: key("size"), side: key("side"),
		sides: [2]literal{newLiteral(`BUY",` + blank + `"hash":"`), newLiteral(`SELL",` + blank + `"hash":"`)},
		bid:   key("best_bid"), ask: key("best_ask"),
		next:  newLiteral(`},` + blank + `{"asset_id":"`),
		time:  newLiteral(`],` + blank + `"timestamp":"`),
		event: newLiteral(`",` + blank + `"event_type"`),
	}
}

//nolint:gochecknoglobals // constants
var (
	compact = newSpacing("")
	spaced  = newSpacing(" ")

	beforeMarket  = newLiteral(`{"market":"`)
	endOfChanges  = newLiteral(`anges":[`) // of the key
	beforeAsset   = newLiteral(`{"asset_id":"`)
	isPriceChange = newLiteral(`:"price_change"}`)
	beforePrice   = newLiteral(`{"price":"`)
)
