package main

import (
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gdamore/tcell/v3"
	"github.com/gdamore/tcell/v3/color"
	"golang.org/x/term"

	"example.com/truebook/cmd/bookview/screen"
)

// opener opens the terminal. It is nil where there is none.
type opener func() (tcell.Screen, error)

// terminalOf returns how to open the terminal that standard output is, nil if it is none,
// or none on which a cursor can be moved.
func terminalOf(stdout *os.File) opener {
	if name := os.Getenv("TERM"); name == "" || name == "dumb" || !term.IsTerminal(int(stdout.Fd())) {
		return nil
	}
	return func() (tcell.Screen, error) {
		tty, err := tcell.NewScreen()
		if err == nil {
			restoreOnQuit(tty)
		}
		return tty, err
	}
}

// restoreOnQuit lets SIGQUIT end the program with its stacks, as it does without a screen, but
// on a terminal that is as it was. It is for as long as the program runs.
func restoreOnQuit(tty tcell.Screen) {
	quit := make(chan os.Signal, 1)
	signal.Notify(quit, syscall.SIGQUIT)
	go func() {
		<-quit
		restored := make(chan struct{})
		go func() {
			defer close(restored)
			_ = tty.Suspend() // unlike Fini it does not end the display, whose stack is wanted too
		}()
		select {
		case <-restored:
		case <-time.After(time.Second): // what hangs may be the terminal
		}
		signal.Reset(syscall.SIGQUIT)
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Signal(syscall.SIGQUIT)
		}
	}()
}

// terminal is a screen of tcell, and what it shows.
type terminal struct {
	tcell.Screen

	theme  theme
	drawn  *screen.Grid // nil if all of it is to be drawn
	shows  int          // how often something was sent to it
	button bool         // of the mouse is down
}

// theme gives a role its colour. Attributes stand beside it, so that nothing is lost
// without colours.
type theme map[screen.Role]color.Color

// The themes. cb is safe for the colour-blind: blue bids and orange asks, of Okabe and
// Ito's palette; light has darker ones of it, for a light background.
//
//nolint:gochecknoglobals // constants
var themes = map[string]theme{
	"mono": {},
	"classic": {
		screen.Bid: color.NewHexColor(0x3FB950), screen.Ask: color.NewHexColor(0xF85149),
		screen.Alert: color.NewHexColor(0xF0E442), screen.Good: color.NewHexColor(0x3FB950),
		screen.Label: color.NewHexColor(0x999999),
	},
	"cb": {
		screen.Bid: color.NewHexColor(0x56B4E9), screen.Ask: color.NewHexColor(0xE69F00),
		screen.Alert: color.NewHexColor(0xF0E442), screen.Good: color.NewHexColor(0x56B4E9),
		screen.Label: color.NewHexColor(0x999999),
	},
	"light": {
		screen.Bid: color.NewHexColor(0x0072B2), screen.Ask: color.NewHexColor(0xA84A00),
		screen.Alert: color.NewHexColor(0x7A0040), screen.Good: color.NewHexColor(0x0072B2),
		screen.Label: color.NewHexColor(0x666666),
	},
}

// fewColors is for terminals of 16 colours and less, on any background.
//
//nolint:gochecknoglobals // a constant
var fewColors = theme{screen.Bid: color.Teal, screen.Ask: color.Olive, screen.Alert: color.Olive, screen.Good: color.Teal}

// themeFor returns the theme of a terminal of so many colours. Some terminals say by
// COLORFGBG what their background is.
func themeFor(name string, colors int, background string) theme {
	switch {
	case colors == 0:
		return themes["mono"]
	case colors < 256 && name != "mono":
		return fewColors
	case name != "auto":
		return themes[name]
	}
	_, number, _ := strings.Cut(background, ";")
	number = number[strings.LastIndexByte(number, ';')+1:]
	if n, err := strconv.Atoi(number); err == nil && (n == 7 || n == 15) {
		return themes["light"]
	}
	return themes["cb"]
}

func newTerminal(open opener, o *options) (*terminal, error) {
	tty, err := open()
	if err != nil {
		return nil, err
	}
	if err := tty.Init(); err != nil {
		return nil, err
	}
	if !o.noMouse {
		tty.EnableMouse(tcell.MouseButtonEvents)
	}
	tty.HideCursor()
	return &terminal{Screen: tty, theme: themeFor(o.theme, tty.Colors(), os.Getenv("COLORFGBG"))}, nil
}

// ascii says that the terminal cannot show other characters.
func (t *terminal) ascii() bool { return !strings.EqualFold(t.CharacterSet(), "UTF-8") }

func (t *terminal) style(ink screen.Ink) tcell.Style {
	style := tcell.StyleDefault
	if c, ok := t.theme[ink.Role]; ok {
		style = style.Foreground(c)
	}
	return style.Bold(ink.Attr&screen.Bold != 0).Dim(ink.Attr&screen.Faint != 0).Reverse(ink.Attr&screen.Reverse != 0)
}

// draw sends what has changed since the last time, and nothing if nothing has.
func (t *terminal) draw(g *screen.Grid) {
	if g.Equal(t.drawn) {
		return
	}
	whole := t.drawn == nil || t.drawn.Width != g.Width || t.drawn.Height != g.Height
	for y := range g.Height {
		for x := range g.Width {
			cell := g.At(x, y)
			if cell.Text != "" && (whole || cell != t.drawn.At(x, y)) {
				t.Put(x, y, cell.Text, t.style(cell.Ink))
			}
		}
	}
	t.drawn = g
	t.shows++
	t.Show()
}

// otherKeys are those that are no characters.
//
//nolint:gochecknoglobals // a constant
var otherKeys = map[tcell.Key]screen.Key{
	tcell.KeyUp: screen.Up, tcell.KeyDown: screen.Down, tcell.KeyLeft: screen.Left, tcell.KeyRight: screen.Right,
	tcell.KeyPgUp: screen.PageUp, tcell.KeyPgDn: screen.PageDown, tcell.KeyHome: screen.Home,
	tcell.KeyEnter: screen.Enter, tcell.KeyEsc: screen.Escape,
	tcell.KeyBackspace: screen.Backspace, tcell.KeyDelete: screen.Backspace,
	tcell.KeyTab: screen.Tab, tcell.KeyBacktab: screen.BackTab, tcell.KeyCtrlC: screen.Interrupt,
}

// key translates a key, 0 if it means nothing here.
func key(e *tcell.EventKey) screen.Key {
	if e.Key() != tcell.KeyRune {
		return otherKeys[e.Key()]
	}
	if e.Modifiers()&(tcell.ModCtrl|tcell.ModAlt|tcell.ModMeta) != 0 {
		return 0
	}
	for _, r := range e.Str() {
		return screen.Key(r)
	}
	return 0
}
