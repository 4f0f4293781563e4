package engine

import (
	"errors"
	"fmt"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// State says whether a book can be traded on.
type State uint8

// The states of a token.
const (
	// Syncing: there has been no book yet.
	Syncing State = iota
	// Live: the book is the exchange's, as far as its witnesses can tell.
	Live
	// Stale: there is a book, and a reason to doubt it.
	Stale
	// Gone: the market is resolved, or nobody watches the token any more.
	Gone
)

// String returns the name in lower case, as the commands print it.
func (s State) String() string {
	switch s {
	case Syncing:
		return "syncing"
	case Live:
		return "live"
	case Stale:
		return "stale"
	case Gone:
		return "gone"
	default:
		return "invalid state"
	}
}

// Reason is why a book is not live, or why a live one is settling.
type Reason uint8

// The reasons.
const (
	NoReason Reason = iota
	// Initial: no book has come yet.
	Initial
	// Disconnected: the connection has ended, or begun anew.
	Disconnected
	// Gap: frames are known to be missing.
	Gap
	// BadMessage: a frame, or a part of one, could not be read.
	BadMessage
	// HashMismatch: the book does not have the hash that the exchange announced.
	HashMismatch
	// TopMismatch: the best prices are not those that the exchange reported.
	TopMismatch
	// Crossed: the best bid is at or above the best ask.
	Crossed
	// Resolved: the market has ended.
	Resolved
	// Unwatched: nobody watches the token any more.
	Unwatched
	// FirstBookTimeout: the exchange has not sent the token's book in time.
	FirstBookTimeout
	// HalfOpen: the connection does not answer.
	HalfOpen
	// Silent: the connection answers, but carries nothing of what REST knows.
	Silent
	// Lagging: the stream is seconds behind.
	Lagging
	// Unmirrored: the other token of the market changed, and this one's mirror of the
	// change did not come.
	Unmirrored
	// Maintenance: the exchange's engine restarts.
	Maintenance
	// Blocked: the exchange refuses connections from here.
	Blocked
	// ClockJump: the process or the machine has stood still, or its clock was set.
	ClockJump
	// Flapping: the book had to be mended five times within a minute, and is left alone
	// for one.
	Flapping
	// Ended: the engine has ended.
	Ended
	// Stalled: the engine itself has not been heard of for two seconds.
	Stalled
	// Busy: a top changed too often to be read while it was read. A live one's; ask
	// again.
	Busy
	numReasons
)

// String returns the name as the commands print it, "" for none.
func (r Reason) String() string {
	switch r {
	case NoReason:
		return ""
	case Initial:
		return "initial"
	case Disconnected:
		return "disconnected"
	case Gap:
		return "gap"
	case BadMessage:
		return "bad_message"
	case HashMismatch:
		return "hash_mismatch"
	case TopMismatch:
		return "top_mismatch"
	case Crossed:
		return "crossed"
	case Resolved:
		return "resolved"
	case Unwatched:
		return "unwatched"
	case FirstBookTimeout:
		return "first_book_timeout"
	case HalfOpen:
		return "half_open"
	case Silent:
		return "silent"
	case Lagging:
		return "lagging"
	case Unmirrored:
		return "unmirrored"
	case Maintenance:
		return "maintenance"
	case Blocked:
		return "blocked"
	case ClockJump:
		return "clock_jump"
	case Flapping:
		return "flapping"
	case Ended:
		return "ended"
	case Stalled:
		return "stalled"
	case Busy:
		return "busy"
	default:
		return "invalid reason"
	}
}

// What a read returns beside a book that is not to be traded on as it is.
// [StateError] says more.
var (
	// ErrNotLive matches ErrSyncing, ErrStale and ErrGone.
	ErrNotLive = errors.New("engine: not live")
	// ErrSyncing says that there has been no book yet.
	ErrSyncing = fmt.Errorf("%w: syncing", ErrNotLive)
	// ErrStale says that there is a book, and a reason to doubt it.
	ErrStale = fmt.Errorf("%w: stale", ErrNotLive)
	// ErrGone says that the market is resolved, or that nobody watches the token.
	ErrGone = fmt.Errorf("%w: gone", ErrNotLive)
	// ErrSettling says that a live book is between two states of the exchange:
	// its top is crossed or not yet the reported one. It passes within half a
	// second, or the book becomes stale.
	ErrSettling = errors.New("engine: settling")
)

// StateError is why a read has no top. It matches the sentinel of its state.
type StateError struct {
	State  State
	Reason Reason
	Since  time.Time
	Epoch  uint64
}

// Error shows the state and the reason.
func (e *StateError) Error() string {
	text := fmt.Sprintf("%v: %v", e.Unwrap(), e.Reason)
	if e.State != Live && !e.Since.IsZero() {
		text += e.Since.Format(" since 2006-01-02 15:04:05.000 UTC")
	}
	return text
}

// Unwrap returns the sentinel of the state.
func (e *StateError) Unwrap() error {
	switch e.State {
	case Syncing:
		return ErrSyncing
	case Stale:
		return ErrStale
	case Gone:
		return ErrGone
	default:
		return ErrSettling
	}
}

// Evidence is what speaks for a book, from nothing to the strongest.
type Evidence uint8

// The kinds of evidence.
const (
	NoEvidence Evidence = iota
	// ByTop: the best prices are those that the exchange reported.
	ByTop
	// ByRest: REST, asked beside the stream, has the same book.
	ByRest
	// ByRefresh: the exchange sent the whole book.
	ByRefresh
	// ByHash: the whole book has the hash that the exchange announced.
	ByHash
)

// String returns the name as the commands print it.
func (e Evidence) String() string {
	switch e {
	case NoEvidence:
		return "none"
	case ByTop:
		return "top"
	case ByRest:
		return "rest"
	case ByRefresh:
		return "refresh"
	case ByHash:
		return "hash"
	default:
		return "invalid evidence"
	}
}

// Proof says what last spoke for a book, and which version of it. A version
// after that one holds changes that nothing has confirmed yet.
type Proof struct {
	By      Evidence
	Version uint64
	Time    time.Time // when it was established
}

// Check says how one version stands against the hash announced with it.
type Check uint8

// The checks.
const (
	// Unproved: no hash was announced, or it cannot be computed here.
	Unproved Check = iota
	// Open: the hash does not match yet. It is that of the end of a change which
	// comes in several frames, and more of them may follow.
	Open
	// Proved: the hash matches.
	Proved
	// Failed: the hash does not match and the change is over.
	Failed
)

// String returns the name in lower case.
func (c Check) String() string {
	switch c {
	case Unproved:
		return "unproved"
	case Open:
		return "open"
	case Proved:
		return "proved"
	case Failed:
		return "failed"
	default:
		return "invalid check"
	}
}

// Status is what is known of one version of a token's book beside its levels.
type Status struct {
	State  State
	Reason Reason    // why it is not live, or what a settling one waits for
	Since  time.Time // when State began
	// Settling says that the top of a live book is not to be used right now.
	Settling bool
	// Epoch counts the times that the token became live. Between two live reads
	// of one epoch it was live all the time.
	Epoch uint64
	// Version counts the frames that touched the token since it has a book.
	Version uint64
	Check   Check // of this version
	Proof   Proof // the latest
	// Time is the exchange's, of the last event that changed the book or
	// announced its hash, and Hash the hash announced last.
	Time     feed.Timestamp
	Hash     feed.Hash
	Received time.Time // when the last frame that touched the token came

	TickSize book.Price // 0 if unknown
	// LastTrade is the price of the market's last trade as its books give it:
	// the same for both tokens.
	LastTrade feed.LastTrade
}

// View is one version of a token's book with its status. It is immutable.
type View struct {
	Asset    string // the token
	Market   string // its condition id, "" before the first event
	Snapshot book.Snapshot
	// Derived: the book is that of the other outcome, see [View.Complement].
	Derived bool
	Status
}

// Top returns the best levels of a live book. Otherwise the error, a
// [*StateError], says why there are none to be used.
func (v *View) Top() (book.Top, error) {
	if v.State != Live || v.Settling {
		return book.Top{}, &StateError{State: v.State, Reason: v.Reason, Since: v.Since, Epoch: v.Epoch}
	}
	return v.Snapshot.Top(), nil
}
