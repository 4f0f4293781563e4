package feedtest_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"example.com/truebook/feed/feedtest"
)

// TestChaos: whatever faults come together and whatever clients do, the truth is what
// the exchange has, and only what is open is told of a connection.
func TestChaos(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 10
	}
	hit := map[feedtest.FaultKind]bool{}
	compared := 0
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 1))
		q := feedtest.DefaultQuirks()
		q.Thin, q.TickSizes, q.Settlements, q.EarlyHashes, q.OldChanges = 60, 30, 10, 0.01, 0.5
		v := feedtest.NewVenue(feedtest.VenueOptions{Seed: seed, Markets: 1 + int(seed%6), Rate: 20, Quirks: &q})
		kinds := feedtest.FaultKinds()
		for range 12 {
			v.Inject(feedtest.Fault{
				Kind: kinds[r.IntN(len(kinds))], At: time.Duration(r.Int64N(60e9)), For: time.Duration(r.Int64N(10e9)),
				Market: r.IntN(4) - 1, N: r.IntN(4),
			})
		}
		c := chaos{t: t, v: v, r: r, open: map[int]bool{}}
		for range 90 {
			c.act()
			c.until(v.Now().Add(time.Second))
			if levels, still := v.TruthDiffers(); still {
				compared++
				if levels > 0 {
					t.Fatalf("seed %d: %d levels are not true", seed, levels)
				}
			}
		}
		for _, i := range v.Injected() {
			hit[i.Fault.Kind] = true
		}
	}
	if !testing.Short() && (len(hit) < 70 || compared < 500) {
		t.Errorf("%d kinds of faults, %d comparisons", len(hit), compared)
	}
}

// chaos is a client that does anything.
type chaos struct {
	t     *testing.T
	v     *feedtest.Venue
	r     *rand.Rand
	conns int
	open  map[int]bool
}

func (c *chaos) act() {
	conn := 1 + c.r.IntN(c.conns+1)
	tokens := allTokens(c.v)
	some := tokens[c.r.IntN(len(tokens)):]
	switch c.r.IntN(8) {
	case 0, 1:
		c.conns++
		c.v.Dial(c.conns)
	case 2:
		c.v.Hangup(conn)
		delete(c.open, conn)
	case 3:
		c.v.Send(conn, []byte("PING"))
	case 4:
		c.v.Send(conn, subscription(some))
	case 5:
		operation := []string{"subscribe", "unsubscribe"}[c.r.IntN(2)]
		c.v.Send(conn, []byte(`{"operation":"`+operation+`","assets_ids":`+string(quoted(some))+`}`))
	case 6:
		c.v.Fetch(1, some)
	case 7:
		c.v.Fetch(2, some[:1])
	}
}

func (c *chaos) until(end time.Time) {
	for {
		d, ok := c.v.Advance(end)
		if !ok {
			return
		}
		switch d.Kind {
		case feedtest.Opened:
			c.open[d.Conn] = true
			c.v.Send(d.Conn, subscription(allTokens(c.v)))
		case feedtest.Received, feedtest.Closed:
			if !c.open[d.Conn] {
				c.t.Fatalf("%+v of a connection that is not open", d)
			}
			if d.Kind == feedtest.Closed {
				delete(c.open, d.Conn)
			}
		case feedtest.DialFailed:
			if c.open[d.Conn] {
				c.t.Fatalf("%+v of an open connection", d)
			}
		case feedtest.Answered:
		}
	}
}
