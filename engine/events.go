package engine

import (
	"context"
	"iter"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// EventKind is what an [Event] tells.
type EventKind uint8

// The kinds of events.
const (
	// SnapshotEvent: the whole book, in View. The first event of each token is one.
	// Further ones come where a whole book took the place of another: the first that
	// the exchange sent, or one that differed. The levels of its version are in it.
	SnapshotEvent EventKind = iota + 1
	// LevelEvent: Level has changed, from Old to New; New is 0 where it was removed.
	LevelEvent
	// TradeEvent: Trade was printed. It changes no level, see [feed.Trade].
	TradeEvent
	// TickEvent: TickSize has changed. The levels stay.
	TickEvent
	// StateEvent: state, reason, settling or epoch have changed, as Status says.
	StateEvent
)

// String returns the name in lower case.
func (k EventKind) String() string {
	switch k {
	case SnapshotEvent:
		return "snapshot"
	case LevelEvent:
		return "level"
	case TradeEvent:
		return "trade"
	case TickEvent:
		return "tick"
	case StateEvent:
		return "state"
	default:
		return "invalid event"
	}
}

// Event is one thing that happened to a token. What it points to is immutable.
type Event struct {
	Kind EventKind
	// Last says that nothing more belongs to this version: what the events have led
	// to is a book as readers saw it, and not the middle of a frame.
	Last bool
	// Check is that of the version when it was published. A proof that comes later is
	// no event; views have it.
	Check Check
	index int32 // in the subscription, of Asset

	Asset string // the token
	// Epoch and Version are those of the book once all events of the version have
	// been applied. They never go back; a frame that changed nothing has a version and
	// no events.
	Epoch, Version uint64
	// Time is the exchange's, of the version.
	Time     feed.Timestamp
	received instant

	Level    book.Change // of a LevelEvent
	TickSize book.Price  // of a TickEvent
	Trade    *Trade      // of a TradeEvent, otherwise nil
	// View is the version, of a SnapshotEvent, otherwise nil.
	View *View
	// Status is that of the version, of a SnapshotEvent or StateEvent, otherwise nil.
	Status *Status
}

// Received returns when the frame came that made the version. It is zero for a state
// that the lease made.
func (e *Event) Received() time.Time { return e.received.time() }

// Trade is a match of a maker and a taker, as the exchange printed it.
type Trade struct {
	Price book.Price
	Size  book.Size
	Side  book.Side      // of the taker: Bid bought
	Time  feed.Timestamp // of the trade
	// FeeRateBPS is a number, TransactionHash "0x" and 64 digits; both may be empty.
	FeeRateBPS, TransactionHash string
}

// Events yields everything that happens to the tokens, in the order in which it does
// for each of them: at first a snapshot of each token, then changes of levels, trades,
// tick sizes and states. Applied to the snapshots, the events up to one that is Last
// make the book of its version. A state that is not to be traded on comes before the
// other events of its version, one that is after them.
//
// A frame that concerns a token puts its events into a queue for each iterator, which
// holds 65,536 events that have not been looked at; a snapshot counts as 4 and one for
// each 4 of its levels, a state as 3, a trade as 2. That is 8 MB. A consumer for whom
// that is not enough gets no more of what is in the queue: the loop ends, and
// [Subscription.Err] returns [ErrLagged]. It begins anew with the next loop.
//
// If the engine hangs, each live token gets a StateEvent when its lease runs out, and
// another one when it goes on. Such an event is the consumer's alone, and of the
// version that it has come to.
//
// The loop ends otherwise as one over [Subscription.Changes].
func (s *Subscription) Events(ctx context.Context) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		l := s.listen()
		defer l.stop()
		s.iteratorEnded(l.events(ctx, yield))
	}
}

// listener is an iterator over events.
type listener struct {
	waiter
	queue  eventQueue
	tokens []heard // indexed as the subscription's assets
	opened []Event // the snapshots to begin with
}

