package feed

import "example.com/truebook/book"

// This file reads a change from its price on. Its values are of different lengths,
// so that each begins at an offset that is known only when the one before it has
// been read; but there is a bound of each, and so of how much of the text counts.
// The arrays below say it: wherever a value begins, they are as long as what may
// follow, and the compiler leaves out the checks of the offsets.

// The room of each value, and of the key before it, with what follows in a change.
const (
	sizeRoom = 19 // 12 digits, a point and 6 digits
	hashRoom = 40

	fromAsk     = priceRoom
	fromAskKey  = 15 + fromAsk
	fromBid     = priceBytes + 1 + fromAskKey
	fromBidKey  = 15 + fromBid
	fromHash    = hashRoom + fromBidKey
	fromSide    = 15 + fromHash
	fromSideKey = 11 + fromSide
	fromSize    = sizeRoom + fromSideKey
	fromSizeKey = 11 + fromSize
	changeRoom  = priceBytes + fromSizeKey
)

// shape is what has to be known of a change to tell how its mirror is written.
type shape struct {
	price, bid, ask priceText
	side            int // where the value of the side begins
}

// read reads the rest of a change from its price on, and returns where it ends, 0 if
// it is not as usual.
func (s *shape) read(text *[changeRoom]byte, sp *spacing, c *Change) int {
	blank := sp.blank & 1
	price := leadingPrice((*[priceRoom]byte)(text[:]))
	s.price, c.Price = price, price.value()
	atSizeKey := (*[fromSizeKey]byte)(text[price.n:])
	if c.Price == 0 || !sp.size.is(word(atSizeKey[:]), word(atSizeKey[2+blank:])) {
		return 0
	}
	atSize := (*[fromSize]byte)(atSizeKey[10+blank:])
	size, n := usualSize((*[numberRoom]byte)(atSize[:]))
	if n <= 0 || n > sizeRoom {
		return 0
	}
	c.Size = size
	atSideKey := (*[fromSideKey]byte)(atSize[n:])
	if !sp.side.is(word(atSideKey[:]), word(atSideKey[2+blank:])) {
		return 0
	}
	s.side = price.n + n + 20 + 2*blank
	atSide := (*[fromSide]byte)(atSideKey[10+blank:])
	side := book.Bid
	if atSide[0] == 'S' {
		side = book.Ask
	}
	c.Side = side
	n = 13 + blank + int(side&1)
	if !sp.sides[side&1].is(word(atSide[:]), word(atSide[n-8:])) {
		return 0
	}
	if !usualHash(&c.Hash, (*[hashRoom]byte)(atSide[n:])) {
		return 0
	}
	end := s.readBests((*[fromBidKey]byte)(atSide[n+hashRoom:]), sp, c)
	if end == 0 {
		return 0
	}
	return s.side + n + hashRoom + end
}

// readBests reads the rest of a change from the closing quote of its hash on, and
// returns where it ends, 0 if it is not as usual.
func (s *shape) readBests(text *[fromBidKey]byte, sp *spacing, c *Change) int {
	blank := sp.blank & 1
	if !sp.bid.is(word(text[:]), word(text[6+blank:])) {
		return 0
	}
	atBid := (*[fromBid]byte)(text[14+blank:])
	bid := leadingPrice((*[priceRoom]byte)(atBid[:]))
	if bid.digits == 0 && bid.n != 1 { // it is not 0 either
		return 0
	}
	atAskKey := (*[fromAskKey]byte)(atBid[bid.n:])
	if !sp.ask.is(word(atAskKey[:]), word(atAskKey[6+blank:])) {
		return 0
	}
	atAsk := (*[fromAsk]byte)(atAskKey[14+blank:])
	ask := leadingPrice(atAsk)
	if ask.digits == 0 && ask.n != 1 {
		if atAsk[0] != '1' { // which stands for no asks, as 0 does
			return 0
		}
		ask = priceText{mask: 0xff, n: 1}
	}
	if atAsk[ask.n] != '"' || atAsk[ask.n+1] != '}' {
		return 0
	}
	s.bid, s.ask = bid, ask
	c.BestBid, c.BestAsk, c.HasBest = bid.value(), ask.value(), true
	return 28 + 2*blank + bid.n + ask.n + 2
}

// readMirrored reads, from its price on, the change that the same order is for the
// other token of the market: of the other side, at what is missing to a dollar. It
// compares it with the one before it, first, which is of the shape, and returns where
// it ends, 0 if it is written in any other way, which may well be the usual one.
func (s *shape) readMirrored(text, before *[changeRoom]byte, sp *spacing, c, first *Change) int {
	blank := sp.blank & 1
	if !s.price.mirrored((*[priceRoom]byte)(text[:])) || !s.sameSize(text, before) {
		return 0
	}
	atSide := (*[fromSide]byte)(text[s.side:])
	side := first.Side.Opposite() & 1
	c.Side = side
	n := 13 + blank + int(side)
	if !sp.sides[side].is(word(atSide[:]), word(atSide[n-8:])) {
		return 0
	}
	if !usualHash(&c.Hash, (*[hashRoom]byte)(atSide[n:])) {
		return 0
	}
	atBidKey := (*[fromBidKey]byte)(atSide[n+hashRoom:])
	if !s.bestsMirrored(atBidKey, sp) {
		return 0
	}
	c.Price, c.Size = book.Dollar-first.Price, first.Size
	c.BestBid, c.BestAsk, c.HasBest = book.Dollar-first.BestAsk, book.Dollar-first.BestBid, true
	return s.side + n + hashRoom + 28 + 2*blank + s.bid.n + s.ask.n + 2
}

// sameSize says whether two changes are the same from the end of their prices, which
// are of equal length, to their sides. It says no where that is too long.
func (s *shape) sameSize(a, b *[changeRoom]byte) bool {
	n, side := s.price.n&7, s.side
	if side < 16 || side > changeRoom || side-n > 32 {
		return false
	}
	return word(a[n:]) == word(b[n:]) && word(a[n+8:]) == word(b[n+8:]) &&
		word(a[side-16:]) == word(b[side-16:]) && word(a[side-8:]) == word(b[side-8:])
}

// bestsMirrored says whether the best prices are those of the other token, from the
// closing quote of the hash before them to the end.
func (s *shape) bestsMirrored(text *[fromBidKey]byte, sp *spacing) bool {
	blank := sp.blank & 1
	if !sp.bid.is(word(text[:]), word(text[6+blank:])) {
		return false
	}
	atBid := (*[fromBid]byte)(text[14+blank:])
	if !s.ask.mirrored((*[priceRoom]byte)(atBid[:])) {
		return false
	}
	atAskKey := (*[fromAskKey]byte)(atBid[s.ask.n&7:])
	if !sp.ask.is(word(atAskKey[:]), word(atAskKey[6+blank:])) {
		return false
	}
	atAsk := (*[fromAsk]byte)(atAskKey[14+blank:])
	n := s.bid.n & 7
	return s.bid.mirrored(atAsk) && atAsk[n] == '"' && atAsk[(n+1)&7] == '}'
}
