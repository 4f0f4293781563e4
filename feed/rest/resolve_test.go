package rest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
	"example.com/truebook/feed/rest"
)

// atVenue runs a test in a bubble, with a client of a simulated exchange.
func atVenue(t *testing.T, o feedtest.VenueOptions, test func(*testing.T, *feedtest.Server, *rest.Client, []feedtest.Market)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := feedtest.NewServer(feedtest.ServerOptions{Venue: o})
		defer s.Close()
		c, err := rest.New(rest.Options{
			URL: "http://127.0.0.1", GammaURL: "http://127.0.0.1" + feedtest.GammaPath, DialContext: s.Dial,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		var markets []feedtest.Market
		s.Do(func(v *feedtest.Venue) { markets = v.Markets() })
		test(t, s, c, markets)
	})
}

// TestEveryName: each name of a market gives the same market, whatever the ways in which
// it is listed.
func TestEveryName(t *testing.T) {
	atVenue(t, feedtest.VenueOptions{Seed: 5, Markets: 9, Quirks: new(feedtest.NoQuirks())}, func(t *testing.T, _ *feedtest.Server, c *rest.Client, markets []feedtest.Market) {
		t.Helper()
		for _, m := range markets {
			want := &rest.Market{
				Condition: m.Condition, Question: m.Question, Slug: m.Slug,
				Tokens:   []rest.Token{{ID: m.Yes, Outcome: m.Outcomes[0]}, {ID: m.No, Outcome: m.Outcomes[1]}},
				TickSize: m.TickSize, NegRisk: m.NegRisk, Active: true, AcceptingOrders: true, OrderBook: true,
			}
			names := []string{
				m.Yes, m.No, m.Condition, strings.ToUpper(m.Condition), m.Slug, " " + strings.ToUpper(m.Slug) + "\n",
				"https://polymarket.com/event/" + m.Event + "/" + m.Slug, "polymarket.com/zh/market/" + m.Slug + "?tid=1#x",
				"https://polymarket.com/sports/x/" + m.Slug,
			}
			if m.GroupTitle == "" {
				names = append(names, m.Event, "https://polymarket.com/event/"+m.Event+"?tid=1758818660485")
			}
			for i, name := range names {
				got, err := c.Market(t.Context(), name)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				want.MinOrderSize, want.GroupTitle = got.MinOrderSize, m.GroupTitle
				want.EndDate = time.Date(2026, 12, 31, 12, 0, 0, 0, time.UTC)
				if i < 4 { // by an id
					want.GroupTitle, want.EndDate = "", time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC)
				}
				if !reflect.DeepEqual(got, want) || got.MinOrderSize < 5*book.Share || !slices.Equal(got.TokenIDs(), []string{m.Yes, m.No}) {
					t.Errorf("%s:\n%+v\nwant\n%+v", name, got, want)
				}
				time.Sleep(time.Second) // the budget is not meant here
			}
		}
	})
}

