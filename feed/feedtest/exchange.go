package feedtest

import (
	"math/rand/v2"
	"time"

	"example.com/truebook/book"
)

// Options choose an exchange. The zero value is one market from seed 0.
type Options struct {
	Seed    uint64
	Markets int // 1 if 0
	// Spaced writes ", " between members, as some frames of 2026-09 have it,
	// instead of ",".
	Spaced bool
}

// start is the exchange's time at the beginning, 2026-11-22 12:00 UTC.
const start = 1_795_348_800_000

// Frame is one frame of the market channel.
type Frame struct {
	Time time.Time // when it was sent, by the exchange's clock
	Data []byte
}

// Exchange is a simulated exchange. It is for one goroutine.
type Exchange struct {
	random  *rand.Rand
	markets []*market
	tokens  map[string]outcome
	comma   string
	now     int64 // milliseconds
	queue   []Frame
	prints  []scheduled
}

// scheduled is a frame that is to be sent at a time.
type scheduled struct {
	at   int64
	data []byte
}

// New returns an exchange that has sent nothing yet.
func New(o Options) *Exchange {
	x := &Exchange{
		random: rand.New(rand.NewPCG(o.Seed, 0x7275)), //nolint:gosec // to be repeated, not to be secret
		tokens: map[string]outcome{}, comma: ",", now: start,
	}
	if o.Spaced {
		x.comma = ", "
	}
	for range max(o.Markets, 1) {
		m := newMarket(x.random)
		m.time = x.now - int64(x.random.IntN(60_000))
		x.markets = append(x.markets, m)
		x.tokens[m.Yes], x.tokens[m.No] = outcome{m, false}, outcome{m, true}
	}
	return x
}

// Markets returns the markets that are open.
func (x *Exchange) Markets() []Market {
	markets := make([]Market, 0, len(x.markets))
	for _, m := range x.markets {
		markets = append(markets, m.Market)
	}
	return markets
}

// Book returns the truth: the levels of a token after the last change that the
// exchange made, worst first as on the wire. Frames of that change may not have
// been sent yet.
func (x *Exchange) Book(token string) (bids, asks []book.Level) {
	o := x.tokens[token]
	if o.market == nil {
		return nil, nil
	}
	for side, levels := range map[book.Side]*[]book.Level{book.Bid: &bids, book.Ask: &asks} {
		o.levels(side, func(_ string, tick int, size int64) {
			*levels = append(*levels, book.Level{
				Price: book.Price(tick) * o.TickSize, Size: book.Size(size) * hundredth,
			})
		})
	}
	return bids, asks
}

// Opening returns the frame that answers a subscription to all tokens.
func (x *Exchange) Opening() Frame {
	data := []byte("[")
	for i, m := range x.markets {
		if i > 0 {
			data = append(data, x.comma...)
		}
		data = x.appendOpeningBook(data, outcome{m, false})
		data = append(data, x.comma...)
		data = x.appendOpeningBook(data, outcome{m, true})
	}
	return x.frame(append(data, "]\n"...))
}

func (x *Exchange) frame(data []byte) Frame {
	return Frame{Time: time.UnixMilli(x.now).UTC(), Data: data}
}

// Next lets the markets go on until there is a frame to send, and returns it.
func (x *Exchange) Next() Frame {
	for len(x.queue) == 0 {
		x.wait()
		if len(x.prints) > 0 && x.prints[0].at <= x.now {
			x.queue = append(x.queue, x.frame(x.prints[0].data))
			x.prints = x.prints[1:]
			continue
		}
		x.act()
	}
	frame := x.queue[0]
	x.queue = x.queue[1:]
	return frame
}

// wait lets time pass: often none, since bursts share a millisecond.
func (x *Exchange) wait() {
	if x.random.IntN(100) >= 22 {
		x.now += 1 + int64(x.random.ExpFloat64()*15)
	}
}

// pick chooses a market by its activity.
func (x *Exchange) pick() *market {
	var sum float64
	for _, m := range x.markets {
		sum += m.weight
	}
	at := x.random.Float64() * sum
	for _, m := range x.markets {
		if at -= m.weight; at < 0 {
			return m
		}
	}
	return x.markets[0]
}

// levelChange is a new size of a level, on the scale of Yes.
type levelChange struct {
	side book.Side
	tick int
	size int64
}

