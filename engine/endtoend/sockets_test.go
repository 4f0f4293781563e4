package endtoend

import (
	"context"
	"flag"
	"math"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"example.com/truebook/engine"
	"example.com/truebook/feed/feedtest"
)

var soak = flag.Duration("endtoend.soak", 4*time.Second, "how long TestSoak runs at full speed")

// heap returns the bytes in use when all that is free has been given back.
func heap() int64 {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// TestAttacks: whatever a hostile server sends, memory stays bounded, no book reads as
// live that nothing is heard of, and all is well again afterwards.
func TestAttacks(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds for each of them")
	}
	for _, kind := range feedtest.AttackKinds() {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			c := connect(t, feedtest.ServerOptions{
				Venue: feedtest.VenueOptions{Seed: 5, Markets: 2, Rate: 50},
			}, loopback(t), engine.Config{})
			defer c.end()
			sub := c.watch(c.tokens...)
			c.wait(sub, 20*time.Second)
			before := heap()
			c.server.Attack(feedtest.Attack{Kind: kind, For: 15 * time.Second})
			// The handshakes of the next connection, and requests, are to be hit too.
			c.inject(feedtest.Fault{Kind: feedtest.Reset, At: 500 * time.Millisecond, Market: -1})
			most := int64(0)
			for range 40 {
				time.Sleep(50 * time.Millisecond)
				most = max(most, heap()-before)
			}
			c.until("all live again", 50*time.Second, func() bool { return allLive(sub) })
			if !raceEnabled && most > 64<<20 {
				t.Errorf("%d MB more", most>>20)
			}
			c.until("all books right", 50*time.Second, func() bool { return allLive(sub) && len(c.wrong(sub)) == 0 })
		})
	}
}

// TestSoak: at full speed, with its connections reset again and again, an engine neither
// grows nor gathers goroutines.
func TestSoak(t *testing.T) {
	d := *soak
	if testing.Short() {
		d = time.Second
	}
	quirks := feedtest.Quirks{}
	c := connect(t, feedtest.ServerOptions{
		Venue: feedtest.VenueOptions{Seed: 9, Markets: 20, Rate: 1000, Quirks: &quirks}, Speed: math.Inf(1),
	}, loopback(t), engine.Config{TokensPerConnection: 20})
	defer c.end()
	sub := c.watch(c.tokens...)
	c.wait(sub, 20*time.Second)
	reset := func() {
		c.inject(feedtest.Fault{Kind: feedtest.Reset, Market: -1})
		c.until("not live", 10*time.Second, func() bool { return !allLive(sub) })
		c.until("live again", 20*time.Second, func() bool { return allLive(sub) })
	}
	for range 3 {
		reset()
	}
	memory, goroutines := heap(), runtime.NumGoroutine()
	resets := 0
	for end := time.Now().Add(d); time.Now().Before(end) || resets < 3; resets++ {
		time.Sleep(d / 50)
		reset()
	}
	stats := c.engine.Stats()
	grown, more := heap()-memory, runtime.NumGoroutine()-goroutines
	t.Logf("%d frames, %d resets: %d KB and %d goroutines more", stats.Feed.Frames, resets, grown>>10, more)
	if !raceEnabled && grown > 8<<20 || more > 10 {
		t.Errorf("%d KB and %d goroutines more", grown>>10, more)
	}
}

// TestSlowConsumers: one that never takes anything and one that is slow cost neither the
// feed nor another consumer anything.
func TestSlowConsumers(t *testing.T) {
	c := connect(t, feedtest.ServerOptions{
		Venue: feedtest.VenueOptions{Seed: 4, Markets: 4, Rate: 500},
	}, loopback(t), engine.Config{})
	defer c.end()
	sub := c.watch(c.tokens...)
	c.wait(sub, 20*time.Second)
	ctx, cancel := context.WithCancel(t.Context())
	stuck, slow, quick := make(chan struct{}), make(chan int), make(chan map[string]uint64)
	go func() {
		defer close(stuck)
		for range sub.Events(ctx) {
			<-ctx.Done()
		}
	}()
	go func() {
		n := 0
		for range sub.Changes(ctx) {
			n++
			time.Sleep(20 * time.Millisecond)
		}
		slow <- n
	}()
	go func() {
		versions := map[string]uint64{}
		epochs := map[string]uint64{}
		for e := range sub.Events(ctx) {
			if e.Version < versions[e.Asset] || e.Epoch < epochs[e.Asset] {
				t.Errorf("version %d after %d", e.Version, versions[e.Asset])
			}
			versions[e.Asset], epochs[e.Asset] = e.Version, e.Epoch
		}
		quick <- versions
	}()
	began := c.engine.Stats().Feed.Frames
	time.Sleep(3 * time.Second)
	frames := c.engine.Stats().Feed.Frames - began
	c.until("the quick consumer is at the end", 5*time.Second, func() bool { return len(c.wrong(sub)) == 0 })
	cancel()
	<-stuck
	seen, versions := <-slow, <-quick
	if frames < 500 || seen == 0 || len(versions) != len(c.tokens) {
		t.Errorf("%d frames; the slow one saw %d, the quick one %v", frames, seen, versions)
	}
	if stats := c.engine.Stats(); stats.Drops > 0 || stats.Doubts != (engine.Stats{}).Doubts {
		t.Errorf("%+v", stats)
	}
}