// TestEvent: an event of many markets is an error that lists them, and says which are over;
// each of them has an answer of its own.
func TestEvent(t *testing.T) {
	atVenue(t, feedtest.VenueOptions{Seed: 5}, func(t *testing.T, s *feedtest.Server, c *rest.Client, markets []feedtest.Market) {
		t.Helper()
		slug := markets[2].Event
		for _, name := range []string{slug, "https://polymarket.com/de/event/" + slug} {
			many := (*rest.ManyMarketsError)(nil)
			m, err := c.Market(t.Context(), name)
			if !errors.As(err, &many) || m != nil || !strings.Contains(err.Error(), "has 5 markets, of which 4 are not closed") {
				t.Fatalf("%s: %+v, %v", name, m, err)
			}
			e, err := c.Event(t.Context(), name)
			if err != nil || !reflect.DeepEqual(e, many.Event) || e.Slug != slug || e.Title == "" {
				t.Errorf("%s: %+v, %v", name, e, err)
			}
		}
		e, err := c.Event(t.Context(), slug)
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range []struct {
			title  string
			closed bool
			tokens int
			err    error
		}{{"Alice", false, 2, nil}, {"Bob", false, 2, nil}, {"Carol", true, 2, nil}, {"Dave", false, 0, rest.ErrNotOpen}, {"Erin", false, 2, rest.ErrNotOpen}} {
			m := e.Markets[i]
			if m.GroupTitle != x.title || m.Closed != x.closed || len(m.Tokens) != x.tokens || m.Slug == "" || (m.Condition == "") != (x.tokens == 0) {
				t.Errorf("%+v", m)
			}
			for _, name := range append(m.TokenIDs(), m.Slug, m.Condition) {
				if name == "" {
					continue
				}
				got, err := c.Market(t.Context(), name)
				if !errors.Is(err, x.err) || err == nil && (got.Closed != x.closed || !reflect.DeepEqual(outcomes(got), outcomes(&markets[2]))) {
					t.Errorf("%s by %s: %+v, %v", x.title, name, got, err)
				}
			}
			time.Sleep(10 * time.Second)
		}
		bad := (*rest.NameError)(nil)
		for _, name := range []string{yes, condition, "https://polymarket.com/event/a/b", "no slug"} {
			if _, err := c.Event(t.Context(), name); !errors.As(err, &bad) {
				t.Errorf("%s: %v", name, err)
			}
		}
		// The labels of Bob's are missing in the list, and those of Alice's are paired.
		if a, b := e.Markets[0].Tokens, e.Markets[1].Tokens; a[0] != (rest.Token{ID: markets[2].Yes, Outcome: "Yes"}) || b[0] != (rest.Token{ID: markets[3].No}) {
			t.Errorf("%+v, %+v", a, b)
		}
		s.Do(func(v *feedtest.Venue) { v.Inject(feedtest.Fault{Kind: feedtest.Settle, Market: 0}) })
		time.Sleep(time.Second)
		for _, name := range []string{markets[0].Slug, markets[0].Condition, markets[0].No} {
			if m, err := c.Market(t.Context(), name); err != nil || !m.Closed || m.AcceptingOrders || m.OrderBook {
				t.Errorf("settled, by %s: %+v, %v", name, m, err)
			}
		}
	})
}

func outcomes(market any) (list []string) {
	switch m := market.(type) {
	case *rest.Market:
		for _, t := range m.Tokens {
			list = append(list, t.Outcome)
		}
	case *feedtest.Market:
		list = m.Outcomes[:]
	}
	slices.Sort(list)
	return list
}

// TestOldMarkets: markets that are odd in the ways of old ones are what they are, and spoil
// none of their event.
func TestOldMarkets(t *testing.T) {
	atVenue(t, feedtest.VenueOptions{Seed: 5}, func(t *testing.T, _ *feedtest.Server, c *rest.Client, _ []feedtest.Market) {
		t.Helper()
		e, err := c.Event(t.Context(), feedtest.OldEvent)
		if err != nil || len(e.Markets) != 4 {
			t.Fatalf("%+v, %v", e, err)
		}
		pool, three, null, odd := &e.Markets[0], &e.Markets[1], &e.Markets[2], &e.Markets[3]
		if pool.OrderBook || len(three.Tokens) != 3 || three.Tokens[2] != (rest.Token{ID: "9012", Outcome: "C"}) || len(null.Tokens) != 0 || null.Closed ||
			null.Unreadable != "" || odd.Unreadable != "closed: neither true nor false" || odd.Slug != "old-odd" || pool.EndDate.Format(time.RFC3339) != "2021-01-01T23:59:59Z" {
			t.Errorf("%+v", e)
		}
		if m, err := c.Market(t.Context(), "polymarket.com/event/"+feedtest.OldEvent+"/old-pool"); err != nil || m.OrderBook || m.Closed {
			t.Errorf("%+v, %v", m, err)
		}
		if m, err := c.Complete(t.Context(), pool); err != nil || m.OrderBook {
			t.Errorf("%+v, %v", m, err)
		}
		for _, m := range []*rest.Market{three, null} {
			if m, err := c.Complete(t.Context(), m); !errors.Is(err, rest.ErrNotOpen) {
				t.Errorf("%+v, %v", m, err)
			}
		}
		if m, err := c.Complete(t.Context(), odd); !errors.As(err, new(*rest.AnswerError)) {
			t.Errorf("%+v, %v", m, err)
		}
	})
}

