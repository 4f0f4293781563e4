package engine

import (
	"sync"

	"example.com/truebook/book"
)

// maxQueued bounds an event queue, in units of the memory of an event.
const maxQueued = 1 << 16

// chunkSize is how many events are handed over at once. Two chunks are all that a
// consumer who keeps up needs.
const chunkSize = 128

// eventQueue is what waits for the consumer of one iterator over events. Writers put
// events in, under the locks of their tokens' markets; its own lock is never held for
// longer than it takes to copy the events of one record.
type eventQueue struct {
	mu         sync.Mutex
	head, tail *eventChunk // head is the first to be taken
	spare      *eventChunk // that was read, nil if there is none
	// units is what is in the chunks from head to tail, at most maxQueued.
	units int
	// lagged: maxQueued was not enough. Nothing is kept since.
	lagged bool
	notify func() // must not wait
}

// eventChunk is a part of a queue.
type eventChunk struct {
	next   *eventChunk
	n      int // of events that are used
	units  int
	events [chunkSize]Event
}

// units returns the memory that an event keeps, in that of an Event without anything
// (120 bytes). A level of a snapshot may be all that keeps 30 bytes of a tree.
func (e *Event) units() int {
	switch e.Kind {
	case SnapshotEvent:
		return 4 + (e.View.Snapshot.Len(book.Bid)+e.View.Snapshot.Len(book.Ask))/4
	case StateEvent:
		return 3
	case TradeEvent:
		return 2
	case LevelEvent, TickEvent:
	}
	return 1
}

// push appends the events of one record and token, all or none of them.
func (q *eventQueue) push(events []Event, index int32) {
	units := 0
	for i := range events {
		units += events[i].units()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.lagged {
		return
	}
	if q.head == nil {
		q.notify()
	}
	if q.units+units > maxQueued {
		q.lagged = true
		q.head, q.tail, q.spare, q.units = nil, nil, nil, 0
		q.notify()
		return
	}
	q.units += units
	for i := range events {
		c := q.tail
		if c == nil || c.n == chunkSize {
			c = q.extend()
		}
		e := &c.events[c.n]
		*e = events[i]
		e.index = index
		c.n++
		c.units += e.units()
	}
}

// extend appends an empty chunk.
func (q *eventQueue) extend() *eventChunk {
	c := q.spare
	if q.spare = nil; c == nil {
		c = new(eventChunk)
	}
	if q.tail == nil {
		q.head = c
	} else {
		q.tail.next = c
	}
	q.tail = c
	return c
}

// take returns the next chunk, nil if there is none, and takes back the one that was
// returned before, unless it is nil. It fails with ErrLagged.
func (q *eventQueue) take(read *eventChunk) (*eventChunk, error) {
	if read != nil {
		clear(read.events[:read.n])
		read.n, read.units = 0, 0
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.lagged {
		return nil, ErrLagged
	}
	if read != nil {
		q.spare = read
	}
	c := q.head
	if c == nil {
		return nil, nil
	}
	if q.head = c.next; q.head == nil {
		q.tail = nil
	}
	c.next = nil
	q.units -= c.units
	return c, nil
}
