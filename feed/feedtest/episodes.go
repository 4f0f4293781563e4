package feedtest

import (
	"strconv"
	"time"

	"example.com/truebook/book"
)

// wander lets a market of tick 0.01 go to an end of the scale, within seconds, and
// then get a finer tick.
func (v *Venue) wander(l *listing) {
	if l.ticks() != 100 || !l.whole() {
		return
	}
	v.wanderTo(l, v.world.IntN(2) == 0, v.world.Float64() < v.quirks.EarlyTicks, true)
}

// wanderTo does that: up, or down. Hashes have the new tick before the events, or
// not; and there may be no events at all.
func (v *Venue) wanderTo(l *listing, up, early, told bool) {
	v.whenFree(l, func() {
		side := book.Ask // that draws back
		if !up {
			side = book.Bid
		}
		tick, step := l.touch(side)
		if !l.whole() || min(tick, l.ticks()-tick) <= 3*l.ticks()/100 {
			v.refine(l, early, told)
			return
		}
		v.beginRun(l)
		to := tick + 5*step
		if up {
			to = min(to, l.ticks()*98/100)
		} else {
			to = max(to, l.ticks()*2/100)
		}
		if l.size(side, to) == 0 {
			l.put(levelChange{side, to, recordedSize(v.world)})
		}
		for ; tick != to; tick += step {
			if l.size(side, tick) != 0 {
				l.put(levelChange{side: side, tick: tick})
			}
		}
		l.put(levelChange{book.Ask - side, to - step, recordedSize(v.world)})
		v.send(v.frames(l, l.touched))
		v.after(time.Duration(100e6+v.world.Int64N(200e6)), func() { v.wanderTo(l, up, early, told) })
	})
}

// refine makes a market's tick a tenth of what it is. The levels stay.
func (v *Venue) refine(l *listing, early, told bool) {
	if l.ticks() > 1000 {
		return
	}
	v.counts.TickSizes++
	old := l.TickSize
	announce := func() { v.announceTick(l, old) }
	if told && !early {
		announce()
	}
	v.beginRun(l)
	m := *l.market
	l.grid(l.ticks() * 10)
	for i, size := range m.sizes {
		l.sizes[10*i] = size
	}
	l.bid, l.ask = 10*m.bid, 10*m.ask
	l.middle *= 10
	l.past.forget()
	l.odd = v.now
	v.send(v.changeFramesNow(l))
	if told && early {
		v.counts.EarlyTicks++
		v.after(time.Duration(10e6+v.world.Int64N(290e6)), announce)
	}
}

// changeFramesNow makes a change of one level that belongs to the run that has begun.
func (v *Venue) changeFramesNow(l *listing) []*message {
	l.touched = l.touched[:0]
	l.put(v.draw(l))
	return v.frames(l, l.touched)
}

// announceTick tells of a new tick size, for each token, and sometimes twice.
func (v *Venue) announceTick(l *listing, old book.Price) {
	stamp := v.now/int64(time.Millisecond) - v.clockOffset
	twice := v.world.Float64() < v.quirks.RepeatedTicks
	for i, no := range []bool{false, true, false, true} {
		if i == 2 && !twice {
			return
		}
		m := v.stream.message(tickSize, l)
		m.no = no
		m.data = append(m.data[:0], `{"market":"`+l.Condition+`","asset_id":"`+l.outcome(no).token()+
			`","old_tick_size":"`+old.String()+`","new_tick_size":"`+(old/10).String()+`"`...)
		m.data = v.appendTail(m.data, stamp, "tick_size_change")
		v.push(m, i > 0)
	}
}

// settleSome settles a market as it happens.
func (v *Venue) settleSome(l *listing) {
	v.whenFree(l, func() { v.settle(l, v.world.Float64() >= v.quirks.Unannounced) })
}

// settleAfter is how long after the last change market_resolved comes.
const settleAfter = 28 * time.Millisecond

