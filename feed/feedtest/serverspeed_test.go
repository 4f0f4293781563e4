package feedtest_test

import (
	"bytes"
	"context"
	"math"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
)

// loopback starts a server on TCP.
func loopback(tb testing.TB, o feedtest.ServerOptions) (s *feedtest.Server, ws, rest string) {
	tb.Helper()
	s = feedtest.NewServer(o)
	tb.Cleanup(s.Close)
	ws, rest, err := s.Start("127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return s, ws, rest
}

// plain returns a client of HTTP for loopback.
func plain() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// eventually waits for something that happens on other goroutines.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 2000 {
		if is() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal(what, "never was")
}

// TestFullSpeed: clients get every frame as fast as they read, and the venue waits for
// the slowest of them.
func TestFullSpeed(t *testing.T) {
	frames := 20_000
	if testing.Short() {
		frames = 4000
	}
	s, url, rest := loopback(t, feedtest.ServerOptions{
		Venue: feedtest.VenueOptions{Seed: 3, Markets: 10, Rate: 20}, Speed: math.Inf(1),
	})
	now := func() (now time.Time) {
		s.Do(func(v *feedtest.Venue) { now = v.Now() })
		return now
	}
	standsStill := func(when string) {
		t.Helper()
		at := now()
		time.Sleep(20 * time.Millisecond)
		if !at.Equal(now()) {
			t.Error(when, "the time goes on")
		}
	}
	begin := now()
	standsStill("without clients")
	if a := ask(t, plain(), "GET", rest+"/ok", ""); a.status != 200 || a.body != `"OK"` {
		t.Errorf("%+v", a)
	}
	idle := opened(t, plain(), url) // says nothing, and is not dropped for it
	standsStill("with a client that waits for nothing")
	slow := opened(t, plain(), url)
	write(t, slow, string(subscription(served(s))))
	eventually(t, "a crowd", func() bool { return s.Waiting() > feedtest.CrowdedAt })
	eventually(t, "a venue that waits", func() bool {
		at := now()
		time.Sleep(20 * time.Millisecond)
		return at.Equal(now())
	})
	most, read := 0, make(chan struct{})
	var group sync.WaitGroup
	for _, ws := range []*websocket.Conn{slow, idle} {
		group.Go(func() {
			if ws == idle {
				<-read
				write(t, ws, string(subscription(served(s))))
			}
			decoder := feed.NewDecoder(feed.DecoderOptions{Learn: true})
			for n := range frames {
				if n == frames/2 && ws == slow {
					close(read)
				}
				_, text, err := ws.Read(t.Context())
				if err != nil {
					t.Error(n, err)
					return
				}
				if _, err := decoder.Decode(text); err != nil {
					t.Error(err)
				}
				if ws == slow {
					most = max(most, s.Waiting())
				}
			}
			_ = ws.CloseNow()
		})
	}
	group.Wait()
	if most < feedtest.CrowdedAt || most > feedtest.CrowdedAt+1<<20 {
		t.Errorf("%d bytes waited", most)
	}
	if passed := now().Sub(begin); passed < 2*time.Minute {
		t.Errorf("only %v have passed", passed) // an idle client would not have been dropped anyway
	}
	eventually(t, "the end of the connections", func() bool {
		known, held := s.Connections()
		return known+held == 0
	})
	standsStill("after the clients")
}

// TestSlowReader: a client that reads nothing is closed with 1013 when 16 MiB wait for
// it, and dropped if it does not even read that.
func TestSlowReader(t *testing.T) {
	for _, late := range []time.Duration{900 * time.Millisecond, 1100 * time.Millisecond} {
		t.Run(late.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const large = 1 << 20
				s := serveVenue(t, feedtest.ServerOptions{Venue: feedtest.VenueOptions{Rate: 50}})
				ws := subscribed(t, s)
				other := subscribed(t, s)
				go func() {
					for {
						if _, _, err := other.Read(t.Context()); err != nil {
							return
						}
					}
				}()
				most := 0
				for known := 2; known == 2; known, _ = s.Connections() {
					most = max(most, s.Waiting())
					s.Do(func(v *feedtest.Venue) { v.Inject(feedtest.Fault{Kind: feedtest.OddLarge, Market: -1}) })
					time.Sleep(20 * time.Millisecond)
				}
				// One frame fits as long as there is any room.
				if most < feedtest.MaxWaiting-2*large || most > feedtest.MaxWaiting+large+100 {
					t.Errorf("%d bytes waited", most)
				}
				if n := s.Waiting(); n > 0 {
					t.Errorf("%d bytes wait for the other", n)
				}
				time.Sleep(late)
				got := 0
				var err error
				for err == nil {
					var text []byte
					_, text, err = ws.Read(t.Context())
					got += len(text)
				}
				if got > 3*large {
					t.Errorf("%d bytes before the end", got)
				}
				end := fate(err)
				if want := map[bool]string{true: "closed 1013 slow consumer: send buffer full", false: "reset"}[late < time.Second]; end != want {
					t.Errorf("%s, expected %s", end, want)
				}
				_ = ws.CloseNow()
				synctest.Wait()
				if known, held := s.Connections(); known != 1 || held != 1 {
					t.Errorf("%d and %d connections left", known, held)
				}
				_ = other.CloseNow()
			})
		})
	}
}

