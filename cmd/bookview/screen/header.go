package screen

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/engine"
	"example.com/truebook/internal/cli"
)

// drawHead shows what the book is, whether it can be trusted and since when, and how its
// connections are. It returns the first line below.
func (s *Screen) drawHead(g *Grid, m *Market, p *pane) int {
	s.drawTitle(g, 0, m, p)
	s.drawState(g, 1, p)
	s.drawHealth(g, 2, m, p)
	y := 3
	if g.Height >= 16 {
		g.line(y, 0, g.Width, s.glyphs.line)
		y++
	}
	return y
}

func (s *Screen) drawTitle(g *Grid, y int, m *Market, p *pane) {
	var tags []piece
	tag := func(text string, ink Ink, need int) { tags = append(tags, piece{text, ink, need}) }
	if len(s.in.Markets) > 1 {
		tag(strconv.Itoa(s.market+1)+"/"+strconv.Itoa(len(s.in.Markets)), Ink{Role: Label}, 4)
	}
	if slug := cli.Clean(m.Slug); slug != "" && slug != cli.Clean(m.Title) {
		tag(clip(slug, 28, s.glyphs.dots), Ink{Role: Label}, 1)
	}
	switch id := shortID(p.view.Asset, s.glyphs.dots); {
	case s.page == bothPage:
	case p.view.Derived:
		tag(s.outcomeLabel(p), Ink{Attr: Bold}, 8)
		tag(id, Ink{Role: Label}, 2)
	case p.label != "":
		tag(s.outcomeLabel(p), Ink{Role: Label}, 7)
		tag(id, Ink{Role: Label}, 2)
	default:
		tag(id, Ink{Role: Label}, 7)
	}
	if m.NegRisk {
		tag("neg-risk", Ink{Role: Label}, 2)
	}
	if !m.Ends.IsZero() {
		text := "ends in " + age(m.Ends.Sub(s.in.Now))
		if !s.in.Now.Before(m.Ends) {
			text = "was to end " + age(s.in.Now.Sub(m.Ends)) + " ago"
		}
		tag(text, Ink{Role: Label}, 2)
	}
	if s.in.Simulated {
		tag("SIMULATED", Ink{Attr: Bold | Reverse}, 9)
	}
	if s.in.Playback != nil {
		tag("REPLAY", Ink{Attr: Bold | Reverse}, 9)
	}
	title := s.title(m, p)
	tags = fitting(tags, max(g.Width-width(title)-2, g.Width*3/5), 2)
	room := g.Width
	for _, t := range tags {
		room -= width(t.text) + 2
	}
	room = max(room, -2) // what is needed most is wider than the screen
	g.put(0, y, g.Width, clip(title, room, s.glyphs.dots), Ink{Attr: Bold})
	if len(tags) > 0 {
		g.pieces(room+2, y, g.Width, 2, tags)
	}
}

// title returns what a market is called: by the exchange, or else by its ids.
func (s *Screen) title(m *Market, p *pane) string {
	for _, text := range []string{m.Title, m.Slug} {
		if text = cli.Clean(text); text != "" {
			return text
		}
	}
	if p.view.Market != "" {
		return "market " + shortID(p.view.Market, s.glyphs.dots)
	}
	return "token " + shortID(p.view.Asset, s.glyphs.dots)
}

// outcomeLabel returns the outcome that is shown, and whether its book is another one's
// complement, in some twenty cells.
func (s *Screen) outcomeLabel(p *pane) string {
	if p.view.Derived {
		return "DERIVED from " + clip(cmp.Or(p.other, shortID(p.view.Asset, s.glyphs.dots)), 10, s.glyphs.dots)
	}
	return clip(p.label, 20, s.glyphs.dots)
}

