package feedtest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/truebook/feed/feedtest"
)

// TestHandler: the handler works in a server of HTTP of one's own, with TLS, and a
// reset is one below TLS as without.
func TestHandler(t *testing.T) {
	for name, start := range map[string]func(*httptest.Server){"plain": (*httptest.Server).Start, "TLS": (*httptest.Server).StartTLS} {
		t.Run(name, func(t *testing.T) {
			s := serveVenue(t, feedtest.ServerOptions{Speed: 10})
			outer := httptest.NewUnstartedServer(s.Handler())
			start(outer)
			defer outer.Close()
			defer s.Close()
			client := outer.Client()
			if a := ask(t, client, "GET", outer.URL+"/ok", ""); a.status != 200 {
				t.Errorf("%+v", a)
			}
			ws := opened(t, client, "ws"+strings.TrimPrefix(outer.URL, "http")+"/ws/market")
			write(t, ws, string(subscription(served(s))))
			read(t, ws)
			s.Do(func(v *feedtest.Venue) { v.Inject(feedtest.Fault{Kind: feedtest.Reset}) })
			if err := ending(t, ws); !errors.Is(err, syscall.ECONNRESET) {
				t.Error(err)
			}
			opened(t, client, "ws"+strings.TrimPrefix(outer.URL, "http")+"/ws/market")
			waits := make(chan answer)
			s.Do(func(v *feedtest.Venue) { v.Inject(feedtest.Fault{Kind: feedtest.RESTTimeout}) })
			go func() { waits <- ask(t, client, "GET", outer.URL+"/ok", "") }()
			time.Sleep(50 * time.Millisecond)
			s.Close()
			if a := <-waits; a.status != 0 {
				t.Errorf("%+v", a)
			}
			if a := ask(t, client, "GET", outer.URL+"/ok", ""); a.status != 0 {
				t.Errorf("a closed one answers %+v", a)
			}
		})
	}
}

// TestRefusals: a refused connection is reset on the wire without an answer, and one
// with a status has its Retry-After.
func TestRefusals(t *testing.T) {
	for _, x := range []struct {
		fault feedtest.Fault
		want  string
	}{
		{feedtest.Fault{Kind: feedtest.DialRefused}, ""},
		{feedtest.Fault{Kind: feedtest.DialStatus, Code: 7}, ""}, // which is no status
		{feedtest.Fault{Kind: feedtest.DialStatus}, "HTTP/1.1 429 Too Many Requests\r\n"},
		{feedtest.Fault{Kind: feedtest.DialStatus, Code: 503, N: 7}, "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\n"},
	} {
		s, _, rest := loopback(t, feedtest.ServerOptions{Venue: feedtest.VenueOptions{Faults: []feedtest.Fault{x.fault}}, Speed: 10})
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(rest, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, handshake); err != nil {
			t.Fatal(err)
		}
		if x.want == "" {
			text, err := io.ReadAll(conn)
			if len(text) > 0 || !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%+v: %q, %v", x.fault, text, err)
			}
		} else {
			text := make([]byte, len(x.want))
			if _, err := io.ReadFull(conn, text); err != nil || string(text) != x.want {
				t.Errorf("%+v: %q, %v", x.fault, text, err)
			}
		}
		conn.Close()
		s.Close()
	}
	synctest.Test(t, func(t *testing.T) {
		s := serveVenue(t, feedtest.ServerOptions{Venue: feedtest.VenueOptions{Faults: []feedtest.Fault{{Kind: feedtest.RESTStatus, Code: 7}}}})
		time.Sleep(time.Second)
		if a := ask(t, web(s), "GET", restURL+"/ok", ""); a.status != 0 {
			t.Errorf("%+v", a)
		}
	})
}

