package rest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
	"example.com/truebook/feed/rest"
)

// TestRequests: what is sent is what the exchange expects, and nothing else.
func TestRequests(t *testing.T) {
	var got string
	o := start(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = r.Method + " " + r.URL.String() + " " + string(body)
		for name, values := range r.Header {
			if name == "User-Agent" && values[0] != "truebook" {
				t.Errorf("a request of %q", values)
			}
			if !slices.Contains([]string{"User-Agent", "Content-Length", "Content-Type"}, name) {
				t.Errorf("header %s: %s", name, values)
			}
		}
		if kind := r.Header.Get("Content-Type"); (kind == "application/json") != (len(body) > 0) || r.ProtoMajor != 1 {
			t.Errorf("%q as %q by %s", body, kind, r.Proto)
		}
		http.SetCookie(w, &http.Cookie{Name: "c", Value: "v"}) // which is never returned
		io.WriteString(w, `[ ]`)
	})
	base := o.URL
	for _, prefix := range []string{"", "/", "/some/where", "/some/where/"} {
		o.URL = base + prefix
		c := open(t, o)
		path := strings.TrimSuffix(prefix, "/")
		for _, x := range []struct {
			tokens []string
			want   string
		}{
			{pair[:1], "GET " + path + "/book?token_id=" + yes + " "},
			{pair, "POST " + path + `/books [{"token_id":"` + yes + `"},{"token_id":"` + no + `"}]`},
			{[]string{"1", "1", "2"}, "POST " + path + `/books [{"token_id":"1"},{"token_id":"1"},{"token_id":"2"}]`},
		} {
			if data, err := c.FetchBooks(t.Context(), x.tokens); err != nil || string(data) != `[ ]` {
				t.Errorf("%q, %v", data, err)
			}
			if got != x.want {
				t.Errorf("sent %s\nwant %s", got, x.want)
			}
		}
		_, err := c.Market(t.Context(), strings.ToUpper(condition))
		if want := "GET " + path + "/markets/" + condition + " "; got != want || err == nil {
			t.Errorf("sent %s\nwant %s; %v", got, want, err)
		}
	}
}

// TestLongestBatch: MaxBatch tokens are asked for at once, and not one more.
func TestLongestBatch(t *testing.T) {
	var asked []struct {
		Token string `json:"token_id"`
	}
	c := open(t, start(t, func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			t.Error(err)
		}
		io.WriteString(w, "[]")
	}))
	tokens := make([]string, rest.MaxBatch+1)
	for i := range tokens {
		tokens[i] = strconv.Itoa(i)
	}
	if _, err := c.FetchBooks(t.Context(), tokens[:rest.MaxBatch]); err != nil {
		t.Error(err)
	}
	if len(asked) != rest.MaxBatch || asked[99].Token != "99" {
		t.Errorf("%d tokens", len(asked))
	}
	asked = nil
	if _, err := c.FetchBooks(t.Context(), tokens); err == nil || asked != nil {
		t.Errorf("%v, and %d tokens", err, len(asked))
	}
}

