package rest_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/feed/rest"
)

// TestRefusedURLs: what may not be asked is refused before the network is touched.
func TestRefusedURLs(t *testing.T) {
	for _, url := range []string{
		"http://clob.polymarket.com", "http://192.168.0.1", "http://127.0.0.1.example.com", "wss://127.0.0.1", "127.0.0.1",
		"https:///book", "https://name:secret@127.0.0.1", "https://127.0.0.1/?apikey=secret", "https://127.0.0.1#secret",
		"https://name:secret@127.0.0.1:port",
	} {
		c, err := rest.New(rest.Options{URL: url})
		if err == nil || c != nil || !strings.HasPrefix(err.Error(), "rest: ") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", url, err)
		}
		c, err = rest.New(rest.Options{GammaURL: url})
		if err == nil || c != nil || !strings.HasPrefix(err.Error(), "rest: of Gamma: ") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// TestAddress: what is dialled is what the URL says, whatever proxies the environment
// names.
func TestAddress(t *testing.T) {
	for url, want := range map[string]string{
		"":                            "clob.polymarket.com:443",
		"https://example.com":         "example.com:443",
		"https://example.com:8443/v2": "example.com:8443",
		"http://localhost":            "localhost:80",
		"http://127.8.9.10:81":        "127.8.9.10:81",
		"http://[::1]:81":             "[::1]:81",
	} {
		failure := errors.New("no network here")
		c := open(t, rest.Options{URL: url, DialContext: func(_ context.Context, network, address string) (net.Conn, error) {
			if network != "tcp" || address != want {
				t.Errorf("%q dials %s %s, want %s", url, network, address, want)
			}
			return nil, failure
		}})
		if _, err := c.FetchBooks(t.Context(), pair); !errors.Is(err, failure) {
			t.Errorf("%q: %v", url, err)
		}
		if _, err := c.Market(t.Context(), pair[0]); !errors.Is(err, failure) {
			t.Errorf("%q: %v", url, err)
		}
	}
	dialled := ""
	c := open(t, rest.Options{DialContext: func(_ context.Context, _, address string) (net.Conn, error) {
		dialled = address
		return nil, errors.New("no network here")
	}})
	if _, err := c.Event(t.Context(), "a-slug"); err == nil || dialled != "gamma-api.polymarket.com:443" {
		t.Errorf("a slug is asked for at %q: %v", dialled, err)
	}
}

// closing counts the connections that are open.
type closing struct {
	net.Conn
	open *atomic.Int32
}

func (c closing) Close() error {
	c.open.Add(-1)
	return c.Conn.Close()
}

// TestCertificate: a server that cannot prove its name is not asked, and its connection
// is closed.
func TestCertificate(t *testing.T) {
	o := start(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	var opened atomic.Int32
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, strings.TrimPrefix(o.URL, "https://"))
		opened.Add(1)
		return closing{conn, &opened}, err
	}
	unknown := open(t, rest.Options{URL: o.URL, RootCAs: x509.NewCertPool(), DialContext: dial})
	another := open(t, rest.Options{URL: "https://clob.polymarket.com", RootCAs: o.RootCAs, DialContext: dial})
	list := open(t, rest.Options{URL: o.URL, GammaURL: rest.GammaURL, RootCAs: o.RootCAs, DialContext: dial})
	for _, c := range []*rest.Client{unknown, another, list} {
		var err error
		if c == list {
			_, err = c.Event(t.Context(), "a-slug")
		} else {
			_, err = c.FetchBooks(t.Context(), pair)
		}
		if refused := (*tls.CertificateVerificationError)(nil); !errors.As(err, &refused) {
			t.Error(err)
		}
		if n := opened.Load(); n != 0 {
			t.Errorf("%d connections are open", n)
		}
	}
}

// TestOldTLS: what is older than TLS 1.2 is not spoken.
func TestOldTLS(t *testing.T) {
	for version, good := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true} {
		server := httptest.NewUnstartedServer(answer(200, "[]"))
		server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: version}
		server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
		server.StartTLS()
		roots := x509.NewCertPool()
		roots.AddCert(server.Certificate())
		c := open(t, rest.Options{URL: server.URL, RootCAs: roots})
		if _, err := c.FetchBooks(t.Context(), pair); (err == nil) != good {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		server.Close()
	}
}

// counted counts the connections that a client opens.
func counted(o *rest.Options, n *int) {
	var mu sync.Mutex
	o.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		mu.Lock()
		*n++
		mu.Unlock()
		return new(net.Dialer).DialContext(ctx, network, address)
	}
}

