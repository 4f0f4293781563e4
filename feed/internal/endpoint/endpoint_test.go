package endpoint_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/feed"
	"example.com/truebook/feed/internal/endpoint"
)

func TestParse(t *testing.T) {
	for _, text := range []string{
		"https://clob.polymarket.com", "https://clob.polymarket.com:8443/prefix/",
		"http://localhost", "http://127.8.9.10:81/", "http://[::1]:81/",
	} {
		if u, err := endpoint.Parse(text, "https", "http"); err != nil || u.String() != text {
			t.Errorf("%s: %v, %v", text, u, err)
		}
	}
	for _, text := range []string{
		"", "clob.polymarket.com", "//127.0.0.1", "https:", "https:127.0.0.1", "https:///book", "https://:443/",
		"http://clob.polymarket.com", "http://192.168.0.1", "http://127.0.0.1.example.com", "http://[2001:db8::1]",
		"http://localhost.example.com", "wss://127.0.0.1", "HTTPS//127.0.0.1", "file:///etc/passwd",
		"https://name:secret@127.0.0.1", "https://127.0.0.1?apikey=secret", "https://127.0.0.1?",
		"https://127.0.0.1#secret", "https://name:secret@127.0.0.1:port", "https://127.0.0.1/%zz?secret",
	} {
		if u, err := endpoint.Parse(text, "https", "http"); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v, %v", text, u, err)
		}
	}
	if _, err := endpoint.Parse("https://127.0.0.1", "wss", "ws"); err == nil {
		t.Error("the schemes are the caller's")
	}
}

func TestCheckTokens(t *testing.T) {
	longest := strings.Repeat("9", 78)
	for _, good := range [][]string{{"0"}, {longest}, {"1", "2", "3"}} {
		if err := endpoint.CheckTokens(good, 3); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range [][]string{
		nil,
		{},
		{"1", "2", "3", "4"},
		{""},
		{"1", ""},
		{"0x12"},
		{"1 "},
		{"-1"},
		{"1&side=BUY"},
		{`1"}]`},
		{longest + "9"},
		{"\u0661"},
		{strings.Repeat("x", 1<<20)},
	} {
		if err := endpoint.CheckTokens(bad, 3); err == nil || len(err.Error()) > 200 {
			t.Errorf("%.100q: %v", bad, err)
		}
	}
}

// TestRetryAfter: seconds and dates, within 10 minutes whatever the server writes.
func TestRetryAfter(t *testing.T) {
	const date = "Sun, 22 Nov 2026 10:00:00 GMT"
	for _, c := range []struct {
		text, date string
		want       time.Duration
	}{
		{"", date, 0},
		{"0", date, 0},
		{"7", date, 7 * time.Second},
		{"007", "", 7 * time.Second},
		{"600", "", 10 * time.Minute},
		{"601", "", 10 * time.Minute},
		{"99999999999999999999999999", "", 10 * time.Minute},
		{"9223372036854775807", "", 10 * time.Minute},
		{"-1", "", 0},
		{"+7", "", 0},
		{"1.5", "", 0},
		{"1e3", "", 0},
		{"soon", "", 0},
		{"Sun, 22 Nov 2026 10:01:30 GMT", date, 90 * time.Second},
		{"Sunday, 22-Nov-26 10:01:30 GMT", date, 90 * time.Second},
		{"Sun Nov 22 10:01:30 2026", date, 90 * time.Second},
		{"Sun, 22 Nov 2026 09:00:00 GMT", date, 0},
		{"Fri, 31 Dec 9999 23:59:59 GMT", date, 10 * time.Minute},
		{"Sat, 01 Jan 2000 00:00:20 GMT", "", 20 * time.Second}, // it is midnight in a bubble
		{"Sat, 01 Jan 2000 00:00:20 GMT", "yesterday", 20 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := http.Header{}
			if c.text != "" {
				h.Set("Retry-After", c.text)
			}
			if c.date != "" {
				h.Set("Date", c.date)
			}
			e := endpoint.Refusal(&http.Response{StatusCode: http.StatusServiceUnavailable, Header: h, Body: http.NoBody})
			if e.RetryAfter != c.want || e.Status != 503 || e.Body != "" {
				t.Errorf("%q, %q: %+v, want %v", c.text, c.date, e, c.want)
			}
		})
	}
}

// TestRefusalBody: the beginning of it, however long it is and however it ends.
func TestRefusalBody(t *testing.T) {
	endless := &counter{}
	e := endpoint.Refusal(&http.Response{StatusCode: http.StatusInternalServerError, Body: io.NopCloser(endless)})
	if len(e.Body) != feed.MaxStatusBody || endless.n > 8<<10 {
		t.Errorf("%d bytes of %d that were read", len(e.Body), endless.n)
	}
	cut := io.MultiReader(strings.NewReader("cut"), failing{})
	if e := endpoint.Refusal(&http.Response{StatusCode: http.StatusInternalServerError, Body: io.NopCloser(cut)}); e.Body != "cut" {
		t.Errorf("%+v", e)
	}
	endless.n = 0
	if e := endpoint.Refusal(&http.Response{StatusCode: http.StatusSwitchingProtocols, Body: io.NopCloser(endless)}); e.Status != 101 || endless.n > 0 {
		t.Errorf("%+v, and %d bytes of the connection", e, endless.n)
	}
}

type counter struct{ n int }

func (c *counter) Read(p []byte) (int, error) { c.n += len(p); return len(p), nil }

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("cut off") }

// TestOperations: ids are sent in their order, as many in a message as there may be.
func TestOperations(t *testing.T) {
	for _, n := range []int{0, 1, endpoint.MaxOperation, endpoint.MaxOperation + 1, 2*endpoint.MaxOperation + 7} {
		var ids, got []string
		for i := range n {
			ids = append(ids, strconv.Itoa(i))
		}
		messages := endpoint.Operations(`{"operation":"x","ids":`, ids, `,"end":1}`)
		for i, message := range messages {
			var o struct {
				Operation string
				IDs       []string
				End       int
			}
			if err := json.Unmarshal(message, &o); err != nil || o.Operation != "x" || o.End != 1 {
				t.Fatalf("%s: %v", message, err)
			}
			if len(o.IDs) != endpoint.MaxOperation && i < len(messages)-1 || len(o.IDs) > endpoint.MaxOperation {
				t.Errorf("%d ids in message %d of %d", len(o.IDs), i, len(messages))
			}
			got = append(got, o.IDs...)
		}
		if !slices.Equal(got, ids) {
			t.Errorf("%d of %d ids: %v", len(got), n, got)
		}
	}
	if got := string(endpoint.Message("a", nil, "b")); got != "a[]b" {
		t.Error(got)
	}
}
