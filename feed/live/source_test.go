package live_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/truebook/feed/live"
)

// TestSubscription: the first message is the one that the exchange expects, and
// there is no other, nor any header that says more than it must.
func TestSubscription(t *testing.T) {
	type message struct {
		AssetsIDs            []string `json:"assets_ids"`
		Type                 string   `json:"type"`
		CustomFeatureEnabled bool     `json:"custom_feature_enabled"`
		InitialDump          bool     `json:"initial_dump"`
	}
	tokens := slices.Repeat([]string{token, "7"}, live.MaxTokens/2)
	got := make(chan string, 2)
	o := start(t, func(w http.ResponseWriter, r *http.Request) {
		for name := range r.Header {
			if !strings.HasPrefix(name, "Sec-Websocket-") && !slices.Contains([]string{"Connection", "Upgrade", "User-Agent"}, name) {
				t.Errorf("header %s", name)
			}
		}
		if r.UserAgent() != "truebook" || r.URL.Path != "/ws/market" || r.Header.Get("Sec-Websocket-Extensions") != "" {
			t.Errorf("dialled %s with %v", r.URL, r.Header)
		}
		socket, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer socket.CloseNow()
		socket.SetReadLimit(1 << 20)
		for {
			kind, text, err := socket.Read(t.Context())
			if err != nil {
				close(got)
				return
			}
			if kind != websocket.MessageText {
				t.Errorf("a message of kind %v", kind)
			}
			got <- string(text)
		}
	})
	source, err := live.New(o)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := source.Open(t.Context(), tokens)
	if err != nil {
		t.Fatal(err)
	}
	first := <-got
	conn.Close()
	if second, ok := <-got; ok {
		t.Errorf("another message: %s", second)
	}
	var m message
	d := json.NewDecoder(strings.NewReader(first))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		t.Fatalf("%v in %.300s", err, first)
	}
	if !slices.Equal(m.AssetsIDs, tokens) || m.Type != "market" || !m.CustomFeatureEnabled || !m.InitialDump {
		t.Errorf("sent %.300s", first)
	}
}

