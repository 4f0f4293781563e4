package live

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"example.com/truebook/feed"
)

// ErrTooBig says that the server sent a frame of more than [feed.MaxFrame] bytes.
var ErrTooBig = errors.New("live: a frame of more than " + strconv.Itoa(feed.MaxFrame) + " bytes")

// CloseError is how the server said goodbye. A connection that ended without a
// goodbye has another error.
type CloseError struct {
	// Code is of RFC 6455, 7.4: 1000 when all tokens of the connection are
	// resolved, 1008 for a subscription that the exchange did not understand,
	// 1013 for a reader that is too slow. 1005 stands for none.
	Code   int
	Reason string // as the server put it, at most 123 bytes of anything
}

// Error shows the code and the reason.
func (e *CloseError) Error() string {
	return fmt.Sprintf("live: closed by the server: %d %q", e.Code, e.Reason)
}

// HandshakeError is an HTTP answer that opened no websocket.
type HandshakeError struct {
	Status int // of HTTP: 429 for too many connections at once, 403 from some countries
}

// Error shows the status.
func (e *HandshakeError) Error() string {
	return fmt.Sprintf("the server answered %d %s instead of opening a websocket", e.Status, http.StatusText(e.Status))
}
