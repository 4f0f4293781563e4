package capture

import (
	"encoding/binary"
	"slices"
)

// queue holds entries in the order in which they came, copied into chunks of memory that
// are used again. A Recorder's lock guards it.
type queue struct {
	limit int // of held, in bytes
	chunk int // the size of a chunk, unless one entry needs more
	// chunks are the oldest first; none is empty, and the last one is being filled.
	chunks [][]byte
	free   [][]byte // empty ones of the usual size, at most keptChunks
	// held is the size of the chunks, and of those that were taken and not given back.
	held int
}

const (
	// usualChunk has room for some hundred frames.
	usualChunk = 256 << 10
	// keptChunks bounds the memory that waits to be used again: 4 MiB.
	keptChunks = 16
)

// entry is a frame, or a line as it is to be written.
type entry struct {
	at    int64 // of a frame, in nanoseconds since 1970
	conn  int   // of a frame
	frame bool
	data  []byte
}

// entryHead is the size of what stands before the data of an entry: its time, its
// connection, and twice the length of the data, plus one for a frame.
const entryHead = 3 * 8

// put appends an entry. It returns false if there is no room.
func (q *queue) put(e entry) bool {
	if !q.makeRoom(entryHead + len(e.data)) {
		return false
	}
	length := uint64(len(e.data)) << 1
	if e.frame {
		length |= 1
	}
	last := &q.chunks[len(q.chunks)-1]
	chunk := binary.LittleEndian.AppendUint64(*last, uint64(e.at))
	chunk = binary.LittleEndian.AppendUint64(chunk, uint64(e.conn))
	chunk = binary.LittleEndian.AppendUint64(chunk, length)
	*last = append(chunk, e.data...)
	return true
}

// makeRoom sees to it that the last chunk has room for so many bytes, if it can.
func (q *queue) makeRoom(size int) bool {
	if n := len(q.chunks); n > 0 && cap(q.chunks[n-1])-len(q.chunks[n-1]) >= size {
		return true
	}
	size = max(size, q.chunk)
	if q.held+size > q.limit {
		return false
	}
	q.held += size
	if n := len(q.free); n > 0 && size == q.chunk {
		q.chunks = append(q.chunks, q.free[n-1])
		q.free = q.free[:n-1]
	} else {
		q.chunks = append(q.chunks, make([]byte, 0, size))
	}
	return true
}

// take returns the oldest chunk, nil if there is none. It is to be given back.
func (q *queue) take() []byte {
	if len(q.chunks) == 0 {
		return nil
	}
	chunk := q.chunks[0]
	q.chunks = slices.Delete(q.chunks, 0, 1)
	return chunk
}

// giveBack takes back a chunk, or nil.
func (q *queue) giveBack(chunk []byte) {
	q.held -= cap(chunk)
	if cap(chunk) == q.chunk && len(q.free) < keptChunks {
		q.free = append(q.free, chunk[:0])
	}
}

// cut returns the first entry of a chunk, which refers to it, and what follows.
func cut(chunk []byte) (e entry, rest []byte) {
	e.at = int64(binary.LittleEndian.Uint64(chunk))
	e.conn = int(binary.LittleEndian.Uint64(chunk[8:]))
	length := binary.LittleEndian.Uint64(chunk[16:])
	e.frame = length&1 != 0
	end := entryHead + int(length>>1)
	e.data = chunk[entryHead:end]
	return e, chunk[end:]
}
