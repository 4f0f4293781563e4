package capture_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"sync"
	"testing"

	"example.com/truebook/feed"
)

// fakeSource opens connections that receive what the test puts into their channel.
type fakeSource struct {
	opened chan *fakeConn
	err    error // of the next Open
}

func newFakeSource() *fakeSource { return &fakeSource{opened: make(chan *fakeConn, 100)} }

func (s *fakeSource) Open(_ context.Context, tokens []string) (feed.Conn, error) {
	if s.err != nil {
		return nil, s.err
	}
	c := &fakeConn{frames: make(chan []byte, 1), fails: make(chan error, 1), closed: make(chan struct{}), tokens: tokens}
	s.opened <- c
	return c, nil
}

type fakeConn struct {
	frames chan []byte
	fails  chan error
	closed chan struct{}
	once   sync.Once
	buffer []byte
	tokens []string
	pings  int
}

// Next returns a frame in a buffer that the next call overwrites. What was received before
// Close may still come after it.
func (c *fakeConn) Next() ([]byte, error) {
	for i := range c.buffer {
		c.buffer[i] = '#'
	}
	select {
	case frame := <-c.frames:
		c.buffer = append(c.buffer[:0], frame...)
		return c.buffer, nil
	default:
	}
	select {
	case frame := <-c.frames:
		c.buffer = append(c.buffer[:0], frame...)
		return c.buffer, nil
	case err := <-c.fails:
		return nil, err
	case <-c.closed:
		return nil, net.ErrClosed
	}
}

func (c *fakeConn) More() bool { return len(c.frames) > 0 }

func (c *fakeConn) Ping(ctx context.Context) error {
	c.pings++
	return ctx.Err()
}

func (c *fakeConn) Subscribe(_ context.Context, tokens []string) error {
	c.tokens = append(c.tokens, tokens...)
	return errRefused
}

func (c *fakeConn) Unsubscribe(_ context.Context, tokens []string) error {
	c.tokens = c.tokens[:len(c.tokens)-len(tokens)]
	return errRefused
}

func (c *fakeConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return errRefused
}

var errRefused = errors.New("refused")

// link is a connection through a Recorder and its other end.
type link struct {
	feed.Conn
	far *fakeConn
}

func open(t *testing.T, src feed.Source, fake *fakeSource, tokens ...string) link {
	t.Helper()
	conn, err := src.Open(t.Context(), tokens)
	if err != nil {
		t.Fatal(err)
	}
	return link{conn, <-fake.opened}
}

// pass lets a frame through the connection, and checks that it arrives as it was.
func (l link) pass(t *testing.T, frame []byte) {
	t.Helper()
	l.far.frames <- frame
	if got, err := l.Next(); err != nil || !bytes.Equal(got, frame) {
		t.Fatalf("received %q, %v, want %q", got, err, frame)
	}
}

// disk is a stream to record to. Before each Write it calls wait, if there is one.
type disk struct {
	bytes.Buffer
	wait    func()
	flushed int // bytes
	flushes int
	closed  bool
	err     error // of Flush and Close
}

func (d *disk) Write(data []byte) (int, error) {
	if d.wait != nil {
		d.wait()
	}
	return d.Buffer.Write(data)
}

func (d *disk) Flush() error {
	d.flushed = d.Len()
	d.flushes++
	return d.err
}

func (d *disk) Close() error {
	d.closed = true
	return d.err
}

// withoutFlush hides all but Write and Close.
type withoutFlush struct{ io.WriteCloser }

// line is what a line of a recording says.
type line struct {
	ReceivedNS int64           `json:"recv_ns"`
	Conn       int             `json:"conn"`
	Raw        json.RawMessage `json:"raw"`
	Text       string          `json:"txt"`
	Control    string          `json:"ctl"`
	Tokens     []string        `json:"tokens"`
	Code       int             `json:"code"`
	Reason     string          `json:"reason"`
	Frames     uint64          `json:"frames"`
}

func parse(t *testing.T, recording []byte) []line {
	t.Helper()
	var lines []line
	for text := range bytes.Lines(recording) {
		var l line
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&l); err != nil {
			t.Fatalf("line %d: %v: %s", len(lines)+1, err, text)
		}
		lines = append(lines, l)
	}
	return lines
}
