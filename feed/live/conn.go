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

// Conn is one connection to the market channel, subscribed to its tokens. Next
// and More are for one goroutine; Close may be called from any.
type Conn struct {
	socket *websocket.Conn
	wire   *wire
	frame  []byte // the buffer of Next, its length is its capacity
	err    error  // what Next ended with: nothing is read after that
	closed atomic.Bool
}

// Next returns the next frame as it came, text or binary, valid until the next
// call. It allocates nothing, unless the frame is longer than any before.
//
// The first error is the last word of a connection, and Next keeps returning it.
// It matches [net.ErrClosed] after Close, it is a [*feed.CloseError] if the server
// said goodbye, and matches [ErrTooBig] for a frame of more than
// [feed.MaxFrame] bytes. Everything else is a failure of the network or a breach
// of the protocol; a frame that is cut off by it is not returned.
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
		if err == nil {
			continue
		}
		if err != io.EOF {
			return nil, c.fail(err)
		}
		if c.wire.over {
			// The library takes the end of the connection for that of the frame
			// (v1.8.15, where no byte of what it asked for had come).
			return nil, c.fail(io.ErrUnexpectedEOF)
		}
		return c.frame[:n], nil
	}
}

// grow doubles the buffer, which is full. The library ends a frame that is too
// long once it has passed on MaxFrame + 1 bytes.
func (c *Conn) grow() {
	frame := make([]byte, min(2*len(c.frame), feed.MaxFrame+1))
	copy(frame, c.frame)
	c.frame = frame
}

// More says whether more has been received than Next has returned, at least a
// part of a frame. It may be false when the kernel holds more.
func (c *Conn) More() bool { return c.err == nil && c.wire.more() }

// Close ends the connection without a goodbye, and ends a Next that is waiting.
// It does not wait for the network. Further calls do nothing.
func (c *Conn) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	c.end()
	return nil
}

// end closes the connection from below. TLS would first try to send its own
// goodbye, for up to five seconds.
func (c *Conn) end() {
	_ = c.wire.transport.Close()
	_ = c.socket.CloseNow()
}

// fail ends the connection by an error of a read.
func (c *Conn) fail(err error) error {
	var goodbye websocket.CloseError
	switch {
	case c.closed.Load():
		c.err = fmt.Errorf("live: %w", net.ErrClosed)
	case errors.Is(err, websocket.ErrMessageTooBig):
		c.err = ErrTooBig
	case errors.As(err, &goodbye):
		c.err = &feed.CloseError{Code: int(goodbye.Code), Reason: goodbye.Reason}
	default:
		c.err = fmt.Errorf("live: %w", err)
	}
	c.end()
	return c.err
}
