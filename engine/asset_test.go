package engine

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
)

func expectStateError(t *testing.T, err error, state State, reason Reason) {
	t.Helper()
	e, ok := errors.AsType[*StateError](err)
	if !ok || e.State != state || e.Reason != reason {
		t.Errorf("error %v, want %v, %v", err, state, reason)
	}
}

// TestTopOfEachState follows a token through its states: what is published is
// what a view says.
func TestTopOfEachState(t *testing.T) {
	sc := newScript(t)
	sc.change("40x1 |", "40x1 | 60x7", startTime)
	a := sc.token().readers
	_, err := a.Top()
	expectStateError(t, err, Syncing, Initial)

	sc.book(opening, startTime+1)
	if top, err := a.Top(); err != nil || top.Top != sc.view().Snapshot.Top() || top.Epoch != 1 || top.Time != startTime+1 {
		t.Errorf("%+v, %v", top, err)
	}
	before, _ := a.Top()
	sc.change("40x1 |", "40x1 41x5 | 60x7 61x8", startTime+2)
	if after, _ := a.Top(); after != before || sc.view().Version == before.Version {
		t.Errorf("published %+v, although the top is as it was", after)
	}
	sc.change("61x0", "40x1 41x5 | 60x7 61x8", startTime+3) // bids above the ask
	sc.control(feed.Lost)
	_, err = a.Top()
	expectStateError(t, err, Stale, Gap)
	if !errors.Is(err, ErrNotLive) {
		t.Error("not ErrNotLive")
	}
	_, again := a.Top()
	if !errors.Is(again, err) {
		t.Error("the error was made anew")
	}
	sc.book(opening, startTime+10)
	if top, err := a.Top(); err != nil || top.Epoch != 2 {
		t.Errorf("%+v, %v", top, err)
	}
	sc.step(`{"event_type":"market_resolved","market":"` + condition + `","assets_ids":["` + yesToken + `"],"timestamp":"1784578702354"}`)
	_, err = a.Top()
	expectStateError(t, err, Gone, Resolved)
}

// TestReadersBesideTheWriter reads tops and views of a replay while it goes on.
// Each view is one of those that a replay alone has between two records.
func TestReadersBesideTheWriter(t *testing.T) {
	frames := 4000
	if testing.Short() {
		frames = 800
	}
	r := record(t, feedtest.Options{Seed: 9, Markets: 2}, frames)
	type version struct {
		asset   string
		version uint64
	}
	known := map[version]book.Snapshot{}
	alone := r.shard(nil)
	for i := range r.frames {
		alone.apply(&r.frames[i].record)
		for _, tok := range alone.tokens {
			v := tok.view()
			known[version{v.Asset, v.Version}] = v.Snapshot
		}
	}
	s := r.shard(nil)
	s.apply(&r.frames[0].record)
	var done atomic.Bool
	var readers sync.WaitGroup
	for _, tok := range s.tokens {
		a := tok.readers
		readers.Go(func() {
			var last View
			var lastTop Top
			for !done.Load() {
				v := a.View()
				want, ok := known[version{v.Asset, v.Version}]
				if !ok || !want.Equal(v.Snapshot) || v.Version < last.Version {
					t.Errorf("%s: version %d is not that of the replay alone", v.Asset, v.Version)
					return
				}
				top, err := a.Top()
				if err == nil && (top.Version < lastTop.Version || known[version{v.Asset, top.Version}].Top() != top.Top) {
					t.Errorf("%s: %+v was not the top of its version", v.Asset, top)
					return
				}
				if err == nil {
					lastTop = top
				}
				last = v
			}
		})
	}
	for i := range r.frames[1:] {
		s.apply(&r.frames[i+1].record)
	}
	done.Store(true)
	readers.Wait()
}

