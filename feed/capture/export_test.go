package capture

import "io"

// NewSmallRecorder returns a Recorder with a smaller queue.
func NewSmallRecorder(to io.WriteCloser, limit, chunk int) *Recorder {
	return newRecorder(to, limit, chunk)
}

// Memory returns the bytes that the queue holds, and those that it keeps for reuse.
func (r *Recorder) Memory() (held, free int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, chunk := range r.queue.free {
		free += cap(chunk)
	}
	return r.queue.held, free
}

// Kept returns the size of the buffer that the Writer keeps.
func (w *Writer) Kept() int { return cap(w.line) }
