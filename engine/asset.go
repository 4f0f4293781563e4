package engine

import (
	"sync/atomic"
	"time"
)

// Asset is the readers' side of one token. Its methods may be called by any number
// of goroutines, while the engine goes on.
type Asset struct {
	id    string
	token *token
	// market guards token. It changes at most when the first event tells which
	// market the token is in; the old one is locked then as well.
	market atomic.Pointer[market]
	lease  *lease
	_      [2]uint64 // so that each slot of top is a line of memory of its own
	top    published
}

// ID returns the token's id.
func (a *Asset) ID() string { return a.id }

// Top returns the best levels of the token if its book is live. Otherwise the
// error, a [*StateError], says why there are none to be used. It takes no lock and
// allocates nothing but errors that pass by.
//
// A top is published when it changes, so that Version may be older than that of
// [Asset.View].
func (a *Asset) Top() (top Top, err error) {
	err = a.readTop(&top)
	return top, err
}

// readTop is Top, which is so small that the compiler puts it into its callers: the top
// is written to where they want it.
func (a *Asset) readTop(top *Top) error {
	s, turn := a.top.newest()
	if err := s.read(top); err == nil && a.top.isAt(turn) && !a.lease.over() {
		return nil // as nearly always
	}
	return a.readAgain(top)
}

// readAgain is readTop if the top was not there to be used, or published meanwhile.
func (a *Asset) readAgain(top *Top) error {
	stateErr, ok := a.top.read(top, maxAttempts)
	over := a.lease.over()
	if ok && stateErr == nil && !over {
		return nil
	}
	epoch := top.Epoch
	*top = Top{}
	switch {
	case ok && stateErr != nil && (!over || stateErr.State != Live):
		return stateErr
	case over:
		return &StateError{State: Stale, Reason: Stalled, Since: a.lease.end(), Epoch: epoch}
	}
	return &StateError{State: Live, Reason: Busy}
}

// View returns the token's book and status: one version, whole frames. It costs
// the same at any depth, and holds up the engine for no longer than it takes to
// copy two roots.
func (a *Asset) View() View {
	v, _, _ := a.look()
	return v
}

// lock locks the market that the token is in.
func (a *Asset) lock() *market {
	for {
		m := a.market.Load()
		m.mu.Lock()
		if a.market.Load() == m {
			return m
		}
		m.mu.Unlock()
	}
}

// lease is the time until which an engine vouches for its books. Readers look at
// the clock themselves, so that an engine that hangs cannot keep them from noticing.
type lease struct {
	// until is on the clock of [sinceStart]; 0 is for ever: a replay has no clock.
	until atomic.Int64
	// wall is the same by the clock on the wall, in nanoseconds since 1970: the other one
	// stands still while the machine sleeps, and whoever wakes first must not believe it.
	// 0 is for ever.
	wall atomic.Int64
	// clock is another clock than that, of a test; nil otherwise.
	clock func() time.Duration
}

func (l *lease) over() bool {
	until := l.until.Load()
	return until != 0 && l.passed(until)
}

func (l *lease) passed(until int64) bool {
	if l.clock != nil {
		return int64(l.clock()) > until
	}
	now := time.Now()
	wall := l.wall.Load()
	return int64(now.Sub(start)) > until || wall != 0 && now.UnixNano() > wall
}

// renew vouches for the books for some more time.
func (l *lease) renew(now, wall instant) {
	l.until.Store(int64(time.Duration(now-startInstant()) + leaseTime))
	l.wall.Store(int64(wall.after(leaseTime)))
}

// revoke ends the lease at once, and for good if nobody is there to renew it.
func (l *lease) revoke() { l.until.Store(int64(sinceStart() - 1)) }

// end returns when the lease ended, or ends.
func (l *lease) end() time.Time {
	return (startInstant() + instant(l.until.Load())).time()
}

//nolint:gochecknoglobals // the zero of a clock that never goes back
var start = time.Now()

func sinceStart() time.Duration { return time.Since(start) }

// startInstant is the zero of that clock as the time that it was.
func startInstant() instant { return instant(start.UnixNano()) }
