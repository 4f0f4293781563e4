package capture_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"

	"example.com/truebook/feed"
	"example.com/truebook/feed/capture"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// read returns one line of text for each record, and the end.
func read(t *testing.T, stream io.Reader) (records []string, end error) {
	t.Helper()
	r, err := capture.NewReader(stream)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	for {
		record, err := r.Next()
		if err != nil {
			if _, again := r.Next(); again != err { //nolint:errorlint // the very same
				t.Errorf("the end is %v, then %v", err, again)
			}
			return records, err
		}
		kind := []string{"frame", "open", "close", "gap", "unreadable"}[record.Kind]
		records = append(records, fmt.Sprintf("%d %s conn %d at %d: %s",
			record.Line, kind, record.Conn, record.Time.UnixMilli(), record.Frame))
	}
}

func tick(ms int64) string {
	return fmt.Sprintf(`{"market":"0x1","asset_id":"7","old_tick_size":"0.1","new_tick_size":"0.1","timestamp":"%d"}`, ms)
}

func TestBothForms(t *testing.T) {
	recording := strings.Join([]string{
		"PONG",
		tick(1_700_000_002_000),
		"",
		"[" + tick(1_700_000_003_000) + "," + tick(1_700_000_001_000) + "]",
		tick(1_700_000_001_000),
		`{"event_type":"new_market","description":"\"raw\" is no key here"}`,
		`{"recv_ns":1700000004000000000,"conn":2,"ctl":"open","extra":[1]}`,
		`{"conn":2,"ctl":"subscribe","recv_ns":1700000004100000000,"data":{}}`,
		`{"v":1,"raw": {"a": 1 },"recv_ns":1700000004200000000,"conn":2}`,
		`{"recv_ns":1700000004300000000,"conn":2,"txt":"PONG"}`,
		`{"recv_ns":1700000004250000000,"conn":2,"txt":""}`, // the clock of the recorder went back
		`{"recv_ns":1700000004400000000,"conn":2,"ctl":"gap"}`,
		`{"recv_ns":1700000004500000000,"conn":2,"ctl":"close"}`,
		`{"conn":3,"raw":` + tick(1_700_000_005_000) + `}`,
		`{"recv_ns":"x","raw":1}`,
		`{"broken`,
		`{"recv_ns":1700000005100000000,"conn":1,"raw":{"mark`,
		`{"recv_ns":1700000005100000000,"conn":1}`,
		`{"recv_ns":1700000005100000000,"conn":-1,"ctl":"gap"}`,
		`{"a":"the words \"raw\" and \"ctl\" prove nothing"}`,
		`{"conn":4,"b64":"W10="}`,
		`{"recv_ns":1700000005200000000,"conn":1,"b64":"W10"}`,
		"",
	}, "\n")
	want := []string{
		"1 frame conn 0 at -62135596800000: PONG",
		"2 frame conn 0 at 1700000002000: " + tick(1_700_000_002_000),
		"4 frame conn 0 at 1700000003000: [" + tick(1_700_000_003_000) + "," + tick(1_700_000_001_000) + "]",
		"5 frame conn 0 at 1700000003000: " + tick(1_700_000_001_000),
		`6 frame conn 0 at 1700000003000: {"event_type":"new_market","description":"\"raw\" is no key here"}`,
		"7 open conn 2 at 1700000004000: ",
		`9 frame conn 2 at 1700000004200: {"a": 1 }`,
		"10 frame conn 2 at 1700000004300: PONG",
		"11 frame conn 2 at 1700000004300: ",
		"12 gap conn 2 at 1700000004400: ",
		"13 close conn 2 at 1700000004500: ",
		"14 frame conn 3 at 1700000005000: " + tick(1_700_000_005_000),
		`15 unreadable conn -1 at 1700000005000: {"recv_ns":"x","raw":1}`,
		`16 frame conn -1 at 1700000005000: {"broken`,
		`17 unreadable conn -1 at 1700000005000: {"recv_ns":1700000005100000000,"conn":1,"raw":{"mark`,
		`18 unreadable conn -1 at 1700000005000: {"recv_ns":1700000005100000000,"conn":1}`,
		`19 unreadable conn -1 at 1700000005000: {"recv_ns":1700000005100000000,"conn":-1,"ctl":"gap"}`,
		`20 frame conn 0 at 1700000005000: {"a":"the words \"raw\" and \"ctl\" prove nothing"}`,
		"21 frame conn 4 at 1700000005000: []",
		`22 unreadable conn -1 at 1700000005000: {"recv_ns":1700000005200000000,"conn":1,"b64":"W10"}`,
	}
	for name, stream := range map[string]io.Reader{
		"plain":       strings.NewReader(recording),
		"marked":      strings.NewReader("\xef\xbb\xbf" + recording),
		"zstd, skip":  bytes.NewReader(append([]byte{0x5a, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 7}, zstandard(t, recording)...)),
		"bytewise":    iotest.OneByteReader(strings.NewReader(recording)),
		"gzip":        bytes.NewReader(gzipped(t, recording)),
		"zstd":        bytes.NewReader(zstandard(t, recording)),
		"zstd frames": bytes.NewReader(append(zstandard(t, recording[:100]), zstandard(t, recording[100:])...)),
		"gzip parts":  bytes.NewReader(append(gzipped(t, recording[:100]), gzipped(t, recording[100:])...)),
	} {
		got, end := read(t, stream)
		if end != io.EOF { //nolint:errorlint // exactly as documented
			t.Errorf("%s: ends with %v", name, end)
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s:\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstandard(t *testing.T, text string) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll([]byte(text), nil)
}

// TestTorn cuts a recording anywhere, in each form: everything before the cut is
// read, and the cut is reported unless it falls between two lines.
func TestTorn(t *testing.T) {
	var recording strings.Builder
	for i := range int64(3) {
		fmt.Fprintf(&recording, "%s\n", tick(1_700_000_000_000+i))
	}
	text := recording.String()
	for n := range len(text) {
		got, end := read(t, strings.NewReader(text[:n]))
		whole := strings.Count(text[:n], "\n")
		rest := n - 1 - strings.LastIndex(text[:n], "\n")
		switch atEnd := rest == 0 || rest == len(tick(1_700_000_000_000)); {
		case atEnd && end != io.EOF: //nolint:errorlint // exactly as documented
			t.Errorf("cut at %d: %v", n, end)
		case !atEnd && !errors.Is(end, capture.ErrTorn):
			t.Errorf("cut at %d: %v", n, end)
		case !atEnd && len(got) != whole:
			t.Errorf("cut at %d: %d records, want %d", n, len(got), whole)
		}
		if e, ok := errors.AsType[*capture.TornError](end); ok && e.Line != whole+1 {
			t.Errorf("cut at %d: %v, want line %d", n, e, whole+1)
		}
	}
	long := strings.Repeat(text, 2000)
	for name, data := range map[string][]byte{"gzip": gzipped(t, long), "zstd": zstandard(t, long)} {
		for _, n := range []int{5, len(data) / 3, len(data) / 2, len(data) - 5, len(data) - 1} {
			if _, end := read(t, bytes.NewReader(data[:n])); !errors.Is(end, capture.ErrTorn) {
				t.Errorf("%s cut at %d of %d: %v", name, n, len(data), end)
			}
		}
	}
}

// TestClock: one wrong time does not move the clock, two that agree do.
func TestClock(t *testing.T) {
	const start, hour = 1_700_000_000_000, 3_600_000
	var recording strings.Builder
	times := []int64{start, start + 5, start + 900*hour, start + 7, start + 3*hour, start + 3*hour + 9, start + 8}
	for _, ms := range times {
		fmt.Fprintln(&recording, tick(ms))
	}
	fmt.Fprintln(&recording, `{"event_type":"new_market","market":"0x9","timestamp":"1790908720778000"}`)
	for _, ms := range []int64{start + 1000*hour, start + 3*hour + 20} {
		fmt.Fprintf(&recording, `{"recv_ns":%d,"raw":[]}`+"\n", ms*1_000_000)
	}
	want := []int64{
		start, start + 5, start + 5, start + 7, start + 7, start + 3*hour + 9, start + 3*hour + 9,
		start + 3*hour + 9, start + 3*hour + 9, start + 3*hour + 20,
	}
	got, _ := read(t, strings.NewReader(recording.String()))
	for i, line := range got {
		if at := fmt.Sprintf(" at %d: ", want[i]); !strings.Contains(line, at) {
			t.Errorf("%s: want%s", line, at)
		}
	}
}

func TestNoRecording(t *testing.T) {
	if _, err := capture.Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if got, end := read(t, strings.NewReader("")); len(got) > 0 || end != io.EOF { //nolint:errorlint // exactly
		t.Errorf("an empty file: %v, %v", got, end)
	}
	damaged := zstandard(t, strings.Repeat(tick(1), 1000))
	damaged[len(damaged)/2] ^= 0xff
	if _, end := read(t, bytes.NewReader(damaged)); end == nil || end == io.EOF { //nolint:errorlint // exactly
		t.Errorf("a damaged file: %v", end)
	}
	failing := errors.New("disk on fire")
	if _, err := capture.NewReader(iotest.ErrReader(failing)); !errors.Is(err, failing) {
		t.Errorf("a stream that fails: %v", err)
	}
}

// TestLongLine crosses the bound on a line.
func TestLongLine(t *testing.T) {
	line := bytes.Repeat([]byte(" "), capture.MaxLine+1)
	copy(line, "[]")
	line[capture.MaxLine-1] = '\n'
	if got, end := read(t, bytes.NewReader(line)); len(got) != 1 || end != io.EOF { //nolint:errorlint // exactly
		t.Errorf("the longest line: %d records, %v", len(got), end)
	}
	line[capture.MaxLine-1] = ' '
	line[capture.MaxLine] = '\n'
	if _, end := read(t, bytes.NewReader(line)); !errors.Is(end, capture.ErrLineTooLong) {
		t.Errorf("a longer line: %v", end)
	}
}

func ExampleReader() {
	r, err := capture.NewReader(strings.NewReader(tick(1_700_000_000_000) + "\nPONG\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	for {
		record, err := r.Next()
		if err != nil {
			fmt.Println(err)
			return
		}
		if record.Kind == feed.FrameReceived {
			fmt.Println(record.Line, record.Time.Format("15:04:05"), len(record.Frame))
		}
	}
	// Output:
	// 1 22:13:20 103
	// 2 22:13:20 4
	// EOF
}
