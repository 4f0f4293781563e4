package main

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"example.com/truebook/book"
	"example.com/truebook/engine"
	"example.com/truebook/feed/capture"
	"example.com/truebook/feed/feedtest"
	"example.com/truebook/internal/cli"
)

// Most of these tests wait: all may at once.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	for name, value := range map[string]string{"LC_ALL": "C.UTF-8", "TERM": "xterm-256color", "NO_COLOR": "", "COLORFGBG": ""} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	goleak.VerifyTestMain(m)
}

// exchange serves a simulated exchange, and returns the flags that lead to it.
func exchange(t *testing.T, o feedtest.VenueOptions) (server *feedtest.Server, flags []string, markets []feedtest.Market) {
	t.Helper()
	server = feedtest.NewServer(feedtest.ServerOptions{Venue: o})
	t.Cleanup(server.Close)
	ws, rest, err := server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server.Do(func(v *feedtest.Venue) { markets = v.Markets() })
	return server, []string{"--ws-url", ws, "--rest-url", rest, "--gamma-url", rest + feedtest.GammaPath}, markets
}

func TestDemo(t *testing.T) {
	t.Parallel()
	t.Run("tables", func(t *testing.T) {
		t.Parallel()
		code, stdout, stderr := call(t, "", "--for", "3s")
		if code != 0 || stderr != "" {
			t.Errorf("exit %d, stderr %s", code, stderr)
		}
		if !strings.HasPrefix(stdout, "SIMULATED") || strings.ContainsRune(stdout, '\x1b') {
			t.Errorf("the demo must say that it is simulated, and write no escape codes:\n%s", stdout)
		}
		if strings.Count(stdout, "state   LIVE") != 2 || strings.Count(stdout, "proof   by ") != 2 {
			t.Error(stdout)
		}
	})
	t.Run("json", func(t *testing.T) {
		t.Parallel()
		code, stdout, stderr := call(t, "", "--json", "--for", "3s")
		if code != 0 || !strings.HasPrefix(stderr, "SIMULATED") || !strings.Contains(stdout, `{"type":"book"`) {
			t.Errorf("exit %d, stderr %s\n%s", code, stderr, stdout)
		}
	})
}

// line is any line of NDJSON.
type line struct {
	Type, State, Reason string
	Asset               string `json:"asset_id"`
	Market              string
	Slug                string `json:"market_slug"`
	Question, Outcome   string
	Ends                string `json:"end_date"`
	Epoch, Version      uint64
	Since               string
	Bid, Ask            *levelPart
	Bids, Asks          []levelPart
}

func lines(t *testing.T, text string) (all []line) {
	t.Helper()
	for text := range strings.Lines(text) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil || !strings.HasSuffix(text, "\n") {
			t.Fatalf("%s: %v", text, err)
		}
		all = append(all, l)
	}
	return all
}

// TestLines: states, books and tops come in their order, and nothing of a book that is
// not live.
func TestLines(t *testing.T) {
	t.Parallel()
	server, flags, markets := exchange(t, feedtest.VenueOptions{Seed: 2, Rate: 200})
	token := markets[0].Yes
	began := time.Now()
	out, end := begin(t, append(flags, "--json", "--depth", "1", token)...)
	out.await(t, `(?s)"type":"book".*"type":"book"`)
	server.Do(func(v *feedtest.Venue) { v.Inject(feedtest.Fault{Kind: feedtest.Reset, Market: -1}) })
	out.await(t, `"type":"book".*"epoch":2`)
	code, stderr := end()
	stdout := out.String()
	if code != 0 || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "connection lost") {
		t.Errorf("exit %d, stderr %s", code, stderr)
	}
	var states []string
	state, version, epoch, books := "", uint64(0), uint64(0), map[uint64]int{}
	for _, l := range lines(t, stdout) {
		if l.Asset != token || l.Type != "trade" && (l.Version < version || l.Epoch < epoch) {
			t.Errorf("%+v after version %d of epoch %d", l, version, epoch)
		}
		if l.Type != "trade" {
			version, epoch = l.Version, l.Epoch
		}
		switch l.Type {
		case "state":
			since, err := strconv.ParseInt(l.Since, 10, 64)
			if at := time.UnixMilli(since); l.Since != "" && (err != nil || at.Before(began.Add(-time.Second)) || at.After(time.Now())) {
				t.Errorf("%+v: since %v, it began at %v", l, at, began)
			}
			state = l.State
			if s := l.State + ":" + l.Reason; len(states) == 0 || states[len(states)-1] != s {
				states = append(states, s)
			}
		case "book":
			books[l.Epoch]++
			fallthrough
		case "top":
			if state != "live" {
				t.Errorf("%+v while it is %s", l, state)
			}
			if l.Bid != nil && l.Ask != nil && l.Bid.Price >= l.Ask.Price {
				t.Errorf("crossed: %+v", l)
			}
		}
	}
	states = slices.DeleteFunc(states, func(s string) bool { return strings.HasSuffix(s, "top_mismatch") })
	if got := strings.Join(slices.Compact(states), " "); got != "syncing:initial live: stale:disconnected live:" {
		t.Errorf("states %s", got)
	}
	// One in each epoch, and one each second.
	if most := 2 + int(time.Since(began)/bookEvery); books[1] < 2 || books[2] < 1 || books[1]+books[2] > most {
		t.Errorf("books by epoch: %v", books)
	}
}

