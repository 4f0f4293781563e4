package cli

import (
	"strconv"
	"strings"
	"unicode"
)

// Printable returns an identifier that came from a stranger, such as a slug or what was
// typed, as it may be shown on a terminal: quoted, if it has anything in it but plain
// characters. Nothing of it is hidden; a text for people is for [Clean].
func Printable(text string) string {
	for _, c := range text {
		if c < ' ' || c > '~' {
			return strconv.QuoteToASCII(text)
		}
	}
	return text
}

// Clean returns a text for people that a stranger wrote, such as a title, as it may be shown
// on a terminal: in one line, and without what moves a cursor, turns the direction of
// writing or is not seen. Letters of any language and their marks stay as they are.
func Clean(text string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case r == unicode.ReplacementChar, !unicode.IsPrint(r):
			return -1
		}
		return r
	}, text)), " ")
}