// TestNotFound: what the exchange does not know is said so, with what its search finds.
func TestNotFound(t *testing.T) {
	atVenue(t, feedtest.VenueOptions{Seed: 5, Markets: 40}, func(t *testing.T, _ *feedtest.Server, c *rest.Client, _ []feedtest.Market) {
		t.Helper()
		for name, first := range map[string]string{
			"will-it-rain-in-lisboa-on-day-3":                   "will-it-rain-in-lisbon-on-day-",
			"https://polymarket.com/event/election-winer-day-1": "election-winner-day-",
			"zzz":                            "",
			yes:                              "",
			"0x" + strings.Repeat("0", 64):   "",
			"https://polymarket.com/sports/": "",
		} {
			_, err := c.Market(t.Context(), name)
			unknown := (*rest.NotFoundError)(nil)
			if !errors.As(err, &unknown) || unknown.Name.ID == "" || len(unknown.Suggestions) > rest.MaxSuggestions {
				t.Fatalf("%s: %v", name, err)
			}
			if refusal := (*feed.StatusError)(nil); !errors.As(err, &refusal) || refusal.Status != 404 || !strings.HasPrefix(err.Error(), "rest: ") {
				t.Errorf("%s: %v", name, err)
			}
			if (len(unknown.Suggestions) > 0) != (first != "") || first != "" && !strings.HasPrefix(unknown.Suggestions[0].Slug, first) ||
				first != "" && !strings.Contains(err.Error(), "did you mean "+first) {
				t.Errorf("%s: %v", name, err)
			}
			for _, s := range unknown.Suggestions {
				if e, err := c.Event(t.Context(), s.Slug); err != nil || e.Title != s.Title {
					t.Errorf("%+v: %+v, %v", s, e, err)
				}
			}
			time.Sleep(20 * time.Second)
		}
		many := (*rest.ManyMarketsError)(nil)
		if _, err := c.Market(t.Context(), "polymarket.com/event/btc-updown-day-1/other"); !errors.As(err, &many) || len(many.Event.Markets) != 1 ||
			err.Error() != `rest: the event "btc-updown-day-1" has no such market` {
			t.Error(err)
		}
		unknown := (*rest.NotFoundError)(nil)
		if _, err := c.Event(t.Context(), "zzz"); !errors.As(err, &unknown) {
			t.Error(err)
		}
	})
}

// site is what a server answers to each path, with 404 for others.
type site map[string]string

func (s site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, ok := s[r.URL.Path]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		text = unknown
	}
	io.WriteString(w, text)
}

// unknown is how the exchange says that there is no such thing.
const unknown = `{"type":"not found error","error":"slug not found"}`

const orderBook = `{"condition_id":"` + condition + `","question":"","market_slug":"","minimum_tick_size":0.01,"minimum_order_size":5,
"neg_risk":false,"active":true,"closed":false,"accepting_orders":true,"enable_order_book":true,
"tokens":[{"token_id":"` + yes + `","outcome":"Yes"},{"token_id":"` + no + `","outcome":"No"}]}`

