package live_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/feed"
	"example.com/truebook/feed/internal/endpoint"
	"example.com/truebook/feed/live"
)

// TestHandshakeRefused: an answer that opens no websocket ends Open with its
// status and the beginning of its body. A redirect is one, and is not followed.
func TestHandshakeRefused(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the redirect was followed")
	}))
	defer elsewhere.Close()
	body := strings.Repeat("no ", 10_000)
	for _, status := range []int{200, 301, 302, 303, 307, 308, 403, 404, 429, 503} {
		o := start(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", elsewhere.URL)
			w.WriteHeader(status)
			w.Write([]byte(body))
		})
		_, err := open(t.Context(), t, o)
		refused := (*feed.StatusError)(nil)
		if !errors.As(err, &refused) || *refused != (feed.StatusError{Status: status, Body: body[:feed.MaxStatusBody]}) {
			t.Errorf("status %d: %v", status, err)
		}
	}
}

// answering returns the options of a client, in virtual time, to whose handshake a
// server answers by text, a piece at a time.
func answering(pause time.Duration, pieces ...string) live.Options {
	return live.Options{URL: "ws://localhost/", DialContext: func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		go func() {
			defer far.Close()
			if _, err := http.ReadRequest(bufio.NewReader(far)); err != nil {
				return
			}
			for _, piece := range pieces {
				if _, err := io.WriteString(far, piece); err != nil {
					return
				}
				time.Sleep(pause)
			}
		}()
		return near, nil
	}}
}

// TestRetryAfter: a server says for how long it wants to be left alone by a number
// or a date, and is believed for ten minutes at most.
func TestRetryAfter(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"":                              0,
		"0":                             0,
		"120":                           2 * time.Minute,
		"3600":                          endpoint.MaxRetryAfter,
		"601":                           endpoint.MaxRetryAfter,
		"99999999999999999999999999999": endpoint.MaxRetryAfter,
		"-5":                            0,
		"1.5":                           0,
		"soon":                          0,
		"Sat, 01 Jan 2000 00:01:30 GMT": 90 * time.Second, // it begins with 2000
		"Sat Jan  1 00:01:30 2000":      90 * time.Second,
		"Fri, 31 Dec 1999 23:59:59 GMT": 0,
		"Sun, 02 Jan 2000 00:00:00 GMT": endpoint.MaxRetryAfter,
		"Fri, 31 Dec 9999 23:59:59 GMT": endpoint.MaxRetryAfter,
	} {
		synctest.Test(t, func(t *testing.T) {
			_, err := open(t.Context(), t, answering(0,
				"HTTP/1.1 429 Too Many Requests\r\nRetry-After: "+text+"\r\nContent-Length: 4\r\n\r\nwait"))
			refused := (*feed.StatusError)(nil)
			if !errors.As(err, &refused) || *refused != (feed.StatusError{Status: 429, RetryAfter: want, Body: "wait"}) {
				t.Errorf("%q: %+v (%v)", text, refused, err)
			}
		})
	}
}

// TestTrickle: an answer of a byte a second ends with the context, that of a
// refusal after a few seconds of its body.
func TestTrickle(t *testing.T) {
	endless := strings.Split(strings.Repeat("x", 1000), "")
	header := append([]string{"HTTP/1.1 101 Switching Protocols\r\nX: "}, endless...)
	refusal := append([]string{"HTTP/1.1 503 No\r\n\r\n"}, endless...)
	for name, c := range map[string]struct {
		pieces []string
		limit  time.Duration
		want   time.Duration
		body   string
	}{
		"status":       {endless, 10 * time.Second, 10 * time.Second, ""},
		"header":       {header, 10 * time.Second, 10 * time.Second, ""},
		"body":         {refusal, 10 * time.Second, 3 * time.Second, "xxx"},
		"body, ctx":    {refusal, 1500 * time.Millisecond, 1500 * time.Millisecond, "xx"},
		"early hints":  {strings.SplitAfter(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 100), "\n\r\n"), 10 * time.Second, 10 * time.Second, ""},
		"empty answer": {[]string{""}, time.Second / 2, time.Second / 2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), c.limit)
				defer cancel()
				begin := time.Now()
				_, err := open(ctx, t, answering(time.Second, c.pieces...))
				if took := time.Since(begin); took.Round(100*time.Millisecond) != c.want {
					t.Errorf("ended after %v with %v", took, err)
				}
				refused := (*feed.StatusError)(nil)
				if c.body == "" && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("ended with %v", err)
				} else if c.body != "" && (!errors.As(err, &refused) || refused.Status != 503 || !strings.HasPrefix(refused.Body, "x") || len(refused.Body) > len(c.body)) {
					t.Errorf("ended with %v", err)
				}
				time.Sleep(time.Second) // for the server to see that
			})
		})
	}
}

