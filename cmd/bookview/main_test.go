package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/truebook/book"
	"example.com/truebook/cmd/bookview/internal/golden"
	"example.com/truebook/feed"
	"example.com/truebook/internal/captures"
)

const simulated = "../../testdata/simulated.ndjson"

// call runs the command and returns its exit code and what it wrote.
func call(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, talk output
	code = run(t.Context(), args, strings.NewReader(stdin), &out, &talk)
	return code, out.String(), talk.withoutNews()
}

// withoutNews leaves out how far the asking for names has come, which a machine that is slow
// says.
func (o *output) withoutNews() string {
	return regexp.MustCompile("(?m)^bookview: asking for names: .* so far\n").ReplaceAllString(o.String(), "")
}

// begin runs the command until it is interrupted by end.
func begin(t *testing.T, args ...string) (stdout *output, end func() (code int, stderr string)) {
	t.Helper()
	var out, talk output
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() { done <- run(ctx, args, strings.NewReader(""), &out, &talk) }()
	t.Cleanup(cancel)
	return &out, func() (int, string) {
		cancel()
		return <-done, talk.withoutNews()
	}
}

// await waits until something has been written.
func (o *output) await(t *testing.T, pattern string) {
	t.Helper()
	want := regexp.MustCompile(pattern)
	for end := time.Now().Add(30 * time.Second); !want.MatchString(o.String()); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s is not in\n%s", pattern, o.String())
		}
	}
}

// output is what a command writes, from any goroutine.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// TestStates prints a recording in which one token never got a book and the
// other's last frames were lost.
func TestStates(t *testing.T) {
	t.Parallel()
	lines := recording(t)
	opening := lines[0]
	firstBook, _, _ := strings.Cut(opening, `,{"market"`)
	half := firstBook + "]\n"
	changes := slices.DeleteFunc(lines[1:20], func(line string) bool { return !strings.Contains(line, "price_change") })
	_, stdout, stderr := call(t, half+strings.Join(changes, "")+`{"ctl":"gap"}`, "--replay", "-", "--depth", "2")
	if stderr != "" {
		t.Error(stderr)
	}
	golden.Check(t, "states.txt", stdout)
}

func recording(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile(simulated)
	if err != nil {
		t.Fatal(err)
	}
	return strings.SplitAfter(strings.TrimSpace(string(data)), "\n")
}

// TestJSONAgainstReconstruction compares what is printed with books rebuilt by
// encoding/json and maps, for each length that a recording can have.
func TestJSONAgainstReconstruction(t *testing.T) {
	t.Parallel()
	lines := recording(t)
	step := 7
	if testing.Short() {
		step = 21
	}
	for n := 1; n <= len(lines); n += step {
		compareWithReconstruction(t, strings.Join(lines[:n], ""))
	}
}

func TestJSONOfRealRecordings(t *testing.T) {
	t.Parallel()
	compareWithReconstruction(t, string(captures.Read(t, "fed_20260720.ndjson")))
}

type rebuilt struct {
	sides [2]map[string]string
	time  string
	hash  string
}

