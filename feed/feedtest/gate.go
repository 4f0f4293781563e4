package feedtest

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"time"
)

// gate is a connection that net/http has handed over, and which can be shut: then
// nothing more is read of it.
type gate struct {
	net.Conn
	shutting, ending sync.Once
	closed           chan struct{} // when it is shut
	gone             chan struct{} // when it has ended
}

func newGate(conn net.Conn) *gate {
	return &gate{Conn: conn, closed: make(chan struct{}), gone: make(chan struct{})}
}

// Read reads. When the gate is shut it waits for the end; what had come till then is
// lost.
func (g *gate) Read(p []byte) (n int, err error) {
	select {
	case <-g.closed:
	default:
		n, err = g.Conn.Read(p)
	}
	select {
	case <-g.closed:
		if err == nil {
			<-g.gone
			return 0, net.ErrClosed
		}
	default:
	}
	return n, err
}

func (g *gate) shut() { g.shutting.Do(func() { close(g.closed) }) }

// Close ends the connection, and all that waits for it.
func (g *gate) Close() error {
	g.ending.Do(func() { close(g.gone) })
	return g.Conn.Close()
}

// reset ends the connection so that the client sees it reset, where it can be: on TCP.
func (g *gate) reset() {
	below := g.Conn
	if secure, ok := below.(interface{ NetConn() net.Conn }); ok {
		below = secure.NetConn() // TLS would say goodbye
	}
	if tcp, ok := below.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = below.Close()
	_ = g.Close()
}

// hurry gives what is left to be written a second.
func (g *gate) hurry() { _ = g.SetWriteDeadline(time.Now().Add(lastWrite)) }

// hijack takes a connection from net/http. It must be released.
func (s *Server) hijack(w http.ResponseWriter) *gate {
	h := &hijacker{ResponseWriter: w, server: s}
	if _, _, err := h.Hijack(); err != nil {
		panic(http.ErrAbortHandler) // which ends the connection as well
	}
	return h.gate
}

// hijacker is a ResponseWriter whose connection, once hijacked, has a gate.
type hijacker struct {
	http.ResponseWriter
	server *Server
	gate   *gate
}

// Hijack is for the websocket library.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.gate = newGate(conn)
	h.server.mu.Lock()
	defer h.server.mu.Unlock()
	h.server.hijacked[h.gate] = struct{}{}
	if h.server.closed {
		_ = h.gate.Close()
	}
	return h.gate, buffers, nil
}

// release ends a connection that was hijacked.
func (s *Server) release(g *gate) {
	if g == nil {
		return
	}
	_ = g.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.hijacked, g)
}
