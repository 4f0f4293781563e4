package engine

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"example.com/truebook/book"
	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
)

// model is what a consumer makes of the events of one token.
type model struct {
	book           *book.Book
	status         Status
	tick           book.Price
	version, epoch uint64
	levels         uint64 // the version of the last change of a level
	whole          bool   // the last event was the last of its version
}

// apply applies an event as a consumer would.
func (m *model) apply(t *testing.T, e *Event) {
	t.Helper()
	if e.Version < m.version || e.Epoch < m.epoch || e.Version == 0 && e.Kind == LevelEvent {
		t.Fatalf("%s: version %d of epoch %d after version %d of epoch %d", e.Asset, e.Version, e.Epoch, m.version, m.epoch)
	}
	if !m.whole && m.version != e.Version && m.book != nil {
		t.Fatalf("%s: version %d has no last event", e.Asset, m.version)
	}
	m.version, m.epoch, m.whole = e.Version, e.Epoch, e.Last
	switch e.Kind {
	case SnapshotEvent:
		if m.levels == e.Version && e.Version > 0 {
			t.Fatalf("%s: version %d: levels beside the snapshot that they are in", e.Asset, e.Version)
		}
		m.book = book.New()
		for _, side := range []book.Side{book.Bid, book.Ask} {
			for l := range e.View.Snapshot.Levels(side) {
				_, _ = m.book.Set(side, l.Price, l.Size)
			}
		}
		m.tick = e.View.TickSize
	case LevelEvent:
		m.levels = e.Version
		old, err := m.book.Set(e.Level.Side, e.Level.Price, e.Level.New)
		if err != nil || old != e.Level.Old || old == e.Level.New {
			t.Fatalf("%s: version %d: %+v of a level that was %v, %v", e.Asset, e.Version, e.Level, old, err)
		}
	case TickEvent:
		if m.tick == e.TickSize {
			t.Fatalf("%s: version %d: tick %v once more", e.Asset, e.Version, m.tick)
		}
		m.tick = e.TickSize
	case TradeEvent:
		if e.Trade.Price == 0 || e.Trade.Size == 0 {
			t.Fatalf("%+v", e.Trade)
		}
	case StateEvent:
		if e.Status.Version != e.Version || e.Status.Epoch != e.Epoch {
			t.Fatalf("%+v with the status of version %d", e, e.Status.Version)
		}
	default:
		t.Fatalf("%+v", e)
	}
	if e.Status != nil {
		m.status = *e.Status
	}
}

// is compares what the events led to with a view.
func (m *model) is(v *View) bool {
	s := &m.status
	return m.book.Snapshot().Equal(v.Snapshot) && m.tick == v.TickSize && m.epoch == v.Epoch &&
		s.State == v.State && s.Reason == v.Reason && s.Settling == v.Settling && s.Since.Equal(v.Since)
}

// TestEventsMakeEveryVersion is the model test: the events, applied to the snapshot,
// make each version that readers could see, book and state, of every token, whatever
// was lost; for a consumer that came at once and for one that came in the middle.
func TestEventsMakeEveryVersion(t *testing.T) {
	defer goleak.VerifyNone(t)
	seeds, frames, kinds := uint64(4), 1000, map[EventKind]int{}
	if testing.Short() || raceEnabled {
		seeds, frames = 1, 600
	}
	for seed := range seeds {
		records := broken(t, seed, frames)
		replay := NewReplay(nil)
		var tokens []string
		for _, m := range feedtest.New(feedtest.Options{Seed: seed, Markets: 2}).Markets() {
			tokens = append(tokens, m.Yes, m.No)
		}
		sub := replay.Watch(tokens...)
		early := sub.listen()
		var late *listener
		seen := make([]map[string][]View, 2) // by each of the two, after each record that made it another one
		for i := range seen {
			seen[i] = map[string][]View{}
		}
		for i := range records {
			if i == len(records)/2 {
				late = sub.listen()
				for _, a := range sub.Assets() {
					seen[1][a.ID()] = append(seen[1][a.ID()], a.View())
				}
			}
			_ = replay.Step(records[i])
			for _, a := range sub.Assets() {
				v := a.View()
				for j := range seen {
					if list := seen[j][v.Asset]; j == 0 || late != nil && !slices.ContainsFunc(list[max(0, len(list)-1):], func(o View) bool { return o.Status == v.Status }) {
						seen[j][v.Asset] = append(list, v)
					}
				}
			}
		}
		replay.End()
		for _, a := range sub.Assets() {
			for j := range seen {
				seen[j][a.ID()] = append(seen[j][a.ID()], a.View())
			}
		}
		for i, l := range []*listener{early, late} {
			follow(t, l, seen[i], kinds)
			l.stop()
		}
		unfollowed(t, replay.shard)
	}
	for _, kind := range []EventKind{SnapshotEvent, LevelEvent, TradeEvent, StateEvent} {
		if kinds[kind] < 5 {
			t.Errorf("%d of %v", kinds[kind], kind)
		}
	}
}

