package feedtest

import (
	"slices"
	"time"

	"example.com/truebook/book"
)

// later lets the account do something after a while, again and again.
func (a *Account) later() {
	mean := float64(time.Minute) / a.options.PerMinute
	a.venue.after(time.Duration(min(a.random.ExpFloat64()*mean, 1e15)), func() {
		if !a.quiet {
			a.act()
		}
		a.later()
	})
}

// act lets something happen.
func (a *Account) act() {
	v := a.venue
	a.fit()
	l := v.listings[a.random.IntN(len(v.listings))]
	if !v.free(l) || !l.whole() {
		return
	}
	open := a.resting(nil)
	switch n := a.random.IntN(100); {
	case len(open) == 0 || n < 40 && len(open) < a.options.MaxOrders:
		a.place(l)
	case n < 55:
		a.cancel(open[a.random.IntN(len(open))], "CANCELED")
	case n < 80:
		a.match(open[a.random.IntN(len(open))], false)
	case n < 90 && a.chance(a.options.SelfTrades):
		a.takeOwn(open[a.random.IntN(len(open))])
	case n < 90:
		a.takeSome(l)
	case n < 94:
		a.kill(l)
	case n < 97:
		a.delayed(l)
	default:
		a.cancel(open[a.random.IntN(len(open))], "INVALID")
	}
}

// chance draws whether something is of a share of all. Of none, it draws nothing.
func (a *Account) chance(share float64) bool { return share > 0 && a.random.Float64() < share }

// resting returns the orders that rest, of one market or of all.
func (a *Account) resting(l *listing) (orders []*accountOrder) {
	for _, o := range a.orders {
		if o.rests() && (l == nil || o.listing == l) {
			orders = append(orders, o)
		}
	}
	return orders
}

// level returns where an order is in the book of Yes. ok is false if the present grid has
// no such price.
func (o *accountOrder) level() (side book.Side, tick int, ok bool) {
	price, side := o.Price, o.Side
	if o.no {
		price, side = book.Dollar-price, book.Ask-side
	}
	return side, int(price / o.listing.TickSize), price%o.listing.TickSize == 0
}

// fit matches orders of which the market has left less in the book than there is: somebody
// traded with them; and cancels those that the market has no place for any more.
func (a *Account) fit() {
	type at struct {
		l    *listing
		side book.Side
		tick int
	}
	sums := map[at]book.Size{}
	for _, o := range a.resting(nil) {
		side, tick, ok := o.level()
		switch {
		case !o.rests(): // matched with the one before
			continue
		case o.listing.over || !ok:
			a.end(o, "CANCELED")
			continue
		case !a.venue.free(o.listing):
			continue
		}
		k := at{o.listing, side, tick}
		there := book.Size(o.listing.size(side, tick)) * hundredth
		if sums[k]+o.remaining() > there {
			a.match(o, true)
		}
		if o.rests() {
			sums[k] += o.remaining()
		}
	}
}

// newOrder makes an order that is not placed yet.
func (a *Account) newOrder(l *listing, no bool, side book.Side, tick int, size book.Size) *accountOrder {
	price := book.Price(tick) * l.TickSize
	if no {
		price, side = book.Dollar-price, book.Ask-side
	}
	v := a.venue
	o := &accountOrder{
		AccountOrder: AccountOrder{
			ID: "0x" + digits(a.random, 64, hexAlphabet), Market: l.Condition, Token: l.outcome(no).token(),
			Side: side, Price: price, Size: size,
		},
		listing: l, no: no, kind: "GTC", status: "LIVE", placed: v.now,
	}
	o.change(v.Now(), 0, true)
	a.orders = append(a.orders, o)
	return o
}

// someSize draws a size, in whole shares or in hundredths.
func (a *Account) someSize() book.Size {
	size := book.Size(5+a.random.IntN(200)) * book.Share
	if a.random.IntN(3) == 0 {
		size += book.Size(a.random.IntN(100)) * hundredth
	}
	return size
}

// place places an order near the best prices.
func (a *Account) place(l *listing) {
	side := book.Side(a.random.IntN(2))
	tick, step := l.touch(side)
	tick += step * a.random.IntN(4)
	if tick < 1 || tick >= l.ticks() {
		return
	}
	o := a.newOrder(l, a.random.IntN(2) == 0, side, tick, a.someSize())
	a.venue.putSize(l, side, tick, o.Size)
	a.tellOrder(o, "PLACEMENT")
}

// putSize adds to a level of the book, or takes away from it.
func (v *Venue) putSize(l *listing, side book.Side, tick int, size book.Size) {
	old := l.size(side, tick)
	now := max(old+int32(size/hundredth), 0)
	if now == 0 && l.count[side] < 2 || l.crosses(side, tick) {
		return
	}
	v.beginRun(l)
	l.put(levelChange{side, tick, now})
	v.send(v.frames(l, l.touched))
}

// crosses says whether a level would not be on its side of the book.
func (l *listing) crosses(side book.Side, tick int) bool {
	if side == book.Bid {
		return tick >= l.ask
	}
	return tick <= l.bid
}

