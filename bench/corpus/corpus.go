// Package corpus holds the streams that the benchmarks run on: simulated ones of
// many shapes, the same in every clone, and twenty thousand frames of six real
// markets where that recording is at hand.
package corpus

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"testing"
	"time"

	"example.com/truebook/feed"
	"example.com/truebook/feed/capture"
	"example.com/truebook/feed/feedtest"
	"example.com/truebook/internal/captures"
)

// Corpus is a stream of frames that begins with whole books.
type Corpus struct {
	// Name is short and without spaces or slashes, for the names of benchmarks:
	// "real", "500", "100x1000-spaced".
	Name string
	// Frames come in the order in which they were sent. They are shared by all
	// who use the corpus, and nobody may change them.
	Frames []Frame
	Bytes  int64 // of all frames
	// Opening is how many frames at the beginning are the arrays of whole books
	// that answer a subscription: one for each 400 tokens, or fewer if they are deep.
	Opening int
}

// Frame is one frame of a corpus.
type Frame struct {
	Time time.Time // when it came: the exchange's time, in all corpora so far
	Data []byte
}

// PerFrame returns the mean length of the frames after the opening, in bytes: for
// [testing.B.SetBytes], where an operation is one such frame.
func (c *Corpus) PerFrame() int64 {
	bytes := c.Bytes
	for _, f := range c.Frames[:c.Opening] {
		bytes -= int64(len(f.Data))
	}
	return bytes / int64(max(1, len(c.Frames)-c.Opening))
}

func (c *Corpus) add(t time.Time, data []byte) {
	c.Frames = append(c.Frames, Frame{t, data})
	c.Bytes += int64(len(data))
}

// Shape chooses a simulated corpus. Equal shapes give equal frames.
type Shape struct {
	Tokens int // two for each market; 2 if 0
	Levels int // about so many per book, both sides together; 0: as drawn
	Frames int // after the opening
	Spaced bool
	Seed   uint64
}

// String is the name of the corpus: tokens, levels and spacing.
func (s Shape) String() string {
	name := strconv.Itoa(max(s.Tokens, 2))
	if s.Levels > 0 {
		name += "x" + strconv.Itoa(s.Levels)
	}
	if s.Spaced {
		name += "-spaced"
	}
	return name
}

// Simulated makes a corpus with package feedtest. That takes some ten microseconds
// a frame, and 150 where books have 5,000 levels: every hash in it is true.
//
// Twelve tokens and no levels are the livelier books of feedtest's first model;
// with Levels, or more than 200 tokens, the stream has the recorded shape.
func Simulated(s Shape) *Corpus {
	x := feedtest.New(feedtest.Options{
		Seed: s.Seed, Markets: max(1, s.Tokens/2), Levels: s.Levels, Spaced: s.Spaced,
	})
	c := &Corpus{Name: s.String()}
	f := x.Opening()
	for f.Data[0] == '[' {
		c.add(f.Time, f.Data)
		f = x.Next()
	}
	c.Opening = len(c.Frames)
	for range s.Frames {
		c.add(f.Time, f.Data)
		f = x.Next()
	}
	return c
}

// Named returns the tokens of the corpus, and for each frame after the opening those
// whose books it changes, as indexes of tokens; -1 for none. A frame is about one
// market, and so about two tokens at most.
func (c *Corpus) Named() (tokens []string, named [][2]int32, err error) {
	d := feed.NewDecoder(feed.DecoderOptions{Learn: true})
	named = make([][2]int32, len(c.Frames))
	for i, f := range c.Frames {
		events, err := d.Decode(f.Data)
		if err != nil {
			return nil, nil, err
		}
		var assets []*feed.Asset
		for _, e := range events {
			switch e := e.(type) {
			case *feed.Book:
				assets = append(assets, e.Asset)
			case *feed.PriceChange:
				for _, c := range e.Changes {
					assets = append(assets, c.Asset)
				}
			}
		}
		for _, a := range assets {
			for a.Index >= len(tokens) {
				tokens = append(tokens, "")
			}
			tokens[a.Index] = a.ID
		}
		named[i] = [2]int32{-1, -1}
		if i < c.Opening {
			continue
		}
		if len(assets) > len(named[i]) {
			return nil, nil, fmt.Errorf("frame %d names %d tokens", i, len(assets))
		}
		for n, a := range assets {
			named[i][n] = int32(a.Index)
		}
	}
	return tokens, named, nil
}

// recording holds the first 20,000 frames of six real markets on 2026-06-07.
const recording = "sports_20260607_first20k.ndjson.zst"

// Real returns the recorded corpus, and skips the test where it is not at hand.
func Real(tb testing.TB) *Corpus {
	tb.Helper()
	c, err := open(captures.Path(tb, recording))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// Recorded returns the recorded corpus, for programs. It fails with an error that
// matches [os.ErrNotExist] where it is not at hand.
func Recorded() (*Corpus, error) {
	path, err := captures.Find(recording)
	if err != nil {
		return nil, err
	}
	return open(path)
}

func open(path string) (*Corpus, error) {
	r, err := capture.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	c := &Corpus{Name: "real", Opening: 1}
	for {
		record, err := r.Next()
		if errors.Is(err, io.EOF) {
			return c, nil
		} else if err != nil {
			return nil, err
		}
		c.add(record.Time, append([]byte(nil), record.Frame...))
	}
}
