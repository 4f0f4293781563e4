package main

import (
	"fmt"
	"html"
	"os"
	"strings"
	"testing"

	"github.com/gdamore/tcell/v3/color"
	"github.com/gdamore/tcell/v3/vt"

	"example.com/truebook/cmd/bookview/internal/golden"
)

// TestPicture takes the pictures of the README: the demo on a terminal of 112x34, as text
// and as SVG. They are of a few seconds in real time, so that they are another each time;
// the test looks that what was taken last can still be what it shows.
func TestPicture(t *testing.T) {
	t.Parallel()
	if golden.Updating() {
		e := newEmulator(112, 34)
		wait := start(t, e)
		e.await(t, `● LIVE for 9s.*PROVED by hash(?s:.*)BUY(?s:.*)SELL|● LIVE for 10s`)
		text, picture := e.text(), svg(e)
		e.SendRaw([]byte("q"))
		wait()
		for name, data := range map[string]string{"picture.txt": text, "picture.svg": picture} {
			if err := os.WriteFile("testdata/"+name, []byte(data), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	text, picture := source(t, "testdata/picture.txt"), source(t, "testdata/picture.svg")
	for _, want := range []string{"SIMULATED", "● LIVE for ", "PROVED by hash", "spread ", "mid ", "mirror ok", "q quit"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in the text", want)
		}
		if !strings.Contains(picture, html.EscapeString(want)) {
			t.Errorf("%q is not in the picture", want)
		}
	}
}

// svg draws what a terminal shows, each run of cells of one look as a text.
func svg(e *emulator) string {
	const cellWidth, cellHeight, size = 8.4, 17, 14
	window := e.Backend().GetSize()
	var out strings.Builder
	width, height := float64(window.X)*cellWidth+20, int(window.Y)*cellHeight+20
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%d" viewBox="0 0 %.0f %d">`+"\n", width, height, width, height)
	fmt.Fprintf(&out, `<rect width="100%%" height="100%%" rx="6" fill="#111418"/>`+"\n"+
		`<g font-family="ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace" font-size="%d" xml:space="preserve">`+"\n", size)
	for y := range window.Y {
		for x := vt.Col(0); x < window.X; {
			first := e.GetCell(vt.Coord{X: x, Y: y})
			from := x
			var text strings.Builder
			for ; x < window.X; x++ {
				cell := e.GetCell(vt.Coord{X: x, Y: y})
				if !cell.S.Equal(first.S) {
					break
				}
				if cell.C == "" {
					cell.C = " "
				}
				text.WriteString(cell.C)
			}
			out.WriteString(run2svg(text.String(), first.S, float64(from)*cellWidth+10, int(y)*cellHeight+10, cellWidth, cellHeight))
		}
	}
	out.WriteString("</g>\n</svg>\n")
	return out.String()
}

func run2svg(text string, style vt.Style, x float64, y int, cellWidth float64, cellHeight int) string {
	front, back, attr := hex(style.Fg(), "#d8dee6"), "#111418", style.Attr()
	n := float64(len([]rune(text)))
	shape := ""
	if attr&vt.Reverse != 0 {
		front, back = back, front
		shape = fmt.Sprintf(`<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", x, y, n*cellWidth, cellHeight, back)
	}
	if strings.TrimSpace(text) == "" {
		return shape
	}
	looks := ""
	if attr&vt.Bold != 0 {
		looks += ` font-weight="bold"`
	}
	if attr&vt.Dim != 0 {
		looks += ` opacity="0.55"`
	}
	return shape + fmt.Sprintf(`<text x="%.1f" y="%d" textLength="%.1f" lengthAdjust="spacingAndGlyphs" fill="%s"%s>%s</text>`+"\n",
		x, y+13, n*cellWidth, front, looks, html.EscapeString(text))
}

func hex(c color.Color, otherwise string) string {
	if !c.Valid() {
		return otherwise
	}
	return fmt.Sprintf("#%06x", c.Hex())
}
