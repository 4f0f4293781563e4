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

var (
	resets  = flag.Int("endtoend.resets", 2, "how often TestSoak resets its five connections")
	between = flag.Duration("endtoend.between", time.Second, "how long it runs at full speed before each")
)

// heap returns the bytes in use when all that is free has been given back.
func heap() int64 {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// TestAttacks: whatever a hostile server sends, memory stays bounded, books are not live
// for longer than they may be while they are not followed, and all is well again
// afterwards.
func TestAttacks(t *testing.T) {
	if testing.Short() {
		t.Skip("half a minute")
	}
	for _, kind := range feedtest.AttackKinds() {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			attack(t, kind)
		})
	}
}

func attack(t *testing.T, kind feedtest.AttackKind) {
	t.Helper()
	c := connect(t, feedtest.ServerOptions{
		Venue: feedtest.VenueOptions{Seed: 5, Markets: 2, Rate: 50},
	}, loopback(t), engine.Config{})
	defer c.end()
	sub := c.watch(c.tokens...)
	c.wait(sub, 20*time.Second)
	memory, before := heap(), c.engine.Stats()
	c.server.Attack(feedtest.Attack{Kind: kind, For: 15 * time.Second})
	harmless := false // to what is live
	switch {
	case kind <= feedtest.RedirectedHandshake:
		c.inject(feedtest.Fault{Kind: feedtest.Reset, Market: -1})
	case kind >= feedtest.EndlessAnswer:
		c.inject(feedtest.Fault{Kind: feedtest.BadJSON, Market: -1}) // REST is to mend it
	case kind == feedtest.Deaf:
		harmless = true
	}
	wrongSince, most := time.Time{}, int64(0)
	done := func() bool {
		most = max(most, heap()-memory)
		wrong := len(c.wrong(sub)) > 0
		switch {
		case !wrong:
			wrongSince = time.Time{}
		case wrongSince.IsZero():
			wrongSince = time.Now()
		case time.Since(wrongSince) > 35*time.Second:
			t.Fatalf("live and wrong for %v", time.Since(wrongSince))
		}
		time.Sleep(100 * time.Millisecond)
		return c.server.Attacked(kind) > 0 && !wrong && allLive(sub) &&
			(harmless || c.engine.Stats().Doubts != before.Doubts)
	}
	c.until("all live and right again", 55*time.Second, done)
	if !raceEnabled && most > 64<<20 {
		t.Errorf("%d MB more", most>>20)
	}
}

// TestSoak: at full speed, with all of its five connections reset again and again, an
// engine neither grows nor gathers goroutines.
func TestSoak(t *testing.T) {
	rounds := *resets
	if testing.Short() {
		rounds = 1
	}
	quirks := feedtest.Quirks{}
	c := connect(t, feedtest.ServerOptions{
		Venue: feedtest.VenueOptions{Seed: 9, Markets: 20, Rate: 1000, Quirks: &quirks}, Speed: math.Inf(1),
	}, loopback(t), engine.Config{TokensPerConnection: 8})
	defer c.end()
	sub := c.watch(c.tokens...)
	c.wait(sub, 20*time.Second)
	reset := func() {
		c.inject(feedtest.Fault{Kind: feedtest.Reset, Market: -1})
		c.until("not live", 10*time.Second, func() bool { return !allLive(sub) })
		c.until("live again", 2*time.Minute, func() bool { return allLive(sub) })
	}
	reset()
	memory, goroutines := heap(), runtime.NumGoroutine()
	for range rounds {
		time.Sleep(*between)
		reset()
	}
	stats := c.engine.Stats()
	grown, more := heap()-memory, runtime.NumGoroutine()-goroutines
	t.Logf("%d frames, %d dials: %d KB and %d goroutines more", stats.Feed.Frames, stats.Dials, grown>>10, more)
	// REST keeps up to 8 idle connections, of three goroutines each with the server's.
	if !raceEnabled && grown > 8<<20 || more > 24 {
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
