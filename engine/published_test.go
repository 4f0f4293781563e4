package engine

import (
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// sealed makes a top all of whose words follow from one number.
func sealed(n uint64) (next shownTop, version uint64, at feed.Timestamp, received instant) {
	size := book.Size(n << 20)
	top := book.Top{
		Bid: book.Level{Price: book.Price(n % 1000), Size: size},
		Ask: book.Level{Price: book.Price(n%1000 + 1), Size: math.MaxInt64 - size},
	}
	return shownTop{top: top, epoch: n + 1}, n + 2, feed.Timestamp(n + 3), instant(n + 4)
}

func isSealed(t Top) bool {
	n := t.Epoch - 1
	next, version, at, received := sealed(n)
	return t.Top == next.top && t.Version == version && t.Time == at && t.Received().Equal(received.time())
}

// TestTopsAreNeverTorn has readers copy while a writer publishes as fast as it
// can. Each copy is whole, and none is older than the one before.
func TestTopsAreNeverTorn(t *testing.T) {
	publications := uint64(3_000_000)
	if testing.Short() {
		publications = 200_000
	}
	a := &Asset{lease: new(lease)}
	p := &a.top
	p.show(sealed(0))
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			var last uint64
			reads, disturbed, busy := 0, 0, 0
			for last < publications {
				if _, ok := p.read(new(Top), 1); !ok {
					disturbed++
				}
				top, err := a.Top()
				if e := (*StateError)(nil); errors.As(err, &e) && e.Reason == Busy {
					busy++ // a writer without a pause can be ahead each time
					continue
				}
				if err != nil || !isSealed(top) || top.Epoch <= last {
					t.Errorf("%+v after epoch %d", top, last)
					return
				}
				last = top.Epoch - 1
				reads++
			}
			t.Logf("%d reads, %d of as many single attempts disturbed, %d reads given up", reads, disturbed, busy)
		})
	}
	for n := range publications {
		p.show(sealed(n + 1))
	}
	readers.Wait()
}

// TestSlowWriterKeepsNobodyWaiting stops a writer in the middle of a publication:
// readers go on with the last one.
func TestSlowWriterKeepsNobodyWaiting(t *testing.T) {
	var p published
	p.show(sealed(7))
	s := &p.slots[(p.turn.Load()+1)&1]
	s.prices.Store(1)
	s.bidSize.Store(2)
	var top Top
	if err, ok := p.read(&top, 1); !ok || err != nil || !isSealed(top) {
		t.Errorf("%+v, %v, %v", top, err, ok)
	}
}

func TestAttemptsAreBounded(t *testing.T) {
	var p published
	p.show(sealed(7))
	var top Top
	if _, ok := p.read(&top, 0); ok || top != (Top{}) {
		t.Errorf("%+v without an attempt", top)
	}
}

func TestShownOnlyIfNew(t *testing.T) {
	sc := opened(t)
	turn := sc.token().readers.top.turn.Load()
	sc.change("40x1 |", "40x1 41x5 | 60x7 61x8", startTime+1)
	if now := sc.token().readers.top.turn.Load(); now != turn {
		t.Error("published, although the top is as it was")
	}
	sc.change("41x6 |", "40x1 41x6 | 60x7 61x8", startTime+2)
	if now := sc.token().readers.top.turn.Load(); now != turn+1 {
		t.Errorf("published %d times", now-turn)
	}
}

func TestLease(t *testing.T) {
	sc := opened(t)
	a := sc.token().readers
	if _, err := a.Top(); err != nil {
		t.Fatal(err)
	}
	sc.s.lease.until.Store(int64(sinceStart() + time.Hour))
	if _, err := a.Top(); err != nil {
		t.Fatal(err)
	}
	sc.s.lease.until.Store(int64(sinceStart()) - 1)
	_, err := a.Top()
	expectStateError(t, err, Stale, Stalled)
	v := a.View()
	if v.State != Stale || v.Reason != Stalled || v.Since.After(time.Now()) {
		t.Errorf("%+v", v.Status)
	}
	_, err = v.Top()
	expectStateError(t, err, Stale, Stalled)
}
