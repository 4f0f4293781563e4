package screen

import "slices"

// drawLines shows what matters most where there is room for little: the state first,
// then the best prices, then the rest.
func (s *Screen) drawLines(g *Grid, m *Market) {
	p := s.pane(m, s.outcome)
	v := &p.view
	state, ink := s.stateWord(v)
	top := v.Snapshot.Top()
	best := s.best(top.Bid.Size > 0, top.Bid.Price, v) + "/" + s.best(top.Ask.Size > 0, top.Ask.Price, v)
	var first []piece
	if s.in.Simulated {
		first = append(first, piece{"SIMULATED", Ink{Attr: Bold | Reverse}, 12})
	}
	if s.in.Playback != nil {
		first = append(first, piece{"REPLAY", Ink{Attr: Bold | Reverse}, 12})
	}
	label := s.outcomeLabel(&p)
	if p.view.Derived {
		label = "DERIVED"
	}
	first = append(first, piece{state, ink, 11}, piece{label, Ink{Attr: Bold}, 10}, piece{best, Ink{Attr: Bold}, 9})
	proof, proofInk := s.proof(v)
	full, fullInk := s.state(v)
	if g.Height == 1 {
		first = append(first, piece{proof, proofInk, 5}, piece{clip(s.title(m, &p), 30, s.glyphs.dots), Ink{}, 3})
	}
	g.pieces(0, 0, g.Width, 1, first)
	if !s.live(v) {
		g.row(0, 0, g.Width, func(Ink) Ink { return Ink{Alert, Bold | Reverse} })
	}
	lines := slices.Concat(
		[]piece{{text: full, ink: fullInk}, {text: proof, ink: proofInk}}, s.topPieces(&p, true),
		[]piece{{text: s.title(m, &p)}, {text: "q quit"}},
	)
	for i, l := range lines {
		if i+1 < g.Height {
			g.put(0, i+1, g.Width, clip(l.text, g.Width, s.glyphs.dots), l.ink)
		}
	}
}
