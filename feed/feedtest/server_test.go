package feedtest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/truebook/feed/feedtest"
)

// wsURL and restURL are any addresses: Server.Dial takes every one.
const (
	wsURL   = "ws://127.0.0.1/ws/market"
	restURL = "http://127.0.0.1"
)

// serveVenue starts a server for a test.
func serveVenue(t *testing.T, o feedtest.ServerOptions) *feedtest.Server {
	t.Helper()
	s := feedtest.NewServer(o)
	t.Cleanup(s.Close)
	return s
}

// served returns the tokens of a server.
func served(s *feedtest.Server) (tokens []string) {
	s.Do(func(v *feedtest.Venue) { tokens = allTokens(v) })
	return tokens
}

// web returns a client of HTTP that reaches a server without a network.
func web(s *feedtest.Server) *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DialContext: s.Dial, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// dial opens a websocket, or says how it was refused.
func dial(ctx context.Context, client *http.Client, url string) (ws *websocket.Conn, refused string) {
	ws, answer, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: client}) //nolint:bodyclose // the library has closed it
	switch {
	case err == nil:
		ws.SetReadLimit(64 << 20)
		return ws, ""
	case answer == nil:
		return nil, "reset"
	default:
		return nil, fmt.Sprintf("refused %d %s", answer.StatusCode, answer.Header.Get("Retry-After"))
	}
}

// opened opens a websocket, which lasts until the test ends.
func opened(t *testing.T, client *http.Client, url string) *websocket.Conn {
	t.Helper()
	ws, refused := dial(t.Context(), client, url)
	if refused != "" {
		t.Fatal(refused)
	}
	t.Cleanup(func() { ws.CloseNow() })
	return ws
}

// subscribed opens a websocket to all of a server, and reads its first frame.
func subscribed(t *testing.T, s *feedtest.Server) *websocket.Conn {
	t.Helper()
	ws := opened(t, web(s), wsURL)
	write(t, ws, string(subscription(served(s))))
	if text := read(t, ws); !strings.HasPrefix(text, `[{"market":`) {
		t.Fatalf("the first frame is %.100s", text)
	}
	return ws
}