// drawState shows whether the book can be traded on, why not, and since when, and what
// proves it.
func (s *Screen) drawState(g *Grid, y int, p *pane) {
	v := &p.view
	if m := s.shownMarket(); s.page == bothPage && m != nil { // the one that is not live, if one is not
		for i := range m.Tokens {
			if token := &m.Tokens[i].View; !s.live(token) {
				v = token
			}
		}
	}
	text, ink := s.state(v)
	list := []piece{{text, ink, 9}}
	proof, proofInk := s.proof(v)
	list = append(list, piece{proof, proofInk, 8})
	if v.Epoch > 0 {
		list = append(list, piece{"epoch " + strconv.FormatUint(v.Epoch, 10), Ink{Role: Label}, 3})
	}
	if !v.Received.IsZero() && v.State != engine.Syncing {
		list = append(list, piece{"last change " + age(s.in.Now.Sub(v.Received)) + " ago", Ink{Role: Label}, 5})
	}
	g.pieces(0, y, g.Width, 2, list)
	if !s.live(v) {
		g.row(y, 0, g.Width, func(Ink) Ink { return Ink{Alert, Bold | Reverse} })
	}
}

// state says whether a book can be traded on.
func (s *Screen) state(v *engine.View) (string, Ink) {
	since := ""
	if !v.Since.IsZero() {
		since = " for " + age(s.in.Now.Sub(v.Since))
	}
	reason := ""
	if v.Reason != engine.NoReason {
		reason = ": " + strings.ReplaceAll(v.Reason.String(), "_", " ")
	}
	alert := Ink{Alert, Bold}
	switch {
	case s.frozen:
		return s.glyphs.pause + " FROZEN for " + age(s.newest.Clock.Sub(s.in.Clock)) + ", NOT live (f goes on)", alert
	case v.State == engine.Live && v.Settling:
		return s.glyphs.settling + " SETTLING" + reason, alert
	case v.State == engine.Live && s.in.Health.Replay:
		return s.glyphs.live + " LIVE when recorded," + since, Ink{Good, Bold}
	case v.State == engine.Live:
		return s.glyphs.live + " LIVE" + since, Ink{Good, Bold}
	case v.State == engine.Gone:
		return s.glyphs.gone + " CLOSED" + since + reason, alert
	case v.State == engine.Syncing:
		return s.glyphs.stale + " SYNCING" + since + ": no book has come yet", alert
	default:
		return s.glyphs.stale + " STALE" + since + reason + ", NOT live", alert
	}
}

// proof says what speaks for a book.
func (s *Screen) proof(v *engine.View) (string, Ink) {
	switch {
	case v.State == engine.Syncing:
		return "", Ink{}
	case v.Check == engine.Failed:
		return "the last change FAILED its hash", Ink{Alert, Bold}
	case v.Proof.By == engine.NoEvidence:
		return "NOT PROVED by anything yet", Ink{Alert, Bold}
	}
	ago := age(s.in.Now.Sub(v.Proof.Time)) + " ago"
	by := v.Proof.By.String()
	behind := v.Version - v.Proof.Version
	switch {
	case v.Check == engine.Unproved && behind > 0:
		return "last change not proved; by " + by + " " + ago, Ink{Attr: Bold}
	case s.live(v) && behind == 0:
		return "PROVED by " + by + " " + ago, Ink{Good, Bold}
	case behind == 0:
		return "proved by " + by + " " + ago, Ink{}
	case behind == 1:
		return "proved by " + by + " " + ago + ", the version before", Ink{}
	default:
		return "proved by " + by + " " + ago + ", " + thousands(int64(behind)) + " versions back", Ink{}
	}
}

func (s *Screen) drawHealth(g *Grid, y int, m *Market, p *pane) {
	h := &s.in.Health
	var list []piece
	add := func(need int, text string, ink Ink) { list = append(list, piece{text, ink, need}) }
	if !h.Replay {
		ink := Ink{}
		if h.Open < h.Connections || h.Open == 0 {
			ink = Ink{Alert, Bold}
		}
		add(8, "ws "+strconv.Itoa(h.Open)+"/"+strconv.Itoa(h.Connections), ink)
	}
	if rate, ok := s.frames.rate(); ok {
		add(7, strconv.FormatFloat(rate, 'f', 0, 64)+" msg/s", Ink{})
		if rates, highest := s.frames.rates(); g.Width >= 112 {
			add(0, s.glyphs.sparkOf(rates, 0, max(highest, 1)), Ink{Role: Label})
		}
	}
	if h.Lags > 0 {
		add(6, "lag p50 "+latency(h.LagP50)+" p99 "+latency(h.LagP99), Ink{})
	}
	ink := Ink{}
	if h.Resyncs > 0 {
		ink = Ink{Attr: Bold}
	}
	add(5, "resyncs "+thousands(int64(h.Resyncs)), ink)
	if text, ink := s.share(h); text != "" {
		add(4, text, ink)
	}
	if text, ink := s.mirror(m); text != "" {
		add(6, text, ink)
	}
	if text, ink := s.account(); text != "" {
		need := 5
		if !s.in.Account.Known {
			need = 9
		}
		add(need, text, ink)
	}
	if v := &p.view; v.TickSize > 0 {
		add(2, "tick "+cents(v.TickSize, 0)+s.glyphs.cent, Ink{Role: Label})
	}
	g.pieces(0, y, g.Width, 2, list)
}

