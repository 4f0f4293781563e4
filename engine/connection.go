package engine

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"example.com/truebook/feed"
)

// connection is a connection of a driver, from the wait for its dial to its end. Three
// goroutines are its own: one dials and reads, one writes, and one closes it when ctx
// ends.
type connection struct {
	driver *driver
	number int
	ctx    context.Context //nolint:containedctx // it is the life of the connection
	cancel context.CancelFunc
	frames uint64 // that were read

	mu     sync.Mutex
	reason Reason        // why it was given up, NoReason if it was not
	writes []effect      // to be sent, in order
	signal chan struct{} // has room for one: there are some
}

// maxWrites bounds what waits for a connection that takes seconds to write. Each is a
// PING or a change of what is subscribed to, of which there are few.
const maxWrites = 1000

// writeTimeout is how long a message may take to be written: it is shorter than a
// hundred kilobytes.
const writeTimeout = 5 * time.Second

var errNothingOpened = errors.New("engine: the source opened nothing and said nothing")

// dial begins a connection, when it is its turn among all dials of the engine. It
// tells the core if that takes time.
func (d *driver) dial(e *effect) (news *input) {
	if d.conn != nil {
		d.conn.cancel() // it is over, or nobody would dial
	}
	if d.dialing.Add(1) > maxHangingDials {
		d.dialing.Add(-1)
		return &input{kind: dialFailed, conn: e.conn}
	}
	ctx, cancel := context.WithCancel(d.ctx)
	c := &connection{driver: d, number: e.conn, ctx: ctx, cancel: cancel, signal: make(chan struct{}, 1)}
	d.conn = c
	turn := d.engine.dials.Reserve()
	tokens, delay := e.tokens, turn.Delay()
	d.protected(func() {
		defer d.dialing.Add(-1)
		defer cancel()
		if !sleep(ctx, delay) {
			turn.Cancel()
			return
		}
		c.live(tokens)
	})
	if delay > 0 {
		return &input{kind: dialPutOff, conn: e.conn, retryAfter: delay}
	}
	return nil
}

// giveUp ends the connection.
func (c *connection) giveUp(reason Reason) {
	c.mu.Lock()
	c.reason = reason
	c.mu.Unlock()
	c.cancel()
}

// wasGivenUp logs why the connection was given up here, if it was, and returns whether
// it was ended from here.
func (c *connection) wasGivenUp() bool {
	c.mu.Lock()
	reason := c.reason
	c.mu.Unlock()
	if reason != NoReason {
		c.driver.log.Warn("connection given up", slog.String("reason", reason.String()))
	}
	return c.ctx.Err() != nil
}

// sleep waits. It returns false if the context ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// live dials and reads until the end.
func (c *connection) live(tokens []string) {
	d := c.driver
	ctx, cancel := context.WithTimeout(c.ctx, dialTimeout)
	conn, err := d.engine.source.Open(ctx, tokens)
	cancel()
	if err == nil && conn == nil {
		err = errNothingOpened
	}
	if err != nil {
		c.refused(err)
		return
	}
	d.log.Info("connection opened", slog.Int("tokens", len(tokens)))
	d.protected(func() {
		<-c.ctx.Done()
		_ = conn.Close() // it has nothing to say any more
	})
	d.protected(func() { c.keepWriting(conn) })
	d.step(&input{kind: connOpened, conn: c.number})
	for {
		frame, err := conn.Next()
		if err == nil {
			err = c.ctx.Err() // whatever it says after its end
		}
		if err != nil {
			c.closed(err)
			return
		}
		d.frame(c, frame, conn.More())
	}
}

// frame tells the core a frame.
func (d *driver) frame(c *connection, frame []byte, more bool) {
	var began time.Time
	c.frames++
	sampled := c.frames%publishSample == 0
	if sampled {
		began = time.Now() // waiting for the lock counts
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.in = input{kind: frameCame, conn: c.number, frame: frame, more: more}
	d.tell(&d.in)
	if sampled {
		d.publish.note(time.Since(began))
	}
}

// refused tells the core that the dial has failed.
func (c *connection) refused(err error) {
	in := &input{kind: dialFailed, conn: c.number}
	if refused := (*feed.StatusError)(nil); errors.As(err, &refused) {
		in.status, in.retryAfter = refused.Status, refused.RetryAfter
	}
	if !c.wasGivenUp() {
		c.driver.log.Warn("connection refused", slog.Any("error", err))
	}
	c.driver.step(in)
}

// closed tells the core that the connection has ended.
func (c *connection) closed(err error) {
	in := &input{kind: connClosed, conn: c.number}
	if goodbye := (*feed.CloseError)(nil); errors.As(err, &goodbye) {
		in.status, in.text = goodbye.Code, goodbye.Reason
	}
	if !c.wasGivenUp() {
		c.driver.log.Warn("connection lost", slog.Any("error", err))
	}
	c.driver.step(in)
}

// write sends something when what came before is sent. It does not wait: a connection
// that takes too much time is ended.
func (c *connection) write(e *effect) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.writes) == maxWrites {
		c.cancel()
		return
	}
	c.writes = append(c.writes, *e)
	select {
	case c.signal <- struct{}{}:
	default:
	}
}

// keepWriting sends what is to be sent.
func (c *connection) keepWriting(conn feed.Conn) {
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-c.signal:
		}
		c.mu.Lock()
		writes := c.writes
		c.writes = nil
		c.mu.Unlock()
		for i := range writes {
			if err := c.send(conn, &writes[i]); err != nil {
				c.cancel() // and what reads it tells the core
				return
			}
		}
	}
}

func (c *connection) send(conn feed.Conn, e *effect) error {
	ctx, cancel := context.WithTimeout(c.ctx, writeTimeout)
	defer cancel()
	switch e.kind {
	case subscribe:
		return conn.Subscribe(ctx, e.tokens)
	case unsubscribe:
		return conn.Unsubscribe(ctx, e.tokens)
	default:
		return conn.Ping(ctx)
	}
}

// randomSeed makes every core wait otherwise than the others.
func randomSeed() uint64 { return rand.Uint64() } //nolint:gosec // for jitter
