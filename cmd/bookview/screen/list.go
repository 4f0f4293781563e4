package screen

import (
	"slices"
	"strconv"

	"example.com/truebook/engine"
	"example.com/truebook/internal/cli"
)

// drawList shows a line for each market.
func (s *Screen) drawList(g *Grid) {
	live, worst := s.liveBooks()
	list := s.matches()
	head := []piece{{count(len(list), "market"), Ink{Attr: Bold}, 9}}
	text := "all books live"
	ink := Ink{Good, Bold}
	if worst > 0 {
		text, ink = strconv.Itoa(live)+" books live, "+strconv.Itoa(worst)+" NOT", Ink{Alert, Bold | Reverse}
	}
	head = append(head, piece{text, ink, 9})
	if s.filter != "" {
		head = append(head, piece{"with: " + cli.Clean(s.filter), Ink{}, 5})
	}
	if s.frozen {
		head = append(head, piece{s.glyphs.pause + " FROZEN, NOT live", Ink{Alert, Bold | Reverse}, 9})
	}
	if s.in.Simulated {
		head = append(head, piece{"SIMULATED", Ink{Attr: Bold | Reverse}, 8})
	}
	if s.in.Playback != nil {
		head = append(head, piece{"REPLAY", Ink{Attr: Bold | Reverse}, 8})
	}
	g.pieces(0, 0, g.Width, 2, head)
	s.drawHealth(g, 1, &Market{}, &pane{})
	end := s.drawFoot(g, nil)
	c := s.listColumns(g.Width)
	c.drawNames(g, 3)
	room := max(end-4, 1)
	s.shown = room
	at := max(slices.Index(list, s.market), 0)
	first := max(min(at-room/2, len(list)-room), 0)
	for i, market := range list[first:min(first+room, len(list))] {
		y := 4 + i
		s.listed[y] = market
		s.drawMarketLine(g, y, &c, &s.in.Markets[market], market == s.market)
	}
	if len(list) == 0 {
		g.put(2, 4, g.Width, "no market has that in its name", Ink{})
	}
}

// liveBooks returns how many tokens are live, and how many are not.
func (s *Screen) liveBooks() (live, not int) {
	for i := range s.in.Markets {
		for j := range s.in.Markets[i].Tokens {
			if s.live(&s.in.Markets[i].Tokens[j].View) {
				live++
			} else {
				not++
			}
		}
	}
	return live, not
}

// listLayout is where the columns of the list end.
type listLayout struct {
	name, outcome, state                                                   int // where they begin
	nameEnd, outcomeEnd, stateEnd                                          int
	bid, ask, spread, bidSize, askSize, imbalance, last, rate, proof, seen int
}

func (s *Screen) listColumns(room int) listLayout {
	c := listLayout{}
	x := room
	column := func(width, least int) int {
		if room < least {
			return 0
		}
		end := x
		x -= width
		return end
	}
	c.seen = column(7, 70)
	c.proof = column(8, 76)
	c.rate = column(8, 132)
	c.imbalance = column(7, 140)
	c.last = column(8, 116)
	c.askSize = column(10, 100)
	c.bidSize = column(10, 100)
	c.spread = column(7, 60)
	c.ask = column(8, 0)
	c.bid = column(8, 0)
	c.stateEnd = x
	x -= 9
	c.state, c.outcomeEnd = x, x-1
	if room >= 66 {
		x -= 8
	}
	c.outcome, c.nameEnd, c.name = x, x-1, 2
	return c
}

func (c *listLayout) drawNames(g *Grid, y int) {
	ink := Ink{Role: Label}
	g.put(c.name, y, c.nameEnd, "MARKET", ink)
	g.put(c.outcome, y, c.outcomeEnd, "OUTCOME", ink)
	g.put(c.state, y, c.stateEnd, "STATE", ink)
	for _, name := range []struct {
		end  int
		text string
	}{
		{c.bid, "BID"},
		{c.ask, "ASK"},
		{c.spread, "SPREAD"},
		{c.bidSize, "BIDSIZE"},
		{c.askSize, "ASKSIZE"},
		{c.imbalance, "IMB"},
		{c.last, "LAST"},
		{c.rate, "CHG/S"},
		{c.proof, "PROOF"},
		{c.seen, "AGE"},
	} {
		if name.end > 0 {
			g.right(y, name.end, name.text, ink)
		}
	}
}

