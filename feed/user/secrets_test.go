package user_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/truebook/engine"
	"example.com/truebook/feed/capture"
	"example.com/truebook/feed/feedtest"
	"example.com/truebook/feed/keys"
	"example.com/truebook/feed/live"
	"example.com/truebook/feed/rest"
	"example.com/truebook/feed/user"
)

// sink collects all that is written.
type sink struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// Close is for a recording.
func (s *sink) Close() error { return nil }

// logger writes to the sink, in both forms and with everything.
func (s *sink) logger() *slog.Logger {
	o := &slog.HandlerOptions{Level: slog.LevelDebug - 10, AddSource: true}
	return slog.New(slog.NewMultiHandler(slog.NewJSONHandler(s, o), slog.NewTextHandler(s, o)))
}

// note writes a value in every way.
func (s *sink) note(values ...any) {
	for _, v := range values {
		fmt.Fprintf(s, "%v\n%+v\n%#v\n%q\n", v, v, v, v)
		err, _ := v.(error)
		for ; err != nil; err = errors.Unwrap(err) {
			fmt.Fprintf(s, "%v\n%+v\n%#v\n", err, err, err)
		}
	}
}

// search looks for secrets in all that was written.
func (s *sink) search(t *testing.T, secrets ...string) {
	t.Helper()
	text := s.String()
	for _, secret := range secrets {
		forms := []string{
			secret, hex.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret)),
			strings.Trim(fmt.Sprintf("%d", []byte(secret)), "[]"),
		}
		if raw, err := base64.URLEncoding.DecodeString(secret); err == nil && len(raw) > 8 {
			forms = append(forms, hex.EncodeToString(raw), string(raw), strings.Trim(fmt.Sprintf("%d", raw), "[]"))
		}
		if len(secret) > 20 {
			forms = append(forms, secret[:20], secret[len(secret)-20:])
		}
		for _, form := range forms {
			if i := strings.Index(text, form); i >= 0 {
				t.Errorf("%q is in what was written: %.300q", form, text[max(0, i-150):])
			}
		}
	}
}

// TestSecretsInFailures lets something fail at every step of a connection and of REST, and
// searches all that was written: logs, errors, values, and a recording that is made at the
// same time.
func TestSecretsInFailures(t *testing.T) {
	faults := []feedtest.Fault{{Kind: feedtest.OddText}}
	for kind := feedtest.Reset; kind <= feedtest.DialHangs; kind++ {
		faults = append(faults, feedtest.Fault{Kind: kind, For: 40 * time.Second})
	}
	for kind := feedtest.RESTTimeout; kind <= feedtest.RESTSlow; kind++ {
		faults = append(faults, feedtest.Fault{Kind: kind, For: 40 * time.Second})
	}
	for _, code := range []int{1000, 1008, 1011, 1013} {
		faults = append(faults, feedtest.Fault{Kind: feedtest.Close, Code: code})
	}
	for _, code := range []int{401, 403, 404, 500} {
		faults = append(faults, feedtest.Fault{Kind: feedtest.DialStatus, Code: code, For: 40 * time.Second}, feedtest.Fault{Kind: feedtest.RESTStatus, Code: code, For: 40 * time.Second})
	}
	synctest.Test(t, func(t *testing.T) {
		var out sink
		w := newWorld(t, feedtest.AccountOptions{Seed: 5, PerMinute: 20, Lose: 0.1})
		w.options.Logger = out.logger()
		a := w.run(t)
		source, err := live.New(live.Options{URL: "ws://127.0.0.1/ws/market", DialContext: w.server.Dial})
		if err != nil {
			t.Fatal(err)
		}
		recorder := capture.NewRecorder(&out)
		eng, err := engine.New(recorder.Source(source), engine.Config{Books: w.options.Client, Logger: out.logger()})
		if err != nil {
			t.Fatal(err)
		}
		sub, err := eng.Watch(w.markets[0].Yes, w.markets[0].No)
		if err != nil {
			t.Fatal(err)
		}
		defer sub.Close()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- eng.Run(ctx) }()
		for _, f := range faults {
			f.Market = -1
			w.server.Do(func(v *feedtest.Venue) { v.Inject(f) })
			for range 12 {
				time.Sleep(4 * time.Second)
				out.note(a.View().Err(), a.Stats())
			}
			w.server.Do(func(v *feedtest.Venue) { v.Inject(feedtest.Fault{Kind: feedtest.Reset}) })
		}
		cancel()
		out.note(<-done, *a.View(), w.options, &w.options, w.options.Credentials)
		out.note(recorder.Close(t.Context()))
		if !strings.Contains(out.String(), `"raw":`) || !strings.Contains(out.String(), "connection lost") || !strings.Contains(out.String(), "REST failed") {
			t.Error("nothing was recorded, or nothing failed")
		}
		out.search(t, w.truth.Secret, w.truth.Passphrase, w.truth.Key, w.truth.PrivateKey)
	})
}

