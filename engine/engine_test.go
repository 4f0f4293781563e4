package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/feed"
)

// TestRunAndEnd: books are live soon, and not a moment longer than the engine runs.
func TestRunAndEnd(t *testing.T) {
	s := newStream(2)
	var sub *Subscription
	var followed *Engine
	ended := make(chan error, 2)
	running(t, s, Config{}, func(t *testing.T, e *Engine) {
		followed = e
		sub = mustWatch(t, e, s.tokens()...)
		wantStates(t, sub, "syncing:initial")
		if err := sub.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if top, err := sub.Assets()[0].Top(); err != nil || top.Bid.Size == 0 {
			t.Errorf("%+v, %v", top, err)
		}
		go func() {
			for range sub.Changes(context.Background()) {
			}
			ended <- sub.Err()
		}()
		go func() {
			for range sub.Events(context.Background()) {
			}
			ended <- sub.Err()
		}()
		if err := e.Run(t.Context()); !errors.Is(err, ErrRunning) {
			t.Errorf("a second Run: %v", err)
		}
		if e.Asset(s.tokens()[1]) != sub.Asset(s.tokens()[1]) || e.Asset("1") != nil {
			t.Error("Asset finds another one")
		}
	})
	for range 2 {
		if err := <-ended; !errors.Is(err, ErrEnded) {
			t.Errorf("an iterator ended with %v", err)
		}
	}
	wantStates(t, sub, "stale:ended")
	if _, err := followed.Watch("1"); !errors.Is(err, ErrEnded) {
		t.Errorf("Watch of what has ended: %v", err)
	}
	if err := followed.Run(t.Context()); !errors.Is(err, ErrRunning) {
		t.Errorf("a Run of what has ended: %v", err)
	}
}

// TestWatchBeforeRun: what is watched long before waits, and no dial is counted as late.
func TestWatchBeforeRun(t *testing.T) {
	s := newStream(1)
	synctest.Test(t, func(t *testing.T) {
		e, err := New(s, Config{})
		if err != nil {
			t.Fatal(err)
		}
		sub := mustWatch(t, e, s.tokens()[0])
		time.Sleep(time.Hour)
		other := mustWatch(t, e, s.tokens()...)
		time.Sleep(time.Hour)
		if n := len(s.dials()); n != 0 {
			t.Fatalf("%d dials before Run", n)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- e.Run(ctx) }()
		if err := other.Wait(t.Context()); err != nil {
			t.Error(err)
		}
		wantStates(t, sub, "live")
		if n := e.Stats(); n.Dials != 1 || n.ClockJumps != 0 || n.Open != 1 || n.Live != 2 || n.Tokens != 2 || n.Feed.Books != 2 {
			t.Errorf("%+v", n)
		}
		cancel()
		<-done
	})
}

func TestBadConfig(t *testing.T) {
	s := newStream(1)
	for _, n := range []int{-1, MaxTokensPerConnection + 1} {
		if _, err := New(s, Config{TokensPerConnection: n}); err == nil || !strings.Contains(err.Error(), strconv.Itoa(n)) {
			t.Errorf("%d tokens: %v", n, err)
		}
	}
	if _, err := New(nil, Config{}); err == nil {
		t.Error("no source is accepted")
	}
	e, err := New(s, Config{TokensPerConnection: MaxTokensPerConnection})
	if err != nil {
		t.Fatal(err)
	}
	for _, tokens := range [][]string{{}, {""}, {"12", "x"}, {strings.Repeat("1", 79)}, {"1\n"}} {
		if _, err := e.Watch(tokens...); !errors.Is(err, ErrNoToken) {
			t.Errorf("Watch(%q): %v", tokens, err)
		}
	}
	many := make([]string, MaxTokens+1)
	for i := range many {
		many[i] = strconv.Itoa(i + 1)
	}
	if _, err := e.Watch(many...); err == nil {
		t.Error("more than MaxTokens are watched")
	}
	if n := e.Stats(); n.Tokens != 0 {
		t.Errorf("%d tokens of calls that failed", n.Tokens)
	}
}

