package rest_test

import (
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
	"example.com/truebook/feed/rest"
)

func TestMain(m *testing.M) {
	// For TestAddress, before anybody can have read them: net/http reads them once.
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		os.Setenv(name, "http://proxy.example.com:3128")
	}
	goleak.VerifyTestMain(m)
}

const (
	yes       = "111604417349377875799825956621596386269673370070912696668140891647145772186047"
	no        = "36015050921127306245266044699797268780268172446856063291868548314968920497494"
	condition = "0x8bf1c1536ecb1c08fe13c6b71e8ab1f58bf3461c4cb79f5f1679f869a06aef86"
	noBook    = `{"error":"No orderbook exists for the requested token id"}`
)

var pair = []string{yes, no}

// start serves over TLS on loopback, with an authority of its own.
func start(t *testing.T, handle http.HandlerFunc) rest.Options {
	t.Helper()
	server := httptest.NewUnstartedServer(handle)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.EnableHTTP2 = true // which nobody is to choose
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return rest.Options{URL: server.URL, GammaURL: server.URL + "/gamma", RootCAs: roots}
}

// open returns a client that the test closes.
func open(t *testing.T, o rest.Options) *rest.Client {
	t.Helper()
	c, err := rest.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// raw serves bytes on loopback: talk writes the answer to each request, and the
// connection is closed afterwards.
func raw(t *testing.T, talk func(io.Writer)) rest.Options {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		talk(conn)
	}))
	t.Cleanup(server.Close)
	return rest.Options{URL: server.URL, GammaURL: server.URL + "/gamma"}
}

// simulate serves in a bubble, and returns a client of it. A request is read to its
// end before it is handled: from then on the server notices when the client goes away.
func simulate(t *testing.T, handle http.HandlerFunc) *rest.Client {
	t.Helper()
	p := feedtest.NewPipes()
	whole := func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		handle(w, r)
	}
	server := &http.Server{Handler: http.HandlerFunc(whole), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	served := make(chan struct{})
	go func() {
		defer close(served)
		server.Serve(p)
	}()
	c, err := rest.New(rest.Options{URL: "http://127.0.0.1", GammaURL: "http://127.0.0.1/gamma", DialContext: p.Dial})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		server.Close()
		<-served
		time.Sleep(time.Minute) // of the bubble: handlers that sleep notice the end
	})
	return c
}

// answer serves one text.
func answer(status int, text string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, text)
	}
}

// wantStatus returns the refusal that an error is.
func wantStatus(t *testing.T, err error, status int, retryAfter time.Duration) *feed.StatusError {
	t.Helper()
	e := (*feed.StatusError)(nil)
	if !errors.As(err, &e) {
		t.Fatalf("%v, want status %d", err, status)
	}
	if e.Status != status || e.RetryAfter != retryAfter || len(e.Body) > feed.MaxStatusBody {
		t.Errorf("%+v, want status %d and %v", e, status, retryAfter)
	}
	if !strings.HasPrefix(err.Error(), "rest: ") || strings.Count(err.Error(), "rest: ") > 1 {
		t.Errorf("error %q", err)
	}
	return e
}
