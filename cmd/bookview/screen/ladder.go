package screen

import (
	"strconv"

	"example.com/truebook/book"
	"example.com/truebook/engine"
)

// layout is where the columns of a ladder end. A column that there is no room for ends
// at 0.
type layout struct {
	from, end                             int
	mine                                  int
	cash, total, size, delta, other, this int
	side, bar                             int // where they begin
}

// layout lays the columns out: where there is little room, the complement's prices and
// dollars are left out first, then differences, then bars.
func (s *Screen) layout(from, end int, p *pane) layout {
	l := layout{from: from, end: end}
	room := end - from
	price := s.widest(&p.view)
	x := from + 1 // for the cursor
	column := func(width int) int {
		x += width
		return x
	}
	if s.in.Account != nil && room >= 60 {
		l.mine = column(11)
		room -= 11
	}
	if room >= 96 {
		l.cash = column(11)
	}
	l.total = column(11)
	l.size = column(11)
	if room >= 76 {
		l.delta = column(10)
	}
	if room >= 96 {
		l.other = column(max(price+2, 8))
		x++ // for a line
		l.this = column(max(price+1, 7))
	} else {
		l.this = column(max(price+2, 8))
	}
	l.side = x + 2
	if room >= 60 {
		l.bar = x + 4
	}
	return l
}

// narrow is the layout of one of two ladders: price, side, size, total and bar.
func (s *Screen) narrow(from, end int, p *pane) layout {
	l := layout{from: from, end: end}
	l.this = from + 1 + s.widest(&p.view)
	l.side = l.this + 1
	l.size = l.side + 11
	l.total = l.size + 10
	if end-l.total >= 6 {
		l.bar = l.total + 2
	}
	return l
}

// drawColumns names the columns.
func (s *Screen) drawColumns(g *Grid, y int, l *layout, p *pane) {
	ink := Ink{Role: Label}
	name := func(end int, text string) {
		if end > 0 {
			g.right(y, end, text, ink)
		}
	}
	size, total, delta := "SIZE", "CUM", "CHANGE"
	if s.cash { // beside dollars, the sums and the changes of shares say so
		size, total, delta = "SIZE $", "CUM $", "CHANGE #"
		if l.cash > 0 {
			total = "CUM #"
		}
	}
	this, other := clip(p.label, l.side-l.from-1, ""), clip(p.other, 6, "")
	if l.size < l.this { // it is not the first column
		this = clip(p.label, 6, "")
	}
	if this == "" {
		this = "PRICE"
	}
	if other == "" {
		other = "1-P"
	}
	name(l.mine, "MY")
	name(l.cash, "CUM $")
	name(l.total, total)
	name(l.size, size)
	name(l.delta, delta)
	name(l.this, this)
	if l.other > 0 {
		name(l.other, other)
		g.put(l.other, y, l.end, s.glyphs.column, ink)
	}
	if l.bar > 0 {
		kind := "cumulative"
		if s.alone {
			kind = "sizes"
		}
		text := "DEPTH, " + kind
		if l.end-l.bar < width(text) {
			text = "DEPTH"
		}
		if n := groups[s.group]; n > 1 {
			text += ", by " + strconv.Itoa(n) + " ticks"
		}
		if s.scroll != 0 {
			text += ", SCROLLED (c centres)"
		}
		g.put(l.bar, y, l.end, clip(text, l.end-l.bar, s.glyphs.dots), ink)
	}
}

// rowsOf are the rows of a ladder that are shown: nil where there is no level.
type rowsOf struct {
	list   []*rung
	prices []book.Price // of the rows of an axis, otherwise nil
	spread int          // the row between the sides, -1 if it is not one of its own
}

