package capture_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/feed"
	"example.com/truebook/feed/capture"
)

// sequence checks what a recording says of one connection, of which so many frames were
// received: frames have their numbers, and a gap stands exactly for those that are
// missing. It returns for how many gaps stand, and how many are missing at the end, where
// nothing stands for them.
func sequence(t *testing.T, lines []line, conn, received int) (gaps, tail int) {
	t.Helper()
	at := 0
	state := ""
	for i, l := range lines {
		if l.Conn != conn {
			continue
		}
		switch {
		case l.Control == "open":
			if state != "" {
				t.Fatalf("line %d: conn %d was opened twice", i+1, conn)
			}
		case state == "" || state == "close":
			t.Fatalf("line %d: %+v in state %q", i+1, l, state)
		case l.Control == "gap":
			if l.Frames == 0 {
				t.Errorf("line %d: a gap of nothing", i+1)
			}
			at += int(l.Frames)
			gaps += int(l.Frames)
		case l.Control == "":
			if want := fmt.Sprintf("%d ", at); !strings.HasPrefix(l.Text, want) {
				t.Fatalf("line %d: frame %.8q of conn %d, want %s", i+1, l.Text, conn, want)
			}
			at++
		}
		if state = l.Control; state == "" {
			state = "frame"
		}
	}
	if at > received {
		t.Errorf("conn %d: %d frames in the recording of %d", conn, at, received)
	}
	return gaps, received - at
}

// all checks a recording that was written to its end, of connections that received so
// many frames each. It returns how many frames are missing, and of how many connections
// nothing is told.
func all(t *testing.T, lines []line, counts map[int]int) (missing uint64, untold int) {
	t.Helper()
	for conn, n := range counts {
		gaps, tail := sequence(t, lines, conn, n)
		missing += uint64(gaps + tail)
		told := slices.ContainsFunc(lines, func(l line) bool { return l.Conn == conn })
		if told && tail > 0 {
			t.Errorf("conn %d: nothing says that the last %d frames are missing", conn, tail)
		}
		if !told {
			untold++
		}
	}
	return missing, untold
}

// TestRecorderModel records connections that come and go to a disk of which nobody knows
// how slow it is, in virtual time. Nothing is late by a nanosecond for it, and the
// recording says exactly what it lacks.
func TestRecorderModel(t *testing.T) {
	seeds := uint64(500)
	if testing.Short() {
		seeds = 30
	}
	var whole, gaps, untold int
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			pause := time.Duration(random.IntN(1_000_000)) // a nanosecond to a millisecond
			own := rand.New(rand.NewPCG(seed, 2))
			d := &disk{wait: func() {
				time.Sleep(pause)
				if own.IntN(200) == 0 {
					time.Sleep(time.Duration(own.IntN(int(3 * time.Second))))
				}
			}}
			limit := 16 << 10
			if random.IntN(3) == 0 {
				limit = 1 << 10 // has no room for all gaps at once
			}
			r := capture.NewSmallRecorder(d, limit, limit/8)
			counts, dropped := runModel(t, r, random, limit)
			if err := r.Close(t.Context()); err != nil || !d.closed || d.flushed != d.Len() {
				t.Fatalf("seed %d: close: %v, flushed %d of %d", seed, err, d.flushed, d.Len())
			}
			lines := parse(t, d.Bytes())
			missing, strangers := all(t, lines, counts)
			if missing != r.Dropped() || missing < dropped {
				t.Errorf("seed %d: %d frames are missing, %d dropped, %d before Close", seed, missing, r.Dropped(), dropped)
			}
			if held, free := r.Memory(); held != 0 || free > limit {
				t.Errorf("seed %d: %d bytes held, %d kept", seed, held, free)
			}
			if untold += strangers; missing == 0 {
				whole++
			}
			for _, l := range lines {
				if l.Control == "gap" {
					gaps++
				}
			}
		})
	}
	t.Logf("%d of %d recordings are whole; %d gaps; %d connections of which nothing is told", whole, seeds, gaps, untold)
	if whole == 0 || gaps == 0 || untold == 0 {
		t.Errorf("this tries too little: %d whole, %d gaps, %d untold", whole, gaps, untold)
	}
}

