package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/truebook/internal/captures"
)

const simulated = "../../testdata/simulated.ndjson"

// call runs the command and returns its exit code and what it wrote.
func call(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, talk bytes.Buffer
	code = run(args, strings.NewReader(stdin), &out, &talk)
	return code, out.String(), talk.String()
}

// recording returns the lines of the simulated recording.
func recording(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile(simulated)
	if err != nil {
		t.Fatal(err)
	}
	return strings.SplitAfter(strings.TrimSpace(string(data)), "\n")
}

func TestGoodRecording(t *testing.T) {
	code, stdout, stderr := call(t, "", simulated)
	if code != 0 || stderr != "" {
		t.Errorf("exit %d, stderr %s", code, stderr)
	}
	want := simulated + `: 200 frames, 2 tokens, 102 levels at the end
8 book, 190 price_change, 3 last_trade_price

  witness  checked  agreed  disagreed  healed  unknown
     hash      310     310          0       0        0
      top      302     302          0       0        0
  refresh        6       6          0       0        0
   mirror      190     190          0       0        0
`
	if stdout != want {
		t.Errorf("got\n%swant\n%s", stdout, want)
	}
}

// report is the part of the JSON that the tests read, by its documented names.
type reportJSON struct {
	Frames    int               `json:"frames"`
	Events    map[string]uint64 `json:"events"`
	Assets    int               `json:"assets"`
	BadFrames int               `json:"bad_frames"`
	Witness   map[string]struct {
		Checked, Agreed, Disagreed, Healed, Unknown uint64
	} `json:"witness"`
	Disagreements []struct {
		Line      int    `json:"line"`
		Asset     string `json:"asset_id"`
		Witness   string `json:"witness"`
		Healed    bool   `json:"healed"`
		Continued bool   `json:"continued"`
		Expected  string `json:"expected"`
		Found     string `json:"found"`
	} `json:"disagreements"`
	TornAtLine int `json:"torn_at_line"`
}

func TestJSON(t *testing.T) {
	lines := recording(t)
	const lost = 90 // the line that is left out
	damaged := strings.Join(slices.Delete(slices.Clone(lines), lost-1, lost), "")
	code, stdout, stderr := call(t, damaged, "--json", "-")
	if code != 1 || stderr != "" {
		t.Errorf("exit %d, stderr %s", code, stderr)
	}
	var r reportJSON
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatal(err)
	}
	hash := r.Witness["hash"]
	if r.Frames != 199 || r.Assets != 2 || r.BadFrames != 0 || r.Events["price_change"] != 189 ||
		hash.Checked != hash.Agreed+hash.Disagreed+hash.Healed+hash.Unknown || hash.Disagreed == 0 {
		t.Errorf("report %s", stdout)
	}
	if len(r.Disagreements) == 0 || r.Disagreements[0].Line != lost || r.Disagreements[0].Witness != "hash" ||
		r.Disagreements[0].Continued || len(r.Disagreements[0].Expected) != 40 || len(r.Disagreements[0].Found) != 40 {
		t.Errorf("the loss of line %d: %+v", lost, r.Disagreements)
	}
	code, stdout, _ = call(t, damaged, "-")
	if code != 1 || !strings.Contains(stdout, "\nline 90: hash of ") || strings.Contains(stdout, "\nline 91: hash") ||
		!strings.Contains(stdout, "hashes of runs that follow one of these") {
		t.Errorf("exit %d\n%s", code, stdout)
	}
}

func TestBadLinesAndTornEnd(t *testing.T) {
	lines := recording(t)
	lines[50] = lines[50][:100] + "\n"
	text := strings.Join(lines, "")
	code, stdout, _ := call(t, text[:len(text)-20], "--json", "-")
	var r reportJSON
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatal(err)
	}
	// What the bad line explains is no disagreement.
	if code != 0 || r.BadFrames != 1 || r.TornAtLine != 200 || r.Frames != 199 || r.Witness["hash"].Unknown == 0 {
		t.Errorf("exit %d, report %s", code, stdout)
	}
	_, stdout, _ = call(t, text[:len(text)-20], "-")
	if !strings.Contains(stdout, "\nline 51: feed: byte 100 of the frame: ") || !strings.Contains(stdout, "torn at line 200") {
		t.Errorf("report\n%s", stdout)
	}
}