// TestSteadyStateAllocatesNothing: decode, apply, prove, publish and read.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for name, limit := range map[string]int64{"proofs": 0, "no proofs": -1} {
		r := record(t, feedtest.Options{Seed: 4, Markets: 2}, 8000)
		replay := NewReplay(nil)
		replay.LimitProofs(limit)
		next := 0
		var touched []*Asset
		step := func() {
			f := &r.frames[next]
			next++
			if err := replay.Step(f.record); err != nil {
				t.Fatal(err)
			}
			touched = replay.AppendTouched(touched[:0])
			for _, a := range touched {
				if _, err := a.Top(); err != nil && !errors.Is(err, ErrSettling) {
					t.Fatal(err)
				}
			}
			if len(touched) < len(f.events) && len(touched) < 2 {
				t.Fatalf("line %d: %d tokens touched", next, len(touched))
			}
		}
		for next < 4000 {
			step()
		}
		// What is left is nodes that split, errors of tops that settle, and prints:
		// less than one in a hundred frames.
		const block = 100
		if n := testing.AllocsPerRun(30, func() {
			for range block {
				step()
			}
		}); n > 1 {
			t.Errorf("%s: %v allocations in %d frames", name, n, block)
		}
	}
}

// A view of a version that has been read before is the same one, and free.
func TestViewsOfOneVersion(t *testing.T) {
	sc := opened(t)
	a := sc.token().readers
	a.View()
	if n := testing.AllocsPerRun(100, func() { a.View() }); n != 0 && !raceEnabled {
		t.Errorf("%v allocations", n)
	}
}

// What is gone stays gone, whatever the lease.
func TestLeaseOfGone(t *testing.T) {
	sc := opened(t)
	sc.step(`{"event_type":"market_resolved","market":"` + condition + `","assets_ids":["` + yesToken + `"],"timestamp":"1784578702354"}`)
	sc.s.lease.until.Store(int64(sinceStart()) - 1)
	a := sc.token().readers
	_, err := a.Top()
	v := a.View()
	_, verr := v.Top()
	if !errors.Is(err, ErrGone) {
		t.Errorf("Top: %v; View: %v", err, verr)
	}
}

// A clone has readers of its own.
func TestCloneReaders(t *testing.T) {
	sc := opened(t)
	top, err := sc.s.clone().byID(yesToken).readers.Top()
	if want, _ := sc.token().readers.Top(); top.Top != want.Top || err != nil {
		t.Errorf("%+v %v, want %+v", top, err, want)
	}
}

// A frame makes one version, also when the book becomes the one that it may have
// been instead.
func TestOneVersionPerFrame(t *testing.T) {
	const a, b = "40x2 41x1 | 60x1 61x1", "40x3 41x1 | 60x1 61x1"
	sc := steady(t)
	sc.change("40x2 |", a, startTime+5)
	sc.change("40x3 |", b, startTime+5)
	sc.change("40x2 |", a, startTime+5) // back: proves nothing
	before := sc.view().Version
	sc.change("41x9 |", "40x3 41x9 | 60x1 61x1", startTime+6) // the next run says that it was b after all
	v := sc.view()
	if v.Version != before+1 {
		t.Errorf("one frame, versions %d to %d", before, v.Version)
	}
}

// A token without a book has no versions.
func TestTouchedHaveVersions(t *testing.T) {
	replay := NewReplay(nil)
	frame := changesText([]string{"40x1 |"}, "40x1 | 60x7", startTime, feed.HashOf([20]byte{1}))
	_ = replay.Step(feed.Record{Time: time.UnixMilli(startTime), Frame: []byte(frame)})
	for _, a := range replay.AppendTouched(nil) {
		if v := a.View(); v.Version == 0 {
			t.Errorf("touched, version %d", v.Version)
		}
	}
}

// The book may be one of two, and only one has room for a change.
func TestOtherFull(t *testing.T) {
	sc := opened(t)
	tok := sc.token()
	tok.readers.View()
	tok.other = book.New()
	for p := book.Price(100); p < book.Dollar; p += 100 {
		if _, err := tok.other.Set(book.Bid, p, 1); err != nil {
			t.Fatal(err)
		}
	}
	tok.run.ambiguous = true
	sc.step(changesText([]string{"| 62x3"}, "40x10 41x5 | 60x7 61x8 62x3", startTime+1, hashOf(yesToken, "40x10 41x5 | 60x7 61x8 62x3", startTime+1, scriptTerms)))
	tok.other = nil
	if v := tok.readers.View(); !v.Snapshot.Equal(tok.book.Snapshot()) {
		t.Errorf("version %d is not the book", v.Version)
	}
}