// share says how many of the states that the exchange announced were reached.
func (s *Screen) share(h *Health) (string, Ink) {
	known := h.Hash.Checked - h.Hash.Unknown
	switch {
	case h.HashingOff:
		return "hashes OFF: not made as they were", Ink{Alert, Bold}
	case known == 0:
		return "", Ink{}
	}
	good := h.Hash.Agreed + h.Hash.Healed
	ink := Ink{}
	if good < known {
		ink = Ink{Attr: Bold}
	}
	share := good * 1000 / known // rounded down: 100 % is all of them
	return "hash " + strconv.FormatUint(share/10, 10) + "." + strconv.FormatUint(share%10, 10) +
		"% of " + thousands(int64(known)), ink
}

// mirror says whether the two books of a market are each other's complement, as they
// are at the exchange.
func (s *Screen) mirror(m *Market) (string, Ink) {
	if len(m.Tokens) != 2 {
		return "", Ink{}
	}
	first, second := &m.Tokens[0].View, &m.Tokens[1].View
	switch {
	case !s.live(first) || !s.live(second):
		return "", Ink{}
	case s.differing.IsZero() || s.in.Clock.Sub(s.differing) < differFor:
		return "mirror ok", Ink{}
	}
	n := 0
	for range first.Snapshot.Complement().Changes(second.Snapshot) {
		n++
	}
	return "mirror: " + thousands(int64(n)) + " levels differ", Ink{Alert, Bold}
}

// differFor is how long the two books of a market have to differ before it is said: they
// are looked at one after the other, and a change may be between.
const differFor = 500 * time.Millisecond

// observeMirror notes since when the two books of the market differ.
func (s *Screen) observeMirror() {
	m := s.shownMarket()
	if m == nil || len(m.Tokens) != 2 || m.Tokens[0].View.Snapshot.Complement().Equal(m.Tokens[1].View.Snapshot) {
		s.differing = time.Time{}
	} else if s.differing.IsZero() {
		s.differing = s.in.Clock
	}
}

// drawTop shows the best prices and what follows from them, and returns the first line
// below.
func (s *Screen) drawTop(g *Grid, y int, p *pane) int {
	list := s.topPieces(p, true)
	if width(list[0].text)+width(list[1].text)+3 > g.Width {
		list = s.topPieces(p, false) // the prices without their sizes, rather than one of them
	}
	g.pieces(0, y, g.Width, 3, list)
	if !s.live(&p.view) {
		g.row(y, 0, g.Width, faint)
	}
	if g.Height < 18 {
		return y + 1
	}
	s.drawWithin(g, y+1, p)
	return y + 2
}

func faint(i Ink) Ink { return i.with(Faint) }

func (s *Screen) topPieces(p *pane, sizes bool) []piece {
	v := &p.view
	top, n := v.Snapshot.Top(), decimals(v)
	spread, both := top.Spread()
	text := "spread none"
	if both {
		text = "spread " + s.price(spread, v) + s.ticks(spread, v)
	}
	list := []piece{
		{"bid " + s.level(top.Bid, v, sizes), Ink{Bid, Bold}, 9},
		{"ask " + s.level(top.Ask, v, sizes), Ink{Ask, Bold}, 9},
		{text, Ink{Attr: Bold}, 8},
	}
	if mid, ok := top.Midpoint(); ok {
		list = append(list, piece{"mid " + s.marked(cents(mid, n+1), v), Ink{}, 7})
	}
	if micro, ok := top.Microprice(); ok {
		list = append(list, piece{"micro " + s.marked(between(micro, n), v), Ink{}, 4})
	}
	if last := s.lastTrade(s.shownMarket(), p); last != "" {
		list = append(list, piece{"last " + last, Ink{}, 5})
	}
	return list
}

