package user

import (
	"errors"
	"fmt"
	"time"
)

// ErrUnknown says that the account's own state is not known at present. It is wrapped by an
// [*UnknownError].
var ErrUnknown = errors.New("user: own state is not known")

// UnknownError says why the account's own state is not known.
type UnknownError struct {
	Reason Reason
	Since  time.Time
}

// Error shows the reason.
func (e *UnknownError) Error() string { return fmt.Sprintf("%v: %v", ErrUnknown, e.Reason) }

// Unwrap returns [ErrUnknown].
func (e *UnknownError) Unwrap() error { return ErrUnknown }

// Reason is why the account's own state is not known.
type Reason uint8

// The reasons.
const (
	NoReason   Reason = iota
	NotRunning        // Run has not been called, or is over
	Connecting        // there is no connection, or not yet
	Joining           // the connection is there, and has not shown yet that it is subscribed
	Asking            // REST is asked for open orders and trades
	// Refused says that the exchange does not take the credentials: REST says so by status
	// 401, or the stream ends each time before it has said anything.
	Refused
	// RESTFailed says that REST has not answered for too long.
	RESTFailed
	// BadMessage says that a message could not be read: what it said is lost.
	BadMessage
	// Contradiction says that messages, or a message and REST, cannot both be right.
	Contradiction
	// Incomplete says that something is missing: a fill of an order that was matched, or an
	// order that was filled.
	Incomplete
	TooMuch // there are more orders or trades than are kept
	Stalled // the process has not looked at its connection for seconds
)

// String returns the reason in some words.
func (r Reason) String() string {
	return [...]string{
		"no reason", "not running", "connecting", "joining", "asking REST", "the credentials are refused", "REST fails",
		"a message that cannot be read", "messages contradict each other", "something is missing", "too many orders or trades",
		"the process stalled",
	}[min(r, Stalled)]
}

// Stats counts what an [Account] has met. It only grows.
type Stats struct {
	Frames uint64
	// BadMessages could not be read, or contradict what was known. Each makes own state
	// unknown until REST has answered.
	BadMessages uint64
	// UnknownEvents are of a type that is not known here. Foreign are orders and trades that
	// are no orders and trades of the API key.
	UnknownEvents, Foreign uint64
	// Repeats and Late are messages about trades that said nothing new, and about what was
	// forgotten, or left, or is older than the account's time and concerns none of its orders.
	Repeats, Late uint64
	// Missed counts orders and trades of which REST knew something that the stream did not
	// say within some seconds. Each ends the connection, once a minute at most.
	Missed uint64
	// Dials counts connections, and Requests pages of REST that were asked for. Stale
	// answers of REST were older than what the stream had said before.
	Dials, Requests, Stale uint64
	// Forgotten are trades that were given up, oldest first, to bound memory.
	Forgotten uint64
}