// TestTrickledTLS: the same below.
func TestTrickledTLS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := live.Options{DialContext: func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go func() {
				defer far.Close()
				go io.Copy(io.Discard, far)
				for _, b := range []byte("\x16\x03\x03\x40\x00" + strings.Repeat("x", 1000)) {
					if _, err := far.Write([]byte{b}); err != nil {
						return
					}
					time.Sleep(time.Second)
				}
			}()
			return near, nil
		}}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		begin := time.Now()
		_, err := open(ctx, t, o)
		if took := time.Since(begin); took != 30*time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended after %v with %v", took, err)
		}
		time.Sleep(time.Second) // for the server to see that
	})
}

// TestHostileAnswer: an answer without an end is given up, and one that is no
// handshake is an error in which nothing of it can do harm.
func TestHostileAnswer(t *testing.T) {
	switching := "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
	evil := "\x1b[31m\x07 evil \xe2\x80\xae "
	for name, answer := range map[string]string{
		"endless header":  switching + strings.Repeat("X-Header: "+strings.Repeat("x", 1000)+"\r\n", 10_000),
		"endless line":    switching + strings.Repeat("x", 1<<20),
		"endless hints":   strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", 10_000),
		"no HTTP":         evil + "\r\n\r\n",
		"evil status":     "HTTP/1.1 " + evil + "\r\n\r\n",
		"evil line":       switching + evil + strings.Repeat("x", 60_000) + "\r\n\r\n",
		"evil accept":     switching + "Sec-WebSocket-Accept: " + evil + strings.Repeat("x", 60_000) + "\r\n\r\n",
		"other upgrade":   "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + evil + "\r\n\r\n",
		"no accept":       switching + "\r\n",
		"evil Location":   "HTTP/1.1 302 Found\r\nLocation: http://[" + evil + "\r\n\r\n",
		"plain Location":  "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
		"evil body":       "HTTP/1.1 403 Forbidden\r\n\r\n" + strings.Repeat(evil, 1000),
		"a body of a TiB": "HTTP/1.1 503 No\r\nContent-Length: 1099511627776\r\n\r\n" + strings.Repeat("x", 1<<20),
		"compressed":      "HTTP/1.1 503 No\r\nContent-Encoding: gzip\r\n\r\nno gzip",
	} {
		for _, secure := range []bool{false, true} {
			o := hijacked(t, secure, func(conn net.Conn, _ *http.Request) {
				io.WriteString(conn, answer)
			})
			conn, err := open(t.Context(), t, o)
			if err == nil {
				conn.Close()
				t.Fatalf("%s: opened", name)
			}
			text := err.Error()
			if endless := strings.HasPrefix(name, "endless"); strings.Contains(text, "exceeded 65536 bytes") != endless {
				t.Errorf("%s: %s", name, text)
			}
			if !strings.HasPrefix(text, "live: dial 127.0.0.1:") || len(text) > 1200 {
				t.Errorf("%s: %d bytes of %.200q", name, len(text), text)
			}
			for _, r := range text {
				if r < ' ' || r > '~' {
					t.Errorf("%s: %q in %.200q", name, r, text)
				}
			}
		}
	}
}
