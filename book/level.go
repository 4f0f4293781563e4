package book

// Side is a side of a book: what rests there, or which side an order of that
// direction would rest on. BUY on the wire is Bid, SELL is Ask.
type Side uint8

// The two sides.
const (
	Bid Side = iota
	Ask
)

// String returns "bid" or "ask".
func (s Side) String() string {
	switch s {
	case Bid:
		return "bid"
	case Ask:
		return "ask"
	default:
		return "invalid side"
	}
}

// Opposite returns the other side.
func (s Side) Opposite() Side { return s ^ 1 }

// Level is all that rests at one price of one side.
type Level struct {
	Price Price
	Size  Size // above 0 in a book; 0 in a change removes the level
}

// Top is the best level of each side. A side that is empty has the zero
// [Level]: its Size is 0, and its price means nothing.
type Top struct {
	Bid, Ask Level
}

// Crossed says whether the best bid is at or above the best ask, which no book
// of the exchange stays at.
func (t Top) Crossed() bool {
	return t.Bid.Size > 0 && t.Ask.Size > 0 && t.Bid.Price >= t.Ask.Price
}

// Complement returns the top of the other outcome's book.
func (t Top) Complement() Top {
	var c Top
	if t.Ask.Size > 0 {
		c.Bid = Level{t.Ask.Price.Complement(), t.Ask.Size}
	}
	if t.Bid.Size > 0 {
		c.Ask = Level{t.Bid.Price.Complement(), t.Bid.Size}
	}
	return c
}
