package capture

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/klauspost/compress/zstd"

	"example.com/truebook/feed"
)

// MaxLine is the longest line that is read, in bytes: the longest frame, in base64, and
// its envelope.
const MaxLine = (feed.MaxFrame+2)/3*4 + 1<<16

var (
	// ErrTorn says that a recording ends in the middle of a line or of a
	// compressed block. All that came before has been read.
	ErrTorn = errors.New("capture: the recording is torn")
	// ErrLineTooLong says that a line has more than MaxLine bytes.
	ErrLineTooLong = errors.New("capture: line too long")
)

// TornError is where a recording is torn. It matches [ErrTorn].
type TornError struct {
	Line int // the last one, which was not read
	Err  error
}

// Error names the line.
func (e *TornError) Error() string {
	return fmt.Sprintf("capture: the recording is torn at line %d: %v", e.Line, e.Err)
}

// Is says that this is an [ErrTorn].
func (e *TornError) Is(target error) bool { return target == ErrTorn }

// Unwrap returns what reading ended with.
func (e *TornError) Unwrap() error { return e.Err }

// Reader reads a recording. It is for one goroutine.
type Reader struct {
	lines *bufio.Reader
	close []func() error
	line  int
	long  []byte // a line that is longer than the buffer of lines
	clock clock
	err   error // the end, once reached
}

// Open opens a recording. It tells the compression from the content.
func Open(path string) (*Reader, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := NewReader(file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	r.close = append(r.close, file.Close)
	return r, nil
}

// NewReader reads a recording from a stream. It tells the compression from the
// content.
func NewReader(stream io.Reader) (*Reader, error) {
	r := &Reader{}
	r.clock.decoder = feed.NewDecoder(feed.DecoderOptions{Learn: true, BestPrices: true, NewMarkets: true})
	const size = 64 << 10
	buffered := bufio.NewReaderSize(stream, size)
	magic, err := buffered.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("capture: %w", err)
	}
	switch {
	case isZstandard(magic):
		// One goroutine less to end, and a bound on what a frame may ask for.
		z, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<28))
		if err != nil {
			return nil, fmt.Errorf("capture: %w", err)
		}
		r.close = append(r.close, func() error { z.Close(); return nil })
		r.lines = bufio.NewReaderSize(z, size)
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(buffered)
		if torn(err) || errors.Is(err, io.EOF) {
			r.err = &TornError{Line: 1, Err: io.ErrUnexpectedEOF}
			return r, nil
		}
		if err != nil {
			return nil, fmt.Errorf("capture: %w", err)
		}
		r.lines = bufio.NewReaderSize(z, size)
	default:
		r.lines = buffered
	}
	return r, nil
}

// isZstandard says whether a stream begins with a frame of zstd, or with one that
// its readers skip.
func isZstandard(magic []byte) bool {
	return bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}) ||
		len(magic) == 4 && magic[0]&0xf0 == 0x50 && bytes.Equal(magic[1:], []byte{0x2a, 0x4d, 0x18})
}

// Close releases what the Reader holds. A stream given to [NewReader] stays open.
func (r *Reader) Close() error {
	var err error
	for _, f := range r.close {
		err = errors.Join(err, f())
	}
	r.close = nil
	return err
}

// Next returns the next record; its frame is valid until the next call. At the
// end it returns [io.EOF], or a [*TornError]; both are returned again by every
// further call, and so is any other error.
func (r *Reader) Next() (feed.Record, error) {
	for r.err == nil {
		var line []byte
		line, r.err = r.readLine()
		if r.err != nil {
			break
		}
		if r.line == 1 {
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf")) // a byte order mark
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		record, ok := r.record(line)
		if ok {
			return record, nil
		}
	}
	return feed.Record{}, r.err
}

// readLine returns the next line. A last line without its end is torn, unless it
// is whole by itself.
func (r *Reader) readLine() ([]byte, error) {
	r.line++
	r.long = r.long[:0]
	for {
		part, err := r.lines.ReadSlice('\n')
		if len(r.long)+len(part) > MaxLine {
			return nil, fmt.Errorf("%w: line %d", ErrLineTooLong, r.line)
		}
		switch {
		case err == nil && len(r.long) == 0:
			return part, nil
		case err == nil:
			r.long = append(r.long, part...)
			return r.long, nil
		case errors.Is(err, bufio.ErrBufferFull):
			r.long = append(r.long, part...)
		case err == io.EOF:
			r.long = append(r.long, part...)
			return r.lastLine()
		case torn(err):
			return nil, &TornError{Line: r.line, Err: err}
		default:
			return nil, fmt.Errorf("capture: line %d: %w", r.line, err)
		}
	}
}

func torn(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF)
}

