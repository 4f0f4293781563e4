package feedtest

import (
	"math/rand/v2"
	"slices"
	"sort"
	"time"

	"example.com/truebook/book"
)

// listing is a market of a Venue.
type listing struct {
	*market
	index int
	truth [2]tokenTruth // of Yes and No
	runs  uint64        // announced so far
	// stamped holds the hashes that were announced with the time stampedAt, of Yes.
	stamped   []hashText
	stampedAt int64
	// reserved is until when nothing else may happen here, and odd when there was
	// last something that clients must search the terms of a hash for: they cannot
	// do it twice at once.
	reserved, odd int64
	// The best prices that were last announced, of Yes.
	shownBid, shownAsk string
	middle             int // tick between the sides, when a side was last emptied
	over               bool
	winner             bool // Yes is, when it is over
	past               past
	touched            []levelChange // by the run that has begun, in this order
}

func newListing(r *rand.Rand, index, levels, n int) *listing {
	l := &listing{market: newRecordedMarket(r, levels, n), index: index}
	l.call(index)
	for i := range l.truth {
		l.truth[i].book = book.New()
	}
	l.time = start - 1 - r.Int64N(60_000)
	for side := range book.Ask + 1 {
		l.outcome(false).levels(side, func(_ string, tick int, size int32) {
			l.learn(levelOf(l, levelChange{side, tick, size}), 0)
		})
	}
	l.shownBid, l.shownAsk = l.outcome(false).bestText()
	return l
}

func (l *listing) outcome(no bool) outcome { return outcome{l.market, no} }

// whole says whether both sides have levels to spare.
func (l *listing) whole() bool { return l.count[book.Bid] > 0 && l.count[book.Ask] > 0 }

// What the bursts of changes are, on average.
const (
	burstChanges    = 4.5
	framesPerChange = 1.17
)

// burst begins a burst of changes in some market, and sees to the next one.
func (v *Venue) burst() {
	v.after(v.exp(v.perBurst), v.burst)
	mean := 2.5
	if v.world.IntN(25) == 0 {
		mean = 40
	}
	v.step(v.pick(), 1+int(v.world.ExpFloat64()*mean))
}

// pick chooses a listing by its activity.
func (v *Venue) pick() *listing {
	last := len(v.activity) - 1
	at := v.world.Float64() * v.activity[last]
	return v.listings[min(last, sort.Search(last, func(i int) bool { return at < v.activity[i] }))]
}

// step makes one change of a burst.
func (v *Venue) step(l *listing, left int) {
	if v.free(l) {
		v.act(l)
	}
	if left > 1 {
		v.stepAfter(v.exp(v.gap), l, left-1)
	}
}

// free says whether something may happen in a market.
func (v *Venue) free(l *listing) bool { return !l.over && !v.resting && v.now >= l.reserved }

// whenFree does something in a market when it may happen, unless the market ends.
func (v *Venue) whenFree(l *listing, do func()) {
	switch {
	case l.over:
	case v.free(l):
		do()
	default:
		v.after(time.Duration(max(l.reserved-v.now, int64(100*time.Millisecond))), func() { v.whenFree(l, do) })
	}
}

// actsPerTrade is one trade's share of what happens in a market: books are 0.8 % of
// the frames, two after each trade (2026-06-07).
const actsPerTrade = 250

// act lets something happen in a market.
func (v *Venue) act(l *listing) {
	if v.world.IntN(actsPerTrade) == 0 && v.trade(l) {
		return
	}
	n := 1
	if v.world.Float64() < v.quirks.Runs {
		n = 2 + v.world.IntN(4)
	}
	v.change(l, n)
}

// change makes a change of so many levels in a market, and announces it.
func (v *Venue) change(l *listing, n int) {
	q := &v.quirks
	if n == 1 && v.world.Float64() < q.EarlyHashes && l.whole() && v.settled(l) {
		v.earlyHash(l)
		return
	}
	frames := v.changeFrames(l, n, false)
	if n > 1 && v.world.Float64() < q.Mixed {
		if other := v.pick(); other != l && v.free(other) {
			v.counts.MixedRuns++
			frames = mix(slices.Clone(frames), v.changeFrames(other, n, false))
		}
	}
	v.send(frames)
	if v.world.Float64() < q.SameMilliseconds {
		before := l.time
		v.send(v.changeFrames(l, 1, true))
		if l.time == before {
			v.counts.SameMilliseconds++
		}
	}
}

// mix takes frames from two runs in turn.
func mix(a, b []*message) []*message {
	mixed := make([]*message, 0, len(a)+len(b))
	for i := range max(len(a), len(b)) {
		mixed = append(mixed, a[min(i, len(a)):min(i+1, len(a))]...)
		mixed = append(mixed, b[min(i, len(b)):min(i+1, len(b))]...)
	}
	return mixed
}