// rows returns what is to be shown in some rows.
func (s *Screen) rowsFor(v *engine.View, room int) rowsOf {
	if s.axis {
		return s.axisRows(v, room)
	}
	step := book.Price(0)
	if groups[s.group] > 1 {
		step = tick(v) * book.Price(groups[s.group])
	}
	above := (room - 1) / 2
	below := room - 1 - above
	if s.depth > 0 {
		above, below = min(above, s.depth), min(below, s.depth)
	}
	s.shown = max(s.shown, below)
	// One level stays in sight.
	s.scroll = min(max(s.scroll, -v.Snapshot.Len(book.Ask)), v.Snapshot.Len(book.Bid))
	spread := (room-1)/2 - s.scroll
	asks := rungs(v.Snapshot, book.Ask, step, max(spread, above))
	bids := rungs(v.Snapshot, book.Bid, step, max(room-1-spread, below))
	if s.depth > 0 {
		asks, bids = asks[:min(len(asks), s.depth)], bids[:min(len(bids), s.depth)]
	}
	rows := rowsOf{list: make([]*rung, room), spread: spread}
	for y := range rows.list {
		switch {
		case y < spread && spread-y-1 < len(asks):
			rows.list[y] = &asks[spread-y-1]
		case y > spread && y-spread-1 < len(bids):
			rows.list[y] = &bids[y-spread-1]
		}
	}
	return rows
}

// axisRows has a row for each step of price. It stays where it is until the best prices
// leave its middle half.
func (s *Screen) axisRows(v *engine.View, room int) rowsOf {
	step := tick(v) * book.Price(groups[s.group])
	s.shown = room / 2
	top := v.Snapshot.Top()
	inside := top.Bid.Price
	if mid, ok := top.Midpoint(); ok {
		inside = mid
	} else if top.Ask.Size > 0 {
		inside = top.Ask.Price
	}
	inside = inside / step * step
	away := inside - s.center
	if away < 0 {
		away = -away
	}
	if at := (placed{v.Asset, step}); s.place != at || away > step*book.Price(max(room/4, 1)) {
		s.place, s.center = at, inside
	}
	rows := rowsOf{list: make([]*rung, room), prices: make([]book.Price, room), spread: -1}
	s.scroll = min(max(s.scroll, -int(book.Dollar/step)), int(book.Dollar/step))
	first := s.center + step*book.Price((room-1)/2-s.scroll)
	for y := range rows.prices {
		rows.prices[y] = first - step*book.Price(y)
	}
	for _, side := range []book.Side{book.Ask, book.Bid} {
		n := int(book.Dollar/step) + 2
		for _, r := range rungs(v.Snapshot, side, step, n) {
			y := int((first - r.price) / step)
			if y < 0 || y >= room || first-r.price < 0 {
				continue
			}
			if rows.list[y] == nil || side == book.Bid && r.size > rows.list[y].size { // both sides: crossed
				rows.list[y] = &r
			}
		}
	}
	return rows
}

// placed says of what the middle of an axis is.
type placed struct {
	asset string
	step  book.Price
}

// drawLadder draws the rows of a ladder.
func (s *Screen) drawLadder(g *Grid, from, end int, l *layout, p *pane) {
	v := &p.view
	if end-from < 1 {
		return
	}
	rows := s.rowsFor(v, end-from)
	scale := s.scale(rows.list)
	for i, r := range rows.list {
		y := from + i
		switch {
		case i == rows.spread:
			s.drawSpread(g, y, l, p, scale)
		case r != nil:
			s.drawRung(g, y, l, p, r, scale)
		case rows.prices != nil && rows.prices[i] > 0 && rows.prices[i] < book.Dollar:
			s.drawPrice(g, y, l, v, rows.prices[i], Ink{Role: Label})
		case i == rows.spread-1 && v.Snapshot.Len(book.Ask) == 0:
			g.right(y, l.size, "no asks", Ink{Role: Ask})
		case i == rows.spread+1 && v.Snapshot.Len(book.Bid) == 0:
			g.right(y, l.size, "no bids", Ink{Role: Bid})
		}
		if !s.live(v) {
			g.row(y, l.from, l.end, faint)
		}
	}
}

// scale returns what a full bar is.
func (s *Screen) scale(rows []*rung) (most int64) {
	for _, r := range rows {
		if r != nil {
			most = max(most, s.weight(r))
		}
	}
	return most
}

