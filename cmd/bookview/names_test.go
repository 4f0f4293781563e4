package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/truebook/feed/feedtest"
	"example.com/truebook/feed/rest"
	"example.com/truebook/internal/cli"
)

// asking is a resolver that asks a simulated exchange, and somebody who types.
func asking(t *testing.T, o rest.Options, typed io.Reader) (*resolver, *output) {
	t.Helper()
	client, err := rest.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	talk := &output{}
	r := &resolver{client: client, stderr: talk, patience: 10 * time.Second}
	if typed != nil {
		r.answers = bufio.NewReader(typed)
	}
	return r, talk
}

// options of a client of a simulated exchange.
func optionsOf(flags []string) rest.Options { return rest.Options{URL: flags[3], GammaURL: flags[5]} }

// TestNames: bookview takes any name of a market, and says in each line what it is called.
func TestNames(t *testing.T) {
	t.Parallel()
	_, flags, markets := exchange(t, feedtest.VenueOptions{Seed: 2, Rate: 50})
	rain, btc, bob := markets[0], markets[1], markets[3]
	both := func(m feedtest.Market) string { return m.Yes + " " + m.No }
	for name, want := range map[string]struct {
		market feedtest.Market
		tokens string
	}{
		"https://polymarket.com/event/" + rain.Event + "?tid=1758818660485": {rain, both(rain)},
		"polymarket.com/zh-hant/event/" + bob.Event + "/" + bob.Slug + "#x": {bob, both(bob)},
		"https://polymarket.com/sports/btc/" + btc.Slug:                     {btc, both(btc)},
		btc.Slug:                       {btc, both(btc)},
		strings.ToUpper(bob.Slug):      {bob, both(bob)},
		rain.Condition:                 {rain, both(rain)},
		strings.ToUpper(bob.Condition): {bob, both(bob)},
		btc.No:                         {btc, btc.No},
		" " + btc.Yes + "\n":           {btc, btc.Yes},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := call(t, "", append(slices.Clone(flags), "--once", "--json", "--depth", "1", name)...)
			if code != 0 || stderr != "" {
				t.Errorf("exit %d, stderr %s", code, stderr)
			}
			var tokens []string
			ends := "2026-12-31T12:00:00Z"
			if n, err := rest.ParseName(name); err != nil || n.Kind == rest.TokenName || n.Kind == rest.ConditionName {
				ends = "2026-12-31T23:59:59Z" // of which the order book says the day
			}
			for _, l := range lines(t, stdout) {
				if l.Ends != ends {
					t.Errorf("it ends %s, want %s", l.Ends, ends)
				}
				outcome := want.market.Outcomes[slices.Index([]string{want.market.Yes, want.market.No}, l.Asset)]
				if l.Slug != want.market.Slug || l.Question != want.market.Question || l.Outcome != outcome || l.Market != want.market.Condition {
					t.Errorf("%+v", l)
				}
				tokens = append(tokens, l.Asset)
			}
			if got := strings.Join(tokens, " "); got != want.tokens {
				t.Errorf("tokens %s, want %s", got, want.tokens)
			}
		})
	}
}

