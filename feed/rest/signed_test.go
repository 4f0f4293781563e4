package rest_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/feed"
	"example.com/truebook/feed/rest"
)

const token = "c2VjcmV0LXRoYXQtaXMtbm90LXRvLWJlLXNob3duISE="

// signer signs by what it was asked to sign.
func signer(method, path string, body []byte) (map[string]string, error) {
	return map[string]string{"POLY_SIGNATURE": method + path + string(body), "POLY_SECRET": token}, nil
}

// call is one of the four that sign.
type call struct {
	name, line string
	ask        func(context.Context, *rest.Client, rest.Signer) ([]byte, error)
}

func calls() []call {
	return []call{
		{"orders", "GET /data/orders?next_cursor=MA%3D%3D", func(ctx context.Context, c *rest.Client, s rest.Signer) ([]byte, error) {
			return c.OpenOrders(ctx, s, "")
		}},
		{"more orders", "GET /data/orders?next_cursor=a%26b", func(ctx context.Context, c *rest.Client, s rest.Signer) ([]byte, error) {
			return c.OpenOrders(ctx, s, "a&b")
		}},
		{"trades", "GET /data/trades?next_cursor=MA%3D%3D&after=1700000000", func(ctx context.Context, c *rest.Client, s rest.Signer) ([]byte, error) {
			return c.Trades(ctx, s, time.Unix(1700000000, 999), rest.FirstCursor)
		}},
		{"all trades", "GET /data/trades?next_cursor=MTAw", func(ctx context.Context, c *rest.Client, s rest.Signer) ([]byte, error) {
			return c.Trades(ctx, s, time.Time{}, "MTAw")
		}},
		{"derive", "GET /auth/derive-api-key", func(ctx context.Context, c *rest.Client, s rest.Signer) ([]byte, error) {
			return c.DeriveKey(ctx, s)
		}},
		{"create", "POST /auth/api-key", func(ctx context.Context, c *rest.Client, s rest.Signer) ([]byte, error) {
			return c.CreateKey(ctx, s)
		}},
	}
}

// TestSigned: each call asks for what it should, with the headers as they are written, of
// the exchange's own path.
func TestSigned(t *testing.T) {
	for _, c := range calls() {
		t.Run(c.name, func(t *testing.T) {
			var got strings.Builder
			client := open(t, listen(t, func(conn net.Conn) {
				r := bufio.NewReader(conn)
				for {
					line, err := r.ReadString('\n')
					if line = strings.TrimSpace(line); line == "" || err != nil {
						break
					}
					got.WriteString(line + "\n")
				}
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
			}, "/prefix"))
			if answer, err := c.ask(t.Context(), client, signer); err != nil || string(answer) != "{}" {
				t.Fatalf("%s, %v", answer, err)
			}
			method, target, _ := strings.Cut(c.line, " ")
			path, _, _ := strings.Cut(target, "?")
			for _, want := range []string{
				method + " /prefix" + target + " HTTP/1.1\n", "\nPOLY_SIGNATURE: " + method + path + "\n", "\nPOLY_SECRET: " + token + "\n",
			} {
				if !strings.Contains(got.String(), want) {
					t.Errorf("no %q in\n%s", want, got.String())
				}
			}
		})
	}
}

// listen serves connections on loopback, each by a function.
func listen(t *testing.T, talk func(net.Conn), path string) rest.Options {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			talk(conn)
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return rest.Options{URL: "http://" + l.Addr().String() + path}
}

// TestWordless: whatever a server says to a request that is signed, none of it is in the
// error.
func TestWordless(t *testing.T) {
	for _, said := range []string{
		"HTTP/1.1 401 " + token + "\r\nContent-Length: 44\r\n\r\n" + token,
		"HTTP/1.1 200 OK\r\nContent-Length: 44\r\n\r\n" + token,
		"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{" + token,
		"HTTP/1.1 " + token + "\r\n\r\n",
		token + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\n" + token + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: " + token + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: " + token + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + token + "\r\n",
		"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/" + token + "\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: " + token + "\r\n\r\n",
		"HTTP/1.1 429 Too Many\r\nRetry-After: " + token + "\r\nContent-Length: 0\r\n\r\n",
		"",
	} {
		for _, c := range calls() {
			client := open(t, listen(t, func(conn net.Conn) {
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil && !errors.Is(err, io.EOF) {
					t.Error(err)
				}
				io.WriteString(conn, said)
			}, ""))
			_, err := c.ask(t.Context(), client, signer)
			if err == nil {
				t.Errorf("%s: %q is no error", c.name, said)
				continue
			}
			for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err), deep(err)} {
				if strings.Contains(text, token[:8]) {
					t.Errorf("%s: %s", c.name, text)
				}
			}
			if refused := (*feed.StatusError)(nil); errors.As(err, &refused) && refused.Body != "" {
				t.Errorf("%s: %+v", c.name, refused)
			}
		}
	}
}

// deep is what all errors say that an error wraps.
func deep(err error) string {
	var text strings.Builder
	for ; err != nil; err = errors.Unwrap(err) {
		fmt.Fprintf(&text, "%v %+v %#v\n", err, err, err)
	}
	return text.String()
}

// TestUnsigned: what a signer says is what the caller gets, and nothing is sent.
func TestUnsigned(t *testing.T) {
	mine := errors.New("no key")
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer server.Close()
	for _, c := range calls() {
		_, err := c.ask(t.Context(), open(t, rest.Options{URL: server.URL}), func(string, string, []byte) (map[string]string, error) { return nil, mine })
		if !errors.Is(err, mine) || asked.Load() > 0 {
			t.Errorf("%s: %v, %d requests", c.name, err, asked.Load())
		}
	}
}

// TestPagesBounded: an answer that is longer than any page, or than any key.
func TestPagesBounded(t *testing.T) {
	for _, c := range calls() {
		most := rest.MaxPage
		if strings.Contains(c.line, "/auth/") {
			most = 4 << 10
		}
		for _, n := range []int{most, most + 1} {
			client := open(t, start(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{"+strings.Repeat(" ", n-1)) }))
			answer, err := c.ask(t.Context(), client, signer)
			if n == most && (err != nil || len(answer) != n) || n > most && !errors.Is(err, rest.ErrTooBig) {
				t.Errorf("%s: %d bytes, %v", c.name, len(answer), err)
			}
		}
	}
}

// TestSignedBudget: more than the budget allows is not asked for, and each kind has its
// own.
func TestSignedBudget(t *testing.T) {
	for _, c := range calls() {
		synctest.Test(t, func(t *testing.T) {
			var asked atomic.Int32
			client := simulate(t, func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				io.WriteString(w, "{}")
			})
			began := time.Now()
			for time.Since(began) < 10*time.Second {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				_, err := c.ask(ctx, client, signer)
				cancel()
				if err != nil && !errors.Is(err, rest.ErrBudget) {
					t.Fatal(err)
				}
				time.Sleep(time.Millisecond)
			}
			most := int32(71)
			if strings.Contains(c.line, "/auth/") {
				most = 14
			}
			if n := asked.Load(); n > most || n < most/2 {
				t.Errorf("%s: %d requests in 10 s", c.name, n)
			}
		})
	}
}
