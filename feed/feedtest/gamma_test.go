package feedtest_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/feed/feedtest"
)

// gammaMarket is what a client of Gamma may read, as it comes.
type gammaMarket struct {
	Slug, Question          string
	ConditionID             string
	GroupItemTitle          string
	ClobTokenIDs, Outcomes  json.RawMessage
	OrderMinSize, NegRisk   json.RawMessage
	OrderPriceMinTickSize   json.RawMessage
	Active, Closed          bool
	AcceptingOrders         bool
	EnableOrderBook         bool
	EndDate, ResolvedBy     string
	PositionIDs             json.RawMessage
	Events                  []struct{ Slug, Title string }
	Liquidity, OutcomeOther json.RawMessage
}

const gammaURL = restURL + feedtest.GammaPath

func listing[T any](t *testing.T, s *feedtest.Server, path string) (value T) {
	t.Helper()
	a := ask(t, web(s), "GET", gammaURL+path, "")
	if err := json.Unmarshal([]byte(a.body), &value); err != nil || a.status != 200 || a.kind != "application/json" {
		t.Errorf("%s: %v, %+.300v", path, err, a)
	}
	return value
}

// strings of an array that may be in a string.
func unpacked(t *testing.T, raw json.RawMessage) (list []string) {
	t.Helper()
	text := ""
	if json.Unmarshal(raw, &text) == nil {
		raw = json.RawMessage(text)
	}
	if len(raw) > 0 && json.Unmarshal(raw, &list) != nil {
		t.Errorf("%s", raw)
	}
	return list
}

// TestGammaQuirks: each way in which Gamma writes something is there, and says what the
// market is.
func TestGammaQuirks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serveVenue(t, feedtest.ServerOptions{Venue: feedtest.VenueOptions{Markets: 8, Quirks: new(feedtest.NoQuirks())}})
		var markets []feedtest.Market
		s.Do(func(v *feedtest.Venue) { markets = v.Markets() })
		seen := map[string]bool{}
		slugs := map[string]bool{}
		for _, m := range markets {
			if m.Slug == "" || m.Question == "" || m.Event == "" || m.Outcomes[0] == m.Outcomes[1] || slugs[m.Slug] {
				t.Errorf("%+v", m)
			}
			slugs[m.Slug] = true
			got := listing[gammaMarket](t, s, "/markets/slug/"+m.Slug)
			tokens, outcomes := unpacked(t, got.ClobTokenIDs), unpacked(t, got.Outcomes)
			if got.Slug != m.Slug || got.ConditionID != m.Condition || got.Question != m.Question || got.GroupItemTitle != m.GroupTitle ||
				!got.Active || got.Closed || !got.AcceptingOrders || len(got.Events) != 1 || got.Events[0].Slug != m.Event || len(tokens) != 2 {
				t.Errorf("%+v: %+v", m, got)
			}
			for i, token := range tokens {
				if want := m.Outcomes[slices.Index([]string{m.Yes, m.No}, token)]; outcomes != nil && outcomes[i] != want {
					t.Errorf("%s is %s, want %s", token, outcomes[i], want)
				}
			}
			seen["tokens in a string"] = seen["tokens in a string"] || got.ClobTokenIDs[0] == '"'
			seen["tokens in an array"] = seen["tokens in an array"] || got.ClobTokenIDs[0] == '['
			seen["yes first"] = seen["yes first"] || tokens[0] == m.Yes
			seen["no first"] = seen["no first"] || tokens[0] == m.No
			seen["no labels"] = seen["no labels"] || outcomes == nil
			seen["other labels"] = seen["other labels"] || m.Outcomes[0] != "Yes"
			seen["number"] = seen["number"] || got.OrderMinSize[0] != '"'
			seen["number in a string"] = seen["number in a string"] || got.OrderMinSize[0] == '"'
			seen["no flag"] = seen["no flag"] || string(got.NegRisk) == "null"
			seen["an empty string"] = seen["an empty string"] || got.ResolvedBy == ""
			seen["one of several"] = seen["one of several"] || m.GroupTitle != ""
			seen["another event"] = seen["another event"] || m.GroupTitle == "" && m.Event != m.Slug
		}
		event := listing[struct{ Markets []gammaMarket }](t, s, "/events/slug/"+markets[2].Event)
		for _, m := range event.Markets {
			seen["closed"] = seen["closed"] || m.Closed
			if seen["no id"] = seen["no id"] || m.ConditionID == ""; m.ConditionID == "" && string(m.ClobTokenIDs) != `""` {
				t.Errorf("%+v", m)
			}
			known := slices.ContainsFunc(markets, func(o feedtest.Market) bool { return o.Condition == m.ConditionID })
			if a := ask(t, web(s), "GET", restURL+"/markets/"+m.ConditionID, ""); (a.status == 200) != known {
				t.Errorf("%+v: %+v", m, a)
			}
			seen["not in the order book"] = seen["not in the order book"] || !known && !m.Closed && m.ConditionID != ""
		}
		for _, quirk := range []string{
			"tokens in a string", "tokens in an array", "yes first", "no first", "no labels", "other labels", "number", "number in a string",
			"no flag", "an empty string", "one of several", "another event", "closed", "no id", "not in the order book",
		} {
			if !seen[quirk] {
				t.Error(quirk, "does not occur")
			}
		}
	})
}

