package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"

	"github.com/coder/websocket"

	"example.com/truebook/feed"
)

// Bounds of the buffer of a [Conn].
const (
	// firstBytes is what it begins with. Two tokens with 1,000 levels each open
	// with 140 KB, everything later is shorter.
	firstBytes = 64 << 10
	// keptBytes is the largest that is kept from frame to frame.
	keptBytes = 1 << 20
)

// Conn is one connection: to the market channel, subscribed to its tokens
// ([Source.Open]), or to a channel that the caller speaks to itself
// ([Source.OpenWith]). Next and More are for one goroutine, Ping, Send, Subscribe and
// Unsubscribe for another one at a time; Close may be called from any.
type Conn struct {
	socket *websocket.Conn
	wire   *wire
	frame  []byte // the buffer of Next, its length is its capacity
	err    error  // what Next ended with: nothing is read after that

	// tokens are those that the connection is subscribed to, as far as they were
	// asked for here: at most MaxTokens.
	tokens map[string]struct{}

	closed atomic.Bool
	unsent atomic.Pointer[error] // of the write that ended the connection
}

// Next returns the next frame as it came, text or binary, valid until the next
// call. It allocates nothing, unless the frame is longer than any before.
//
// It waits for a frame to begin as long as it takes. A frame that has begun must
// be complete ten seconds later.
//
// The first error is the last word of a connection, and Next keeps returning it.
// It matches [net.ErrClosed] after Close, it is a [*feed.CloseError] if the server
// said goodbye, it matches [ErrTooBig], [ErrTooSlow] and [ErrFlood] for what those
// say, and it is that of the write if one has failed. Everything else is a failure
// of the network or a breach of the protocol; a frame that is cut off by it is not
// returned.
func (c *Conn) Next() ([]byte, error) {
	if c.err != nil {
		return nil, c.err
	}
	if len(c.frame) > keptBytes {
		c.frame = make([]byte, firstBytes)
	}
	// A context that can be cancelled would cost the library some allocations
	// for each header and each payload. Close ends the read as well.
	_, r, err := c.socket.Reader(context.Background())
	if err != nil {
		return nil, c.fail(err)
	}
	n := 0
	for {
		if n == len(c.frame) {
			c.grow()
		}
		m, err := r.Read(c.frame[n:])
		n += m
		switch err {
		case nil:
		case io.EOF: // of the frame: see wire.fill
			return c.frame[:n], nil
		default:
			return nil, c.fail(err)
		}
	}
}

// grow doubles the buffer, which is full. There may be nothing left to read into
// it, but then the library says so only when it is asked.
func (c *Conn) grow() {
	frame := make([]byte, min(2*len(c.frame), feed.MaxFrame+1))
	copy(frame, c.frame)
	c.frame = frame
}

// More says whether more has been received than Next has returned. It may be false
// when the kernel holds more. It may be true for what is no whole frame: a part of
// one, of which the rest is here within ten seconds, or else the connection's end;
// or a control frame, or something of TLS, which nothing need follow. So what is
// put off for it must be done some time later in any case.
func (c *Conn) More() bool { return c.err == nil && c.wire.more() }

// Close ends the connection without a goodbye, and ends a Next or a write that is
// waiting. It does not wait for the network. Further calls do nothing.
func (c *Conn) Close() error {
	c.closed.Store(true)
	c.end()
	return nil
}

// end closes the connection. The library closes the wire before it takes a lock that
// may be held by who waits for the network (v1.8.15).
func (c *Conn) end() { _ = c.socket.CloseNow() }

// fail ends the connection by an error of a read.
func (c *Conn) fail(err error) error {
	c.err = c.reason(err)
	c.end()
	return c.err
}

// reason is why a read failed. The library's words for what it has from the wire
// are worse than the wire's.
func (c *Conn) reason(err error) error {
	var goodbye websocket.CloseError
	unsent := c.unsent.Load()
	switch wire := c.wire.err; {
	case c.closed.Load():
		return fmt.Errorf("live: %w", net.ErrClosed)
	case errors.As(err, &goodbye):
		return &feed.CloseError{Code: int(goodbye.Code), Reason: goodbye.Reason}
	case unsent != nil:
		return *unsent
	case isOwn(wire):
		return wire
	case wire != nil:
		return fmt.Errorf("live: %w", wire)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, ErrTooSlow): // for a pong
		return errSlowReader
	default:
		return fmt.Errorf("live: %w", err)
	}
}
