package engine

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// Why an iterator of a [Subscription] ended, or what it waited for did not come.
var (
	// ErrClosed says that the subscription was closed.
	ErrClosed = errors.New("engine: subscription closed")
	// ErrEnded says that the engine ended, or the recording that a [Replay] was
	// driven by.
	ErrEnded = errors.New("engine: ended")
	// ErrLagged says that a consumer of [Subscription.Events] was too slow: more
	// had happened than its queue holds.
	ErrLagged = errors.New("engine: events lost, consumer too slow")
	// ErrNotPaired says that two tokens are not known to be those of one market on
	// one connection.
	ErrNotPaired = errors.New("engine: not the two tokens of one market on one connection")
)

// Subscription is an interest in some tokens. Its methods may be called by any
// number of goroutines, and any number of iterators may run at once: each has a
// state of its own, and none keeps the engine or another one waiting.
type Subscription struct {
	assets []*Asset // no token twice
	byID   map[string]*Asset
	// ended is closed when the owner has written for the last time. nil: never.
	ended   <-chan struct{}
	closed  chan struct{}
	once    sync.Once
	onClose func() // nil: nobody wants to know

	mu  sync.Mutex
	err error // of the iterator that ended last
}

// newSubscription returns a subscription to the tokens, which may be of several
// owners. onClose is called once, by the first Close; it must not call Close.
func newSubscription(ended <-chan struct{}, assets []*Asset, onClose func()) *Subscription {
	s := &Subscription{
		byID: make(map[string]*Asset, len(assets)), ended: ended,
		closed: make(chan struct{}), onClose: onClose,
	}
	for _, a := range assets {
		if s.byID[a.id] == nil {
			s.byID[a.id] = a
			s.assets = append(s.assets, a)
		}
	}
	return s
}

// Close ends the subscription, and every iterator and Wait of it, without waiting
// for their goroutines: it may be called within a loop over one. It may be called
// more than once.
func (s *Subscription) Close() {
	s.once.Do(func() {
		close(s.closed)
		if s.onClose != nil {
			s.onClose()
		}
	})
}

// Asset returns the readers' side of a token, nil if the subscription is not to
// it. It remains of use after Close, as long as something keeps the token's book.
func (s *Subscription) Asset(id string) *Asset { return s.byID[id] }

// Assets returns the tokens in the order in which they were asked for.
func (s *Subscription) Assets() []*Asset { return slices.Clone(s.assets) }

// Err returns why the iterator ended that ended last: [ErrClosed], [ErrEnded],
// [ErrLagged], or the error of its context; nil if the consumer left the loop by
// itself, or if none has ended yet. Several iterators share it: a loop that must
// know for itself needs a subscription of its own.
func (s *Subscription) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *Subscription) iteratorEnded(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// interrupted returns why nothing more is to be yielded. The end of the engine is
// no such reason: what it did until then still is.
func (s *Subscription) interrupted(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-s.closed:
		return ErrClosed
	default:
		return nil
	}
}

// stalledPoll is how often a consumer looks whether an engine that hung goes on.
// Nothing would tell it: a lease is renewed by a store, and perhaps long before
// the next frame.
const stalledPoll = 50 * time.Millisecond

// waiter is what an iterator waits with. It is for the iterator's goroutine, but
// for signal.
type waiter struct {
	sub *Subscription
	// signal has room for one. Writers never wait for it.
	signal chan struct{}
	timer  *time.Timer   // nil until it is needed
	rings  time.Duration // when it does, by sinceStart, 0 if it is not set
	leases []vouched
	// ending: the engine has ended. What is there is all that there will be.
	ending bool
}

// vouched are tokens of one lease, by their index in the subscription.
type vouched struct {
	lease  *lease
	tokens []int
	// over: the consumer has been told that the lease has run out, of every token that
	// it concerns; some: of one of them at least.
	over, some bool
}

func newWaiter(s *Subscription) waiter {
	w := waiter{sub: s, signal: make(chan struct{}, 1)}
	place := map[*lease]int{}
	for i, a := range s.assets {
		at, ok := place[a.lease]
		if !ok {
			at = len(w.leases)
			place[a.lease] = at
			w.leases = append(w.leases, vouched{lease: a.lease})
		}
		w.leases[at].tokens = append(w.leases[at].tokens, i)
	}
	return w
}

// notify wakes the iterator, now or when it next waits.
func (w *waiter) notify() {
	select {
	case w.signal <- struct{}{}:
	default:
	}
}

// wait returns nil when there may be something to yield: on a signal, when
// something is due, when a lease has run out or may be renewed, and once when the
// engine has ended. due is by sinceStart, 0 for never.
func (w *waiter) wait(ctx context.Context, due time.Duration) error {
	if err := w.sub.interrupted(ctx); err != nil {
		return err
	}
	if w.ending {
		return ErrEnded
	}
	w.arm(due)
	var rung <-chan time.Time
	if w.rings != 0 {
		rung = w.timer.C
	}
	select {
	case <-w.signal:
	case <-rung:
		w.rings = 0
	case <-ctx.Done():
		return ctx.Err()
	case <-w.sub.closed:
		return ErrClosed
	case <-w.sub.ended:
		w.ending = true
	}
	return nil
}

// arm sets the timer to what is due first. One that rings too early, since its
// lease has been renewed, does no harm: so it is set once for each lease rather than
// for each frame.
func (w *waiter) arm(due time.Duration) {
	now := sinceStart()
	for i := range w.leases {
		v := &w.leases[i]
		until := time.Duration(v.lease.until.Load())
		switch {
		case until == 0:
			continue
		case v.over:
			until = now + stalledPoll
		default:
			until++ // only then is it over
		}
		if due == 0 || until < due {
			due = until
		}
	}
	switch {
	case due == 0 || w.rings != 0 && w.rings <= due:
		return
	case w.timer == nil:
		w.timer = time.NewTimer(due - now)
	default:
		w.timer.Reset(due - now)
	}
	w.rings = due
}

// stop releases the timer.
func (w *waiter) stop() {
	if w.timer != nil {
		w.timer.Stop()
	}
}

// turned calls f for the leases that have run out or been renewed since the
// consumer was told of them, and stops when f returns false.
func (w *waiter) turned(f func(v *vouched) bool) bool {
	for i := range w.leases {
		v := &w.leases[i]
		if over := v.lease.over(); over != v.over || v.some && !over {
			v.over, v.some = over, over
			if !f(v) {
				return false
			}
		}
	}
	return true
}
