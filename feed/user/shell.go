package user

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"strconv"
	"time"

	"example.com/truebook/feed"
	"example.com/truebook/feed/live"
)

// Run keeps own state until the context ends, and returns its cause. Every goroutine is
// Run's: when it returns, none is left, own state is not known, and iterators end.
//
// An Account runs once: a second Run fails with [ErrRunning].
func (a *Account) Run(ctx context.Context) error {
	if err := a.begin(ctx); err != nil {
		return err
	}
	a.keepTime()
	a.mu.Lock()
	cause := context.Cause(a.ctx)
	a.tell(&input{kind: runEnded})
	a.stop(nil) // it has a cause already
	a.unlock()
	a.workers.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.isOver = true
	for f := range a.followers {
		f.rouse()
	}
	return cause
}

func (a *Account) begin(ctx context.Context) error {
	a.mu.Lock()
	defer a.unlock()
	if a.ctx != nil {
		return ErrRunning
	}
	a.ctx, a.stop = context.WithCancelCause(ctx)
	a.timer = time.NewTimer(longestSleep)
	a.tell(&input{kind: runBegan})
	return nil
}

// keepTime calls the core when it wants to be called.
func (a *Account) keepTime() {
	defer a.timer.Stop()
	for {
		select {
		case <-a.ctx.Done():
			return
		case <-a.timer.C:
			a.step(&input{kind: timerRang})
		}
	}
}

// step tells the core something.
func (a *Account) step(in *input) {
	a.mu.Lock()
	defer a.unlock()
	a.tell(in)
}

// unlock gives back the lock, and logs what has been said since it was taken: a logger may
// take its time, and must not hold up those who want to know.
func (a *Account) unlock() {
	states := a.states
	a.states = nil
	a.mu.Unlock()
	for _, s := range states {
		a.log.Info("own state", slog.Bool("known", s.Known), slog.String("reason", s.Reason.String()))
	}
}

// tell tells the core something, does what it asks for, and tells followers what has
// changed. The lock is held: give it back with unlock.
func (a *Account) tell(in *input) {
	defer a.guard()
	now := time.Now()
	known, reason, version := a.core.known, a.core.reason, a.core.version
	var next time.Time
	wall := now.Round(0)
	a.effects = a.effects[:0]
	stalled := !a.stepped.IsZero() && (now.Sub(a.stepped) > stallTime || wall.Sub(a.wall) > stallTime)
	if !a.stepped.IsZero() && wall.Sub(a.wall)-now.Sub(a.stepped) > stallTime {
		a.effects, _ = a.core.step(now, &input{kind: clockJumped}, a.effects)
	}
	a.effects, next = a.core.step(now, in, a.effects)
	a.stepped, a.wall = now, wall
	if a.core.known != known || a.core.reason != reason {
		a.states = append(a.states, Event{Known: a.core.known, Reason: a.core.reason})
	}
	news := a.core.ledger.news
	for i := range news {
		news[i].Version = a.core.version
	}
	for f := range a.followers {
		if len(news) > 0 {
			f.push(news)
		} else if stalled || a.core.version != version { // a stall is over, or a market was left
			f.rouse()
		}
	}
	clear(news)
	a.core.ledger.news = news[:0]
	if a.ctx == nil || a.ctx.Err() != nil {
		return
	}
	a.timer.Reset(max(next.Sub(now), time.Millisecond))
	var texts [][]byte
	for i := range a.effects {
		texts = append(texts, a.do(&a.effects[i])...)
	}
	if len(texts) > 0 {
		a.conn.write(texts)
	}
}

// guard ends the account when the core has panicked: what it knows is not vouched for any
// more.
func (a *Account) guard() {
	if p := recover(); p != nil {
		if a.ctx == nil {
			panic(p)
		}
		a.core.known, a.core.reason, a.core.phase = false, NotRunning, idlePhase
		a.core.version++
		a.stop(fmt.Errorf("user: panic: %v\n%s", p, debug.Stack()))
	}
}

// do does what the core asks for, and returns what the connection is to write for it.
func (a *Account) do(e *effect) (texts [][]byte) {
	switch e.kind {
	case dialEffect:
		a.dial(e)
	case dropEffect:
		a.conn.cancel()
	case pingEffect:
		return [][]byte{[]byte("PING")}
	case subscribeEffect:
		return operations("subscribe", e.markets)
	case unsubscribeEffect:
		return operations("unsubscribe", e.markets)
	case ordersEffect, tradesEffect:
		request := *e
		a.workers.Go(func() { a.fetch(&request) })
	}
	return nil
}