// TestOldEvent: what is odd about old markets is there.
func TestOldEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serveVenue(t, feedtest.ServerOptions{})
		type raw = map[string]json.RawMessage
		e := listing[struct {
			Title   string
			Markets []raw
		}](t, s, "/events/slug/"+feedtest.OldEvent)
		if len(e.Markets) != 4 || !strings.Contains(e.Title, "“São Paulo”?\u202e\u200b\x1b[2J") {
			t.Fatalf("%+v", e)
		}
		for i, want := range []raw{
			{"enableOrderBook": []byte("false"), "acceptingOrders": []byte("false")},
			{"outcomes": []byte(`["A","B","C"]`), "clobTokenIds": []byte(`["9010","9011","9012"]`)},
			{"clobTokenIds": []byte("null"), "active": []byte(`""`), "closed": []byte(`""`), "acceptingOrders": []byte(`""`), "negRisk": []byte(`""`)},
			{"closed": []byte(`"no"`)},
		} {
			for key, value := range want {
				if got := e.Markets[i][key]; string(got) != string(value) {
					t.Errorf("%d: %s is %s", i, key, got)
				}
			}
		}
		if m := listing[gammaMarket](t, s, "/markets/slug/old-pool"); m.Slug != "old-pool" || m.EnableOrderBook || len(m.Events) != 1 || m.Events[0].Slug != feedtest.OldEvent {
			t.Errorf("%+v", m)
		}
	})
}

