package engine

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"example.com/truebook/book"
	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
)

// subscribe returns a subscription to the script's two tokens, and what its engine
// closes at its end.
func (sc *script) subscribe() (s *Subscription, ended chan struct{}) {
	ended = make(chan struct{})
	var assets []*Asset
	for _, id := range []string{yesToken, noToken} {
		assets = append(assets, sc.s.token(sc.s.decoder.Know(id)).readers)
	}
	return newSubscription(ended, assets, nil), ended
}

// unfollowed fails if somebody is still registered with a token.
func unfollowed(t *testing.T, s *shard) {
	t.Helper()
	for _, tok := range s.tokens {
		if tok != nil && tok.watch != nil {
			t.Errorf("%s: %d iterators over changes and %d over events remain", tok.asset.ID, len(tok.watch.marks), len(tok.watch.queues))
		}
	}
}

// pulled turns an iterator into a function that returns its next value, and fails if
// there is none, or none within ten seconds.
func pulled[V any](t *testing.T, seq func(context.Context) iter.Seq[V]) (next func() V) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	pull, stop := iter.Pull(seq(ctx))
	t.Cleanup(stop)
	return func() V {
		t.Helper()
		v, ok := pull()
		if !ok {
			t.Fatal("the iterator has ended")
		}
		return v
	}
}

// TestChangesBeginWithEveryToken: all that there is, whatever it is.
func TestChangesBeginWithEveryToken(t *testing.T) {
	sc := opened(t)
	sub, _ := sc.subscribe()
	next := pulled(t, sub.Changes)
	if v := next(); v.Asset != yesToken || v.State != Live || !v.Snapshot.Equal(bookOf(opening).Snapshot()) {
		t.Errorf("%+v", v)
	}
	if v := next(); v.Asset != noToken || v.State != Syncing || v.Version != 0 {
		t.Errorf("%+v", v)
	}
	sc.change("40x1 |", "40x1 41x5 | 60x7 61x8", startTime+1)
	if v := next(); v.Asset != yesToken || v.Version != 2 {
		t.Errorf("%+v", v)
	}
}

// TestConflation: a consumer that sleeps sees the newest version only, what it has
// skipped, and that the book was not live all the time.
func TestConflation(t *testing.T) {
	sc := opened(t)
	sub, _ := sc.subscribe()
	next := pulled(t, sub.Changes)
	next()
	next()
	end := opening
	for i := range int64(20) {
		end = "40x" + string(rune('1'+i%9)) + " 41x5 | 60x7 61x8"
		sc.change(end[:5]+" |", end, startTime+1+i)
	}
	if v := next(); v.Version != 21 || v.Epoch != 1 || !v.Snapshot.Equal(bookOf(end).Snapshot()) {
		t.Errorf("version %d of epoch %d", v.Version, v.Epoch)
	}
	sc.control(feed.Lost)
	if v := next(); v.State != Stale || v.Reason != Gap || v.Version != 21 {
		t.Errorf("%+v", v.Status)
	}
	sc.book(opening, startTime+100)
	sc.control(feed.Lost)
	sc.book(opening, startTime+200)
	if v := next(); v.State != Live || v.Epoch != 3 || v.Version != 23 {
		t.Errorf("%+v", v.Status)
	}
}

// A proof that comes later than its version is a change of it.
func TestChangesTellOfProofs(t *testing.T) {
	sc := opened(t)
	sub, _ := sc.subscribe()
	next := pulled(t, sub.Changes)
	next()
	next()
	sc.more = true
	sc.change("40x1 |", "40x1 41x5 | 60x7 61x8", startTime+1)
	if v := next(); v.Version != 2 || v.Check != Unproved {
		t.Errorf("%+v", v.Status)
	}
	sc.more = false
	sc.step("PONG")
	if v := next(); v.Version != 2 || v.Check != Proved {
		t.Errorf("%+v", v.Status)
	}
}

// broken is a recording in which frames are lost, and some of the losses are known.
func broken(t *testing.T, seed uint64, frames int) []feed.Record {
	t.Helper()
	r := record(t, feedtest.Options{Seed: seed, Markets: 2}, frames)
	var records []feed.Record
	for i := range r.frames {
		switch {
		case i%97 == 53:
			continue
		case i%211 == 101:
			records = append(records, feed.Record{Kind: feed.Lost, Time: r.frames[i].record.Time})
		}
		records = append(records, r.frames[i].record)
	}
	return records
}

// following checks the views that one consumer gets of one engine.
type following struct {
	last  map[string]View
	known map[stampedVersion]book.Snapshot
}

type stampedVersion struct {
	asset   string
	version uint64
}

