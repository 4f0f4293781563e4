package live

import (
	"errors"
	"net"
	"os"
	"time"
)

// line is the transport, below all buffers. It gives what has begun to arrive, be
// it a message or a record of TLS, [messageTime] to be complete. Only a read that
// asks for the rest of something is timed, so that what came at once costs nothing.
//
// Each write has [writeTime]. That is for those of TLS, which answers some records
// within a read; what is sent by the methods of [Conn] has the same time as a whole.
type line struct {
	net.Conn

	upgraded bool // the handshake is over: frames follow
	message  bool // a message or a control frame has begun, and is not complete
	record   bool // the same of a record of TLS
	timed    bool // the time of what has begun is running
	deadline bool // the transport has a deadline: the present one if timed, or an old one
}

// Read asks the network.
func (l *line) Read(p []byte) (int, error) {
	if err := l.time(); err != nil {
		return 0, err
	}
	n, err := l.Conn.Read(p)
	if err != nil && l.timed && errors.Is(err, os.ErrDeadlineExceeded) {
		err = errSlowMessage
	}
	return n, err
}

// time sets the deadline of the next read.
func (l *line) time() error {
	begun := l.upgraded && (l.message || l.record)
	switch {
	case begun && !l.timed:
		l.timed, l.deadline = true, true
		return l.SetReadDeadline(time.Now().Add(messageTime))
	case !begun && l.deadline:
		l.timed, l.deadline = false, false
		return l.SetReadDeadline(time.Time{})
	default:
		return nil
	}
}

// Write waits for room in the network.
func (l *line) Write(p []byte) (int, error) {
	if err := l.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return 0, err
	}
	n, err := l.Conn.Write(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = errSlowReader
	}
	return n, err
}
