package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode"

	"example.com/truebook/engine"
	"example.com/truebook/feed/rest"
	"example.com/truebook/internal/cli"
)

// hostile is what a stranger may write, as JSON has it: an accent and a typographic quote
// that are to be read, and what a terminal would obey.
const hostile = `\u001b[2J\u001b]0;pwn\u0007\u202e\u200b\u0085é’`

// answers is what a site answers to each path: others are not known there.
type answers map[string]string

func (a answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, ok := a[r.URL.Path]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		text = `{"error":"not found"}`
	}
	io.WriteString(w, text)
}

// resolveAt asks a site for names.
func resolveAt(t *testing.T, site http.Handler, typed io.Reader, names ...string) (found *targets, code int, talk string) {
	t.Helper()
	s := httptest.NewServer(site)
	defer s.Close()
	r, out := asking(t, rest.Options{URL: s.URL, GammaURL: s.URL + "/gamma"}, typed)
	defer r.client.Close()
	r.patience = 5 * time.Second
	found, code = r.resolve(t.Context(), names)
	return found, code, out.String()
}

const someMarket = "0xabababababababababababababababababababababababababababababababab"

// orderBook is what the order book says of someMarket, with other fields before these.
func orderBook(fields string) string {
	return `{"condition_id":"` + someMarket + `",` + fields + `"neg_risk":false,"active":true,"closed":false,"accepting_orders":true,
		"minimum_order_size":5,"minimum_tick_size":0.01,"tokens":[{"token_id":"1","outcome":"Yes"},{"token_id":"2","outcome":"No"}]}`
}

// TestHostileTexts: whatever a stranger writes, a terminal shows it and does not obey, and
// what people wrote is readable.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	closed := strings.Replace(orderBook(`"market_slug":"slug`+hostile+`","question":"Q",`), `"closed":false`, `"closed":true`, 1)
	noBook := orderBook(`"market_slug":"slug` + hostile + `","enable_order_book":false,`)
	event := `{"slug":"e","title":"Title` + hostile + `","markets":[{"slug":"slug` + hostile + `","groupItemTitle":"Group` + hostile + `"},{"question":"Question` +
		hostile + `","slug":"b"},{"slug":"c","clobTokenIds":["3","4"],"enableOrderBook":false}]}`
	search := `{"events":[{"slug":"found","title":"Found` + hostile + `"}]}`
	for _, test := range []struct {
		what string
		site answers
		name string
		code int
		says []string
	}{
		{"a closed market", answers{"/markets/" + someMarket: closed}, someMarket, cli.Closed, []string{`market "slug\x1b`, "is closed\n"}},
		{"one without an order book", answers{"/markets/" + someMarket: noBook}, someMarket, cli.Closed, []string{`market "slug\x1b`, "has no order book\n"}},
		{"an event", answers{"/gamma/events/slug/e": event}, "e", cli.Usage, []string{
			"Title [2J ]0;pwn é’\n", "1  Group [2J ]0;pwn é’", `"slug\x1b`, "2  Question [2J ]0;pwn é’", "c     no order book\n",
		}},
		{"a search", answers{"/gamma/public-search": search}, "e", cli.NotFound, []string{"  found  Found [2J ]0;pwn é’\n"}},
	} {
		_, code, talk := resolveAt(t, test.site, nil, test.name)
		if code != test.code || obeyed(talk) {
			t.Errorf("%s: exit %d, %q", test.what, code, talk)
		}
		for _, says := range test.says {
			if !strings.Contains(strings.Join(strings.Fields(talk), " "), strings.Join(strings.Fields(says), " ")) {
				t.Errorf("%s: %q lacks %q", test.what, talk, says)
			}
		}
	}
	const wrote = "\x1b[2J\x1b]0;pwn\a\u202e\u200b\u0085é’"
	m := &rest.Market{Question: "Q" + wrote, Slug: "s" + wrote, EndDate: time.Date(2027, 1, 2, 3, 4, 0, 0, time.UTC)}
	var table strings.Builder
	if err := writeTable(&table, &engine.View{}, named{m, "O" + wrote}, 1); err != nil {
		t.Fatal(err)
	}
	if name, _, _ := strings.Cut(table.String(), "\n"); obeyed(table.String()) ||
		!strings.HasPrefix(name, `name    Q [2J ]0;pwn é’: O [2J ]0;pwn é’ ("s\x1b`) || !strings.HasSuffix(name, "), ends 2027-01-02 03:04 UTC") {
		t.Errorf("%q", table.String())
	}
}

// obeyed says whether a terminal would do something else than to show a text.
func obeyed(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) })
}

// TestReplayNames: a recording has no slugs, and says so before it is looked for.
func TestReplayNames(t *testing.T) {
	t.Parallel()
	code, _, stderr := call(t, "", "--replay", "none", "polymarket.com/event/x")
	if code != cli.Usage || stderr != "bookview: x: a recording has no such names, but the ids of tokens and of conditions (0x...)\n" {
		t.Errorf("exit %d, %s", code, stderr)
	}
}