// TestBothSources: the order book says what a market is, and Gamma what else it is called.
func TestBothSources(t *testing.T) {
	const listed = `{"conditionId":"` + condition + `","question":"Q","slug":"a-slug","groupItemTitle":"G","closed":false,
		"clobTokenIds":"[\"` + no + `\",\"` + yes + `\"]","outcomes":"[\"Yes\",\"No\"]","negRisk":true,"endDate":"2027-01-01"}`
	closed := strings.Replace(listed, `"closed":false`, `"closed":true`, 1)
	const clob, gamma, event = "/markets/" + condition, "/gamma/markets/slug/a-slug", "/gamma/events/slug/a-slug"
	ofCondition, token := "/gamma/markets", "/markets-by-token/"+yes
	byID := `{"condition_id":"` + condition + `"}`
	for _, c := range []struct {
		what, name string
		site       site
		check      func(*rest.Market, error) bool
	}{
		{"labels, terms and tokens are the order book's", "a-slug", site{clob: orderBook, gamma: listed}, func(m *rest.Market, _ error) bool {
			return m != nil && m.Tokens[0] == rest.Token{ID: yes, Outcome: "Yes"} && !m.NegRisk && m.Question == "Q" && m.Slug == "a-slug" &&
				m.GroupTitle == "G" && m.EndDate.Year() == 2027
		}},
		{"a closed one that it has forgotten", "a-slug", site{gamma: closed}, func(m *rest.Market, _ error) bool {
			return m != nil && m.Closed && m.Tokens[0] == rest.Token{ID: no, Outcome: "Yes"} && m.NegRisk
		}},
		{"one that it does not know yet", "a-slug", site{gamma: listed}, notOpen},
		{"one that it has no tokens of", "a-slug", site{gamma: listed, clob: strings.Replace(orderBook, `"tokens"`, `"x"`, 1)}, notOpen},
		{"the same, closed", "a-slug", site{gamma: closed, clob: strings.Replace(orderBook, `"tokens"`, `"x"`, 1)}, func(m *rest.Market, _ error) bool {
			return m != nil && m.Closed
		}},
		{"one without an id", "a-slug", site{gamma: strings.Replace(listed, condition, "", 1), clob: orderBook}, notOpen},
		{"no order book", "a-slug", site{gamma: listed, clob: strings.Replace(orderBook, `book":true`, `book":false`, 1)}, func(m *rest.Market, _ error) bool {
			return m != nil && !m.OrderBook
		}},
		{"an event of one", "a-slug", site{clob: orderBook, event: `{"markets":[` + listed + `]}`}, func(m *rest.Market, _ error) bool {
			return m != nil && m.GroupTitle == "G"
		}},
		{"an event of none", "a-slug", site{event: `{"markets":[]}`}, notOpen},
		{"an address of an event that is a market's", "polymarket.com/event/a-slug", site{clob: orderBook, gamma: listed}, func(m *rest.Market, _ error) bool {
			return m != nil
		}},
		{"an event and a market of one slug, by address", "polymarket.com/event/a-slug", site{
			gamma: listed, clob: orderBook, event: `{"slug":"a-slug","markets":[` + listed + "," + listed + `]}`,
		}, func(_ *rest.Market, err error) bool { return errors.As(err, new(*rest.ManyMarketsError)) }},
		{"the same, by slug", "a-slug", site{
			gamma: listed, clob: orderBook, event: `{"slug":"a-slug","markets":[` + listed + "," + listed + `]}`,
		}, func(m *rest.Market, _ error) bool { return m != nil }},
		{"a market of an event is no event", "polymarket.com/event/e/a-slug", site{clob: orderBook, event: `{"markets":[` + listed + `]}`}, notFound},
		{"another market", "a-slug", site{gamma: listed, clob: strings.Replace(orderBook, condition, "0x"+strings.Repeat("0", 64), 1)}, failed("it is about")},
		{"a token", yes, site{token: byID, clob: orderBook}, func(m *rest.Market, _ error) bool { return m != nil }},
		{"a token of another market", yes, site{token: byID, clob: strings.Replace(orderBook, yes, "1", 1)}, failed("no such token")},
		{"a token without a market", yes, site{token: `{"condition_id":""}`, clob: orderBook}, failed("condition_id")},
		{"a token of a market that is forgotten", yes, site{token: byID, ofCondition: "[" + closed + "]"}, func(m *rest.Market, _ error) bool { return m != nil && m.Closed }},
		{"a condition that is forgotten", condition, site{ofCondition: "[" + closed + "]"}, func(m *rest.Market, _ error) bool { return m != nil && m.Closed }},
		{"a condition that is not open", condition, site{ofCondition: "[" + listed + "]"}, notOpen},
		{"a list of others", "0x" + strings.Repeat("0", 64), site{ofCondition: "[" + listed + "]"}, notFound},
		{"an empty list", condition, site{ofCondition: "[]"}, notFound},
		{"a list that is none", condition, site{ofCondition: "{}"}, failed("the answer about a list of markets: it is no array")},
		{"an odd one beside it", condition, site{ofCondition: `[null,{"closed":7},` + closed + "]"}, func(m *rest.Market, _ error) bool { return m != nil && m.Closed }},
		{"an odd one", condition, site{ofCondition: `[` + strings.Replace(closed, `true`, `7`, 1) + "]"}, failed("closed: neither")},
		{"ids work without Gamma", condition, site{clob: orderBook}, func(m *rest.Market, _ error) bool { return m != nil }},
		{"a page", "a-slug", site{gamma: "<html>"}, func(_ *rest.Market, err error) bool { return errors.As(err, new(*feed.StatusError)) }},
		{"nonsense", "a-slug", site{gamma: `{"closed":7}`}, failed("the answer about market a-slug: closed")},
		{"nonsense of an event", "polymarket.com/event/a-slug", site{event: `{"markets":[{"closed":7}]}`}, failed(`the answer about market "": closed`)},
		{"an event of another slug", "polymarket.com/event/a-slug", site{clob: orderBook, event: `{"slug":"\u001be","markets":[` + listed + `]}`}, failed(`the answer about event a-slug: it is about "\x1be"`)},
		{"a market of another slug", "a-slug", site{clob: orderBook, gamma: strings.Replace(listed, "a-slug", "b-slug", 1)}, failed(`the answer about market a-slug: it is about "b-slug"`)},
		{"the slug is Gamma's", "a-slug", site{clob: strings.Replace(orderBook, `"market_slug":""`, `"market_slug":"old-slug"`, 1), gamma: listed}, func(m *rest.Market, _ error) bool {
			return m != nil && m.Slug == "a-slug"
		}},
		{"labels that are missing in the order book", "a-slug", site{gamma: listed, clob: strings.NewReplacer(`"Yes"`, `""`, `"No"`, `""`).Replace(orderBook)}, func(m *rest.Market, _ error) bool {
			return m != nil && m.Tokens[0] == rest.Token{ID: yes, Outcome: "No"} && m.Tokens[1] == rest.Token{ID: no, Outcome: "Yes"}
		}},
		{"a date without and one with its time", "a-slug", site{
			gamma: strings.Replace(listed, "2027-01-01", "2027-01-01T17:30:00Z", 1), clob: strings.Replace(orderBook, `"neg`, `"end_date_iso":"2027-01-01T00:00:00Z","neg`, 1),
		}, func(m *rest.Market, _ error) bool {
			return m != nil && m.EndDate.Equal(time.Date(2027, 1, 1, 17, 30, 0, 0, time.UTC))
		}},
		{"never traded by an order book", "a-slug", site{gamma: strings.Replace(listed, `"closed"`, `"enableOrderBook":false,"closed"`, 1)}, func(m *rest.Market, _ error) bool {
			return m != nil && !m.OrderBook && !m.Closed
		}},
		{"a market that says its event", "polymarket.com/event/e/a-slug", site{clob: orderBook, gamma: strings.Replace(listed, `"closed"`, `"events":[7,{"slug":"e"}],"closed"`, 1)}, func(m *rest.Market, _ error) bool {
			return m != nil
		}},
		{"an event that says its market", "polymarket.com/event/e/a-slug", site{clob: orderBook, gamma: listed, "/gamma/events/slug/e": `{"markets":[` + listed + `]}`}, func(m *rest.Market, _ error) bool {
			return m != nil
		}},
		{"a market of another event", "polymarket.com/event/e/a-slug", site{
			clob: orderBook, gamma: strings.Replace(listed, `"closed"`, `"events":[{"slug":"f"}],"closed"`, 1), "/gamma/events/slug/e": `{"slug":"e","markets":[{"slug":"b"},{"slug":"c"}]}`,
		}, func(_ *rest.Market, err error) bool { return errors.As(err, new(*rest.ManyMarketsError)) }},
		{"a market of an unknown event", "polymarket.com/event/e/a-slug", site{clob: orderBook, gamma: listed}, notFound},
	} {
		m, err := open(t, start(t, c.site.ServeHTTP)).Market(t.Context(), c.name)
		if !c.check(m, err) || (m == nil) == (err == nil) || err != nil && (!strings.HasPrefix(err.Error(), "rest: ") || strings.Count(err.Error(), "rest: ") > 1) {
			t.Errorf("%s: %+v, %v", c.what, m, err)
		}
	}
}

