package feedtest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// GammaPath is put after the REST address of a [Server] to get that of its Gamma, the list
// of the site's markets and events.
const GammaPath = "/gamma"

// What Gamma answers to a name that it does not know, and to one that is none.
const (
	noSlug  = `{"type":"not found error","error":"slug not found"}`
	badSlug = `{"type":"validation error","error":"slug is invalid"}`
)

// listLimit is how many markets and events a list has, unless another limit is asked for, and
// maxListed how many markets it has at most.
const (
	listLimit = 20
	maxListed = 100
)

// gammaMarket is a market as Gamma writes it: fields of any type are written in several
// ways, and an empty string says that there is nothing.
type gammaMarket struct {
	ID             string       `json:"id"`
	Question       string       `json:"question"`
	ConditionID    string       `json:"conditionId"`
	Slug           string       `json:"slug"`
	EndDate        string       `json:"endDate"`
	ResolvedBy     string       `json:"resolvedBy"`
	Liquidity      string       `json:"liquidity"`
	LiquidityNum   float64      `json:"liquidityNum"`
	Outcomes       any          `json:"outcomes"`
	OutcomePrices  any          `json:"outcomePrices"`
	Active         any          `json:"active"`
	Closed         any          `json:"closed"`
	GroupItemTitle string       `json:"groupItemTitle"`
	OrderBook      bool         `json:"enableOrderBook"`
	TickSize       any          `json:"orderPriceMinTickSize"`
	MinOrderSize   any          `json:"orderMinSize"`
	TokenIDs       any          `json:"clobTokenIds"`
	PositionIDs    any          `json:"positionIds"`
	Accepting      any          `json:"acceptingOrders"`
	NegRisk        any          `json:"negRisk"`
	BestBid        string       `json:"bestBid"`
	Events         []gammaEvent `json:"events,omitempty"`
}

type gammaEvent struct {
	ID      string        `json:"id"`
	Slug    string        `json:"slug"`
	Title   string        `json:"title"`
	Active  bool          `json:"active"`
	Closed  bool          `json:"closed"`
	Markets []gammaMarket `json:"markets,omitempty"`
}

// gamma writes a market in the way of its form: outcomes and tokens in either order, in a
// string or not; labels that are missing; numbers that are strings.
func (m *listed) gamma() gammaMarket {
	g := gammaMarket{
		ID: strconv.Itoa(500_000 + m.form), Question: m.Question, ConditionID: m.Condition, Slug: m.Slug,
		EndDate: endDate, Liquidity: "1234.5", LiquidityNum: 1234.5, Active: true, Closed: m.over(),
		GroupItemTitle: m.GroupTitle, OrderBook: true, Accepting: !m.over() && !m.bare, NegRisk: m.NegRisk,
	}
	outcomes, tokens := m.Outcomes[:], []string{m.Yes, m.No}
	if m.form%2 == 1 {
		outcomes, tokens = []string{outcomes[1], outcomes[0]}, []string{m.No, m.Yes}
	}
	g.Outcomes, g.TokenIDs, g.OutcomePrices = inString(outcomes), inString(tokens), `["0.5", "0.5"]`
	minSize := "5"
	if m.listing != nil {
		minSize, g.TickSize = m.listing.minSize, json.Number(m.listing.TickSize.String())
	} else {
		g.TickSize = json.Number(m.TickSize.String())
	}
	g.MinOrderSize = json.Number(minSize)
	switch m.form % 4 {
	case 1:
		g.MinOrderSize, g.NegRisk = minSize, nil
	case 2:
		g.TokenIDs = tokens
	case 3:
		g.Outcomes = nil
	}
	if m.bare {
		g.ConditionID, g.TokenIDs, g.TickSize, g.MinOrderSize = "", "", "", nil
	}
	return g
}

// inString returns the text of an array, which Gamma writes as a string.
func inString(list []string) string { return `["` + strings.Join(list, `", "`) + `"]` }