// TestRefusedAddresses: New refuses what may not be dialled.
func TestRefusedAddresses(t *testing.T) {
	for _, url := range []string{
		"ws://ws-subscriptions-clob.polymarket.com/ws/market",
		"ws://192.168.0.1/ws/market",
		"ws://127.0.0.1.example.com/",
		"ws://[2001:db8::1]/",
		"http://127.0.0.1/",
		"https://127.0.0.1/",
		"//127.0.0.1/",
		"wss:///ws/market",
		"wss://name:secret@127.0.0.1/",
		"wss://127.0.0.1/?apikey=secret",
		"wss://127.0.0.1/#fragment",
		"wss://127.0.0.1:port/",
	} {
		source, err := live.New(live.Options{URL: url})
		if source != nil || err == nil || !strings.HasPrefix(err.Error(), "live: ") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// lists of tokens that no message may hold.
var badLists = map[string][]string{
	"none":      nil,
	"too many":  slices.Repeat([]string{token}, live.MaxTokens+1),
	"empty":     {token, ""},
	"hex":       {"0x12"},
	"injection": {`1"],"type":"user`},
	"too long":  {strings.Repeat("1", 79)},
}

// TestRefusedTokens: bad tokens are refused before the network is touched.
func TestRefusedTokens(t *testing.T) {
	source, err := live.New(live.Options{DialContext: func(context.Context, string, string) (net.Conn, error) {
		t.Error("dialled")
		return nil, errors.New("dialled")
	}})
	if err != nil {
		t.Fatal(err)
	}
	for name, tokens := range badLists {
		if conn, err := source.Open(t.Context(), tokens); conn != nil || err == nil || !strings.HasPrefix(err.Error(), "live: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAddress: what is dialled is what the URL says.
func TestAddress(t *testing.T) {
	for url, want := range map[string]string{
		"":                        "ws-subscriptions-clob.polymarket.com:443",
		"wss://example.com/":      "example.com:443",
		"wss://example.com:8443/": "example.com:8443",
		"ws://localhost/":         "localhost:80",
		"ws://127.8.9.10:81/":     "127.8.9.10:81",
		"ws://[::1]:81/":          "[::1]:81",
	} {
		failure := errors.New("no network here")
		o := live.Options{URL: url, DialContext: func(_ context.Context, network, address string) (net.Conn, error) {
			if network != "tcp" || address != want {
				t.Errorf("%q dials %s %s, want %s", url, network, address, want)
			}
			return nil, failure
		}}
		if _, err := open(t.Context(), t, o); !errors.Is(err, failure) {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// TestCertificate: a server that cannot prove its name is refused, and one that
// knows no TLS 1.2.
func TestCertificate(t *testing.T) {
	o := start(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	o.RootCAs = x509.NewCertPool()
	closed := false
	o.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		return closer{conn, &closed}, err
	}
	_, err := open(t.Context(), t, o)
	if !closed {
		t.Error("the connection is left open")
	}
	if unknown := (*tls.CertificateVerificationError)(nil); !errors.As(err, &unknown) {
		t.Errorf("dialled a server of unknown authority: %v", err)
	}

	old := httptest.NewUnstartedServer(nil)
	old.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	old.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	old.StartTLS()
	defer old.Close()
	roots := x509.NewCertPool()
	roots.AddCert(old.Certificate())
	_, err = open(t.Context(), t, live.Options{URL: "wss" + strings.TrimPrefix(old.URL, "https"), RootCAs: roots})
	if err == nil || !strings.Contains(err.Error(), "protocol version") {
		t.Errorf("dialled a server of TLS 1.1: %v", err)
	}
}

// TestOpenEnds: the context ends Open wherever it is, and has no say afterwards.
func TestOpenEnds(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	mute, err := net.Listen("tcp", "127.0.0.1:0") // never answers the TLS handshake
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	for name, o := range map[string]live.Options{
		"TLS":       {URL: "wss://" + mute.Addr().String() + "/"},
		"handshake": start(t, func(http.ResponseWriter, *http.Request) { <-release }),
		"body": start(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTooManyRequests)
			w.(http.Flusher).Flush()
			<-release
		}),
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			conn, err := open(ctx, t, o)
			if err == nil {
				conn.Close()
				t.Fatal("dialled")
			}
		})
	}
	t.Run("afterwards", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		conn, err := open(ctx, t, accepted(t, func(socket *websocket.Conn) {
			<-ctx.Done()
			socket.Write(t.Context(), websocket.MessageText, []byte("still here"))
		}))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		cancel()
		if frame, err := conn.Next(); err != nil || string(frame) != "still here" {
			t.Errorf("%q, %v", frame, err)
		}
	})
}

// closer is a connection that tells when it is closed.
type closer struct {
	net.Conn
	closed *bool
}

func (c closer) Close() error {
	*c.closed = true
	return c.Conn.Close()
}

// stopper is a connection that calls stop at a certain read or write.
type stopper struct {
	net.Conn
	calls atomic.Int64 // until then
	stop  func()
}

func (c *stopper) Read(p []byte) (int, error)  { c.call(); return c.Conn.Read(p) }
func (c *stopper) Write(p []byte) (int, error) { c.call(); return c.Conn.Write(p) }

func (c *stopper) call() {
	if c.calls.Add(-1) == 0 {
		c.stop()
	}
}

// TestCancelled: wherever the context is cancelled, before the connection is open or
// right after, none is left.
func TestCancelled(t *testing.T) {
	for calls := range 25 {
		bubbles(t, strconv.Itoa(calls), func(t bubble) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			o := piped(t, nil)
			dial := o.DialContext
			o.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				near, err := dial(ctx, network, address)
				c := &stopper{Conn: near, stop: cancel}
				c.calls.Store(int64(calls))
				c.call()
				return c, err
			}
			conn, err := open(ctx, t.T, o)
			if err == nil {
				conn.Close()
			} else if !errors.Is(err, context.Canceled) {
				t.Errorf("ended with %v", err)
			}
		}) // which fails if the server still waits for something
	}
}