func (f *following) saw(t *testing.T, v View) {
	t.Helper()
	last, seen := f.last[v.Asset]
	switch want, ok := f.known[stampedVersion{v.Asset, v.Version}]; {
	case v.Version > 0 && (!ok || !want.Equal(v.Snapshot)):
		t.Errorf("%s: version %d is not that of the replay alone", v.Asset, v.Version)
	case seen && (v.Version < last.Version || v.Epoch < last.Epoch):
		t.Errorf("%s: version %d of epoch %d after version %d of epoch %d", v.Asset, v.Version, v.Epoch, last.Version, last.Epoch)
	case seen && v.Status == last.Status:
		t.Errorf("%s: version %d twice", v.Asset, v.Version)
	}
	f.last[v.Asset] = v
}

// versions replays records alone, and returns each version's book.
func versions(records []feed.Record) map[stampedVersion]book.Snapshot {
	known := map[stampedVersion]book.Snapshot{}
	alone := newShard(feed.DecoderOptions{Learn: true})
	for i := range records {
		alone.apply(&records[i])
		for _, tok := range alone.tokens {
			v := tok.view()
			known[stampedVersion{v.Asset, v.Version}] = v.Snapshot
		}
	}
	return known
}

// TestChangesBesideTheWriter: several consumers, quick, slow and stuck. Each sees only
// what was, in order, and at the end what is; the stuck one keeps nobody waiting.
func TestChangesBesideTheWriter(t *testing.T) {
	defer goleak.VerifyNone(t)
	records := broken(t, 21, 1500)
	known := versions(records)
	replay := NewReplay(nil)
	var tokens []string
	for _, m := range feedtest.New(feedtest.Options{Seed: 21, Markets: 2}).Markets() {
		tokens = append(tokens, m.Yes, m.No)
	}
	sub := replay.Watch(tokens...)
	pauses := []func(){func() {}, runtime.Gosched, func() { time.Sleep(time.Millisecond) }}
	results := make([]following, len(pauses))
	var consumers sync.WaitGroup
	for i, pause := range pauses {
		f := &results[i]
		*f = following{map[string]View{}, known}
		consumers.Go(func() {
			for v := range sub.Changes(t.Context()) {
				f.saw(t, v)
				pause()
			}
		})
	}
	stuck := make(chan struct{})
	consumers.Go(func() {
		for range sub.Changes(t.Context()) {
			<-stuck
		}
	})
	for i := range records {
		_ = replay.Step(records[i])
	}
	replay.End()
	close(stuck)
	consumers.Wait()
	if err := sub.Err(); !errors.Is(err, ErrEnded) {
		t.Errorf("ended by %v", err)
	}
	epochs := uint64(0)
	for _, want := range replay.Views() {
		epochs += want.Epoch
		for i := range results {
			if got := results[i].last[want.Asset]; !got.Snapshot.Equal(want.Snapshot) || got.Status != want.Status {
				t.Errorf("consumer %d ended with %+v, want %+v", i, got.Status, want.Status)
			}
		}
	}
	if epochs < 8 {
		t.Errorf("%d epochs in all", epochs)
	}
	unfollowed(t, replay.shard)
}

// TestChangesSurviveJoin: the market of a token is not known before its first event.
func TestChangesSurviveJoin(t *testing.T) {
	sc := newScript(t)
	sub, _ := sc.subscribe()
	next := pulled(t, sub.Changes)
	if v := next(); v.Market != "" || v.State != Syncing {
		t.Errorf("%+v", v)
	}
	next()
	before := sc.token().market
	sc.book(opening, startTime)
	if v := next(); v.Market != condition || v.State != Live || sc.token().market == before {
		t.Errorf("%+v", v)
	}
	sc.change("40x1 |", "40x1 41x5 | 60x7 61x8", startTime+1)
	if v := next(); v.Version != 2 {
		t.Errorf("%+v", v)
	}
}

// TestEndsOfLoops: whatever ends a loop, Err says so, and nothing stays registered.
func TestEndsOfLoops(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx  context.Context //nolint:containedctx // of a table
		body func(sub *Subscription, ended chan struct{}) (leave bool)
		want error
		runs int
	}{
		"break":    {t.Context(), func(*Subscription, chan struct{}) bool { return true }, nil, 1},
		"close":    {t.Context(), func(s *Subscription, _ chan struct{}) bool { s.Close(); s.Close(); return false }, ErrClosed, 1},
		"context":  {canceled, func(*Subscription, chan struct{}) bool { return false }, context.Canceled, 0},
		"engine":   {t.Context(), func(_ *Subscription, e chan struct{}) bool { closeOnce(e); return false }, ErrEnded, 2},
		"close is": {t.Context(), func(s *Subscription, e chan struct{}) bool { closeOnce(e); s.Close(); return false }, ErrClosed, 1},
	} {
		loops := map[string]func(sub *Subscription, visit func() bool){
			"changes": func(sub *Subscription, visit func() bool) {
				for range sub.Changes(c.ctx) {
					if visit() {
						break
					}
				}
			},
			"events": func(sub *Subscription, visit func() bool) {
				for range sub.Events(c.ctx) {
					if visit() {
						break
					}
				}
			},
		}
		for kind, loop := range loops {
			t.Run(name+"/"+kind, func(t *testing.T) {
				sc := opened(t)
				sub, ended := sc.subscribe()
				runs := 0
				if err := sub.Err(); err != nil {
					t.Error(err)
				}
				loop(sub, func() bool { runs++; return c.body(sub, ended) })
				if err := sub.Err(); !errors.Is(err, c.want) || runs != c.runs {
					t.Errorf("%d views, %v; want %d, %v", runs, err, c.runs, c.want)
				}
				unfollowed(t, sc.s)
			})
		}
	}
}

