package feed

import (
	"context"
	"errors"
)

// Source opens connections to the exchange's stream. Package live has that of the real
// one. Its methods may be called by any number of goroutines at once.
type Source interface {
	// Open dials, and subscribes to the tokens: the first frames are their books. The
	// context bounds Open alone. An error that is an answer of HTTP is, or wraps, a
	// [*StatusError].
	Open(ctx context.Context, tokens []string) (Conn, error)
}

// Conn is a connection to the stream, subscribed to some tokens. Next and More are for
// one goroutine, Ping, Subscribe and Unsubscribe for another one at a time, and Close
// for any.
type Conn interface {
	// Next waits for the next frame and returns it as it came, valid until the next
	// call. Its first error is the last word of the connection; it is, or wraps, a
	// [*CloseError] if the server said goodbye.
	Next() ([]byte, error)
	// More says whether more has been received than Next has returned. It may be
	// wrong, and true for what never becomes a frame: a guess that helps to put off
	// what can wait for a while.
	More() bool
	// Ping asks the server for a sign of life, which Next returns ("PONG").
	Ping(ctx context.Context) error
	// Subscribe and Unsubscribe change what the connection is subscribed to. The
	// server does not answer but by books.
	Subscribe(ctx context.Context, tokens []string) error
	Unsubscribe(ctx context.Context, tokens []string) error
	// Close ends the connection at once, and whatever waits for it.
	Close() error
}

// ErrBudget says that a request was not made, since this program has made too many
// already. It says nothing of the exchange.
var ErrBudget = errors.New("feed: too many requests")

// BookFetcher asks the exchange for whole books beside its stream. Package rest has
// that of the real one. It may be called by any number of goroutines at once.
type BookFetcher interface {
	// FetchBooks returns the books of some tokens as the exchange writes them: one
	// object for one token, an array for several, in which those without a book are
	// left out. An answer other than that is, or wraps, a [*StatusError]. A request that
	// was not made for having been made too often is an error that matches [ErrBudget].
	FetchBooks(ctx context.Context, tokens []string) ([]byte, error)
}
