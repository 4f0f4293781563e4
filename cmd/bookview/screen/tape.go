package screen

import (
	"slices"

	"example.com/truebook/book"
	"example.com/truebook/internal/cli"
)

// drawTape shows the last trades of a market, the newest first.
func (s *Screen) drawTape(g *Grid, y int, m *Market) {
	x := g.put(0, y, g.Width, "TRADES ", Ink{Role: Label})
	trades := s.withFills(m, s.trades(m))
	if len(trades) == 0 {
		g.put(x, y, g.Width, "none yet", Ink{Role: Label})
		return
	}
	for _, f := range trades {
		t := f.Trade
		word, ink := "SELL", Ink{Role: Ask}
		if t.Buy {
			word, ink = "BUY", Ink{Role: Bid}
		}
		label, decimals := "", 0
		for i := range m.Tokens {
			if token := &m.Tokens[i]; token.View.Asset == t.Asset {
				label = clip(cli.Clean(token.Outcome), 10, s.glyphs.dots)
				if label == "" && len(m.Tokens) > 1 {
					label = shortID(t.Asset, s.glyphs.dots)
				}
				decimals = decimalsOf(tick(&token.View))
			}
		}
		text := t.At.UTC().Format("15:04:05") + " " + word
		if f.Status != "" {
			text = "MY " + text
			ink.Attr = Bold
		}
		if label != "" {
			text += " " + label
		}
		text += " " + roughly(int64(t.Size)) + " @" + cents(t.Price, decimals)
		if f.Status != "" {
			text += " " + f.Status
		}
		if x+width(text) > g.Width {
			return
		}
		x = g.put(x, y, g.Width, text, ink) + 3
	}
}

// trades returns those of all tokens of a market, the newest first.
func (s *Screen) trades(m *Market) []Trade {
	var list []Trade
	for i := range m.Tokens {
		if t := s.tapes[m.Tokens[i].View.Asset]; t != nil {
			list = append(list, t.trades...)
		}
	}
	slices.Reverse(list)
	slices.SortStableFunc(list, func(a, b Trade) int { return b.At.Compare(a.At) })
	return list
}

// withFills puts one's own fills among the trades, the newest first.
func (s *Screen) withFills(m *Market, trades []Trade) []Fill {
	list := make([]Fill, 0, len(trades))
	if s.in.Account != nil {
		for _, f := range slices.Backward(s.in.Account.Fills) {
			if slices.ContainsFunc(m.Tokens, func(t Token) bool { return t.View.Asset == f.Asset }) && len(list) < tapeLength {
				list = append(list, f)
			}
		}
	}
	for _, t := range trades {
		list = append(list, Fill{Trade: t})
	}
	slices.SortStableFunc(list, func(a, b Fill) int { return b.At.Compare(a.At) })
	return list
}

// drawMids shows where the midpoint has been.
func (s *Screen) drawMids(g *Grid, y int, p *pane) {
	x := g.put(0, y, g.Width, "mid 5m ", Ink{Role: Label})
	mids := slices.Clone(p.history.mids)
	if p.view.Derived {
		for i, mid := range mids {
			if mid >= 0 {
				mids[i] = int64(book.Price(mid).Complement())
			}
		}
	}
	low, high := int64(-1), int64(-1)
	for _, mid := range mids {
		if mid >= 0 && (low < 0 || mid < low) {
			low = mid
		}
		high = max(high, mid)
	}
	if low < 0 {
		return
	}
	n := decimals(&p.view) + 1
	text := "  high " + cents(book.Price(high), n) + "  low " + cents(book.Price(low), n)
	room := min(g.Width-x-width(text), midCount)
	if room < 1 {
		return
	}
	mids = mids[max(len(mids)-room, 0):]
	x = g.put(x, y, g.Width, s.glyphs.sparkOf(mids, low, high), Ink{})
	g.put(x, y, g.Width, text, Ink{Role: Label})
}
