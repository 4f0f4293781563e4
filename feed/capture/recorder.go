package capture

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// QueueBytes bounds what a [Recorder] holds of what it has still to write, beside 4 MiB
// that it keeps for reuse. The busiest connection (some 840 frames a second, measured by
// others, 2026-10) fills it in two minutes in which nothing can be written.
const QueueBytes = 64 << 20

const (
	// drainEvery is how often the queue is written out. Nobody is woken for a frame.
	drainEvery = 100 * time.Millisecond
	// drainsPerFlush makes a flush of each second, in which something was written.
	drainsPerFlush = 10
)

// A Recorder records what the connections of a [feed.Source] receive, and never keeps
// them waiting: a frame is copied into a queue, which one goroutine writes out. Its
// methods may be called by any number of goroutines at once.
//
// When the queue is full, because the disk is slow or hangs, frames are dropped and
// counted, until half of the queue has been written: few long gaps, and not many short
// ones. A line then says of each connection how many it lacks, in their place: after the
// last before them and before anything later. Lines about subscriptions are lost without
// a word, and so is a connection that was opened and closed meanwhile.
//
// When writing fails, recording stops. The connections go on; see [Recorder.Err].
type Recorder struct {
	to      io.WriteCloser
	flusher interface{ Flush() error } // of to, nil if it has none
	writer  *Writer
	closing chan struct{} // closed by Close
	done    chan struct{} // closed when the goroutine has ended

	// Of the goroutine, about what came after the last flush.
	written bool
	unsaved uint64 // frames

	// The lock is held for no longer than it takes to copy a frame, or to make room for
	// one. Nothing that could block is done under it.
	mu    sync.Mutex
	queue queue
	// full: something did not fit. Nothing is accepted until half of the queue is free.
	full bool
	// behind are the connections of which something is missing since then, in the order
	// in which it began. There are none unless the queue is full.
	behind []*connection
	opened int    // connections so far
	queued uint64 // frames that were accepted and are not safe yet
	lost   uint64 // frames that were not accepted, or given up
	over   bool   // Close was called: nothing more is accepted, or counted
	err    error  // why recording has stopped; nothing is queued any more
}

// NewRecorder starts a Recorder that writes to a stream, a [File] for instance, which it
// owns from then on: each second it calls its method Flush() error, if there is one, and
// closes it at the end. It is to be closed.
func NewRecorder(to io.WriteCloser) *Recorder {
	return newRecorder(to, QueueBytes, usualChunk)
}

func newRecorder(to io.WriteCloser, limit, chunk int) *Recorder {
	r := &Recorder{
		to: to, writer: NewWriter(to),
		closing: make(chan struct{}), done: make(chan struct{}),
		queue: queue{limit: limit, chunk: chunk},
	}
	r.flusher, _ = to.(interface{ Flush() error })
	go r.run()
	return r
}

// Err says why recording has stopped, nil while it goes on and when all of it was
// written.
func (r *Recorder) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Dropped returns how many frames were received before Close that are not in the
// recording: they did not fit into the queue, or came after recording had stopped. Of a
// recording that has stopped these are also the frames since the last flush, of which
// some may have been saved.
func (r *Recorder) Dropped() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lost
}

// Close ends the recording: what is queued is written, and the stream closed. The
// connections may go on, unrecorded. If the context ends first, the rest is given up, and
// the error is, or wraps, that of the context; the stream is left to a goroutine that
// closes it when the call that hangs returns. Close returns what [Recorder.Err] does, and
// may be called again.
func (r *Recorder) Close(ctx context.Context) error {
	r.mu.Lock()
	if !r.over {
		r.over = true
		close(r.closing)
	}
	r.mu.Unlock()
	select {
	case <-r.done:
	case <-ctx.Done():
		select {
		case <-r.done: // as well
			return r.Err()
		default:
		}
		r.fail(fmt.Errorf("capture: the end of the recording was not written: %w", ctx.Err()))
	}
	return r.Err()
}

// run is the goroutine that writes.
func (r *Recorder) run() {
	defer close(r.done)
	r.fail(r.write())
	if err := r.to.Close(); err != nil {
		r.fail(fmt.Errorf("capture: %w", err))
	}
}

// write writes what is queued until the end, or the first error.
func (r *Recorder) write() error {
	tick := time.NewTicker(drainEvery)
	defer tick.Stop()
	for n, last := 1, false; !last; n++ {
		select {
		case <-tick.C:
		case <-r.closing:
			last = true
		}
		for chunk := r.take(nil); chunk != nil; chunk = r.take(chunk) {
			if err := r.writeChunk(chunk); err != nil {
				return err
			}
		}
		if last || n%drainsPerFlush == 0 {
			if err := r.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Recorder) writeChunk(chunk []byte) error {
	if r.flusher == nil {
		defer r.saved()
	}
	var e entry
	for len(chunk) > 0 {
		e, chunk = cut(chunk)
		var err error
		if e.frame {
			err = r.writer.Frame(time.Unix(0, e.at), e.conn, e.data)
		} else {
			err = r.writer.writeLine(e.data)
		}
		if err != nil {
			return err
		}
		r.written = true
		if e.frame {
			r.unsaved++
		}
	}
	return nil
}

func (r *Recorder) flush() error {
	if r.flusher == nil || !r.written {
		return nil
	}
	if err := r.flusher.Flush(); err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	r.written = false
	r.saved()
	return nil
}

// saved says that what was written is safe.
func (r *Recorder) saved() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.queued -= r.unsaved
	}
	r.unsaved = 0
}

// fail notes that recording has stopped, and gives up what is queued. It does nothing
// without an error, or after the first one.
func (r *Recorder) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil || r.err != nil {
		return
	}
	r.err = err
	r.lost += r.queued
	r.queued, r.behind, r.full = 0, nil, false
	r.queue.chunks, r.queue.free = nil, nil
}

// take returns the oldest chunk of the queue, nil if there is none, for the last one.
func (r *Recorder) take(last []byte) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue.giveBack(last)
	if r.full && r.queue.held <= r.queue.limit/2 {
		r.catchUp(time.Now())
	}
	return r.queue.take()
}
