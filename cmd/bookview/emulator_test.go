package main

import (
	"bytes"
	"context"
	"io"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gdamore/tcell/v3"
	"github.com/gdamore/tcell/v3/vt"
)

// emulator is a terminal of which everything can be seen.
type emulator struct {
	vt.MockTerm

	mu     sync.Mutex
	sent   bytes.Buffer
	hungUp chan struct{}
}

func newEmulator(width, height int) *emulator {
	return &emulator{
		MockTerm: vt.NewMockTerm(vt.MockOptSize{X: vt.Col(width), Y: vt.Row(height)}),
		hungUp:   make(chan struct{}),
	}
}

func (e *emulator) open() (tcell.Screen, error) { return tcell.NewTerminfoScreenFromTty(e) }

func (e *emulator) Write(p []byte) (int, error) {
	e.mu.Lock()
	e.sent.Write(p)
	e.mu.Unlock()
	return e.MockTerm.Write(p)
}

func (e *emulator) Read(p []byte) (int, error) {
	select {
	case <-e.hungUp:
		return 0, io.EOF
	default:
	}
	n, err := e.MockTerm.Read(p)
	select {
	case <-e.hungUp:
		return 0, io.EOF
	default:
		return n, err
	}
}

// hangUp closes the terminal, as far as who reads from it can tell.
func (e *emulator) hangUp() {
	close(e.hungUp)
	e.SendRaw([]byte("x"))
}

// text returns what is shown.
func (e *emulator) text() string {
	var out strings.Builder
	size := e.Backend().GetSize()
	for y := range size.Y {
		var row strings.Builder
		for x := range size.X {
			cell := e.GetCell(vt.Coord{X: x, Y: y})
			if cell.C == "" && (x == 0 || e.GetCell(vt.Coord{X: x - 1, Y: y}).W < 2) {
				cell.C = " "
			}
			row.WriteString(cell.C)
		}
		out.WriteString(strings.TrimRight(row.String(), " ") + "\n")
	}
	return out.String()
}

// bytes returns what was sent.
func (e *emulator) bytes() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.sent.String()
}

// await waits until something is shown.
func (e *emulator) await(t *testing.T, pattern string) string {
	t.Helper()
	want := regexp.MustCompile(pattern)
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		text := e.text()
		if want.MatchString(text) {
			return text
		}
		if time.Now().After(end) {
			t.Fatalf("%q is not shown:\n%s", pattern, text)
		}
	}
}

// checkRestored says that the terminal is as it was: the last screen, the cursor, the
// mouse and the margins.
func (e *emulator) checkRestored(t *testing.T) {
	t.Helper()
	sent := e.bytes()
	for _, mode := range []struct{ on, off string }{
		{"\x1b[?1049h", "\x1b[?1049l"}, {"\x1b[?25l", "\x1b[?25h"}, {"\x1b[?7l", "\x1b[?7h"}, {"\x1b[?1000h", "\x1b[?1000l"},
	} {
		if strings.LastIndex(sent, mode.on) >= strings.LastIndex(sent, mode.off) {
			t.Errorf("%q was sent and not undone", mode.on)
		}
	}
}

// start runs bookview on an emulator, until it is told to quit.
func start(t *testing.T, e *emulator, args ...string) (wait func() (code int, stderr string)) {
	t.Helper()
	done := make(chan int, 1)
	var stdout, stderr output
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go func() { done <- runOn(ctx, e.open, args, strings.NewReader(""), &stdout, &stderr) }()
	return func() (int, string) {
		t.Helper()
		select {
		case code := <-done:
			if text := stdout.String(); text != "" {
				t.Errorf("standard output beside the screen: %q", text)
			}
			return code, stderr.withoutNews()
		case <-time.After(30 * time.Second):
			t.Fatalf("it does not end:\n%s", e.text())
			return 0, ""
		}
	}
}
