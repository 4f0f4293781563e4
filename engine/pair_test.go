package engine

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/truebook/feed/feedtest"
)

// TestBothTokensAtOnce: whatever a frame does to the two, a read of both has all of it
// or nothing: on this exchange their books mirror each other at each version.
func TestBothTokensAtOnce(t *testing.T) {
	r := record(t, feedtest.Options{Seed: 6}, 1500)
	m := feedtest.New(feedtest.Options{Seed: 6}).Markets()[0]
	replay := NewReplay(nil)
	sub := replay.Watch(m.No, m.Yes)
	if _, err := sub.Market(m.Condition); !errors.Is(err, ErrNotPaired) {
		t.Errorf("before the first event: %v", err)
	}
	_ = replay.Step(r.frames[0].record)
	both, err := sub.Market(m.Condition)
	if err != nil {
		t.Fatal(err)
	}
	var done atomic.Bool
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for !done.Load() {
				no, yes, err := both.View()
				derived := yes.Complement()
				switch {
				case err != nil || no.Asset != m.No || yes.Asset != m.Yes:
					t.Errorf("%s and %s, %v", no.Asset, yes.Asset, err)
					return
				case no.Version == yes.Version && !derived.Snapshot.Equal(no.Snapshot):
					t.Errorf("version %d: the two are not of one instant", no.Version)
					return
				}
			}
		})
	}
	for i := range r.frames[1:] {
		_ = replay.Step(r.frames[i+1].record)
	}
	done.Store(true)
	readers.Wait()
}

// TestNotPaired: tokens of two markets, one of two, and a market that nobody knows.
func TestNotPaired(t *testing.T) {
	r := record(t, feedtest.Options{Seed: 6, Markets: 2}, 1)
	markets := feedtest.New(feedtest.Options{Seed: 6, Markets: 2}).Markets()
	replay := NewReplay(nil)
	_ = replay.Step(r.frames[0].record)
	sub := replay.Watch(markets[0].Yes, markets[1].Yes)
	for _, id := range []string{markets[0].Condition, markets[1].Condition, "", "0x0"} {
		if b, err := sub.Market(id); !errors.Is(err, ErrNotPaired) {
			t.Errorf("%q: %+v, %v", id, b, err)
		}
	}
	b := &MarketBooks{sub.Assets()[0], sub.Assets()[1]}
	if _, _, err := b.View(); !errors.Is(err, ErrNotPaired) {
		t.Error(err)
	}
}

// TestComplement: it says what it is, and the complement of it is the book again.
func TestComplement(t *testing.T) {
	sc := opened(t)
	v := sc.view()
	c := v.Complement()
	top, err := c.Top()
	if !c.Derived || err != nil || top != v.Snapshot.Top().Complement() || c.Asset != yesToken || c.Version != v.Version {
		t.Errorf("%+v, %+v, %v", c.Status, top, err)
	}
	if back := c.Complement(); back.Derived || !back.Snapshot.Equal(v.Snapshot) {
		t.Errorf("%+v", back)
	}
	sc.s.hide(sc.token())
	sc.token().demote(HashMismatch, sc.s.now)
	sc.s.release()
	v = sc.view()
	c = v.Complement()
	if _, err := c.Top(); !errors.Is(err, ErrStale) {
		t.Error(err)
	}
}