func compareWithReconstruction(t *testing.T, recording string) {
	t.Helper()
	want := rebuild(t, recording)
	code, stdout, stderr := call(t, recording, "--replay", "-", "--once", "--json", "--depth", "0")
	if code != 0 || stderr != "" {
		t.Fatalf("exit %d, stderr %s", code, stderr)
	}
	for line := range strings.Lines(stdout) {
		var got struct {
			Type  string
			Asset string `json:"asset_id"`
			State string
			Time  string `json:"timestamp"`
			Hash  string
			Bids  []struct{ Price, Size string }
			Asks  []struct{ Price, Size string }
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil || got.Type != "book" {
			t.Fatalf("%s: %v", line, err)
		}
		w := want[got.Asset]
		if w == nil {
			if got.State != "syncing" || len(got.Bids)+len(got.Asks) > 0 {
				t.Errorf("a token without a book reads as %s", line)
			}
			continue
		}
		delete(want, got.Asset)
		sides := [2]map[string]string{{}, {}}
		for _, l := range got.Bids {
			sides[0][l.Price] = l.Size
		}
		for _, l := range got.Asks {
			sides[1][l.Price] = l.Size
		}
		if diff := cmp.Diff(*w, rebuilt{sides, got.Time, got.Hash}, cmp.AllowUnexported(rebuilt{})); diff != "" {
			t.Errorf("%.6s (-rebuilt +printed):\n%s", got.Asset, diff)
		}
	}
	if len(want) > 0 {
		t.Errorf("%d tokens were not printed", len(want))
	}
}

func rebuild(t *testing.T, recording string) map[string]*rebuilt {
	t.Helper()
	type level struct{ Price, Size string }
	type event struct {
		Type       string `json:"event_type"`
		Asset      string `json:"asset_id"`
		Time       string `json:"timestamp"`
		Hash       string
		Bids, Asks []level
		Changes    []struct {
			level
			Asset string `json:"asset_id"`
			Side  string
			Hash  string
		} `json:"price_changes"`
	}
	books := map[string]*rebuilt{}
	for line := range strings.Lines(recording) {
		var events []event
		if line[0] != '[' {
			line = "[" + line + "]"
		}
		if err := json.Unmarshal([]byte(line), &events); err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			switch e.Type {
			case "book":
				r := &rebuilt{[2]map[string]string{{}, {}}, e.Time, e.Hash}
				for _, l := range e.Bids {
					r.sides[0][l.Price] = l.Size
				}
				for _, l := range e.Asks {
					r.sides[1][l.Price] = l.Size
				}
				books[e.Asset] = r
			case "price_change":
				for _, c := range e.Changes {
					r := books[c.Asset]
					if r == nil {
						continue
					}
					side := r.sides[0]
					if c.Side == "SELL" {
						side = r.sides[1]
					}
					if side[c.Price] = c.Size; c.Size == "0" {
						delete(side, c.Price)
					}
					r.time, r.hash = e.Time, c.Hash
				}
			}
		}
	}
	return books
}

