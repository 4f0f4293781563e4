package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/engine"
	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
	"example.com/truebook/feed/rest"
	"example.com/truebook/internal/cli"
)

// inBubble runs a test with a resolver of a simulated exchange in a bubble, with its markets.
func inBubble(t *testing.T, o feedtest.VenueOptions, test func(t *testing.T, r *resolver, talk *output, markets []feedtest.Market)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := feedtest.NewServer(feedtest.ServerOptions{Venue: o})
		defer s.Close()
		r, talk := asking(t, rest.Options{URL: "http://127.0.0.1", GammaURL: "http://127.0.0.1" + feedtest.GammaPath, DialContext: s.Dial}, nil)
		defer r.client.Close()
		r.patience = onceTimeout
		var markets []feedtest.Market
		s.Do(func(v *feedtest.Venue) { markets = v.Markets() })
		test(t, r, talk, markets)
	})
}

// TestLongList: hundreds of names are within the budget and the patience, and it is said how
// far it has come.
func TestLongList(t *testing.T) {
	inBubble(t, feedtest.VenueOptions{Seed: 2, Rate: 0.01, Markets: 400, Quirks: new(feedtest.NoQuirks())}, func(t *testing.T, r *resolver, talk *output, markets []feedtest.Market) {
		t.Helper()
		var names, want []string
		for i, m := range markets {
			kind := (i + i/4) % 4
			if kind == 2 && i%4 == 3 { // whose labels the list lacks: the order book is asked, which takes longer
				kind = 0
			}
			names = append(names, []string{m.Slug, m.Condition, m.No, "polymarket.com/event/" + m.Event + "/" + m.Slug}[kind])
			if kind == 2 {
				want = append(want, m.No)
			} else {
				want = append(want, m.Yes, m.No)
			}
		}
		names = append(names, "will-carol-win-the-election-on-day-1")
		found, code := r.resolve(t.Context(), names)
		if code != cli.OK || len(found.tokens) != len(want) || len(found.names) != 800 {
			t.Fatalf("exit %d, %+v: %s", code, found, talk)
		}
		slices.Sort(found.tokens)
		slices.Sort(want)
		if !slices.Equal(found.tokens, want) {
			t.Error("other tokens")
		}
		for _, m := range markets {
			if n := found.names[m.Yes]; n.market == nil || n.outcome != m.Outcomes[0] || n.market.Slug != m.Slug {
				t.Errorf("%+v is %+v", m, n)
			}
		}
		if text := talk.String(); !strings.Contains(text, "bookview: asking for names: ") || !strings.Contains(text, " of 401 so far\n") ||
			!strings.HasSuffix(text, "will-carol-win-the-election-on-day-1 is closed: it is left out\n") {
			t.Error(text)
		}
	})
}

// TestTooManyNames: what the budget does not allow for is a matter of time, and is named.
func TestTooManyNames(t *testing.T) {
	inBubble(t, feedtest.VenueOptions{Seed: 2, Rate: 0.01}, func(t *testing.T, r *resolver, talk *output, markets []feedtest.Market) {
		t.Helper()
		names := []string{markets[0].Slug}
		for i := range 300 {
			names = append(names, fmt.Sprintf("polymarket.com/event/%s?tid=%d", markets[0].Event, i))
		}
		if found, code := r.resolve(t.Context(), names); code != cli.TimedOut || found != nil {
			t.Errorf("exit %d, %+v", code, found)
		}
		if text := talk.String(); !strings.Contains(text, "bookview: of 301 names ") || !strings.Contains(text, "not answered in time: polymarket.com/event/") ||
			!strings.Contains(text, " more: ") {
			t.Error(text)
		}
	})
}

