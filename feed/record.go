package feed

import "time"

// Record is one step in the life of a connection: what a recording holds line
// by line, and what an engine is driven by.
type Record struct {
	Kind RecordKind
	// Conn numbers the connection. A later one has a higher number. It is
	// EveryConn where a recording cannot tell.
	Conn int
	// Time is when it was received. In a recording of bare frames it is the
	// latest time that any event has had so far.
	Time time.Time
	// Line is where it stands in a recording, from 1.
	Line int
	// Frame is the frame as it came, valid until the next record is read.
	Frame []byte
}

// RecordKind is what happened.
type RecordKind uint8

// What can happen to a connection.
const (
	FrameReceived RecordKind = iota
	// Opened, Closed and Lost end what was known of the connection's books:
	// nobody can say what was missed before or since.
	Opened
	Closed
	// Lost says that frames were received but are not in the recording.
	Lost
	// Unreadable stands for a line of a recording of which nothing can be told.
	Unreadable
)

// EveryConn stands for every connection, where a record may be of any.
const EveryConn = -1
