package feedtest_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
)

// seeds is how many seeds are tried: one in the short tests.
func seeds(n uint64) uint64 {
	if testing.Short() {
		return 1
	}
	return n
}

// onlyGoroutine skips a test of an exchange that is called by the test alone, where it
// would be looked at for races for long.
func onlyGoroutine(t *testing.T) {
	t.Helper()
	if raceEnabled && testing.Short() {
		t.Skip("one goroutine has no races")
	}
}

// TestVenueFollowed: with all quirks at their rates, a plain client has the truth
// all the time, and each state has its hash.
func TestVenueFollowed(t *testing.T) {
	onlyGoroutine(t)
	for seed := range seeds(3) {
		v := feedtest.NewVenue(feedtest.VenueOptions{Seed: seed, Rate: 30})
		f := newFollower(t, v, 1)
		f.until(v.Now().Add(8 * time.Minute))
		early := int(v.Counts().EarlyHashes)
		if f.matches[feed.Mismatched] > 2*early || f.matches[feed.CannotSay] > 0 || f.matches[feed.Matched] < 8_000 {
			t.Errorf("seed %d: %v of hashes, %d were early", seed, f.matches, early)
		}
	}
}

// TestVenueWithoutQuirks: every hash matches.
func TestVenueWithoutQuirks(t *testing.T) {
	onlyGoroutine(t)
	v := feedtest.NewVenue(feedtest.VenueOptions{Seed: 9, Rate: 100, Quirks: new(feedtest.NoQuirks())})
	f := newFollower(t, v, 1)
	f.until(v.Now().Add(2 * time.Minute))
	if f.matches[feed.Mismatched] > 0 || f.matches[feed.Matched] < 5000 {
		t.Errorf("%v of hashes", f.matches)
	}
	c := v.Counts()
	c.Frames, c.Changes, c.Trades, c.Prints = 0, 0, 0, 0
	if c != (feedtest.Counts{}) {
		t.Errorf("%+v", c)
	}
}

// TestQuirkRates: each quirk occurs as often as it should.
func TestQuirkRates(t *testing.T) {
	if testing.Short() {
		t.Skip("hours")
	}
	const hours = 4
	q := feedtest.DefaultQuirks()
	v := feedtest.NewVenue(feedtest.VenueOptions{Seed: 3, Markets: 12, Rate: 10, Quirks: &q})
	v.Advance(v.Now().Add(hours * time.Hour))
	c := v.Counts()
	alive := 0
	for _, m := range v.Markets() {
		if !v.Truth(m.Yes).Over {
			alive++
		}
	}
	marketHours := hours * float64(12+alive) / 2
	for what, x := range map[string]struct{ got, base, rate float64 }{
		"frames":             {float64(c.Frames), hours * 3600, 10 * float64(12+alive) / 24},
		"not the last":       {float64(c.Frames - c.Changes), float64(c.Frames), 0.139},
		"nothing":            {float64(c.Nothing), float64(c.Frames), q.Nothing},
		"repeats":            {float64(c.Repeats), float64(c.Frames), q.Repeats},
		"swapped":            {float64(c.SwappedRepeats), float64(c.Repeats), q.Swapped},
		"early hashes":       {float64(c.EarlyHashes), float64(c.Changes), q.EarlyHashes},
		"same millisecond":   {float64(c.SameMilliseconds), float64(c.Changes), q.SameMilliseconds},
		"silent last trades": {float64(c.SilentLastTrades), marketHours, q.SilentLastTrades},
		"trades":             {float64(c.Trades), float64(c.Changes), 1.0 / 250},
		"prints":             {float64(c.Prints), float64(c.Trades), 1 - q.UnprintedTrades},
		"early books":        {float64(c.EarlyBooks), float64(c.Trades), q.EarlyBooks},
		"late books":         {float64(c.LateBooks), float64(c.Trades), q.LateBooks},
		"crossed":            {float64(c.Crossed), float64(c.Trades), q.Crossed},
		"humps":              {float64(c.Humps), hours, q.Humps},
		"tick sizes":         {float64(c.TickSizes), marketHours, q.TickSizes},
		"settlements":        {float64(c.Settled), marketHours, q.Settlements},
		"thin":               {float64(c.Thin), marketHours, q.Thin},
		"mixed":              {float64(c.MixedRuns), float64(c.Changes), q.Mixed * q.Runs},
	} {
		want := x.base * x.rate
		least, most := 0.6*want-3, 1.5*want+3
		if what == "tick sizes" {
			least = 1 // a market has only one
		}
		if x.got < least || x.got > most {
			t.Errorf("%s: %g, expected about %.1f", what, x.got, want)
		}
	}
}

