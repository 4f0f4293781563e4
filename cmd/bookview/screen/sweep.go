package screen

import (
	"errors"
	"slices"

	"example.com/truebook/book"
)

// togglePin points at the best ask, or at nothing any more.
func (s *Screen) togglePin() {
	m := s.shownMarket()
	if s.pin != nil || m == nil {
		s.pin = nil
		return
	}
	view := s.pane(m, s.outcome).view
	top := view.Snapshot.Top()
	switch {
	case top.Ask.Size > 0:
		s.pinAt(book.Ask, top.Ask.Price, 0)
	case top.Bid.Size > 0:
		s.pinAt(book.Bid, top.Bid.Price, 0)
	}
}

func (s *Screen) pinAt(side book.Side, price, step book.Price) {
	s.pin = &pin{side: side, price: price, step: step, since: s.in.Now}
	if m := s.shownMarket(); m != nil {
		view := s.pane(m, s.outcome).view
		s.pin.size = s.pin.sizeIn(view.Snapshot)
	}
}

// sizeIn returns what rests where the user points at.
func (p *pin) sizeIn(snapshot book.Snapshot) (size book.Size) {
	if p.step == 0 {
		return snapshot.SizeAt(p.side, p.price)
	}
	for level := range snapshot.Levels(p.side) {
		if bucket(p.side, level.Price, p.step) == p.price {
			size = sum(size, level.Size)
		}
	}
	return size
}

// movePin goes down by some levels, from the asks over to the bids.
func (s *Screen) movePin(by int) {
	m := s.shownMarket()
	if m == nil {
		return
	}
	snapshot := s.pane(m, s.outcome).view.Snapshot
	levels := snapshot.AppendBackward(nil, book.Ask)
	asks := len(levels)
	levels = snapshot.AppendLevels(levels, book.Bid, 0)
	at := slices.IndexFunc(levels, func(l book.Level) bool { return l.Price <= s.pin.price })
	if at < 0 {
		at = len(levels) - 1
	}
	if at = min(max(at+by, 0), len(levels)-1); at < 0 {
		return
	}
	side := book.Ask
	if at >= asks {
		side = book.Bid
	}
	s.pinAt(side, levels[at].Price, 0)
}

// observePin notes since when the pinned level has its size.
func (s *Screen) observePin() {
	m := s.shownMarket()
	if s.pin == nil || m == nil || s.frozen {
		return
	}
	view := s.pane(m, s.outcome).view
	if size := s.pin.sizeIn(view.Snapshot); size != s.pin.size {
		s.pin.size, s.pin.since = size, s.in.Now
	}
}

// sweep says what an order would get that takes everything up to the pinned level.
func (s *Screen) sweep(p *pane) string {
	side, snapshot := s.pin.side, p.view.Snapshot
	var size book.Size
	for level := range snapshot.Levels(side) {
		if side == book.Ask && level.Price > s.pin.price || side == book.Bid && level.Price < s.pin.price {
			break
		}
		size = sum(size, level.Size)
	}
	decimals := decimals(&p.view)
	at := cents(s.pin.price, decimals) + s.glyphs.cent
	var fill book.Fill
	var err error
	verb, gets := "buy", "for"
	if side == book.Ask {
		fill, err = snapshot.Buy(size)
	} else {
		verb = "sell"
		fill, err = snapshot.Sell(size)
	}
	average, ok := fill.Average()
	switch {
	case errors.Is(err, book.ErrOverflow):
		return "sweep to " + at + ": more than can be counted"
	case err != nil || !ok:
		return "sweep to " + at + ": there is nothing"
	}
	text := "sweep to " + at + ": "
	if !s.live(&p.view) {
		text = "NOT live: " + text
	}
	text += verb + " " + roughly(int64(fill.Size)) + " " + gets + " $" + roughly(int64(fill.Notional)) +
		", average " + between(average, decimals) + s.glyphs.cent
	return text + "; " + roughly(int64(s.pin.size)) + " there, as it is for " + age(s.in.Now.Sub(s.pin.since))
}