func write(t *testing.T, ws *websocket.Conn, text string) {
	t.Helper()
	if err := ws.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, ws *websocket.Conn) string {
	t.Helper()
	_, text, err := ws.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// ending reads to the end of a connection.
func ending(t *testing.T, ws *websocket.Conn) error {
	t.Helper()
	for {
		if _, _, err := ws.Read(t.Context()); err != nil {
			return err
		}
	}
}

// fate says how a connection ended, as the venue would.
func fate(err error) string {
	if goodbye := (websocket.CloseError{}); errors.As(err, &goodbye) {
		return fmt.Sprintf("closed %d %s", goodbye.Code, goodbye.Reason)
	}
	return "reset"
}

// transcript is what happened to two clients: the first is there from the beginning,
// the second from 12 s on, both subscribe to everything and send PING each 5 s.
type transcript struct {
	mu    sync.Mutex
	begin time.Time
	lines [2][]string
}

func (r *transcript) note(client int, at time.Time, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines[client] = append(r.lines[client], fmt.Sprintf("%v %s", at.Sub(r.begin), what))
}

// onVenue lets it happen at a venue itself.
func onVenue(o feedtest.VenueOptions) *transcript {
	v := feedtest.NewVenue(o)
	r := &transcript{begin: v.Now()}
	v.Dial(1)
	for step := time.Second; ; {
		d, ok := v.Advance(r.begin.Add(step))
		switch {
		case ok && d.Kind == feedtest.Opened:
			v.Send(d.Conn, subscription(allTokens(v)))
		case ok && d.Kind == feedtest.Received:
			r.note(d.Conn-1, d.Time, string(d.Data))
		case ok && d.Code > 0 && d.Kind == feedtest.Closed:
			r.note(d.Conn-1, d.Time, fmt.Sprintf("closed %d %s", d.Code, d.Reason))
		case ok && d.Code > 0:
			after := ""
			if d.RetryAfter > 0 {
				after = fmt.Sprint(d.RetryAfter.Seconds())
			}
			r.note(d.Conn-1, d.Time, fmt.Sprintf("refused %d %s", d.Code, after))
		case ok:
			r.note(d.Conn-1, d.Time, "reset")
		case step == sessionEnd:
			return r
		default:
			if step == secondConn {
				v.Dial(2)
			}
			if step%(5*time.Second) == 0 {
				if o.Faults[0].Kind != feedtest.Blackhole || step < faultAt {
					v.Send(1, []byte("PING")) // a server does not even read it
				}
				v.Send(2, []byte("PING"))
			}
			step += time.Second
		}
	}
}

// overServer lets it happen to clients of a server.
func overServer(t *testing.T, o feedtest.VenueOptions) *transcript {
	t.Helper()
	r := &transcript{begin: time.Now()}
	s := feedtest.NewServer(feedtest.ServerOptions{Venue: o})
	tokens := served(s)
	ctx, cancel := context.WithCancel(t.Context())
	var clients [2]*websocket.Conn
	var group sync.WaitGroup
	run := func(i int) {
		ws, end := dial(ctx, web(s), wsURL)
		if end == "" {
			defer ws.CloseNow()
			r.mu.Lock()
			clients[i] = ws
			r.mu.Unlock()
			err := ws.Write(ctx, websocket.MessageText, subscription(tokens))
			for err == nil {
				var text []byte
				if _, text, err = ws.Read(context.Background()); err == nil {
					r.note(i, time.Now(), string(text))
				}
			}
			end = fate(err)
		}
		if ctx.Err() == nil {
			r.note(i, time.Now(), end)
		}
	}
	group.Go(func() { run(0) })
	for step := time.Second; step <= sessionEnd; step += time.Second {
		time.Sleep(time.Until(r.begin.Add(step)))
		if step == secondConn {
			group.Go(func() { run(1) })
		}
		synctest.Wait()
		r.mu.Lock()
		there := clients
		r.mu.Unlock()
		for _, ws := range there {
			if ws != nil && step%(5*time.Second) == 0 && step < sessionEnd {
				// A pipe whose other end does not read takes nothing.
				go ws.Write(ctx, websocket.MessageText, []byte("PING"))
				synctest.Wait()
			}
		}
	}
	cancel()
	s.Close()
	group.Wait()
	return r
}

// TestServerIsTheVenue: what clients see is what the venue says, at the same time, be
// it frames, words, closes or refused handshakes, whatever the fault.
func TestServerIsTheVenue(t *testing.T) {
	for _, k := range feedtest.FaultKinds() {
		if testing.Short() && k > feedtest.FreezeToken && k%8 != 0 {
			continue
		}
		t.Run(k.String(), func(t *testing.T) {
			o := feedtest.VenueOptions{Seed: 8, Rate: 15, Faults: []feedtest.Fault{{Kind: k, At: faultAt, For: 6 * time.Second, Market: -1, N: 2}}}
			want := onVenue(o)
			synctest.Test(t, func(t *testing.T) {
				got := overServer(t, o)
				for i := range got.lines {
					if len(want.lines[i]) == 0 && k != feedtest.DialHangs {
						t.Error("nothing happened")
					}
					compareLines(t, i, got.lines[i], want.lines[i])
				}
			})
		})
	}
}

func compareLines(t *testing.T, client int, got, want []string) {
	t.Helper()
	for n := range max(len(got), len(want)) {
		var a, b string
		if n < len(got) {
			a = got[n]
		}
		if n < len(want) {
			b = want[n]
		}
		if a != b {
			t.Fatalf("client %d, %d of %d and %d: got\n%.200s\nexpected\n%.200s", client+1, n, len(got), len(want), a, b)
		}
	}
}

// TestServerSeeds: the same seed gives the same frames, and another one others.
func TestServerSeeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs [3][]string
		for i, seed := range []uint64{5, 5, 6} {
			runs[i] = overServer(t, feedtest.VenueOptions{Seed: seed, Rate: 30}).lines[0]
		}
		if len(runs[0]) < 500 || !slices.Equal(runs[0], runs[1]) || slices.Equal(runs[0], runs[2]) {
			t.Errorf("%d, %d and %d frames", len(runs[0]), len(runs[1]), len(runs[2]))
		}
	})
}

// TestServerTime: minutes of the venue take as long as the speed says, and its dates are
// its own.
func TestServerTime(t *testing.T) {
	for _, speed := range []float64{0, 1, 0.001, 3, 1234.5} {
		t.Run(fmt.Sprint(speed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serveVenue(t, feedtest.ServerOptions{Speed: speed})
				now := func() (now time.Time) {
					s.Do(func(v *feedtest.Venue) { now = v.Now() })
					return now
				}
				begin := now()
				if begin.Year() != 2026 || time.Now().Year() != 2000 {
					t.Errorf("it begins at %v", begin)
				}
				if speed == 0 {
					speed = 1
				}
				time.Sleep(time.Duration(float64(20*time.Minute) / speed))
				if passed := now().Sub(begin); passed.Round(time.Millisecond) != 20*time.Minute {
					t.Errorf("%v have passed", passed)
				}
			})
		})
	}
}

