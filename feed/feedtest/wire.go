package feedtest

import (
	"strconv"

	"example.com/truebook/book"
)

// The order of keys is that of the real frames (2026-07-20).

// appendTail ends an object with its time and type.
func (x *Exchange) appendTail(dst []byte, time int64, eventType string) []byte {
	dst = append(append(dst, x.comma...), `"timestamp":"`...)
	dst = strconv.AppendInt(dst, time, 10)
	dst = append(append(dst, '"'), x.comma...)
	return append(dst, `"event_type":"`+eventType+`"}`...)
}

func (x *Exchange) appendSides(dst []byte, o outcome) []byte {
	dst = append(append(dst, x.comma...), `"bids":[`...)
	dst = o.appendLevels(dst, book.Bid, x.comma)
	dst = append(append(append(dst, ']'), x.comma...), `"asks":[`...)
	dst = o.appendLevels(dst, book.Ask, x.comma)
	return append(dst, ']')
}

// appendOpeningBook writes a book as it answers a subscription.
func (x *Exchange) appendOpeningBook(dst []byte, o outcome) []byte {
	c := x.comma
	dst = append(dst, `{"market":"`+o.Condition+`"`+c+`"asset_id":"`+o.token()+`"`+c+`"timestamp":"`...)
	dst = strconv.AppendInt(dst, o.time, 10)
	dst = append(dst, `"`+c+`"hash":"`+x.hash(o)+`"`...)
	dst = x.appendSides(dst, o)
	return append(dst, c+`"tick_size":"`+o.TickSize.String()+`"`+c+`"event_type":"book"`+c+
		`"last_trade_price":"`+o.lastTrade+`"}`...)
}

// appendBook writes a book as it follows a trade.
func (x *Exchange) appendBook(dst []byte, o outcome) []byte {
	c := x.comma
	dst = append(dst, `{"market":"`+o.Condition+`"`+c+`"asset_id":"`+o.token()+`"`...)
	dst = x.appendSides(dst, o)
	dst = append(dst, c+`"hash":"`+x.hash(o)+`"`...)
	return x.appendTail(dst, o.time, "book")
}

// appendChange writes one entry of price_changes.
func (x *Exchange) appendChange(dst []byte, o outcome, change levelChange, hash string) []byte {
	c := x.comma
	side := "BUY"
	if (change.side == book.Ask) != o.no {
		side = "SELL"
	}
	bid, ask := o.bestText()
	return append(dst, `{"asset_id":"`+o.token()+`"`+c+`"price":"`+o.priceText[o.tick(change.tick)]+`"`+c+
		`"size":"`+sizeText(change.size)+`"`+c+`"side":"`+side+`"`+c+`"hash":"`+hash+`"`+c+
		`"best_bid":"`+bid+`"`+c+`"best_ask":"`+ask+`"}`...)
}

func (x *Exchange) appendTrade(dst []byte, o outcome, price string, size int32, buy bool, time int64) []byte {
	c := x.comma
	side := "SELL"
	if buy {
		side = "BUY"
	}
	dst = append(dst, `{"market":"`+o.Condition+`"`+c+`"asset_id":"`+o.token()+`"`+c+`"price":"`+price+`"`+c+
		`"size":"`+sizeText(size)+`"`+c+`"fee_rate_bps":"0"`+c+`"side":"`+side+`"`...)
	dst = x.appendTail(dst, time, "last_trade_price")
	return append(dst[:len(dst)-1], c+`"transaction_hash":"0x`+digits(x.random, 64, "0123456789abcdef")+`"}`...)
}