// TestOnce: books are printed as soon as they are live, those of a market by its
// condition.
func TestOnce(t *testing.T) {
	t.Parallel()
	server, flags, markets := exchange(t, feedtest.VenueOptions{Seed: 2, Rate: 0.01})
	code, stdout, stderr := call(t, "", append(flags, "--once", "--json", "--depth", "0", markets[1].Condition)...)
	if code != 0 || stderr != "" {
		t.Errorf("exit %d, stderr %s", code, stderr)
	}
	got := lines(t, stdout)
	if len(got) != 2 || got[0].Asset != markets[1].Yes || got[1].Asset != markets[1].No {
		t.Fatal(stdout)
	}
	server.Do(func(v *feedtest.Venue) {
		for _, l := range got {
			b := book.New()
			if _, err := b.Replace(ofParts(l.Bids), ofParts(l.Asks)); err != nil {
				t.Error(err)
			}
			if l.State != "live" || !b.Snapshot().Equal(v.Truth(l.Asset).Book.Snapshot()) {
				t.Errorf("%+v", l)
			}
		}
	})
}

func ofParts(parts []levelPart) (levels []book.Level) {
	for _, p := range parts {
		levels = append(levels, book.Level(p))
	}
	return levels
}

func TestLiveExitCodes(t *testing.T) {
	t.Parallel()
	server, flags, markets := exchange(t, feedtest.VenueOptions{Seed: 2, Rate: 0.01})
	unknown := "0x" + strings.Repeat("ab", 32)
	server.Do(func(v *feedtest.Venue) {
		v.Inject(feedtest.Fault{Kind: feedtest.SettleSilent, Market: 2})
		v.Inject(feedtest.Fault{Kind: feedtest.FreezeAll, Market: -1, For: time.Hour, At: 5 * time.Second})
	})
	for _, test := range []struct {
		what string
		args []string
		want int
	}{
		{"an unknown market", []string{unknown}, cli.NotFound},
		{"an unknown token", []string{"--once", "--timeout", "1s", "123"}, cli.NotFound},
		{"an unknown token, followed", []string{"--json", "--timeout", "1s", "123"}, cli.NotFound},
		{"a closed market", []string{markets[2].Condition}, cli.Closed},
		{"nobody there", []string{"--ws-url", "ws://127.0.0.1:1/ws/market", "--once", "--timeout", "1s", markets[0].Yes}, cli.TimedOut},
	} {
		code, stdout, stderr := call(t, "", append(slices.Clone(flags), test.args...)...)
		if code != test.want || stderr == "" || strings.Contains(stdout, `"book"`) {
			t.Errorf("%s: exit %d, want %d; %q, %q", test.what, code, test.want, stdout, stderr)
		}
	}
}

// TestRecord: what is recorded is what was seen, and nothing is written over.
func TestRecord(t *testing.T) {
	t.Parallel()
	_, flags, markets := exchange(t, feedtest.VenueOptions{Seed: 2, Rate: 200})
	file := filepath.Join(t.TempDir(), "session.ndjson.zst")
	args := append(flags, "--record", file, "--json", markets[0].Condition, markets[1].Yes)
	stdout, end := begin(t, args...)
	stdout.await(t, `"type":"top".*"version":[4-9][0-9]`)
	if code, stderr := end(); code != 0 || stderr != "" {
		t.Fatalf("exit %d, stderr %s", code, stderr)
	}
	recording, err := capture.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer recording.Close()
	replay := engine.NewReplay(nil)
	for {
		record, err := recording.Next()
		if err != nil {
			break
		}
		if err := replay.Step(record); err != nil {
			t.Error(err)
		}
	}
	replay.End()
	hashes := replay.Tallies()[engine.HashWitness]
	if len(replay.Views()) < 3 || hashes.Agreed < 20 || hashes.Disagreed > 0 {
		t.Errorf("%d tokens, %+v", len(replay.Views()), hashes)
	}
	if code, _, stderr := call(t, "", args...); code != cli.Failure || !strings.Contains(stderr, "--force") {
		t.Errorf("written over: exit %d, stderr %s", code, stderr)
	}
	before, _ := os.Stat(file)
	stdout, end = begin(t, append(args, "--force")...)
	stdout.await(t, `"type":"top"`)
	if code, stderr := end(); code != 0 {
		t.Errorf("--force: exit %d, stderr %s", code, stderr)
	}
	if after, err := os.Stat(file); err != nil || !after.ModTime().After(before.ModTime()) {
		t.Errorf("--force wrote nothing anew: %v", err)
	}
}

// TestInterrupt: an interrupt ends it well.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	_, flags, markets := exchange(t, feedtest.VenueOptions{Seed: 2, Rate: 50})
	out, end := begin(t, append(flags, markets[0].Yes)...)
	out.await(t, `state   LIVE`)
	if code, stderr := end(); code != 0 || stderr != "" {
		t.Errorf("exit %d, stderr %s", code, stderr)
	}
}
