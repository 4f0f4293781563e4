package engine

import (
	"errors"
	"math/rand/v2"
	"testing"
)

// TestQueueKeepsOrder: what is put in comes out, once and in order, and the memory of
// it is used again.
func TestQueueKeepsOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	notified := 0
	q := &eventQueue{notify: func() { notified++ }}
	var put, taken uint64
	var chunk *eventChunk
	take := func() {
		was := q.head == nil
		c, err := q.take(chunk)
		if chunk = c; err != nil || was != (c == nil) {
			t.Fatal(c, err)
		}
		if c == nil {
			return
		}
		for _, e := range c.events[:c.n] {
			if e.Version != taken || e.index != int32(taken%7) {
				t.Fatalf("version %d of %d, want %d", e.Version, e.index, taken)
			}
			taken++
		}
	}
	for range 3000 {
		if random.IntN(3) > 0 {
			take()
			if q.spare != nil && q.spare.events != [chunkSize]Event{} {
				t.Fatal("events are kept that have been read")
			}
			continue
		}
		empty, before := q.head == nil, notified
		for range random.IntN(20) {
			batch := make([]Event, random.IntN(40))
			for i := range batch {
				batch[i] = Event{Kind: LevelEvent, Version: put}
				q.push(batch[i:i+1], int32(put%7))
				put++
			}
			if empty && put > taken && notified == before {
				t.Fatal("not notified")
			}
		}
		if q.units > int(put-taken) {
			t.Fatalf("%d units, %d events", q.units, put-taken)
		}
	}
	for taken < put {
		take()
	}
	if q.units != 0 || q.head != nil || q.tail != nil {
		t.Errorf("%d units left", q.units)
	}
}

// A queue that has lagged keeps nothing, and takes nothing in.
func TestLaggedQueueIsEmpty(t *testing.T) {
	notified := 0
	q := &eventQueue{notify: func() { notified++ }}
	big := make([]Event, maxQueued)
	for i := range big {
		big[i].Kind = LevelEvent
	}
	q.push(big, 0)
	q.push(big[:1], 0)
	q.push(big[:1], 0)
	if q.head != nil || q.tail != nil || q.units != 0 || notified != 2 {
		t.Errorf("%d units, notified %d times", q.units, notified)
	}
	if c, err := q.take(nil); c != nil || !errors.Is(err, ErrLagged) {
		t.Error(err)
	}
}

// What events keep in memory counts, not only how many there are.
func TestUnitsOfEvents(t *testing.T) {
	sc := opened(t)
	v := sc.view()
	for _, c := range []struct {
		e    Event
		want int
	}{
		{Event{Kind: SnapshotEvent, View: &v}, 5},
		{Event{Kind: StateEvent}, 3},
		{Event{Kind: TradeEvent}, 2},
		{Event{Kind: LevelEvent}, 1},
		{Event{Kind: TickEvent}, 1},
	} {
		if got := c.e.units(); got != c.want {
			t.Errorf("%v: %d", c.e.Kind, got)
		}
	}
	if EventKind(0).String() != "invalid event" {
		t.Error("0 is a kind")
	}
}