// runModel uses a recorded source at random. It returns how many frames each connection
// received.
func runModel(t *testing.T, r *capture.Recorder, random *rand.Rand, limit int) (counts map[int]int, dropped uint64) {
	t.Helper()
	fake := newFakeSource()
	src := r.Source(fake)
	counts = map[int]int{}
	links := map[int]link{}
	slowness := time.Duration(1 + random.IntN(int(20*time.Millisecond)))
	pad := strings.Repeat("x", 2000)
	for opened := 0; opened < 12; {
		conn := 1 + random.IntN(opened+1)
		l, isOpen := links[conn]
		switch p := random.IntN(100); {
		case p < 2 && len(links) < 4:
			opened++
			links[opened], counts[opened] = open(t, src, fake, "7"), 0
		case p < 4 && isOpen && random.IntN(2) == 0:
			l.far.fails <- &feed.CloseError{Code: 1013, Reason: "slow"}
			if _, err := l.Next(); err == nil {
				t.Fatal("it is closed")
			}
			delete(links, conn)
		case p < 6 && isOpen:
			_ = l.Close()
			delete(links, conn)
		case p < 8 && isOpen:
			if l.Subscribe(t.Context(), []string{"8"}) == nil || l.Unsubscribe(t.Context(), []string{"8"}) == nil {
				t.Fatal("accepted")
			}
		case p < 10:
			time.Sleep(slowness)
		case isOpen:
			before := time.Now()
			size := random.IntN(200)
			if random.IntN(50) == 0 {
				size = random.IntN(len(pad)) // more than a chunk
			}
			l.pass(t, fmt.Appendf(nil, "%d %s", counts[conn], pad[:size]))
			counts[conn]++
			if time.Since(before) != 0 {
				t.Fatal("the feed had to wait")
			}
			if held, _ := r.Memory(); held > limit {
				t.Fatalf("%d bytes are held", held)
			}
		}
	}
	return counts, r.Dropped()
}

// TestPassThrough: what is asked of a recorded connection is asked of the real one, and
// what happens to it is in the recording, with the times of its arrival.
func TestPassThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		r := capture.NewRecorder(d)
		fake := newFakeSource()
		src := r.Source(fake)
		fake.err = &feed.StatusError{Status: 429}
		if conn, err := src.Open(t.Context(), []string{"7"}); !errors.Is(err, fake.err) || conn != nil {
			t.Errorf("open: %v, %v", conn, err)
		}
		fake.err = nil
		began := time.Now()
		l := open(t, src, fake, "7", "8")
		other := open(t, r.Source(fake), fake, "9")
		if !slices.Equal(l.far.tokens, []string{"7", "8"}) {
			t.Errorf("subscribed to %v", l.far.tokens)
		}
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		if err := l.Ping(cancelled); !errors.Is(err, context.Canceled) || l.far.pings != 1 {
			t.Errorf("ping: %v", err)
		}
		if err := l.Subscribe(t.Context(), []string{"10"}); !errors.Is(err, errRefused) || len(l.far.tokens) != 3 {
			t.Errorf("subscribe: %v", err)
		}
		if err := l.Unsubscribe(t.Context(), []string{"10"}); !errors.Is(err, errRefused) || len(l.far.tokens) != 2 {
			t.Errorf("unsubscribe: %v", err)
		}
		if l.far.frames <- []byte("[]\n"); !l.More() {
			t.Error("there is more")
		}
		time.Sleep(time.Second)
		if frame, err := l.Next(); string(frame) != "[]\n" || err != nil || l.More() {
			t.Errorf("%s, %v", frame, err)
		}
		time.Sleep(time.Second)
		goodbye := &feed.CloseError{Code: 1000, Reason: "all subscribed assets resolved"}
		for range 2 {
			l.far.fails <- goodbye
			if frame, err := l.Next(); !errors.Is(err, goodbye) || frame != nil {
				t.Errorf("%s, %v", frame, err)
			}
		}
		if err := l.Close(); !errors.Is(err, errRefused) {
			t.Errorf("close: %v", err)
		}
		if err := other.Close(); !errors.Is(err, errRefused) {
			t.Errorf("close: %v", err)
		}
		other.pass(t, []byte("received before it was closed, and not recorded"))
		if _, err := other.Next(); err == nil {
			t.Error("it is closed")
		}
		if err := r.Close(t.Context()); err != nil {
			t.Error(err)
		}
		var got []string
		for _, l := range parse(t, d.Bytes()) {
			got = append(got, fmt.Sprint((l.ReceivedNS-began.UnixNano())/1e9, " ", l.Conn, " ", l.Control, l.Tokens, string(l.Raw), l.Code, l.Reason))
		}
		want := []string{
			"0 1 open[]0", "0 1 subscribe[7 8]0", "0 2 open[]0", "0 2 subscribe[9]0", "0 1 subscribe[10]0", "0 1 unsubscribe[10]0",
			"1 1 [][]0", "2 1 close[]1000all subscribed assets resolved", "2 2 close[]0",
		}
		if !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// TestManyAtOnce: any number of connections and callers, on real threads.
