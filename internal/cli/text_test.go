package cli_test

import (
	"testing"

	"example.com/truebook/internal/cli"
)

// TestClean: what people wrote stays, and what a terminal would obey goes.
func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"": "", " \t\n": "", "plain": "plain",
		"Élection à São Paulo — “José” ’24": "Élection à São Paulo — “José” ’24",
		"e\u0301 日本 ελ د":                   "e\u0301 日本 ελ د",
		"a\x1b[2Jb\x07":                     "a [2Jb",
		"a\u009b2Jb":                        "a 2Jb",
		"a\r\nb\t c\u2028d\u00a0e":          "a b c d e",
		"a\u202eb\u2066c\u200fd":            "abcd",
		"a\u200bb\u200dc\ufeffd\u00ade":     "abcde",
		"a\xffb\ufffdc\U000e0041d":          "abcd",
	} {
		if got := cli.Clean(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestPrintable: an identifier is shown whole, and quoted if it is odd.
func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "a-slug": "a-slug", "a\x1b": `"a\x1b"`, "é": `"\u00e9"`, "\u202e": `"\u202e"`, "\xff": `"\xff"`,
	} {
		if got := cli.Printable(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