// follow applies a listener's events and looks for each of the views that readers saw,
// in order, among what they lead to.
func follow(t *testing.T, l *listener, seen map[string][]View, kinds map[EventKind]int) {
	t.Helper()
	models := map[string]*model{}
	if err := l.events(t.Context(), func(e Event) bool {
		kinds[e.Kind]++
		m := models[e.Asset]
		if m == nil {
			m = new(model)
			models[e.Asset] = m
		} else if m.whole {
			passed(m, seen, e.Asset)
		}
		m.apply(t, &e)
		return true
	}); !errors.Is(err, ErrEnded) {
		t.Fatalf("ended by %v", err)
	}
	for id, m := range models {
		passed(m, seen, id)
		if rest := seen[id]; len(rest) > 0 {
			t.Fatalf("%s: no events lead to version %d, %+v; they do to %d, %+v", id, rest[0].Version, rest[0].Status, m.version, m.status)
		}
	}
}

// passed drops the views that a model is, from the first on.
func passed(m *model, seen map[string][]View, id string) {
	list := seen[id]
	for len(list) > 0 && m.is(&list[0]) {
		list = list[1:]
	}
	seen[id] = list
}

// TestEventsBesideTheWriter: two consumers at once get all events, and a stuck one
// keeps nobody waiting.
func TestEventsBesideTheWriter(t *testing.T) {
	defer goleak.VerifyNone(t)
	records := broken(t, 31, 1000)
	replay := NewReplay(nil)
	m := feedtest.New(feedtest.Options{Seed: 31, Markets: 2}).Markets()[0]
	sub := replay.Watch(m.Yes, m.No)
	var consumers sync.WaitGroup
	stuck, began := make(chan struct{}), sync.WaitGroup{}
	models := make([]map[string]*model, 2)
	began.Add(len(models) + 1)
	for i := range models {
		models[i] = map[string]*model{m.Yes: {}, m.No: {}}
		consumers.Go(func() {
			first := sync.OnceFunc(began.Done)
			for e := range sub.Events(t.Context()) {
				models[i][e.Asset].apply(t, &e)
				first()
			}
		})
	}
	consumers.Go(func() {
		first := sync.OnceFunc(began.Done)
		for range sub.Events(t.Context()) {
			first()
			<-stuck
		}
	})
	began.Wait()
	for i := range records {
		_ = replay.Step(records[i])
	}
	replay.End()
	close(stuck)
	consumers.Wait()
	for i := range models {
		for id, m := range models[i] {
			if v := replay.Asset(id).View(); !m.is(&v) {
				t.Errorf("consumer %d of %s ended with version %d, %+v; want %d, %+v", i, id, m.version, m.status, v.Version, v.Status)
			}
		}
	}
	unfollowed(t, replay.shard)
}

