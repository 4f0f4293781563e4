package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// line is what is printed, by its documented names.
type line struct {
	WS      string `json:"ws_url"`
	REST    string `json:"rest_url"`
	Gamma   string `json:"gamma_url"`
	Markets []struct{ Condition, Yes, No, Slug, Event string }
}

// simulation is a command that runs.
type simulation struct {
	line
	t      *testing.T
	end    context.CancelFunc
	code   chan int
	more   chan string
	stderr *bytes.Buffer // when it has ended
}

func start(t *testing.T, args ...string) *simulation {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := &simulation{t: t, end: cancel, code: make(chan int, 1), more: make(chan string, 1), stderr: &bytes.Buffer{}}
	read, write := io.Pipe()
	go func() {
		s.code <- run(ctx, args, write, s.stderr)
		write.Close()
	}()
	text, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		t.Fatalf("%v, exit %d, %s", err, <-s.code, s.stderr)
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&s.line); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	go func() { s.more <- fmt.Sprint(io.ReadAll(read)) }()
	return s
}

// stop ends the command as a signal does.
func (s *simulation) stop() {
	s.t.Helper()
	s.end()
	select {
	case code := <-s.code:
		if code != 0 || !strings.Contains(s.stderr.String(), "simulated") {
			s.t.Errorf("exit %d, stderr %s", code, s.stderr)
		}
	case <-time.After(10 * time.Second):
		s.t.Fatal("it does not end")
	}
	if more := <-s.more; more != "[] <nil>" {
		s.t.Error("more on stdout:", more)
	}
}

// subscribe watches the first market.
func (s *simulation) subscribe() *websocket.Conn {
	s.t.Helper()
	ws, _, err := websocket.Dial(s.t.Context(), s.WS, nil) //nolint:bodyclose // the library has closed it
	if err != nil {
		s.t.Fatal(err)
	}
	ws.SetReadLimit(feed.MaxFrame)
	text := fmt.Appendf(nil, `{"type":"market","assets_ids":[%q,%q]}`, s.Markets[0].Yes, s.Markets[0].No)
	if err := ws.Write(s.t.Context(), websocket.MessageText, text); err != nil {
		s.t.Fatal(err)
	}
	return ws
}

func TestServes(t *testing.T) {
	s := start(t, "--seed", "3", "--markets", "2", "--rate", "200")
	if len(s.Markets) != 2 || !strings.HasPrefix(s.WS, "ws://127.0.0.1:") || !strings.HasPrefix(s.REST, "http://127.0.0.1:") {
		t.Errorf("%+v", s.line)
	}
	ws := s.subscribe()
	defer ws.CloseNow()
	decoder := feed.NewDecoder(feed.DecoderOptions{Learn: true})
	known := map[string]bool{}
	for range 20 {
		_, text, err := ws.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		events, err := decoder.Decode(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if b, ok := e.(*feed.Book); ok {
				known[b.Asset.ID] = true
			}
		}
	}
	if len(known) != 2 || !known[s.Markets[0].Yes] || !known[s.Markets[0].No] {
		t.Errorf("books of %v", known)
	}
	for _, url := range []string{
		s.REST + "/book?token_id=" + s.Markets[1].No, s.Gamma + "/markets/slug/" + s.Markets[1].Slug, s.Gamma + "/events/slug/" + s.Markets[1].Event,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		answer, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || !bytes.Contains(body, []byte(s.Markets[1].Condition)) {
			t.Errorf("%s: %v: %s", url, err, body)
		}
	}
	var err error
	s.stop()
	for err == nil {
		_, _, err = ws.Read(t.Context())
	}
}

func TestSeed(t *testing.T) {
	var lines [3]line
	for i, seed := range []string{"5", "5", "6"} {
		s := start(t, "--seed", seed, "--listen", ":0")
		lines[i] = s.line
		s.stop()
	}
	if len(lines[0].Markets) != 4 || !slices.Equal(lines[0].Markets, lines[1].Markets) || slices.Equal(lines[0].Markets, lines[2].Markets) {
		t.Errorf("%+v", lines)
	}
}

