package engine

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
)

// stream is a source of a test: an exchange whose every connection gets the opening books
// of what it is subscribed to, and then what the test sends.
type stream struct {
	x *feedtest.Exchange
	// refuse is what the next dials are answered with, nil for nothing.
	refuse func(ctx context.Context) error

	mu     sync.Mutex
	conns  []*streamConn
	dialed []time.Time
}

func newStream(markets int) *stream {
	return &stream{x: feedtest.New(feedtest.Options{Seed: 5, Markets: markets})}
}

func (s *stream) tokens() (tokens []string) {
	for _, m := range s.x.Markets() {
		tokens = append(tokens, m.Yes, m.No)
	}
	return tokens
}

func (s *stream) Open(ctx context.Context, tokens []string) (feed.Conn, error) {
	s.mu.Lock()
	s.dialed = append(s.dialed, time.Now())
	s.mu.Unlock()
	if s.refuse != nil {
		if err := s.refuse(ctx); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &streamConn{frames: make(chan string, 1000), closed: make(chan struct{}), tokens: slices.Clone(tokens)}
	c.frames <- string(s.x.Opening().Data)
	s.conns = append(s.conns, c)
	return c, nil
}

// newest returns the connection that was opened last.
func (s *stream) newest() *streamConn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns[len(s.conns)-1]
}

func (s *stream) dials() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.dialed)
}

// streamConn is a connection of a stream.
type streamConn struct {
	frames chan string
	closed chan struct{}
	once   sync.Once
	// hang lets writes take as long as their context allows.
	hang bool

	mu     sync.Mutex
	tokens []string // it was opened with
	sent   []string
	goodby error // Next ends with it when frames is closed
}

func (c *streamConn) Next() ([]byte, error) {
	select {
	case <-c.closed:
		return nil, net.ErrClosed
	case f, ok := <-c.frames:
		if !ok {
			c.mu.Lock()
			defer c.mu.Unlock()
			return nil, c.goodby
		}
		return []byte(f), nil
	}
}

func (c *streamConn) More() bool { return len(c.frames) > 0 }

func (c *streamConn) write(ctx context.Context, what string, tokens []string) error {
	if c.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent = append(c.sent, strings.TrimSpace(what+" "+strings.Join(tokens, " ")))
	if what == "ping" {
		c.frames <- "PONG"
	}
	return nil
}

func (c *streamConn) Ping(ctx context.Context) error { return c.write(ctx, "ping", nil) }
func (c *streamConn) Subscribe(ctx context.Context, tokens []string) error {
	return c.write(ctx, "subscribe", tokens)
}

func (c *streamConn) Unsubscribe(ctx context.Context, tokens []string) error {
	return c.write(ctx, "unsubscribe", tokens)
}

func (c *streamConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

// say ends the connection as the server does.
func (c *streamConn) say(goodbye error) {
	c.mu.Lock()
	c.goodby = goodbye
	c.mu.Unlock()
	close(c.frames)
}

func (c *streamConn) written() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.sent, ", ")
}

// begin begins an engine over a stream, and watches its tokens. end ends it, and returns
// what Run does.
func begin(t *testing.T, s *stream, config Config) (e *Engine, sub *Subscription, end func() error) {
	t.Helper()
	e, err := New(s, config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	return e, mustWatch(t, e, s.tokens()...), func() error {
		cancel()
		return <-done
	}
}

// running runs an engine over a stream, in virtual time, and ends it.
func running(t *testing.T, s *stream, config Config, test func(*testing.T, *Engine)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
		e, err := New(s, config)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- e.Run(ctx) }()
		synctest.Wait()
		test(t, e)
		began := time.Now()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("the end took %v", took)
		}
	})
}

func mustWatch(t *testing.T, e *Engine, tokens ...string) *Subscription {
	t.Helper()
	sub, err := e.Watch(tokens...)
	if err != nil {
		t.Fatal(err)
	}
	return sub
}

// states returns the states of a subscription's tokens, each once.
func subscribedStates(sub *Subscription) string {
	var states []string
	for _, a := range sub.Assets() {
		v := a.View()
		text := v.State.String()
		if v.Reason != NoReason {
			text += ":" + v.Reason.String()
		}
		if !slices.Contains(states, text) {
			states = append(states, text)
		}
	}
	slices.Sort(states)
	return strings.Join(states, " ")
}

func wantStates(t *testing.T, sub *Subscription, want string) {
	t.Helper()
	if got := subscribedStates(sub); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
