package bench

import (
	"bytes"
	"testing"
	"time"

	"example.com/truebook/bench/corpus"
	"example.com/truebook/bench/internal/rival"
	"example.com/truebook/book"
)

// path is one way from the bytes of a frame to a top that others can read.
type path interface {
	// open begins anew, with empty books, and applies frames.
	open(frames []corpus.Frame) error
	// again applies the opening of a later round.
	again(frames []corpus.Frame) error
	// find looks tokens up, so that they can be read by their index.
	find(tokens []string)
	// run is what is measured: each frame is applied, and then the published top
	// read of each token that it names. It is the path's own loop, so that no
	// path pays for an interface.
	run(frames []corpus.Frame, named [][2]int32) error
	// top returns what run reads, for the test that compares all paths.
	top(token int) (book.Top, error)
	// readers returns how other goroutines read the best bid.
	readers() func(token int) book.Price
}

// way is a path by its name.
type way struct {
	name string
	path func() path
	anew bool // each round begins with empty books
}

func ways() []way {
	return []way{
		{"engine", func() path { return &engines{} }, false},
		{"engine-proof", func() path { return &engines{prove: true} }, true},
		{"plain", func() path { return &plains{} }, false},
		{"ladder", func() path { return &ladders{} }, false},
		{"naive", func() path { return &naives{} }, false},
		{"scan", func() path { return &scans{} }, false},
	}
}

// scans counts quotation marks: how fast the bytes can be looked at, at all.
type scans struct{ quotes int }

func (s *scans) open(frames []corpus.Frame) error { return s.again(frames) }

func (s *scans) again(frames []corpus.Frame) error { return s.run(frames, nil) }

func (s *scans) find([]string) {}

func (s *scans) run(frames []corpus.Frame, _ [][2]int32) error {
	for i := range frames {
		s.quotes += bytes.Count(frames[i].Data, []byte(`"`))
	}
	return nil
}

func (s *scans) top(int) (book.Top, error) { return book.Top{}, nil }

func (s *scans) readers() func(int) book.Price { return nil }

// naives is what a competent programmer writes first.
type naives struct {
	rival *rival.Naive
	books []*rival.NaiveBook
	read  book.Price // so that what was read is used
}

func (n *naives) open(frames []corpus.Frame) error {
	n.rival, n.books = rival.NewNaive(), nil
	return n.again(frames)
}

func (n *naives) again(frames []corpus.Frame) error {
	for i := range frames {
		if err := n.rival.Step(frames[i].Data); err != nil {
			return err
		}
	}
	return nil
}

func (n *naives) find(tokens []string) {
	n.books = make([]*rival.NaiveBook, len(tokens))
	for i, token := range tokens {
		n.books[i] = n.rival.Book(token)
	}
}

func (n *naives) run(frames []corpus.Frame, named [][2]int32) error {
	var sum book.Price
	for i := range frames {
		if err := n.rival.Step(frames[i].Data); err != nil {
			return err
		}
		for _, token := range named[i] {
			if token >= 0 {
				bid, _ := n.books[token].Top()
				sum += book.Price(bid.Size.Exponent())
			}
		}
	}
	n.read += sum
	return nil
}

func (n *naives) top(token int) (top book.Top, err error) {
	bid, ask := n.books[token].Top()
	if top.Bid, err = level(bid); err != nil {
		return book.Top{}, err
	}
	top.Ask, err = level(ask)
	return top, err
}

func level(l rival.NaiveLevel) (fixed book.Level, err error) {
	if fixed.Price, err = book.PriceFromDecimal(l.Price); err != nil {
		return book.Level{}, err
	}
	fixed.Size, err = book.SizeFromDecimal(l.Size)
	return fixed, err
}

func (n *naives) readers() func(int) book.Price {
	books := n.books
	return func(token int) book.Price {
		bid, _ := books[token].Top()
		return book.Price(bid.Size.Exponent())
	}
}

// twin is a path of our decoder, without the engine.
type twin interface {
	Step(frame []byte) error
	Token(id string) *rival.Published
}

// published are tops that were looked up.
type published []*rival.Published

func find(t twin, tokens []string) published {
	p := make(published, len(tokens))
	for i, token := range tokens {
		p[i] = t.Token(token)
	}
	return p
}

func (p published) top(token int) (book.Top, error) { return p[token].Top(), nil }