// TestNamesRefused: what cannot be watched ends with its exit code, says why, and writes no
// data.
func TestNamesRefused(t *testing.T) {
	t.Parallel()
	server, flags, markets := exchange(t, feedtest.VenueOptions{Seed: 2, Rate: 0.01})
	server.Do(func(v *feedtest.Venue) { v.Inject(feedtest.Fault{Kind: feedtest.SettleSilent, Market: 1}) })
	event := markets[2].Event
	for _, test := range []struct {
		stdin string
		names []string
		code  int
		says  []string
	}{
		{"", []string{"no slug"}, cli.Usage, []string{"bookview: \"no slug\" names no market"}},
		{"", []string{"https://example.com/event/x"}, cli.Usage, []string{"no address on polymarket.com"}},
		{"", []string{markets[0].Slug, "0x7"}, cli.Usage, []string{"0x and 64"}},
		{"", []string{event}, cli.Usage, []string{
			"Who wins", "\n   1  Alice  will-alice-win", "\n   2  Bob    will-bob-win", "closed\n", "not open yet\n", "5 markets", "name one of them",
		}},
		{"2\n", []string{"https://polymarket.com/event/" + event}, cli.Usage, []string{"\n   1  Alice", "name one of them"}}, // stdin is no terminal
		{"", []string{feedtest.OldEvent}, cli.Usage, []string{
			"Wer gewinnt – “São Paulo”? [2J\n", "\n   1  pool é   old-pool  no order book\n   2  three é  old-three\n   3  null é   old-null  not open yet\n",
			"\n   4  odd é    old-odd   cannot be read: closed: neither true nor false\n", "4 markets",
		}},
		{"", []string{"old-pool"}, cli.Closed, []string{"bookview: market old-pool has no order book\n"}},
		{"", []string{"old-odd"}, cli.Failure, []string{"the answer about market old-odd: closed"}},
		{"", []string{markets[1].Slug}, cli.Closed, []string{markets[1].Slug + " is closed"}},
		{"", []string{markets[1].Condition}, cli.Closed, []string{markets[1].Slug + " is closed"}},
		{"", []string{markets[1].No}, cli.Closed, []string{markets[1].Slug + " is closed"}},
		{"", []string{"will-carol-win-the-election-on-day-1"}, cli.Closed, []string{"is closed"}},
		{"", []string{"will-dave-win-the-election-on-day-1"}, cli.Closed, []string{"has no order book yet"}},
		{"", []string{"will-erin-win-the-election-on-day-1"}, cli.Closed, []string{"has no order book yet"}},
		{"", []string{"will-it-rain-in-lisboa-on-day-1"}, cli.NotFound, []string{
			"the exchange has no market will-it-rain-in-lisboa-on-day-1\n", "search finds", "  " + markets[0].Slug + "  Will it rain in Lisbon on day 1?\n",
		}},
		{"", []string{markets[0].Yes, "zzz"}, cli.NotFound, []string{"no market zzz\n"}},
		{"", []string{"7"}, cli.NotFound, []string{"no market and no book of token 7"}},
		{"", []string{"0x" + strings.Repeat("ab", 32)}, cli.NotFound, []string{"no market 0xabab"}},
		{"", []string{"-"}, cli.Usage, []string{"standard input names nothing"}},
		{"# only this\n\n", []string{"-"}, cli.Usage, []string{"standard input names nothing"}},
		{"7\n", []string{"-", "-"}, cli.Usage, []string{"read once"}},
		{"7\nno slug\n", []string{"-"}, cli.Usage, []string{"names no market"}},
	} {
		t.Run(strings.Join(test.names, " "), func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := call(t, test.stdin, append(slices.Clone(flags), append(test.names, "--json", "--for", "20s")...)...)
			if code != test.code || stdout != "" || strings.Contains(stderr, "rest: ") {
				t.Errorf("exit %d, want %d; %s%s", code, test.code, stdout, stderr)
			}
			for _, says := range test.says {
				if !strings.Contains(stderr, says) {
					t.Errorf("stderr %q lacks %q", stderr, says)
				}
			}
		})
	}
	elsewhere := append(slices.Clone(flags[:4]), "a-slug")
	if code, _, stderr := call(t, "", elsewhere...); code != cli.Usage || !strings.Contains(stderr, "--gamma-url") {
		t.Errorf("without --gamma-url: exit %d, %s", code, stderr)
	}
	if code, _, stderr := call(t, "", append(slices.Clone(flags[:4]), "--gamma-url", "http://example.com", "a-slug")...); code != cli.Usage {
		t.Errorf("plain http: exit %d, %s", code, stderr)
	}
}

// TestChoose: who sits before a terminal chooses by number, and is asked again for another.
func TestChoose(t *testing.T) {
	t.Parallel()
	_, flags, markets := exchange(t, feedtest.VenueOptions{Seed: 2, Rate: 0.01})
	never, end := io.Pipe()
	t.Cleanup(func() { end.Close() })
	for _, test := range []struct {
		typed  io.Reader
		code   int
		market int
		asked  int
	}{
		{strings.NewReader("2\n"), cli.OK, 3, 1},
		{strings.NewReader(" 1 "), cli.OK, 2, 1},
		{strings.NewReader("0\n6\n2\n"), cli.OK, 3, 3},
		{strings.NewReader("x\n\n-1\n2\n"), cli.Usage, 0, 3},
		{strings.NewReader(""), cli.Usage, 0, 1},
		{strings.NewReader("3\n"), cli.Closed, 0, 1},
		{strings.NewReader("4\n"), cli.Closed, 0, 1},
		{strings.NewReader("5\n"), cli.Closed, 0, 1},
		{never, cli.Failure, 0, 1}, // until an interrupt
	} {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			r, talk := asking(t, optionsOf(flags), test.typed)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if test.typed == never {
				go func() {
					for ctx.Err() == nil && !strings.Contains(talk.String(), "Which one") {
						time.Sleep(10 * time.Millisecond)
					}
					cancel()
				}()
			}
			found, code := r.resolve(ctx, []string{markets[0].No, markets[2].Event})
			if code != test.code || strings.Count(talk.String(), "Which one, 1 to 5? ") != test.asked {
				t.Errorf("exit %d, want %d: %s", code, test.code, talk)
			}
			if code != cli.OK {
				return
			}
			m := markets[test.market]
			if want := []string{markets[0].No, m.Yes, m.No}; !slices.Equal(found.tokens, want) || found.names[m.No].outcome != "No" ||
				found.names[m.Yes].market.GroupTitle != m.GroupTitle {
				t.Errorf("%+v", found)
			}
		})
	}
}

