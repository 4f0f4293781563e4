package user

import (
	"context"
	"errors"
	"iter"
)

// EventKind is what an [Event] tells.
type EventKind uint8

// The kinds.
const (
	SnapshotEvent EventKind = iota // all that is known: View. The first of [Account.Events]
	OrderEvent                     // an order is new, or has changed: Order, as it is now
	FillEvent                      // a fill is new, or its status has changed: Fill, as it is now
	StateEvent                     // own state is known, or not known any more: Known and Reason
)

// Event is a change of own state.
type Event struct {
	Kind    EventKind
	Version uint64 // of the [View] that has it
	View    *View
	Order   Order
	Fill    Fill
	Known   bool
	Reason  Reason
}

// maxQueued bounds what waits for who reads [Account.Events].
const maxQueued = 1 << 14

// ErrLagged says that who reads [Account.Events] was too slow: more than 16,384 events
// waited. What they told is in the next snapshot, but for trades that are forgotten by then.
var ErrLagged = errors.New("user: too slow a reader of events")

// follower is one who follows an account. Its fields are guarded by the account's lock.
type follower struct {
	wake chan struct{} // has room for one
	// each: every event is kept. lagged: they were too many, and none is kept since.
	each, lagged bool
	events       []Event
	seen         uint64 // the version of the last View that was returned
	seenKnown    bool   // and whether it was known: of a process that stalled, no version tells
	begun        bool
}

// push tells a follower of news. It never waits.
func (f *follower) push(news []Event) {
	if f.each && !f.lagged {
		if len(f.events)+len(news) > maxQueued {
			f.lagged, f.events = true, nil
		} else {
			f.events = append(f.events, news...)
		}
	}
	f.rouse()
}

func (f *follower) rouse() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// follow adds a follower, and returns what ends that.
func (a *Account) follow(f *follower) (leave func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.followers[f] = struct{}{}
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.followers, f)
	}
}

// Changes returns own state, now and whenever it has changed: the newest each time, so that
// who is slow misses what was in between, and delays nobody. It ends with the context, and
// after the state that it has when [Account.Run] has returned.
func (a *Account) Changes(ctx context.Context) iter.Seq[*View] {
	return func(yield func(*View) bool) {
		f := &follower{wake: make(chan struct{}, 1)}
		defer a.follow(f)()
		for {
			view, isNew, over := a.newest(f)
			if isNew && !yield(view) || over {
				return
			}
			select {
			case <-f.wake:
			case <-ctx.Done():
				return
			}
		}
	}
}

// newest returns the present View, whether a follower has not seen it, and whether it is
// the last one.
func (a *Account) newest(f *follower) (v *View, isNew, over bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	v = a.view()
	isNew = !f.begun || v.Version != f.seen || v.Known != f.seenKnown
	f.begun, f.seen, f.seenKnown = true, v.Version, v.Known
	return v, isNew, a.isOver
}

// Events returns every change of own state, in order and none left out: first a
// snapshot, then what changes. It ends with the context, and when [Account.Run] has
// returned; and by [ErrLagged] for a reader that is too slow, who may begin again. Each
// iterator has a queue of its own.
func (a *Account) Events(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		f := &follower{wake: make(chan struct{}, 1), each: true}
		defer a.follow(f)()
		for {
			events, err, over := a.queued(f)
			for i := range events {
				if ctx.Err() != nil || !yield(events[i], nil) {
					return
				}
			}
			if err != nil {
				yield(Event{}, err)
				return
			}
			if over {
				return
			}
			select {
			case <-f.wake:
			case <-ctx.Done():
				return
			}
		}
	}
}

// queued returns what waits for a follower, and whether nothing comes after it.
//
//nolint:revive // the error is what comes after the events
func (a *Account) queued(f *follower) (events []Event, err error, over bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !f.begun {
		f.begun = true
		f.events = []Event{{Kind: SnapshotEvent, View: a.view(), Version: a.core.version}} // which has all that waits
	}
	if f.lagged {
		return nil, ErrLagged, false
	}
	events, f.events = f.events, nil
	return events, nil, a.isOver
}
