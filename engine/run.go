package engine

import (
	"slices"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// instant is a time in nanoseconds since 1970. 0 is never.
type instant int64

func (i instant) time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(i)).UTC()
}

func (i instant) after(d time.Duration) instant { return i + instant(d) }

// key names a state of a token's book, as the exchange announces it. A key with
// no hash names nothing that could be recognized again.
type key struct {
	time feed.Timestamp
	hash feed.Hash
}

// unnamed says that no hash was announced.
func (k key) unnamed() bool { return k.hash.IsZero() }

// ringSize is how many announced states of a token are remembered. The exchange
// repeats entries up to 120 ms late (measured by others, 2026-10), in which the
// busiest token has had some 35 new states.
const ringSize = 64

// ring holds the states that were announced last, at most ringSize, in no order
// that matters. It grows as needed: most tokens are quiet. Of each it keeps eight
// bytes, which are as good as all to tell so few apart.
type ring struct {
	marks  []uint64       // of the states; 0, which is no mark, where there is none yet
	next   int            // to be written, after turn if it is behind the last
	latest feed.Timestamp // of all that were ever added: most searches are beyond it
}

// mark is a number that hardly any other state of the token has, and never 0.
func (k key) mark() uint64 {
	const mix = 0x9e3779b97f4a7c15
	return uint64(k.time)*mix ^ k.hash.Part() | 1
}

func (r *ring) add(k key) {
	if k.unnamed() {
		return
	}
	if r.next == len(r.marks) {
		r.turn()
	}
	r.marks[r.next] = k.mark()
	r.next++
	r.latest = max(r.latest, k.time)
}

// turn makes room, or begins to overwrite what is oldest.
func (r *ring) turn() {
	if len(r.marks) >= ringSize {
		r.next = 0
		return
	}
	r.marks = slices.Grow(r.marks, 1)
	r.marks = r.marks[:min(cap(r.marks), ringSize)]
}

func (r *ring) has(k key) bool {
	if k.time > r.latest || k.unnamed() {
		return false
	}
	return slices.Contains(r.marks, k.mark())
}

// How long a doubt may last before it costs the book something.
const (
	// runTimeout: a run is over so long after its hash did not match first.
	runTimeout = 250 * time.Millisecond
	// settleTimeout: a top that is not the reported one makes the book stale.
	settleTimeout = 500 * time.Millisecond
	// failureTimeout: a hash that does not match makes the book stale.
	failureTimeout = time.Second
	// searchGap is the time between two searches for the terms of one token's
	// hash, each of which costs as much as some hundred frames.
	searchGap = time.Second
)

// maxDisorder is more than the exchange's times of one token ever go back, in
// milliseconds: by nothing but repeats, up to 120 ms (measured by others, 2026-10).
const maxDisorder = 1000

// run is the newest run of a token: the changes with one key, which lead to the
// state that the key names. It also stands for a book, as a run of no changes.
type run struct {
	key  key
	line int // of the last change
	// openSince is when check first became Open, 0 if it has not been.
	openSince instant
	// bestBid and bestAsk are the reported best prices, 0 for an empty side, if
	// hasBest.
	bestBid, bestAsk book.Price
	entries          int32 // changes so far that the witnesses have not been asked about
	// check is what readers are told. Open and Failed mean that the hash does not
	// match; a run is Failed when it is over, and every effort was made.
	check Check
	// levels has the bits of the levels that the run has changed. An entry of another
	// one is no repeat of them.
	levels uint64
	// compared: the book as it is has been compared with the hash of the key.
	compared bool
	// matched: the book has the hash of the key. It is what the witness is told;
	// from then on no change of this key can alter the book.
	matched bool
	// ambiguous: the exchange's times do not tell whether this is the newest state,
	// or something else speaks against it. A match proves nothing then, and check
	// is Unproved; the next run's will.
	ambiguous bool
	// broken: the connection broke after the run had begun. A match says what was
	// before, and proves nothing until a whole book has come.
	broken bool
	// searched: the terms of a hash that did not match were searched for.
	searched bool
	hasBest  bool
}

// levelBit returns the bit of a change's level, which it shares with others.
func levelBit(c *feed.Change) uint64 {
	const mix = 0x9e3779b97f4a7c15
	return 1 << ((uint64(c.Price)<<1 | uint64(c.Side)) * mix >> 58)
}

// agreesWith compares prices only: sizes at the top are not reported. The price
// of an empty side is 0 on both sides of the comparison.
func (r *run) agreesWith(top book.Top) bool {
	return top.Bid.Price == r.bestBid && top.Ask.Price == r.bestAsk
}

// count counts a change as one of the run.
func (r *run) count(c *feed.Change, line int) {
	r.entries++
	r.line = line
	r.report(c)
}

// report takes the best prices that a change reports.
func (r *run) report(c *feed.Change) {
	r.bestBid, r.bestAsk, r.hasBest = c.BestBid, c.BestAsk, c.HasBest
}

// changed says that the book has changed since the hash was last compared.
func (r *run) changed() { r.check, r.compared, r.matched = Unproved, false, false }

// doubt says that a match of the hash proves nothing.
func (r *run) doubt() {
	r.ambiguous = true
	if r.check == Proved {
		r.check = Unproved
	}
}

// failure is a run whose hash did not match, until the next run tells whether it
// heals.
type failure struct {
	line            int  // 0: none
	continued       bool // the run before had failed too
	expected, found feed.Hash
}
