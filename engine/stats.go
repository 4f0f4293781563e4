package engine

import (
	"math/bits"
	"time"

	"example.com/truebook/feed"
)

// Stats says what an [Engine] has done so far, and what it is doing, over all of its
// connections.
type Stats struct {
	// Connections is how many are kept or tried, Open how many stand.
	Connections, Open int
	// Tokens is how many are followed, Live how many of them can be traded on, Settling
	// ones included.
	Tokens, Live int

	Counts
	Feed      feed.Stats // what came; Feed.Unusual tells a change at the exchange
	Witnesses Tallies    // what spoke for and against the books
	// Lag is by how much later changes come than the quickest of the last minutes, the
	// frames' own times compared with the clock here.
	Lag Histogram
	// Publish is from the return of a frame by the connection until readers see what it
	// did, of one frame in 16.
	Publish Histogram
}

// Counts counts what was done.
type Counts struct {
	// Applied counts changes of levels; Repeats those that were not applied since their
	// state had been reached or announced before, or since a whole book includes them;
	// LateBooks whole books that were older than what was here.
	Applied, Repeats, LateBooks uint64
	// Searches counts the searches for terms that a hash covers and nobody has told.
	Searches uint64
	// Dials counts connections that were tried. Drops counts those that were given up
	// here, Blocked refusals that last, ClockJumps the times that the process or the
	// machine stood still or its clock was set, BadFrames frames that could not be read,
	// whole or in part.
	Dials, Drops, Blocked, ClockJumps, BadFrames uint64
	// Doubts counts the times that a live token became stale or gone, by [Reason].
	Doubts [numReasons]uint64
	// HashesFailed counts the runs that were over without the announced hash.
	HashesFailed, MassMismatches uint64
	// Fetches counts requests to REST. The others count what came of each token's
	// book in them: Audits were asked for without a doubt; of all, Confirmed agreed,
	// Corrected were right while the live book was not, Mended made a book live again,
	// and Useless were older than the stream or wrong in themselves. FetchesNotMade had no
	// turn, since this program had asked too much already, and say nothing of REST.
	Fetches, FetchesFailed, FetchesUseless, FetchesNotMade uint64
	Audits, Confirmed, Corrected, Mended                   uint64
	// HashingOff: hashes are no longer made as they were, and not compared any more.
	HashingOff bool
}

func (c *Counts) add(o *Counts) {
	c.Applied += o.Applied
	c.Repeats += o.Repeats
	c.LateBooks += o.LateBooks
	c.Searches += o.Searches
	c.Dials += o.Dials
	c.Drops += o.Drops
	c.Blocked += o.Blocked
	c.ClockJumps += o.ClockJumps
	c.BadFrames += o.BadFrames
	for reason, n := range o.Doubts {
		c.Doubts[reason] += n
	}
	c.HashesFailed += o.HashesFailed
	c.MassMismatches += o.MassMismatches
	c.Fetches += o.Fetches
	c.FetchesFailed += o.FetchesFailed
	c.FetchesUseless += o.FetchesUseless
	c.FetchesNotMade += o.FetchesNotMade
	c.Audits += o.Audits
	c.Confirmed += o.Confirmed
	c.Corrected += o.Corrected
	c.Mended += o.Mended
	c.HashingOff = c.HashingOff || o.HashingOff
}

func (t *Tallies) add(o *Tallies) {
	for i := range t {
		t[i].Checked += o[i].Checked
		t[i].Agreed += o[i].Agreed
		t[i].Disagreed += o[i].Disagreed
		t[i].Healed += o[i].Healed
		t[i].Unknown += o[i].Unknown
	}
}

// Histogram counts durations. Buckets[0] holds those below a microsecond, and each
// other one those below 2^i microseconds that are in none before; the last, all others.
type Histogram struct {
	Buckets [32]uint64
}

// Count returns how many there are.
func (h *Histogram) Count() (n uint64) {
	for _, in := range h.Buckets {
		n += in
	}
	return n
}

// Quantile returns a duration that the share q of all, from 0 to 1, are below: the
// upper end of the bucket in which it is. It is 0 if there are none.
func (h *Histogram) Quantile(q float64) time.Duration {
	all := h.Count()
	var n uint64
	for i, in := range h.Buckets {
		if n += in; in > 0 && float64(n) >= q*float64(all) {
			return time.Microsecond << i
		}
	}
	return 0
}

func (h *Histogram) note(d time.Duration) {
	h.Buckets[min(bits.Len64(uint64(max(d, 0)/time.Microsecond)), len(h.Buckets)-1)]++
}

func (h *Histogram) add(o *Histogram) {
	for i, n := range o.Buckets {
		h.Buckets[i] += n
	}
}
