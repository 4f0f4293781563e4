package screen

// helpLines say what the keys do, and what is where.
//
//nolint:gochecknoglobals // constants
var helpLines = []string{
	"bookview shows order books, and what proves them.",
	"",
	" LIVE             the book is the exchange's, as far as can be told",
	" STALE SYNCING    it is not, or may not be: prices stand in [brackets]",
	" PROVED by hash   the whole book has the hash that the exchange announced",
	" resyncs          how often a live book was doubted; epoch: became live",
	"",
	" t  one outcome, the other, both       l  levels, or every tick",
	" g  group by 1, 2, 5, 10 ticks         $  shares or dollars",
	" b  bars: cumulative or single sizes   + - 0  levels per side; 0 fills",
	" j k arrows wheel  scroll              c  centre again",
	" s or a click  what it costs to sweep to a level; s or esc ends it",
	" f  freeze, and go on                  r  record to a file, and stop",
	" m  list of markets   enter  open      tab  next one   /  find",
	" q  quit",
	"",
	" replay:  space  pause   .  next frame   [ ]  speed   left right  10 s",
	"          < >  a minute   :  go to a time, 14:05:00, 50%, +30s, -2m",
	"",
	" Prices are exact. Sizes in columns are cut to whole shares, from ten on;",
	" those of the best prices are exact. CHANGE is of the last three seconds.",
}

func (s *Screen) drawHelp(g *Grid) {
	for y, line := range helpLines {
		if y < g.Height-1 {
			g.put(0, y, g.Width, line, Ink{})
		}
	}
	g.put(0, g.Height-1, g.Width, "any key goes back", Ink{Attr: Bold})
}
