package screen

import (
	"example.com/truebook/book"
	"example.com/truebook/engine"
)

// drawBoth shows both outcomes of a market beside each other.
func (s *Screen) drawBoth(g *Grid, from, end int, m *Market) {
	half := (g.Width - 3) / 2
	s.drawPane(g, 0, half, from, end, s.pane(m, 0))
	s.drawPane(g, half+3, g.Width, from, end, s.pane(m, 1))
	for y := from; y < end; y++ {
		g.put(half+1, y, g.Width, s.glyphs.column, Ink{Role: Label})
	}
}

func (s *Screen) drawPane(g *Grid, from, end, y, bottom int, p pane) {
	v := &p.view
	label := s.outcomeLabel(&p)
	if label == "" {
		label = shortID(v.Asset, s.glyphs.dots)
	}
	text, ink := s.state(v)
	proof, proofInk := s.proof(v)
	label = clip(label, max((end-from)/3, end-from-width(text)-2), s.glyphs.dots)
	g.pieces(from, y, end, 2, []piece{{label, Ink{Attr: Bold}, 8}, {text, ink, 9}, {proof, proofInk, 7}})
	if !s.live(v) {
		g.row(y, from, end, func(Ink) Ink { return Ink{Alert, Bold | Reverse} })
	}
	top := v.Snapshot.Top()
	list := []piece{
		{s.best(top.Bid.Size > 0, top.Bid.Price, v) + " / " + s.best(top.Ask.Size > 0, top.Ask.Price, v), Ink{Attr: Bold}, 9},
	}
	if spread, ok := top.Spread(); ok {
		list = append(list, piece{"spread " + s.price(spread, v), Ink{}, 8})
	}
	if mid, ok := top.Midpoint(); ok {
		list = append(list, piece{"mid " + s.marked(cents(mid, decimals(v)+1), v), Ink{}, 7})
	}
	g.pieces(from, y+1, end, 2, list)
	l := s.narrow(from, end, &p)
	s.drawColumns(g, y+2, &l, &p)
	s.drawLadder(g, y+3, bottom, &l, &p)
}

// best shows a best price, if there is one.
func (s *Screen) best(there bool, price book.Price, v *engine.View) string {
	if !there {
		return "none"
	}
	return s.price(price, v)
}
