package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/feed/feedtest"
	"example.com/truebook/internal/cli"
)

// TestShellOnceInterrupted: --once that printed nothing is no success.
func TestShellOnceInterrupted(t *testing.T) {
	t.Parallel()
	_, flags, _ := exchange(t, feedtest.VenueOptions{Seed: 2})
	code, stdout, stderr := call(t, "", append(flags, "--once", "--for", "2s", "12345")...)
	if code == 0 {
		t.Errorf("--once --for 2s of a token that has no book: exit 0, stdout %q stderr %q", stdout, stderr)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var out, errs output
	if code := run(ctx, append(flags, "--once", "12345"), strings.NewReader(""), &out, &errs); code == 0 {
		t.Errorf("--once interrupted: exit 0, stdout %q stderr %q", out.String(), errs.String())
	}
}

// stuckWriter is a pipe that nobody reads.
type stuckWriter struct{ until chan struct{} }

func (s stuckWriter) Write([]byte) (int, error) { <-s.until; return 0, io.ErrClosedPipe }

// TestShellStuckStdout: an interrupt, and --for, end the program whatever its reader does.
func TestShellStuckStdout(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it waits for many seconds; TestUnlessStuck is of the same")
	}
	for _, mode := range []string{"--json=true", "--json=false"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			_, flags, markets := exchange(t, feedtest.VenueOptions{Seed: 2, Rate: 50})
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			done := make(chan int, 1)
			w := stuckWriter{make(chan struct{})}
			go func() {
				done <- run(ctx, append(flags, "--for", "2s", mode, markets[0].Yes), strings.NewReader(""), w, io.Discard)
			}()
			select {
			case <-done:
			case <-time.After(12 * time.Second):
				t.Error("--for 2s and an interrupt after 3 s: it still runs after 12 s")
			}
			close(w.until)
		})
	}
}

// TestUnlessStuck: what writes is waited for until the context ends and some time longer,
// and what it returns by then counts.
func TestUnlessStuck(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		takes, want time.Duration
		code        int
	}{
		{time.Second, time.Second, cli.NotFound},
		{3*time.Second + stuckTimeout - 1, 3*time.Second + stuckTimeout - 1, cli.NotFound},
		{time.Hour, 3*time.Second + stuckTimeout, cli.Failure},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			var talk output
			w := &watcher{stderr: &talk}
			began := time.Now()
			code := w.unlessStuck(ctx, func(context.Context) int {
				time.Sleep(test.takes)
				return cli.NotFound
			})
			if took := time.Since(began); code != test.code || took != test.want || (talk.String() == "") != (code == cli.NotFound) {
				t.Errorf("%v: exit %d after %v, %s", test.takes, code, took, talk.String())
			}
			time.Sleep(test.takes) // until nothing of it is left
		})
	}
}

// TestShellTimeoutWithDeadREST: --timeout bounds what is waited for.
func TestShellTimeoutWithDeadREST(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(hang) })
	flags := []string{"--ws-url", "ws" + strings.TrimPrefix(s.URL, "http") + "/ws", "--rest-url", s.URL}
	for _, test := range []struct {
		args string
		most time.Duration
	}{
		{"--once --timeout 1s 1 2 3 4", 8 * time.Second},
		{"--for 1s 0x" + strings.Repeat("ab", 32), 5 * time.Second},
	} {
		t.Run(test.args, func(t *testing.T) {
			began := time.Now()
			code, _, stderr := call(t, "", append(slices.Clone(flags), strings.Fields(test.args)...)...)
			if took := time.Since(began); took > test.most {
				t.Errorf("it took %v: exit %d, %s", took, code, stderr)
			}
		})
	}
}