// heard is what a consumer knows of a token.
type heard struct {
	status  *Status // but for the lease
	version uint64
	lease   *vouched
	stalled bool // the consumer has been told so
}

// listen begins to keep what happens.
func (s *Subscription) listen() *listener {
	l := &listener{
		waiter: newWaiter(s),
		tokens: make([]heard, len(s.assets)), opened: make([]Event, len(s.assets)),
	}
	l.queue.notify = l.notify
	for i := range l.leases {
		v := &l.leases[i]
		for _, at := range v.tokens {
			l.tokens[at].lease = v
		}
	}
	for i, a := range s.assets {
		market := a.lock()
		t := a.token
		w := t.watched()
		w.queues = append(w.queues, listening{&l.queue, int32(i)})
		v := t.view()
		received := t.received
		market.mu.Unlock()
		l.opened[i] = Event{
			Kind: SnapshotEvent, Last: true, Check: v.Check, index: int32(i),
			Asset: a.id, Epoch: v.Epoch, Version: v.Version, Time: v.Time, received: received,
			View: &v, Status: &v.Status,
		}
	}
	return l
}

// stop undoes listen.
func (l *listener) stop() {
	for _, a := range l.sub.assets {
		market := a.lock()
		w := a.token.watch
		for i := range w.queues {
			if w.queues[i].queue == &l.queue {
				last := len(w.queues) - 1
				w.queues[i] = w.queues[last]
				w.queues[last] = listening{}
				w.queues = w.queues[:last]
				break
			}
		}
		a.token.unwatched()
		market.mu.Unlock()
	}
	l.waiter.stop()
}

// events yields until there is a reason not to, which it returns.
func (l *listener) events(ctx context.Context, yield func(Event) bool) error {
	next := l.opened
	l.opened = nil
	var chunk *eventChunk
	for {
		for i := range next {
			if err := l.sub.interrupted(ctx); err != nil {
				return err
			}
			if !yield(l.hear(&next[i])) {
				return nil
			}
		}
		if !l.turned(func(v *vouched) bool { return l.tellLease(v, yield) }) {
			return nil
		}
		var err error
		for chunk, err = l.queue.take(chunk); chunk == nil; chunk, err = l.queue.take(nil) {
			if err == nil {
				err = l.wait(ctx, 0)
			} else if e := l.sub.interrupted(ctx); e != nil {
				err = e // which the consumer knows of, and would have ended it anyway
			}
			if err != nil {
				return err
			}
			if !l.turned(func(v *vouched) bool { return l.tellLease(v, yield) }) {
				return nil
			}
		}
		next = chunk.events[:chunk.n]
	}
}

// hear takes note of an event, and returns it as the consumer is to see it: while the
// lease is over, live is stale.
func (l *listener) hear(e *Event) Event {
	t := &l.tokens[e.index]
	t.version = e.Version
	if e.Status == nil {
		return *e
	}
	t.status = e.Status
	if t.stalled = e.Status.State == Live && t.lease.lease.over(); !t.stalled {
		return *e
	}
	t.lease.some = true
	told := *e
	if e.View != nil {
		v := *e.View
		told.View, told.Status = &v, &v.Status
	} else {
		s := *e.Status
		told.Status = &s
	}
	told.Status.stall(t.lease.lease)
	return told
}

// tellLease tells the live tokens of a lease that it has run out, or that it has been
// renewed.
func (l *listener) tellLease(v *vouched, yield func(Event) bool) bool {
	for _, i := range v.tokens {
		t := &l.tokens[i]
		if t.stalled == v.over || t.status.State != Live {
			continue
		}
		t.stalled = v.over
		s := *t.status
		s.Version = t.version
		if v.over {
			s.stall(v.lease)
		}
		e := Event{
			Kind: StateEvent, Last: true, Check: s.Check, index: int32(i),
			Asset: l.sub.assets[i].id, Epoch: s.Epoch, Version: s.Version, Time: s.Time, Status: &s,
		}
		if !yield(e) {
			return false
		}
	}
	return true
}
