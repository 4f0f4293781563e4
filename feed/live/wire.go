package live

import (
	"encoding/binary"
	"math"
	"net"
)

// wire lies between the websocket library and TLS. The library has a buffer of
// its own that cannot be asked. Therefore a Read of the wire never goes beyond
// the end of a websocket frame: when the library has read a frame, it holds no
// byte of the next, and what is waiting is waiting here or below.
type wire struct {
	net.Conn           // TLS, or the transport where there is none
	transport net.Conn // below TLS
	below     *records // nil without TLS

	// upgraded says that the handshake is over: frames follow. Until then a Read
	// ends where the header of an HTTP answer does.
	upgraded bool
	blank    int   // bytes of "\r\n\r\n" seen last, before that
	left     int64 // bytes up to the end of the present frame, after that

	buffer
	over bool // an error of reading has been passed on
}

// wireBytes is room for a whole TLS record after the rest of a frame's header, so
// that TLS never holds a part of an opened one.
const wireBytes = 16<<10 + maxHeader

// maxHeader is the longest header of a websocket frame.
const maxHeader = 14

// recordsBytes is what is asked of the network at a time: frames/s of a saturated
// connection are a tenth more than with 16 KiB, and no more with 256.
const recordsBytes = 64 << 10

func newWire(transport, secure net.Conn, below *records) *wire {
	return &wire{Conn: secure, transport: transport, below: below, buffer: buffer{data: make([]byte, wireBytes)}}
}

// more says whether something has been received that the library has not.
func (w *wire) more() bool {
	return w.waiting() > 0 || w.below != nil && (w.below.whole > 0 || w.below.waiting() > 0)
}

// Read reads what TLS has opened, up to the end of the present frame.
func (w *wire) Read(p []byte) (int, error) {
	if err := w.prepare(); err != nil {
		w.over = true
		return 0, err
	}
	next := w.unread()
	next = next[:min(len(next), len(p))]
	if !w.upgraded {
		next = w.answer(next)
	} else {
		next = next[:min(int64(len(next)), w.left)]
		w.left -= int64(len(next))
	}
	w.start += len(next)
	return copy(p, next), nil
}

// prepare waits for something to pass on, and for the whole header of a frame.
func (w *wire) prepare() error {
	switch {
	case w.upgraded && w.left == 0:
		return w.header()
	case w.waiting() == 0:
		return w.fill()
	default:
		return nil
	}
}

// fill reads more into the buffer.
func (w *wire) fill() error {
	err := w.buffer.fill(w.Conn)
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
// 5.2). Whether the header is right is the library's business.
func (w *wire) header() error {
	if err := w.need(2); err != nil {
		return err
	}
	size, length := 2, uint64(w.unread()[1]&0x7f)
	switch length {
	case 126:
		size = 4
	case 127:
		size = 10
	}
	if err := w.need(size); err != nil {
		return err
	}
	h := w.unread()
	switch size {
	case 4:
		length = uint64(binary.BigEndian.Uint16(h[2:]))
	case 10:
		length = binary.BigEndian.Uint64(h[2:])
	}
	if h[1]&0x80 != 0 {
		size += 4 // masked, which the library refuses
	}
	w.left = int64(min(length, math.MaxInt64-maxHeader)) + int64(size)
	return nil
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

// records lies below TLS. It counts what TLS, which takes all that it can get,
// has been given and has not opened yet.
type records struct {
	net.Conn
	buffer

	whole  int     // records given to TLS to their end and not opened
	seen   int     // bytes of the present record's header that TLS has been given
	header [5]byte // of the present record
	left   int     // bytes of the present record's body that TLS has not been given
}

func newRecords(transport net.Conn) *records {
	return &records{Conn: transport, buffer: buffer{data: make([]byte, recordsBytes)}}
}

// Read is called by TLS, when it has opened every whole record.
func (c *records) Read(p []byte) (int, error) {
	c.whole = 0
	if c.waiting() == 0 {
		if err := c.fill(c.Conn); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.unread())
	c.start += n
	c.count(p[:n])
	return n, nil
}

// count follows the records of what is given to TLS.
func (c *records) count(p []byte) {
	for len(p) > 0 {
		if c.seen < len(c.header) {
			n := copy(c.header[c.seen:], p)
			p = p[n:]
			if c.seen += n; c.seen < len(c.header) {
				return
			}
			c.left = int(binary.BigEndian.Uint16(c.header[3:]))
		}
		n := min(c.left, len(p))
		p = p[n:]
		if c.left -= n; c.left == 0 {
			c.whole++
			c.seen = 0
		}
	}
}

// buffer holds what has been read and not passed on: data[start:end].
type buffer struct {
	data       []byte
	start, end int
	failed     error // what the last read ended with, after those bytes
}

func (b *buffer) waiting() int   { return b.end - b.start }
func (b *buffer) unread() []byte { return b.data[b.start:b.end] }

// fill reads once, into a buffer that is not full.
func (b *buffer) fill(from net.Conn) error {
	if b.failed != nil {
		return b.failed
	}
	b.end = copy(b.data, b.unread())
	b.start = 0
	n, err := from.Read(b.data[b.end:])
	b.end += n
	if b.failed = err; n > 0 {
		return nil
	}
	return err
}
