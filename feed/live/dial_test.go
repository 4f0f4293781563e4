package live_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
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
		if r.URL.Path != "/ws/market" || r.Header.Get("Sec-Websocket-Extensions") != "" {
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
	conn, err := live.Dial(t.Context(), o, tokens)
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

// TestRefusedHere: what may not be dialled is refused before the network is
// touched.
func TestRefusedHere(t *testing.T) {
	one := []string{token}
	for _, c := range []struct {
		url    string
		tokens []string
	}{
		{"ws://ws-subscriptions-clob.polymarket.com/ws/market", one},
		{"ws://192.168.0.1/ws/market", one},
		{"ws://127.0.0.1.example.com/", one},
		{"ws://[2001:db8::1]/", one},
		{"http://127.0.0.1/", one},
		{"https://127.0.0.1/", one},
		{"//127.0.0.1/", one},
		{"wss:///ws/market", one},
		{"wss://name:secret@127.0.0.1/", one},
		{"wss://127.0.0.1/?apikey=secret", one},
		{"wss://127.0.0.1/#fragment", one},
		{"wss://127.0.0.1:port/", one},
		{"", nil},
		{"", slices.Repeat(one, live.MaxTokens+1)},
		{"", []string{token, ""}},
		{"", []string{"0x12"}},
		{"", []string{`1"],"type":"user`}},
		{"", []string{strings.Repeat("1", 79)}},
	} {
		o := live.Options{URL: c.url, DialContext: func(context.Context, string, string) (net.Conn, error) {
			t.Errorf("%s was dialled", c.url)
			return nil, errors.New("dialled")
		}}
		_, err := live.Dial(t.Context(), o, c.tokens)
		if err == nil || !strings.HasPrefix(err.Error(), "live: ") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q, %d tokens: %v", c.url, len(c.tokens), err)
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
		if _, err := live.Dial(t.Context(), o, []string{token}); !errors.Is(err, failure) {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// TestCertificate: a server that cannot prove its name is refused.
func TestCertificate(t *testing.T) {
	o := start(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	o.RootCAs = x509.NewCertPool()
	_, err := live.Dial(t.Context(), o, []string{token})
	if unknown := (*tls.CertificateVerificationError)(nil); !errors.As(err, &unknown) {
		t.Errorf("dialled a server of unknown authority: %v", err)
	}
}

// TestDialEnds: the context ends Dial wherever it is, and has no say afterwards.
func TestDialEnds(t *testing.T) {
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
			conn, err := live.Dial(ctx, o, []string{token})
			if err == nil {
				conn.Close()
				t.Fatal("dialled")
			}
		})
	}
	t.Run("afterwards", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		conn, err := live.Dial(ctx, accepted(t, func(socket *websocket.Conn) {
			<-ctx.Done()
			socket.Write(t.Context(), websocket.MessageText, []byte("still here"))
		}), []string{token})
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

// TestHostileAnswer: an answer with an endless header is given up.
func TestHostileAnswer(t *testing.T) {
	o := start(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\n"))
		for {
			if _, err := conn.Write([]byte("X-Header: " + strings.Repeat("x", 1000) + "\r\n")); err != nil {
				return
			}
		}
	})
	if _, err := live.Dial(t.Context(), o, []string{token}); err == nil {
		t.Error("dialled")
	}
}
