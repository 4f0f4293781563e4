package user

import (
	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// Order is an order of the account, as far as it is known. It is a value: nothing changes
// it after it was returned.
type Order struct {
	ID     string // 0x and 64 hex digits
	Market string // condition id, in lower case
	Token  string
	Side   book.Side // Bid buys
	Price  book.Price
	Size   book.Size // when it was placed
	// Matched is how much of it has been matched so far, by what the exchange says of the
	// order or of its trades, whichever is more. It falls only if
	// a trade has failed and the exchange says so.
	Matched book.Size
	Status  OrderStatus
	// Outcome is the name of the token's outcome, Kind how long the order is good for (GTC,
	// GTD, FOK, FAK), Detail why it was cancelled; all of them in the exchange's words, and ""
	// if it does not say.
	Outcome, Kind, Detail string
	// Created, Expires and Updated are by the exchange's clock, 0 if it does not say.
	Created, Expires, Updated feed.Timestamp
}

// Remaining is what is left of the order: 0 if it is not open. It is never less than 0.
func (o *Order) Remaining() book.Size {
	if !o.Status.Open() {
		return 0
	}
	return max(o.Size-o.Matched, 0)
}

// OrderStatus is what has become of an order.
type OrderStatus uint8

// The statuses of an order, of which the first three are open (docs.polymarket.com, orders;
// recorded frames of others, 2024-09 to 2026-05).
const (
	// Live orders rest in the book.
	Live OrderStatus = iota
	// Delayed orders wait before they are matched: those of some sports markets.
	Delayed
	// Unmatched orders were delayed, found nothing to match, and rest.
	Unmatched
	// Matched orders are filled to the end.
	Matched
	// Canceled orders were cancelled by somebody; what was matched before stands.
	Canceled
	// Invalid orders were cancelled by the exchange, for want of a balance or the like.
	Invalid
	// Gone orders are not among the open ones any more, and the exchange has not said why:
	// the message was lost. Or their market is not followed any more.
	Gone
)

// Open says whether an order of this status may still be matched.
func (s OrderStatus) Open() bool { return s <= Unmatched }

// String returns the status in lower case.
func (s OrderStatus) String() string {
	return [...]string{"live", "delayed", "unmatched", "matched", "canceled", "invalid", "gone"}[min(s, Gone)]
}

// Fill is what a trade has done to an order of the account.
type Fill struct {
	Trade string // its id. Several orders of the account may be in one trade
	Order string // the account's order
	// Market, Token, Side and Price are those of the account's order, and not those of the
	// other side: of a match by minting or merging, the other side's token is the other one.
	// The price of a taker's fill is that which the exchange gives for the whole trade.
	Market string // in lower case
	Token  string
	Side   book.Side // Bid bought
	Price  book.Price
	Size   book.Size
	Role   Role
	Status TradeStatus
	// Outcome, FeeRateBPS and Transaction are in the exchange's words, "" if it does not say.
	Outcome, FeeRateBPS, Transaction string
	// Time is when it was matched, in whole seconds, and Updated when its status changed, by
	// the exchange's clock.
	Time, Updated feed.Timestamp
}

// Counts says whether the fill changes a position: a trade that failed does not.
func (f *Fill) Counts() bool { return f.Status != Failed }

// Role is which side of a trade an order was on.
type Role uint8

// The roles.
const (
	Maker Role = iota // it rested
	Taker             // it came
)

// String returns the role in lower case.
func (r Role) String() string { return [...]string{"maker", "taker"}[min(r, Taker)] }

// TradeStatus is how far a trade has come on the chain (docs.polymarket.com, trades).
type TradeStatus uint8

// The statuses of a trade. It begins as MatchedTrade; Confirmed and Failed are for good.
const (
	MatchedTrade TradeStatus = iota
	Mined
	// Retrying follows a transaction that failed, or a block that is none any more. Mined or
	// Failed follows.
	Retrying
	Confirmed
	Failed
)

// Final says whether the status stays.
func (s TradeStatus) Final() bool { return s >= Confirmed }

// String returns the status in lower case.
func (s TradeStatus) String() string {
	return [...]string{"matched", "mined", "retrying", "confirmed", "failed"}[min(s, Failed)]
}
