package capture_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/feed"
	"example.com/truebook/feed/capture"
)

// TestHungDisk: a disk that never answers costs neither the feed nor the end a moment.
func TestHungDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		hung := make(chan struct{})
		d := &disk{wait: func() { <-hung }}
		r := capture.NewSmallRecorder(d, 64<<10, 4<<10)
		fake := newFakeSource()
		l := open(t, r.Source(fake), fake, "7")
		const frames = 10_000
		for i := range frames {
			if l.pass(t, fmt.Appendf(nil, "%d PONG", i)); i == 10 {
				time.Sleep(time.Second) // now it hangs
			}
		}
		if held, _ := r.Memory(); held > 64<<10 || held < 60<<10 {
			t.Errorf("%d bytes are held", held)
		}
		if err := r.Err(); err != nil || time.Since(began) != time.Second {
			t.Errorf("it took %v: %v", time.Since(began), err)
		}
		// An entry is 24 bytes and a frame of 6 to 9.
		if kept := frames - r.Dropped(); kept > 64<<10/30 || kept < 60<<10/33 {
			t.Errorf("%d frames are kept", kept)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := r.Close(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 2*time.Second {
			t.Errorf("close after %v: %v", time.Since(began), err)
		}
		if err := r.Err(); !errors.Is(err, context.DeadlineExceeded) || r.Dropped() != frames {
			t.Errorf("at the end %d dropped: %v", r.Dropped(), err)
		}
		l.pass(t, []byte("the feed goes on"))
		if d.closed {
			t.Error("the disk was closed while it was written to")
		}
		close(hung)
		synctest.Wait()
		if !d.closed || r.Dropped() != frames {
			t.Errorf("after all: closed %t, %d dropped", d.closed, r.Dropped())
		}
		if err := r.Close(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("close again: %v", err)
		}
	})
}

// TestSlowDisk: one gap, exactly, and everything before it and after it.
func TestSlowDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hung := make(chan struct{})
		d := &disk{wait: func() { <-hung }}
		r := capture.NewSmallRecorder(d, 8<<10, 1<<10)
		fake := newFakeSource()
		src := r.Source(fake)
		links := []link{open(t, src, fake, "7"), open(t, src, fake, "8")}
		i := 0
		next := func(n int) {
			for range n {
				for _, l := range links {
					l.pass(t, fmt.Appendf(nil, "%d some frame", i))
				}
				i++
			}
			time.Sleep(time.Second)
		}
		next(1)
		next(1000) // fills the queue
		before := r.Dropped()
		next(10)
		if r.Dropped() != before+20 {
			t.Error("something fits into a full queue")
		}
		last := open(t, src, fake, "9") // while it is full
		late := open(t, src, fake, "10")
		_ = late.Close() // nothing of it fits
		_ = links[1].Close()
		links = links[:1]
		close(hung)
		synctest.Wait()
		next(5)
		last.pass(t, []byte("0 of the last"))
		if err := r.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		lines := parse(t, d.Bytes())
		missing, untold := all(t, lines, map[int]int{1: i, 2: 1011, 3: 1, 4: 0})
		if missing != r.Dropped() || missing < 2000-8<<10/30 || untold != 1 {
			t.Errorf("%d missing, %d dropped; %d untold", missing, r.Dropped(), untold)
		}
		var controls []string
		for _, l := range lines {
			if l.Control != "" {
				controls = append(controls, fmt.Sprint(l.Conn, " ", l.Control, l.Tokens))
			}
		}
		want := "1 open[],1 subscribe[7],2 open[],2 subscribe[8],1 gap[],2 gap[],2 close[],3 open[]"
		if got := strings.Join(controls, ","); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	})
}

// TestTooSlowDisk: a disk that can never follow costs few long gaps: between two of them
// half of the queue is recorded.
func TestTooSlowDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{wait: func() { time.Sleep(time.Millisecond) }}
		r := capture.NewSmallRecorder(d, 16<<10, 1<<10)
		fake := newFakeSource()
		l := open(t, r.Source(fake), fake, "7")
		const frames = 10_000
		for i := range frames {
			l.pass(t, fmt.Appendf(nil, "%d some frame", i))
			time.Sleep(time.Millisecond / 2)
		}
		if err := r.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		gaps := bytes.Count(d.Bytes(), []byte("gap"))
		if recorded := frames - int(r.Dropped()); recorded < frames/3 || gaps == 0 || gaps > recorded*40/(8<<10)+1 {
			t.Errorf("%d frames are recorded, with %d gaps", recorded, gaps)
		}
	})
}

