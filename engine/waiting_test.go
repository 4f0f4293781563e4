package engine

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
)

// collect follows changes in a goroutine of its own, until the context or the
// subscription ends. It returns what takes the views that have come.
func collect(ctx context.Context, sub *Subscription) (taken func() []View) {
	var mu sync.Mutex
	var views []View
	go func() {
		for v := range sub.Changes(ctx) {
			mu.Lock()
			views = append(views, v)
			mu.Unlock()
		}
	}()
	return func() []View {
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		list := views
		views = nil
		return list
	}
}

// settle begins a run of the script whose first change crosses the book: the bid at 41
// goes with unsettle.
func (sc *script) settle(ms int64) { sc.change("| 41x1", settled, ms) }

func (sc *script) unsettle(ms int64) { sc.change("41x0 |", settled, ms) }

const settled = "40x10 | 41x1 60x7 61x9 62x1"

// TestSettlingIsToldLate: after 10 ms, if it lasts, and then at once.
func TestSettlingIsToldLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		sc := opened(t)
		sub, _ := sc.subscribe()
		taken := collect(ctx, sub)
		if views := taken(); len(views) != 2 {
			t.Fatalf("%d views", len(views))
		}
		sc.settle(startTime + 5)
		time.Sleep(9 * time.Millisecond)
		if views := taken(); len(views) != 0 {
			t.Errorf("settling told after 9 ms: %+v", views[0].Status)
		}
		sc.unsettle(startTime + 5)
		if views := taken(); len(views) != 1 || views[0].Settling || views[0].Version != 3 {
			t.Errorf("%+v", views)
		}
		time.Sleep(time.Second)
		sc.book(opening, startTime+20)
		if views := taken(); len(views) != 1 || views[0].Version != 4 {
			t.Errorf("%+v", views)
		}
		sc.settle(startTime + 25)
		time.Sleep(9 * time.Millisecond)
		sc.change("| 61x9", settled, startTime+25)
		if views := taken(); len(views) != 0 {
			t.Errorf("settling told after 9 ms: %+v", views[0].Status)
		}
		time.Sleep(time.Millisecond)
		if views := taken(); len(views) != 1 || !views[0].Settling || views[0].Reason != Crossed || views[0].Version != 6 {
			t.Errorf("%+v", views)
		}
		sc.change("| 62x1", settled, startTime+25)
		if views := taken(); len(views) != 1 || !views[0].Settling || views[0].Version != 7 {
			t.Errorf("what goes on settling waits: %+v", views)
		}
		sc.unsettle(startTime + 25)
		if views := taken(); len(views) != 1 || views[0].Settling {
			t.Errorf("%+v", views)
		}
		sc.change("| 40x1", "| 40x1 41x1", startTime+30)
		if views := taken(); len(views) > 0 && views[0].Settling {
			t.Errorf("the next one does not wait: %+v", views)
		}
	})
}

// TestSettlingAtTheEnd: a view that is held is not lost when the engine ends.
func TestSettlingAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc := opened(t)
		sub, ended := sc.subscribe()
		taken := collect(t.Context(), sub)
		taken()
		sc.settle(startTime + 5)
		taken()
		close(ended)
		if views := taken(); len(views) != 1 || !views[0].Settling || !errors.Is(sub.Err(), ErrEnded) {
			t.Errorf("%+v, %v", views, sub.Err())
		}
	})
}

// TestLeaseWakesChanges: an engine that hangs is told of when its lease runs out, for
// each of its tokens, and so is that it goes on, with a frame or without. A frame
// between the two tells of no token alone.
func TestLeaseWakesChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		sc := opened(t)
		renew := func() { sc.s.lease.until.Store(int64(sinceStart() + 2*time.Second)) }
		renew()
		sub, _ := sc.subscribe()
		taken := collect(ctx, sub)
		taken()
		for i := range int64(5) { // it is renewed in time
			time.Sleep(1500 * time.Millisecond)
			renew()
			sc.change("40x"+string(rune('1'+i))+" |", "40x"+string(rune('1'+i))+" 41x5 | 60x7 61x8", startTime+1+i)
			if views := taken(); len(views) != 1 || views[0].State != Live {
				t.Fatalf("%+v", views)
			}
		}
		time.Sleep(2 * time.Second)
		if views := taken(); len(views) != 0 {
			t.Errorf("told before the end of the lease: %+v", views[0].Status)
		}
		end := time.Now()
		time.Sleep(time.Nanosecond)
		if views := taken(); len(views) != 1 || views[0].State != Stale || views[0].Reason != Stalled || !views[0].Since.Equal(end) {
			t.Errorf("%+v", views)
		}
		time.Sleep(time.Minute)
		if views := taken(); len(views) != 0 {
			t.Errorf("told again: %+v", views[0].Status)
		}
		renew() // without a frame
		time.Sleep(stalledPoll)
		if views := taken(); len(views) != 1 || views[0].State != Live || views[0].Version != 6 {
			t.Errorf("%+v", views)
		}
		time.Sleep(2*time.Second + 1)
		if views := taken(); len(views) != 1 || views[0].Reason != Stalled {
			t.Errorf("%+v", views)
		}
		renew()
		sc.change("40x9 |", "40x9 41x5 | 60x7 61x8", startTime+10)
		if views := taken(); len(views) != 1 || views[0].State != Live || views[0].Version != 7 {
			t.Errorf("%+v", views)
		}
	})
}