// TestEventsInOrder: what a frame does, and in which order it is told.
func TestEventsInOrder(t *testing.T) {
	sc := opened(t)
	sub, _ := sc.subscribe()
	next := pulled(t, sub.Events)
	expect := func(kind EventKind, version uint64, last bool) Event {
		t.Helper()
		e := next()
		if e.Kind != kind || e.Version != version || e.Last != last {
			t.Errorf("%v of version %d, last %v; want %v of %d, %v", e.Kind, e.Version, e.Last, kind, version, last)
		}
		return e
	}
	if e := expect(SnapshotEvent, 1, true); e.Asset != yesToken || e.Status.State != Live || e.View.Version != 1 || e.Received().IsZero() {
		t.Errorf("%+v", e)
	}
	if e := expect(SnapshotEvent, 0, true); e.Asset != noToken || e.Status.State != Syncing {
		t.Errorf("%+v", e)
	}
	const end = "40x10 42x1 | 60x7 61x8"
	sc.step(changesText([]string{"41x0 |", "42x1 |", "42x1 |"}, end, startTime+5, hashOf(yesToken, end, startTime+5, scriptTerms)))
	if e := expect(LevelEvent, 2, false); e.Level != (book.Change{Side: book.Bid, Price: 410_000, Old: 5 * book.Share}) || e.Time != startTime+5 {
		t.Errorf("%+v", e)
	}
	if e := expect(LevelEvent, 2, true); e.Level.New != book.Share || e.Check != Proved { // and nothing of the repeat
		t.Errorf("%+v", e)
	}
	sc.step(`{"market":"` + condition + `","asset_id":"` + yesToken + `","price":"0.6","size":"3","side":"BUY","timestamp":"1800000000006",` +
		`"fee_rate_bps":"5","transaction_hash":"0xab","event_type":"last_trade_price"}`)
	if e := expect(TradeEvent, 3, true); *e.Trade != (Trade{600_000, 3 * book.Share, book.Bid, startTime + 6, "5", "0xab"}) {
		t.Errorf("%+v", e.Trade)
	}
	sc.step(`{"market":"` + condition + `","asset_id":"` + yesToken + `","old_tick_size":"0.01","new_tick_size":"0.001","timestamp":"1800000000007","event_type":"tick_size_change"}`)
	if e := expect(TickEvent, 4, true); e.TickSize != 1000 {
		t.Errorf("%+v", e)
	}
	sc.control(feed.Closed)
	if e := expect(StateEvent, 4, true); e.Status.State != Stale || e.Status.Reason != Disconnected || e.Epoch != 1 {
		t.Errorf("%+v", e.Status)
	}
	sc.book(opening, startTime+50)
	if e := expect(TickEvent, 5, false); e.TickSize != 10_000 {
		t.Errorf("%+v", e)
	}
	if e := expect(SnapshotEvent, 5, false); !e.View.Snapshot.Equal(bookOf(opening).Snapshot()) || e.Epoch != 2 {
		t.Errorf("%+v", e.View)
	}
	if e := expect(StateEvent, 5, true); e.Status.State != Live || e.Status.Version != 5 {
		t.Errorf("%+v", e.Status)
	}
	// A top that settles is told of before the change that makes it.
	sc.change("| 41x1", "40x10 | 41x1 60x7 61x8", startTime+60)
	if e := expect(StateEvent, 6, false); !e.Status.Settling || e.Status.Reason != Crossed {
		t.Errorf("%+v", e.Status)
	}
	expect(LevelEvent, 6, true)
	sc.change("41x0 |", "40x10 | 41x1 60x7 61x8", startTime+60)
	expect(LevelEvent, 7, false)
	if e := expect(StateEvent, 7, true); e.Status.Settling {
		t.Errorf("%+v", e.Status)
	}
	sc.book("40x10 | 41x1 60x7 61x8", startTime+60) // as it is: nothing to tell
	sc.wait(0)
	sc.step(`{"event_type":"market_resolved","market":"` + condition + `","assets_ids":["` + yesToken + `"],"timestamp":"1800000000070"}`)
	if e := expect(StateEvent, 9, true); e.Status.State != Gone {
		t.Errorf("%+v", e.Status)
	}
}

// levelEvents makes one version of a token with n changes of levels, as the writer does.
func levelEvents(s *shard, t *token, n int) {
	s.hide(t)
	for i := range n {
		c := feed.Change{Side: book.Bid, Price: book.Dollar / 2, Size: book.Size(i + 1)}
		t.watch.level(&c, book.Size(i))
	}
	t.version++
	if n := len(t.watch.pending); n > maxQueued+1 {
		panic("no queue holds what is kept for it")
	}
	s.release()
}