// act makes one change in some market and queues its frames.
func (x *Exchange) act() {
	m := x.pick()
	m.time = x.now
	if x.random.IntN(80) == 0 && x.trade(m) {
		return
	}
	n := 1
	if x.random.IntN(14) == 0 { // a change of several levels
		n = 2 + x.random.IntN(4)
	}
	var changes []levelChange
	for range n {
		c := x.levelChange(m)
		m.set(c)
		changes = append(changes, c)
	}
	x.send(m, changes)
}

func (m *market) set(c levelChange) {
	if c.side == book.Bid {
		m.bids[c.tick] = c.size
	} else {
		m.asks[c.tick] = c.size
	}
}

// levelChange draws a change that keeps the bids below the asks.
func (x *Exchange) levelChange(m *market) levelChange {
	r := x.random
	bid, ask := m.best()
	c := levelChange{side: book.Side(r.IntN(2))}
	// One in fourteen goes into the spread, the others lie behind the touch.
	distance := int(r.ExpFloat64() * float64(m.ticks()) / 12)
	if r.IntN(14) == 0 {
		distance = -1 - r.IntN(3)
	}
	sizes := m.bids
	if c.side == book.Bid {
		c.tick = min(max(bid-distance, 1), ask-1)
	} else {
		c.tick = max(min(ask+distance, m.ticks()-1), bid+1)
		sizes = m.asks
	}
	c.tick = min(max(c.tick, 1), m.ticks()-1)
	old := sizes[c.tick]
	crosses := c.side == book.Bid && c.tick >= ask || c.side == book.Ask && c.tick <= bid
	switch n := r.IntN(100); {
	case crosses:
		c.size = 0
	case n == 0:
		c.size = old // a change that changes nothing
	case old > 0 && n < 22:
		c.size = 0
	default:
		c.size = randomSize(r)
	}
	return c
}

// send queues a change of the exchange: a frame for each level, all with the
// hashes and best prices of the end.
func (x *Exchange) send(m *market, changes []levelChange) {
	first, second := outcome{m, false}, outcome{m, true}
	if x.random.IntN(20) == 0 {
		first, second = second, first
	}
	hashes := [2]string{first.hash(), second.hash()}
	for _, c := range changes {
		data := append([]byte(nil), `{"market":"`+m.Condition+`"`+x.comma+`"price_changes":[`...)
		data = x.appendChange(data, first, c, hashes[0])
		data = append(data, x.comma...)
		data = x.appendChange(data, second, c, hashes[1])
		data = append(data, ']')
		data = x.appendTail(data, m.time, "price_change")
		x.queue = append(x.queue, x.frame(data))
	}
}

// trade takes one to three levels from a side and queues what follows, if the
// side can spare them.
func (x *Exchange) trade(m *market) bool {
	r := x.random
	bid, ask := m.best()
	buyer := r.IntN(2) == 0 // of Yes, or seller
	tick, step, sizes, side := ask, 1, m.asks, book.Ask
	if !buyer {
		tick, step, sizes, side = bid, -1, m.bids, book.Bid
	}
	var found []int
	for i := tick; i > 0 && i < m.ticks(); i += step {
		if sizes[i] > 0 {
			found = append(found, i)
		}
	}
	if len(found) < 8 {
		return false
	}
	var changes []levelChange
	for i := range r.IntN(3) {
		changes = append(changes, levelChange{side: side, tick: found[i]})
	}
	last := found[len(changes)]
	taken := 1 + r.Int64N(sizes[last])
	changes = append(changes, levelChange{side: side, tick: last, size: sizes[last] - taken})
	for _, c := range changes {
		m.set(c)
	}
	// The taker acted on either token; the print is on that one's scale.
	o := outcome{m, r.IntN(2) == 0}
	price := m.priceText[o.tick(last)]
	m.lastTrade = threeDecimals(price)
	x.send(m, changes)
	for _, no := range []bool{false, true} {
		x.queue = append(x.queue, x.frame(x.appendBook(nil, outcome{m, no})))
	}
	at := x.now + 1 + int64(r.ExpFloat64()*40)
	x.prints = append(x.prints, scheduled{at, x.appendTrade(nil, o, price, taken, buyer != o.no, at)})
	return true
}
