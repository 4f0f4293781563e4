package feed

import (
	"strconv"
	"time"
)

// DecodeError is a frame, or a part of one, that could not be read.
type DecodeError struct {
	Offset int    // of the byte in the frame where it went wrong
	Field  string // the key of the value that is wrong, "" for a fault of syntax
	Reason string
}

// Error names the place and the reason.
func (e *DecodeError) Error() string {
	text := "feed: byte " + strconv.Itoa(e.Offset) + " of the frame: "
	if e.Field != "" {
		text += e.Field + ": "
	}
	return text + e.Reason
}

// StatusError is an answer of HTTP that is not what was asked for: of a handshake that
// opened no websocket, or of a request for books.
type StatusError struct {
	Status int // of HTTP
	// RetryAfter is for how long the server asked to be left alone, 0 if it did not.
	RetryAfter time.Duration
	// Body is the beginning of what else it said, at most [MaxStatusBody] bytes of
	// anything.
	Body string
}

// MaxStatusBody bounds the Body of a [StatusError].
const MaxStatusBody = 256

// Error shows the status and what the server said, quoted.
func (e *StatusError) Error() string {
	text := "the server answered with status " + strconv.Itoa(e.Status)
	if e.Body != "" {
		text += ": " + strconv.QuoteToASCII(e.Body)
	}
	return text
}

// CloseError is how the server said goodbye. A connection that ended without a
// goodbye has another error.
type CloseError struct {
	// Code is of RFC 6455, 7.4: 1000 when all tokens of the connection are resolved,
	// 1008 for a subscription that the exchange did not understand, 1013 for a reader
	// that is too slow. 1005 stands for none.
	Code   int
	Reason string // as the server put it, at most 123 bytes of anything
}

// Error shows the code and the reason.
func (e *CloseError) Error() string {
	return "closed by the server: " + strconv.Itoa(e.Code) + " " + strconv.QuoteToASCII(e.Reason)
}
