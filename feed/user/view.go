package user

import (
	"cmp"
	"slices"
	"time"

	"example.com/truebook/book"
)

// View is the account's own state at one instant. It does not change, and may be kept and
// read by any number of goroutines. What its methods return belongs to it: read it only.
type View struct {
	// Known says that orders and fills are those that the exchange has, as far as its messages
	// have come. If it is false they are all that has been told so far: some may be missing,
	// or not be so any more. Reason says why.
	Known  bool
	Reason Reason
	Since  time.Time // when that began, by the clock of this machine
	// Epoch counts the times that own state became known. Between two Views of equal epoch
	// that are known, it was known all the time.
	Epoch uint64
	// Version grows with each change of anything.
	Version uint64
	// Audited is when REST last agreed, the zero Time if it never did.
	Audited time.Time

	orders []Order // open ones: by token, side, best price first, and age
	fills  []Fill  // oldest first
}

// Err returns nil if own state is known, and an [*UnknownError] if not.
func (v *View) Err() error {
	if v.Known {
		return nil
	}
	return &UnknownError{v.Reason, v.Since}
}

// Orders returns the orders that are open: by token, bids first, best price first, and
// then in the order in which they were placed.
func (v *View) Orders() []Order { return slices.Clip(v.orders) }

// OrdersOf returns the orders that are open of one token, in the same order.
func (v *View) OrdersOf(token string) []Order {
	of := func(o Order, token string) int { return cmp.Compare(o.Token, token) }
	first, _ := slices.BinarySearchFunc(v.orders, token, of)
	n := 0
	for first+n < len(v.orders) && v.orders[first+n].Token == token {
		n++
	}
	return slices.Clip(v.orders[first : first+n])
}

// Size returns what the account has at a level of a token's book: what remains of its
// orders there.
func (v *View) Size(token string, side book.Side, price book.Price) (size book.Size) {
	for _, o := range v.OrdersOf(token) {
		if o.Side == side && o.Price == price {
			size += o.Remaining()
		}
	}
	return size
}

// Fills returns the fills since the account's time, oldest first: of some thousand trades
// at most, of which the oldest are forgotten once they are final.
func (v *View) Fills() []Fill { return slices.Clip(v.fills) }

// view makes a View of what is known.
func (c *core) view() *View {
	v := &View{
		Known: c.known, Reason: c.reason, Since: c.stateSince, Epoch: c.epoch, Version: c.version, Audited: c.rest.audited,
		orders: make([]Order, 0, c.ledger.open), fills: make([]Fill, 0, len(c.ledger.trades)),
	}
	for _, o := range c.ledger.orders {
		if o.known && o.Status.Open() {
			v.orders = append(v.orders, o.Order)
		}
	}
	slices.SortFunc(v.orders, func(a, b Order) int {
		price := cmp.Compare(a.Price, b.Price)
		if a.Side == book.Bid {
			price = -price
		}
		return cmp.Or(cmp.Compare(a.Token, b.Token), cmp.Compare(a.Side, b.Side), price,
			cmp.Compare(a.Created, b.Created), cmp.Compare(a.ID, b.ID))
	})
	for _, t := range c.ledger.trades {
		if t.time >= c.ledger.since {
			v.fills = append(v.fills, t.fills...)
		}
	}
	slices.SortFunc(v.fills, func(a, b Fill) int {
		return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Trade, b.Trade), cmp.Compare(a.Order, b.Order), cmp.Compare(a.Role, b.Role))
	})
	return v
}