func (p published) readers() func(int) book.Price {
	return func(token int) book.Price { return p[token].Top().Bid.Price }
}

func stepAll(t twin, frames []corpus.Frame) error {
	for i := range frames {
		if err := t.Step(frames[i].Data); err != nil {
			return err
		}
	}
	return nil
}

// ladders is the decoder before flat ladders.
type ladders struct {
	rival *rival.Ladder
	published
	read book.Price
}

func (l *ladders) open(frames []corpus.Frame) error {
	l.rival = rival.NewLadder()
	return stepAll(l.rival, frames)
}

func (l *ladders) again(frames []corpus.Frame) error { return stepAll(l.rival, frames) }

func (l *ladders) find(tokens []string) { l.published = find(l.rival, tokens) }

func (l *ladders) run(frames []corpus.Frame, named [][2]int32) error {
	var sum book.Price
	for i := range frames {
		if err := l.rival.Step(frames[i].Data); err != nil {
			return err
		}
		for _, token := range named[i] {
			if token >= 0 {
				sum += l.published[token].Top().Bid.Price
			}
		}
	}
	l.read += sum
	return nil
}

// plains is the decoder before the books of package book.
type plains struct {
	rival *rival.Plain
	published
	read book.Price
}

func (p *plains) open(frames []corpus.Frame) error {
	p.rival = rival.NewPlain()
	return stepAll(p.rival, frames)
}

func (p *plains) again(frames []corpus.Frame) error { return stepAll(p.rival, frames) }

func (p *plains) find(tokens []string) { p.published = find(p.rival, tokens) }

func (p *plains) run(frames []corpus.Frame, named [][2]int32) error {
	var sum book.Price
	for i := range frames {
		if err := p.rival.Step(frames[i].Data); err != nil {
			return err
		}
		for _, token := range named[i] {
			if token >= 0 {
				sum += p.published[token].Top().Bid.Price
			}
		}
	}
	p.read += sum
	return nil
}

// runner runs a path over a stream, again and again: the same day once more, later,
// with the opening first, and frames that let lists and maps grow, neither of which
// is measured. So everything is as it is after a while, and no time goes back. A
// path that proves its books begins anew instead: hashes cover the time.
type runner struct {
	path
	stream *stream
	frames []corpus.Frame
	days   *corpus.Endless // that frames are of, nil for a path that begins anew
	at     int             // 0 before the first round
}

func newRunner(w way, s *stream) *runner {
	r := &runner{path: w.path(), stream: s, frames: s.Frames}
	if !w.anew {
		r.days = s.Endless()
		r.frames = r.days.Frames
	}
	return r
}

// over says that a round has to begin.
func (r *runner) over() bool { return r.at == 0 || r.at == len(r.frames) }

// begin begins a round.
func (r *runner) begin() error {
	opening := r.frames[:r.stream.Opening]
	if r.at == 0 || r.days == nil {
		if err := r.open(opening); err != nil {
			return err
		}
		r.find(r.stream.tokens)
	} else {
		r.days.Again()
		if err := r.again(opening); err != nil {
			return err
		}
	}
	r.at = r.stream.Opening
	_, err := r.some(r.stream.warm - r.at)
	return err
}

// some runs n frames, or what is left of the round, and returns how many.
func (r *runner) some(n int) (int, error) {
	n = min(n, len(r.frames)-r.at)
	err := r.run(r.frames[r.at:r.at+n], r.stream.named[r.at:r.at+n])
	r.at += n
	return n, err
}

// bench is a benchmark of which an operation is a frame.
func (r *runner) bench(b *testing.B) {
	b.SetBytes(r.stream.PerFrame())
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; {
		if r.over() {
			b.StopTimer()
			if err := r.begin(); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
		n, err := r.some(b.N - done)
		if err != nil {
			b.Fatal(err)
		}
		done += n
	}
}

// during runs frames for about as long as it is told, beginning rounds in between,
// and returns the nanoseconds that a frame took.
func (r *runner) during(budget time.Duration) (float64, error) {
	var spent time.Duration
	frames := 0
	for spent < budget {
		if r.over() {
			if err := r.begin(); err != nil {
				return 0, err
			}
		}
		began := time.Now()
		n, err := r.some(128)
		if err != nil {
			return 0, err
		}
		spent += time.Since(began)
		frames += n
	}
	return float64(spent) / float64(frames), nil
}
