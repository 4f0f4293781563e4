package feed

import (
	"strconv"
	"time"

	"example.com/truebook/book"
)

// Event is one of [*Book], [*PriceChange], [*Trade], [*TickSizeChange],
// [*BestPrices], [*NewMarket], [*Resolved], [*Text] and [*Bad].
type Event interface{ event() }

func (*Book) event()           {}
func (*PriceChange) event()    {}
func (*Trade) event()          {}
func (*TickSizeChange) event() {}
func (*BestPrices) event()     {}
func (*NewMarket) event()      {}
func (*Resolved) event()       {}
func (*Text) event()           {}
func (*Bad) event()            {}

// Asset is a token: one outcome of one market. A [Decoder] makes one Asset for
// each token that it knows, and all its events of that token point to it.
type Asset struct {
	ID    string // a decimal number of up to 78 digits on the wire, kept as it is
	Index int    // 0, 1, 2, … in the order in which the Decoder came to know them
}

// Timestamp is a time of the exchange's clock in milliseconds since 1970. 0 is
// no time.
type Timestamp int64

// Time returns the same time in UTC, the zero Time for 0.
func (t Timestamp) Time() time.Time {
	if t == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(t)).UTC()
}

// String returns the milliseconds as the exchange writes them, "" for 0.
func (t Timestamp) String() string { return string(t.appendText(nil)) }

func (t Timestamp) appendText(dst []byte) []byte {
	if t == 0 {
		return dst
	}
	return strconv.AppendInt(dst, int64(t), 10)
}

// Book is a whole book of one token: `book`, sent on subscribing and after each
// trade (the exchange's market channel page). Its optional fields are absent
// after a trade (measured on real frames, 2026-07-20).
type Book struct {
	Market string
	Asset  *Asset
	Time   Timestamp // of the book's last change, which may be long ago
	Hash   Hash      // of this book, zero if absent
	// Bids and Asks are as sent: worst first on today's wire, but nothing here
	// has checked that, nor that no price comes twice.
	Bids, Asks []book.Level

	TickSize     book.Price // 0 if absent
	LastTrade    LastTrade
	HasLastTrade bool // LastTrade was sent; it may be the zero one, of no trade
	MinOrderSize book.Size
	NegRisk      bool
	HasStatics   bool // MinOrderSize and NegRisk were sent: by REST only
}

// PriceChange is changes of levels: `price_change`. It normally holds one change
// for each token of the market, also when only one of them is subscribed to
// (measured on real frames, 2026-07-20).
type PriceChange struct {
	Market  string
	Time    Timestamp
	Changes []Change // of known tokens only; those of one token are in order
}

// Change is the new size of one level.
type Change struct {
	Asset *Asset
	Side  book.Side
	Price book.Price
	Size  book.Size // of the whole level; 0 removes it
	// Hash is that of the token's whole book after the run of changes that this
	// one belongs to, all with equal time and hash; zero if absent. The
	// exchange's page calls it the order's hash; real frames show what it is
	// (2026-07-20).
	Hash Hash
	// BestBid and BestAsk are the best prices after that run, 0 where the side
	// is empty. They are meaningless unless HasBest: older recordings lack them.
	BestBid, BestAsk book.Price
	HasBest          bool
}

// Trade is a match of a maker and a taker: `last_trade_price`. It can come
// seconds after the changes that it caused (measured on recorded frames,
// 2026-06-07: up to 2.9 s).
type Trade struct {
	Market   string
	Asset    *Asset
	Price    book.Price
	Decimals int8 // of Price, as sent
	Size     book.Size
	Side     book.Side // of the taker: Bid bought
	Time     Timestamp
	// FeeRateBPS is a number, TransactionHash "0x" and 64 digits; both may be
	// empty, and both point into the frame.
	FeeRateBPS, TransactionHash []byte
}

// TickSizeChange is a change of a token's tick: `tick_size_change`. Levels of
// the old grid stay. Old and New may be equal.
type TickSizeChange struct {
	Market   string
	Asset    *Asset
	Old, New book.Price
	Time     Timestamp
}

// BestPrices is a hint of the top: `best_bid_ask`. It comes only if
// [DecoderOptions] ask for it, is not always sent, and may be ahead of the
// changes or wrong (measured by others, 2026-08): no book should follow it.
type BestPrices struct {
	Market           string
	Asset            *Asset
	BestBid, BestAsk book.Price // 0 where the side is empty
	Time             Timestamp
}

// NewMarket announces a market, any market of the exchange: `new_market`. It
// comes only if [DecoderOptions] ask for it, and often more than once.
type NewMarket struct {
	Market   string
	Slug     string
	Question string
	Assets   []string
	Outcomes []string // paired with Assets by index
	TickSize book.Price
	Time     Timestamp
}

// Resolved ends a market: `market_resolved`. It is not always sent.
type Resolved struct {
	Market         string
	Assets         []string
	WinningAsset   string
	WinningOutcome string
	Time           Timestamp
}

// Text is a frame that is no JSON.
type Text struct{ Kind TextKind }

// TextKind is what a frame that is no JSON says.
type TextKind uint8

// The texts that the exchange sends.
const (
	// TextPong answers PING.
	TextPong TextKind = iota + 1
	// TextNoNewAssets answers a subscription to tokens already subscribed to.
	TextNoNewAssets
	// TextInvalidOperation answers what the server did not accept, such as a
	// second initial subscription.
	TextInvalidOperation
	// TextUnknown is any other short text of words.
	TextUnknown
)

// Bad stands for an object of a known token that holds something that no such
// object may hold. What it would have changed is lost: the token's book is in
// doubt.
type Bad struct {
	Asset *Asset
	Err   *DecodeError
}