func notOpen(_ *rest.Market, err error) bool { return errors.Is(err, rest.ErrNotOpen) }

func notFound(_ *rest.Market, err error) bool { return errors.As(err, new(*rest.NotFoundError)) }

func failed(text string) func(*rest.Market, error) bool {
	return func(_ *rest.Market, err error) bool { return err != nil && strings.Contains(err.Error(), text) }
}

// TestNameRequests: what is sent for each kind of a name, and in which order.
func TestNameRequests(t *testing.T) {
	for name, want := range map[string]string{
		yes:       "/markets-by-token/" + yes + " /gamma/markets?clob_token_ids=" + yes + "&closed=true /gamma/markets?clob_token_ids=" + yes + "&closed=false",
		condition: "/markets/" + condition + " /gamma/markets?closed=true&condition_ids=" + condition + " /gamma/markets?closed=false&condition_ids=" + condition,
		"a-b_c.d": "/gamma/markets/slug/a-b_c.d /gamma/events/slug/a-b_c.d " +
			"/gamma/public-search?events_status=active&limit_per_type=5&q=a+b+c+d&search_profiles=false&search_tags=false",
		"polymarket.com/event/a": "/gamma/events/slug/a /gamma/markets/slug/a " +
			"/gamma/public-search?events_status=active&limit_per_type=5&q=a&search_profiles=false&search_tags=false",
		"polymarket.com/market/a": "/gamma/markets/slug/a " +
			"/gamma/public-search?events_status=active&limit_per_type=5&q=a&search_profiles=false&search_tags=false",
	} {
		for _, status := range []int{404, 422} {
			var got []string
			c := open(t, start(t, func(w http.ResponseWriter, r *http.Request) {
				got = append(got, r.URL.String())
				if r.URL.Path == "/gamma/markets" {
					io.WriteString(w, "[]")
					return
				}
				answer(status, unknown)(w, r)
			}))
			if _, err := c.Market(t.Context(), name); !notFound(nil, err) || strings.Join(got, " ") != want {
				t.Errorf("%s: %v\n%s\nwant\n%s", name, err, strings.Join(got, " "), want)
			}
		}
	}
}