// TestServerTruth: at an instant at which nothing is on its way, a client has what is
// true.
func TestServerTruth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serveVenue(t, feedtest.ServerOptions{Venue: feedtest.VenueOptions{Seed: 2, Rate: 20}})
		var f *follower
		s.Do(func(v *feedtest.Venue) {
			f = newFollower(t, v, 99) // to be fed from the wire
			v.Hangup(99)
		})
		ws := subscribed(t, s)
		write(t, ws, `{"operation":"unsubscribe","assets_ids":`+string(quoted(served(s)))+`}`)
		_ = ws.CloseNow()
		ws = opened(t, web(s), wsURL)
		write(t, ws, string(subscription(served(s))))
		var mu sync.Mutex
		go func() {
			for {
				_, text, err := ws.Read(t.Context())
				if err != nil {
					return
				}
				mu.Lock()
				if text[0] == '{' || text[0] == '[' {
					f.deliver(feedtest.Delivery{Kind: feedtest.Received, Conn: 99, Data: text})
				}
				mu.Unlock()
			}
		}()
		seconds := 600
		if testing.Short() {
			seconds = 120
		}
		for range seconds {
			time.Sleep(time.Second)
			write(t, ws, "PING")
			synctest.Wait()
			mu.Lock()
			s.Do(func(*feedtest.Venue) { f.compare() })
			mu.Unlock()
		}
		if f.frames < 10*seconds || len(f.order) != 8 {
			t.Errorf("%d frames, %d tokens", f.frames, len(f.order))
		}
		_ = ws.CloseNow()
	})
}

// TestServerGrammar: a client's messages arrive as they were sent.
func TestServerGrammar(t *testing.T) {
	long := `{"type":"market","assets_ids":["` + strings.Repeat("7", 300_000) + `"]}`
	for _, x := range []struct {
		say  []string
		want string
	}{
		{[]string{"PING"}, "closed 1008 invalid subscription payload"},
		{[]string{`{"type":"user"}`}, "closed 1008 invalid subscription payload"},
		{[]string{long}, "closed 1009 "},
		{[]string{strings.Repeat("x", 2<<20)}, "reset"},
		{[]string{`{"type":"market","assets_ids":[]}`, `{}`}, "INVALID OPERATION"},
		{[]string{`{"type":"market","assets_ids":["7"]}`, `{"operation":"subscribe","assets_ids":["7"]}`}, "NO NEW ASSETS"},
		{[]string{`{"type":"market","assets_ids":[]}`, "PING"}, "PONG"},
	} {
		t.Run(fmt.Sprintf("%.40s", strings.Join(x.say, " ")), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serveVenue(t, feedtest.ServerOptions{})
				ws := opened(t, web(s), wsURL)
				last := ""
				for i, text := range x.say {
					_ = ws.Write(t.Context(), websocket.MessageText, []byte(text)) // may end the connection
					if i < len(x.say)-1 {
						if text := read(t, ws); text != "[]\n" {
							t.Errorf("got %s", text)
						}
						continue
					}
					_, answer, err := ws.Read(t.Context())
					if last = string(answer); err != nil {
						last = fate(err)
					}
				}
				if last != x.want {
					t.Errorf("got %s, expected %s", last, x.want)
				}
				_ = ws.CloseNow()
			})
		})
	}
}

// TestServerPaths: what is no handshake, and what is served nowhere.
func TestServerPaths(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serveVenue(t, feedtest.ServerOptions{})
		for _, x := range []struct {
			method, path string
			status       int
		}{
			{"GET", "/ws/market", http.StatusUpgradeRequired},
			{"GET", "/ws/", http.StatusNotFound},
			{"GET", "/ws/user", http.StatusUpgradeRequired},
			{"GET", "/ws/other", http.StatusNotFound},
			{"GET", "/", http.StatusNotFound},
			{"POST", "/book", http.StatusMethodNotAllowed},
			{"GET", "/books", http.StatusMethodNotAllowed},
			{"GET", "/markets", http.StatusNotFound},
		} {
			if a := ask(t, web(s), x.method, restURL+x.path, ""); a.status != x.status {
				t.Errorf("%s %s: %+v", x.method, x.path, a)
			}
		}
	})
}