// TestKeepAlive: one connection serves one call after the other, refusals included
// unless they are long.
func TestKeepAlive(t *testing.T) {
	replies := []struct {
		status int
		size   int
	}{{200, 10}, {404, 60}, {200, 1 << 20}, {500, 3000}, {404, 0}, {200, 10}}
	next := 0
	o := start(t, func(w http.ResponseWriter, _ *http.Request) {
		r := replies[next]
		next++
		w.WriteHeader(r.status)
		io.WriteString(w, strings.Repeat("[", r.size))
	})
	dialled := 0
	counted(&o, &dialled)
	c := open(t, o)
	for i := range replies {
		if _, err := c.FetchBooks(t.Context(), pair[:1+i%2]); (err == nil) != (replies[i].status == 200) {
			t.Error(err)
		}
	}
	if dialled != 1 {
		t.Errorf("%d connections for %d calls", dialled, len(replies))
	}
}

// TestIdleConnectionClosed: a connection that the server had closed meanwhile is no
// failure, for either method: the request is made again on a new one.
func TestIdleConnectionClosed(t *testing.T) {
	for _, tokens := range [][]string{pair[:1], pair} {
		requests := map[string]int{}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, ok := r.Header["Idempotency-Key"]; ok {
				t.Errorf("header %v", r.Header)
			}
			body, _ := io.ReadAll(r.Body)
			if want := strings.Count(string(body), "token_id"); len(tokens) > 1 && want != len(tokens) {
				t.Errorf("body %s", body)
			}
			if requests[r.RemoteAddr]++; requests[r.RemoteAddr] == 2 {
				conn, _, _ := w.(http.Hijacker).Hijack()
				conn.Close()
				return
			}
			io.WriteString(w, "[]")
		}))
		c := open(t, rest.Options{URL: server.URL})
		for range 4 {
			if data, err := c.FetchBooks(t.Context(), tokens); err != nil || string(data) != "[]" {
				t.Errorf("%d tokens: %q, %v", len(tokens), data, err)
			}
		}
		if len(requests) != 4 {
			t.Errorf("%d tokens: %v", len(tokens), requests)
		}
		server.Close()
	}
}

// TestClose: what is under way or waits ends, and nothing is asked afterwards. It is
// tried some times: which of those that wait notices first is up to the scheduler.
func TestClose(t *testing.T) {
	for range 50 {
		synctest.Test(t, closeWhileBusy)
	}
}

func closeWhileBusy(t *testing.T) {
	var requests atomic.Int32
	c := simulate(t, func(_ http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		<-r.Context().Done()
	})
	const calls = 30
	results := make(chan error, calls)
	for range calls {
		go func() {
			_, err := c.FetchBooks(t.Context(), pair)
			results <- err
		}()
	}
	synctest.Wait()
	began := time.Now()
	c.Close()
	for range calls {
		if err := <-results; !errors.Is(err, net.ErrClosed) || !strings.HasPrefix(err.Error(), "rest: ") {
			t.Error(err)
		}
	}
	if took := time.Since(began); took > 0 {
		t.Errorf("it took %v", took)
	}
	if _, err := c.FetchBooks(t.Context(), pair); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if _, err := c.Market(t.Context(), condition); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	synctest.Wait()
	if n := requests.Load(); n != 4 {
		t.Errorf("%d requests", n)
	}
}

// TestCloseDials: Close ends a dialling too, that nobody waits for any more.
func TestCloseDials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended time.Time
		c := open(t, rest.Options{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			ended = time.Now()
			return nil, ctx.Err()
		}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.FetchBooks(ctx, pair); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		time.Sleep(time.Second)
		c.Close()
		synctest.Wait()
		if !ended.Equal(time.Now()) {
			t.Errorf("the dialling ended at %v, and it is %v", ended, time.Now())
		}
	})
}

// TestManyAtOnce is for the race detector: all of it at the same time, and Close.
func TestManyAtOnce(t *testing.T) {
	c := open(t, start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			answer(429, "", "Retry-After", "1")(w, r)
			return
		}
		io.WriteString(w, "{}")
	}))
	var calls sync.WaitGroup
	for i := range 30 {
		calls.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if i%3 == 0 {
				defer context.AfterFunc(ctx, func() {})()
				go cancel()
			}
			c.FetchBooks(ctx, pair[:1+i%2])
			if i == 20 {
				c.Close()
			}
			c.Market(ctx, condition)
		})
	}
	calls.Wait()
}