func (r *Reader) lastLine() ([]byte, error) {
	line := bytes.TrimSpace(r.long)
	if len(line) == 0 {
		return nil, io.EOF
	}
	if (line[0] == '{' || line[0] == '[') && !json.Valid(line) {
		return nil, &TornError{Line: r.line, Err: io.ErrUnexpectedEOF}
	}
	return line, nil // the next read says io.EOF again
}

// envelope is a line of the second form.
type envelope struct {
	ReceivedNS *int64          `json:"recv_ns"`
	Conn       int             `json:"conn"`
	Raw        json.RawMessage `json:"raw"`
	Text       *string         `json:"txt"`
	Bytes      []byte          `json:"b64"` // its text is base64
	Control    string          `json:"ctl"`
}

// record reads a line. It returns false for one that holds nothing of interest.
func (r *Reader) record(line []byte) (record feed.Record, ok bool) {
	record = feed.Record{Line: r.line, Frame: line}
	var e envelope
	switch readEnvelope(line, &e) {
	case noEnvelope:
		if record.Time, ok = r.clock.bare(line); !ok {
			record.Conn = feed.EveryConn // half an envelope may look like this
		}
		return record, true
	case brokenEnvelope:
		record.Kind, record.Conn, record.Time = feed.Unreadable, feed.EveryConn, r.clock.now
		return record, true
	case wholeEnvelope:
	}
	record.Conn = e.Conn
	switch {
	case e.Control != "":
		record.Frame = nil
		switch e.Control {
		case "open":
			record.Kind = feed.Opened
		case "close":
			record.Kind = feed.Closed
		case "gap":
			record.Kind = feed.Lost
		default:
			return feed.Record{}, false
		}
	case e.Text != nil:
		record.Frame = []byte(*e.Text)
	case e.Bytes != nil:
		record.Frame = e.Bytes
	default:
		record.Frame = e.Raw
	}
	if e.ReceivedNS != nil {
		record.Time = r.clock.at(time.Unix(0, *e.ReceivedNS).UTC())
	} else {
		record.Time, _ = r.clock.bare(record.Frame)
	}
	return record, true
}

type envelopeKind uint8

const (
	noEnvelope envelopeKind = iota
	wholeEnvelope
	brokenEnvelope
)

// readEnvelope says whether a line is an envelope, and reads it. No event of the
// exchange has a key of one.
func readEnvelope(line []byte, e *envelope) envelopeKind {
	if line[0] != '{' {
		return noEnvelope
	}
	for _, key := range []string{`"recv_ns"`, `"raw"`, `"txt"`, `"b64"`, `"ctl"`} {
		if !bytes.Contains(line, []byte(key)) {
			continue
		}
		if json.Unmarshal(line, e) != nil || e.Conn < 0 {
			return brokenEnvelope
		}
		if e.Raw != nil || e.Text != nil || e.Bytes != nil || e.Control != "" {
			return wholeEnvelope
		}
		if e.ReceivedNS != nil {
			return brokenEnvelope
		}
	}
	return noEnvelope
}

// clock tells the time of records. It never goes back.
type clock struct {
	now time.Time
	// ahead is a time beyond maxJump that one record has claimed. It counts when
	// the next one claims such a time too: a single wrong digit must not stop the
	// clock of a recording for ever.
	ahead   time.Time
	decoder *feed.Decoder
}

// maxJump is more than passes between two records of a recording that has not
// been interrupted.
const maxJump = 10 * time.Minute

func (c *clock) at(t time.Time) time.Time {
	switch {
	case !t.After(c.now):
	case c.now.IsZero() || t.Sub(c.now) <= maxJump || !c.ahead.IsZero() && t.Sub(c.ahead).Abs() <= maxJump:
		c.now, c.ahead = t, time.Time{}
		return c.now
	default:
		c.ahead = t
		return c.now
	}
	c.ahead = time.Time{}
	return c.now
}

// bare tells the time of a frame that came without one: the latest of its events.
// It returns false if the frame cannot be read.
func (c *clock) bare(frame []byte) (now time.Time, ok bool) {
	events, err := c.decoder.Decode(frame)
	if err != nil {
		return c.now, false
	}
	var latest feed.Timestamp
	for _, event := range events {
		latest = max(latest, eventTime(event))
	}
	if latest > 0 {
		return c.at(latest.Time()), true
	}
	return c.now, true
}

func eventTime(event feed.Event) feed.Timestamp {
	switch e := event.(type) {
	case *feed.Book:
		return e.Time
	case *feed.PriceChange:
		return e.Time
	case *feed.Trade:
		return e.Time
	case *feed.TickSizeChange:
		return e.Time
	case *feed.BestPrices:
		return e.Time
	case *feed.NewMarket:
		return e.Time
	case *feed.Resolved:
		return e.Time
	default:
		return 0
	}
}