// TestPlaces: the tokens of one call share a connection as far as they fit, and dials are
// half a second apart.
func TestPlaces(t *testing.T) {
	s := newStream(10)
	running(t, s, Config{TokensPerConnection: 4}, func(t *testing.T, e *Engine) {
		all := s.tokens()
		first := mustWatch(t, e, all[0], all[1], all[0])
		second := mustWatch(t, e, all[2], all[3], all[4]) // no room for three
		third := mustWatch(t, e, all[5], all[1], all[6])  // one is there already
		fourth := mustWatch(t, e, all...)                 // and the rest, in fours
		for i, want := range []int{1, 1, 2, 2, 2, 1, 1, 3, 3, 3, 3} {
			if d := e.home[all[i]]; d.number != want {
				t.Errorf("token %d is on connection %d, not %d", i, d.number, want)
			}
		}
		for _, sub := range []*Subscription{first, second, third, fourth} {
			if err := sub.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if first.Asset(all[1]) != third.Asset(all[1]) {
			t.Error("two subscriptions to a token have books of their own")
		}
		dials := s.dials()
		for i := 1; i < len(dials); i++ {
			if gap := dials[i].Sub(dials[i-1]); gap < time.Second/dialsPerSecond-time.Millisecond {
				t.Errorf("dials %v apart", gap)
			}
		}
		if n := e.Stats(); n.Connections != 5 || n.Open != 5 || n.Tokens != 20 || n.Live != 20 || int(n.Dials) != len(dials) {
			t.Errorf("%d dials, %+v", len(dials), n)
		}
	})
}

// TestManyConnections: one that has to wait for its dial does not lose the time for it.
func TestManyConnections(t *testing.T) {
	s := newStream(12)
	running(t, s, Config{TokensPerConnection: 1}, func(t *testing.T, e *Engine) {
		sub := mustWatch(t, e, s.tokens()...)
		ctx, cancel := context.WithTimeout(t.Context(), 13*time.Second)
		defer cancel()
		if err := sub.Wait(ctx); err != nil {
			t.Error(err)
		}
		if n, tried := len(s.dials()), e.Stats().Dials; n != 24 || tried != 24 {
			t.Errorf("%d dials, of %d", n, tried)
		}
	})
}

// TestLingering: a token that nobody watches any more goes on for half a minute; what others
// watch goes on, and what comes back is fetched.
func TestLingering(t *testing.T) {
	s := newStream(1)
	running(t, s, Config{}, func(t *testing.T, e *Engine) {
		both := mustWatch(t, e, s.tokens()...)
		one := mustWatch(t, e, s.tokens()[1])
		if err := both.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		both.Close()
		both.Close()
		time.Sleep(lingerTime - 2*time.Second)
		wantStates(t, both, "live")
		time.Sleep(4 * time.Second)
		wantStates(t, both, "gone:unwatched live")
		wantStates(t, one, "live")
		if got := s.newest().written(); !strings.Contains(got, "unsubscribe "+s.tokens()[0]) || strings.Contains(got, s.tokens()[1]) {
			t.Errorf("written: %s", got)
		}
		again := mustWatch(t, e, s.tokens()[0])
		synctest.Wait()
		if got := s.newest().written(); !strings.HasSuffix(got, ", subscribe "+s.tokens()[0]) {
			t.Errorf("written: %s", got)
		}
		s.newest().frames <- string(s.x.Opening().Data)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := again.Wait(ctx); err != nil {
			t.Error(err)
		}
	})
}

// TestGoodbyes: what the server says when it ends a connection, or opens none, reaches the
// core.
func TestGoodbyes(t *testing.T) {
	t.Run("resolved", func(t *testing.T) {
		s := newStream(1)
		running(t, s, Config{}, func(t *testing.T, e *Engine) {
			sub := mustWatch(t, e, s.tokens()...)
			_ = sub.Wait(t.Context())
			s.newest().say(fmt.Errorf("live: %w", &feed.CloseError{Code: closeNormal, Reason: resolvedText}))
			synctest.Wait()
			wantStates(t, sub, "gone:resolved")
		})
	})
	t.Run("cut", func(t *testing.T) {
		s := newStream(1)
		running(t, s, Config{}, func(t *testing.T, e *Engine) {
			sub := mustWatch(t, e, s.tokens()...)
			_ = sub.Wait(t.Context())
			s.newest().say(io.ErrUnexpectedEOF)
			synctest.Wait()
			wantStates(t, sub, "stale:disconnected")
			time.Sleep(time.Second)
			wantStates(t, sub, "live")
		})
	})
	t.Run("too many", func(t *testing.T) {
		s := newStream(1)
		s.refuse = func(context.Context) error {
			return fmt.Errorf("live: %w", &feed.StatusError{Status: statusTooMany, RetryAfter: time.Minute})
		}
		running(t, s, Config{}, func(t *testing.T, e *Engine) {
			mustWatch(t, e, s.tokens()...)
			time.Sleep(90 * time.Second)
			if d := s.dials(); len(d) != 2 || d[1].Sub(d[0]) < time.Minute {
				t.Errorf("dials at %v", d)
			}
		})
	})
	t.Run("never", func(t *testing.T) {
		s := newStream(1)
		s.refuse = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		running(t, s, Config{}, func(t *testing.T, e *Engine) {
			mustWatch(t, e, s.tokens()...)
			time.Sleep(15 * time.Second)
			if d := s.dials(); len(d) != 2 {
				t.Errorf("dials at %v", d)
			}
		})
	})
}

// TestServerThatDoesNotRead: it keeps nobody waiting, and is given up.
func TestServerThatDoesNotRead(t *testing.T) {
	s := newStream(40)
	running(t, s, Config{}, func(t *testing.T, e *Engine) {
		all := s.tokens()
		sub := mustWatch(t, e, all[0])
		_ = sub.Wait(t.Context())
		first := s.newest()
		first.hang = true
		for _, id := range all[1:] {
			mustWatch(t, e, id)
		}
		time.Sleep(writeTimeout - time.Second)
		if s.newest() != first {
			t.Fatal("given up before the time")
		}
		wantStates(t, sub, "live")
		time.Sleep(3 * time.Second)
		if s.newest() == first {
			t.Error("it goes on")
		}
		wantStates(t, sub, "live")
	})
}

// TestMaxWrites: a connection that too much waits for is given up.
func TestMaxWrites(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := &connection{ctx: ctx, cancel: cancel, signal: make(chan struct{}, 1)}
	for range maxWrites {
		c.write(&effect{kind: ping})
	}
	if ctx.Err() != nil {
		t.Error("given up before the bound")
	}
	c.write(&effect{kind: ping})
	if ctx.Err() == nil || len(c.writes) != maxWrites {
		t.Errorf("%d wait, %v", len(c.writes), ctx.Err())
	}
}

// TestPanic: a core that panics ends the engine, and no book of it reads as live.
func TestPanic(t *testing.T) {
	s := newStream(1)
	synctest.Test(t, func(t *testing.T) {
		e, err := New(s, Config{})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- e.Run(t.Context()) }()
		sub := mustWatch(t, e, s.tokens()...)
		_ = sub.Wait(t.Context())
		d := e.drivers[0]
		d.mu.Lock()
		d.core.books.review = func(*token) { panic("oh") } // while its market is locked
		d.mu.Unlock()
		s.newest().frames <- string(s.x.Opening().Data)
		if err := <-done; err == nil || !strings.Contains(err.Error(), "panic: oh") || !strings.Contains(err.Error(), "step") {
			t.Errorf("Run: %v", err)
		}
		wantStates(t, sub, "stale:stalled")
		if _, err := sub.Assets()[0].Top(); !errors.Is(err, ErrStale) {
			t.Errorf("Top: %v", err)
		}
	})
}