// TestVenueSame: the same seed gives the same bytes, and what a client does changes
// nothing in the markets.
func TestVenueSame(t *testing.T) {
	run := func(seed uint64, another bool) (sum [sha256.Size]byte, truth string) {
		q := feedtest.DefaultQuirks()
		q.OldChanges = 0
		v := feedtest.NewVenue(feedtest.VenueOptions{Seed: seed, Rate: 50, Quirks: &q, Faults: []feedtest.Fault{
			{Kind: feedtest.LoseFrames, At: 9 * time.Second, N: 3, Market: -1},
		}})
		var got, truths bytes.Buffer
		v.Dial(1)
		if another {
			v.Dial(2)
			v.Fetch(1, allTokens(v))
		}
		for end := v.Now().Add(time.Minute); ; {
			d, ok := v.Advance(end)
			if !ok {
				break
			}
			if d.Kind == feedtest.Opened {
				v.Send(d.Conn, subscription(allTokens(v)))
			}
			fmt.Fprintln(&got, d.Time, d.Kind, d.Conn, string(d.Data), d.Code, d.Reason, d.Fetch)
		}
		for _, token := range allTokens(v) {
			x := v.Truth(token)
			fmt.Fprintln(&truths, x.Book.Top(), x.Version, x.Changed, x.Runs, x.RunEnd)
		}
		return sha256.Sum256(got.Bytes()), truths.String()
	}
	a, truthA := run(1, false)
	b, truthB := run(1, false)
	_, truthC := run(1, true)
	other, _ := run(2, false)
	if a != b || a == other {
		t.Error("the bytes do not follow from the seed")
	}
	if truthA != truthB || truthA != truthC {
		t.Error("the truth does not follow from the seed")
	}
}

// TestTransit: frames arrive in the order of sending, on all connections at the same
// time, and the clock never goes back.
func TestTransit(t *testing.T) {
	v := feedtest.NewVenue(feedtest.VenueOptions{Seed: 5, Rate: 40})
	v.Dial(1)
	v.Dial(2)
	frames := map[int][]string{}
	last := v.Now()
	for end := v.Now().Add(2 * time.Minute); ; {
		d, ok := v.Advance(end)
		if !ok {
			break
		}
		if d.Time.Before(last) || !d.Time.Equal(v.Now()) {
			t.Fatalf("%v after %v", d.Time, last)
		}
		last = d.Time
		switch d.Kind {
		case feedtest.Opened:
			v.Send(d.Conn, subscription(allTokens(v)))
		case feedtest.Received:
			if bytes.Contains(d.Data, []byte("price_change")) {
				frames[d.Conn] = append(frames[d.Conn], d.Time.String()+string(d.Data))
			}
		default:
		}
	}
	n := min(len(frames[1]), len(frames[2])) - 20
	if n < 2000 || !slices.Equal(frames[1][len(frames[1])-n:], frames[2][len(frames[2])-n:]) {
		t.Errorf("%d and %d frames, not the same", len(frames[1]), len(frames[2]))
	}
}

// TestOldChange: an opening array can be followed by a change that it has already,
// stamped a millisecond before.
func TestOldChange(t *testing.T) {
	q := feedtest.DefaultQuirks()
	q.OldChanges = 1
	found := 0
	for seed := range uint64(20) {
		v := feedtest.NewVenue(feedtest.VenueOptions{Seed: seed, Quirks: &q})
		f := newFollower(t, v, 1)
		f.until(v.Now().Add(5 * time.Second))
		found += int(v.Counts().OldChanges)
	}
	if found < 10 {
		t.Errorf("%d of 20", found)
	}
}

// TestManyOpenings: no more than 500 tokens of a connection get an opening book.
func TestManyOpenings(t *testing.T) {
	v := feedtest.NewVenue(feedtest.VenueOptions{Seed: 1, Markets: 300})
	f := newFollower(t, v, 1)
	f.until(v.Now().Add(2 * time.Second))
	if n := f.kinds["*feed.Book"]; n < 500 || n > 505 {
		t.Errorf("%d books", n)
	}
}

// TestLongRun: nothing grows with time.
func TestLongRun(t *testing.T) {
	if testing.Short() {
		t.Skip("a day")
	}
	v := feedtest.NewVenue(feedtest.VenueOptions{Seed: 1, Markets: 100, Rate: 0.3})
	f := newFollower(t, v, 1)
	f.until(v.Now().Add(24 * time.Hour))
	for _, m := range v.Markets() {
		if top := v.Truth(m.Yes).Book.Top(); top.Crossed() {
			t.Errorf("%v", top)
		}
		if n := len(v.Truth(m.Yes).Book.AppendBackward(nil, book.Bid)); n > 200 {
			t.Errorf("%d bids", n)
		}
	}
}