// TestSecretsEchoed: a server that sends back whatever it got, in every place where a
// server can say something.
func TestSecretsEchoed(t *testing.T) {
	const (
		key        = "3e2c94ca-8124-c4c1-c7ea-be1ea21b71fe"
		secret     = "c2VjcmV0LXRoYXQtaXMtbm90LXRvLWJlLXNob3duISE="
		passphrase = "5b605a0e8e40f3402d3cb3bc19edad6733ed23fbc079d2a09ee399c3487ace81"
		all        = key + secret
	)
	credentials, err := keys.NewCredentials("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", key, secret, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	for name, talk := range map[string]func(http.ResponseWriter, *http.Request){
		"a refusal": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, all, http.StatusUnauthorized) },
		"a header": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://127.0.0.1/"+all)
			w.WriteHeader(http.StatusFound)
		},
		"no HTTP": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				io.WriteString(conn, all+"\r\n\r\n")
				conn.Close()
			}
		},
		"another upgrade": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Upgrade", all)
			w.WriteHeader(http.StatusSwitchingProtocols)
		},
		"a reason": func(w http.ResponseWriter, r *http.Request) {
			if c, err := websocket.Accept(w, r, nil); err == nil {
				c.Read(r.Context())
				c.Close(websocket.StatusPolicyViolation, all)
			}
		},
		"frames": func(w http.ResponseWriter, r *http.Request) {
			c, err := websocket.Accept(w, r, nil)
			if err != nil {
				return
			}
			for range 3 {
				_, text, err := c.Read(r.Context())
				if err != nil {
					break
				}
				c.Write(r.Context(), websocket.MessageText, text)
				c.Write(r.Context(), websocket.MessageText, []byte(all))
				c.Write(r.Context(), websocket.MessageText, []byte(`{"event_type":"`+all+`"}`))
				c.Write(r.Context(), websocket.MessageText, []byte(`{"event_type":"order","`+all+`":1,"side":"`+all+`"}`))
				c.Write(r.Context(), websocket.MessageText, []byte("PONG"))
			}
			c.CloseNow()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out sink
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == "/ws/user":
					talk(w, r)
				case name == "frames": // and REST in its own way
					io.WriteString(w, `{"data":[{"id":"`+all+`","`+all+`":"`+all+`"}],"next_cursor":"`+all+`"}`)
				default:
					w.WriteHeader(http.StatusBadRequest)
					fmt.Fprint(w, r.Header, all)
				}
			}))
			server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
			defer server.Close()
			client, err := rest.New(rest.Options{URL: server.URL})
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			a, err := user.New(user.Options{
				Credentials: credentials, Client: client, URL: "ws" + strings.TrimPrefix(server.URL, "http") + "/ws/user", Logger: out.logger(),
			})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			out.note(a.Run(ctx), a.View().Err(), *a.View(), a.Stats())
			_, err = keys.Derive(t.Context(), client, keys.Polygon, keys.PrivateKey{}, 0)
			out.note(err)
			for _, cursor := range []string{"", "x"} {
				_, err = client.OpenOrders(t.Context(), func(method, path string, body []byte) (map[string]string, error) {
					return credentials.Header(method, path, body, time.Now())
				}, cursor)
				out.note(err)
			}
			if a.Stats().Dials == 0 {
				t.Error("nothing was dialled")
			}
			out.search(t, key, secret, passphrase)
		})
	}
}