// books is a REST of a test.
type books func(ctx context.Context, tokens []string) ([]byte, error)

func (b books) FetchBooks(ctx context.Context, tokens []string) ([]byte, error) {
	return b(ctx, tokens)
}

// TestFetches: what REST answers reaches the core, and what it does not within its time.
func TestFetches(t *testing.T) {
	s := newStream(1)
	var mu sync.Mutex
	var answers []error
	asked := 0
	rest := books(func(ctx context.Context, _ []string) ([]byte, error) {
		mu.Lock()
		defer mu.Unlock()
		asked++
		if len(answers) > 0 {
			err := answers[0]
			answers = answers[1:]
			return []byte("[]"), err
		}
		mu.Unlock()
		<-ctx.Done()
		mu.Lock()
		return nil, ctx.Err()
	})
	running(t, s, Config{Books: rest}, func(t *testing.T, e *Engine) {
		sub := mustWatch(t, e, s.tokens()[0])
		_ = sub.Wait(t.Context())
		for i, err := range []error{
			nil, &feed.StatusError{Status: statusUnavailable, RetryAfter: time.Minute}, errors.New("no route"),
		} {
			mu.Lock()
			answers = append(answers, err)
			mu.Unlock()
			time.Sleep(2 * time.Minute)
			stats := e.Stats()
			if int(stats.FetchesFailed) < i {
				t.Errorf("answer %d: %+v", i, stats)
			}
			wantStates(t, sub, "live") // a REST that fails harms no live book
		}
		mu.Lock()
		defer mu.Unlock()
		if c := e.Stats(); asked < 5 || c.Audits == 0 || int(c.Fetches) != asked {
			t.Errorf("asked %d times, %+v", asked, c)
		}
	})
}

