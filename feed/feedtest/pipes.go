package feedtest

import (
	"context"
	"fmt"
	"net"
	"sync"
)

// Pipes is a listener without a network: it accepts what its Dial connects. Each connection
// is a [net.Pipe], which has no buffers: what one side writes, the other has read when Write
// returns. So it works in a bubble of synctest, for a server of net/http that does what no
// [Server] does. Its methods may be called by any number of goroutines.
type Pipes struct {
	conns   chan net.Conn
	closing chan struct{}
	once    sync.Once // of Close
}

// NewPipes returns a listener that nobody has dialled. In a bubble it must be called within.
func NewPipes() *Pipes { return &Pipes{conns: make(chan net.Conn), closing: make(chan struct{})} }

// Dial connects to the listener, whatever the address is: it is a DialContext for clients.
// It waits until the connection is accepted, and fails with [net.ErrClosed] when the listener
// is closed.
func (p *Pipes) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.conns <- far:
		return near, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("feedtest: %w", ctx.Err())
	case <-p.closing:
		return nil, fmt.Errorf("feedtest: %w", net.ErrClosed)
	}
}

// Accept waits for a connection. It fails with [net.ErrClosed] when the listener is closed.
func (p *Pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closing:
		return nil, net.ErrClosed
	}
}

// Close ends Dial and Accept, and no connection.
func (p *Pipes) Close() error {
	p.once.Do(func() { close(p.closing) })
	return nil
}

// Addr is one of this machine.
func (p *Pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }
