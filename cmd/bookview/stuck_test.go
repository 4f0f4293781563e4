package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.com/truebook/feed/feedtest"
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
	for _, mode := range [][]string{{"--json"}, nil} {
		_, flags, markets := exchange(t, feedtest.VenueOptions{Seed: 2, Rate: 50})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		done := make(chan int, 1)
		w := stuckWriter{make(chan struct{})}
		go func() {
			done <- run(ctx, append(append(flags, "--for", "2s", markets[0].Yes), mode...), strings.NewReader(""), w, io.Discard)
		}()
		select {
		case <-done:
		case <-time.After(12 * time.Second):
			t.Errorf("%v: --for 2s and an interrupt after 3 s: it still runs after 12 s", mode)
		}
		close(w.until)
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
	defer s.Close()
	defer close(hang)
	flags := []string{"--ws-url", "ws" + strings.TrimPrefix(s.URL, "http") + "/ws", "--rest-url", s.URL}
	began := time.Now()
	code, _, stderr := call(t, "", append(flags, "--once", "--timeout", "1s", "1", "2", "3", "4")...)
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("--timeout 1s with 4 tokens took %v: exit %d, %s", took, code, stderr)
	}
	began = time.Now()
	code, _, stderr = call(t, "", append(flags, "--for", "1s", "0x"+strings.Repeat("ab", 32))...)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("--for 1s with a market took %v: exit %d, %s", took, code, stderr)
	}
}
