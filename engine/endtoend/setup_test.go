package endtoend

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"testing"
	"time"

	"go.uber.org/goleak"

	"example.com/truebook/engine"
	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
	"example.com/truebook/feed/live"
	"example.com/truebook/feed/rest"
)

// Most tests wait rather than work: all may at once.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "32"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// client is a running engine, and the exchange that it talks to.
type client struct {
	t       *testing.T
	virtual bool // so is time
	server  *feedtest.Server
	source  *live.Source
	rest    *rest.Client
	engine  *engine.Engine
	tokens  []string
	cancel  context.CancelFunc
	done    chan error
}

// network is how a client reaches the server: pipes in virtual time, or this machine's
// loopback.
type network func(*feedtest.Server) (live.Options, rest.Options)

func pipes(s *feedtest.Server) (live.Options, rest.Options) {
	return live.Options{URL: "ws://127.0.0.1/ws/market", DialContext: s.Dial},
		rest.Options{URL: "http://127.0.0.1", DialContext: s.Dial}
}

func loopback(tb testing.TB) network {
	tb.Helper()
	return func(s *feedtest.Server) (live.Options, rest.Options) {
		ws, http, err := s.Start("127.0.0.1:0")
		if err != nil {
			tb.Fatal(err)
		}
		return live.Options{URL: ws}, rest.Options{URL: http}
	}
}

// connect starts a server and an engine. end ends both.
func connect(t *testing.T, o feedtest.ServerOptions, net network, config engine.Config) *client {
	t.Helper()
	c := &client{t: t, server: feedtest.NewServer(o)}
	liveOptions, restOptions := net(c.server)
	var err error
	if c.source, err = live.New(liveOptions); err != nil {
		t.Fatal(err)
	}
	if c.rest, err = rest.New(restOptions); err != nil {
		t.Fatal(err)
	}
	if config.Books == nil {
		config.Books = c.rest
	}
	if testing.Verbose() {
		config.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	if c.engine, err = engine.New(c.source, config); err != nil {
		t.Fatal(err)
	}
	c.server.Do(func(v *feedtest.Venue) {
		for _, m := range v.Markets() {
			c.tokens = append(c.tokens, m.Yes, m.No)
		}
	})
	var ctx context.Context
	ctx, c.cancel = context.WithCancel(context.Background())
	c.done = make(chan error, 1)
	go func() { c.done <- c.engine.Run(ctx) }()
	return c
}

// end ends the engine, and then the server.
func (c *client) end() {
	c.t.Helper()
	began := time.Now()
	c.cancel()
	if err := <-c.done; !errors.Is(err, context.Canceled) {
		c.t.Errorf("Run: %v", err)
	}
	if took := time.Since(began); c.virtual && took > time.Second {
		c.t.Errorf("Run took %v to end", took)
	}
	if err := c.rest.Close(); err != nil {
		c.t.Error(err)
	}
	c.server.Close()
}

func (c *client) watch(tokens ...string) *engine.Subscription {
	c.t.Helper()
	sub, err := c.engine.Watch(tokens...)
	if err != nil {
		c.t.Fatal(err)
	}
	return sub
}

// wait waits until all tokens are live.
func (c *client) wait(sub *engine.Subscription, d time.Duration) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	if err := sub.Wait(ctx); err != nil {
		c.t.Fatal(err)
	}
}

// until waits for something to be so.
func (c *client) until(what string, d time.Duration, is func() bool) {
	c.t.Helper()
	for end := time.Now().Add(d); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("not within %v: %s; %+v", d, what, c.engine.Stats())
		}
	}
}

// allLive says whether every token can be traded on.
func allLive(sub *engine.Subscription) bool {
	for _, a := range sub.Assets() {
		if _, err := a.Top(); errors.Is(err, engine.ErrNotLive) {
			return false
		}
	}
	return true
}

// wrong returns the live tokens whose book is not the true one: there is none if
// everything sent has come, and nothing was lost.
func (c *client) wrong(sub *engine.Subscription) (wrong []string) {
	c.server.Do(func(v *feedtest.Venue) {
		for _, a := range sub.Assets() {
			view, truth := a.View(), v.Truth(a.ID())
			says := view.State == engine.Live && !view.Settling && view.Check != engine.Open && view.Check != engine.Failed
			if says && !truth.Open && !view.Snapshot.Equal(truth.Book.Snapshot()) {
				wrong = append(wrong, a.ID())
			}
		}
	})
	return wrong
}

// inject lets something go wrong at the exchange now.
func (c *client) inject(f feedtest.Fault) {
	c.server.Do(func(v *feedtest.Venue) { v.Inject(f) })
}

var _ feed.BookFetcher = (*rest.Client)(nil)