// cancel cancels an order.
func (a *Account) cancel(o *accountOrder, status string) {
	if side, tick, ok := o.level(); ok && a.venue.free(o.listing) {
		a.venue.putSize(o.listing, side, tick, -o.remaining())
	}
	a.end(o, status)
}

// end ends an order that is not filled.
func (a *Account) end(o *accountOrder, status string) {
	o.status = status
	o.change(a.venue.Now(), o.last().Matched, false)
	a.tellOrder(o, "CANCELLATION")
}

// kill places an order that is to be filled at once or not at all, and is not.
func (a *Account) kill(l *listing) {
	tick, _ := l.touch(book.Ask)
	o := a.newOrder(l, false, book.Bid, max(tick-1, 1), a.someSize())
	o.kind = "FOK"
	o.status = "CANCELED_order couldn't be fully filled. FOK orders are fully filled or killed."
	o.Steps[0].Open = false
	a.tellOrder(o, "CANCELLATION")
}

// delayed places an order that waits for some seconds before it rests.
func (a *Account) delayed(l *listing) {
	tick, _ := l.touch(book.Bid)
	o := a.newOrder(l, a.random.IntN(2) == 0, book.Bid, tick, a.someSize())
	o.status = "DELAYED"
	a.tellOrder(o, "PLACEMENT")
	a.venue.after(time.Duration(2+a.random.IntN(3))*time.Second, func() {
		o.status = "LIVE"
		if side, tick, ok := o.level(); ok && a.venue.free(l) {
			a.venue.putSize(l, side, tick, o.Size)
		}
		told := o.status
		if a.random.IntN(2) == 0 {
			o.status = "UNMATCHED"
		}
		a.tellOrder(o, "UPDATE")
		o.status = told
	})
}

// part draws how much of an order is matched: all of it, or a part.
func (a *Account) part(left book.Size) book.Size {
	if a.random.IntN(2) == 0 {
		return left
	}
	return max(hundredth, book.Size(a.random.Int64N(int64(left)))/hundredth*hundredth)
}

// match lets somebody trade with an order that rests, and perhaps with the next one at the
// same price. If it is gone from the book, that need not be changed.
func (a *Account) match(o *accountOrder, gone bool) {
	v, l := a.venue, o.listing
	side, tick, ok := o.level()
	if !ok || !v.free(l) {
		return
	}
	// The taker either takes this token, or the other one: both buy and tokens are minted, or
	// both sell and they are merged.
	t := &accountTrade{listing: l, no: o.no, side: book.Ask - o.Side, price: o.Price, taker: "0x" + digits(a.random, 64, hexAlphabet), owner: a.uuid()}
	if a.random.IntN(2) == 0 {
		t.no, t.side, t.price = !o.no, o.Side, book.Dollar-o.Price
	}
	if a.chance(a.options.OtherKey) {
		t.sibling = true
	}
	makers := []*accountOrder{o}
	for _, other := range a.resting(l) {
		if s, i, ok := other.level(); ok && other != o && s == side && i == tick && a.random.IntN(2) == 0 {
			makers = append(makers, other)
			break
		}
	}
	for _, m := range makers {
		size := a.part(m.remaining())
		t.makers = append(t.makers, accountMaker{m.ID, a.Key, a.Address, m.no, m.Side, m.Price, size})
		t.Fills = append(t.Fills, AccountFill{m.ID, m.Token, m.Side, m.Price, size, false})
		t.size += size
	}
	if a.random.IntN(3) == 0 { // somebody else's order is matched as well
		t.makers = slices.Insert(t.makers, a.random.IntN(len(t.makers)+1), a.stranger(t.no, t.side, t.price))
		t.size = 0
		for i := range t.makers {
			t.size += t.makers[i].size
		}
	}
	if there := book.Size(l.size(side, tick)) * hundredth; !gone && there > 0 {
		a.inBook(l, side, tick, min(t.size, there), t)
	}
	a.trade(t)
}

// inBook takes what was traded from the book, and prints it.
func (a *Account) inBook(l *listing, side book.Side, tick int, size book.Size, t *accountTrade) {
	v := a.venue
	left := l.size(side, tick) - int32(size/hundredth)
	if left <= 0 && l.count[side] < 3 || l.crosses(side, tick) {
		return
	}
	v.beginRun(l)
	l.put(levelChange{side, tick, max(left, 0)})
	l.lastTrade = threeDecimals(l.priceText[l.outcome(t.no).tick(tick)])
	v.sendTrade(l, v.frames(l, l.touched))
	v.printLater(l.outcome(t.no), l, t.price.String(), int32(size/hundredth), t.side == book.Bid)
}

// stranger is a maker order of somebody else, at a price that matches.
func (a *Account) stranger(no bool, taker book.Side, price book.Price) accountMaker {
	m := accountMaker{
		order: "0x" + digits(a.random, 64, hexAlphabet), owner: a.uuid(), address: "0x" + digits(a.random, 40, hexAlphabet),
		no: no, side: book.Ask - taker, price: price, size: a.someSize(),
	}
	if a.random.IntN(2) == 0 {
		m.no, m.side, m.price = !no, taker, book.Dollar-price
	}
	return m
}

