package live

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"time"

	"example.com/truebook/feed"
)

// wire lies between the websocket library and TLS. The library has a buffer of
// its own that cannot be asked. Therefore a Read of the wire never goes beyond
// the end of a websocket frame: when the library has read a frame, it holds no
// byte of the next, and what is waiting is waiting here or below.
type wire struct {
	net.Conn          // TLS, or the line where there is none
	line     *line    // below TLS
	below    *records // nil without TLS

	// Until the handshake is over, a Read ends where the header of an HTTP answer
	// does.
	blank int // bytes of "\r\n\r\n" seen last

	// From then on, frames follow.
	left     int       // bytes up to the end of the present frame
	size     int       // of the payload of the present message: at most feed.MaxFrame
	open     bool      // the message goes on after the present frame
	controls int       // control frames since began: at most maxControls
	began    time.Time // at most controlTime before the last control frame

	buffer
	err error // what reading has ended with
}

// Control frames of more than maxControls within controlTime are a flood. None was
// ever seen (observed by others, 2026-08 and 2026-10), but any server may ask for a
// pong now and then. A bound is needed because the library answers them within one
// call, without end.
const (
	maxControls = 100
	controlTime = 10 * time.Second
)

// wireBytes is room for a whole TLS record after the rest of a frame's header, so
// that TLS never holds a part of an opened one.
const wireBytes = 16<<10 + maxHeader

const (
	maxHeader  = 10  // the longest header of a frame that is not masked
	maxControl = 125 // the longest payload of a control frame
)

func newWire(transport *line, secure net.Conn, below *records) *wire {
	return &wire{Conn: secure, line: transport, below: below, buffer: buffer{data: make([]byte, wireBytes)}}
}

// Close ends the connection from below. TLS would first try to send a goodbye of
// its own, for up to five seconds.
func (w *wire) Close() error { return w.line.Close() }

// more says whether something has been received that the library has not.
func (w *wire) more() bool {
	return w.waiting() > 0 || w.below != nil && (w.below.whole > 0 || w.below.waiting() > 0)
}

// Read reads what TLS has opened, up to the end of the present frame.
func (w *wire) Read(p []byte) (int, error) {
	if err := w.prepare(); err != nil {
		w.err = err
		return 0, err
	}
	next := w.unread()
	next = next[:min(len(next), len(p))]
	if !w.line.upgraded {
		next = w.answer(next)
	} else {
		next = next[:min(len(next), w.left)]
		w.left -= len(next)
	}
	w.start += len(next)
	return copy(p, next), nil
}

// prepare waits for something to pass on, and for the whole header of a frame.
func (w *wire) prepare() error {
	switch {
	case w.line.upgraded && w.left == 0:
		return w.header()
	case w.waiting() == 0:
		return w.fill()
	default:
		return nil
	}
}

// fill reads more into the buffer. The end of the connection within a message is
// not passed on as io.EOF, which the library would take for the end of the message
// (v1.8.15, where no byte of what it asked for had come).
func (w *wire) fill() error {
	w.line.message = w.open || w.left > 0 || w.waiting() > 0
	err := w.buffer.fill(w.Conn)
	if errors.Is(err, io.EOF) && w.line.message {
		return io.ErrUnexpectedEOF
	}
	if err == nil && w.below != nil {
		w.below.whole = max(0, w.below.whole-1) // TLS opens one for each Read
	}
	return err
}

// answer cuts text after the end of the header of an HTTP answer.
func (w *wire) answer(text []byte) []byte {
	for i, c := range text {
		switch c {
		case "\r\n\r\n"[w.blank]:
			w.blank++
		case '\r':
			w.blank = 1
		default:
			w.blank = 0
		}
		if w.blank == 4 {
			w.blank = 0
			return text[:i+1]
		}
	}
	return text
}

// header finds the end of the frame that begins now, by its header (RFC 6455,
// 5.2), and refuses one that is masked, or too much. Whether the header is right
// apart from that is the library's business.
func (w *wire) header() error {
	if !w.open {
		w.line.timed = false // what begins now has its own time
	}
	if err := w.need(2); err != nil {
		return err
	}
	first, second := w.unread()[0], w.unread()[1]
	if second&0x80 != 0 {
		return errMasked
	}
	size, length := 2, uint64(second)
	switch length {
	case 126:
		size = 4
	case 127:
		size = 10
	}
	if err := w.need(size); err != nil {
		return err
	}
	switch size {
	case 4:
		length = uint64(binary.BigEndian.Uint16(w.unread()[2:]))
	case 10:
		length = binary.BigEndian.Uint64(w.unread()[2:])
	}
	if first&0x8 != 0 {
		return w.control(size, length)
	}
	if !w.open {
		w.size = 0
	}
	if length > uint64(feed.MaxFrame-w.size) {
		return ErrTooBig
	}
	w.size += int(length)
	w.left = size + int(length)
	w.open = first&0x80 == 0
	return nil
}

// control counts a control frame, and waits for all of it: the library would do so
// with a time limit of its own.
func (w *wire) control(size int, length uint64) error {
	if now := time.Now(); now.Sub(w.began) >= controlTime {
		w.began, w.controls = now, 0
	}
	if w.controls++; w.controls > maxControls {
		return ErrFlood
	}
	if length > maxControl {
		w.left = size // the library goes no further
		return nil
	}
	w.left = size + int(length)
	return w.need(w.left)
}

// need waits until n bytes are in the buffer.
func (w *wire) need(n int) error {
	for w.waiting() < n {
		if err := w.fill(); err != nil {
			return err
		}
	}
	return nil
}