// TestServerIdle: nothing said and nothing heard for 125 s ends a connection, as long as the
// venue's time has a clock.
func TestServerIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serveVenue(t, feedtest.ServerOptions{})
		ws := opened(t, web(s), wsURL)
		begun := time.Now()
		if end := fate(ending(t, ws)); end != "reset" || time.Since(begun) != 125*time.Second {
			t.Errorf("%s after %v", end, time.Since(begun))
		}
	})
}

// TestServerBlackhole: nothing of a client is read or answered, and the connection is
// there.
func TestServerBlackhole(t *testing.T) {
	s, url, _ := loopback(t, feedtest.ServerOptions{Venue: feedtest.VenueOptions{Rate: 10}, Speed: 10})
	var clients [2]*websocket.Conn
	var ends [2]chan error
	for i := range clients {
		ws := opened(t, plain(), url)
		write(t, ws, string(subscription(served(s))))
		read(t, ws)
		clients[i], ends[i] = ws, make(chan error, 1)
		go func() { ends[i] <- ending(t, ws) }()
		if err := ws.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s.Do(func(v *feedtest.Venue) { v.Inject(feedtest.Fault{Kind: feedtest.Blackhole}) })
	eventually(t, "the black hole", func() (is bool) {
		s.Do(func(v *feedtest.Venue) { is = len(v.Injected()) == 1 })
		return is
	})
	// A message that is longer than all buffers on the way is not taken.
	sent := make(chan error, 1)
	go func() {
		sent <- clients[0].Write(context.Background(), websocket.MessageText, bytes.Repeat([]byte("x"), 64<<20))
	}()
	// Neither has a context that ends, which would end the connection too if it did so
	// while something is written.
	ponged := make(chan error, 1)
	go func() { ponged <- clients[1].Ping(context.Background()) }()
	time.Sleep(50 * time.Millisecond)
	select {
	case err := <-sent:
		t.Fatalf("it was read, or failed: %v", err)
	case err := <-ponged:
		t.Fatalf("a ping: %v", err)
	case err := <-ends[0]:
		t.Fatalf("the connection ended: %v", err)
	case err := <-ends[1]:
		t.Fatalf("the connection ended: %v", err)
	default:
	}
	s.Close()
	for _, end := range ends {
		if err := <-end; fate(err) != "reset" {
			t.Error(err)
		}
	}
	if err := <-sent; err == nil {
		t.Error("it was sent")
	}
	_ = clients[1].CloseNow() // a ping does not end with what it waits for
	if err := <-ponged; err == nil {
		t.Error("it was answered")
	}
}

// BenchmarkServer: frames to one client on loopback, which reads them and nothing else.
func BenchmarkServer(b *testing.B) {
	s, url, _ := loopback(b, feedtest.ServerOptions{
		Venue: feedtest.VenueOptions{Seed: 1, Markets: 50, Rate: 2000}, Speed: math.Inf(1),
	})
	ws, refused := dial(b.Context(), plain(), url)
	if refused != "" {
		b.Fatal(refused)
	}
	defer ws.CloseNow()
	ws.SetReadLimit(feed.MaxFrame)
	if err := ws.Write(b.Context(), websocket.MessageText, subscription(served(s))); err != nil {
		b.Fatal(err)
	}
	buffer := make([]byte, 1<<20)
	b.ReportAllocs()
	for b.Loop() {
		_, r, err := ws.Reader(context.Background())
		for err == nil {
			_, err = r.Read(buffer)
		}
	}
}