// changeFrames makes a change of so many levels and returns its frames.
func (v *Venue) changeFrames(l *listing, n int, sameMillisecond bool) []*message {
	before := l.time
	v.beginRun(l)
	if sameMillisecond {
		l.time = before
	}
	for range n {
		c := v.draw(l)
		if slices.ContainsFunc(l.touched, func(t levelChange) bool { return t.side == c.side && t.tick == c.tick }) {
			continue
		}
		l.put(c)
	}
	if len(l.touched) == 0 {
		l.put(v.draw(l))
	}
	return v.frames(l, l.touched)
}

// beginRun gives a market the time of its next change. Times of one market grow by
// a millisecond at least, since the exchange puts all changes of one into one run
// (2026-06-07); if it is busier than that, the clock may be ahead by some.
func (v *Venue) beginRun(l *listing) {
	clock := v.now/int64(time.Millisecond) - v.clockOffset
	l.past.begin(l.market)
	l.touched = l.touched[:0]
	if l.time-clock > 500 { // the clock was set back
		l.time = clock
	} else if l.time+1-clock < 10 {
		l.time = max(clock, l.time+1)
	}
}

// put changes a level as a part of the run that has begun.
func (l *listing) put(c levelChange) {
	l.past.add(levelChange{c.side, c.tick, l.size(c.side, c.tick)})
	l.set(c)
	l.touched = append(l.touched, c)
}

// draw draws a change that keeps the bids below the asks.
func (v *Venue) draw(l *listing) levelChange {
	r := v.world
	nothing := r.Float64() < v.quirks.Nothing
	if !l.whole() || nothing {
		side := book.Bid
		if l.count[book.Bid] == 0 || l.count[book.Ask] > 0 && r.IntN(2) == 0 {
			side = book.Ask
		}
		if l.count[side] == 0 { // nor has the other: a removal of nothing
			return levelChange{side: side, tick: 1 + r.IntN(l.ticks()-1)}
		}
		tick, ok := l.nearest(side, r.IntN(l.room(side)+1), !nothing || r.IntN(2) == 0)
		if !ok {
			tick, _ = l.touch(side)
		}
		if nothing {
			v.counts.Nothing++
			return levelChange{side, tick, l.size(side, tick)}
		}
		return levelChange{side, tick, recordedSize(r)}
	}
	c := l.recordedChange(r)
	if !nothing && c.size == l.size(c.side, c.tick) {
		c.size++
	}
	return c
}

// frames returns the frames that announce the run that has begun in a market: of
// each of some levels, in this order.
func (v *Venue) frames(l *listing, levels []levelChange) []*message {
	return v.framesWith(l, levels, v.hashes(l))
}

// hashes returns the hashes of a market's tokens as they are now. The state is no
// other of the same millisecond: if it is, it is another millisecond.
func (v *Venue) hashes(l *listing) [2]hashText {
	yes := v.hash(l.outcome(false))
	if l.stampedAt != l.time {
		l.stampedAt, l.stamped = l.time, l.stamped[:0]
	}
	if slices.Contains(l.stamped, yes) {
		l.time++
		return v.hashes(l)
	}
	if len(l.stamped) < 64 {
		l.stamped = append(l.stamped, yes)
	}
	return [2]hashText{yes, v.hash(l.outcome(true))}
}

func (v *Venue) framesWith(l *listing, levels []levelChange, hashes [2]hashText) []*message {
	l.runs++
	v.counts.Changes++
	swapped := v.world.IntN(20) == 0 // 95.3 % of first entries are bids (2026-06-07)
	frames := v.stream.frames[:0]
	if len(levels) > 1 {
		frames = nil // may be mixed with others
	}
	for i, c := range levels {
		v.counts.Frames++
		m := v.stream.message(priceChange, l)
		m.stamp, m.run, m.last, m.genuine, m.swapped = l.time, l.runs, i == len(levels)-1, true, swapped
		m.entries = [2]entry{l.outcome(false).entry(c, hashes[0]), l.outcome(true).entry(c, hashes[1])}
		m.level = levelOf(l, c)
		tick, step := l.touch(c.side)
		m.distance = (c.tick - tick) * step
		v.encode(m)
		frames = append(frames, m)
	}
	if len(levels) == 1 {
		v.stream.frames = frames
	}
	return frames
}

// encode writes the frame of a price_change.
func (v *Venue) encode(m *message) {
	a, b := &m.entries[0], &m.entries[1]
	if m.swapped {
		a, b = b, a
	}
	m.data = v.appendPriceChange(m.data[:0], m.listing.Condition, m.stamp, a, b)
}