func TestFaults(t *testing.T) {
	s := start(t, "--fault", "close@1500ms", "--rate=100", "--fault", "html_answer@0s")
	ws := s.subscribe()
	defer ws.CloseNow()
	var err error
	for err == nil {
		_, _, err = ws.Read(t.Context())
	}
	if websocket.CloseStatus(err) != 1001 {
		t.Error(err)
	}
	s.stop()
}

func TestFaultFlags(t *testing.T) {
	_, o, err := parse([]string{"--fault", "freeze@1m30s+2s", "--fault=ping_flood@0s+1h", "--fault", "settle@5s"})
	if err != nil || !slices.Equal(o.Venue.Faults, []feedtest.Fault{
		{Kind: feedtest.Freeze, At: 90 * time.Second, For: 2 * time.Second, Market: -1},
		{Kind: feedtest.Settle, At: 5 * time.Second, Market: -1},
	}) || !slices.Equal(o.Attacks, []feedtest.Attack{{Kind: feedtest.PingFlood, For: time.Hour}}) {
		t.Errorf("%+v, %v", o, err)
	}
	for _, name := range append(faultNames(), attackNames()...) {
		if _, _, err := parse([]string{"--fault", name + "@1s"}); err != nil || !strings.Contains(kindsText(), " "+name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, x := range []struct {
		args []string
		says string
	}{
		{[]string{"--fault", "nothing@1s"}, "nothing is none of reset, close, "},
		{[]string{"--fault", "nothing@1s"}, ", redirected_answer"},
		{[]string{"--fault", "reset"}, "KIND@AFTER"},
		{[]string{"--fault", "reset@"}, "no duration"},
		{[]string{"--fault", "reset@5"}, "no duration"},
		{[]string{"--fault", "reset@-5s"}, "no duration"},
		{[]string{"--fault", "freeze@5s+"}, "no duration"},
		{[]string{"--fault", "freeze@5s+0s"}, "no duration"},
		{[]string{"--fault", "freeze@5s+1s+1s"}, "no duration"},
		{[]string{"--markets", "0"}, "1 to 10000"},
		{[]string{"--markets", "10001"}, "1 to 10000"},
		{[]string{"--rate", "0"}, "above 0"},
		{[]string{"--rate", "NaN"}, "above 0"},
		{[]string{"--rate", "Inf"}, "above 0"},
		{[]string{"--seed", "-1"}, "seed"},
		{[]string{"--unknown"}, "unknown"},
		{[]string{"\x1b[2J"}, `"\x1b[2J" is no flag`},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), x.args, &stdout, &stderr); code != 2 || stdout.Len() > 0 || !strings.Contains(stderr.String(), x.says) {
			t.Errorf("%q: exit %d, %s%s", x.args, code, &stdout, &stderr)
		}
	}
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"--help"}, &stdout, &stderr); code != 0 || !strings.HasPrefix(stdout.String(), "usage: booksim ") || stderr.Len() > 0 {
		t.Errorf("--help: exit %d, %s%s", code, &stdout, &stderr)
	}
	for text := range strings.Lines(stdout.String()) {
		if len(text) > 81 {
			t.Errorf("a long line: %s", text)
		}
	}
}

// failing is a stdout that nobody reads.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("nobody reads") }

func TestFailures(t *testing.T) {
	var stderr bytes.Buffer
	if code := run(t.Context(), []string{"--listen", "127.0.0.1:70000"}, io.Discard, &stderr); code != 1 || !strings.Contains(stderr.String(), "booksim: feedtest: ") {
		t.Errorf("exit %d, %s", code, &stderr)
	}
	stderr.Reset()
	if code := run(t.Context(), nil, failing{}, &stderr); code != 1 || !strings.Contains(stderr.String(), "nobody reads") {
		t.Errorf("exit %d, %s", code, &stderr)
	}
}