// settle ends a market.
func (v *Venue) settle(l *listing, announced bool) {
	v.counts.Settled++
	v.beginRun(l)
	v.empty(l, book.Bid)
	v.empty(l, book.Ask)
	if len(l.touched) > 0 {
		v.send(v.frames(l, l.touched))
	}
	l.reserved = v.now + int64(time.Hour)
	winner := v.world.IntN(2) == 0
	v.after(settleAfter, func() {
		l.over, l.winner = true, winner
		m := v.stream.message(resolved, l)
		m.genuine, m.custom = true, true
		m.data = m.data[:0]
		if announced {
			m.data = v.appendResolved(m.data, l, winner)
		} else {
			v.counts.Unannounced++
		}
		v.push(m, false)
		if announced {
			v.closeResolved()
		}
	})
}

func (v *Venue) appendResolved(dst []byte, l *listing, yes bool) []byte {
	token, name := l.No, "No"
	if yes {
		token, name = l.Yes, "Yes"
	}
	stamp := v.now/int64(time.Millisecond) - v.clockOffset
	dst = append(dst, `{"id":"`+strconv.Itoa(5_000_000+l.index)+`","market":"`+l.Condition+`","assets_ids":["`+l.Yes+`","`+l.No+
		`"],"winning_asset_id":"`+token+`","winning_outcome":"`+name+`","event_message":null`...)
	dst = v.appendTail(dst, stamp, "market_resolved")
	return append(dst[:len(dst)-1], `,"tags":[]}`...)
}

// empty removes every level of a side, worst first.
func (v *Venue) empty(l *listing, side book.Side) {
	var ticks []int
	l.outcome(false).levels(side, func(_ string, tick int, _ int32) { ticks = append(ticks, tick) })
	for _, tick := range ticks {
		l.put(levelChange{side: side, tick: tick})
	}
}

// thin empties a side of a market, or both, for a while.
func (v *Venue) thin(l *listing) {
	sides := [][]book.Side{{book.Bid}, {book.Ask}, {book.Bid}, {book.Ask}, {book.Bid, book.Ask}}[v.world.IntN(5)]
	v.whenFree(l, func() {
		if !l.whole() {
			return
		}
		v.counts.Thin++
		l.middle = (l.bid + l.ask) / 2
		v.beginRun(l)
		for _, side := range sides {
			v.empty(l, side)
		}
		v.send(v.frames(l, l.touched))
		v.after(time.Duration(5e9+v.world.Int64N(55e9)), func() { v.refill(l) })
	})
}

// refill puts some levels on each side of a market that is empty, and goes on until
// both have some. The others come by themselves.
func (v *Venue) refill(l *listing) {
	v.whenFree(l, func() {
		if l.whole() {
			return
		}
		v.beginRun(l)
		middle := min(max(l.middle, 2), l.ticks()-2)
		if l.count[book.Bid] > 0 {
			middle = max(middle, l.bid+1)
		}
		if l.count[book.Ask] > 0 {
			middle = min(middle, l.ask-1)
		}
		for _, side := range []book.Side{book.Bid, book.Ask} {
			if l.count[side] > 0 {
				continue
			}
			tick, step := middle, -1
			if side == book.Ask {
				tick, step = max(middle, l.bid+1), 1
			}
			for range 6 {
				if tick < 1 || tick > l.ticks()-1 || step < 0 && tick >= l.ask {
					break
				}
				l.put(levelChange{side, tick, recordedSize(v.world)})
				tick += step * (1 + v.world.IntN(3))
			}
		}
		if len(l.touched) > 0 {
			v.send(v.frames(l, l.touched))
		}
		if !l.whole() {
			v.after(time.Second, func() { v.refill(l) })
		}
	})
}

// announceMarket tells of a market that is none of these.
func (v *Venue) announceMarket() {
	r := v.world
	condition, yes, no := "0x"+digits(r, 64, "0123456789abcdef"), token(r), token(r)
	m := v.stream.message(marketAnnounced, nil)
	m.custom = true
	m.data = append(m.data[:0], `{"id":"`+digits(r, 7, "123456789")+`","question":"Up or Down?","market":"`+condition+
		`","slug":"up-or-down-`+digits(r, 10, "0123456789")+`","description":"","assets_ids":["`+yes+`","`+no+
		`"],"outcomes":["Up","Down"],"event_message":null`...)
	stamp := v.now/int64(time.Millisecond) - v.clockOffset
	m.data = v.appendTail(m.data, stamp, "new_market")
	v.push(m, false)
}
