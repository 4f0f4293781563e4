package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gdamore/tcell/v3/vt"

	"example.com/truebook/cmd/bookview/screen"
	"example.com/truebook/engine"
	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
)

// TestScreenOfExchange: live books, at every size, by mouse and keys.
func TestScreenOfExchange(t *testing.T) {
	t.Parallel()
	_, flags, markets := exchange(t, feedtest.VenueOptions{Seed: 2, Rate: 50, Markets: 2})
	e := newEmulator(100, 40)
	wait := start(t, e, append(flags, markets[0].Condition)...)
	e.await(t, `● LIVE for .*PROVED by hash 0s ago`)
	for _, want := range []string{"spread", "mid ", "micro ", "ws 1/1", "lag p50", "resyncs 0", "mirror ok", "imbalance", "mid 5m"} {
		e.await(t, want)
	}
	for _, size := range []vt.Coord{{X: 80, Y: 24}, {X: 40, Y: 10}, {X: 30, Y: 1}, {X: 200, Y: 60}, {X: 100, Y: 40}} {
		e.SetSize(size)
		if size.Y > 1 {
			e.await(t, `(?m)^q quit`)
		} else {
			e.await(t, `^LIVE Yes [0-9.]+¢/[0-9.]+¢`)
		}
	}
	e.MouseEvent(vt.MouseEvent{Position: vt.Coord{X: 20, Y: 12}, Button: vt.Button1, Down: true})
	e.MouseEvent(vt.MouseEvent{Position: vt.Coord{X: 20, Y: 12}, Button: vt.Button1})
	e.await(t, `(?m)^sweep to .*¢: buy .* for \$.*average`)
	e.SendRaw([]byte("s"))
	e.await(t, `(?m)^q quit`)
	e.SendRaw([]byte("tt"))
	e.await(t, `● LIVE.*│.*● LIVE`)
	e.SendRaw([]byte("?"))
	e.await(t, `any key goes back`)
	e.SendRaw([]byte("?qq"))
	if code, stderr := wait(); code != 0 || stderr != "" {
		t.Errorf("exit %d, stderr %s", code, stderr)
	}
	e.checkRestored(t)
}

// TestScreenGoesStale: a cut connection shows at once, and is over soon.
func TestScreenGoesStale(t *testing.T) {
	t.Parallel()
	server, flags, markets := exchange(t, feedtest.VenueOptions{Seed: 2, Rate: 50})
	e := newEmulator(80, 24)
	wait := start(t, e, append(flags, markets[0].Yes)...)
	e.await(t, `● LIVE(?s:.*)mirror ok`) // the other outcome comes with the one that is named
	server.Do(func(v *feedtest.Venue) { v.Inject(feedtest.Fault{Kind: feedtest.Reset, Market: -1}) })
	e.await(t, `◌ STALE for .*disconnected, NOT live(?s:.*)bid \[[0-9.]+¢\](?s:.*)connection lost`)
	e.await(t, `● LIVE(?s:.*)resyncs 2(?s:.*)bid [0-9]`)
	e.SendRaw([]byte("\x03")) // Ctrl-C
	if code, stderr := wait(); code != 0 || stderr != "" {
		t.Errorf("exit %d, stderr %s", code, stderr)
	}
	e.checkRestored(t)
}

// TestScreenWithoutBooks: that none came in time is said after the screen has gone.
func TestScreenWithoutBooks(t *testing.T) {
	t.Parallel()
	server, flags, markets := exchange(t, feedtest.VenueOptions{Seed: 2})
	server.Do(func(v *feedtest.Venue) {
		v.Inject(feedtest.Fault{Kind: feedtest.FreezeAll, Market: -1})
		v.Inject(feedtest.Fault{Kind: feedtest.RESTUnavailable, Market: -1})
	})
	e := newEmulator(80, 24)
	wait := start(t, e, append(flags, "--timeout", "5s", markets[0].Yes)...)
	e.await(t, `SYNCING`)
	if code, stderr := wait(); code != 4 || !strings.Contains(stderr, "not live") && !strings.Contains(stderr, "deadline") {
		t.Errorf("exit %d, stderr %s", code, stderr)
	}
	e.checkRestored(t)
}

