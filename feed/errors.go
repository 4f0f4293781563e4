package feed

import "strconv"

// DecodeError is a frame, or a part of one, that could not be read.
type DecodeError struct {
	Offset int    // of the byte in the frame where it went wrong
	Field  string // the key of the value that is wrong, "" for a fault of syntax
	Reason string
}

// Error names the place and the reason.
func (e *DecodeError) Error() string {
	text := "feed: byte " + strconv.Itoa(e.Offset) + " of the frame: "
	if e.Field != "" {
		text += e.Field + ": "
	}
	return text + e.Reason
}
