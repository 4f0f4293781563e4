package endtoend

import (
	"flag"
	"math/rand/v2"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/engine"
	"example.com/truebook/feed/feedtest"
)

var (
	seeds = flag.Int("endtoend.seeds", 4, "seeds of TestVirtualTime")
	hours = flag.Float64("endtoend.hours", 0.5, "simulated hours of each")
)

// TestVirtualTime runs the whole engine for hours, with all faults of the exchange and
// the network one after the other: no book is live and wrong for long, and all are live
// when nothing is wrong any more.
func TestVirtualTime(t *testing.T) {
	n, d := *seeds, time.Duration(*hours*float64(time.Hour))
	if testing.Short() {
		n, d = 1, 10*time.Minute
	}
	for seed := range uint64(n) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { virtual(t, seed, d) })
		})
	}
}

// longestWrong is what a live book may be wrong for: 30 s of silence or until its turn to
// be compared with REST, with what that takes when it fails or is late itself. Each kind
// of fault has a bound of its own in the simulation of package engine.
const longestWrong = 100 * time.Second

func virtual(t *testing.T, seed uint64, d time.Duration) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 0x656e64)) //nolint:gosec // to be repeated
	var faults []feedtest.Fault
	kinds := feedtest.FaultKinds()
	for at := time.Minute; at < d; at += time.Duration(20+r.IntN(100)) * time.Second {
		faults = append(faults, feedtest.Fault{
			Kind: kinds[r.IntN(len(kinds))], At: at, For: time.Duration(1+r.IntN(40)) * time.Second, Market: r.IntN(5) - 1,
		})
	}
	c := connect(t, feedtest.ServerOptions{
		Venue: feedtest.VenueOptions{Seed: seed, Markets: 4, Rate: 6, Faults: faults},
	}, pipes, engine.Config{TokensPerConnection: 4})
	c.virtual = true
	defer c.end()
	sub := c.watch(c.tokens...)
	since := map[string]time.Time{}
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(time.Duration(1+r.IntN(400)) * time.Millisecond)
		synctest.Wait()
		wrong := map[string]time.Time{}
		for _, id := range c.wrong(sub) {
			if wrong[id] = since[id]; wrong[id].IsZero() {
				wrong[id] = time.Now()
			}
			if is := time.Since(wrong[id]); is > longestWrong {
				t.Fatalf("seed %d: %.5s has been live and wrong for %v: %+v", seed, id, is, sub.Asset(id).View().Status)
			}
		}
		since = wrong
	}
	calm := func() bool {
		for _, a := range sub.Assets() {
			over := false
			c.server.Do(func(v *feedtest.Venue) { over = v.Truth(a.ID()).Over })
			if v := a.View(); v.State != engine.Live && !over && v.Reason != engine.Resolved {
				return false
			}
		}
		return true
	}
	for end := time.Now().Add(10 * time.Minute); !calm(); time.Sleep(time.Second) {
		if time.Now().After(end) {
			for _, a := range sub.Assets() {
				t.Logf("%.5s: %+v", a.ID(), a.View().Status)
			}
			t.Fatalf("seed %d: not live for long after everything", seed)
		}
	}
	stats := c.engine.Stats()
	t.Logf("seed %d: %d frames, %d dials, %d requests to REST, doubts %v", seed, stats.Feed.Frames, stats.Dials, stats.Fetches, stats.Doubts)
}