func (p *page) gamma(whole bool) gammaEvent {
	e := gammaEvent{ID: strconv.Itoa(10_000 + p.markets[0].form), Slug: p.slug, Title: p.title, Active: true, Closed: p.over()}
	for _, m := range p.markets {
		if whole {
			e.Markets = append(e.Markets, m.gamma())
		}
	}
	return e
}

// answerGamma is what Gamma answers.
func (v *Venue) answerGamma(q *query) Delivery {
	switch {
	case q.kind == gammaSearch:
		return asJSON(v.search(q.values))
	case q.kind == gammaList:
		return asJSON(v.listed(q.values))
	case q.name == "" || strings.Trim(q.name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "":
		return Delivery{Code: http.StatusUnprocessableEntity, Data: []byte(badSlug)}
	}
	if q.kind == gammaEventSlug && q.name == OldEvent {
		return asJSON(gammaEvent{ID: "900", Slug: OldEvent, Title: oldTitle, Active: true, Markets: old()})
	}
	for _, m := range old() {
		if q.kind == gammaMarketSlug && q.name == m.Slug {
			m.Events = []gammaEvent{{ID: "900", Slug: OldEvent, Title: oldTitle}}
			return asJSON(m)
		}
	}
	for _, p := range v.site() {
		if q.kind == gammaEventSlug && p.slug == q.name {
			return asJSON(p.gamma(true))
		}
		for _, m := range p.markets {
			if q.kind == gammaMarketSlug && m.Slug == q.name {
				g := m.gamma()
				g.Events = []gammaEvent{p.gamma(false)}
				return asJSON(g)
			}
		}
	}
	return Delivery{Code: http.StatusNotFound, Data: []byte(noSlug)}
}

func asJSON(value any) Delivery {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err) // of what is written above
	}
	return Delivery{Code: http.StatusOK, Data: data}
}

// listed returns the markets of a list: those that are asked for, or all. Closed ones are
// listed if closed=true is asked for, and no others then (ts-sdk, 2026-07).
func (v *Venue) listed(values url.Values) []gammaMarket {
	list := []gammaMarket{}
	has := func(key string, ids ...string) bool {
		asked := values[key]
		return len(asked) == 0 || slices.ContainsFunc(ids, func(id string) bool { return id != "" && slices.Contains(asked, id) })
	}
	limit, err := strconv.Atoi(values.Get("limit"))
	if err != nil || limit < 0 {
		limit = listLimit
	}
	limit = min(limit, maxListed)
	for _, p := range v.site() {
		for _, m := range p.markets {
			if m.over() != (values.Get("closed") == "true") || !has("slug", m.Slug) {
				continue
			}
			if m.bare && (values.Has("condition_ids") || values.Has("clob_token_ids")) {
				continue
			}
			if has("condition_ids", m.Condition) && has("clob_token_ids", m.Yes, m.No) && len(list) < limit {
				g := m.gamma()
				g.Events = []gammaEvent{p.gamma(false)}
				list = append(list, g)
			}
		}
	}
	return list
}

// search returns the events that have half of the words or more, those with most of them
// first. Words of a letter or two do not count.
func (v *Venue) search(values url.Values) any {
	words := strings.Fields(strings.ToLower(values.Get("q")))
	words = slices.DeleteFunc(words, func(w string) bool { return len(w) < 3 })
	type hit struct {
		page  *page
		words int
	}
	var hits []hit
	for _, p := range v.site() {
		n := 0
		for _, w := range words {
			if strings.Contains(p.slug+strings.ToLower(p.title), w) {
				n++
			}
		}
		if n > 0 && 2*n >= len(words) && (values.Get("events_status") != "active" || !p.over()) {
			hits = append(hits, hit{p, n})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return b.words - a.words })
	var found struct {
		Events     []gammaEvent   `json:"events"` // null if there are none
		Pagination map[string]any `json:"pagination"`
	}
	most, err := strconv.Atoi(values.Get("limit_per_type"))
	if err != nil || most < 0 {
		most = listLimit
	}
	for _, h := range hits[:min(most, len(hits))] {
		found.Events = append(found.Events, h.page.gamma(true))
	}
	found.Pagination = map[string]any{"hasMore": len(hits) > most, "totalResults": len(hits)}
	return found
}