// TestSlowHandshake: what happens to a connection before the client has read the answer
// to its handshake holds afterwards.
func TestSlowHandshake(t *testing.T) {
	for _, x := range []struct {
		name  string
		kind  feedtest.FaultKind
		check func(*rawClient)
	}{
		{"close", feedtest.Close, goodbye},
		{"unread close", feedtest.Close, func(c *rawClient) {
			time.Sleep(1100 * time.Millisecond)
			if n, err := io.Copy(io.Discard, c.r); n > 0 || err != nil {
				c.t.Errorf("%d bytes, %v", n, err)
			}
		}},
		{"reset", feedtest.Reset, func(c *rawClient) {
			begun := time.Now()
			if c.ended(); !time.Now().Equal(begun) {
				c.t.Error("later")
			}
		}},
		{"black hole", feedtest.Blackhole, unread},
	} {
		t.Run(x.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serveVenue(t, feedtest.ServerOptions{})
				c := rawDial(t, s, handshake)
				time.Sleep(time.Second)
				s.Do(func(v *feedtest.Venue) { v.Inject(feedtest.Fault{Kind: x.kind}) })
				time.Sleep(time.Minute)
				if status, _ := c.answered(); status != http.StatusSwitchingProtocols {
					t.Error(status)
				}
				x.check(c)
			})
		})
	}
}

// goodbye reads a close frame with code 1001.
func goodbye(c *rawClient) {
	c.t.Helper()
	if first, text := c.data(); first != 0x88 || text != "\x03\xe9" {
		c.t.Errorf("%x %q", first, text)
	}
}

// TestGoodbye: after its close frame the server waits for the client's, for 5 s.
func TestGoodbye(t *testing.T) {
	for answers, want := range map[bool]time.Duration{true: 0, false: 5 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := serveVenue(t, feedtest.ServerOptions{Venue: feedtest.VenueOptions{Rate: 1e-9}})
			c := rawSubscribed(t, s)
			s.Do(func(v *feedtest.Venue) { v.Inject(feedtest.Fault{Kind: feedtest.Close}) })
			goodbye(c)
			begun := time.Now()
			if answers {
				go c.conn.Write([]byte{0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9})
			}
			if c.ended(); time.Since(begun) != want {
				t.Errorf("answered: %v, it ended after %v", answers, time.Since(begun))
			}
		})
	}
}

// TestLeaving: what clients that leave have begun is forgotten.
func TestLeaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serveVenue(t, feedtest.ServerOptions{})
		left := func(what string) {
			t.Helper()
			time.Sleep(time.Second)
			if known, held := s.Connections(); known+held > 0 {
				t.Errorf("%s: %d and %d connections", what, known, held)
			}
		}
		ws := opened(t, web(s), wsURL)
		_ = ws.Close(websocket.StatusNormalClosure, "")
		left("a goodbye")
		ws = opened(t, web(s), wsURL)
		_ = ws.CloseNow()
		left("none")
		rawSubscribed(t, s).conn.Close()
		left("a subscribed one")
		s.Do(func(v *feedtest.Venue) {
			v.Inject(feedtest.Fault{Kind: feedtest.DialHangs, N: 1000})
			v.Inject(feedtest.Fault{Kind: feedtest.RESTTimeout, N: 1000})
		})
		time.Sleep(time.Second)
		for _, request := range []string{handshake, health} {
			c := rawDial(t, s, request)
			time.Sleep(time.Second)
			c.conn.Close()
			left(request)
		}
	})
}

// TestStart: what cannot be listened at.
func TestStart(t *testing.T) {
	s := serveVenue(t, feedtest.ServerOptions{})
	ws, _, err := s.Start(":0")
	if err != nil || !strings.HasPrefix(ws, "ws://127.0.0.1:") {
		t.Errorf("no host: %s, %v", ws, err)
	}
	taken := strings.TrimSuffix(strings.TrimPrefix(ws, "ws://"), "/ws/market")
	for _, listen := range []string{"", "127.0.0.1", "127.0.0.1:port", "127.0.0.1:70000", taken} {
		if _, _, err := s.Start(listen); err == nil || !strings.HasPrefix(err.Error(), "feedtest: ") {
			t.Errorf("%q: %v", listen, err)
		}
	}
	_, second, err := s.Start("localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	if a := ask(t, plain(), "GET", second+"/ok", ""); a.status != 200 {
		t.Errorf("%+v", a)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.Close()
	if _, err := s.Dial(ctx, "", ""); err == nil {
		t.Error("dialled")
	}
}