// takeSome places an order that is matched at once with those of others, all of it or a
// part of which the rest rests or is cancelled.
func (a *Account) takeSome(l *listing) {
	side := book.Side(a.random.IntN(2)) // of the makers, in the book of Yes
	tick, _ := l.touch(side)
	there := book.Size(l.size(side, tick)) * hundredth
	if l.count[side] < 3 {
		return
	}
	o := a.newOrder(l, a.random.IntN(2) == 0, book.Ask-side, tick, a.someSize())
	if there < o.Size || a.random.IntN(3) == 0 {
		o.kind = "FAK"
	}
	size := a.part(min(o.Size, there))
	if a.random.IntN(2) == 0 {
		a.tellOrder(o, "PLACEMENT")
	}
	t := &accountTrade{listing: l, no: o.no, side: o.Side, price: o.Price, size: size, taker: o.ID, owner: a.Key}
	m := a.stranger(o.no, o.Side, o.Price)
	m.size = size
	t.makers = append(t.makers, m)
	t.Fills = append(t.Fills, AccountFill{o.ID, o.Token, o.Side, o.Price, size, true})
	a.inBook(l, side, tick, size, t)
	a.trade(t)
	if o.last().Open { // what is left would cross the book, or is not wanted
		a.end(o, "CANCELED")
	}
}

// takeOwn places an order that is matched at once with one of the account's own.
func (a *Account) takeOwn(own *accountOrder) {
	l := own.listing
	side, tick, ok := own.level()
	if !ok || !a.venue.free(l) {
		return
	}
	o := a.newOrder(l, a.random.IntN(2) == 0, book.Ask-side, tick, a.someSize())
	o.kind = "FAK"
	size := a.part(min(o.Size, own.remaining()))
	t := &accountTrade{listing: l, no: o.no, side: o.Side, price: o.Price, size: size, taker: o.ID, owner: a.Key}
	t.makers = []accountMaker{{own.ID, a.Key, a.Address, own.no, own.Side, own.Price, size}}
	t.Fills = []AccountFill{{o.ID, o.Token, o.Side, o.Price, size, true}, {own.ID, own.Token, own.Side, own.Price, size, false}}
	if there := book.Size(l.size(side, tick)) * hundredth; there > 0 {
		a.inBook(l, side, tick, min(size, there), t)
	}
	a.trade(t)
	if o.last().Open {
		a.end(o, "CANCELED")
	}
}

// withSelf says whether a trade is one of the account with itself.
func (t *accountTrade) withSelf(a *Account) bool {
	return t.owner == a.Key && slices.ContainsFunc(t.makers, func(m accountMaker) bool { return m.owner == a.Key })
}

// trade lets a trade begin its life.
func (a *Account) trade(t *accountTrade) {
	v := a.venue
	t.ID, t.Market = a.uuid(), t.listing.Condition
	t.Time = v.Now()
	t.transaction = "0x" + digits(a.random, 64, hexAlphabet)
	a.trades = append(a.trades, t)
	matched := make([]*accountOrder, 0, len(t.Fills))
	for _, f := range t.Fills {
		i := slices.IndexFunc(a.orders, func(o *accountOrder) bool { return o.ID == f.Order })
		o := a.orders[i]
		now := o.last().Matched + f.Size
		o.trades = append(o.trades, t.ID)
		if now >= o.Size {
			o.status = "MATCHED"
		}
		o.change(v.Now(), now, now < o.Size)
		matched = append(matched, o)
	}
	first := a.random.IntN(2) == 0
	if first {
		a.step(t, "MATCHED")
	}
	for _, o := range matched {
		a.tellOrder(o, "UPDATE")
	}
	if !first {
		a.step(t, "MATCHED")
	}
	a.onChain(t, "MATCHED")
}

// onChain lets the next thing happen to a trade, if it is not stuck: blocks are 2 s apart.
func (a *Account) onChain(t *accountTrade, status string) {
	if a.chance(a.options.Stuck) {
		return
	}
	next, wait := "", time.Duration(2000+a.random.IntN(8000))*time.Millisecond
	switch n := a.random.IntN(100); {
	case status == "MATCHED" && n < 85, status == "RETRYING" && n < 60:
		next = "MINED"
	case status == "MINED" && n < 94:
		next = "CONFIRMED"
	case status == "RETRYING":
		next = "FAILED"
	default:
		next = "RETRYING"
	}
	a.venue.after(wait, func() {
		a.step(t, next)
		if next != "CONFIRMED" && next != "FAILED" {
			a.onChain(t, next)
		}
	})
}

// step gives a trade a status.
func (a *Account) step(t *accountTrade, status string) {
	t.updated = a.venue.now
	t.Steps = append(t.Steps, AccountTradeStep{a.venue.Now(), status})
	a.tellTrade(t)
}