func TestNoColor(t *testing.T) {
	colours := regexp.MustCompile(`\x1b\[(3[0-7]|4[0-7]|[34]8[;:]|9[0-7])`)
	for _, value := range []string{"1", "yes", ""} {
		t.Setenv("NO_COLOR", value)
		e := newEmulator(80, 24)
		wait := start(t, e, "--replay", simulated, "--speed", "max")
		e.await(t, `at its end`)
		e.SendRaw([]byte("q"))
		wait()
		if got := colours.MatchString(e.bytes()); got != (value == "") {
			t.Errorf("NO_COLOR=%s: colours: %v", value, got)
		}
	}
	t.Setenv("TERM", "dumb")
	if terminalOf(os.Stdout) != nil {
		t.Error("TERM=dumb is no terminal to draw on")
	}
}

func TestTheme(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, background string
		colors           int
		want             string
	}{
		{"auto", "", 256, "cb"},
		{"auto", "15;0", 256, "cb"},
		{"auto", "0;15", 256, "light"},
		{"auto", "0;default;15", 1 << 24, "light"},
		{"light", "15;0", 256, "light"},
		{"classic", "0;15", 256, "classic"},
	} {
		if got := themeFor(c.name, c.colors, c.background); got[screen.Bid] != themes[c.want][screen.Bid] {
			t.Errorf("%+v", c)
		}
	}
	if len(themeFor("classic", 0, "")) != 0 || len(themeFor("mono", 8, "")) != 0 {
		t.Error("colours without colours")
	}
	if themeFor("auto", 16, "")[screen.Bid] != fewColors[screen.Bid] || themeFor("light", 8, "")[screen.Bid] != fewColors[screen.Bid] {
		t.Error("too many colours")
	}
}

// fakeScene shows what a test says.
type fakeScene struct {
	sub    *engine.Subscription
	look   func() screen.Input
	broken bool
}

func (f *fakeScene) subscription() *engine.Subscription {
	if f.broken {
		panic("subscription")
	}
	return f.sub
}

func (f *fakeScene) observe() screen.Input { return f.look() }
func (f *fakeScene) news() <-chan struct{} { return nil }
func (f *fakeScene) act(screen.Action)     {}

// TestScreenIsRestored: whatever happens, the terminal is as it was, and no goroutine is
// left (TestMain looks).
func TestScreenIsRestored(t *testing.T) {
	t.Parallel()
	quiet := func() screen.Input { return screen.Input{} }
	show := func(t *testing.T, e *emulator, ctx context.Context, s scene) error {
		t.Helper()
		d, err := newDisplay(e.open, &options{theme: "auto", fps: 20}, s)
		if err != nil {
			t.Fatal(err)
		}
		return d.run(ctx)
	}
	t.Run("cancelled", func(t *testing.T) {
		t.Parallel()
		e := newEmulator(80, 24)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(300*time.Millisecond, cancel)
		if err := show(t, e, ctx, &fakeScene{look: quiet}); err != nil {
			t.Error(err)
		}
		e.checkRestored(t)
	})
	t.Run("hung up", func(t *testing.T) {
		t.Parallel()
		e := newEmulator(80, 24)
		time.AfterFunc(300*time.Millisecond, e.hangUp)
		if err := show(t, e, t.Context(), &fakeScene{look: quiet}); !errors.Is(err, errHungUp) {
			t.Error(err)
		}
	})
	t.Run("panic", func(t *testing.T) {
		t.Parallel()
		e := newEmulator(80, 24)
		defer func() {
			if r := recover(); r != "observe" {
				t.Error(r)
			}
			e.checkRestored(t)
		}()
		n := 0
		_ = show(t, e, t.Context(), &fakeScene{look: func() screen.Input {
			if n++; n > 1 {
				panic("observe")
			}
			return screen.Input{}
		}})
	})
	t.Run("panic of a goroutine", func(t *testing.T) {
		t.Parallel()
		e := newEmulator(80, 24)
		err := show(t, e, t.Context(), &fakeScene{look: quiet, broken: true})
		if err == nil || !strings.HasPrefix(err.Error(), "panic: subscription") || !strings.Contains(err.Error(), "goroutine") {
			t.Error(err)
		}
		e.checkRestored(t)
	})
}