// TestLagged crosses the bound of the queue exactly: what it holds is delivered, and
// one event more is the end, for that consumer alone.
func TestLagged(t *testing.T) {
	for name, c := range map[string]struct {
		batches []int
		want    error
	}{
		"full":        {[]int{1000, maxQueued - 1001, 1}, ErrEnded},
		"over":        {[]int{1000, maxQueued - 1000, 1}, ErrLagged},
		"over at end": {[]int{1000, maxQueued - 999}, ErrLagged},
		"one record":  {[]int{maxQueued + 5000}, ErrLagged},
	} {
		t.Run(name, func(t *testing.T) {
			sc := opened(t)
			ended := make(chan struct{})
			sub := newSubscription(ended, []*Asset{sc.token().readers}, nil)
			other := sub.listen()
			defer other.stop()
			got, others := 0, 0
			for e := range sub.Events(t.Context()) {
				got++
				if e.Kind != SnapshotEvent {
					continue
				}
				for i, n := range c.batches {
					levelEvents(sc.s, sc.token(), n)
					if i == 0 {
						for c, _ := other.queue.take(nil); c != nil; c, _ = other.queue.take(c) {
							others += c.n
						}
					}
				}
				close(ended)
			}
			want := 1
			if errors.Is(c.want, ErrEnded) {
				want += maxQueued
			}
			if !errors.Is(sub.Err(), c.want) || got != want {
				t.Errorf("%d events and %v, want %d and %v", got, sub.Err(), want, c.want)
			}
			if len(c.batches) > 1 && (others != c.batches[0] || other.queue.lagged) {
				t.Errorf("the other consumer got %d events, lagged %v", others, other.queue.lagged)
			}
			for e := range sub.Events(t.Context()) { // anew
				if e.Version != sc.token().version {
					t.Errorf("version %d", e.Version)
				}
			}
			if cap(sc.token().watch.pending) > maxScratch || cap(sc.token().watch.batch) > maxScratch {
				t.Error("the memory of a large record is kept")
			}
		})
	}
}

// TestEventsOfSwappedBooks: the book turns out to be another one, or returns to an
// earlier state, or a refresh is what it might have been.
func TestEventsOfSwappedBooks(t *testing.T) {
	const a, b = "40x2 41x1 | 60x1 61x1", "40x3 41x1 | 60x1 61x1"
	for name, steps := range map[string][]func(sc *script){
		"exchange": {
			func(sc *script) { sc.change("40x2 |", a, startTime+5) },
			func(sc *script) { sc.change("40x3 |", b, startTime+5) },
			func(sc *script) { sc.change("40x2 |", a, startTime+5) },
			func(sc *script) { sc.change("41x9 |", "40x3 41x9 | 60x1 61x1", startTime+6) },
		},
		"amid changes": { // of the same frame
			func(sc *script) {
				change := func(entry, end string, ms int64) string {
					return changesText([]string{entry}, end, ms, hashOf(yesToken, end, ms, scriptTerms))
				}
				other := "42x9 | 60x1"
				sc.step("[" + change("40x2 |", a, startTime+5) + "," +
					bookText(other, startTime+6, hashOf(yesToken, other, startTime+6, scriptTerms)) + "," +
					change("42x8 |", "42x8 | 60x1", startTime+7) + "]")
			},
			func(sc *script) { sc.book(a, startTime+9) },
		},
		"refresh": {
			func(sc *script) { sc.change("40x2 |", a, startTime+5) },
			func(sc *script) { sc.change("40x3 |", b, startTime+5) },
			func(sc *script) { sc.change("40x2 |", a, startTime+5) },
			func(sc *script) { sc.book(b, startTime+6) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			sc := steady(t)
			sub := newSubscription(nil, []*Asset{sc.token().readers}, nil)
			next := pulled(t, sub.Events)
			m, whole := new(model), 0
			for _, step := range append([]func(sc *script){func(*script) {}}, steps...) {
				step(sc)
				for last := false; !last; {
					e := next()
					m.apply(t, &e)
					if last = e.Last; e.Kind == SnapshotEvent {
						whole++
					}
				}
				if v := sc.view(); !m.is(&v) || m.version != v.Version {
					t.Errorf("version %d, the view is %d", m.version, v.Version)
				}
			}
			if whole != 3 {
				t.Errorf("%d whole books", whole)
			}
		})
	}
}
