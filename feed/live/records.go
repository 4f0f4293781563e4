package live

import (
	"encoding/binary"
	"net"
)

// recordsBytes is what is asked of the network at a time: frames/s of a saturated
// connection are a tenth more than with 16 KiB, and no more with 256.
const recordsBytes = 64 << 10

// records lies below TLS. It counts what TLS, which takes all that it can get,
// has been given and has not opened yet.
type records struct {
	*line
	buffer

	// whole is how many records have been given to TLS to their end and not
	// opened. It counts too many where TLS keeps one to itself, as it does with
	// updates of keys, until TLS asks for input again: before the next frame that
	// has not been received by then.
	whole int

	seen   int     // bytes of the present record's header that TLS has been given
	header [5]byte // of the present record
	left   int     // bytes of the present record's body that TLS has not been given
}

func newRecords(transport *line) *records {
	return &records{line: transport, buffer: buffer{data: make([]byte, recordsBytes)}}
}

// Read is called by TLS, when it has opened every whole record.
func (c *records) Read(p []byte) (int, error) {
	c.whole = 0
	if c.waiting() == 0 {
		c.record = c.seen > 0
		if err := c.fill(c.line); err != nil {
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
