package capture

import (
	"context"
	"slices"
	"time"

	"example.com/truebook/feed"
)

// Source returns a source that opens its connections through another one, and records
// them. Their numbers are those of their opening, from 1, also among several sources. A
// connection is over for the recording when Next has failed, or Close was called,
// whichever comes first.
func (r *Recorder) Source(src feed.Source) feed.Source {
	return &recordedSource{src, r}
}

type recordedSource struct {
	feed.Source
	recorder *Recorder
}

func (s *recordedSource) Open(ctx context.Context, tokens []string) (feed.Conn, error) {
	conn, err := s.Source.Open(ctx, tokens)
	if err != nil {
		return conn, err
	}
	return &recordedConn{conn, s.recorder, s.recorder.open(time.Now(), tokens)}, nil
}

type recordedConn struct {
	feed.Conn
	recorder *Recorder
	c        *connection
}

func (c *recordedConn) Next() ([]byte, error) {
	frame, err := c.Conn.Next()
	now := time.Now()
	if err != nil {
		c.recorder.end(now, c.c, err)
	} else {
		c.recorder.frame(now, c.c, frame)
	}
	return frame, err
}

func (c *recordedConn) Subscribe(ctx context.Context, tokens []string) error {
	c.recorder.change(time.Now(), c.c, "subscribe", tokens) // before its answer comes
	return c.Conn.Subscribe(ctx, tokens)
}

func (c *recordedConn) Unsubscribe(ctx context.Context, tokens []string) error {
	c.recorder.change(time.Now(), c.c, "unsubscribe", tokens)
	return c.Conn.Unsubscribe(ctx, tokens)
}

func (c *recordedConn) Close() error {
	c.recorder.end(time.Now(), c.c, nil)
	return c.Conn.Close()
}

// connection is what a Recorder knows of one. The Recorder's lock guards it.
type connection struct {
	number int
	ended  bool // nothing more of it is recorded
	behind bool // it is in the Recorder's list
	// The rest is what the recording lacks of it while the queue is full: that it was
	// opened, frames, and the line of its end.
	unopened bool
	lost     uint64
	ending   []byte
}

// open gives a connection its number, and records that it was opened.
func (r *Recorder) open(at time.Time, tokens []string) *connection {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opened++
	c := &connection{number: r.opened}
	if r.stopped() {
		return c
	}
	if r.accept(entry{data: appendOpened(nil, at, c.number)}) {
		r.accept(entry{data: appendTokens(nil, at, c.number, "subscribe", tokens)})
	} else {
		r.miss(c)
		c.unopened = true
	}
	return c
}

// frame records a frame.
func (r *Recorder) frame(at time.Time, c *connection, frame []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case c.ended || r.over:
	case r.err != nil:
		r.lost++
	case r.accept(entry{at.UnixNano(), c.number, true, frame}):
		r.queued++
	default:
		r.miss(c)
		c.lost++
		r.lost++
	}
}

// change records a change of a subscription, if there is room.
func (r *Recorder) change(at time.Time, c *connection, control string, tokens []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !c.ended && !r.stopped() {
		r.accept(entry{data: appendTokens(nil, at, c.number, control, tokens)})
	}
}

// end records that a connection is over.
func (r *Recorder) end(at time.Time, c *connection, cause error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.ended {
		return
	}
	c.ended = true
	if r.stopped() {
		return
	}
	line := appendClosed(nil, at, c.number, cause)
	switch {
	case r.accept(entry{data: line}):
	case c.unopened: // nothing of it is in the recording, and so it stays
		r.behind = slices.DeleteFunc(r.behind, func(b *connection) bool { return b == c })
	default:
		r.miss(c)
		c.ending = line
	}
}

func (r *Recorder) stopped() bool { return r.over || r.err != nil }

// accept queues an entry. It returns false if there is no room.
func (r *Recorder) accept(e entry) bool {
	return !r.full && len(e.data) <= feed.MaxFrame && r.queue.put(e)
}

// miss says that something of a connection was not accepted.
func (r *Recorder) miss(c *connection) {
	r.full = true
	if !c.behind {
		c.behind = true
		r.behind = append(r.behind, c)
	}
}

// catchUp queues what stands for everything that is missing, so that the queue accepts
// entries again.
func (r *Recorder) catchUp(now time.Time) {
	r.full = false
	r.behind = slices.DeleteFunc(r.behind, func(c *connection) bool {
		c.behind = !r.makeGood(now, c)
		return !c.behind
	})
	r.full = len(r.behind) > 0
}

// makeGood queues what stands for everything that is missing of a connection. It returns
// false if there was no room for all of it.
func (r *Recorder) makeGood(now time.Time, c *connection) bool {
	if c.unopened {
		if !r.accept(entry{data: appendOpened(nil, now, c.number)}) {
			return false
		}
		c.unopened = false
	}
	if c.lost > 0 {
		if !r.accept(entry{data: appendLost(nil, now, c.number, c.lost)}) {
			return false
		}
		c.lost = 0
	}
	return c.ending == nil || r.accept(entry{data: c.ending})
}