// TestJSONLine: the format, to the letter.
func TestJSONLine(t *testing.T) {
	t.Parallel()
	file := captures.Path(t, "fed_20260720.ndjson")
	_, stdout, _ := call(t, "", "--replay", file, "--once", "--json", "--depth", "1")
	want := `{"type":"book","asset_id":"111604417349377875799825956621596386269673370070912696668140891647145772186047",` +
		`"market":"0x8bf1c1536ecb1c08fe13c6b71e8ab1f58bf3461c4cb79f5f1679f869a06aef86","state":"live","reason":"","epoch":1,"version":27,` +
		`"timestamp":"1784578736738","hash":"467fbccee1c57c19555227cbeaccd407e6b7994d","proof":{"by":"hash","version":27},` +
		`"tick_size":"0.001","last_trade_price":"0.925","bids":[{"price":"0.924","size":"24514.9"}],"asks":[{"price":"0.925","size":"23403.29"}]}`
	if first, _, _ := strings.Cut(stdout, "\n"); first != want {
		t.Errorf("got  %s\nwant %s", first, want)
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	d := feed.NewDecoder(feed.DecoderOptions{Learn: true})
	events, err := d.Decode([]byte(recording(t)[0]))
	if err != nil {
		t.Fatal(err)
	}
	first, second := events[0].(*feed.Book), events[1].(*feed.Book)
	for _, test := range []struct {
		args  []string
		code  int
		books int
	}{
		{[]string{"--replay", simulated}, 0, 2},
		{[]string{second.Asset.ID, "--replay", simulated}, 0, 1},
		{[]string{"--replay", simulated, first.Market}, 0, 2},
		{[]string{"--replay", simulated, strings.ToUpper(first.Market)}, 0, 2},
		{[]string{"--replay", simulated, " " + second.Asset.ID + "\n"}, 0, 1},
		{[]string{"--replay", simulated, "7"}, 3, 0},
		{[]string{"--replay", simulated, "7", first.Asset.ID}, 3, 1},
	} {
		code, stdout, stderr := call(t, "", append(test.args, "--json")...)
		if code != test.code || strings.Count(stdout, "\n") != test.books || (stderr == "") != (code == 0) {
			t.Errorf("%q: exit %d, stderr %q\n%s", test.args, code, stderr, stdout)
		}
	}
}

func TestDepth(t *testing.T) {
	t.Parallel()
	for depth, want := range map[string]int{"1": 1, "3": 3, "10": 10, "0": 20} {
		_, stdout, _ := call(t, "", "--replay", simulated, "--json", "--depth", depth)
		var line struct{ Bids []book.Level }
		first, _, _ := strings.Cut(stdout, "\n")
		if err := json.Unmarshal([]byte(first), &line); err != nil {
			t.Fatal(err)
		}
		if len(line.Bids) != want && (depth != "0" || len(line.Bids) <= 10) {
			t.Errorf("--depth %s: %d bids", depth, len(line.Bids))
		}
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		stdin string
		args  []string
		want  int
	}{
		{"", []string{"--depth", "-1"}, 2},
		{"", []string{"--depth", "x"}, 2},
		{"", []string{"--nonsense"}, 2},
		{"", []string{"no slug"}, 2},
		{"", []string{"--replay", ""}, 2},
		{"", []string{"--replay", "", "7"}, 2},
		{"", []string{"--replay", simulated, "a-slug"}, 2},
		{"", []string{"--replay", simulated, "https://polymarket.com/event/x"}, 2},
		{"", []string{"--replay", simulated, "no slug"}, 2},
		{"", []string{"--replay", simulated, "-"}, 2},
		{"", []string{"--replay", simulated, "--for", "1s"}, 2},
		{"", []string{"--replay", simulated, "--record", "x"}, 2},
		{"", []string{"--for", "0s"}, 2},
		{"", []string{"--force"}, 2},
		{"", []string{"--fps", "0"}, 2},
		{"", []string{"--fps", "61"}, 2},
		{"", []string{"--theme", "few"}, 2},
		{"", []string{"--theme", ""}, 2},
		{"", []string{"--speed", "2x"}, 2},
		{"", []string{"--replay", simulated, "--speed", "-1x"}, 2},
		{"", []string{"--replay", simulated, "--speed", "NaN"}, 2},
		{"", []string{"--completion", "tcsh"}, 2},
		{"", []string{"--record", ""}, 2},
		{"", []string{"--ws-url", "ws://127.0.0.1:1/ws/market"}, 2},
		{"", []string{"7", "--ws-url", "ws://example.com/ws/market"}, 2},
		{"", []string{"7", "--rest-url", "http://example.com"}, 2},
		{"", []string{"--replay", filepath.Join(t.TempDir(), "none")}, 6},
		{"", []string{"--replay", t.TempDir()}, 6},
		{"no recording\n{}\n", []string{"--replay", "-"}, 6},
		{"", []string{"--replay", "-"}, 6},
		{"PONG\n", []string{"--replay", "-"}, 6},
	} {
		code, stdout, stderr := call(t, test.stdin, test.args...)
		if code != test.want || stdout != "" || stderr == "" {
			t.Errorf("%q: exit %d, want %d; stdout %q, stderr %q", test.args, code, test.want, stdout, stderr)
		}
	}
	if code, stdout, stderr := call(t, "", "--help"); code != 0 || stdout != usage || stderr != "" {
		t.Errorf("--help: exit %d, %q, %q", code, stdout, stderr)
	}
	whole := strings.Join(recording(t), "")
	code, stdout, stderr := call(t, whole[:len(whole)-9], "--replay", "-")
	if code != 0 || stdout == "" || !strings.Contains(stderr, "torn at line 200") {
		t.Errorf("a torn recording: exit %d, stderr %s", code, stderr)
	}
}
