package screen

import (
	"strconv"
	"strings"
	"time"

	"github.com/rivo/uniseg"

	"example.com/truebook/book"
)

// cent is a cent of a dollar as a price.
const cent = book.Dollar / 100

// width returns how many cells a text is wide.
func width(text string) int { return uniseg.StringWidth(text) }

// clip shortens a text to some cells, and shows that it did.
func clip(text string, room int, dots string) string {
	if width(text) <= room {
		return text
	}
	room -= width(dots)
	if room <= 0 {
		return ""
	}
	var out strings.Builder
	for state := -1; text != ""; {
		var char string
		var w int
		char, text, w, state = uniseg.FirstGraphemeClusterInString(text, state)
		if room -= w; room < 0 {
			break
		}
		out.WriteString(char)
	}
	return strings.TrimRight(out.String(), " ") + dots
}

// shortID shows both ends of an id.
func shortID(id, dots string) string {
	if len(id) <= 10 {
		return id
	}
	return id[:4] + dots + id[len(id)-4:]
}

// decimalsOf returns how many decimals a price has in cents.
func decimalsOf(p book.Price) int {
	n := 4
	for p %= cent; n > 0 && p%10 == 0; n-- {
		p /= 10
	}
	return n
}

// cents shows a price exactly in cents, with at least some decimals.
func cents(p book.Price, decimals int) string {
	decimals = max(decimals, decimalsOf(p))
	sign := ""
	if p < 0 {
		sign, p = "-", -p
	}
	text := sign + strconv.FormatInt(int64(p/cent), 10)
	if decimals > 0 {
		fraction := strconv.FormatInt(int64(cent+p%cent), 10)[1:] // four digits
		text += "." + fraction[:decimals]
	}
	return text
}

// between shows a price that is the result of a division in cents: to two decimals more
// than the tick has, four at most.
func between(p book.Price, decimals int) string {
	decimals = min(decimals+2, 4)
	unit := cent
	for range decimals {
		unit /= 10
	}
	return cents(p/unit*unit, decimals)
}

// thousands puts separators into a whole number.
func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// count shows a number of things.
func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return thousands(int64(n)) + " " + thing
}

// exactly shows a number of millionths in full.
func exactly(n int64) string {
	if n < 0 {
		return "-" + exactly(-n)
	}
	text := thousands(n / 1e6)
	if fraction := n % 1e6; fraction != 0 {
		text += "." + strings.TrimRight(strconv.FormatInt(1e6+fraction, 10)[1:], "0")
	}
	return text
}

// roughly cuts a number of millionths to what fits into a column: whole ones from ten
// on, hundredths below.
func roughly(n int64) string {
	switch {
	case n < 0:
		return "-" + roughly(-n)
	case n >= 10e6:
		return thousands(n / 1e6)
	case n > 0 && n < 1e4:
		return "<0.01"
	default:
		return exactly(n / 1e4 * 1e4)
	}
}

// short shows a number of millionths in some four characters: 18.1k.
func short(n int64) string {
	n /= 1e6
	switch {
	case n < 10_000:
		return thousands(n)
	case n < 1_000_000:
		return strconv.FormatInt(n/1000, 10) + "." + strconv.FormatInt(n/100%10, 10) + "k"
	default:
		return thousands(n/1_000_000) + "." + strconv.FormatInt(n/100_000%10, 10) + "M"
	}
}

// age shows how long something has been, in whole seconds, so that it changes with each
// of them and not more often.
func age(d time.Duration) string {
	s := int64(max(d, 0) / time.Second)
	two := func(n int64) string { return strconv.FormatInt(100+n, 10)[1:] }
	switch {
	case s < 60:
		return strconv.FormatInt(s, 10) + "s"
	case s < 3600:
		return strconv.FormatInt(s/60, 10) + "m" + two(s%60) + "s"
	case s < 24*3600:
		return strconv.FormatInt(s/3600, 10) + "h" + two(s/60%60) + "m"
	default:
		return strconv.FormatInt(s/86400, 10) + "d" + two(s/3600%24) + "h"
	}
}

// latency shows a duration of the size of a frame's way.
func latency(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "<1ms"
	case d < 10*time.Second:
		return strconv.FormatInt(int64(d/time.Millisecond), 10) + "ms"
	default:
		return age(d)
	}
}

// glyphs are the characters that are not letters.
type glyphs struct {
	dots, line, column, cross, live, stale, settling, gone string
	bar                                                    []string // a cell from empty to full
	spark                                                  []string // from low to high
	up, down, times, cursor, recording, pause, cent        string
}

//nolint:gochecknoglobals // constants
var (
	unicodeGlyphs = glyphs{
		dots: "…", line: "─", column: "│", cross: "┼", live: "●", stale: "◌", settling: "◐", gone: "■",
		bar:   []string{" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"},
		spark: []string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
		up:    "↑", down: "↓", times: "×", cursor: "▸", recording: "●", pause: "‖", cent: "¢",
	}
	asciiGlyphs = glyphs{
		dots: "..", line: "-", column: "|", cross: "+", live: "*", stale: "!", settling: "~", gone: "x",
		bar:   []string{" ", "#"},
		spark: []string{"_", ".", "-", "=", "+", "*", "#"},
		up:    "^", down: "v", times: "x", cursor: ">", recording: "*", pause: "||", cent: "c",
	}
)

func (g *glyphs) leftRight() string {
	if g.cent == "c" {
		return "left/right"
	}
	return "←→"
}

// barOf returns a bar of a share of some cells.
func (g *glyphs) barOf(part, whole int64, room int) string {
	if whole <= 0 || part <= 0 || room <= 0 {
		return ""
	}
	steps := len(g.bar) - 1
	n := int(float64(min(part, whole)) / float64(whole) * float64(room*steps))
	text := strings.Repeat(g.bar[steps], n/steps)
	if n%steps > 0 {
		text += g.bar[n%steps]
	}
	if text == "" {
		text = g.bar[1]
	}
	return text
}

// whole returns such a bar of whole cells, for one that grows to the left.
func (g *glyphs) whole(part, all int64, room int) string {
	if all <= 0 || part <= 0 {
		return ""
	}
	return strings.Repeat(g.bar[len(g.bar)-1], max(int(float64(part)/float64(all)*float64(room)), 1))
}

// sparkOf draws values that lie between two others; less than nothing is no value.
func (g *glyphs) sparkOf(values []int64, low, high int64) string {
	var out strings.Builder
	for _, v := range values {
		if v < 0 {
			out.WriteByte(' ')
			continue
		}
		at := (len(g.spark) - 1) / 2
		if high > low {
			at = int((v - low) * int64(len(g.spark)-1) / (high - low))
		}
		out.WriteString(g.spark[at])
	}
	return out.String()
}
