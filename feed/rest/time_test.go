package rest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
	"example.com/truebook/feed/rest"
)

// slow are servers that let a client wait, each in a place of its own.
var slow = map[string]http.HandlerFunc{
	"header": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	"header, a byte a second": func(w http.ResponseWriter, _ *http.Request) {
		conn, _, _ := w.(http.Hijacker).Hijack()
		defer conn.Close()
		trickle(conn, "HTTP/1.1 200 OK\r\nX: ")
	},
	"body": func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "[")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	},
	"body, a byte a second": func(w http.ResponseWriter, _ *http.Request) {
		trickle(flushing{w}, "[")
	},
	"body of a known length": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000000")
		trickle(flushing{w}, "[")
	},
}

// flushing sends what is written at once.
type flushing struct{ http.ResponseWriter }

func (f flushing) Write(p []byte) (int, error) {
	n, err := f.ResponseWriter.Write(p)
	if err == nil {
		err = http.NewResponseController(f.ResponseWriter).Flush()
	}
	return n, err
}

// trickle writes a byte a second until nobody reads it any more.
func trickle(w io.Writer, first string) {
	_, err := io.WriteString(w, first)
	for err == nil {
		time.Sleep(time.Second)
		_, err = w.Write([]byte(" "))
	}
}

// TestTimeouts: no server keeps a call for longer than ten seconds, or than its
// context, wherever it lets it wait.
func TestTimeouts(t *testing.T) {
	for name, handle := range slow {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { ends(t, simulate(t, handle)) })
		})
	}
}

// ends checks when calls of a client end whose server never answers.
func ends(t *testing.T, c *rest.Client) {
	t.Helper()
	short, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	cancelled, stop := context.WithCancel(t.Context())
	time.AfterFunc(2500*time.Millisecond, stop)
	long, cancelLong := context.WithTimeout(t.Context(), time.Hour)
	defer cancelLong()
	check := func(ctx context.Context, tokens []string, want time.Duration, cause error) {
		t.Helper()
		began := time.Now()
		data, err := c.FetchBooks(ctx, tokens)
		if took := time.Since(began); took != want || !errors.Is(err, cause) || data != nil {
			t.Errorf("%v after %v, want %v after %v", err, took, cause, want)
		}
		if !strings.HasPrefix(err.Error(), "rest: ") || errors.Is(err, rest.ErrBudget) {
			t.Error(err)
		}
	}
	check(short, pair, 1500*time.Millisecond, context.DeadlineExceeded)
	check(cancelled, pair, time.Second, context.Canceled)
	check(cancelled, pair, 0, context.Canceled)
	check(short, pair, 0, context.DeadlineExceeded)
	for _, ctx := range []context.Context{long, t.Context()} {
		check(ctx, pair, 10*time.Second, context.DeadlineExceeded)
		check(ctx, pair[:1], 10*time.Second, context.DeadlineExceeded)
	}
}

// TestSlowRefusal: the body of a refusal is not waited for longer than anything else,
// and what has come of it is shown.
func TestSlowRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := simulate(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(http.StatusServiceUnavailable)
			io.WriteString(w, "busy")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err := c.FetchBooks(ctx, pair)
		e := (*feed.StatusError)(nil)
		if !errors.As(err, &e) || e.Status != 503 || e.RetryAfter != 30*time.Second || e.Body != "busy" || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v: %+v", err, e)
		}
	})
}

// TestSlowConnections: a connection stands within five seconds, its handshake included.
func TestSlowConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // nobody answers the dialling
		var ended atomic.Int32
		c := open(t, rest.Options{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			ended.Add(1)
			return nil, ctx.Err()
		}})
		slowConnection(t, c)
		if n := ended.Load(); n != 3 {
			t.Errorf("%d of 3 diallings have ended", n)
		}
	})
	for name, talk := range map[string]func(net.Conn){
		"silent":          func(c net.Conn) { io.Copy(io.Discard, c) },
		"a byte a second": func(c net.Conn) { go io.Copy(io.Discard, c); trickle(c, "\x16\x03\x03\x40\x00") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var opened atomic.Int32
				ended := make(chan struct{}, 10)
				c, err := rest.New(rest.Options{DialContext: func(context.Context, string, string) (net.Conn, error) {
					here, there := net.Pipe()
					opened.Add(1)
					go func() {
						talk(there)
						there.Close()
						ended <- struct{}{}
					}()
					return here, nil
				}})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				slowConnection(t, c)
				for range opened.Load() {
					<-ended // the connections have been closed
				}
			})
		})
	}
}

func slowConnection(t *testing.T, c *rest.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	began := time.Now()
	if _, err := c.FetchBooks(ctx, pair); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	time.Sleep(9 * time.Second)
	for _, tokens := range [][]string{pair, pair[:1]} {
		began = time.Now()
		if _, err := c.FetchBooks(t.Context(), tokens); err == nil || time.Since(began) != 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	}
}

// TestConnections: there are at most 14, those included that still are dialled for
// calls which have given up.
func TestConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log requestLog // of diallings
		c := open(t, rest.Options{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			defer log.count()()
			<-ctx.Done()
			return nil, ctx.Err()
		}})
		for range 30 {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			if _, err := c.FetchBooks(ctx, pair[:1]); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			cancel()
		}
		if n := log.atOnce.Load(); n != 14 {
			t.Errorf("%d at a time", n)
		}
	})
}

// TestContextEnded: a context that has ended asks nothing, takes no turn, and is told
// as what it is, with and without turns to take.
func TestContextEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		requests := 0
		c := simulate(t, func(w http.ResponseWriter, _ *http.Request) {
			requests++
			io.WriteString(w, "[]")
		})
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		expired, cancel := context.WithDeadline(t.Context(), time.Now())
		defer cancel()
		for range 2 {
			for range 100 {
				if _, err := c.FetchBooks(cancelled, pair); !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
				if _, err := c.FetchBooks(expired, pair); !errors.Is(err, context.DeadlineExceeded) {
					t.Fatal(err)
				}
			}
			if requests == 0 {
				spend(t, c, 20)
			}
		}
		if requests != 20 {
			t.Errorf("%d requests", requests)
		}
	})
}

// TestIdleConnections: they are closed after a while, or with the client.
func TestIdleConnections(t *testing.T) {
	for _, after := range []time.Duration{0, time.Second, 90 * time.Second} {
		synctest.Test(t, func(t *testing.T) { idle(t, after) })
	}
}

func idle(t *testing.T, after time.Duration) {
	t.Helper()
	p := feedtest.NewPipes()
	server := &http.Server{Handler: answer(200, "[]"), ReadHeaderTimeout: time.Minute}
	closed, served := make(chan struct{}), make(chan struct{})
	server.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateClosed {
			close(closed)
		}
	}
	go func() {
		defer close(served)
		server.Serve(p)
	}()
	c := open(t, rest.Options{URL: "http://127.0.0.1", DialContext: p.Dial})
	if _, err := c.FetchBooks(t.Context(), pair); err != nil {
		t.Error(err)
	}
	began := time.Now()
	if after < 90*time.Second {
		time.Sleep(after)
		c.Close()
	}
	<-closed
	if took := time.Since(began); took != after {
		t.Errorf("after %v, want %v", took, after)
	}
	server.Close()
	<-served
}