// TestNotUnknown: a refusal, a redirection or a server that wants to be left alone does not
// say that there is no such market.
func TestNotUnknown(t *testing.T) {
	for _, name := range []string{yes, condition, "a-slug", "polymarket.com/event/a-slug"} {
		page := `<html>{"error":"not found"}`
		for _, c := range []struct {
			status int
			header []string
		}{
			{500, nil},
			{503, nil},
			{403, nil},
			{429, nil},
			{404, nil},
			{422, nil},
			{404, []string{"Retry-After", "9"}},
			{204, nil},
			{301, []string{"Location", "/elsewhere"}},
			{302, []string{"Location", "http://example.com/"}},
			{308, []string{"Location", "/x"}},
		} {
			requests := 0
			client := open(t, start(t, func(w http.ResponseWriter, r *http.Request) {
				requests++
				answer(c.status, page, c.header...)(w, r)
			}))
			_, err := client.Market(t.Context(), name)
			refusal := (*feed.StatusError)(nil)
			if !errors.As(err, &refusal) || refusal.Status != c.status || notFound(nil, err) || requests != 1 {
				t.Errorf("%s, status %d: %v, %d requests", name, c.status, err, requests)
			}
		}
	}
}

// TestGammaFails: what the order book does not know may be in the list, and so a list that
// fails leaves it open.
func TestGammaFails(t *testing.T) {
	for _, name := range []string{yes, condition} {
		for _, text := range []string{"<html>", unknown} {
			c := open(t, start(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, "/gamma") {
					answer(http.StatusServiceUnavailable, text)(w, r)
					return
				}
				answer(http.StatusNotFound, unknown)(w, r)
			}))
			_, err := c.Market(t.Context(), name)
			if notFound(nil, err) {
				t.Errorf("%s: %v", name, err)
			}
			wantStatus(t, err, http.StatusServiceUnavailable, 0)
		}
	}
}

// TestIsNotFound: the exchange's own words, and nothing else.
func TestIsNotFound(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{&feed.StatusError{Status: 404, Body: noBook}, true},
		{&feed.StatusError{Status: 422, Body: unknown}, true},
		{fmt.Errorf("x: %w", &feed.StatusError{Status: 404, Body: unknown}), true},
		{&feed.StatusError{Status: 404, Body: unknown, RetryAfter: 1}, false},
		{&feed.StatusError{Status: 400, Body: unknown}, false},
		{&feed.StatusError{Status: 200, Body: unknown}, false},
		{&feed.StatusError{Status: 404}, false},
		{&feed.StatusError{Status: 404, Body: "{}"}, false},
		{&feed.StatusError{Status: 404, Body: `{"error":""}`}, false},
		{&feed.StatusError{Status: 404, Body: `{"error":7}`}, false},
		{&feed.StatusError{Status: 404, Body: `["error"]`}, false},
		{&feed.StatusError{Status: 404, Body: "<html>" + unknown}, false},
		{io.EOF, false},
		{nil, false},
	} {
		if got := rest.IsNotFound(c.err); got != c.want {
			t.Errorf("%v: %v", c.err, got)
		}
	}
}