// TestStorm: all ten connections of 2,000 tokens end at once. Dials and requests to REST
// stay within their budgets, and all tokens are live within half a minute.
func TestStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := connect(t, feedtest.ServerOptions{
			Venue: feedtest.VenueOptions{Seed: 1, Markets: 1000, Rate: 50},
		}, pipes, engine.Config{})
		c.virtual = true
		defer c.end()
		sub := c.watch(c.tokens...)
		c.wait(sub, 30*time.Second)
		before := c.engine.Stats()
		if before.Open != 10 || before.Dials != 10 {
			t.Errorf("%d connections by %d dials", before.Open, before.Dials)
		}
		c.inject(feedtest.Fault{Kind: feedtest.Reset, Market: -1})
		synctest.Wait()
		if allLive(sub) {
			t.Fatal("nothing has happened")
		}
		began := time.Now()
		for !allLive(sub) {
			time.Sleep(100 * time.Millisecond)
		}
		took := time.Since(began)
		after := c.engine.Stats()
		dials, fetches := after.Dials-before.Dials, after.Fetches-before.Fetches
		if took > 30*time.Second || float64(dials) > 2*took.Seconds()+1 || fetches > uint64(10*took.Seconds())+50 {
			t.Errorf("live after %v, with %d dials and %d requests to REST", took, dials, fetches)
		}
		t.Logf("live after %v, with %d dials and %d requests to REST", took, dials, fetches)
	})
}

// TestOneLostFrame: the token that lost one is not live at the end of its next run, and
// live again with the right book soon. No other token has anything to do with it.
func TestOneLostFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quirks := feedtest.Quirks{}
		c := connect(t, feedtest.ServerOptions{
			Venue: feedtest.VenueOptions{Seed: 3, Markets: 4, Rate: 20, Quirks: &quirks},
		}, pipes, engine.Config{})
		c.virtual = true
		defer c.end()
		sub := c.watch(c.tokens...)
		c.wait(sub, 10*time.Second)
		time.Sleep(5 * time.Second)
		epochs := func() (list []uint64) {
			for _, a := range sub.Assets() {
				list = append(list, a.View().Epoch)
			}
			return list
		}
		for range 8 {
			time.Sleep(2 * time.Second)
			synctest.Wait()
			before := epochs()
			c.inject(feedtest.Fault{Kind: feedtest.LoseFrames, N: 1, Market: 0})
			for i := 0; len(c.wrong(sub)) == 0 && i < 6000; i++ {
				time.Sleep(10 * time.Millisecond)
				synctest.Wait()
			}
			lost := time.Now()
			for len(c.wrong(sub)) > 0 {
				time.Sleep(10 * time.Millisecond)
				synctest.Wait()
			}
			noticed := time.Since(lost)
			for !allLive(sub) {
				time.Sleep(10 * time.Millisecond)
				synctest.Wait()
			}
			if recovered := time.Since(lost) - noticed; noticed > 30*time.Second || recovered > 5*time.Second {
				t.Errorf("noticed after %v, mended after %v more", noticed, recovered)
			}
			for i, epoch := range epochs() {
				if i > 1 && epoch != before[i] {
					t.Errorf("token %d is of another epoch", i)
				}
			}
		}
	})
}

// TestShutdown: whatever is going on, Run ends within a second, with no goroutine left.
func TestShutdown(t *testing.T) {
	points := 200
	if testing.Short() {
		points = 20
	}
	kinds := feedtest.FaultKinds()
	for i := range points {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(i), 0x736875)) //nolint:gosec // to be repeated
			c := connect(t, feedtest.ServerOptions{
				Venue: feedtest.VenueOptions{Seed: uint64(i), Rate: 50, Faults: []feedtest.Fault{
					{Kind: kinds[r.IntN(len(kinds))], At: time.Second, For: 10 * time.Second, Market: -1},
				}},
			}, pipes, engine.Config{TokensPerConnection: 2})
			c.virtual = true
			sub := c.watch(c.tokens...)
			ended := make(chan error)
			go func() {
				for range sub.Changes(t.Context()) { // to its end
				}
				ended <- sub.Err()
			}()
			time.Sleep(time.Duration(r.Int64N(int64(15 * time.Second))))
			c.end()
			<-ended
			for _, a := range sub.Assets() {
				if v := a.View(); v.State == engine.Live {
					t.Errorf("live after the end: %+v", v.Status)
				}
			}
		})
	}
}
