package main

import (
	"path/filepath"
	"strings"
	"testing"

	"example.com/truebook/feed/feedtest"
)

// TestRecordKey: what is recorded from the screen begins with books, and is whole.
func TestRecordKey(t *testing.T) {
	_, flags, markets := exchange(t, feedtest.VenueOptions{Seed: 2, Rate: 100})
	t.Chdir(t.TempDir())
	e := newEmulator(100, 30)
	wait := start(t, e, append(flags, markets[0].Condition)...)
	e.await(t, `● LIVE`)
	e.SendRaw([]byte("r"))
	e.await(t, `● REC bookview-.*ndjson.zst  [1-9]`)
	e.SendRaw([]byte("r"))
	e.await(t, `recorded bookview-`)
	e.SendRaw([]byte("r"))
	e.await(t, `recorded bookview-|REC bookview-`)
	e.SendRaw([]byte("q"))
	if code, stderr := wait(); code != 0 {
		t.Errorf("exit %d, stderr %s", code, stderr)
	}
	files, err := filepath.Glob("bookview-*.ndjson.zst")
	if err != nil || len(files) == 0 {
		t.Fatal("nothing was recorded")
	}
	code, stdout, stderr := call(t, "", "--replay", files[0], "--once", "--json")
	if code != 0 || stderr != "" || strings.Count(stdout, `"by":"hash"`) != 2 {
		t.Errorf("exit %d, %s%s", code, stdout, stderr)
	}
}

// TestDemoScreen: the demo says that it is simulated, and is made to fail.
func TestDemoScreen(t *testing.T) {
	t.Parallel()
	e := newEmulator(100, 30)
	wait := start(t, e)
	e.await(t, `[0-9]+ own order`)
	text := e.await(t, `● LIVE(?s:.*)it is made to fail in [0-9]+ s`)
	if !strings.Contains(text, "SIMULATED") {
		t.Error(text)
	}
	if !testing.Short() { // it takes its time
		e.await(t, `made to fail: the connection is cut`)
		e.await(t, `● LIVE.*epoch 2`)
	}
	e.SendRaw([]byte("q"))
	if code, stderr := wait(); code != 0 || stderr != "" {
		t.Errorf("exit %d, stderr %s", code, stderr)
	}
	e.checkRestored(t)
}

// TestDemoFaults: each of them can be injected, and is noticed by nobody but the screen.
func TestDemoFaults(t *testing.T) {
	t.Parallel()
	server := feedtest.NewServer(feedtest.ServerOptions{})
	defer server.Close()
	d := newDemoFaults(server, new(panics))
	defer d.stop()
	if text := d.say(); !strings.Contains(text, "in 12 s") {
		t.Error(text)
	}
	for _, kind := range demoFaultKinds {
		d.fail()
		if text := d.say(); text != "made to fail: "+kind.text {
			t.Error(text)
		}
	}
}
