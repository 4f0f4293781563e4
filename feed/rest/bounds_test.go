package rest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/feed/rest"
)

// TestLongAnswers: what is read of any answer is bounded.
func TestLongAnswers(t *testing.T) {
	for path, most := range map[string]int{
		"/markets/" + condition: 1 << 20, "/markets-by-token/" + yes: 1 << 20,
		"/gamma/markets/slug/a": 1 << 20, "/gamma/events/slug/a": 8 << 20, "/gamma/markets": 8 << 20, "/gamma/public-search": 8 << 20,
	} {
		name := map[string]string{"/markets/" + condition: condition, "/gamma/markets": condition, "/markets-by-token/" + yes: yes}[path]
		if name == "" {
			name = "a"
		}
		for _, n := range []int{most, most + 1} {
			c := open(t, start(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != path {
					answer(http.StatusNotFound, unknown)(w, r)
					return
				}
				w.(http.Flusher).Flush() // so that its length is not known
				io.WriteString(w, "["+strings.Repeat(" ", n-2)+"]")
			}))
			_, err := c.Market(t.Context(), name)
			if path == "/gamma/public-search" || path == "/gamma/markets" && n == most { // which may fail
				if !notFound(nil, err) {
					t.Errorf("%s, %d bytes: %v", path, n, err)
				}
			} else if err == nil || errors.Is(err, rest.ErrTooBig) != (n > most) {
				t.Errorf("%s, %d bytes: %v", path, n, err)
			}
		}
	}
}

// TestNameTimes: a call takes ten seconds with all of its requests, and as long as its
// context; a closed client asks nothing.
func TestNameTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := simulate(t, func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(6 * time.Second):
			case <-r.Context().Done():
			}
			answer(http.StatusNotFound, unknown)(w, r)
		})
		for _, name := range []string{"a-slug", yes, condition} {
			began := time.Now()
			_, err := c.Market(t.Context(), name)
			if took := time.Since(began); took != 10*time.Second || !errors.Is(err, context.DeadlineExceeded) && name != "a-slug" {
				t.Errorf("%s: %v after %v", name, err, took)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if _, err := c.Market(ctx, "a-slug"); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}
