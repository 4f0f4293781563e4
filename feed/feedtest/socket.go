package feedtest

import (
	"context"
	"encoding/binary"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// Bounds of what a connection holds, in bytes.
const (
	// maxWaiting is how much may wait for a client that reads too slowly, and
	// crowdedAt for how much the venue waits at full speed.
	maxWaiting = 16 << 20
	crowdedAt  = 256 << 10
	// keptBatch is the largest buffer that is kept when it has been written.
	keptBatch = 1 << 20
	// maxMessage is the longest message of a client. The venue answers a shorter one
	// that is too long for it.
	maxMessage = 1 << 20
)

// What a goodbye may take: to write all that is left, and to be answered.
const (
	lastWrite  = time.Second
	lastAnswer = 5 * time.Second
)

// socket is a connection to a channel.
type socket struct {
	id int
	// outcome is of the handshake, Opened or DialFailed.
	outcome chan Delivery

	// Guarded by Server.mu: it has been Opened, the client has said something, and been
	// told something.
	opened, spoken, heard bool

	// ready wakes the writer, which is there once conn is.
	ready chan struct{}

	mu      sync.Mutex
	conn    *gate
	deaf    bool
	pending []byte           // frames that wait, whole ones
	assault func(*gate) bool // what comes after them
	over    bool             // nothing comes after them
	code    int              // of the close frame among them, 0 if there is none
}

// serveSocket serves a connection to a channel of the venue, from its handshake to its end.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request, dial func(int)) {
	c := &socket{outcome: make(chan Delivery, 1), ready: make(chan struct{}, 1)}
	s.enter()
	a := s.takeAttack(onHandshake)
	if a == nil {
		s.dialled++
		c.id = s.dialled
		s.sockets[c.id] = c
		dial(c.id)
	}
	s.leave()
	if a != nil {
		s.attackRequest(a, w, r)
		return
	}
	defer s.hangup(c)
	select {
	case d := <-c.outcome:
		if d.Kind == DialFailed {
			s.refuse(w, &d)
			return
		}
	case <-r.Context().Done():
		return
	case <-s.closing:
		panic(http.ErrAbortHandler)
	}
	h := &hijacker{ResponseWriter: w, server: s}
	defer func() { s.release(h.gate) }()
	ws, err := websocket.Accept(h, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // pages of any origin may read what is made up
		CompressionMode:    websocket.CompressionDisabled,
	})
	if err != nil {
		return // it has answered
	}
	ws.SetReadLimit(maxMessage)
	c.attach(h.gate)
	written := make(chan struct{})
	go func() {
		defer close(written)
		c.write(h.gate, s.wake)
	}()
	for {
		// A context that can be cancelled would only cost: the gate ends this.
		_, text, err := ws.Read(context.Background())
		if err != nil {
			break
		}
		s.say(c, text)
	}
	_ = h.gate.Close()
	_ = ws.CloseNow()
	<-written
}

// refuse answers a handshake that the venue let fail.
func (s *Server) refuse(w http.ResponseWriter, d *Delivery) {
	if !isStatus(d.Code) {
		conn := s.hijack(w)
		conn.reset()
		s.release(conn)
		return
	}
	answerStatus(w, d)
}

// answerStatus answers with a status, if it is one, and what else belongs to it.
func answerStatus(w http.ResponseWriter, d *Delivery) {
	if !isStatus(d.Code) {
		panic(http.ErrAbortHandler)
	}
	if d.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(d.RetryAfter/time.Second)))
	}
	w.WriteHeader(d.Code)
	_, _ = w.Write(d.Data) // the client may have left
}

func isStatus(code int) bool { return code >= 200 && code <= 999 }

// hangup takes note that a client is gone.
func (s *Server) hangup(c *socket) {
	s.enter()
	s.forget(c)
	s.leave()
	c.drop()
}

// say passes on a message of a client.
func (s *Server) say(c *socket, text []byte) {
	s.enter()
	if s.sockets[c.id] == c {
		c.spoken = true
		s.venue.Send(c.id, text)
	}
	s.leave()
}

// push puts a frame behind those that wait, and returns how many bytes do. If it is
// more than maxWaiting, there is no room for another.
func (c *socket) push(frame []byte) (waiting int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	waiting = len(c.pending)
	if waiting <= maxWaiting && !c.over {
		c.pending = appendFrame(c.pending, final|textFrame, frame)
		c.wake()
	}
	return waiting
}

// pushBytes puts something else there, of a few bytes.
func (c *socket) pushBytes(frame []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over {
		c.pending = append(c.pending, frame...)
		c.wake()
	}
}

func (c *socket) wake() {
	select {
	case c.ready <- struct{}{}:
	default:
	}
}

func (c *socket) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.pending)
}

// drop drops all that waits.
func (c *socket) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending = nil
}

// finish ends the connection when all that waits has been written: by a close frame,
// or by a reset if the code is 0.
func (c *socket) finish(code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return
	}
	c.over, c.code = true, code
	if code != 0 {
		goodbye := binary.BigEndian.AppendUint16(nil, uint16(code))
		c.pending = appendFrame(c.pending, final|closeFrame, append(goodbye, reason...))
	}
	if c.conn != nil {
		c.conn.hurry()
	}
	c.wake()
}

// attach gives the socket its connection.
func (c *socket) attach(conn *gate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn = conn
	if c.deaf {
		conn.shut()
	}
	if c.over {
		conn.hurry()
	}
}

// deafen lets nothing more be read.
func (c *socket) deafen() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deaf = true
	if c.conn != nil {
		c.conn.shut()
	}
}

// write writes what waits, until the connection ends. As much as waits is written at
// once. It tells of each time that it has taken something.
func (c *socket) write(conn *gate, taken func()) {
	defer func() {
		_ = conn.Close()
		c.drop()
		taken()
	}()
	var batch []byte
	for {
		select {
		case <-c.ready:
		case <-conn.gone:
			return
		}
		c.mu.Lock()
		batch, c.pending = c.pending, batch[:0]
		assault, over, code := c.assault, c.over, c.code
		c.assault = nil
		c.mu.Unlock()
		taken()
		if len(batch) > 0 {
			if _, err := conn.Write(batch); err != nil {
				return
			}
		}
		if cap(batch) > keptBatch {
			batch = nil
		}
		if assault != nil && !assault(conn) {
			return
		}
		if over {
			c.goodbye(conn, code)
			return
		}
	}
}

// goodbye ends a connection, of which everything is written.
func (c *socket) goodbye(conn *gate, code int) {
	if code == 0 {
		conn.reset()
		return
	}
	// If the connection were closed at once, what has been written could be lost.
	timer := time.NewTimer(lastAnswer)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-conn.gone: // the client has answered, or left
	}
}

// What a frame begins with.
const (
	final        = 0x80 // the message ends with it
	reserved     = 0x70
	masked       = 0x80 // in the second byte
	continuation = 0
	textFrame    = 1
	binaryFrame  = 2
	closeFrame   = 8
	pingFrame    = 9
)

// appendFrame appends a frame as a server sends it.
func appendFrame(dst []byte, opcode byte, payload []byte) []byte {
	return append(appendHeader(dst, opcode, uint64(len(payload))), payload...)
}

func appendHeader(dst []byte, opcode byte, length uint64) []byte {
	switch dst = append(dst, opcode); {
	case length < 126:
		return append(dst, byte(length))
	case length < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, 126), uint16(length))
	default:
		return binary.BigEndian.AppendUint64(append(dst, 127), length)
	}
}