// TestGammaLists: lists hold what is asked for, open or closed, and the search finds most of
// the words.
func TestGammaLists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serveVenue(t, feedtest.ServerOptions{Venue: feedtest.VenueOptions{Markets: 8, Quirks: new(feedtest.NoQuirks())}})
		var m []feedtest.Market
		s.Do(func(v *feedtest.Venue) { m = v.Markets() })
		list := func(query string) string {
			var slugs []string
			for _, g := range listing[[]gammaMarket](t, s, "/markets"+query) {
				slugs = append(slugs, g.Slug)
			}
			return strings.Join(slugs, " ")
		}
		two := m[1].Slug + " " + m[4].Slug
		if got := list("?clob_token_ids=" + m[4].No + "&clob_token_ids=" + m[1].Yes); got != two {
			t.Error(got)
		}
		one := "?condition_ids=" + m[1].Condition
		for _, x := range [][2]string{
			{one, m[1].Slug},
			{one + "&condition_ids=0x7&closed=false", m[1].Slug},
			{one + "&closed=true", ""},
			{one + "&clob_token_ids=" + m[2].Yes, ""},
			{"?slug=" + m[3].Slug, m[3].Slug},
			{"?slug=none", ""},
			{"?condition_ids=", ""},
			{"?closed=true", "will-carol-win-the-election-on-day-1 will-carol-win-the-election-on-day-2"},
			{"?closed=true&slug=will-carol-win-the-election-on-day-2", "will-carol-win-the-election-on-day-2"},
			{"?closed=false&slug=will-carol-win-the-election-on-day-2", ""},
		} {
			query, want := x[0], x[1]
			if got := list(query); got != want {
				t.Errorf("%s: %q, want %q", query, got, want)
			}
		}
		if n := strings.Count(list(""), " ") + 1; n != 12 {
			t.Errorf("%d open markets", n)
		}
		s.Do(func(v *feedtest.Venue) { v.Inject(feedtest.Fault{Kind: feedtest.Settle, Market: 0}) })
		time.Sleep(time.Second)
		if got := list("?closed=true&slug=" + m[0].Slug); got != m[0].Slug || list("?slug="+m[0].Slug) != "" {
			t.Error(got)
		}
		search := func(query string) string {
			var slugs []string
			for _, e := range listing[struct{ Events []struct{ Slug string } }](t, s, "/public-search?"+query).Events {
				slugs = append(slugs, e.Slug)
			}
			return strings.Join(slugs, " ")
		}
		for query, want := range map[string]string{
			"q=election winer day 1":          "election-winner-day-1 election-winner-day-2",
			"q=election+day&limit_per_type=1": "election-winner-day-1",
			"q=rain":                          m[0].Slug + " " + m[4].Slug,
			"q=rain&events_status=active":     m[4].Slug,
			"q=RAIN&events_status=active":     m[4].Slug,
			"q=nothing":                       "", "q=": "", "": "", "q=a+b": "",
		} {
			if got := search(strings.ReplaceAll(query, " ", "+")); got != want {
				t.Errorf("%s: %q, want %q", query, got, want)
			}
		}
		if a := ask(t, web(s), "GET", gammaURL+"/public-search?q=nothing", ""); !strings.Contains(a.body, `"events":null`) {
			t.Errorf("%+v", a)
		}
		for path, want := range map[string]answer{
			"/markets/slug/none":                       {status: 404, body: `{"type":"not found error","error":"slug not found"}`},
			"/events/slug/" + m[2].Slug:                {status: 404, body: `{"type":"not found error","error":"slug not found"}`},
			"/events/slug/" + url.PathEscape("a slug"): {status: 422, body: `{"type":"validation error","error":"slug is invalid"}`},
			"/markets/slug/" + url.PathEscape("größe"): {status: 422, body: `{"type":"validation error","error":"slug is invalid"}`},
		} {
			want.kind = "application/json"
			if a := ask(t, web(s), "GET", gammaURL+path, ""); a != want {
				t.Errorf("%s: %+v", path, a)
			}
		}
		if a := ask(t, web(s), "GET", restURL+"/markets-by-token/"+m[5].No, ""); a.status != 200 || !strings.Contains(a.body, m[5].Condition) {
			t.Errorf("%+v", a)
		}
		if a := ask(t, web(s), "GET", restURL+"/markets-by-token/7", ""); a.status != 404 {
			t.Errorf("%+v", a)
		}
		s.Do(func(v *feedtest.Venue) {
			v.Inject(feedtest.Fault{Kind: feedtest.Restart, Market: -1, For: time.Minute})
		})
		time.Sleep(30 * time.Second)
		if a := ask(t, web(s), "GET", restURL+"/markets/"+m[5].Condition, ""); a.status == 200 {
			t.Errorf("%+v", a)
		}
		listing[gammaMarket](t, s, "/markets/slug/"+m[5].Slug) // which is another service
		s.Do(func(v *feedtest.Venue) {
			v.Inject(feedtest.Fault{Kind: feedtest.RESTForbidden, Market: -1, For: time.Minute})
		})
		if a := ask(t, web(s), "GET", gammaURL+"/markets/slug/"+m[5].Slug, ""); a.status != 403 {
			t.Errorf("%+v", a)
		}
	})
}

// TestNames: names follow from the place of a market alone, and a stream has none.
func TestNames(t *testing.T) {
	few, many := feedtest.NewVenue(feedtest.VenueOptions{Seed: 1, Markets: 3}).Markets(), feedtest.NewVenue(feedtest.VenueOptions{Seed: 2, Markets: 4000}).Markets()
	slugs := map[string]bool{}
	for i, m := range many {
		if i < len(few) && (few[i].Slug != m.Slug || few[i].Yes == m.Yes) {
			t.Errorf("%+v, %+v", m, few[i])
		}
		if slugs[m.Slug] {
			t.Errorf("%s twice", m.Slug)
		}
		slugs[m.Slug] = true
	}
	if m := feedtest.New(feedtest.Options{}).Markets()[0]; m.Slug != "" || m.Outcomes != [2]string{} {
		t.Errorf("%+v", m)
	}
}
