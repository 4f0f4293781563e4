package feed

import "example.com/truebook/book"

// This file reads a change from its price on. Its values are of different lengths,
// so that each begins at an offset that is known only when the one before it has
// been read; but there is a bound of each, and so of how much of the text counts.
// The arrays below say it: wherever a value begins, they are as long as what may
// follow, and the compiler leaves out the checks of the offsets.

// The room of each value, and of the key before it, with what follows in a change.
const (
	priceSlot = priceBytes + 1 // the compiler sees that it is at most 7, not that it is 6
	sizeRoom  = 19             // 12 digits, a point and 6 digits
	hashRoom  = 40

	fromAsk     = priceRoom
	fromAskKey  = bestKey + 1 + fromAsk
	fromBid     = priceSlot + fromAskKey
	fromBidKey  = bestKey + 1 + fromBid
	fromHash    = hashRoom + fromBidKey
	fromSide    = buy + 2 + fromHash
	fromSideKey = sizeKey + 1 + fromSide
	fromSize    = sizeRoom + fromSideKey
	fromSizeKey = sizeKey + 1 + fromSize
	changeRoom  = priceSlot + fromSizeKey
)

// A frame of the usual form has that much, since its tail is behind.
const leastChange = len(`0.5","size":"1","side":"BUY","hash":"","best_bid":"0","best_ask":"1`) + hashRoom + tailBytes

var _ [leastChange - changeRoom]byte

// shape is what has to be known of a change to tell how its mirror is written.
type shape struct {
	price, bid, ask priceText
	side            int // where the value of the side begins
}

// read reads a change from its price on, and returns where the closing quote of its
// last value stands, 0 if it is not as usual.
func (s *shape) read(text *[changeRoom]byte, sp *spacing, c *Change) int {
	blank := sp.blank & 1
	price := leadingPrice((*[priceRoom]byte)(text[:]))
	toSize := (*[fromSizeKey]byte)(text[price.n:])
	atSize := (*[fromSize]byte)(toSize[sizeKey+blank:])
	size, n := usualSize((*[numberRoom]byte)(atSize[:]))
	if n <= 0 || n > sizeRoom {
		return 0
	}
	toSide := (*[fromSideKey]byte)(atSize[n:])
	atSide := (*[fromSide]byte)(toSide[sizeKey+blank:])
	side := book.Bid
	if atSide[0] == 'S' {
		side = book.Ask
	}
	hash := buy + blank + int(side&1)
	wrong := sp.size.differs(word(toSize[:]), word(toSize[sizeKey-8+blank:])) |
		sp.side.differs(word(toSide[:]), word(toSide[sizeKey-8+blank:])) |
		sp.sides[side&1].differs(word(atSide[:]), word(atSide[hash-8:]))
	if wrong != 0 || price.digits == 0 {
		return 0
	}
	s.price, s.side = price, price.n+n+2*(sizeKey+blank)
	c.Price, c.Size, c.Side = price.value(), size, side

	toBid := (*[fromBidKey]byte)(atSide[hash+hashRoom:])
	bid := leadingPrice((*[priceRoom]byte)(toBid[bestKey+blank:]))
	toAsk := (*[fromAskKey]byte)(toBid[bestKey+blank+bid.n:])
	atAsk := (*[fromAsk]byte)(toAsk[bestKey+blank:])
	ask := leadingPrice(atAsk)
	if ask.digits == 0 && ask.n == 0 && atAsk[0] == '1' {
		ask = priceText{mask: 0xff, n: 1} // there are no asks, which may be written as 0 as well
	}
	wrong = sp.bid.differs(word(toBid[:]), word(toBid[bestKey-8+blank:])) |
		sp.ask.differs(word(toAsk[:]), word(toAsk[bestKey-8+blank:]))
	if wrong != 0 || bid.digits == 0 && bid.n != 1 || ask.digits == 0 && ask.n != 1 {
		return 0
	}
	s.bid, s.ask = bid, ask
	c.BestBid, c.BestAsk, c.HasBest = bid.value(), ask.value(), true
	end := s.side + hash + hashRoom + 2*(bestKey+blank) + bid.n + ask.n
	if !usualHash(&c.Hash, (*[hashRoom]byte)(atSide[hash:])) {
		return 0
	}
	return end
}

// readMirrored reads, from its price on, the change that the same order is for the
// other token of the market: of the other side, at what is missing to a dollar. It
// compares it with the one before it, first, which is of the shape, and returns what
// read does, 0 also if the change is written in another way that may be usual.
func (s *shape) readMirrored(text, before *[changeRoom]byte, sp *spacing, c, first *Change) int {
	blank := sp.blank & 1
	// From the end of their prices, which are of equal length, to their sides the two
	// are the same. That is rarely above 32 bytes.
	n, atSide := s.price.n&7, s.side
	if atSide < 16 || atSide > changeRoom-fromSide || atSide-n > 32 {
		return 0
	}
	side := first.Side.Opposite() & 1
	rest := (*[fromSide]byte)(text[atSide:])
	hash := buy + blank + int(side)
	toBid := (*[fromBidKey]byte)(rest[hash+hashRoom:])
	toAsk := (*[fromAskKey]byte)(toBid[bestKey+blank+s.ask.n&7:])
	wrong := s.price.unmirrored((*[priceRoom]byte)(text[:])) |
		(word(text[n:]) ^ word(before[n:])) | (word(text[n+8:]) ^ word(before[n+8:])) |
		(word(text[atSide-16:]) ^ word(before[atSide-16:])) | (word(text[atSide-8:]) ^ word(before[atSide-8:])) |
		sp.sides[side].differs(word(rest[:]), word(rest[hash-8:])) |
		sp.bid.differs(word(toBid[:]), word(toBid[bestKey-8+blank:])) |
		s.ask.unmirrored((*[priceRoom]byte)(toBid[bestKey+blank:])) |
		sp.ask.differs(word(toAsk[:]), word(toAsk[bestKey-8+blank:])) |
		s.bid.unmirrored((*[priceRoom]byte)(toAsk[bestKey+blank:]))
	if wrong != 0 {
		return 0
	}
	c.Price, c.Size, c.Side = book.Dollar-first.Price, first.Size, side
	c.BestBid, c.BestAsk, c.HasBest = book.Dollar-first.BestAsk, book.Dollar-first.BestBid, true
	end := atSide + hash + hashRoom + 2*(bestKey+blank) + s.bid.n + s.ask.n
	if !usualHash(&c.Hash, (*[hashRoom]byte)(rest[hash:])) {
		return 0
	}
	return end
}
