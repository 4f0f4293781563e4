package feedtest

import (
	"math"
	"math/rand/v2"

	"example.com/truebook/book"
)

// The recorded shape: what six busy markets did in twenty minutes of 2026-06-07,
// 357,294 entries. Of those 10.8 % removed a level, 10.7 % added one, the others
// changed a size; 1.46 % changed a best price.

// actsPerTrade is one trade's share of what happens in a market.
func (x *Exchange) actsPerTrade() int {
	if x.recorded {
		return 250 // books are 0.8 % of the frames, two after each trade
	}
	return 80
}

// In thousandths of the changes.
const (
	touchMoves = 12  // beside what trades move
	births     = 205 // levels that come or go, behind the touch
)

// distances are the shares of the distances from the touch, in ticks and in
// 10,000ths of the changes.
var distances = []struct{ from, to, share int }{
	{0, 0, 707},
	{1, 1, 748},
	{2, 2, 938},
	{3, 5, 2490},
	{6, 10, 2000},
	{11, 20, 1061},
	{21, 50, 1181},
	{51, math.MaxInt, 806},
}

// drawDistance draws a distance from 0 to most.
func drawDistance(r *rand.Rand, most int) int {
	at := r.IntN(9931)
	for _, d := range distances {
		if at -= d.share; at < 0 {
			if d.from > most {
				break // a book with less room: anywhere in it
			}
			return d.from + r.IntN(min(d.to, most)-d.from+1)
		}
	}
	return r.IntN(most + 1)
}

// recordedSize has the recorded quantiles: half below 206 shares, a tenth below
// 32 and a tenth above 9,800, and three of four whole.
func recordedSize(r *rand.Rand) int32 {
	z := r.NormFloat64()
	spread := 1.4
	if z > 0 {
		spread = 2.9
	}
	size := 100 * int32(min(max(206*math.Exp(z*spread), 1), 441_075))
	if r.IntN(4) == 0 {
		size += int32(r.IntN(100))
	}
	return size
}

// newRecordedMarket returns one of n markets, with about so many levels in a
// book; 0 draws how many.
func newRecordedMarket(r *rand.Rand, levels, n int) *market {
	// The weights of a power law, in no order: a market's place in it is u*n.
	m := &market{weight: 1 / (1 + r.Float64()*float64(n))}
	m.name(r)
	ticks := 100
	if levels == 0 {
		levels = int(50 * math.Exp(r.NormFloat64()/2))
		if r.IntN(3) == 0 {
			ticks = 1000
		}
	}
	levels = min(max(levels, 10), 5000)
	for ticks < 2*levels {
		ticks *= 10
	}
	m.depth = levels / 2
	m.grid(ticks)
	m.drawTerms(r)
	middle := ticks*3/10 + r.IntN(ticks*4/10)
	m.set(levelChange{book.Bid, middle, recordedSize(r)})
	m.set(levelChange{book.Ask, middle + 1 + r.IntN(2), recordedSize(r)})
	for _, side := range []book.Side{book.Bid, book.Ask} {
		for m.count[side] < m.depth {
			// Where it is full at the touch, anywhere.
			tick := m.behind(side, drawDistance(r, m.room(side)))
			if m.sizes[tick] != 0 {
				tick = m.behind(side, r.IntN(m.room(side)+1))
			}
			m.set(levelChange{side, tick, recordedSize(r)})
		}
	}
	m.drawLastTrade(r, middle)
	return m
}

// behind returns the tick so far from the touch.
func (m *market) behind(side book.Side, distance int) int {
	tick, step := m.touch(side)
	return tick + step*distance
}

// room returns how far from the touch there are ticks.
func (m *market) room(side book.Side) int {
	if side == book.Ask {
		return m.ticks() - 1 - m.ask
	}
	return m.bid - 1
}

// recordedChange draws a change of the recorded shape. Neither the touch nor the
// number of levels goes far in the long run: what brings them back is likelier,
// the farther they are.
func (m *market) recordedChange(r *rand.Rand) levelChange {
	n := r.IntN(1000)
	if n < touchMoves {
		return m.touchMove(r)
	}
	side := book.Side(r.IntN(2))
	distance := drawDistance(r, m.room(side))
	if n < touchMoves+births {
		if goes := r.IntN(2*m.depth) < m.count[side]; goes {
			if tick, ok := m.nearest(side, distance, true); ok {
				return levelChange{side: side, tick: tick}
			}
		} else if tick, ok := m.nearest(side, distance, false); ok {
			return levelChange{side, tick, recordedSize(r)}
		}
		distance = 0
	}
	tick := m.behind(side, distance)
	if m.sizes[tick] == 0 {
		var ok bool
		if tick, ok = m.nearest(side, distance, true); !ok {
			tick = m.behind(side, 0)
		}
	}
	return levelChange{side, tick, recordedSize(r)}
}

// touchMove moves a best price: towards the middle of the scale, more likely.
func (m *market) touchMove(r *rand.Rand) levelChange {
	side, other := book.Bid, book.Ask // that comes nearer, that draws back
	if r.IntN(2*m.ticks()) < m.bid+m.ask {
		side, other = book.Ask, book.Bid
	}
	spread := m.ask - m.bid
	if m.count[other] > 2 && (spread == 1 || spread < 6 && r.IntN(2) == 0) {
		tick, _ := m.touch(other)
		return levelChange{side: other, tick: tick}
	}
	if spread == 1 { // and no level to spare
		side = other
		if tick, ok := m.nearest(side, 1, false); ok {
			return levelChange{side, tick, recordedSize(r)}
		}
		return levelChange{side, m.behind(side, 0), recordedSize(r)}
	}
	return levelChange{side, m.behind(side, -1-r.IntN(min(3, spread-1))), recordedSize(r)}
}

// nearest returns the tick behind the touch that is nearest to a distance from
// it, among those that hold a level or among those that do not.
func (m *market) nearest(side book.Side, distance int, held bool) (tick int, ok bool) {
	room := m.room(side)
	for away := range room + 1 {
		for _, d := range [2]int{distance + away, distance - away} {
			if d < 1 || d > room {
				continue
			}
			if tick = m.behind(side, d); (m.sizes[tick] != 0) == held {
				return tick, true
			}
		}
	}
	return 0, false
}