// TestFrameRate: 10,000 updates in a second make 20 frames at most; nothing that changes
// makes none.
func TestFrameRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		exchange := feedtest.New(feedtest.Options{Seed: 1})
		replay := engine.NewReplay(nil)
		if testing.Short() {
			replay.LimitProofs(-1) // they take longer than all else here
		}
		step := func(f feedtest.Frame) {
			record := feed.Record{Kind: feed.FrameReceived, Conn: 1, Time: time.Now(), Frame: f.Data}
			if err := replay.Step(record); err != nil {
				t.Error(err)
			}
		}
		step(exchange.Opening())
		m := exchange.Markets()[0]
		sub := replay.Watch(m.Yes, m.No)
		begin := time.Now()
		updates := func() int { return int(sub.Asset(m.Yes).View().Version) }
		s := &fakeScene{sub: sub, look: func() screen.Input {
			// Its clock stands still when nothing comes any more, so that no age changes.
			now := sub.Asset(m.Yes).View().Received
			return screen.Input{Now: now, Clock: now, Markets: marketsOf(sub, nil)}
		}}
		e := newEmulator(100, 40)
		d, err := newDisplay(e.open, &options{theme: "auto", fps: 20}, s)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- d.run(ctx) }()
		busyFor := 3 * time.Second
		if testing.Short() {
			busyFor = 300 * time.Millisecond
		}
		for time.Since(begin) < busyFor {
			for range 10 {
				step(exchange.Next())
			}
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		busy := d.shows
		if most := int(20*busyFor/time.Second) + 2; busy > most || busy < most/2 || updates() < int(5*busyFor/time.Millisecond) {
			t.Errorf("%d frames for %d updates in %v, want %d at most", busy, updates(), busyFor, most)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		settled := d.shows
		time.Sleep(time.Minute)
		synctest.Wait()
		if d.shows != settled {
			t.Errorf("%d frames of nothing that changed", d.shows-settled)
		}
		replay.End()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// tmux is a terminal for real programs.
type tmux struct{ path, socket string }

// newTmux builds bookview and starts a script with it on a terminal of 90x30. In the script
// BOOKVIEW stands for the program, DIR for a folder of the test's.
func newTmux(t *testing.T, script string) (m *tmux, dir string) {
	t.Helper()
	path, err := exec.LookPath("tmux")
	if err != nil || testing.Short() {
		t.Skip("no tmux, or -short")
	}
	dir = t.TempDir()
	m = &tmux{path, filepath.Join(dir, "socket")}
	command(t, "go", "build", "-o", filepath.Join(dir, "bookview"), ".")
	script = strings.NewReplacer("BOOKVIEW", "LC_ALL=C.UTF-8 "+dir+"/bookview", "DIR", dir).Replace(script)
	m.do(t, "-u", "-f", "/dev/null", "new-session", "-d", "-x", "90", "-y", "30", script)
	t.Cleanup(func() { _ = exec.Command(path, "-S", m.socket, "kill-server").Run() })
	return m, dir
}

func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func (m *tmux) do(t *testing.T, args ...string) string {
	t.Helper()
	return command(t, m.path, append([]string{"-S", m.socket}, args...)...)
}

// await waits until something is shown.
func (m *tmux) await(t *testing.T, want string) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		text := m.do(t, "capture-pane", "-p")
		if regexp.MustCompile(want).MatchString(text) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s is not shown:\n%s", want, text)
		}
	}
}

