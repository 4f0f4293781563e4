package peers

import (
	"example.com/truebook/bench/corpus"
	"example.com/truebook/book"
	"example.com/truebook/engine"
	"example.com/truebook/feed"
)

// This file is all that knows how truebook itself is driven.

// Baseline is the entry that the tables compare with.
const Baseline = "truebook"

func own() []Entry {
	return []Entry{
		{Baseline, "the engine, with every guard but the proof by hash", newEngine},
		{"truebook-proof", "the engine, with a hash of each book for each frame", newProof},
		{"truebook-books", "its decoder and books alone: no runs, no checks of tops and times, no proof, nothing published", newPlain},
	}
}

// plainBooks is the decoder and books of its events, nothing else.
type plainBooks struct {
	decoder *feed.Decoder
	books   []*book.Book // by Asset.Index
	last    book.Top
}

func newPlain() Peer { return &plainBooks{decoder: feed.NewDecoder(feed.DecoderOptions{Learn: true})} }

func (p *plainBooks) book(a *feed.Asset) *book.Book {
	for a.Index >= len(p.books) {
		p.books = append(p.books, book.New())
	}
	return p.books[a.Index]
}

func (p *plainBooks) Apply(f *corpus.Frame) error {
	events, err := p.decoder.Decode(f.Data)
	if err != nil {
		return err
	}
	for _, e := range events {
		switch e := e.(type) {
		case *feed.Bad:
			return e.Err
		case *feed.Book:
			b := p.book(e.Asset)
			if _, err := b.Replace(e.Bids, e.Asks); err != nil {
				return err
			}
			p.last = b.Top()
		case *feed.PriceChange:
			for i := range e.Changes {
				c := &e.Changes[i]
				b := p.book(c.Asset)
				if _, err := b.Set(c.Side, c.Price, c.Size); err != nil {
					return err
				}
				p.last = b.Top()
			}
		}
	}
	return nil
}

func (p *plainBooks) Top(token string) book.Top {
	if a := p.decoder.Find(token); a != nil {
		return p.book(a).Top()
	}
	return book.Top{}
}

// engineBooks is the engine, driven as by a recording. The tops are read back as
// its readers do.
type engineBooks struct {
	replay  *engine.Replay
	proves  bool
	line    int
	touched []*engine.Asset
	last    engine.Top
}

func newProof() Peer { return &engineBooks{replay: engine.NewReplay(nil), proves: true} }

func newEngine() Peer {
	p := &engineBooks{replay: engine.NewReplay(nil)}
	p.replay.LimitProofs(-1)
	return p
}

// reconnect lets the books of an opening come as no surprise.
func (p *engineBooks) reconnect() { _ = p.replay.Step(feed.Record{Kind: feed.Opened}) } // of no frame

func (p *engineBooks) Apply(f *corpus.Frame) error {
	p.line++
	if err := p.replay.Step(feed.Record{Time: f.Time, Line: p.line, Frame: f.Data}); err != nil {
		return err
	}
	p.touched = p.replay.AppendTouched(p.touched[:0])
	for _, a := range p.touched {
		p.last, _ = a.Top() // an error while it settles
	}
	return nil
}

func (p *engineBooks) Top(token string) book.Top {
	if a := p.replay.Asset(token); a != nil {
		v := a.View()
		return v.Snapshot.Top()
	}
	return book.Top{}
}