// TestLeftOut: one market that cannot be watched spoils no others, and is said; if none is
// left, the exit code is its.
func TestLeftOut(t *testing.T) {
	t.Parallel()
	other := strings.ReplaceAll(someMarket, "ab", "cd")
	closed := strings.NewReplacer(`"closed":false`, `"closed":true`, someMarket, other, `"1"`, `"3"`, `"2"`, `"4"`).Replace(orderBook(`"market_slug":"over",`))
	odd := strings.Replace(orderBook(`"market_slug":"odd",`), `"closed":false`, `"closed":7`, 1)
	for _, test := range []struct {
		what  string
		site  answers
		names []string
		code  int
		says  string
	}{
		{"a closed one", answers{"/markets/" + someMarket: orderBook(""), "/markets/" + other: closed}, []string{other, someMarket}, cli.OK, "bookview: market over is closed: it is left out\n"},
		{"closed ones alone", answers{"/markets/" + other: closed}, []string{other, other}, cli.Closed, strings.Repeat("bookview: market over is closed: it is left out\n", 2)},
		{
			"an odd one",
			answers{"/markets/" + someMarket: odd, "/markets/" + other: strings.ReplaceAll(orderBook(""), someMarket, other)},
			[]string{someMarket, other},
			cli.OK,
			"bookview: " + someMarket + ": the answer about market " + someMarket + ": closed: neither true nor false: it is left out\n",
		},
		{
			"odd ones alone",
			answers{"/markets/" + someMarket: odd, "/markets/" + other: closed},
			[]string{someMarket, other},
			cli.Failure,
			"bookview: " + someMarket + ": the answer about market " + someMarket + ": closed: neither true nor false: it is left out\nbookview: market over is closed: it is left out\n",
		},
		{"one that is not there", answers{"/markets/" + someMarket: orderBook("")}, []string{someMarket, other}, cli.NotFound, "bookview: the exchange has no market " + other + "\n"},
		{
			"three outcomes",
			answers{"/markets/" + someMarket: strings.Replace(orderBook(`"market_slug":"three",`), `"tokens":[`, `"tokens":[{"token_id":"0","outcome":"X"},`, 1)},
			[]string{someMarket},
			cli.Closed,
			"bookview: market three has 3 outcomes, and not two: its tokens can be watched, such as 0\n",
		},
		{
			"one outcome",
			answers{"/markets/" + someMarket: strings.Replace(orderBook(`"market_slug":"one",`), `,{"token_id":"2","outcome":"No"}`, "", 1)},
			[]string{someMarket},
			cli.Closed,
			"bookview: market one has 1 outcome, and not two: its token 1 can be watched\n",
		},
		{"one of three, by its token", answers{
			"/markets-by-token/2":    `{"condition_id":"` + someMarket + `"}`,
			"/markets/" + someMarket: strings.Replace(orderBook(""), `"tokens":[`, `"tokens":[{"token_id":"0","outcome":"X"},`, 1),
		}, []string{"2"}, cli.OK, ""},
		{
			"no orders",
			answers{"/markets/" + someMarket: strings.Replace(orderBook(`"market_slug":"idle",`), `"accepting_orders":true`, `"accepting_orders":false`, 1)},
			[]string{someMarket},
			cli.OK,
			"bookview: market idle accepts no orders: it may have no book, or one that does not change\n",
		},
		{
			"not active",
			answers{"/markets/" + someMarket: strings.Replace(orderBook(`"market_slug":"idle",`), `"active":true`, `"active":false`, 1)},
			[]string{someMarket, someMarket},
			cli.OK,
			"bookview: market idle is not active: it may have no book, or one that does not change\n",
		},
		{
			"never traded by an order book",
			answers{"/gamma/markets/slug/old": `{"slug":"old","conditionId":"` + someMarket + `","enableOrderBook":false}`},
			[]string{"old"},
			cli.Closed,
			"bookview: market old has no order book\n",
		},
		{"a page for the order book", answers{"/gamma/markets/slug/a": `{"slug":"a","conditionId":"` + someMarket + `"}`, "/markets/" + someMarket: "<html>"}, []string{"a"}, cli.Failure, ""},
	} {
		found, code, talk := resolveAt(t, test.site, nil, test.names...)
		if code != test.code || test.says != "" && talk != test.says || (found == nil) == (code == cli.OK) || talk == "" && code != cli.OK {
			t.Errorf("%s: exit %d, %s", test.what, code, talk)
		}
	}
	if text := whyNoBook(named{market: &rest.Market{Active: true}}); text != ": its market accepts no orders" || whyNoBook(named{}) != "" {
		t.Error(text)
	}
}

