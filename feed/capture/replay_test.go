package capture_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/engine"
	"example.com/truebook/feed"
	"example.com/truebook/feed/capture"
	"example.com/truebook/feed/feedtest"
)

// simulated is a source of which each connection receives so many frames of an exchange
// of its own, seeded by the number of the connection.
type simulated struct {
	frames int
	conns  int
	sent   map[int][][]byte // by connection
}

func (s *simulated) Open(context.Context, []string) (feed.Conn, error) {
	s.conns++
	return &simulatedConn{source: s, number: s.conns, exchange: feedtest.New(feedtest.Options{Seed: uint64(s.conns), Markets: 2})}, nil
}

type simulatedConn struct {
	fakeConn
	source   *simulated
	number   int
	exchange *feedtest.Exchange
}

func (c *simulatedConn) Next() ([]byte, error) {
	sent := c.source.sent[c.number]
	var frame []byte
	switch {
	case len(sent) == c.source.frames:
		return nil, io.EOF
	case len(sent) == 0:
		frame = append(c.exchange.Opening().Data, '\n')
	case len(sent)%50 == 0:
		frame = []byte("PONG")
	default:
		frame = c.exchange.Next().Data
	}
	c.source.sent[c.number] = append(sent, bytes.Clone(frame))
	return frame, nil
}

// replay replays a recording, and calls visit after each record.
func replay(t *testing.T, r *capture.Reader, visit func(*engine.Replay, feed.Record)) *engine.Replay {
	t.Helper()
	e := engine.NewReplay(func(f engine.Finding) { t.Errorf("%+v", f) })
	for {
		record, err := r.Next()
		if errors.Is(err, io.EOF) {
			e.End()
			return e
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Step(record); err != nil {
			t.Error(err)
		}
		visit(e, record)
	}
}

// agreed checks that all that was compared agreed, and that something was.
func agreed(t *testing.T, tallies engine.Tallies) {
	t.Helper()
	for i, tally := range tallies {
		if tally.Disagreed+tally.Healed > 0 || tally.Agreed == 0 {
			t.Errorf("%v: %+v", engine.Witness(i), tally)
		}
	}
}

// TestRecordAndReplay: two connections at once, in each kind of file: every frame is in
// it, in order, and every hash of the exchange agrees with the books that come of it.
func TestRecordAndReplay(t *testing.T) {
	for _, name := range fileNames {
		path := filepath.Join(t.TempDir(), name)
		file, err := capture.Create(path, false)
		if err != nil {
			t.Fatal(err)
		}
		recorder := capture.NewRecorder(file)
		source := &simulated{frames: 400, sent: map[int][][]byte{}}
		var conns []feed.Conn
		for range 2 {
			conn, err := recorder.Source(source).Open(t.Context(), []string{"7"})
			if err != nil {
				t.Fatal(err)
			}
			conns = append(conns, conn)
		}
		for range source.frames {
			for _, conn := range conns {
				if _, err := conn.Next(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := recorder.Close(t.Context()); err != nil || recorder.Dropped() > 0 {
			t.Fatalf("%d dropped, %v", recorder.Dropped(), err)
		}
		r, err := capture.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		read := map[int]int{}
		e := replay(t, r, func(_ *engine.Replay, record feed.Record) {
			if record.Kind != feed.FrameReceived {
				return
			}
			sent := source.sent[record.Conn]
			if i := read[record.Conn]; i >= len(sent) || !bytes.Equal(record.Frame, asRecorded(sent[i])) {
				t.Fatalf("line %d is not frame %d of conn %d: %s", record.Line, i, record.Conn, record.Frame)
			}
			read[record.Conn]++
		})
		if read[1] != source.frames || read[2] != source.frames {
			t.Errorf("%s: read %v frames", name, read)
		}
		agreed(t, e.Tallies())
		for _, v := range e.Views() {
			if v.State != engine.Live {
				t.Errorf("%s: %+v", v.Asset, v.Status)
			}
		}
		if len(e.Views()) != 8 {
			t.Errorf("%d tokens", len(e.Views()))
		}
		if info, err := os.Stat(path); err == nil {
			t.Logf("%s: %d bytes", name, info.Size())
		}
	}
}

// TestReplayOfGap: where frames are missing, a replay doubts the books of that connection
// and of no other, and nothing that it compares later disagrees.
func TestReplayOfGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hung := make(chan struct{})
		d := &disk{wait: func() { <-hung }}
		recorder := capture.NewSmallRecorder(d, 128<<10, 4<<10)
		source := &simulated{frames: 3000, sent: map[int][][]byte{}}
		quiet, busy := simulate(t, recorder.Source(source)), simulate(t, recorder.Source(source))
		busy(999) // fills the queue
		if recorder.Dropped() == 0 {
			t.Fatal("all of it fits")
		}
		close(hung)
		time.Sleep(time.Second)
		for range 100 {
			quiet(5)
			busy(10)
			time.Sleep(time.Second)
		}
		if err := recorder.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		r, err := capture.NewReader(bytes.NewReader(d.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		gaps := 0
		e := replay(t, r, func(e *engine.Replay, record feed.Record) {
			if record.Kind != feed.Lost {
				return
			}
			gaps++
			states := map[string]int{}
			for _, v := range e.Views() {
				states[fmt.Sprint(v.State, " ", v.Reason)]++
			}
			if live, stale := fmt.Sprint(engine.Live, " ", engine.NoReason), fmt.Sprint(engine.Stale, " ", engine.Gap); len(states) != 2 ||
				states[live] != 4 || states[stale] != 4 || record.Conn != 2 {
				t.Errorf("at line %d, of conn %d: %v", record.Line, record.Conn, states)
			}
		})
		if gaps != 1 {
			t.Errorf("%d gaps", gaps)
		}
		agreed(t, e.Tallies())
		for _, v := range e.Views() {
			if v.State != engine.Live {
				t.Errorf("%s at the end: %+v", v.Asset, v.Status)
			}
		}
	})
}

// simulate opens a connection, and returns what receives so many frames of it. The first
// one is received already.
func simulate(t *testing.T, src feed.Source) (receive func(frames int)) {
	t.Helper()
	conn, err := src.Open(t.Context(), []string{"7"})
	if err != nil {
		t.Fatal(err)
	}
	receive = func(frames int) {
		for range frames {
			if _, err := conn.Next(); err != nil {
				t.Fatal(err)
			}
		}
	}
	receive(1)
	return receive
}
