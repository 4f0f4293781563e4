package live

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"example.com/truebook/feed"
)

// What a server may not do. Each ends the connection.
var (
	// ErrTooBig says that the server began a frame of more than [feed.MaxFrame]
	// bytes.
	ErrTooBig = errors.New("live: a frame of more than " + strconv.Itoa(feed.MaxFrame) + " bytes")
	// ErrTooSlow says that the server did not send the rest of a frame in time, or
	// did not read what was sent to it.
	ErrTooSlow = errors.New("live: the server is too slow")
	// ErrFlood says that the server sent too many pings, pongs and the like.
	ErrFlood = errors.New("live: a flood of control frames")
)

// Bounds of time.
const (
	// messageTime is how long a message may take from its first byte to its last,
	// in all its parts.
	messageTime = 10 * time.Second
	// writeTime is how long the server may take to make room for what is sent to
	// it. The websocket library has the same bound for a pong (v1.8.15).
	writeTime = 5 * time.Second
)

var (
	errSlowMessage = fmt.Errorf("%w: a frame was not complete %v after its first byte", ErrTooSlow, messageTime)
	errSlowReader  = fmt.Errorf("%w: it took more than %v to read what was sent", ErrTooSlow, writeTime)
	// errMasked is not left to the library, which passes on the payload as it is
	// (v1.8.15).
	errMasked = errors.New("a masked frame, which only clients send")
)

// isOwn says that an error is complete: that it needs no prefix.
func isOwn(err error) bool {
	return errors.Is(err, ErrTooBig) || errors.Is(err, ErrTooSlow) || errors.Is(err, ErrFlood)
}

// maxText bounds what an error says in the words of others.
const maxText = 1 << 10

// foreignError is an error in whose text there may be words of the server: those
// of its HTTP answer appear in errors as they came.
type foreignError struct{ error }

// Error shows the beginning, without anything that a terminal would obey.
func (e foreignError) Error() string {
	text := e.error.Error()
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text[:min(len(text), maxText)])
}

// Unwrap returns the error itself.
func (e foreignError) Unwrap() error { return e.error }
