package capture_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"example.com/truebook/feed"
	"example.com/truebook/feed/capture"
)

// received is the time of the tests' records.
var received = time.Unix(1_763_800_000, 123_456_789)

// TestLines: the format, letter for letter.
func TestLines(t *testing.T) {
	var out strings.Builder
	w := capture.NewWriter(&out)
	for _, frame := range []string{
		`{"market": "0x1", "price_changes":[]}`, "[]\n", "PONG", "", "\"\\\n\x01\u2028é", "[1,\n2]", " []", "\xff", `"` + "\xff" + `"`, "null",
		`1,"ctl":"gap"`,
	} {
		if err := w.Frame(received, 1, []byte(frame)); err != nil {
			t.Errorf("%q: %v", frame, err)
		}
	}
	goodbye := fmt.Errorf("live: %w", &feed.CloseError{Code: 1013, Reason: "slow \xff\"consumer\""})
	for _, err := range []error{
		w.Opened(received, 2),
		w.Subscribed(received, 2, []string{"7", "a\"\xff"}),
		w.Unsubscribed(received, 2, nil),
		w.Lost(received, 2, 1<<63),
		w.Closed(received, 2, goodbye),
		w.Closed(received, 2, net.ErrClosed),
		w.Closed(received, 2, errors.New(strings.Repeat("é", 200)[1:])),
		w.Closed(received, 2, nil),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	const frame, control = `{"recv_ns":1763800000123456789,"conn":1,`, `{"recv_ns":1763800000123456789,"conn":2,"ctl":`
	want := []string{
		frame + `"raw":{"market": "0x1", "price_changes":[]}}`,
		frame + `"raw":[]}`,
		frame + `"txt":"PONG"}`,
		frame + `"txt":""}`,
		frame + `"txt":"\"\\\u000a\u0001` + "\u2028é" + `"}`,
		frame + `"txt":"[1,\u000a2]"}`,
		frame + `"txt":" []"}`,
		frame + `"b64":"/w=="}`,
		frame + `"b64":"Iv8i"}`,
		frame + `"raw":null}`,
		frame + `"txt":"1,\"ctl\":\"gap\""}`,
		control + `"open"}`,
		control + `"subscribe","tokens":["7","a\"` + "\ufffd" + `"]}`,
		control + `"unsubscribe","tokens":[]}`,
		control + `"gap","frames":9223372036854775808}`,
		control + `"close","code":1013,"reason":"slow ` + "\ufffd" + `\"consumer\""}`,
		control + `"close","reason":"use of closed network connection"}`,
		control + `"close","reason":"` + "\ufffd" + strings.Repeat("é", 127) + "\ufffd" + `"}`,
		control + `"close"}`,
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	for i := range max(len(lines), len(want)) {
		if i >= len(lines) || i >= len(want) || lines[i] != want[i] {
			t.Fatalf("line %d of %d (want %d):\n%q\nwant\n%q", i, len(lines), len(want), lines[min(i, len(lines)-1)], want[min(i, len(want)-1)])
		}
	}
}

// reread returns the records of a recording. It must end as a whole one does.
func reread(t *testing.T, recording []byte) []feed.Record {
	t.Helper()
	r, err := capture.NewReader(bytes.NewReader(recording))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var records []feed.Record
	for {
		record, err := r.Next()
		if errors.Is(err, io.EOF) {
			return records
		}
		if err != nil {
			t.Fatal(err)
		}
		record.Frame = bytes.Clone(record.Frame)
		records = append(records, record)
	}
}

// asRecorded is what is to be read of a frame.
func asRecorded(frame []byte) []byte {
	if value, ok := bytes.CutSuffix(frame, []byte("\n")); ok && json.Valid(value) && utf8.Valid(value) &&
		len(bytes.TrimSpace(value)) == len(value) && !bytes.Contains(value, []byte("\n")) {
		return value
	}
	return frame
}

// checkFrame writes a frame between two others, and reads all three.
func checkFrame(t *testing.T, frame []byte) {
	t.Helper()
	var out bytes.Buffer
	w := capture.NewWriter(&out)
	for i, f := range [][]byte{[]byte("PONG"), frame, []byte("[7]")} {
		if err := w.Frame(received, i, f); err != nil {
			t.Fatal(err)
		}
	}
	records := reread(t, out.Bytes())
	if len(records) != 3 || !bytes.Equal(records[0].Frame, []byte("PONG")) || !bytes.Equal(records[2].Frame, []byte("[7]")) {
		t.Fatalf("a frame of %d bytes was read as %d records", len(frame), len(records))
	}
	got, want := records[1], asRecorded(frame)
	if got.Kind != feed.FrameReceived || got.Conn != 1 || !got.Time.Equal(received) || !bytes.Equal(got.Frame, want) {
		t.Errorf("wrote %.300q…, read %d of conn %d: %.300q…", frame, got.Kind, got.Conn, got.Frame)
	}
	if bytes.Count(out.Bytes(), []byte("\n")) != 3 {
		t.Errorf("%d lines", bytes.Count(out.Bytes(), []byte("\n")))
	}
	for line := range bytes.Lines(out.Bytes()) {
		if !json.Valid(line) || len(line) > capture.MaxLine {
			t.Errorf("a line of %d bytes that is no JSON: %.300q…", len(line), line)
		}
	}
}

// oddFrames are those that are hard to put on a line.
func oddFrames() [][]byte {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	frames := [][]byte{nil}
	for _, text := range []string{
		"\n", "\r", "\n\n", "[]\n", "[]\n\n", "[]\r\n", "\n[]", "[\n]", " {}", "{} ", "\t1\n", "1\n", "\"\n\"", "-", "12e5", "true", `"\ud800"`, `""`,
		"\xef\xbb\xbf[]", "\xef\xbb\xbf", "\x00", "\x7f", "\u2028\u2029\ufeff", "\xed\xa0\x80", "\xc0\x80", "é", "\xc3", "[\"\xc3\"]", "\"\xb3\"\n",
		"PONG", "NO NEW ASSETS", "{", "}", "}\n{", `{}{}`, `1}`, `1,"txt":"2"`, `{"raw":1}`, `{"ctl":"gap"}`, `{"recv_ns":1,"conn":-1,"txt":"a"}`,
		`{"recv_ns":"x"}`, `{"b64":"!"}`, `"raw"`, `"}`, `\`, `\u0000`, `{"recv_ns":5,"conn":1,"raw":{"a":1}}` + "\n" + `{"recv_ns":5,"conn":1,"ctl":"gap"}`,
		deep(8999), deep(9000), deep(9998), deep(9999), deep(10000), deep(10001), "[" + strings.Repeat(" ", 9000) + "]",
		strings.Repeat("\x01", 100_000), strings.Repeat("\xff", 100_000), `"` + strings.Repeat("é", 100_000) + `"`,
	} {
		frames = append(frames, []byte(text))
	}
	return frames
}

func TestOddFrames(t *testing.T) {
	for _, frame := range oddFrames() {
		checkFrame(t, frame)
	}
	for c := range 256 {
		checkFrame(t, []byte{byte(c)})
		checkFrame(t, []byte{'[', '"', byte(c), '"', ']'})
	}
}

// TestLongFrames crosses the bound on a frame, in each form of a line.
func TestLongFrames(t *testing.T) {
	if testing.Short() {
		t.Skip("writes some 100 MB")
	}
	for _, c := range []byte{' ', 'a', 0, 0xff} {
		frame := bytes.Repeat([]byte{c}, feed.MaxFrame+1)
		if c == ' ' {
			frame[0], frame[feed.MaxFrame-1] = '[', ']'
		}
		checkFrame(t, frame[:feed.MaxFrame])
		var out bytes.Buffer
		w := capture.NewWriter(&out)
		if err := w.Frame(received, 1, frame); !errors.Is(err, capture.ErrLineTooLong) || out.Len() > 0 {
			t.Errorf("a longer frame: %v", err)
		}
		if err := w.Frame(received, 1, frame[:1]); err != nil || out.Len() == 0 {
			t.Errorf("the frame after it: %v", err)
		}
		small := w.Kept()
		if err := w.Frame(received, 1, frame[:feed.MaxFrame]); err != nil || w.Kept() != small {
			t.Errorf("the longest frame: %v, and %d bytes are kept", err, w.Kept())
		}
	}
}

func FuzzFrame(f *testing.F) {
	for _, frame := range oddFrames() {
		f.Add(frame)
	}
	f.Fuzz(checkFrame)
}

// FuzzControl: whatever a server, a token or a network says, a line stays what it is.
func FuzzControl(f *testing.F) {
	f.Add(int64(0), uint16(1), 1000, "all subscribed assets resolved")
	f.Add(int64(-1), uint16(0), -7, "\"}\n{\"ctl\":\"gap\",\xff")
	f.Fuzz(func(t *testing.T, ns int64, conn uint16, code int, text string) {
		var out bytes.Buffer
		w := capture.NewWriter(&out)
		at := time.Unix(0, ns)
		for _, err := range []error{
			w.Opened(at, int(conn)),
			w.Subscribed(at, int(conn), []string{text, "7", text}),
			w.Unsubscribed(at, int(conn), []string{text}),
			w.Lost(at, int(conn), uint64(code)),
			w.Closed(at, int(conn), &feed.CloseError{Code: code, Reason: text}),
			w.Closed(at, int(conn), errors.New(text)),
			w.Frame(at, int(conn), []byte("PONG")),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		for line := range bytes.Lines(out.Bytes()) {
			if !json.Valid(line) {
				t.Errorf("no JSON: %q", line)
			}
		}
		want := []feed.RecordKind{feed.Opened, feed.Lost, feed.Closed, feed.Closed, feed.FrameReceived}
		records := reread(t, out.Bytes())
		if len(records) != len(want) {
			t.Fatalf("%d records of\n%s", len(records), out.Bytes())
		}
		for i, record := range records {
			if record.Kind != want[i] || record.Conn != int(conn) || record.Frame != nil && want[i] != feed.FrameReceived {
				t.Errorf("record %d: %+v", i, record)
			}
		}
	})
}

// TestWriterStops: nothing follows half a line, and what is refused does no harm.
func TestWriterStops(t *testing.T) {
	sink := &limited{left: 100}
	w := capture.NewWriter(sink)
	if err := w.Frame(received, -1, []byte("PONG")); err == nil {
		t.Error("a connection without a number was written")
	}
	if err := w.Subscribed(received, 1, []string{strings.Repeat("7", capture.MaxLine)}); !errors.Is(err, capture.ErrLineTooLong) {
		t.Errorf("a line that is too long: %v", err)
	}
	if sink.Len() > 0 {
		t.Errorf("it wrote %q", sink.String())
	}
	if err := w.Frame(received, 1, []byte("PONG")); err != nil {
		t.Errorf("the first line: %v", err)
	}
	for range 3 {
		if err := w.Frame(received, 1, []byte("PONG")); !errors.Is(err, errFull) {
			t.Errorf("on a full disk: %v", err)
		}
		sink.left = 1000 // too late: half a line is written
	}
	if lines, torn, _ := bytes.Cut(sink.Bytes(), []byte("\n")); len(lines)+1+len(torn) != 100 || bytes.Contains(torn, []byte("\n")) {
		t.Errorf("written: %q", sink.String())
	}
}

// errFull is the error of a disk that is full.
var errFull = errors.New("no space left on device")

// limited is a disk with so many bytes left.
type limited struct {
	bytes.Buffer
	left   int
	closed bool
}

func (d *limited) Write(data []byte) (int, error) {
	n := min(d.left, len(data))
	d.left -= n
	d.Buffer.Write(data[:n])
	if n < len(data) {
		return n, errFull
	}
	return n, nil
}

func (d *limited) Close() error {
	d.closed = true
	return nil
}

func TestWriterAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	w := capture.NewWriter(io.Discard)
	tokens := []string{"7", "8"}
	for name, write := range map[string]func() error{
		"raw":       func() error { return w.Frame(received, 1, bookFrame) },
		"txt":       func() error { return w.Frame(received, 1, []byte("PONG")) },
		"b64":       func() error { return w.Frame(received, 1, []byte("\xff\xfe")) },
		"open":      func() error { return w.Opened(received, 1) },
		"subscribe": func() error { return w.Subscribed(received, 1, tokens) },
		"gap":       func() error { return w.Lost(received, 1, 5) },
		"close":     func() error { return w.Closed(received, 1, io.EOF) },
	} {
		if n := testing.AllocsPerRun(200, func() {
			if err := write(); err != nil {
				t.Error(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

var bookFrame = []byte(`[{"market":"0x1","asset_id":"7","timestamp":"1700000000000","hash":"","bids":[{"price":"0.4","size":"5"}],` +
	`"asks":[],"tick_size":"0.01","event_type":"book","last_trade_price":""}]`)
