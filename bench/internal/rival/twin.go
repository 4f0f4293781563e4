package rival

import (
	"sync/atomic"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// Published is a top that one goroutine writes and any number read, without locks
// and whole: two slots, of which the writer fills the one that is not shown.
type Published struct {
	turn  atomic.Uint64
	slots [2]struct {
		prices           atomic.Uint64
		bidSize, askSize atomic.Int64
	}
	shown book.Top // the writer's
}

// Show publishes a top if it is new.
func (p *Published) Show(top book.Top) {
	if top == p.shown {
		return
	}
	p.shown = top
	turn := p.turn.Load() + 1
	s := &p.slots[turn&1]
	s.prices.Store(uint64(top.Bid.Price)<<32 | uint64(top.Ask.Price)) //nolint:gosec // prices are 0 to 1,000,000
	s.bidSize.Store(int64(top.Bid.Size))
	s.askSize.Store(int64(top.Ask.Size))
	p.turn.Store(turn)
}

// Top returns what was published last.
func (p *Published) Top() (top book.Top) {
	for {
		turn := p.turn.Load()
		s := &p.slots[turn&1]
		prices := s.prices.Load()
		top.Bid = book.Level{Price: book.Price(prices >> 32), Size: book.Size(s.bidSize.Load())}
		top.Ask = book.Level{Price: book.Price(prices & 0xffff_ffff), Size: book.Size(s.askSize.Load())}
		if p.turn.Load() == turn {
			return top
		}
	}
}

// Ladder keeps flat ladders behind the decoder of package feed, and publishes
// their tops. It has nothing of the engine's: no runs, no repeats, no checks, no
// state, no proof. Tops may be read by any goroutine while one calls Step.
type Ladder struct {
	decoder *feed.Decoder
	tokens  []*ladderToken // by the index of the asset
}

type ladderToken struct {
	book *LadderBook
	top  Published
}

// NewLadder returns a Ladder without books.
func NewLadder() *Ladder {
	return &Ladder{decoder: feed.NewDecoder(feed.DecoderOptions{Learn: true})}
}

// Token returns the published top of a token, nil if no frame has spoken of it.
func (l *Ladder) Token(id string) *Published {
	if a := l.decoder.Find(id); a != nil && a.Index < len(l.tokens) && l.tokens[a.Index] != nil {
		return &l.tokens[a.Index].top
	}
	return nil
}

func (l *Ladder) token(a *feed.Asset, tick book.Price) *ladderToken {
	for a.Index >= len(l.tokens) {
		l.tokens = append(l.tokens, nil)
	}
	t := l.tokens[a.Index]
	if t == nil {
		if tick == 0 {
			tick = book.Dollar / 100
		}
		t = &ladderToken{book: NewLadderBook(tick)}
		l.tokens[a.Index] = t
	}
	return t
}

// Step applies a frame.
func (l *Ladder) Step(frame []byte) error {
	events, err := l.decoder.Decode(frame)
	if err != nil {
		return err
	}
	for _, e := range events {
		switch e := e.(type) {
		case *feed.Bad:
			return e.Err
		case *feed.Book:
			t := l.token(e.Asset, e.TickSize)
			t.book.Replace(e.Bids, e.Asks)
			t.top.Show(t.book.Top())
		case *feed.PriceChange:
			for i := range e.Changes {
				c := &e.Changes[i]
				t := l.token(c.Asset, 0)
				t.book.Set(c.Side, c.Price, c.Size)
				t.top.Show(t.book.Top())
			}
		}
	}
	return nil
}

// Plain is [Ladder] with [book.Book], a B-tree for each side, in place of the
// ladders: what the structure alone costs.
type Plain struct {
	decoder *feed.Decoder
	tokens  []*plainToken
}

type plainToken struct {
	book *book.Book
	top  Published
}

// NewPlain returns a Plain without books.
func NewPlain() *Plain {
	return &Plain{decoder: feed.NewDecoder(feed.DecoderOptions{Learn: true})}
}

// Token returns the published top of a token, nil if no frame has spoken of it.
func (p *Plain) Token(id string) *Published {
	if a := p.decoder.Find(id); a != nil && a.Index < len(p.tokens) && p.tokens[a.Index] != nil {
		return &p.tokens[a.Index].top
	}
	return nil
}

func (p *Plain) token(a *feed.Asset) *plainToken {
	for a.Index >= len(p.tokens) {
		p.tokens = append(p.tokens, nil)
	}
	t := p.tokens[a.Index]
	if t == nil {
		t = &plainToken{book: book.New()}
		p.tokens[a.Index] = t
	}
	return t
}

// Step applies a frame.
func (p *Plain) Step(frame []byte) error {
	events, err := p.decoder.Decode(frame)
	if err != nil {
		return err
	}
	for _, e := range events {
		switch e := e.(type) {
		case *feed.Bad:
			return e.Err
		case *feed.Book:
			t := p.token(e.Asset)
			if _, err := t.book.Replace(e.Bids, e.Asks); err != nil {
				return err
			}
			t.top.Show(t.book.Top())
		case *feed.PriceChange:
			for i := range e.Changes {
				c := &e.Changes[i]
				t := p.token(c.Asset)
				if _, err := t.book.Set(c.Side, c.Price, c.Size); err != nil {
					return err
				}
				t.top.Show(t.book.Top())
			}
		}
	}
	return nil
}
