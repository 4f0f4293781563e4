package live_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/truebook/feed"
	"example.com/truebook/feed/live"
)

// numbered returns tokens from..to-1.
func numbered(from, to int) (tokens []string) {
	for i := from; i < to; i++ {
		tokens = append(tokens, strconv.Itoa(i))
	}
	return tokens
}

// TestSend: what is sent is what the exchange documents, while Next waits.
func TestSend(t *testing.T) {
	list := func(from, to int) string { return `["` + strings.Join(numbered(from, to), `","`) + `"]` }
	for _, secure := range []bool{false, true} {
		got := make(chan string)
		conn := connect(t, hijacked(t, secure, func(conn net.Conn, r *http.Request) {
			defer close(got)
			conn.Write(upgrade(r))
			p := &peer{Conn: conn, reader: bufio.NewReader(conn)}
			for i := 0; ; i++ {
				opcode, message, err := p.receive()
				if err != nil {
					return
				}
				if opcode != text {
					t.Errorf("sent a frame of opcode %d", opcode)
				}
				if i > 0 { // after the subscription
					got <- message
				}
			}
		}))
		ended := make(chan error, 1)
		go func() {
			_, err := conn.Next()
			ended <- err
		}()
		for _, c := range []struct {
			send func() error
			want []string
		}{
			{func() error { return conn.Ping(t.Context()) }, []string{"PING"}},
			{func() error { return conn.Subscribe(t.Context(), []string{"333"}) }, []string{
				`{"operation":"subscribe","assets_ids":["333"],"custom_feature_enabled":true}`,
			}},
			{func() error { return conn.Unsubscribe(t.Context(), []string{"333", token}) }, []string{
				`{"operation":"unsubscribe","assets_ids":["333","` + token + `"]}`,
			}},
			{func() error { return conn.Subscribe(t.Context(), numbered(0, 500)) }, []string{
				`{"operation":"subscribe","assets_ids":` + list(0, 200) + `,"custom_feature_enabled":true}`,
				`{"operation":"subscribe","assets_ids":` + list(200, 400) + `,"custom_feature_enabled":true}`,
				`{"operation":"subscribe","assets_ids":` + list(400, 500) + `,"custom_feature_enabled":true}`,
			}},
			{func() error { return conn.Unsubscribe(t.Context(), numbered(0, 400)) }, []string{
				`{"operation":"unsubscribe","assets_ids":` + list(0, 200) + `}`,
				`{"operation":"unsubscribe","assets_ids":` + list(200, 400) + `}`,
			}},
		} {
			sent := make(chan error, 1)
			go func() { sent <- c.send() }()
			for _, want := range c.want {
				if text := <-got; text != want {
					t.Errorf("sent %.200s, want %.200s", text, want)
				}
			}
			if err := <-sent; err != nil {
				t.Error(err)
			}
		}
		conn.Close()
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("ended with %v", err)
		}
		if text, ok := <-got; ok {
			t.Errorf("sent %s besides", text)
		}
		for name, send := range writes(conn) {
			if err := send(t.Context()); !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s after the end: %v", name, err)
			}
		}
	}
}

// writes are the ways to write to a connection.
func writes(conn feed.Conn) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Ping":        conn.Ping,
		"Subscribe":   func(ctx context.Context) error { return conn.Subscribe(ctx, numbered(0, 400)) },
		"Unsubscribe": func(ctx context.Context) error { return conn.Unsubscribe(ctx, numbered(0, 400)) },
	}
}

// TestTokensOfConnection: a connection takes no more tokens than the exchange sends books
// of. Bad lists change nothing.
func TestTokensOfConnection(t *testing.T) {
	received := 0
	o := accepted(t, func(socket *websocket.Conn) {
		for {
			_, text, err := socket.Read(t.Context())
			if err != nil {
				return
			}
			if received++; string(text) == "PING" {
				socket.Write(t.Context(), websocket.MessageText, []byte(strconv.Itoa(received)))
			}
		}
	})
	conn := connect(t, o) // one token
	for name, tokens := range badLists {
		for way, change := range map[string]func(context.Context, []string) error{"Subscribe": conn.Subscribe, "Unsubscribe": conn.Unsubscribe} {
			if err := change(t.Context(), tokens); err == nil || !strings.HasPrefix(err.Error(), "live: ") {
				t.Errorf("%s: %s: %v", way, name, err)
			}
		}
	}
	for i, step := range []struct {
		change func(context.Context, []string) error
		tokens []string
		right  bool
	}{
		{conn.Subscribe, numbered(0, 500), false}, // with the first, 501
		{conn.Subscribe, numbered(0, 499), true},  // in three messages
		{conn.Subscribe, numbered(0, 499), true},  // and again, which is nothing new
		{conn.Subscribe, []string{"499"}, false},
		{conn.Unsubscribe, []string{"0", "0", "4711"}, true},
		{conn.Subscribe, []string{"499", "500"}, false},
		{conn.Subscribe, []string{"499", "499", "1"}, true},
		{conn.Subscribe, []string{"0"}, false},
	} {
		if err := step.change(t.Context(), step.tokens); (err == nil) != step.right {
			t.Errorf("step %d: %v", i, err)
		}
	}
	if err := conn.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if frame, err := conn.Next(); err != nil || string(frame) != "9" { // 3, 3, 1, 1 and PING
		t.Errorf("%s messages came, %v", frame, err)
	}
}

