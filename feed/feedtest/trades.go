package feedtest

import (
	"math/rand/v2"
	"slices"
	"time"

	"example.com/truebook/book"
)

// trade lets somebody take one to three levels from a side, if the side can spare
// them: the changes, the books of both tokens, and the print some time later.
func (v *Venue) trade(l *listing) bool {
	r, q := v.world, &v.quirks
	buyer := r.IntN(2) == 0 // of Yes, or seller
	side := book.Ask
	if !buyer {
		side = book.Bid
	}
	levels := l.count[side]
	if levels < 5 || !l.whole() {
		return false
	}
	v.counts.Trades++
	v.beginRun(l)
	tick, step := l.touch(side)
	var taken int32
	for left := 1 + r.IntN(3); ; tick += step {
		resting := l.size(side, tick)
		if resting == 0 {
			continue
		}
		if left--; left == 0 {
			taken = 1 + r.Int32N(resting)
			l.put(levelChange{side, tick, resting - taken})
			break
		}
		l.put(levelChange{side: side, tick: tick})
	}
	levelsTaken := l.touched
	if r.Float64() < q.Crossed {
		if taken < l.size(side, tick)+taken {
			taken += l.size(side, tick)
			l.touched = l.touched[:len(l.touched)-1]
			l.set(levelChange{side: side, tick: tick})
			l.touched = append(l.touched, levelChange{side: side, tick: tick})
		}
		v.counts.Crossed++
		l.put(levelChange{book.Ask - side, tick, recordedSize(r)}) // the remainder
		n := len(l.touched)
		levelsTaken = slices.Concat(l.touched[n-1:], l.touched[:n-1])
	}
	// The taker acted on either token; the print is on that one's scale.
	o := l.outcome(r.IntN(2) == 0)
	price := l.priceText[o.tick(tick)]
	l.lastTrade = threeDecimals(price)
	v.sendTrade(l, v.frames(l, levelsTaken))
	v.printLater(o, l, price, taken, buyer != o.no)
	return true
}

// sendTrade sends the frames of a trade and the books of both tokens after them, or
// before, or later.
func (v *Venue) sendTrade(l *listing, frames []*message) {
	var books []*message
	for _, no := range []bool{false, true} {
		m := v.stream.message(wholeBook, l)
		m.no, m.stamp = no, l.time
		m.data = v.appendBook(m.data[:0], l.outcome(no))
		books = append(books, m)
	}
	switch at := v.world.Float64(); {
	case at < v.quirks.EarlyBooks:
		v.counts.EarlyBooks++
		for _, m := range books {
			m.genuine = true
			for _, f := range frames {
				m.deltas = append(m.deltas, f.level)
				f.told = true
			}
		}
		v.send(append(books, frames...))
	case at < v.quirks.EarlyBooks+v.quirks.LateBooks && v.settled(l):
		v.counts.LateBooks++
		v.send(frames)
		v.after(time.Duration(20e6+v.world.Int64N(380e6)), func() { v.send(books) })
	default:
		v.send(append(slices.Clone(frames), books...))
	}
}

// oddAgain is how far apart things are that clients must search the terms of a hash
// for: they do not search at each mismatch.
const oddAgain = 3 * time.Second

// settled says whether something may happen in a market that clients must search the
// terms of a hash for, and takes note that it does.
func (v *Venue) settled(l *listing) bool {
	if v.now < l.odd+int64(oddAgain) {
		return false
	}
	l.odd = v.now
	return true
}

// printLater prints a trade: soon after the change by its time, and later than that
// by when it is sent.
func (v *Venue) printLater(o outcome, l *listing, price string, size int32, buy bool) {
	r, q := v.world, &v.quirks
	if r.Float64() < q.UnprintedTrades {
		return
	}
	stamp := l.time + 1 + min(int64(r.ExpFloat64()*35), 132)
	late := time.Duration(r.ExpFloat64() * 20e6)
	if r.Float64() < q.LatePrints {
		v.counts.LatePrints++
		late = time.Duration(600e6 + r.Int64N(2260e6))
	}
	text := transaction(r)
	v.after(time.Duration(stamp-l.time)*time.Millisecond+late, func() {
		v.counts.Prints++
		m := v.stream.message(tradePrint, l)
		m.no = o.no
		m.data = v.appendTrade(m.data[:0], o, price, size, buy, stamp, text)
		v.push(m, false)
	})
}

// silentLastTrade changes the last trade price of a market without a trade, and lets
// the market make a change whose hash has it.
func (v *Venue) silentLastTrade(l *listing) {
	v.whenFree(l, func() {
		if !l.whole() || !v.settled(l) {
			return
		}
		v.counts.SilentLastTrades++
		tick := min(max(l.bid+v.world.IntN(5)-2, 1), l.ticks()-1)
		l.lastTrade = threeDecimals(l.priceText[tick])
		v.send(v.changeFrames(l, 1, false))
	})
}

// earlyHash makes a change that is announced with a hash of the market's next
// change, which comes some time later. Nothing else happens in between.
func (v *Venue) earlyHash(l *listing) {
	v.counts.EarlyHashes++
	v.beginRun(l)
	l.put(v.draw(l))
	first := slices.Clone(l.touched)
	best := [2]entry{l.outcome(false).entry(first[0], hashText{}), l.outcome(true).entry(first[0], hashText{})}
	next := v.drawBehind(l)
	old := levelChange{next.side, next.tick, l.size(next.side, next.tick)}
	l.set(next)
	hashes := v.hashes(l)
	l.set(old)
	frames := v.framesWith(l, first, hashes)
	for i := range best {
		frames[0].entries[i].bid, frames[0].entries[i].ask = best[i].bid, best[i].ask
	}
	v.encode(frames[0])
	v.push(frames[0], false)
	wait := 50*time.Millisecond + min(time.Duration(v.world.ExpFloat64()*120e6), 400*time.Millisecond)
	l.reserved = v.now + int64(wait)
	v.stream.noHump = max(v.stream.noHump, l.reserved+1)
	v.after(wait, func() {
		if v.resting {
			return
		}
		v.beginRun(l)
		l.put(next)
		v.send(v.frames(l, l.touched))
	})
}

// drawBehind draws a change behind the best prices that does change something.
func (v *Venue) drawBehind(l *listing) levelChange {
	side := book.Side(v.world.IntN(2))
	tick, ok := l.nearest(side, drawDistance(v.world, l.room(side)), true)
	if !ok {
		tick, _ = l.touch(side)
	}
	return levelChange{side, tick, differentSize(v.world, l.size(side, tick))}
}

func differentSize(r *rand.Rand, old int32) int32 {
	if size := recordedSize(r); size != old {
		return size
	}
	return old + 1
}