// lastTrade shows the price of the last trade of the market as one of the outcome that is
// shown, and whether that was up or down. The price that the exchange's books give is of
// either outcome, and does not say of which.
func (s *Screen) lastTrade(m *Market, p *pane) string {
	trades := s.trades(m)
	if len(trades) == 0 {
		return ""
	}
	price := func(t *Trade) book.Price {
		if (t.Asset == p.view.Asset) == p.view.Derived {
			return t.Price.Complement()
		}
		return t.Price
	}
	last := price(&trades[0])
	text := cents(last, decimals(&p.view))
	for i := range trades {
		switch before := price(&trades[i]); {
		case last > before:
			return text + " " + s.glyphs.up
		case last < before:
			return text + " " + s.glyphs.down
		}
	}
	return text
}

// level shows a best level exactly, in brackets if it is not to be traded on.
func (s *Screen) level(l book.Level, v *engine.View, size bool) string {
	switch {
	case l.Size == 0:
		return "none"
	case !size:
		return s.price(l.Price, v)
	}
	return s.price(l.Price, v) + " " + s.glyphs.times + " " + exactly(int64(l.Size))
}

// price shows a price exactly, in brackets if it is not to be traded on.
func (s *Screen) price(p book.Price, v *engine.View) string {
	return s.marked(cents(p, decimals(v))+s.glyphs.cent, v)
}

// marked puts a number into brackets if it is not to be traded on.
func (s *Screen) marked(text string, v *engine.View) string {
	if s.live(v) {
		return text
	}
	return "[" + text + "]"
}

func (s *Screen) ticks(spread book.Price, v *engine.View) string {
	if v.TickSize == 0 || spread%v.TickSize != 0 {
		return ""
	}
	n := int64(spread / v.TickSize)
	if n == 1 {
		return " (1 tick)"
	}
	return " (" + thousands(n) + " ticks)"
}

// drawWithin shows how much rests near the best prices.
func (s *Screen) drawWithin(g *Grid, y int, p *pane) {
	v := &p.view
	const near = 5 * cent
	bid, bidErr := v.Snapshot.Within(book.Bid, near)
	ask, askErr := v.Snapshot.Within(book.Ask, near)
	if bidErr != nil || askErr != nil {
		return // it is more than can be counted
	}
	bar := 14
	if g.Width < 96 {
		bar = 8
	}
	whole := int64(max(bid.Notional, ask.Notional))
	x := g.put(0, y, g.Width, "within 5"+s.glyphs.cent+"  bid ", Ink{Role: Label})
	x = g.put(x, y, g.Width, "$"+short(int64(bid.Notional))+" ", Ink{Role: Bid})
	if g.Width >= 76 {
		g.right(y, x+bar, s.glyphs.whole(int64(bid.Notional), whole, bar), Ink{Role: Bid})
		x = g.put(x+bar, y, g.Width, " "+s.glyphs.column+" ", Ink{Role: Label})
		g.put(x, y, g.Width, s.glyphs.whole(int64(ask.Notional), whole, bar), Ink{Role: Ask})
		x += bar
	}
	x = g.put(x, y, g.Width, " $"+short(int64(ask.Notional)), Ink{Role: Ask})
	x = g.put(x, y, g.Width, " ask", Ink{Role: Label})
	if imbalance, ok := v.Snapshot.Imbalance(5); ok {
		text := "imbalance " + signed(imbalance)
		if x+3+width(text) <= g.Width {
			g.put(x+3, y, g.Width, text, Ink{})
		}
	}
	if !s.live(v) {
		g.row(y, 0, g.Width, faint)
	}
}

// signed shows a number from -1 to 1.
func signed(x float64) string {
	text := strconv.FormatFloat(x, 'f', 2, 64)
	if x >= 0 {
		return "+" + strings.TrimPrefix(text, "-")
	}
	return text
}
