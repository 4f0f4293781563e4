package feedtest

import (
	"bytes"
	"math/rand/v2"
	"sort"
	"time"

	"example.com/truebook/book"
)

// Options choose an exchange. The zero value is one market from seed 0.
type Options struct {
	Seed uint64
	// Markets is how many there are, 1 if 0. With more than 100 they follow the
	// recorded shape, as with Levels, in books of some 50 levels.
	Markets int
	// Spaced writes ", " between members, as some frames of 2026-09 have it,
	// instead of ",".
	Spaced bool
	// Levels is about how many levels a book has, both sides together, from 10 to
	// 5,000: the tick is the coarsest of 0.01, 0.001 and 0.0001 that leaves half of
	// the prices free. Changes then follow the shares and distances recorded on
	// 2026-06-07 closely, and the activity of markets a power law. 0 is the model
	// that there was at first, with fewer and livelier levels.
	Levels int
}

// start is the exchange's time at the beginning, 2026-11-22 12:00 UTC.
const start = 1_795_348_800_000

// Frame is one frame of the market channel.
type Frame struct {
	Time time.Time // when it was sent, by the exchange's clock
	Data []byte
}

// What one frame of whole books holds at most, so that no frame is longer than
// the 16 MiB that clients take.
const (
	openingTokens = 400
	openingBytes  = 15 << 20
)

// Exchange is a simulated exchange. It is for one goroutine.
type Exchange struct {
	writer

	random   *rand.Rand
	markets  []*market
	activity []float64 // of each market and those before it
	tokens   map[string]outcome
	recorded bool      // the shape is the recorded one
	now      int64     // milliseconds
	unopened []*market // which an opening frame is still to show
	queue    []Frame
	prints   []scheduled
	text     []byte // what is being written
}

// scheduled is a frame that is to be sent at a time.
type scheduled struct {
	at   int64
	data []byte
}

// New returns an exchange that has sent nothing yet.
func New(o Options) *Exchange {
	n := max(o.Markets, 1)
	x := &Exchange{
		random: rand.New(rand.NewPCG(o.Seed, 0x7275)), //nolint:gosec // to be repeated, not to be secret
		tokens: make(map[string]outcome, 2*n), writer: writer{comma: ","}, now: start,
		recorded: o.Levels > 0 || n > 100,
	}
	if o.Spaced {
		x.comma = ", "
	}
	var sum float64
	for range n {
		var m *market
		if x.recorded {
			m = newRecordedMarket(x.random, o.Levels, n)
		} else {
			m = newMarket(x.random)
		}
		m.time = x.now - int64(x.random.IntN(60_000))
		sum += m.weight
		x.markets, x.activity = append(x.markets, m), append(x.activity, sum)
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
		o.levels(side, func(_ string, tick int, size int32) {
			*levels = append(*levels, book.Level{
				Price: book.Price(tick) * o.TickSize, Size: book.Size(size) * hundredth,
			})
		})
	}
	return bids, asks
}

// Opening returns the frame that answers a subscription to all tokens. It shows
// 400 of them at most, or fewer if their books are deep: the frames with the
// others come from [Exchange.Next] before anything else.
func (x *Exchange) Opening() Frame {
	x.unopened = x.markets
	return x.opening()
}

func (x *Exchange) opening() Frame {
	data := append(x.text[:0], '[')
	n := 0
	for _, m := range x.unopened {
		if n == openingTokens/2 || len(data) > openingBytes {
			break
		}
		if n++; n > 1 {
			data = append(data, x.comma...)
		}
		data = x.appendOpeningBook(data, outcome{m, false})
		data = append(data, x.comma...)
		data = x.appendOpeningBook(data, outcome{m, true})
	}
	x.unopened = x.unopened[n:]
	return x.frame(append(data, "]\n"...))
}

// frame returns a copy of data as a frame, and keeps data for the next one to be
// written in.
func (x *Exchange) frame(data []byte) Frame {
	x.text = data[:0]
	return Frame{Time: time.UnixMilli(x.now).UTC(), Data: bytes.Clone(data)}
}

// Next lets the markets go on until there is a frame to send, and returns it.
func (x *Exchange) Next() Frame {
	if len(x.unopened) > 0 {
		return x.opening()
	}
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
	last := len(x.activity) - 1
	at := x.random.Float64() * x.activity[last]
	return x.markets[min(last, sort.Search(last, func(i int) bool { return at < x.activity[i] }))]
}

// levelChange is a new size of a level, on the scale of Yes.
type levelChange struct {
	side book.Side
	tick int
	size int32 // hundredths of a share
}

// act makes one change in some market and queues its frames.
func (x *Exchange) act() {
	m := x.pick()
	m.time = x.now
	if x.random.IntN(x.actsPerTrade()) == 0 && x.trade(m) {
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

// levelChange draws a change that keeps the bids below the asks.
func (x *Exchange) levelChange(m *market) levelChange {
	if x.recorded {
		return m.recordedChange(x.random)
	}
	r := x.random
	c := levelChange{side: book.Side(r.IntN(2))}
	// One in fourteen goes into the spread, the others lie behind the touch.
	distance := int(r.ExpFloat64() * float64(m.ticks()) / 12)
	if r.IntN(14) == 0 {
		distance = -1 - r.IntN(3)
	}
	if c.side == book.Bid {
		c.tick = min(max(m.bid-distance, 1), m.ask-1)
	} else {
		c.tick = max(min(m.ask+distance, m.ticks()-1), m.bid+1)
	}
	c.tick = min(max(c.tick, 1), m.ticks()-1)
	old := m.size(c.side, c.tick)
	crosses := c.side == book.Bid && c.tick >= m.ask || c.side == book.Ask && c.tick <= m.bid
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
	hashes := [2]hashText{x.hash(first), x.hash(second)}
	for _, c := range changes {
		a, b := first.entry(c, hashes[0]), second.entry(c, hashes[1])
		x.queue = append(x.queue, x.frame(x.appendPriceChange(x.text[:0], m.Condition, m.time, &a, &b)))
	}
}

// trade takes one to three levels from a side and queues what follows, if the
// side can spare them.
func (x *Exchange) trade(m *market) bool {
	r := x.random
	buyer := r.IntN(2) == 0 // of Yes, or seller
	side := book.Ask
	if !buyer {
		side = book.Bid
	}
	levels := m.count[side]
	if levels < 8 && !x.recorded || levels < 4 {
		return false
	}
	// The levels from the best on; one more than can be taken.
	var found [3]int
	tick, step := m.touch(side)
	for i := range found {
		for m.size(side, tick) == 0 {
			tick += step
		}
		found[i] = tick
		tick += step
	}
	var changes []levelChange
	for i := range r.IntN(3) {
		changes = append(changes, levelChange{side: side, tick: found[i]})
	}
	last := found[len(changes)]
	resting := m.size(side, last)
	taken := int32(1 + r.Int64N(int64(resting)))
	changes = append(changes, levelChange{side: side, tick: last, size: resting - taken})
	for _, c := range changes {
		m.set(c)
	}
	// The taker acted on either token; the print is on that one's scale.
	o := outcome{m, r.IntN(2) == 0}
	price := m.priceText[o.tick(last)]
	m.lastTrade = threeDecimals(price)
	x.send(m, changes)
	for _, no := range []bool{false, true} {
		x.queue = append(x.queue, x.frame(x.appendBook(x.text[:0], outcome{m, no})))
	}
	at := x.now + 1 + int64(r.ExpFloat64()*40)
	x.prints = append(x.prints, scheduled{at, x.appendTrade(nil, o, price, taken, buyer != o.no, at, transaction(r))})
	return true
}