// TestLongAnswers: what is read of any answer is bounded.
func TestLongAnswers(t *testing.T) {
	for path, most := range map[string]int{
		"/markets/" + condition: 1 << 20, "/markets-by-token/" + yes: 1 << 20,
		"/gamma/markets/slug/a": 1 << 20, "/gamma/events/slug/a": 8 << 20, "/gamma/markets": 8 << 20, "/gamma/public-search": 8 << 20,
	} {
		name := map[string]string{"/markets/" + condition: condition, "/gamma/markets": condition, "/markets-by-token/" + yes: yes}[path]
		if name == "" {
			name = "a"
		}
		for _, n := range []int{most, most + 1} {
			c := open(t, start(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != path {
					answer(http.StatusNotFound, unknown)(w, r)
					return
				}
				w.(http.Flusher).Flush() // so that its length is not known
				io.WriteString(w, "["+strings.Repeat(" ", n-2)+"]")
			}))
			_, err := c.Market(t.Context(), name)
			if path == "/gamma/public-search" || path == "/gamma/markets" && n == most { // which may fail
				if !notFound(nil, err) {
					t.Errorf("%s, %d bytes: %v", path, n, err)
				}
			} else if err == nil || errors.Is(err, rest.ErrTooBig) != (n > most) {
				t.Errorf("%s, %d bytes: %v", path, n, err)
			}
		}
	}
}

// TestNameTimes: a call takes ten seconds with all of its requests, and as long as its
// context; a closed client asks nothing.
func TestNameTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := simulate(t, func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(6 * time.Second):
			case <-r.Context().Done():
			}
			answer(http.StatusNotFound, unknown)(w, r)
		})
		for _, name := range []string{"a-slug", yes, condition} {
			began := time.Now()
			_, err := c.Market(t.Context(), name)
			if took := time.Since(began); took != 10*time.Second || !errors.Is(err, context.DeadlineExceeded) && name != "a-slug" {
				t.Errorf("%s: %v after %v", name, err, took)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if _, err := c.Market(ctx, "a-slug"); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// TestNoGamma: the names of the one exchange are not asked for at another; ids need none.
func TestNoGamma(t *testing.T) {
	for _, gamma := range []string{"", "/gamma"} {
		o := start(t, site{"/markets/" + condition: orderBook}.ServeHTTP)
		if o.GammaURL = ""; gamma != "" {
			o.GammaURL = o.URL + gamma
		}
		c := open(t, o)
		if m, err := c.Market(t.Context(), condition); err != nil || m == nil {
			t.Error(err)
		}
		for _, name := range []string{"a-slug", "polymarket.com/event/a-slug", "polymarket.com/market/a-slug"} {
			_, err := c.Market(t.Context(), name)
			if errors.Is(err, rest.ErrNoGamma) != (gamma == "") || notFound(nil, err) != (gamma != "") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := c.Event(t.Context(), "a-slug"); errors.Is(err, rest.ErrNoGamma) != (gamma == "") {
			t.Error(err)
		}
		for _, id := range []string{yes, "0x" + strings.Repeat("0", 64)} {
			if _, err := c.Market(t.Context(), id); !notFound(nil, err) {
				t.Errorf("%s: %v", id, err)
			}
		}
	}
}

// TestManyNames is for the race detector.
func TestManyNames(t *testing.T) {
	atVenue(t, feedtest.VenueOptions{Seed: 5}, func(t *testing.T, _ *feedtest.Server, c *rest.Client, markets []feedtest.Market) {
		t.Helper()
		var calls sync.WaitGroup
		for _, name := range []string{markets[0].Slug, markets[0].Yes, markets[1].Condition, markets[2].Event, "zzz"} {
			for range 2 {
				calls.Go(func() { c.Market(t.Context(), name) })
			}
		}
		calls.Wait()
	})
}