// TestRefusedTokens: what is no token is not sent.
func TestRefusedTokens(t *testing.T) {
	c := open(t, start(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") }))
	for _, tokens := range [][]string{
		nil, {}, {""}, {yes, ""}, {"1&side=BUY"}, {"1", `1"},{"token_id":"2`}, {"0x12"}, {strings.Repeat("1", 79)},
	} {
		if _, err := c.FetchBooks(t.Context(), tokens); err == nil || !strings.HasPrefix(err.Error(), "rest: ") {
			t.Errorf("%q: %v", tokens, err)
		}
	}
	for _, id := range []string{"", "0x", condition[2:], condition + "0", condition[:65] + "g", "../" + condition[:63], condition[:65] + "?"} {
		bad := (*rest.NameError)(nil)
		if _, err := c.Market(t.Context(), id); !errors.As(err, &bad) || !strings.HasPrefix(err.Error(), "rest: ") {
			t.Errorf("%q: %v", id, err)
		}
		if _, err := c.Event(t.Context(), id); !errors.As(err, &bad) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

// TestBooksOfVenue: the answers of the simulated exchange go through unchanged, and
// are the books that it has.
func TestBooksOfVenue(t *testing.T) {
	v := feedtest.NewVenue(feedtest.VenueOptions{Seed: 1, Quirks: new(feedtest.NoQuirks())})
	var sent []byte
	c := open(t, start(t, func(w http.ResponseWriter, r *http.Request) {
		d := askVenue(v, r)
		sent = d.Data
		w.WriteHeader(d.Code)
		w.Write(d.Data)
	}))
	tokens := tokensOf(v)
	for n := 1; n <= len(tokens); n++ {
		data, err := c.FetchBooks(t.Context(), tokens[:n])
		if err != nil || !bytes.Equal(data, sent) {
			t.Fatalf("%d tokens: %d bytes of %d, %v", n, len(data), len(sent), err)
		}
		events, err := feed.NewDecoder(feed.DecoderOptions{Learn: true}).Decode(data)
		if err != nil || len(events) != n {
			t.Errorf("%d tokens: %d books, %v", n, len(events), err)
		}
	}
	_, err := c.FetchBooks(t.Context(), []string{"7"})
	if e := wantStatus(t, err, 404, 0); e.Body != noBook {
		t.Errorf("%+v", e)
	}
	if data, err := c.FetchBooks(t.Context(), []string{"7", "8"}); err != nil || string(data) != "[]" {
		t.Errorf("%s, %v", data, err)
	}
}

// TestAnswersAreTheCallers: nothing of one answer is in the memory of another.
func TestAnswersAreTheCallers(t *testing.T) {
	n := 0
	c := open(t, start(t, func(w http.ResponseWriter, _ *http.Request) {
		n++
		io.WriteString(w, "["+strings.Repeat(strconv.Itoa(n), 5000)+"]")
	}))
	var answers [][]byte
	for range 5 {
		data, err := c.FetchBooks(t.Context(), pair)
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, data)
	}
	for i, data := range answers {
		if want := "[" + strings.Repeat(strconv.Itoa(i+1), 5000) + "]"; string(data) != want {
			t.Errorf("answer %d has become %.20q", i, data)
		}
	}
}

// TestRefusals: each status but 200 is a StatusError with the beginning of the body.
func TestRefusals(t *testing.T) {
	page := "<!DOCTYPE html><title>Attention Required! | Cloudflare</title>\x1b[2J" + strings.Repeat("x", 10_000)
	for _, x := range []struct {
		status int
		body   string
	}{
		{400, `{"error":"Invalid token id"}`},
		{401, ""},
		{403, page},
		{404, noBook},
		{404, page},
		{425, "too early"},
		{429, ""},
		{500, page},
		{502, page},
		{503, ""},
		{520, page},
		{204, ""},
		{206, "[]"},
		{301, ""},
		{304, ""},
	} {
		c := open(t, start(t, answer(x.status, x.body)))
		_, err := c.FetchBooks(t.Context(), pair[:1])
		e := (*feed.StatusError)(nil)
		if !errors.As(err, &e) || e.Status != x.status || e.Body != x.body[:min(len(x.body), feed.MaxStatusBody)] {
			t.Errorf("status %d: %v", x.status, err)
			continue
		}
		if strings.ContainsAny(err.Error(), "\x1b\n") || !strings.HasPrefix(err.Error(), "rest: GET /book at 127.0.0.1:") {
			t.Errorf("status %d: %s", x.status, err)
		}
	}
}

// TestRedirects: nobody follows them.
func TestRedirects(t *testing.T) {
	var reached atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, target := range []string{other.URL + "/book", "/elsewhere", "//" + other.Listener.Addr().String()} {
			requests := 0
			c := open(t, start(t, func(w http.ResponseWriter, _ *http.Request) {
				requests++
				w.Header().Set("Location", target)
				w.WriteHeader(status)
			}))
			_, err := c.FetchBooks(t.Context(), pair)
			wantStatus(t, err, status, 0)
			if requests != 1 {
				t.Errorf("%d to %s: %d requests", status, target, requests)
			}
		}
	}
	if n := reached.Load(); n > 0 {
		t.Errorf("the other server was reached %d times", n)
	}
}

// TestNoJSON: an answer of 200 that cannot be JSON is refused with what it said, and
// one that is only cut off is the decoder's to refuse.
func TestNoJSON(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write([]byte("[]"))
	z.Close()
	for _, text := range []string{"", " \n", "<html>maintenance</html>", "null", `"[]"`, "123", "\ufeff[]", zipped.String()} {
		c := open(t, start(t, answer(200, text, "Content-Encoding", "gzip")))
		_, err := c.FetchBooks(t.Context(), pair)
		if e := wantStatus(t, err, 200, 0); e.Body != text {
			t.Errorf("%q for %q", e.Body, text)
		}
	}
	for _, text := range []string{"[", `{"market":"0x`, "\r\n\t []", "[]<html>", "{\x00"} {
		c := open(t, start(t, answer(200, text)))
		if data, err := c.FetchBooks(t.Context(), pair); err != nil || string(data) != text {
			t.Errorf("%q, %v for %q", data, err, text)
		}
	}
}

// TestTooBig: the longest answer is read, and one byte more is not, whether its length
// is announced or not. An endless one is not read to its end.
func TestTooBig(t *testing.T) {
	var sent atomic.Int64
	var length int64
	announced := true
	c := open(t, start(t, func(w http.ResponseWriter, _ *http.Request) {
		if announced {
			w.Header().Set("Content-Length", strconv.FormatInt(length, 10))
		}
		chunk := bytes.Repeat([]byte("["), 1<<16)
		for left := length; left > 0; {
			n, err := w.Write(chunk[:min(left, int64(len(chunk)))])
			left -= int64(n)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	}))
	for _, announced = range []bool{true, false} {
		length = feed.MaxFrame
		if data, err := c.FetchBooks(t.Context(), pair); err != nil || len(data) != feed.MaxFrame {
			t.Errorf("%d bytes: %v", len(data), err)
		}
		for _, length = range []int64{feed.MaxFrame + 1, 100 << 20, 1 << 40} {
			sent.Store(0)
			_, err := c.FetchBooks(t.Context(), pair)
			if !errors.Is(err, rest.ErrTooBig) {
				t.Errorf("%d bytes: %v", length, err)
			}
			// What lies in the buffers of the kernel has been sent too.
			if n := sent.Load(); n > feed.MaxFrame+(32<<20) || announced && n > feed.MaxFrame {
				t.Errorf("%d bytes were taken of %d", n, length)
			}
		}
		length = 1<<20 + 1
		if _, err := c.Market(t.Context(), condition); !errors.Is(err, rest.ErrTooBig) {
			t.Errorf("a market of %d bytes: %v", length, err)
		}
	}
}

// TestHeaders: a long header is read, one that is too long is not.
func TestHeaders(t *testing.T) {
	for size, good := range map[int]bool{48 << 10: true, 80 << 10: false} {
		c := open(t, start(t, answer(200, "[]", "X", strings.Repeat("x", size))))
		if _, err := c.FetchBooks(t.Context(), pair); (err == nil) != good {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

// TestHostile: answers that break HTTP are errors, soon.
func TestHostile(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	for name, talk := range map[string]func(io.Writer){
		"nothing":          func(io.Writer) {},
		"no HTTP":          func(w io.Writer) { io.WriteString(w, "SSH-2.0-OpenSSH\r\n") },
		"short":            func(w io.Writer) { io.WriteString(w, ok+"Content-Length: 10\r\n\r\n[]") },
		"two lengths":      func(w io.Writer) { io.WriteString(w, ok+"Content-Length: 2\r\nContent-Length: 3\r\n\r\n[] ") },
		"negative length":  func(w io.Writer) { io.WriteString(w, ok+"Content-Length: -2\r\n\r\n[]") },
		"chunks cut":       func(w io.Writer) { io.WriteString(w, ok+"Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n") },
		"no chunks":        func(w io.Writer) { io.WriteString(w, ok+"Transfer-Encoding: chunked\r\n\r\n[]\r\n") },
		"unknown encoding": func(w io.Writer) { io.WriteString(w, ok+"Transfer-Encoding: rot13\r\n\r\n[]") },
		"long line": func(w io.Writer) {
			io.WriteString(w, ok+"X: ")
			flood(w, "xxxxxxxx")
		},
		"many lines": func(w io.Writer) {
			io.WriteString(w, ok)
			flood(w, "X: y\r\n")
		},
		"many answers before": func(w io.Writer) { flood(w, "HTTP/1.1 103 Early Hints\r\n\r\n") },
		"long trailer": func(w io.Writer) {
			io.WriteString(w, ok+"Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n")
			flood(w, "X: y\r\n")
		},
		"chunk extension": func(w io.Writer) {
			io.WriteString(w, ok+"Transfer-Encoding: chunked\r\n\r\n2;")
			flood(w, "xxxxxxxx")
		},
		"tiny chunks": func(w io.Writer) {
			io.WriteString(w, ok+"Transfer-Encoding: chunked\r\n\r\n")
			flood(w, "1;"+strings.Repeat("x", 1000)+"\r\n[\r\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := open(t, raw(t, talk))
			data, err := c.FetchBooks(t.Context(), pair[:1])
			if err == nil || errors.Is(err, context.DeadlineExceeded) || !strings.HasPrefix(err.Error(), "rest: ") {
				t.Errorf("%.20q, %v", data, err)
			}
			if e := (*feed.StatusError)(nil); errors.As(err, &e) {
				t.Errorf("no refusal: %v", err)
			}
		})
	}
	t.Run("long", func(t *testing.T) { // what is not part of the answer is left
		c := open(t, raw(t, func(w io.Writer) { io.WriteString(w, ok+"Content-Length: 2\r\nConnection: close\r\n\r\n[]]]]") }))
		if data, err := c.FetchBooks(t.Context(), pair[:1]); err != nil || string(data) != "[]" {
			t.Errorf("%q, %v", data, err)
		}
	})
	t.Run("another protocol", func(t *testing.T) { // whose body never ends, and which no context ends
		release := make(chan struct{})
		defer close(release)
		c := open(t, raw(t, func(w io.Writer) {
			io.WriteString(w, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
			<-release
		}))
		_, err := c.FetchBooks(t.Context(), pair[:1])
		wantStatus(t, err, 101, 0)
	})
}

// flood writes until nobody reads any more, some 64 MiB at most.
func flood(w io.Writer, text string) {
	block := []byte(strings.Repeat(text, 1+(1<<16)/len(text)))
	for range 1000 {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// TestNetworkFailures: they are wrapped, and not refusals.
func TestNetworkFailures(t *testing.T) {
	failure := errors.New("no network here")
	c := open(t, rest.Options{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, failure }})
	_, err := c.FetchBooks(t.Context(), pair)
	if !errors.Is(err, failure) || err.Error() != "rest: POST /books at clob.polymarket.com: no network here" {
		t.Error(err)
	}
	if _, err := c.Market(t.Context(), condition); !errors.Is(err, failure) || !strings.HasPrefix(err.Error(), "rest: GET /markets at ") {
		t.Error(err)
	}
}
