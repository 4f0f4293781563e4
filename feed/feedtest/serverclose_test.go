package feedtest_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/feed/feedtest"
)

// underTest is a server in some state.
type underTest struct {
	t *testing.T
	s *feedtest.Server
}

// TestClose: it ends within a second whatever is going on, and with nothing left.
func TestClose(t *testing.T) {
	states := map[string]func(underTest){
		"new":       func(underTest) {},
		"connected": func(u underTest) { rawDial(u.t, u.s, "GET") },
		"dialling":  func(u underTest) { rawDial(u.t, u.s, handshake) },
		"asking":    func(u underTest) { rawDial(u.t, u.s, health) },
		"open": func(u underTest) {
			rawDial(u.t, u.s, handshake)
			time.Sleep(time.Second)
		},
		"not reading": func(u underTest) { rawSubscribed(u.t, u.s) },
		"reading": func(u underTest) {
			c := rawSubscribed(u.t, u.s)
			go io.Copy(io.Discard, c.r)
		},
		"saying goodbye": func(u underTest) {
			rawSubscribed(u.t, u.s)
			u.s.Do(func(v *feedtest.Venue) { v.Inject(feedtest.Fault{Kind: feedtest.Close}) })
		},
		"waiting for a goodbye": func(u underTest) {
			c := rawSubscribed(u.t, u.s)
			u.s.Do(func(v *feedtest.Venue) { v.Inject(feedtest.Fault{Kind: feedtest.Close}) })
			go io.Copy(io.Discard, c.r)
			time.Sleep(time.Second)
		},
		"nobody is answered": func(u underTest) {
			u.s.Do(func(v *feedtest.Venue) {
				v.Inject(feedtest.Fault{Kind: feedtest.RESTTimeout})
				v.Inject(feedtest.Fault{Kind: feedtest.DialHangs, N: 1000})
			})
			rawDial(u.t, u.s, health)
			rawDial(u.t, u.s, handshake)
			time.Sleep(15 * time.Second)
		},
		"black hole": func(u underTest) {
			c := rawSubscribed(u.t, u.s)
			u.s.Do(func(v *feedtest.Venue) { v.Inject(feedtest.Fault{Kind: feedtest.Blackhole}) })
			go c.send("PING")
			go c.send("PING")
			time.Sleep(time.Second)
			c.conn.Close() // which nobody notices
		},
	}
	for _, k := range feedtest.AttackKinds() {
		states[k.String()] = func(u underTest) {
			u.s.Attack(feedtest.Attack{Kind: k, N: 1})
			rawDial(u.t, u.s, health)
			if k < feedtest.TerabyteFrame {
				rawDial(u.t, u.s, handshake)
			} else {
				rawSubscribed(u.t, u.s)
			}
			time.Sleep(1500 * time.Millisecond)
			if u.s.Attacked(k) != 1 {
				u.t.Error("no attack")
			}
		}
	}
	for name, reach := range states {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := feedtest.NewServer(feedtest.ServerOptions{Venue: feedtest.VenueOptions{Rate: 100}})
				reach(underTest{t, s})
				closing := time.Now()
				s.Close()
				if took := time.Since(closing); took > time.Second {
					t.Errorf("it took %v", took)
				}
				if known, held := s.Connections(); held != 0 {
					t.Errorf("%d and %d connections", known, held)
				}
				afterClose(t, s)
			})
		})
	}
}

// afterClose checks what a closed server does.
func afterClose(t *testing.T, s *feedtest.Server) {
	t.Helper()
	s.Close()
	if _, err := s.Dial(t.Context(), "tcp", "anything"); err == nil {
		t.Error("dialled")
	}
	if _, _, err := s.Start("127.0.0.1:0"); err == nil {
		t.Error("started")
	}
	var before, after time.Time
	s.Do(func(v *feedtest.Venue) { before = v.Now() })
	time.Sleep(time.Hour)
	s.Do(func(v *feedtest.Venue) { after = v.Now() })
	if !before.Equal(after) || before.IsZero() {
		t.Errorf("time passes, from %v to %v", before, after)
	}
}

// TestLoopback: it all holds on TCP, where a client that reads nothing fills the
// buffers on the way.
func TestLoopback(t *testing.T) {
	kinds := feedtest.AttackKinds()
	if testing.Short() {
		kinds = slices.DeleteFunc(kinds, func(k feedtest.AttackKind) bool { return k%3 != 0 })
	}
	for _, k := range kinds {
		t.Run(k.String(), func(t *testing.T) {
			t.Parallel()
			s, url, rest := loopback(t, feedtest.ServerOptions{Venue: feedtest.VenueOptions{Rate: 100}, Speed: 10})
			if !strings.HasPrefix(url, "ws://127.0.0.1:") || !strings.HasSuffix(url, "/ws/market") || !strings.HasPrefix(rest, "http://127.0.0.1:") {
				t.Error(url, rest)
			}
			s.Attack(feedtest.Attack{Kind: k, N: 1})
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(rest, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			c := &rawClient{t, conn, bufio.NewReader(conn)}
			request := handshake
			if k >= feedtest.EndlessAnswer {
				request = health
			}
			if _, err := io.WriteString(conn, request); err != nil {
				t.Fatal(err)
			}
			if k >= feedtest.TerabyteFrame && k < feedtest.EndlessAnswer {
				c.answered()
				if err := c.send(string(subscription(served(s)))); err != nil {
					t.Fatal(err)
				}
			}
			eventually(t, "an attack", func() bool { return s.Attacked(k) == 1 })
			time.Sleep(20 * time.Millisecond)
			s.Close()
			_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
			if _, err := io.Copy(io.Discard, c.r); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error(err)
			}
		})
	}
}