// TestNeverReads: a server that reads nothing keeps nobody waiting for longer than
// five seconds, nor for longer than the context, and not at all after Close. Then
// the connection is over.
func TestNeverReads(t *testing.T) {
	cancelled := func(after time.Duration) func(context.Context) (context.Context, context.CancelFunc) {
		return func(parent context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(parent)
			time.AfterFunc(after, cancel)
			return ctx, cancel
		}
	}
	deadline := func(after time.Duration) func(context.Context) (context.Context, context.CancelFunc) {
		return func(parent context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(parent, after)
		}
	}
	for name, c := range map[string]struct {
		ctx   func(context.Context) (context.Context, context.CancelFunc)
		close time.Duration
		want  time.Duration
		err   error
	}{
		"five seconds":      {cancelled(time.Hour), time.Hour, 5 * time.Second, live.ErrTooSlow},
		"distant deadline":  {deadline(time.Hour), time.Hour, 5 * time.Second, live.ErrTooSlow},
		"deadline":          {deadline(time.Second), time.Hour, time.Second, context.DeadlineExceeded},
		"cancelled":         {cancelled(time.Second), time.Hour, time.Second, context.Canceled},
		"closed meanwhile":  {cancelled(time.Hour), time.Second, time.Second, net.ErrClosed},
		"closed, cancelled": {cancelled(2 * time.Second), time.Second, time.Second, net.ErrClosed},
	} {
		for way := range writes(&live.Conn{}) {
			bubbles(t, name+"/"+way, func(t bubble) {
				conn := connect(t.T, piped(t, func(p *peer) {
					p.Write(frameOf(10))
					time.Sleep(time.Minute)
				}))
				ended := make(chan error, 1)
				go func() {
					_, err := end(t.T, conn)
					ended <- err
				}()
				ctx, cancel := c.ctx(t.Context())
				defer cancel()
				begin := time.Now()
				time.AfterFunc(c.close, func() {
					conn.Close()
					if c.close < time.Hour && time.Since(begin) != c.close {
						t.Errorf("Close took until %v", time.Since(begin))
					}
				})
				if err := writes(conn)[way](ctx); !errors.Is(err, c.err) || time.Since(begin) != c.want {
					t.Errorf("failed after %v with %v", time.Since(begin), err)
				}
				if err := <-ended; !errors.Is(err, c.err) || time.Since(begin) != c.want {
					t.Errorf("ended after %v with %v", time.Since(begin), err)
				}
				if err := conn.Ping(t.Context()); !errors.Is(err, net.ErrClosed) {
					t.Errorf("after the end: %v", err)
				}
				time.Sleep(2 * time.Hour) // for the server and the timers
			})
		}
	}
}

// TestTogether: one goroutine reads, another one writes, and both go on until a third
// one closes.
func TestTogether(t *testing.T) {
	for _, secure := range []bool{false, true} {
		conn := connect(t, hijacked(t, secure, func(conn net.Conn, r *http.Request) {
			conn.Write(upgrade(r))
			p := &peer{Conn: conn, reader: bufio.NewReader(conn)}
			for i := 0; ; i++ {
				opcode, message, err := p.receive()
				if err != nil {
					return
				}
				if opcode == text && message == "PING" {
					p.Write(appendFrame(frameOf(i%3000), final|text, "PONG"))
				}
				if i == 30 {
					p.Write(appendFrame(nil, final|ping, "?"))
				}
			}
		}))
		pongs := make(chan struct{})
		ended := make(chan error, 1)
		go func() {
			defer close(pongs)
			for {
				frame, err := conn.Next()
				if err != nil {
					ended <- err
					return
				}
				conn.More()
				if string(frame) == "PONG" {
					pongs <- struct{}{}
				}
			}
		}()
		for i := range 100 {
			for _, err := range []error{
				conn.Subscribe(t.Context(), numbered(i, i+i%3+1)), conn.Unsubscribe(t.Context(), numbered(i, i+300)), conn.Ping(t.Context()),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
			<-pongs
		}
		go conn.Close()
		go conn.Close()
		conn.Close()
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("ended with %v", err)
		}
	}
}