// TestFrameTooLong: what no recording can hold is a gap in it, though the queue is empty.
func TestFrameTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		r := capture.NewRecorder(d)
		fake := newFakeSource()
		l := open(t, r.Source(fake), fake, "7")
		l.pass(t, []byte("0 PONG"))
		l.pass(t, make([]byte, feed.MaxFrame+1))
		l.pass(t, []byte("2 is dropped with it"))
		time.Sleep(time.Second)
		l.pass(t, []byte("3 PONG"))
		if err := l.Subscribe(t.Context(), []string{strings.Repeat("7", feed.MaxFrame)}); !errors.Is(err, errRefused) {
			t.Error(err)
		}
		l.pass(t, []byte("4 PONG"))
		if err := r.Close(t.Context()); err != nil || r.Dropped() != 2 {
			t.Fatalf("%d dropped, %v", r.Dropped(), err)
		}
		if missing, _ := all(t, parse(t, d.Bytes()), map[int]int{1: 5}); missing != 2 {
			t.Errorf("%d missing", missing)
		}
	})
}

// TestFailingDisk: recording stops wherever the disk is full, the feed does not, and what
// is not in the recording is counted.
func TestFailingDisk(t *testing.T) {
	const frames = 300
	for _, left := range []int{0, 1, 45, 46, 1000, 5000, 10_000} {
		synctest.Test(t, func(t *testing.T) {
			d := &limited{left: left}
			r := capture.NewRecorder(withoutFlush{d})
			fake := newFakeSource()
			l := open(t, r.Source(fake), fake, "7")
			for i := range frames {
				l.pass(t, fmt.Appendf(nil, "%d PONG", i))
				time.Sleep(time.Millisecond)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			if err := r.Err(); !errors.Is(err, errFull) || !d.closed || d.Len() != left {
				t.Errorf("%d bytes: closed %t, %v", left, d.closed, err)
			}
			lines := parse(t, d.Bytes()[:1+bytes.LastIndexByte(d.Bytes(), '\n')])
			if gaps, tail := sequence(t, lines, 1, frames); gaps != 0 || tail == 0 || uint64(tail) != r.Dropped() {
				t.Errorf("%d bytes: %d missing, %d dropped", left, tail, r.Dropped())
			}
			_ = open(t, r.Source(fake), fake, "8").Close()
			if err := r.Close(t.Context()); !errors.Is(err, errFull) {
				t.Errorf("%d bytes: close: %v", left, err)
			}
		})
	}
}

// TestFlush: each second, when there is something, and at the end; what was not flushed
// when the disk failed counts as lost.
func TestFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		r := capture.NewRecorder(d)
		fake := newFakeSource()
		l := open(t, r.Source(fake), fake, "7")
		for i := range 3 {
			l.pass(t, fmt.Appendf(nil, "%d PONG", i))
			time.Sleep(1001 * time.Millisecond)
			synctest.Wait()
			if d.flushes != i+1 || d.flushed != d.Len() || !bytes.Contains(d.Bytes(), fmt.Appendf(nil, `"%d PONG"`, i)) {
				t.Errorf("after %d frames %d flushes: %s", i+1, d.flushes, d.Bytes())
			}
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if d.flushes != 3 {
			t.Errorf("%d flushes of nothing", d.flushes-3)
		}
		d.err = errFull
		l.pass(t, []byte("3 PONG"))
		l.pass(t, []byte("4 PONG"))
		time.Sleep(1001 * time.Millisecond)
		synctest.Wait()
		if err := r.Err(); !errors.Is(err, errFull) || r.Dropped() != 2 || !d.closed {
			t.Errorf("%d dropped: %v", r.Dropped(), err)
		}
		l.pass(t, []byte("5 PONG"))
		if err := r.Close(t.Context()); !errors.Is(err, errFull) || r.Dropped() != 3 {
			t.Errorf("%d dropped: %v", r.Dropped(), err)
		}
		l.pass(t, []byte("6 PONG"))
		if r.Dropped() != 3 {
			t.Error("what comes after Close is counted")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		d := &disk{err: errFull}
		r := capture.NewRecorder(withoutFlush{d})
		if err := r.Close(t.Context()); !errors.Is(err, errFull) || !d.closed {
			t.Errorf("an error of closing: %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		r := capture.NewRecorder(&disk{})
		for range 20 {
			if err := r.Close(t.Context()); err != nil {
				t.Errorf("close: %v", err)
			}
			cancelled, cancel := context.WithCancel(t.Context())
			cancel()
			if err := r.Close(cancelled); err != nil {
				t.Errorf("close again, in no time: %v", err)
			}
		}
	})
}