// TestTmux runs the binary in a real terminal.
func TestTmux(t *testing.T) {
	t.Parallel()
	recording, err := filepath.Abs(simulated)
	if err != nil {
		t.Fatal(err)
	}
	m, dir := newTmux(t, "BOOKVIEW --replay "+recording+" --speed max 2>DIR/stderr; code=$?; stty -a > DIR/after; echo exit $code; sleep 60")
	m.await(t, `● LIVE when recorded(?s:.*)at its end`)
	m.do(t, "send-keys", "t", "t")
	m.await(t, `│`)
	m.do(t, "send-keys", "q")
	m.await(t, `(?m)^exit 0`)
	checkCooked(t, dir)
}

// checkCooked says that the terminal is as a shell needs it.
func checkCooked(t *testing.T, dir string) {
	t.Helper()
	after := source(t, filepath.Join(dir, "after"))
	if !strings.Contains(after, " icanon") || !strings.Contains(after, " echo ") {
		t.Errorf("the terminal is not as it was: %s", after)
	}
}

// TestQuitSignal: SIGQUIT dumps the stacks, onto a terminal that is as it was.
func TestQuitSignal(t *testing.T) {
	t.Parallel()
	m, dir := newTmux(t, "echo BEFORE; sh -c 'echo $$ > DIR/pid; exec env BOOKVIEW 2>DIR/stderr'; code=$?; stty -a > DIR/after; echo exit $code; sleep 60")
	m.await(t, `● LIVE`)
	command(t, "kill", "-QUIT", strings.TrimSpace(source(t, filepath.Join(dir, "pid"))))
	m.await(t, `BEFORE(?s:.*)(?m)^exit 2`)
	checkCooked(t, dir)
	if text := source(t, filepath.Join(dir, "stderr")); !strings.Contains(text, "SIGQUIT: quit") || !strings.Contains(text, "main.(*display).loop") {
		t.Errorf("no stacks: %s", text)
	}
}

// TestHelp fits a terminal, and names all flags, as completions do.
func TestHelp(t *testing.T) {
	t.Parallel()
	code, stdout, _ := call(t, "", "--help")
	if n := strings.Count(stdout, "\n"); code != 0 || n > 24 || strings.Count(stdout, "\n  bookview") != 3 {
		t.Errorf("exit %d, %d lines\n%s", code, n, stdout)
	}
	for line := range strings.Lines(stdout) {
		if len(line) > 84 {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
	for _, f := range regexp.MustCompile(`flags\.\w+\((?:&o\.\w+, )?"([a-z-]+)"`).FindAllStringSubmatch(source(t, "main.go"), -1) {
		if !strings.Contains(stdout, "--"+f[1]) {
			t.Errorf("--help does not name --%s", f[1])
		}
		for shell, script := range completions {
			if !strings.Contains(script, "--"+f[1]) && !strings.Contains(script, "-l "+f[1]+" ") {
				t.Errorf("%s does not complete --%s", shell, f[1])
			}
		}
	}
	if code, stdout, _ := call(t, "", "--version"); code != 0 || !strings.HasPrefix(stdout, "bookview ") {
		t.Errorf("exit %d: %s", code, stdout)
	}
	for shell, check := range map[string]string{"bash": "bash", "zsh": "zsh", "fish": "fish"} {
		code, script, _ := call(t, "", "--completion", shell)
		if code != 0 || script == "" {
			t.Errorf("%s: exit %d", shell, code)
		}
		if path, err := exec.LookPath(check); err == nil {
			command := exec.CommandContext(t.Context(), path, "-n")
			command.Stdin = strings.NewReader(script)
			if out, err := command.CombinedOutput(); err != nil {
				t.Errorf("%s: %v %s", shell, err, out)
			}
		}
	}
}

func source(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
