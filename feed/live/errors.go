package live

import (
	"errors"
	"strconv"

	"example.com/truebook/feed"
)

// ErrTooBig says that the server sent a frame of more than [feed.MaxFrame] bytes.
var ErrTooBig = errors.New("live: a frame of more than " + strconv.Itoa(feed.MaxFrame) + " bytes")
