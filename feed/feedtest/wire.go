package feedtest

import (
	"math/rand/v2"
	"strconv"

	"example.com/truebook/book"
)

// writer writes what the exchange sends. The order of keys is that of the real
// frames (2026-07-20).
type writer struct {
	comma  string // between members
	hashed []byte // the text of the last book that was hashed
	// changed: the recipe of the hash is none that is known.
	changed bool
}

// appendTail ends an object with its time and type.
func (w *writer) appendTail(dst []byte, time int64, eventType string) []byte {
	dst = append(append(dst, w.comma...), `"timestamp":"`...)
	dst = strconv.AppendInt(dst, time, 10)
	dst = append(append(dst, '"'), w.comma...)
	return append(append(append(dst, `"event_type":"`...), eventType...), `"}`...)
}

func (w *writer) appendSides(dst []byte, o outcome) []byte {
	dst = append(append(dst, w.comma...), `"bids":[`...)
	dst = o.appendLevels(dst, book.Bid, w.comma)
	dst = append(append(append(dst, ']'), w.comma...), `"asks":[`...)
	dst = o.appendLevels(dst, book.Ask, w.comma)
	return append(dst, ']')
}

// appendOpeningBook writes a book as it answers a subscription.
func (w *writer) appendOpeningBook(dst []byte, o outcome) []byte {
	c := w.comma
	dst = append(dst, `{"market":"`+o.Condition+`"`+c+`"asset_id":"`+o.token()+`"`+c+`"timestamp":"`...)
	dst = strconv.AppendInt(dst, o.time, 10)
	dst = append(dst, `"`+c+`"hash":"`+w.hashString(o)+`"`...)
	dst = w.appendSides(dst, o)
	return append(dst, c+`"tick_size":"`+o.TickSize.String()+`"`+c+`"event_type":"book"`+c+
		`"last_trade_price":"`+o.lastTrade+`"}`...)
}

// appendBook writes a book as it follows a trade.
func (w *writer) appendBook(dst []byte, o outcome) []byte {
	c := w.comma
	dst = append(dst, `{"market":"`+o.Condition+`"`+c+`"asset_id":"`+o.token()+`"`...)
	dst = w.appendSides(dst, o)
	dst = append(dst, c+`"hash":"`+w.hashString(o)+`"`...)
	return w.appendTail(dst, o.time, "book")
}

// entry is one of price_changes, on the scale of its token.
type entry struct {
	token, price string
	size         int32 // hundredths
	sells        bool
	hash         hashText
	bid, ask     string
}

func (o outcome) entry(c levelChange, hash hashText) entry {
	bid, ask := o.bestText()
	return entry{
		token: o.token(), price: o.priceText[o.tick(c.tick)], size: c.size,
		sells: (c.side == book.Ask) != o.no, hash: hash, bid: bid, ask: ask,
	}
}

func (w *writer) appendEntry(dst []byte, e *entry) []byte {
	c := w.comma
	dst = append(append(append(dst, `{"asset_id":"`...), e.token...), '"')
	dst = append(append(append(append(dst, c...), `"price":"`...), e.price...), '"')
	dst = append(appendSize(append(append(dst, c...), `"size":"`...), e.size), '"')
	dst = append(append(dst, c...), `"side":"`...)
	if e.sells {
		dst = append(dst, `SELL"`...)
	} else {
		dst = append(dst, `BUY"`...)
	}
	dst = append(append(append(append(dst, c...), `"hash":"`...), e.hash[:]...), '"')
	dst = append(append(append(append(dst, c...), `"best_bid":"`...), e.bid...), '"')
	return append(append(append(append(dst, c...), `"best_ask":"`...), e.ask...), `"}`...)
}

// appendPriceChange writes a price_change of some entries.
func (w *writer) appendPriceChange(dst []byte, condition string, stamp int64, entries ...*entry) []byte {
	dst = append(append(append(dst, `{"market":"`...), condition...), '"')
	dst = append(append(dst, w.comma...), `"price_changes":[`...)
	for i, e := range entries {
		if i > 0 {
			dst = append(dst, w.comma...)
		}
		dst = w.appendEntry(dst, e)
	}
	return w.appendTail(append(dst, ']'), stamp, "price_change")
}

func (w *writer) appendTrade(dst []byte, o outcome, price string, size int32, buy bool, time int64, transaction string) []byte {
	c := w.comma
	side := "SELL"
	if buy {
		side = "BUY"
	}
	dst = append(dst, `{"market":"`+o.Condition+`"`+c+`"asset_id":"`+o.token()+`"`+c+`"price":"`+price+`"`+c+
		`"size":"`+sizeText(size)+`"`+c+`"fee_rate_bps":"0"`+c+`"side":"`+side+`"`...)
	dst = w.appendTail(dst, time, "last_trade_price")
	return append(dst[:len(dst)-1], c+`"transaction_hash":"0x`+transaction+`"}`...)
}

// transaction draws the hash of one, without its 0x.
func transaction(r *rand.Rand) string { return digits(r, 64, "0123456789abcdef") }

func (w *writer) hashString(o outcome) string {
	h := w.hash(o)
	return string(h[:])
}
