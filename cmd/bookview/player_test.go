package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/cmd/bookview/screen"
	"example.com/truebook/engine"
	"example.com/truebook/feed/capture"
)

// TestScreenOfReplay: a recording is paused, stepped, sought in and begun anew.
func TestScreenOfReplay(t *testing.T) {
	t.Parallel()
	e := newEmulator(100, 30)
	wait := start(t, e, "--replay", simulated, "--speed", "0.01x")
	e.await(t, `● LIVE when recorded(?s:.*)0%  0.01x`)
	e.SendRaw([]byte(" :30%\r"))
	text := e.await(t, `  (29|30)%  ‖ paused \(0.01x\)`)
	e.SendRaw([]byte("."))
	for e.text() == text {
		time.Sleep(10 * time.Millisecond)
	}
	e.SendRaw([]byte(":10%\r"))
	e.await(t, `  (9|10)%  ‖ paused`)
	e.SendRaw([]byte("]]"))
	e.await(t, `paused \(0.2x\)`)
	e.SendRaw([]byte("[ "))
	e.await(t, `%  0.1x`)
	e.SendRaw([]byte("]]]]]]]]]]"))
	e.await(t, `100%  at its end`)
	e.SendRaw([]byte("[[[[[[[[[[ ")) // from the beginning, slower
	e.await(t, `  [0-9]%  0.1x`)
	e.SendRaw([]byte("q"))
	if code, stderr := wait(); code != 0 || stderr != "bookview: looking the recording through\n" {
		t.Errorf("exit %d, stderr %s", code, stderr)
	}
	e.checkRestored(t)
	for args, want := range map[string]int{"--replay /nowhere": 6, "--replay " + simulated + " 12345": 3, "--replay /dev/null": 6} {
		e := newEmulator(80, 24)
		if code, stderr := start(t, e, strings.Fields(args)...)(); code != want || e.bytes() != "" {
			t.Errorf("%s: exit %d, stderr %s", args, code, stderr)
		}
	}
}

// TestSeekIsTheSameBook: a book that was sought is the one that was played to, wherever
// one comes from.
func TestSeekIsTheSameBook(t *testing.T) {
	t.Parallel()
	p := &player{
		open:     func() (*capture.Reader, error) { return capture.Open(simulated) },
		commands: make(chan screen.Action, maxCommands),
	}
	if err := p.begin(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	defer p.close()
	percent := p.playback.End.Sub(p.playback.Begin) / 100
	want := func(to time.Time) (views []engine.View, trades int) {
		reader, err := capture.Open(simulated)
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		replay := engine.NewReplay(nil)
		for {
			record, err := reader.Next()
			if err != nil || record.Time.After(to) {
				return replay.Views(), trades
			}
			_ = replay.Step(record)
			trades += strings.Count(string(record.Frame), `"event_type":"last_trade_price"`)
		}
	}
	told := 0
	for _, n := range []int{10, 90, 30, 31, 0, 99, 50, 5} {
		to := p.playback.Begin
		for range n {
			to = to.Add(percent)
		}
		if err := p.seek(t.Context(), to); err != nil {
			t.Fatal(err)
		}
		views, trades := want(to)
		in := p.observe()
		if in.Rewound {
			told = 0
		}
		if told += len(in.Trades); told != trades {
			t.Errorf("at %d %%: %d trades were told, want %d", n, told, trades)
		}
		for _, v := range views {
			got := p.sub.Asset(v.Asset).View()
			if got.Version != v.Version || !got.Snapshot.Equal(v.Snapshot) || got.Proof.Version != v.Proof.Version {
				t.Errorf("at %d %%: version %d, want %d", n, got.Version, v.Version)
			}
		}
		if at := in.Playback.At; !at.Equal(to) {
			t.Errorf("at %d %%: %v, want %v", n, at, to)
		}
	}
}

// TestKeysAtFullSpeed: a key that comes while a recording is read as fast as possible is
// heard before the next frame, however many are due.
func TestKeysAtFullSpeed(t *testing.T) {
	t.Parallel()
	for range 20 {
		p := &player{commands: make(chan screen.Action, maxCommands)}
		opened := 0
		p.open = func() (*capture.Reader, error) {
			opened++
			whole := source(t, simulated)
			half := strings.Index(whole[len(whole)/2:], "\n") + len(whole)/2 + 1
			read, write := io.Pipe()
			t.Cleanup(func() { read.Close() })
			playing := opened == 2 // it was looked through
			go func() {
				_, _ = io.WriteString(write, whole[:half])
				if playing {
					p.act(screen.Action{Kind: screen.Pause})
				}
				_, _ = io.WriteString(write, whole[half:])
				write.Close()
			}()
			return capture.NewReader(read)
		}
		if err := p.begin(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- p.run(ctx) }()
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
			at := p.observe().Playback
			if at.Paused {
				if !at.At.Before(at.End) {
					t.Error("paused at the end")
				}
				break
			}
			if at.AtEnd || time.Now().After(end) {
				t.Errorf("not paused: %+v", at)
				break
			}
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// TestReplayOfStdin: standard input is read to its end, and can be sought in. An interrupt
// does not wait for that end, and leaves no file, on the disk or open.
func TestReplayOfStdin(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	e := newEmulator(100, 30)
	var stdout, stderr output
	done := make(chan int, 1)
	go func() {
		stdin := strings.NewReader(source(t, simulated))
		done <- runOn(t.Context(), e.open, []string{"--replay", "-", "--speed", "max"}, stdin, &stdout, &stderr)
	}()
	e.await(t, `100%  at its end`)
	e.SendRaw([]byte(":50%\r"))
	e.await(t, `at its end|5[0-9]%`)
	e.SendRaw([]byte("q"))
	if code := <-done; code != 0 {
		t.Errorf("exit %d, stderr %s", code, stderr.String())
	}
	read, write := io.Pipe()
	defer write.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if code := runOn(ctx, newEmulator(80, 24).open, []string{"--replay", "-"}, read, &stdout, &stderr); code != 1 {
		t.Errorf("interrupted: exit %d", code)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Errorf("%v %v", files, err)
	}
	open, _ := filepath.Glob("/proc/self/fd/*") // there is none but on Linux
	for _, link := range open {
		if file, err := os.Readlink(link); err == nil && strings.HasPrefix(file, dir) {
			t.Errorf("%s is still open", file)
		}
	}
}

// TestTradesThatWait: of many trades the display is told the last ones.
func TestTradesThatWait(t *testing.T) {
	t.Parallel()
	var waiting []screen.Trade
	for i := range 2*maxTrades + 7 {
		waiting = withTrade(waiting, screen.Trade{Size: book.Size(i)})
		if first := max(i-maxTrades+1, 0); len(waiting) != i-first+1 || waiting[0].Size != book.Size(first) {
			t.Fatalf("%d trades from the %dth on, after %d", len(waiting), waiting[0].Size, i+1)
		}
	}
}