func TestManyAtOnce(t *testing.T) {
	d := &disk{}
	r := capture.NewSmallRecorder(d, 256<<10, 16<<10)
	fake := newFakeSource()
	const conns, frames = 8, 2000
	var group sync.WaitGroup
	links := make([]link, conns)
	for i := range links {
		links[i] = open(t, r.Source(fake), fake, "7")
	}
	for i, l := range links {
		group.Go(func() {
			for n := range frames {
				l.pass(t, fmt.Appendf(nil, "%d %s", n, bookFrame))
				if n%100 == 0 && r.Err() != nil {
					t.Error(r.Err())
				}
			}
			if i%2 == 0 {
				_ = l.Close()
			}
		})
	}
	group.Wait()
	for range 2 {
		group.Go(func() {
			if err := r.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	counts := map[int]int{}
	for i := range conns {
		counts[i+1] = frames
	}
	if missing, _ := all(t, parse(t, d.Bytes()), counts); missing != r.Dropped() {
		t.Errorf("%d missing, %d dropped", missing, r.Dropped())
	}
}

// TestBurst crosses the bound on the memory that is kept for reuse.
func TestBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := capture.NewRecorder(&disk{})
		fake := newFakeSource()
		l := open(t, r.Source(fake), fake, "7")
		for i := range 100 {
			l.pass(t, fmt.Appendf(nil, "%d %0100000d", i, 0))
		}
		if held, _ := r.Memory(); held < 8<<20 {
			t.Errorf("%d bytes held", held)
		}
		time.Sleep(time.Second)
		if held, free := r.Memory(); held != 0 || free != 4<<20 || r.Dropped() > 0 {
			t.Errorf("%d bytes held, %d kept", held, free)
		}
		if err := r.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestRecorderAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	r := capture.NewRecorder(withoutFlush{discard{}})
	conn, err := r.Source(&sameFrame{}).Open(t.Context(), []string{"7"})
	if err != nil {
		t.Fatal(err)
	}
	receive := func() {
		if _, err := conn.Next(); err != nil {
			t.Error(err)
		}
	}
	// A chunk now and then is less than an allocation for a frame. What the goroutine does
	// is measured by TestWriterAllocatesNothing.
	if n := testing.AllocsPerRun(10_000, receive); n != 0 {
		t.Errorf("%v allocations for a frame", n)
	}
	if err := r.Close(t.Context()); err != nil || r.Dropped() > 0 {
		t.Errorf("%d dropped, %v", r.Dropped(), err)
	}
}

type discard struct{}

func (discard) Write(data []byte) (int, error) { return len(data), nil }

func (discard) Close() error { return nil }

// sameFrame is a source whose connections receive one frame for ever.
type sameFrame struct{ fakeConn }

func (s *sameFrame) Open(context.Context, []string) (feed.Conn, error) { return s, nil }

func (s *sameFrame) Next() ([]byte, error) { return bookFrame, nil }