// TestLeaseConcernsAllTokens: one that is looked at when the lease has just run out
// does not keep the others from being told of.
func TestLeaseConcernsAllTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShard(feed.DecoderOptions{Learn: true})
		r := record(t, feedtest.Options{Seed: 3, Markets: 2}, 3)
		for i := range r.frames {
			s.apply(&r.frames[i].record)
		}
		s.lease.until.Store(int64(sinceStart() + time.Second))
		var assets []*Asset
		for _, tok := range s.tokens {
			assets = append(assets, tok.readers)
		}
		sub := newSubscription(nil, assets, nil)
		defer sub.Close()
		f := sub.follow()
		l := sub.listen()
		views, states := map[string]Status{}, map[string]Status{}
		look := func() {
			f.gather()
			for _, m := range f.pending {
				if v, _ := f.look(m); f.tellable(m, &v) {
					views[v.Asset] = v.Status
				}
			}
			f.pending = f.pending[:0]
			tell := func(e Event) bool { states[e.Asset] = *e.Status; return true }
			for _, e := range l.opened {
				tell(l.hear(&e))
			}
			l.opened = nil
			l.turned(func(v *vouched) bool { return l.tellLease(v, tell) })
		}
		look()
		all := func(want State) {
			t.Helper()
			for _, a := range assets {
				if views[a.id].State != want || states[a.id].State != want {
					t.Errorf("%.6s: %v and %v, want %v", a.id, views[a.id].State, states[a.id].State, want)
				}
			}
		}
		all(Live)
		one := func() { // is looked at before anybody looks at the lease
			f.gather()
			f.enqueue(&f.marks[1])
			time.Sleep(time.Second + 1)
			for _, m := range f.pending {
				if v, _ := f.look(m); f.tellable(m, &v) {
					views[v.Asset] = v.Status
				}
			}
			f.pending = f.pending[:0]
			e := Event{Kind: StateEvent, Asset: assets[1].id, index: 1, Status: l.tokens[1].status}
			states[e.Asset] = *l.hear(&e).Status
		}
		renew := func() { s.lease.until.Store(int64(sinceStart() + time.Second)) }
		one()
		look()
		all(Stale)
		renew()
		look()
		all(Live)
		one()
		if states[assets[1].id].State != Stale || views[assets[1].id].State != Stale || states[assets[0].id].State != Live {
			t.Errorf("%+v", states)
		}
		renew() // before the others were told
		look()
		all(Live)
		f.stop()
		l.stop()
	})
}

// TestLeaseInEvents: it is told as a state, of the version that the consumer has come
// to.
func TestLeaseInEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc := opened(t)
		renew := func() { sc.s.lease.until.Store(int64(sinceStart() + 2*time.Second)) }
		renew()
		sub, ended := sc.subscribe()
		var mu sync.Mutex
		var events []Event
		go func() {
			for e := range sub.Events(t.Context()) {
				mu.Lock()
				events = append(events, e)
				mu.Unlock()
			}
		}()
		last := func() Event {
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			return events[len(events)-1]
		}
		if e := last(); e.Asset != noToken || len(events) != 2 {
			t.Errorf("%d events, %+v", len(events), e)
		}
		sc.change("40x9 |", "40x9 41x5 | 60x7 61x8", startTime+10)
		if e := last(); e.Kind != LevelEvent || e.Version != 2 {
			t.Errorf("%+v", e)
		}
		time.Sleep(2*time.Second + 1)
		if e := last(); e.Kind != StateEvent || e.Version != 2 || e.Status.Version != 2 || e.Status.Reason != Stalled {
			t.Errorf("%+v, %+v", e, e.Status)
		}
		// While it hangs, nothing is live: neither what comes from a writer that has not
		// renewed its lease yet, nor a new consumer's snapshot.
		sc.control(feed.Closed)
		if e := last(); e.Status.Reason != Disconnected {
			t.Errorf("%+v", e.Status)
		}
		sc.book(opening, startTime+20)
		if e := last(); e.Status.Reason != Stalled || e.Epoch != 2 {
			t.Errorf("%+v", e.Status)
		}
		for e := range sub.Events(t.Context()) {
			if e.Status.Reason != Stalled || e.View.Reason != Stalled {
				t.Errorf("%+v", e.Status)
			}
			break
		}
		renew()
		time.Sleep(stalledPoll)
		if e := last(); e.Kind != StateEvent || e.Status.State != Live || e.Version != 3 || len(events) != 8 {
			t.Errorf("%d events, %+v", len(events), e)
		}
		close(ended)
		synctest.Wait()
	})
}