func TestExitCodes(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "text")
	if err := os.WriteFile(text, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(folder, "broken.zst")
	if err := os.WriteFile(broken, append([]byte{0x28, 0xb5, 0x2f, 0xfd}, make([]byte, 40)...), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		want int
	}{
		{nil, 2},
		{[]string{"--nonsense", simulated}, 2},
		{[]string{"--help"}, 0},
		{[]string{simulated, "--json"}, 0}, // flags and files in any order
		{[]string{"--", simulated}, 0},
		{[]string{filepath.Join(folder, "none")}, 6},
		{[]string{folder}, 6},
		{[]string{text}, 6},
		{[]string{broken}, 6},
		{[]string{"-"}, 6}, // nothing on stdin
		{[]string{simulated, text, simulated}, 6},
	} {
		code, stdout, stderr := call(t, "", test.args...)
		if code != test.want {
			t.Errorf("%q: exit %d, want %d; stderr %s", test.args, code, test.want, stderr)
		}
		if (stderr == "") != (test.want == 0) {
			t.Errorf("%q: stderr %q", test.args, stderr)
		}
		good := strings.Count(stdout, "refresh") // once in each report, and in the help
		if want := strings.Count(strings.Join(test.args, " "), simulated) + strings.Count(strings.Join(test.args, " "), "help"); good != want && test.want != 2 {
			t.Errorf("%q: %d reports", test.args, good)
		}
	}
}

// TestReadable: what is a recording, and what is none.
func TestReadable(t *testing.T) {
	for text, want := range map[string]int{
		"PONG\n[]\n":                   0,
		"[]\n":                         0,
		"":                             6,
		"hello\nworld\n":               6,
		"{}\n":                         6,
		"{\"event_type\":\"x\"}\n":     6,
		"{\"ctl\":\"open\"}\n":         6,
		"key,value\n1,2\n":             6,
		"{\"txt\":\"PONG\"}\nrubbish!": 0,
	} {
		if code, _, stderr := call(t, text, "-"); code != want {
			t.Errorf("%q: exit %d, want %d; %s", text, code, want, stderr)
		}
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestOutputThatFails(t *testing.T) {
	var talk bytes.Buffer
	if code := run([]string{simulated}, nil, brokenPipe{}, &talk); code != 1 || talk.Len() == 0 {
		t.Errorf("exit %d, stderr %s", code, talk.String())
	}
}

// TestNothingForTheTerminal: a token may hold anything, a report only text.
func TestNothingForTheTerminal(t *testing.T) {
	var text strings.Builder
	for i := range 3 {
		fmt.Fprintf(&text, `{"event_type":"book","market":"m","asset_id":"1`+"\u009b"+`31m","timestamp":"178457873358%d","bids":[{"price":"0.5","size":"%d"}],"asks":[]}`+"\n", i, i)
	}
	_, stdout, _ := call(t, text.String(), "-")
	if strings.ContainsRune(stdout, '\u009b') || !strings.Contains(stdout, `refresh of "1\u009b31m"`) {
		t.Errorf("report %q", stdout)
	}
}

// TestListsAreBounded crosses the bound on what a report lists.
func TestListsAreBounded(t *testing.T) {
	var text strings.Builder
	text.WriteString(recording(t)[0])
	for range maxListed + 5 {
		text.WriteString("{\n")
	}
	code, stdout, _ := call(t, text.String(), "--json", "-")
	var r struct {
		BadFrames int   `json:"bad_frames"`
		Refused   []any `json:"refused"`
	}
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || code != 0 {
		t.Fatalf("exit %d, %v", code, err)
	}
	if r.BadFrames != maxListed+5 || len(r.Refused) != maxListed {
		t.Errorf("%d bad frames, %d listed", r.BadFrames, len(r.Refused))
	}
}

func TestRealRecordings(t *testing.T) {
	code, stdout, _ := call(t, "", "--json", captures.Path(t, "fed_20260720.ndjson"))
	var r reportJSON
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatal(err)
	}
	if code != 0 || r.Frames != 27 || r.Witness["hash"].Agreed != 26 || r.Witness["top"].Agreed != 24 || r.Witness["refresh"].Agreed != 1 {
		t.Errorf("exit %d, report %s", code, stdout)
	}
}