// weight is what the bar of a row shows.
func (s *Screen) weight(r *rung) int64 {
	switch {
	case s.alone && s.cash:
		return int64(r.cash)
	case s.alone:
		return int64(r.size)
	case s.cash:
		return int64(r.totalCash)
	default:
		return int64(r.total)
	}
}

func (s *Screen) drawRung(g *Grid, y int, l *layout, p *pane, r *rung, scale int64) {
	v := &p.view
	ink, letter := Ink{Role: Bid}, "B"
	if r.side == book.Ask {
		ink, letter = Ink{Role: Ask}, "A"
	}
	top := v.Snapshot.Top()
	if r.holds(top.Bid.Price) && r.side == book.Bid || r.holds(top.Ask.Price) && r.side == book.Ask {
		ink = ink.with(Bold)
	}
	s.rows[y] = *r
	if s.pin != nil && s.page == ladderPage && s.pin.side == r.side && r.holds(s.pin.price) {
		g.put(l.from, y, l.end, s.glyphs.cursor, Ink{Attr: Bold})
	}
	net, flash := p.history.change(r, v.Derived, s.in.Clock)
	size, total, cash := int64(r.size), int64(r.total), int64(r.totalCash)
	if s.cash {
		size = int64(r.cash)
		if l.cash == 0 {
			total = cash
		}
	}
	plain := Ink{}
	if l.cash > 0 {
		g.right(y, l.cash, fit(cash, 10), plain)
	}
	g.right(y, l.total, fit(total, 10), plain)
	if l.mine > 0 {
		g.right(y, l.mine, s.mineText(p, r), Ink{Attr: Bold})
	}
	sizeInk := ink
	if flash && s.flash && s.live(v) {
		sizeInk = ink.with(Reverse)
	}
	g.right(y, l.size, fit(size, 10), sizeInk)
	if l.delta > 0 && net != 0 && s.live(v) {
		text := fit(int64(net), 8)
		if net > 0 {
			text = "+" + text
		}
		g.right(y, l.delta, text, Ink{Attr: Bold})
	}
	s.drawPrice(g, y, l, v, r.price, ink)
	g.put(l.side, y, l.end, letter, ink)
	if l.bar > 0 {
		g.put(l.bar, y, l.end, s.glyphs.barOf(s.weight(r), scale, l.end-l.bar), Ink{Role: ink.Role})
	}
}

func (s *Screen) drawPrice(g *Grid, y int, l *layout, v *engine.View, p book.Price, ink Ink) {
	g.right(y, l.this, s.bare(p, v), ink)
	if l.other > 0 {
		g.right(y, l.other, s.bare(p.Complement(), v), Ink{Role: Label})
		g.put(l.other, y, l.end, s.glyphs.column, Ink{Role: Label})
	}
}

// bare is price without a unit.
func (s *Screen) bare(p book.Price, v *engine.View) string {
	return s.marked(cents(p, decimals(v)), v)
}

// fit shows a number of millionths in a column.
func fit(n int64, room int) string {
	text := roughly(n)
	if len(text) > room {
		text = short(n)
	}
	return text
}

// drawSpread draws the line between the sides.
func (s *Screen) drawSpread(g *Grid, y int, l *layout, p *pane, scale int64) {
	g.line(y, l.from, l.end, s.glyphs.line)
	v := &p.view
	text := " spread none "
	if spread, ok := v.Snapshot.Spread(); ok {
		text = " spread " + s.price(spread, v) + " "
	}
	g.put(l.from+2, y, l.end, text, Ink{Attr: Bold})
	if l.other > 0 {
		g.put(l.other, y, l.end, s.glyphs.cross, Ink{Role: Label})
	}
	if l.bar > 0 && scale > 0 {
		unit := ""
		if s.cash {
			unit = "$"
		}
		text := " full bar " + unit + short(scale) + " "
		if l.end-l.bar > width(text) {
			g.right(y, l.end, text, Ink{Role: Label})
		}
	}
}