// drawMarketLine shows a market by its first outcome.
func (s *Screen) drawMarketLine(g *Grid, y int, c *listLayout, m *Market, chosen bool) {
	p := s.pane(m, 0)
	v := &p.view
	if chosen {
		g.put(0, y, 2, s.glyphs.cursor, Ink{Attr: Bold})
	}
	g.put(c.name, y, c.nameEnd, clip(s.title(m, &p), c.nameEnd-c.name, s.glyphs.dots), Ink{})
	g.put(c.outcome, y, c.outcomeEnd, clip(p.label, c.outcomeEnd-c.outcome, s.glyphs.dots), Ink{Role: Label})
	state, ink := s.stateWord(v)
	for i := range m.Tokens { // one that is not live is told, whichever it is
		if other := &m.Tokens[i].View; !s.live(other) && s.live(v) {
			state, ink = s.stateWord(other)
			g.put(c.outcome, y, c.outcomeEnd, clip(cli.Clean(m.Tokens[i].Outcome)+"!       ", c.outcomeEnd-c.outcome, ""), Ink{Alert, Bold})
		}
	}
	g.put(c.state, y, c.stateEnd, state, ink)
	top := v.Snapshot.Top()
	right := func(end int, text string, ink Ink) {
		if end > 0 {
			g.right(y, end, text, ink)
		}
	}
	bid, ask := "none", "none"
	if top.Bid.Size > 0 {
		bid = s.bare(top.Bid.Price, v)
		right(c.bidSize, fit(int64(top.Bid.Size), 9), Ink{})
	}
	if top.Ask.Size > 0 {
		ask = s.bare(top.Ask.Price, v)
		right(c.askSize, fit(int64(top.Ask.Size), 9), Ink{})
	}
	right(c.bid, bid, Ink{Bid, Bold})
	right(c.ask, ask, Ink{Ask, Bold})
	if spread, ok := top.Spread(); ok {
		right(c.spread, cents(spread, decimals(v)), Ink{})
	}
	if imbalance, ok := v.Snapshot.Imbalance(5); ok {
		right(c.imbalance, signed(imbalance), Ink{})
	}
	right(c.last, s.lastTrade(m, &p), Ink{})
	if rate, ok := p.history.versions.rate(); ok {
		right(c.rate, strconv.FormatFloat(rate, 'f', 1, 64), Ink{})
	}
	right(c.proof, s.proofWord(v), Ink{})
	if !v.Received.IsZero() {
		right(c.seen, age(s.in.Now.Sub(v.Received)), Ink{})
	}
	if !s.live(v) {
		g.row(y, c.stateEnd, g.Width, faint)
	}
}

// stateWord is the state in one word.
func (s *Screen) stateWord(v *engine.View) (string, Ink) {
	switch {
	case s.frozen:
		return "FROZEN", Ink{Alert, Bold | Reverse}
	case v.State == engine.Live && v.Settling:
		return "SETTLING", Ink{Alert, Bold}
	case v.State == engine.Live:
		return "LIVE", Ink{Good, Bold}
	case v.State == engine.Gone:
		return "CLOSED", Ink{Alert, Bold}
	case v.State == engine.Syncing:
		return "SYNCING", Ink{Alert, Bold}
	default:
		return "STALE", Ink{Alert, Bold | Reverse}
	}
}

// proofWord says by what a book was proved, and how many versions ago.
func (s *Screen) proofWord(v *engine.View) string {
	if v.Proof.By == engine.NoEvidence {
		return "none"
	}
	text := v.Proof.By.String()
	if v.Check == engine.Failed {
		return "FAILED"
	}
	if behind := v.Version - v.Proof.Version; behind > 0 {
		text += "-" + short(int64(behind)*1e6)
	}
	return text
}