// TestChosen: what goes wrong after a choice names the market that was chosen.
func TestChosen(t *testing.T) {
	t.Parallel()
	event := `{"slug":"e","title":"T","markets":[{"slug":"bare"},{"slug":"odd","closed":7},{"slug":"broken","conditionId":"` + someMarket + `"},
		{"groupItemTitle":"Nameless é","closed":""},{"slug":"a","question":"Q","groupItemTitle":"G","endDate":"2027-01-01T17:00:00Z","conditionId":"` +
		strings.ReplaceAll(someMarket, "ab", "cd") + `"}]}`
	site := answers{
		"/gamma/events/slug/e": event, "/markets/" + someMarket: "<html>",
		"/markets/" + strings.ReplaceAll(someMarket, "ab", "cd"): strings.ReplaceAll(orderBook(`"question":"","market_slug":"",`), someMarket, strings.ReplaceAll(someMarket, "ab", "cd")),
	}
	for typed, x := range map[string]struct {
		code int
		says string
	}{
		"1": {cli.Closed, "bookview: market bare has no order book yet"},
		"2": {cli.Failure, `bookview: odd: the answer about market "odd": closed: neither true nor false`},
		"3": {cli.Failure, "bookview: broken: GET /markets at "},
		"4": {cli.Closed, "bookview: market Nameless é has no order book yet"},
		"5": {cli.OK, "Which one, 1 to 5? "},
	} {
		found, code, talk := resolveAt(t, site, strings.NewReader(typed+"\n"), "e")
		if code != x.code || !strings.Contains(talk, x.says) || !strings.Contains(talk, "odd     cannot be read: closed: neither") {
			t.Errorf("%s: exit %d, %s", typed, code, talk)
		}
		if code != cli.OK {
			continue
		}
		if text := describeName(found.names["1"]); text != "Q: Yes (a), ends 2027-01-01 17:00 UTC" || found.names["1"].market.GroupTitle != "G" {
			t.Error(text)
		}
		if line := found.names["2"].line(); line != (nameLine{Slug: "a", Question: "Q", Outcome: "No", Ends: "2027-01-01T17:00:00Z"}) {
			t.Errorf("%+v", line)
		}
	}
}

// TestPatience: names are waited for as long as it was asked for, tokens for three seconds,
// and a market that was chosen for as long again.
func TestPatience(t *testing.T) {
	event := `{"slug":"e","title":"T","markets":[{"slug":"a","conditionId":"` + someMarket + `"},{"slug":"b"}]}`
	for _, test := range []struct {
		name     string
		patience time.Duration
		code     int
		took     time.Duration
		says     string
	}{
		{"a-slug", 5 * time.Second, cli.TimedOut, 5 * time.Second, "bookview: asking for names: 0 of 1 so far\nbookview: of 1 names 1 were not answered in time: a-slug: "},
		{"a-slug", time.Second, cli.TimedOut, time.Second, "bookview: of 1 names 1 were not answered in time: a-slug: "},
		{"7", 9 * time.Second, cli.OK, tokenPatience, "of 1 tokens 1 are watched without a name, such as 7: "},
		{"7", time.Second, cli.OK, time.Second, "of 1 tokens 1 are watched without a name, such as 7: "},
		{"e", 4 * time.Second, cli.TimedOut, 4 * time.Second, "Which one, 1 to 2? bookview: a: "},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := feedtest.NewPipes()
			server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/gamma/events/slug/e" {
					io.WriteString(w, event)
					return
				}
				if test.name == "e" && strings.HasPrefix(r.URL.Path, "/gamma") {
					answers{}.ServeHTTP(w, r)
					return
				}
				<-r.Context().Done()
			})}
			served := make(chan struct{})
			go func() {
				defer close(served)
				server.Serve(p)
			}()
			r, talk := asking(t, rest.Options{URL: "http://127.0.0.1", GammaURL: "http://127.0.0.1/gamma", DialContext: p.Dial}, strings.NewReader("1\n"))
			r.patience = test.patience
			began := time.Now()
			_, code := r.resolve(t.Context(), []string{test.name})
			if took := time.Since(began); code != test.code || took != test.took || !strings.Contains(talk.String(), test.says) {
				t.Errorf("%s: exit %d after %v, %s", test.name, code, took, talk)
			}
			r.client.Close()
			server.Close()
			<-served
		})
	}
}

