package rest_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/truebook/feed"
	"example.com/truebook/feed/rest"
)

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