// TestWait: for first books.
func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc := newScript(t)
		sub, _ := sc.subscribe()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begin := time.Now()
		err := sub.Wait(ctx)
		e, ok := errors.AsType[*WaitError](err)
		if !ok || !errors.Is(err, context.DeadlineExceeded) || len(e.Missing) != 2 || time.Since(begin) != time.Minute ||
			err.Error() != "engine: still waiting for 111, 222 (syncing: initial, unproved): context deadline exceeded" {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		sub = newSubscription(nil, []*Asset{sc.token().readers, sc.s.byID(noToken).readers}, nil)
		done := make(chan error)
		go func() { done <- sub.Wait(t.Context()) }()
		synctest.Wait()
		sc.book(opening, startTime)
		synctest.Wait()
		sc.control(feed.Lost) // before the other one has come
		sc.step(strings.Replace(bookText("40x1 | 60x1", startTime, feed.Hash{}), yesToken, noToken, 1))
		synctest.Wait()
		select {
		case err := <-done:
			t.Errorf("%v, while one is stale", err)
		default:
		}
		sc.book(opening, startTime+5)
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := sub.Wait(ctx); err != nil {
			t.Errorf("all have come, but the context is over: %v", err)
		}
		sc.step(`{"event_type":"market_resolved","market":"` + condition + `","assets_ids":["` + yesToken + `"],"timestamp":"1800000000070"}`)
		if err := sub.Wait(t.Context()); err != nil {
			t.Errorf("gone: %v", err)
		}
		unfollowed(t, sc.s)
	})
}

// TestWaitEnds: closing and the end of the engine end it as well.
func TestWaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, want := range []error{ErrClosed, ErrEnded} {
			sc := newScript(t)
			sub, ended := sc.subscribe()
			done := make(chan error)
			go func() { done <- sub.Wait(t.Context()) }()
			synctest.Wait()
			if errors.Is(want, ErrClosed) {
				sub.Close()
			} else {
				close(ended)
			}
			if err := <-done; !errors.Is(err, want) {
				t.Error(err)
			}
			unfollowed(t, sc.s)
		}
	})
}

// TestWaitProved: a proof of an earlier epoch is none of this one.
func TestWaitProved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc := opened(t)
		sub := newSubscription(nil, []*Asset{sc.token().readers}, nil)
		defer sub.Close()
		if err := sub.WaitProved(t.Context()); err != nil {
			t.Error(err)
		}
		sc.more = true // no proof but what must be
		sc.change("40x1 |", "40x1 41x5 | 60x7 61x8", startTime+1)
		sc.expect("live, unproved, epoch 1", "")
		if err := sub.WaitProved(t.Context()); err != nil {
			t.Errorf("the epoch was proved before: %v", err)
		}
		sc.more = false
		sc.control(feed.Lost)
		sc.bookWithHash(opening, startTime+10, feed.Hash{}) // live again by a book without a hash
		sc.expect("live, unproved, epoch 2", "")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := sub.WaitProved(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("proved by %+v: %v", sc.view().Proof, err)
		}
		done := make(chan error)
		go func() { done <- sub.WaitProved(t.Context()) }()
		synctest.Wait()
		sc.change("40x2 |", "40x2 41x5 | 60x7 61x8", startTime+11)
		sc.expect("live, proved, epoch 2", "")
		if err := <-done; err != nil {
			t.Error(err)
		}
		sc.step(`{"event_type":"market_resolved","market":"` + condition + `","assets_ids":["` + yesToken + `"],"timestamp":"1800000000070"}`)
		err := sub.WaitProved(t.Context())
		if e, ok := errors.AsType[*WaitError](err); !ok || !errors.Is(err, ErrGone) || len(e.Missing) != 1 {
			t.Errorf("gone: %v", err)
		}
	})
}

// A proof of an earlier epoch that nothing has taken the place of.
func TestWaitProvedAfterAmbiguousBook(t *testing.T) {
	sc := opened(t)
	tok := sc.token()
	sc.control(feed.Lost)
	sc.s.hide(tok)
	sc.s.promote(tok) // live by something that is no proof, with the old one left
	sc.s.release()
	if v := sc.view(); v.Proof.By != ByHash || v.State != Live || v.Epoch != 2 || v.Check == Proved {
		t.Fatalf("%+v", v.Status)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	sub := newSubscription(nil, []*Asset{tok.readers}, nil)
	if err := sub.WaitProved(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// The text names a few only.
func TestWaitErrorIsShort(t *testing.T) {
	e := &WaitError{Missing: []string{"1", "2", "3", "4", "5"}, Err: ErrClosed}
	if got := e.Error(); got != "engine: still waiting for 1, 2, 3 and 2 more (syncing, unproved): engine: subscription closed" {
		t.Error(got)
	}
}
