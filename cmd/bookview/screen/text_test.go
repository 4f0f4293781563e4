package screen

import (
	"math"
	"strings"
	"testing"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/internal/cli"
)

func TestCents(t *testing.T) {
	for _, c := range []struct {
		price    book.Price
		decimals int
		want     string
	}{
		{620_000, 0, "62"},
		{620_000, 1, "62.0"},
		{625_000, 0, "62.5"},
		{625_100, 1, "62.51"},
		{1, 0, "0.0001"},
		{999_999, 2, "99.9999"},
		{1_000_000, 0, "100"},
		{-10_000, 0, "-1"},
		{-15_000, 0, "-1.5"},
		{-100, 0, "-0.01"},
		{0, 2, "0.00"},
	} {
		if got := cents(c.price, c.decimals); got != c.want {
			t.Errorf("cents(%d, %d) = %q, want %q", c.price, c.decimals, got, c.want)
		}
	}
	if got := between(626_941, 1); got != "62.694" {
		t.Error(got)
	}
}

// TestCentsAreExact: every price is read back as it was.
func TestCentsAreExact(t *testing.T) {
	for p := book.Price(1); p < book.Dollar; p += 37 {
		text := cents(p, 1)
		back, err := book.ParsePrice(text)
		if err != nil && decimalsOf(p) <= 4 {
			t.Fatalf("%s: %v", text, err)
		}
		if back != p*100 {
			t.Fatalf("%d is shown as %s", p, text)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{exactly(2_815_370_000), "2,815.37"},
		{exactly(216_216_215), "216.216215"},
		{exactly(-1), "-0.000001"},
		{exactly(math.MaxInt64), "9,223,372,036,854.775807"},
		{roughly(2_815_370_000), "2,815"},
		{roughly(9_999_999), "9.99"},
		{roughly(10_999_999), "10"},
		{roughly(9_999), "<0.01"},
		{roughly(0), "0"},
		{roughly(-310_500_000), "-310"},
		{short(9_999e6), "9,999"},
		{short(18_149e6), "18.1k"},
		{short(999_999e6), "999.9k"},
		{short(1_234_567e6), "1.2M"},
		{age(-time.Hour), "0s"},
		{age(59*time.Second + 999*time.Millisecond), "59s"},
		{age(2*time.Minute + 4*time.Second), "2m04s"},
		{age(3*time.Hour + 2*time.Minute), "3h02m"},
		{age(50 * time.Hour), "2d02h"},
		{latency(300 * time.Microsecond), "<1ms"},
		{latency(9999 * time.Millisecond), "9999ms"},
		{latency(15 * time.Second), "15s"},
		{count(1, "market"), "1 market"},
		{count(2000, "market"), "2,000 markets"},
		{bytes(1023), "1023 B"},
		{bytes(2048), "2 KiB"},
		{bytes(5<<20 + 512<<10), "5.5 MiB"},
		{shortID("713210456792522125", "…"), "7132…2125"},
		{signed(-0.5), "-0.50"},
		{signed(0), "+0.00"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

// TestStrangersTexts: nothing that the exchange writes moves the cursor.
func TestStrangersTexts(t *testing.T) {
	for _, text := range []string{
		"\x1b[2J", "a\nb", "\u202ereversed", "\x9b31m", "\u2028", "a\x00b", "\u2066x\u2069", "\xff\xfe",
		"\r\r\r", strings.Repeat("\u0301", 1000),
	} {
		for _, r := range cli.Clean(text) {
			if r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x202e || r == 0x2028 || r == 0x2066 || r == 0x2069 {
				t.Errorf("%q is shown as %q", text, cli.Clean(text))
			}
		}
		g := newGrid(20, 1)
		g.put(0, 0, 20, cli.Clean(text), Ink{})
		if n := width(strings.TrimSuffix(g.String(), "\n")); n > 20 {
			t.Errorf("%q is %d cells wide", text, n)
		}
	}
}

func TestClip(t *testing.T) {
	for _, c := range []struct {
		text string
		room int
		want string
	}{
		{"abcdef", 6, "abcdef"},
		{"abcdef", 5, "abcd…"},
		{"日本語", 6, "日本語"},
		{"日本語", 5, "日本…"},
		{"日本語", 4, "日…"},
		{"ab cd", 4, "ab…"},
		{"abc", 1, ""},
		{"👩‍👩‍👧 family", 4, "👩‍👩‍👧…"},
	} {
		if got := clip(c.text, c.room, "…"); got != c.want {
			t.Errorf("clip(%q, %d) = %q, want %q", c.text, c.room, got, c.want)
		}
	}
}

func TestBars(t *testing.T) {
	g := &unicodeGlyphs
	for _, c := range []struct {
		part, whole int64
		want        string
	}{
		{0, 10, ""},
		{10, 10, "████"},
		{11, 10, "████"},
		{5, 10, "██"},
		{1, 32, "▏"},
		{1, 1000, "▏"}, // never nothing for something
		{9, 32, "█▏"},
		{math.MaxInt64, math.MaxInt64, "████"},
		{1, 0, ""},
	} {
		if got := g.barOf(c.part, c.whole, 4); got != c.want {
			t.Errorf("%d of %d: %q, want %q", c.part, c.whole, got, c.want)
		}
	}
	if got := g.sparkOf([]int64{0, 5, -1, 10}, 0, 10); got != "▁▄ █" {
		t.Errorf("%q", got)
	}
	if got := g.sparkOf([]int64{7}, 7, 7); got != "▄" {
		t.Errorf("%q", got)
	}
}

// TestPieces: what is needed least is left out first, and the last never.
func TestPieces(t *testing.T) {
	list := []piece{{text: "aaaa", need: 9}, {text: "bbbb", need: 1}, {}, {text: "cccc", need: 5}}
	for room, want := range map[int]string{20: "aaaa  bbbb  cccc", 15: "aaaa  cccc", 9: "aaaa", 2: "aa"} {
		g := newGrid(room, 1)
		g.pieces(0, 0, room, 2, list)
		if got := strings.TrimSpace(g.String()); got != want {
			t.Errorf("%d: %q, want %q", room, got, want)
		}
	}
}