func closeOnce(c chan struct{}) {
	select {
	case <-c:
	default:
		close(c)
	}
}

// TestCloseFromAnotherGoroutine ends loops that wait.
func TestCloseFromAnotherGoroutine(t *testing.T) {
	defer goleak.VerifyNone(t)
	sc := opened(t)
	closed := 0
	sub := newSubscription(nil, []*Asset{sc.token().readers, sc.token().readers}, func() { closed++ })
	if len(sub.Assets()) != 1 || sub.Asset(yesToken) != sc.token().readers || sub.Asset(noToken) != nil {
		t.Errorf("%v", sub.Assets())
	}
	var loops sync.WaitGroup
	var started sync.WaitGroup
	for range 3 {
		started.Add(2)
		loops.Go(func() {
			for range sub.Changes(t.Context()) {
				started.Done()
			}
		})
		loops.Go(func() {
			for range sub.Events(t.Context()) {
				started.Done()
			}
		})
	}
	started.Wait()
	sub.Close()
	loops.Wait()
	sub.Close()
	if closed != 1 || !errors.Is(sub.Err(), ErrClosed) {
		t.Errorf("closed %d times, %v", closed, sub.Err())
	}
	unfollowed(t, sc.s)
}

// A loop that panics leaves nothing behind.
func TestPanicInLoop(t *testing.T) {
	sc := opened(t)
	sub, _ := sc.subscribe()
	func() {
		defer func() { _ = recover() }()
		for range sub.Changes(t.Context()) {
			panic("consumer")
		}
	}()
	unfollowed(t, sc.s)
	sc.change("40x1 |", "40x1 41x5 | 60x7 61x8", startTime+1)
}

// Nobody follows a clone.
func TestCloneIsNotFollowed(t *testing.T) {
	sc := opened(t)
	sub, _ := sc.subscribe()
	next := pulled(t, sub.Changes)
	next()
	unfollowed(t, sc.s.clone())
}

// TestFollowedFramesAllocateNothing: neither with nobody, nor with three consumers
// that are stuck, nor with three that keep up. (What these read costs them, and the
// next write, what reading a View costs.)
func TestFollowedFramesAllocateNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	r := record(t, feedtest.Options{Seed: 4, Markets: 2}, 5000)
	tokens := slices.Sorted(func(yield func(string) bool) {
		for _, m := range feedtest.New(feedtest.Options{Seed: 4, Markets: 2}).Markets() {
			_ = yield(m.Yes) && yield(m.No)
		}
	})
	unnoticed := 0.0 // by anybody: nodes that split, and the like
	for _, consumers := range []struct {
		name                  string
		stuck, keepUp, listen int
	}{{name: "nobody"}, {name: "stuck", stuck: 3}, {name: "keep up", keepUp: 3}, {name: "listen", listen: 3}} {
		replay := NewReplay(nil)
		sub := replay.Watch(tokens...)
		var followers []*follower
		var listeners []*listener
		for range consumers.stuck + consumers.keepUp {
			followers = append(followers, sub.follow())
		}
		for range consumers.listen {
			listeners = append(listeners, sub.listen())
		}
		spare := make([]*eventChunk, len(listeners))
		next := 0
		step := func() {
			if err := replay.Step(r.frames[next].record); err != nil {
				t.Fatal(err)
			}
			next++
			for _, f := range followers[consumers.stuck:] {
				f.gather()
				for _, m := range f.pending {
					m.queued.Store(false)
				}
				f.pending = f.pending[:0]
			}
			for i, l := range listeners {
				if c, err := l.queue.take(spare[i]); err != nil {
					t.Fatal(err)
				} else {
					spare[i] = c
				}
			}
		}
		for next < 2000 {
			step()
		}
		const block = 100
		n := testing.AllocsPerRun(25, func() {
			for range block {
				step()
			}
		})
		switch {
		case consumers.name == "nobody":
			if unnoticed = n; n > 4 {
				t.Errorf("%v allocations in %d frames", n, block)
			}
		case consumers.listen > 0 && n > unnoticed+16, // trades and states
			consumers.listen == 0 && n > unnoticed:
			t.Errorf("%s: %v allocations in %d frames", consumers.name, n, block)
		}
		for _, f := range followers {
			f.stop()
		}
		for _, l := range listeners {
			l.stop()
		}
		unfollowed(t, replay.shard)
	}
}
