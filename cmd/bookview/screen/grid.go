package screen

import (
	"strings"

	"github.com/rivo/uniseg"
)

// Role is what a cell shows. A terminal gives it a colour.
type Role uint8

// The roles.
const (
	Text  Role = iota
	Label      // a name of a value, a line
	Bid
	Ask
	Alert // something is wrong
	Good  // something is proved
)

// Attr is how a cell stands out where there are no colours.
type Attr uint8

// The attributes.
const (
	Bold Attr = 1 << iota
	Faint
	Reverse
)

// Ink is the look of a cell.
type Ink struct {
	Role Role
	Attr Attr
}

func (i Ink) with(a Attr) Ink { i.Attr |= a; return i }

// Cell is one place of a grid.
type Cell struct {
	// Text is one character as a reader sees it, which may be several runes, " " if there
	// is nothing. It is "" behind a character that is two cells wide.
	Text string
	Ink  Ink
}

// Grid is what a terminal shows: rows of cells.
type Grid struct {
	Width, Height int
	Cells         []Cell // row by row
}

func newGrid(width, height int) *Grid {
	g := &Grid{Width: width, Height: height, Cells: make([]Cell, width*height)}
	for i := range g.Cells {
		g.Cells[i].Text = " "
	}
	return g
}

// At returns a cell.
func (g *Grid) At(x, y int) Cell { return g.Cells[y*g.Width+x] }

// Equal says whether two grids show the same.
func (g *Grid) Equal(other *Grid) bool {
	if other == nil || g.Width != other.Width || g.Height != other.Height {
		return false
	}
	for i := range g.Cells {
		if g.Cells[i] != other.Cells[i] {
			return false
		}
	}
	return true
}

// String returns the rows without the space at their ends.
func (g *Grid) String() string {
	var out strings.Builder
	for y := range g.Height {
		var row strings.Builder
		for x := range g.Width {
			row.WriteString(g.At(x, y).Text)
		}
		out.WriteString(strings.TrimRight(row.String(), " "))
		out.WriteByte('\n')
	}
	return out.String()
}

// put writes a text from x on, as far as there is room before end, and returns where it
// ends. What is not printable is left out by whoever takes texts from strangers.
func (g *Grid) put(x, y, end int, text string, ink Ink) int {
	if y < 0 || y >= g.Height {
		return x
	}
	end = min(end, g.Width)
	for state := -1; text != ""; {
		var char string
		var width int
		char, text, width, state = uniseg.FirstGraphemeClusterInString(text, state)
		if width == 0 {
			continue
		}
		if x < 0 || x+width > end {
			break
		}
		g.Cells[y*g.Width+x] = Cell{char, ink}
		for behind := x + 1; behind < x+width; behind++ {
			g.Cells[y*g.Width+behind] = Cell{"", ink}
		}
		x += width
	}
	return x
}

// right writes a text so that it ends before end. A text that does not fit is left out:
// half of a number would be another one.
func (g *Grid) right(y, end int, text string, ink Ink) {
	if from := end - width(text); from >= 0 && end <= g.Width {
		g.put(from, y, end, text, ink)
	}
}

// row gives cells of a row an ink, and keeps what is in them.
func (g *Grid) row(y, from, end int, change func(Ink) Ink) {
	for x := max(from, 0); x < min(end, g.Width); x++ {
		cell := &g.Cells[y*g.Width+x]
		cell.Ink = change(cell.Ink)
	}
}

// line draws a horizontal line.
func (g *Grid) line(y, from, end int, glyph string) {
	for x := from; x < end; x++ {
		g.put(x, y, end, glyph, Ink{Role: Label})
	}
}

// piece is a part of a line of which there may be too many.
type piece struct {
	text string
	ink  Ink
	// need is how much it is needed: those with the least are left out first, the last of
	// them before the others.
	need int
}

// pieces writes as many of the pieces as fit, with gaps between them.
func (g *Grid) pieces(x, y, end, gap int, list []piece) {
	list = fitting(list, end-x, gap)
	for i, p := range list {
		if i > 0 {
			x += gap
		}
		x = g.put(x, y, end, p.text, p.ink)
	}
}

func fitting(list []piece, room, gap int) []piece {
	kept := make([]piece, 0, len(list))
	total := -gap
	for _, p := range list {
		if p.text != "" {
			kept = append(kept, p)
			total += gap + width(p.text)
		}
	}
	for total > room && len(kept) > 1 {
		least := 0
		for i := range kept {
			if kept[i].need <= kept[least].need {
				least = i
			}
		}
		total -= gap + width(kept[least].text)
		kept = append(kept[:least], kept[least+1:]...)
	}
	return kept
}
