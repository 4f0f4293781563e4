package capture

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"example.com/truebook/feed"
)

// Writer writes a recording, each record as an envelope on a line of its own, which a
// [Reader] reads back. It is for one goroutine.
//
// Each method makes one call of Write, and allocates nothing unless the line is longer
// than any before, or than a MiB. After an error of Write there is half a line, so
// nothing more is written, and every call returns that error. A line that would be longer
// than [MaxLine] is refused with an [ErrLineTooLong], which does no harm.
type Writer struct {
	to   io.Writer
	line []byte // the buffer of a line
	err  error  // the first of to
}

// keptLine is the largest buffer that a Writer keeps from line to line.
const keptLine = 1 << 20

// NewWriter returns a Writer of a recording to a stream.
func NewWriter(to io.Writer) *Writer { return &Writer{to: to} }

// Frame writes a frame, of at most [feed.MaxFrame] bytes, that the connection received at
// a time. Whatever it holds, it is read back byte for byte, but for one newline at the end
// of a frame that is JSON.
func (w *Writer) Frame(at time.Time, conn int, frame []byte) error {
	if len(frame) > feed.MaxFrame {
		return fmt.Errorf("%w: a frame of %d bytes", ErrLineTooLong, len(frame))
	}
	return w.write(conn, appendFrame(w.line[:0], at, conn, frame))
}

// Opened writes that a connection was opened. Connections are numbered in the order of
// their opening; no number is negative.
func (w *Writer) Opened(at time.Time, conn int) error {
	return w.write(conn, appendOpened(w.line[:0], at, conn))
}

// Subscribed writes that tokens were subscribed to. It is for who looks into the
// recording: a [Reader] passes over it.
func (w *Writer) Subscribed(at time.Time, conn int, tokens []string) error {
	return w.write(conn, appendTokens(w.line[:0], at, conn, "subscribe", tokens))
}

// Unsubscribed writes that a subscription was taken back. It is read as Subscribed is.
func (w *Writer) Unsubscribed(at time.Time, conn int, tokens []string) error {
	return w.write(conn, appendTokens(w.line[:0], at, conn, "unsubscribe", tokens))
}

// Closed writes that a connection ended, and by what: code and reason of a
// [*feed.CloseError], or the text of another error. It is nil if this side closed it.
func (w *Writer) Closed(at time.Time, conn int, cause error) error {
	return w.write(conn, appendClosed(w.line[:0], at, conn, cause))
}

// Lost writes that so many frames were received here and are not in the recording.
func (w *Writer) Lost(at time.Time, conn int, frames uint64) error {
	return w.write(conn, appendLost(w.line[:0], at, conn, frames))
}

// write writes a line that was made in the buffer.
func (w *Writer) write(conn int, line []byte) error {
	if cap(line) <= keptLine {
		w.line = line
	}
	if conn < 0 { // would be read as a broken envelope
		return fmt.Errorf("capture: no connection has the number %d", conn)
	}
	return w.writeLine(line)
}

func (w *Writer) writeLine(line []byte) error {
	if w.err != nil {
		return w.err
	}
	if len(line) > MaxLine {
		return ErrLineTooLong
	}
	if _, err := w.to.Write(line); err != nil {
		w.err = fmt.Errorf("capture: %w", err)
	}
	return w.err
}

func appendHead(line []byte, at time.Time, conn int) []byte {
	line = strconv.AppendInt(append(line, `{"recv_ns":`...), at.UnixNano(), 10)
	line = strconv.AppendInt(append(line, `,"conn":`...), int64(conn), 10)
	return append(line, ',')
}

func appendControl(line []byte, at time.Time, conn int, control string) []byte {
	line = append(appendHead(line, at, conn), `"ctl":"`...)
	return append(append(line, control...), '"')
}

func appendEnd(line []byte) []byte { return append(line, '}', '\n') }

// maxNesting is less than encoding/json reads of arrays within arrays. A frame that is
// shorter cannot be nested deeper.
const maxNesting = 9_000

// appendFrame appends the line of a frame: as it came if that can be told from the
// envelope around it, or else as a text. JSON has no text for bytes that are no UTF-8,
// and one of six bytes for some of one: base64 has a bound.
func appendFrame(line []byte, at time.Time, conn int, frame []byte) []byte {
	line = appendHead(line, at, conn)
	head := len(line)
	if utf8.Valid(frame) {
		if value := bytes.TrimSuffix(frame, []byte{'\n'}); fitsRaw(value) {
			line = appendEnd(append(append(line, `"raw":`...), value...))
			if len(value) < maxNesting || json.Valid(line) {
				return line
			}
			line = line[:head]
		}
		line = appendEnd(appendString(append(line, `"txt":`...), frame))
		if len(line) <= MaxLine {
			return line
		}
		line = line[:head]
	}
	line = base64.StdEncoding.AppendEncode(append(line, `"b64":"`...), frame)
	return appendEnd(append(line, '"'))
}

// fitsRaw says whether a text is one value of JSON, begins and ends with it, and is on
// one line.
func fitsRaw(text []byte) bool {
	// Texts such as PONG are told by their first letter: json.Valid allocates an error.
	return len(text) > 0 && strings.IndexByte(`{["-0123456789tfn`, text[0]) >= 0 &&
		strings.IndexByte(" \t\r\n", text[len(text)-1]) < 0 && bytes.IndexByte(text, '\n') < 0 && json.Valid(text)
}

func appendOpened(line []byte, at time.Time, conn int) []byte {
	return appendEnd(appendControl(line, at, conn, "open"))
}

func appendTokens(line []byte, at time.Time, conn int, control string, tokens []string) []byte {
	line = append(appendControl(line, at, conn, control), `,"tokens":[`...)
	for i, token := range tokens {
		if i > 0 {
			line = append(line, ',')
		}
		line = appendString(line, strings.ToValidUTF8(token, "\ufffd"))
	}
	return appendEnd(append(line, ']'))
}

// maxReason bounds what is written of why a connection ended, in bytes.
const maxReason = 256

func appendClosed(line []byte, at time.Time, conn int, cause error) []byte {
	line = appendControl(line, at, conn, "close")
	if cause != nil {
		reason := cause.Error()
		if goodbye, ok := errors.AsType[*feed.CloseError](cause); ok {
			line = strconv.AppendInt(append(line, `,"code":`...), int64(goodbye.Code), 10)
			reason = goodbye.Reason
		}
		reason = strings.ToValidUTF8(reason[:min(len(reason), maxReason)], "\ufffd")
		line = appendString(append(line, `,"reason":`...), reason)
	}
	return appendEnd(line)
}

func appendLost(line []byte, at time.Time, conn int, frames uint64) []byte {
	line = append(appendControl(line, at, conn, "gap"), `,"frames":`...)
	return appendEnd(strconv.AppendUint(line, frames, 10))
}

// appendString appends a string of JSON. The text is UTF-8.
func appendString[T []byte | string](line []byte, text T) []byte {
	const digits = "0123456789abcdef"
	line = append(line, '"')
	copied := 0
	for i := range len(text) {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		line = append(line, text[copied:i]...)
		copied = i + 1
		if c >= ' ' {
			line = append(line, '\\', c)
		} else {
			line = append(line, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
	}
	return append(append(line, text[copied:]...), '"')
}