// TestKnownTokens: a token of a market that is known needs no request of its own.
func TestKnownTokens(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.URL.Path)
		mu.Unlock()
		io.WriteString(w, orderBook(`"market_slug":"a",`))
	}))
	defer s.Close()
	r, talk := asking(t, rest.Options{URL: s.URL}, nil)
	defer r.client.Close()
	found, code := r.resolve(t.Context(), []string{" 2", "1\n", someMarket})
	if code != cli.OK || !slices.Equal(found.tokens, []string{"2", "1"}) || !slices.Equal(asked, []string{"/markets/" + someMarket}) {
		t.Errorf("exit %d, %+v, asked for %q: %s", code, found, asked, talk)
	}
}

// TestAskedOnTerminal: nobody is asked whose answer or question goes elsewhere.
func TestAskedOnTerminal(t *testing.T) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil || !onTerminal(terminal) {
		t.Skip("there is no terminal: ", err)
	}
	defer terminal.Close()
	_, flags, markets := exchange(t, feedtest.VenueOptions{Seed: 2, Rate: 0.01})
	var out, talk output
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // if it asks, nobody answers
	defer cancel()
	code := run(ctx, append(slices.Clone(flags), "--once", "--timeout", "5s", markets[2].Event), terminal, &out, &talk)
	if code != cli.Usage || strings.Contains(talk.String(), "Which one") {
		t.Errorf("exit %d, %s", code, talk.String())
	}
	// Nor who types into a pipe.
	code = run(ctx, append(slices.Clone(flags), "--once", "--timeout", "5s", markets[2].Event), strings.NewReader("1\n"), &out, terminal)
	if code != cli.Usage {
		t.Errorf("exit %d", code)
	}
}

// TestStatics: the engine is told what is known of markets, each once, and nothing that it
// would refuse.
func TestStatics(t *testing.T) {
	m := &rest.Market{Condition: someMarket, MinOrderSize: 5 * book.Share, NegRisk: true}
	n := &rest.Market{Condition: strings.ReplaceAll(someMarket, "ab", "cd"), MinOrderSize: 15 * book.Share}
	got := statics(map[string]named{
		"1": {m, "Yes"}, "2": {m, "No"}, "3": {n, "Yes"}, "4": {}, "5": {&rest.Market{MinOrderSize: book.Share}, ""},
		"6": {&rest.Market{Condition: strings.ReplaceAll(someMarket, "ab", "ef")}, ""},
	})
	slices.SortFunc(got, func(a, b engine.Statics) int { return strings.Compare(a.Market, b.Market) })
	want := []engine.Statics{{Market: m.Condition, MinOrderSize: 5 * book.Share, NegRisk: true}, {Market: n.Condition, MinOrderSize: 15 * book.Share}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	// More of them than the engine takes is an error of its Describe alone.
	names := map[string]named{}
	for i := range engine.MaxTokens + 1 {
		names[strconv.Itoa(i)] = named{market: &rest.Market{Condition: fmt.Sprintf("0x%064x", i), MinOrderSize: 1}}
	}
	var out, talk output
	w := &watcher{options: &options{names: names, runFor: time.Second}, stdout: &out, stderr: &talk, tokens: []string{"1"}}
	if code := w.run(t.Context(), nowhere{}); code != cli.Failure || !strings.Contains(talk.String(), "described markets") {
		t.Errorf("exit %d, %s", code, talk.String())
	}
}

// nowhere is a source that cannot be reached.
type nowhere struct{}

func (nowhere) Open(context.Context, []string) (feed.Conn, error) { return nil, errors.New("nowhere") }