// fetch asks for a page.
func (a *Account) fetch(e *effect) {
	sign := func(method, path string, body []byte) (map[string]string, error) {
		return a.credentials.Header(method, path, body, time.Now())
	}
	var body []byte
	var err error
	if e.kind == ordersEffect {
		body, err = a.client.OpenOrders(a.ctx, sign, e.cursor)
	} else {
		body, err = a.client.Trades(a.ctx, sign, e.after, e.cursor)
	}
	in := &input{kind: pageCame, flight: e.flight, frame: body}
	if err != nil {
		in.kind = fetchFailed
		in.status, in.retryAfter = refusal(err)
		if a.ctx.Err() == nil {
			a.log.Warn("REST failed", slog.String("why", wordless(err)))
		}
	}
	a.step(in)
}

// refusal returns what an answer of HTTP says beside its words.
func refusal(err error) (status int, retryAfter time.Duration) {
	if refused := (*feed.StatusError)(nil); errors.As(err, &refused) {
		return refused.Status, refused.RetryAfter
	}
	return 0, 0
}

// connection is one of an account, from its dial to its end.
type connection struct {
	account *Account
	number  int
	ctx     context.Context //nolint:containedctx // it is the life of the connection
	cancel  context.CancelFunc
	writes  chan [][]byte // has room for one: the core waits until it is written
}

// dial begins a connection.
func (a *Account) dial(e *effect) {
	if a.conn != nil {
		a.conn.cancel()
	}
	ctx, cancel := context.WithCancel(a.ctx)
	c := &connection{account: a, number: e.conn, ctx: ctx, cancel: cancel, writes: make(chan [][]byte, 1)}
	a.conn = c
	first := subscription(&a.credentials, e.markets)
	a.workers.Go(func() {
		defer cancel()
		c.live(first)
	})
}

// write sends texts. It does not wait.
func (c *connection) write(texts [][]byte) {
	select {
	case c.writes <- texts:
	default:
		c.cancel() // which the core does not let happen
	}
}

// live dials and reads until the end.
func (c *connection) live(first []byte) {
	a := c.account
	ctx, cancel := context.WithTimeout(c.ctx, dialTimeout)
	conn, err := a.source.OpenWith(ctx, first)
	cancel()
	if err != nil {
		in := &input{kind: dialFailed, conn: c.number}
		in.status, in.retryAfter = refusal(err)
		if c.ctx.Err() == nil {
			a.log.Warn("connection refused", slog.String("why", wordless(err)))
		}
		a.step(in)
		return
	}
	a.workers.Go(func() {
		<-c.ctx.Done()
		_ = conn.Close() // it has nothing to say any more
	})
	a.workers.Go(func() { c.keepWriting(conn) })
	a.step(&input{kind: connOpened, conn: c.number})
	for {
		frame, err := conn.Next()
		if err == nil {
			err = c.ctx.Err() // whatever it says after its end
		}
		if err != nil {
			if c.ctx.Err() == nil {
				a.log.Warn("connection lost", slog.String("why", wordless(err)))
			}
			a.step(&input{kind: connClosed, conn: c.number})
			return
		}
		a.step(&input{kind: frameCame, conn: c.number, frame: frame})
	}
}

// keepWriting sends what is to be sent, and tells the core when it is.
func (c *connection) keepWriting(conn *live.Conn) {
	for {
		select {
		case <-c.ctx.Done():
			return
		case texts := <-c.writes:
			for _, text := range texts {
				if conn.Send(c.ctx, text) != nil {
					c.cancel() // and what reads it tells the core
					return
				}
			}
			c.account.step(&input{kind: wroteAll, conn: c.number})
		}
	}
}

// wordless says what an error is, without any words of the server's: it could say the
// secrets that it was sent.
func wordless(err error) string {
	if status, _ := refusal(err); status != 0 {
		return "status " + strconv.Itoa(status)
	}
	if goodbye := (*feed.CloseError)(nil); errors.As(err, &goodbye) {
		return "closed with code " + strconv.Itoa(goodbye.Code)
	}
	if operation := (*net.OpError)(nil); errors.As(err, &operation) {
		return operation.Error()
	}
	for _, known := range []error{
		context.Canceled, context.DeadlineExceeded, net.ErrClosed, io.EOF, io.ErrUnexpectedEOF,
		live.ErrTooBig, live.ErrTooSlow, live.ErrFlood, feed.ErrBudget,
	} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "it failed"
}
