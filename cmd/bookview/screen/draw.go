package screen

import (
	"strconv"

	"example.com/truebook/internal/cli"
)

// Below these a screen is a few lines of text.
const (
	leastWidth  = 40
	leastHeight = 10
	// bothWidth is the least for two ladders beside each other.
	bothWidth = 72
)

// Draw returns what is to be shown on so many cells.
func (s *Screen) Draw(width, height int) *Grid {
	g := newGrid(max(width, 0), max(height, 0))
	s.rows, s.listed, s.shown = map[int]rung{}, map[int]int{}, 0
	m := s.shownMarket()
	switch {
	case g.Width == 0 || g.Height == 0:
	case s.help:
		s.drawHelp(g)
	case m == nil:
		g.put(0, 0, g.Width, "bookview: no book has come yet", Ink{Role: Text})
		s.drawFoot(g, nil)
	case width < leastWidth || height < leastHeight:
		s.drawLines(g, m)
	case s.page == listPage:
		s.drawList(g)
	default:
		s.drawMarket(g, m)
	}
	return g
}

// drawMarket shows one market: its head, one ladder or two, what has been, and the keys.
func (s *Screen) drawMarket(g *Grid, m *Market) {
	p := s.pane(m, s.outcome)
	y := s.drawHead(g, m, &p)
	end := s.drawFoot(g, &p)
	if g.Height >= 20 {
		end--
		s.drawMids(g, end, &p)
	}
	if g.Height >= 17 {
		end--
		s.drawTape(g, end, m)
	}
	if s.page == bothPage && g.Width >= bothWidth {
		s.drawBoth(g, y, end, m)
		return
	}
	y = s.drawTop(g, y, &p)
	l := s.layout(0, g.Width, &p)
	s.drawColumns(g, y, &l, &p)
	s.drawLadder(g, y+1, end, &l, &p)
}

// drawFoot shows the last lines, and returns the first of them.
func (s *Screen) drawFoot(g *Grid, p *pane) int {
	y := g.Height - 1
	switch {
	case s.prompt != nil && s.prompt.filter:
		g.put(0, y, g.Width, "show markets with: "+s.prompt.text+"_", Ink{Attr: Bold})
	case s.prompt != nil:
		text := "go to (14:05:00, 50%, +30s, -2m): "
		if s.prompt.wrong {
			text = "NOT UNDERSTOOD. " + text
		}
		g.put(0, y, g.Width, text+s.prompt.text+"_", Ink{Attr: Bold})
	case s.pin != nil && p != nil && s.page == ladderPage:
		ink := Ink{Attr: Bold}
		if !s.live(&p.view) {
			ink = Ink{Alert, Faint}
		}
		g.put(0, y, g.Width, s.sweep(p), ink)
	default:
		g.pieces(0, y, g.Width, 2, s.keyPieces())
	}
	if s.newest.Playback != nil {
		y--
		s.drawPlayback(g, y)
	}
	if s.newest.Note != "" {
		y--
		g.put(0, y, g.Width, clip(cli.Clean(s.newest.Note), g.Width, s.glyphs.dots), Ink{Role: Label})
	}
	if s.newest.Recording != nil {
		y--
		s.drawRecording(g, y)
	}
	return y
}

func (s *Screen) keyPieces() []piece {
	list := []piece{{"q quit", Ink{}, 9}, {"? help", Ink{}, 9}}
	add := func(need int, texts ...string) {
		for _, text := range texts {
			list = append(list, piece{text, Ink{Role: Label}, need})
		}
	}
	if s.newest.Playback != nil {
		add(8, "space pause", ". step", "[ ] speed", s.glyphs.leftRight()+" 10s", ": go to")
	}
	if s.page == listPage {
		add(5, "enter open", "/ find", "jk move")
		return list
	}
	add(6, "t yes/no/both", "f freeze")
	if s.page == ladderPage {
		add(6, "s sweep")
	}
	if s.newest.Playback == nil {
		add(5, "r record")
	}
	add(4, "l ladder", "g group", "$ dollars")
	if len(s.in.Markets) > 1 {
		add(7, "m markets", "tab next")
	}
	add(3, "b bars", "+- depth", "c centre", "jk scroll")
	return list
}

// drawPlayback shows where the recording is.
func (s *Screen) drawPlayback(g *Grid, y int) {
	p := s.newest.Playback
	whole, part := p.End.Sub(p.Begin), p.At.Sub(p.Begin)
	percent := 100
	if whole > 0 {
		percent = int(min(max(part*100/whole, 0), 100))
	}
	what := speedText(p.Speed)
	switch {
	case p.Busy != "":
		what = p.Busy
	case p.AtEnd:
		what = "at its end"
	case p.Paused:
		what = s.glyphs.pause + " paused (" + what + ")"
	}
	const clock = "15:04:05"
	x := g.put(0, y, g.Width, "replay "+p.At.UTC().Format(clock)+" ", Ink{Attr: Bold})
	right := " " + p.End.UTC().Format(clock) + " UTC  " + strconv.Itoa(percent) + "%  " + what
	room := g.Width - x - width(right)
	if room >= 4 {
		g.line(y, x, x+room, s.glyphs.line)
		g.put(x, y, x+room, s.glyphs.barOf(int64(part), int64(whole), room), Ink{})
		x += room
	}
	g.put(x, y, g.Width, right, Ink{})
}

// speedText shows how fast a recording is shown.
func speedText(speed float64) string {
	if speed == 0 {
		return "max"
	}
	return strconv.FormatFloat(speed, 'g', 4, 64) + "x"
}

func (s *Screen) drawRecording(g *Grid, y int) {
	r := s.newest.Recording
	ink := Ink{Role: Alert}
	text := s.glyphs.recording + " REC " + cli.Clean(r.Name) + "  " + bytes(r.Bytes)
	if r.Dropped > 0 {
		text += "  " + thousands(int64(r.Dropped)) + " frames are not in it"
	}
	if r.Err != nil {
		text = "recording has stopped: " + cli.Clean(r.Err.Error())
		ink.Attr = Reverse
	}
	g.put(0, y, g.Width, clip(text, g.Width, s.glyphs.dots), ink)
}

// bytes shows the size of a file.
func bytes(n int64) string {
	switch {
	case n < 1<<10:
		return strconv.FormatInt(n, 10) + " B"
	case n < 1<<20:
		return strconv.FormatInt(n>>10, 10) + " KiB"
	default:
		return thousands(n>>20) + "." + strconv.FormatInt(n>>10%1024*10/1024, 10) + " MiB"
	}
}