// TestTokensWithoutNames: a token can be watched whatever is known of its market, and how
// long it takes to say so.
func TestTokensWithoutNames(t *testing.T) {
	t.Parallel()
	for what, answer := range map[string]http.HandlerFunc{
		"refused":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
		"nonsense": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{}") },
		"a book that no market is known of": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/book" {
				w.WriteHeader(http.StatusNotFound)
			}
			io.WriteString(w, `{"error":"market not found"}`)
		},
		"a page": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			io.WriteString(w, "<html>")
		},
		"nothing": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(answer)
			defer s.Close()
			r, talk := asking(t, rest.Options{URL: s.URL}, nil)
			defer r.client.Close()
			found, code := r.resolve(t.Context(), []string{"7", "8", "7"})
			if code != cli.OK || !strings.Contains(talk.String(), "bookview: of 2 tokens 2 are watched without a name, such as 7: ") ||
				!slices.Equal(found.tokens, []string{"7", "8"}) || len(found.names) > 0 {
				t.Errorf("exit %d, %+v: %s", code, found, talk)
			}
			if line := found.names["7"].line(); line != (nameLine{}) {
				t.Errorf("%+v", line)
			}
		})
	}
}

// TestNamesFail: what is no answer is no missing market.
func TestNamesFail(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		what     string
		answer   http.HandlerFunc
		code     int
		says     string
		patience time.Duration
	}{
		{"refused", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, cli.Failure, "503", 10 * time.Second},
		{"a page", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			io.WriteString(w, "<html>")
		}, cli.Failure, "404", 10 * time.Second},
		{"redirected", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, cli.Failure, "302", 10 * time.Second},
		{"late", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, cli.TimedOut, "deadline", 200 * time.Millisecond},
		{"without an order book", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"conditionId":"0x%[1]s","condition_id":"0x%[1]s","market_slug":"old","neg_risk":false,"active":true,"closed":false,
				"accepting_orders":false,"enable_order_book":false,"tokens":[{"token_id":"1","outcome":"Yes"}]}`, strings.Repeat("ab", 32))
		}, cli.Closed, "market old has no order book\n", 10 * time.Second},
	} {
		s := httptest.NewServer(test.answer)
		r, talk := asking(t, rest.Options{URL: s.URL, GammaURL: s.URL + "/gamma"}, nil)
		r.patience = test.patience
		if found, code := r.resolve(t.Context(), []string{"a-slug"}); code != test.code || found != nil || !strings.Contains(talk.String(), test.says) {
			t.Errorf("%s: exit %d, %s", test.what, code, talk)
		}
		r.client.Close()
		s.Close()
	}
}

// TestManyTargets: names are looked up some at a time, each market's tokens are watched
// together and once, and a token of a market that is known needs no request.
func TestManyTargets(t *testing.T) {
	t.Parallel()
	_, flags, markets := exchange(t, feedtest.VenueOptions{Seed: 2, Rate: 0.01, Markets: 8})
	var under, most atomic.Int32
	client := http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	counting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n := under.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer under.Add(-1)
		request, err := http.NewRequestWithContext(r.Context(), r.Method, flags[3]+r.URL.String(), nil)
		if err != nil {
			t.Error(err)
			return
		}
		answer, err := client.Do(request)
		if err != nil {
			return
		}
		defer answer.Body.Close()
		w.WriteHeader(answer.StatusCode)
		io.Copy(w, answer.Body)
	}))
	defer counting.Close()
	r, talk := asking(t, rest.Options{URL: counting.URL, GammaURL: counting.URL + "/gamma"}, nil)
	defer r.client.Close()
	var names, want []string
	for _, m := range markets {
		names, want = append(names, m.Slug), append(want, m.Yes, m.No)
	}
	names = append(names, markets[3].No, markets[0].Condition, markets[7].Slug)
	found, code := r.resolve(t.Context(), names)
	if code != cli.OK || !slices.Equal(found.tokens, want) || len(found.names) != 16 {
		t.Errorf("exit %d, %+v: %s", code, found, talk)
	}
	if n := most.Load(); n < 2 || n > lookups {
		t.Errorf("%d requests at a time", n)
	}
}

// TestReadNames: a list on standard input takes the place of "-", within bounds.
func TestReadNames(t *testing.T) {
	for _, test := range []struct {
		stdin string
		names string
		want  string
	}{
		{"x\n", "a b", "a b"},
		{"x\ny", "-", "x y"},
		{"\n  x\t\r\n# y\n\n z ", "a - b", "a x z b"},
		{strings.Repeat("x\n", maxNames), "-", strings.Repeat("x ", maxNames-1) + "x"},
	} {
		got, err := readNames(t.Context(), strings.Fields(test.names), strings.NewReader(test.stdin))
		if err != nil || strings.Join(got, " ") != test.want {
			t.Errorf("%.100q: %.100q, %v", test.stdin, got, err)
		}
	}
	for _, stdin := range []string{"", "\n#\n", strings.Repeat("x\n", maxNames+1), strings.Repeat("x", 1<<20)} {
		if got, err := readNames(t.Context(), []string{"-"}, strings.NewReader(stdin)); err == nil {
			t.Errorf("%.100q: %.100q", stdin, got)
		}
	}
	if _, err := readNames(t.Context(), []string{"-"}, io.MultiReader(strings.NewReader("x\n"), failing{})); err == nil {
		t.Error("what could not be read is not all")
	}
	never, end := io.Pipe()
	defer end.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := readNames(ctx, []string{"-"}, never); err == nil {
		t.Error("an interrupt is not waited for")
	}
	var out, talk output
	if code := run(ctx, []string{"--once", "-"}, never, &out, &talk); code != cli.Failure || talk.String() != "bookview: interrupted\n" {
		t.Errorf("exit %d, %s", code, talk.String())
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("cut off") }

// TestOnTerminal: a file, a pipe and a buffer are nobody.
func TestOnTerminal(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	for _, f := range []any{file, read, write, strings.NewReader(""), nil} {
		if onTerminal(f) {
			t.Errorf("%v", f)
		}
	}
}

// TestCloses: a market that closes while it is watched says so, under its name, and cannot be
// watched again.
func TestCloses(t *testing.T) {
	t.Parallel()
	server, flags, markets := exchange(t, feedtest.VenueOptions{Seed: 2, Rate: 100})
	m := markets[1]
	out, end := begin(t, append(slices.Clone(flags), "--json", "--depth", "1", "polymarket.com/event/"+m.Event)...)
	for _, token := range []string{m.Yes, m.No} {
		out.await(t, `"state","asset_id":"`+token+`.*"live"`)
	}
	server.Do(func(v *feedtest.Venue) { v.Inject(feedtest.Fault{Kind: feedtest.Settle, Market: 1}) })
	for _, token := range []string{m.Yes, m.No} {
		out.await(t, `"state","asset_id":"`+token+`.*"gone"`)
	}
	code, stderr := end()
	stdout := out.String()
	if code != 0 || stderr != "" && !strings.Contains(stderr, "all subscribed assets resolved") {
		t.Errorf("exit %d, stderr %s", code, stderr)
	}
	live, over := map[string]bool{}, map[string]bool{}
	for _, l := range lines(t, stdout) {
		if l.Market != m.Condition || l.Slug != m.Slug || l.Question != m.Question || l.Outcome != m.Outcomes[slices.Index([]string{m.Yes, m.No}, l.Asset)] {
			t.Errorf("%+v", l)
		}
		if over[l.Asset] && l.Type != "trade" {
			t.Errorf("after the end: %+v", l)
		}
		live[l.Outcome] = live[l.Outcome] || l.State == "live"
		over[l.Asset] = over[l.Asset] || l.State == "gone"
	}
	if !live["Up"] || !live["Down"] || !over[m.Yes] || !over[m.No] {
		t.Errorf("live %v, over %v", live, over)
	}
	if code, _, stderr := call(t, "", append(slices.Clone(flags), "--once", m.Slug)...); code != cli.Closed || !strings.Contains(stderr, m.Slug+" is closed") {
		t.Errorf("again: exit %d, stderr %s", code, stderr)
	}
}