// TestWithoutREST: what the stream cannot mend is mended by a new connection, one a
// minute at most.
func TestWithoutREST(t *testing.T) {
	s := newStream(1)
	running(t, s, Config{}, func(t *testing.T, e *Engine) {
		sub := mustWatch(t, e, s.tokens()...)
		_ = sub.Wait(t.Context())
		bad := `{"event_type":"price_change","market":"` + s.x.Markets()[0].Condition + `","timestamp":"x","price_changes":[{"asset_id":"` +
			s.tokens()[0] + `","price":"0.5","size":"1","side":"BUY"}]}`
		for range 3 {
			s.newest().frames <- bad
			time.Sleep(6 * time.Second)
		}
		if n := len(s.dials()); n != 2 {
			t.Errorf("%d dials within 18 seconds", n)
		}
		time.Sleep(time.Minute)
		wantStates(t, sub, "live")
		if n := e.Stats(); n.Fetches != 0 || n.Audits != 0 {
			t.Errorf("%+v", n)
		}
	})
}

// TestHashingOffEverywhere: what one core finds of the hashes is so for all, and for those
// that come later.
func TestHashingOffEverywhere(t *testing.T) {
	s := newStream(3)
	running(t, s, Config{TokensPerConnection: 2}, func(t *testing.T, e *Engine) {
		_ = mustWatch(t, e, s.tokens()[:4]...).Wait(t.Context())
		d := e.drivers[0]
		d.mu.Lock()
		d.do(&effect{kind: reportHashing})
		d.mu.Unlock()
		synctest.Wait()
		_ = mustWatch(t, e, s.tokens()[4:]...).Wait(t.Context())
		for _, d := range e.drivers {
			if !d.core.books.proofs.off {
				t.Errorf("connection %d compares hashes", d.number)
			}
		}
		if !e.Stats().HashingOff {
			t.Error("nobody is told")
		}
	})
}

// TestFrameAllocations: in the steady state the shell adds none to those of the core.
func TestFrameAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	s := newStream(4)
	e, err := New(s, Config{})
	if err != nil {
		t.Fatal(err)
	}
	mustWatch(t, e, s.tokens()...)
	d := e.drivers[0]
	now, wall := clock()
	d.core.begin(now, wall)
	d.core.line.state, d.core.line.conn = lineOpen, 1
	d.core.line.pingAt = now.after(time.Hour)
	d.ctx, d.timer = t.Context(), time.NewTimer(time.Hour)
	d.core.line.openedAt, d.core.line.lastData = now, now
	conn := &connection{number: 1}
	d.frame(conn, s.x.Opening().Data, false)
	var frames [][]byte
	for range 12_000 {
		frames = append(frames, slices.Clone(s.x.Next().Data))
	}
	i := 0
	next := func() { d.frame(conn, frames[i], i%3 == 0); i++ }
	for range 6000 {
		next()
	}
	if n := testing.AllocsPerRun(5000, next); n != 0 {
		t.Errorf("%v allocations for a frame", n)
	}
	if stats := e.Stats(); stats.Live != 8 || stats.Publish.Count() < 100 || stats.Applied == 0 {
		t.Errorf("%+v", stats)
	}
}
