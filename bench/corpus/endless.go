package corpus

import (
	"bytes"
	"strconv"
	"time"
)

// Endless is a copy of a corpus that can be played again and again: the same day
// once more, later, so that books which have seen it need not begin anew. Hashes
// cover the time, and match only in the first round.
type Endless struct {
	Frames []Frame
	times  []timeText
	by     time.Duration // that a round is later than the one before
}

// timeText is where a time stands in a frame.
type timeText struct{ frame, at int }

// Endless returns a copy of the corpus, for one goroutine.
func (c *Corpus) Endless() *Endless {
	e := &Endless{Frames: make([]Frame, len(c.Frames))}
	key := []byte(`"timestamp":"`)
	for i, f := range c.Frames {
		e.Frames[i] = Frame{f.Time, bytes.Clone(f.Data)}
		for at := 0; ; {
			next := bytes.Index(f.Data[at:], key)
			if next < 0 {
				break
			}
			at += next + len(key)
			e.times = append(e.times, timeText{i, at})
		}
	}
	// A minute is more than an opening book is older than its stream.
	length := c.Frames[len(c.Frames)-1].Time.Sub(c.Frames[0].Time)
	e.by = length.Round(time.Second) + time.Minute
	return e
}

// Again moves every time on, for the next round.
func (e *Endless) Again() {
	for i := range e.Frames {
		e.Frames[i].Time = e.Frames[i].Time.Add(e.by)
	}
	for _, t := range e.times {
		digits := e.Frames[t.frame].Data[t.at : t.at+len("1784578736738")]
		ms, err := strconv.ParseInt(string(digits), 10, 64)
		if err != nil {
			panic(err) // no frame of a corpus has another form
		}
		strconv.AppendInt(digits[:0], ms+e.by.Milliseconds(), 10)
	}
}