// TestContextOver: a context that is over already sends nothing and ends nothing.
func TestContextOver(t *testing.T) {
	bubbles(t, "", func(t bubble) {
		conn := connect(t.T, piped(t, func(p *peer) {
			_, first, err := p.receive()
			p.Write(appendFrame(nil, final|text, fmt.Sprint(first, err)))
		}))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for name, send := range writes(conn) {
			if err := send(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := conn.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		if frames, err := end(t.T, conn); !slices.Equal(frames, []string{"PING<nil>"}) {
			t.Errorf("frames %q, then %v", frames, err)
		}
	})
}

// TestSubscriptionNotRead: Open has the bound of other writes.
func TestSubscriptionNotRead(t *testing.T) {
	bubbles(t, "", func(t bubble) {
		if t.secure {
			return // there the handshake is read as a whole, and TLS in between
		}
		o := live.Options{URL: "ws://localhost/", DialContext: func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go func() {
				defer far.Close()
				shake(far)
				time.Sleep(time.Minute)
				io.Copy(io.Discard, far) // it is closed
			}()
			return near, nil
		}}
		begin := time.Now()
		conn, err := open(t.Context(), t.T, o)
		if conn != nil || !errors.Is(err, live.ErrTooSlow) || time.Since(begin) != 5*time.Second {
			t.Errorf("opened after %v, %v", time.Since(begin), err)
		}
		time.Sleep(time.Hour)
	})
}

// TestPongNotRead: nor does a server that asks for pongs, and does not read them,
// keep Next for longer than five seconds; one that says goodbye is heard.
func TestPongNotRead(t *testing.T) {
	garbage := append([]byte{23, 3, 3, 0, 100}, make([]byte, 100)...)
	for name, talk := range map[string]func(*peer){
		"ping":    func(p *peer) { p.Write(appendFrame(nil, final|ping, "?")) },
		"goodbye": func(p *peer) { p.Write(appendFrame(nil, final|goodbye, "\x03\xf5slow consumer")) },
		"breach":  func(p *peer) { p.Write([]byte{0xf1, 0}) },
		"garbage": func(p *peer) { p.below.Write(garbage) }, // which TLS answers by an alert
	} {
		for _, closed := range []bool{false, true} {
			bubbles(t, fmt.Sprintf("%s/closed=%v", name, closed), func(t bubble) {
				conn := connect(t.T, piped(t, func(p *peer) {
					talk(p)
					time.Sleep(time.Minute)
				}))
				begin, want := time.Now(), 5*time.Second
				if closed {
					want = time.Second
					time.AfterFunc(want, func() { conn.Close() })
				}
				_, err := end(t.T, conn)
				if took := time.Since(begin); took != want {
					t.Errorf("ended after %v", took)
				}
				said := (*feed.CloseError)(nil)
				switch {
				case closed && errors.Is(err, net.ErrClosed):
				case !closed && name == "ping" && errors.Is(err, live.ErrTooSlow):
				case !closed && name == "goodbye" && errors.As(err, &said):
				case !closed && name != "ping" && name != "goodbye" && isBreach(err):
				default:
					t.Errorf("ended with %v", err)
				}
				time.Sleep(2 * time.Minute) // for the server
			})
		}
	}
}

// TestGoodbyeFirst: what the server said counts more than a write that fails
// meanwhile.
func TestGoodbyeFirst(t *testing.T) {
	bubbles(t, "", func(t bubble) {
		conn := connect(t.T, piped(t, func(p *peer) {
			time.Sleep(time.Second)
			p.Write(appendFrame(nil, final|goodbye, "\x03\xf5slow consumer"))
			time.Sleep(time.Minute)
		}))
		sent := make(chan error, 1)
		go func() { sent <- conn.Ping(t.Context()) }()
		_, err := end(t.T, conn)
		if said := (*feed.CloseError)(nil); !errors.As(err, &said) || said.Code != 1013 {
			t.Errorf("ended with %v", err)
		}
		if err := <-sent; !errors.Is(err, live.ErrTooSlow) {
			t.Errorf("sent: %v", err)
		}
		time.Sleep(time.Minute)
	})
}

// TestNeverReadsSocket: the same with the buffers of a kernel.
func TestNeverReadsSocket(t *testing.T) {
	for _, secure := range []bool{false, true} {
		for _, closed := range []bool{false, true} {
			t.Run(fmt.Sprintf("secure=%v/closed=%v", secure, closed), func(t *testing.T) {
				t.Parallel()
				gone := make(chan struct{})
				defer close(gone)
				conn := connect(t, raw(t, secure, func(net.Conn) { <-gone }))
				ended := make(chan error, 1)
				go func() {
					_, err := end(t, conn)
					ended <- err
				}()
				want := context.DeadlineExceeded
				if closed {
					want = net.ErrClosed
					time.AfterFunc(50*time.Millisecond, func() { conn.Close() })
				}
				var err error
				for err == nil { // until the buffers are full
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					err = conn.Unsubscribe(ctx, slices.Repeat([]string{token}, live.MaxTokens))
					cancel()
				}
				if last := <-ended; !errors.Is(err, want) || !errors.Is(last, want) {
					t.Errorf("failed with %v, ended with %v", err, last)
				}
			})
		}
	}
}
