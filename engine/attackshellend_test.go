package engine

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/feed"
)

// nothing is a source that returns neither a connection nor an error.
type nothing struct{}

func (nothing) Open(context.Context, []string) (feed.Conn, error) { return nil, nil } //nolint:nilnil // hostile

// TestShellNilConn: a Source that returns nil, nil must not kill the program.
func TestShellNilConn(t *testing.T) {
	if os.Getenv("SHELL_NIL") != "" {
		e, _ := New(nothing{}, Config{})
		mustWatch(t, e, "1")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_ = e.Run(ctx)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=TestShellNilConn$")
	cmd.Env = append(os.Environ(), "SHELL_NIL=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("the process died: %v\n%s", err, out[:min(len(out), 300)])
	}
}

// TestShellFetchesThatHang: a REST that does not return when its time is over gathers a
// bounded number of requests.
func TestShellFetchesThatHang(t *testing.T) {
	s := newStream(1)
	release := make(chan struct{})
	var mu sync.Mutex
	under, most := 0, 0
	synctest.Test(t, func(t *testing.T) {
		release = make(chan struct{})
		rest := books(func(context.Context, []string) ([]byte, error) {
			mu.Lock()
			under++
			most = max(most, under)
			mu.Unlock()
			<-release // whatever its context says
			return nil, errors.New("at last")
		})
		e, _ := New(s, Config{Books: rest})
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = e.Run(ctx) }()
		sub := mustWatch(t, e, s.tokens()...)
		_ = sub.Wait(t.Context())
		time.Sleep(2 * time.Hour)
		mu.Lock()
		defer mu.Unlock()
		if most > maxHangingFetches {
			t.Errorf("%d requests are under way, of %d at most; %d goroutines", most, maxHangingFetches, runtime.NumGoroutine())
		}
		cancel()
		close(release)
	})
}

// TestShellDialsThatHang: the same of dials.
func TestShellDialsThatHang(t *testing.T) {
	s := newStream(1)
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s.refuse = func(context.Context) error {
			<-release // whatever its context says
			return errors.New("at last")
		}
		_, _, end := begin(t, s, Config{})
		time.Sleep(time.Hour)
		if n := len(s.dials()); n != maxHangingDials {
			t.Errorf("%d dials are under way, of %d at most", n, maxHangingDials)
		}
		close(release)
		if err := end(); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// TestShellChurn: everything at once.
func TestShellChurn(t *testing.T) {
	for seed := range uint64(6) {
		s := newStream(6)
		synctest.Test(t, func(t *testing.T) {
			e, _ := New(s, Config{TokensPerConnection: 2, Books: books(func(context.Context, []string) ([]byte, error) {
				time.Sleep(time.Millisecond)
				return nil, nil
			})})
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			for g := range 8 {
				wg.Go(func() {
					r := rand.New(rand.NewPCG(seed, uint64(g)))
					all := s.tokens()
					for range 60 {
						a, b := all[r.IntN(len(all))], all[r.IntN(len(all))]
						sub, err := e.Watch(a, b)
						if err != nil {
							if !errors.Is(err, ErrEnded) {
								t.Error(err)
							}
							return
						}
						within, stop := context.WithTimeout(ctx, time.Duration(r.IntN(40_000))*time.Millisecond)
						_ = sub.Wait(within)
						stop()
						e.Stats()
						_, _ = e.Asset(a).Top()
						time.Sleep(time.Duration(r.IntN(35_000)) * time.Millisecond)
						wg.Go(sub.Close)
						sub.Close()
						if r.IntN(5) == 0 {
							s.mu.Lock()
							if n := len(s.conns); n > 0 {
								_ = s.conns[r.IntN(n)].Close()
							}
							s.mu.Unlock()
						}
					}
				})
			}
			done := make(chan error, 1)
			go func() { done <- e.Run(ctx) }()
			time.Sleep(time.Duration(1+seed*5) * time.Minute)
			if seed < 3 {
				wg.Wait()
				time.Sleep(time.Minute)
				if n := e.Stats(); n.Tokens != 0 || n.Open != 0 || len(e.interest) != 0 {
					t.Errorf("seed %d: all are closed: %d tokens, %d open, interest in %d", seed, n.Tokens, n.Open, len(e.interest))
				}
				open := 0
				for _, c := range s.conns {
					select {
					case <-c.closed:
					default:
						open++
					}
				}
				if open > 0 {
					t.Errorf("seed %d: %d connections were never closed", seed, open)
				}
			}
			began := time.Now()
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) || time.Since(began) > time.Second {
				t.Errorf("%v after %v", err, time.Since(began))
			}
			wg.Wait()
			for _, d := range e.drivers {
				for _, x := range d.core.books.tokens {
					if x != nil && x.readers.View().State == Live {
						t.Error("live after the end")
					}
				}
			}
		})
	}
}

// TestShellPanicAtTheEnd: Run returns what happened.
func TestShellPanicAtTheEnd(t *testing.T) {
	s := newStream(1)
	synctest.Test(t, func(t *testing.T) {
		e, sub, end := begin(t, s, Config{})
		_ = sub.Wait(t.Context())
		d := e.drivers[0]
		d.mu.Lock()
		d.core.books.review = func(*token) { panic("oh") }
		d.mu.Unlock()
		if err := end(); !strings.Contains(err.Error(), "panic") {
			t.Errorf("the core has panicked, and Run returns %v", err)
		}
	})
}

// TestShellForgottenWhileDialing: what was left while the dial was under way is not
// sent for as long as the connection stands.
func TestShellForgottenWhileDialing(t *testing.T) {
	s := newStream(2)
	s.refuse = func(ctx context.Context) error { return sleepFor(ctx, 5*time.Second) }
	running(t, s, Config{}, func(t *testing.T, e *Engine) {
		all := s.tokens()
		keep, leave := mustWatch(t, e, all[0]), mustWatch(t, e, all[1])
		_ = keep.Wait(t.Context())
		leave.Close()
		time.Sleep(lingerTime - 2*time.Second)
		s.newest().say(errors.New("reset"))
		time.Sleep(20 * time.Second)
		c := s.newest()
		if len(c.tokens) == 2 && !strings.Contains(c.written(), "unsubscribe") {
			t.Errorf("the connection was opened with %d tokens, 1 is followed, and nothing was unsubscribed", len(c.tokens))
		}
	})
}

// TestShellFramesAfterTheEnd: a frame that comes while Close takes its time makes nothing
// live again.
func TestShellFramesAfterTheEnd(t *testing.T) {
	s := newStream(1)
	synctest.Test(t, func(t *testing.T) {
		e, sub, end := begin(t, s, Config{})
		_ = sub.Wait(t.Context())
		_ = end()
		d := e.drivers[0]
		d.frame(&connection{number: 1}, s.x.Opening().Data, false)
		wantStates(t, sub, "stale:ended")
	})
}

func sleepFor(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
