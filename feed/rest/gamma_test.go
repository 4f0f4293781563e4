package rest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"example.com/truebook/book"
)

// listedAnswer has the fields of the exchange's page on markets in Gamma, with invented
// values.
const listedAnswer = `{"id":"517310","question":"Will it \"rain\"?","conditionId":"` + condition + `","slug":"will-it-rain",
"resolutionSource":"","endDate":"2027-01-01T00:00:00Z","liquidity":"17664.89219","startDate":"2025-02-06T00:02:40.955925Z",
"description":"long","outcomes":"[\"Up\", \"Down\"]","outcomePrices":"[\"0.925\", \"0.075\"]","volume":"12","volumeNum":12,
"active":true,"closed":false,"groupItemTitle":"Tomorrow","questionID":"","enableOrderBook":true,
"orderPriceMinTickSize":0.001,"orderMinSize":5,"endDateIso":"2027-01-01","clobTokenIds":"[\"` + yes + `\", \"` + no + `\"]",
"resolvedBy":"","positionIds":null,"acceptingOrders":true,"negRisk":true,"bestBid":"","spread":"",
"events":[{"id":"1","slug":"rain","title":"Rain"}]}
`

// TestListedQuirks: each field is what the list says, in each way in which it may.
func TestListedQuirks(t *testing.T) {
	whole := Market{
		Condition: condition, Question: `Will it "rain"?`, Slug: "will-it-rain", GroupTitle: "Tomorrow",
		Tokens:   []Token{{yes, "Up"}, {no, "Down"}},
		TickSize: book.Dollar / 1000, MinOrderSize: 5 * book.Share, NegRisk: true, Active: true, AcceptingOrders: true,
		OrderBook: true, EndDate: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	same := func(*Market) {}
	noTokens := func(m *Market) { m.Tokens = nil }
	noLabels := func(m *Market) { m.Tokens = []Token{{yes, ""}, {no, ""}} }
	const tokens, outcomes = `"clobTokenIds":"[\"` + yes + `\", \"` + no + `\"]"`, `"outcomes":"[\"Up\", \"Down\"]"`
	for _, c := range []struct {
		old, new string
		change   func(*Market)
	}{
		{"", "", same},
		// Arrays in strings, arrays, and none of either.
		{tokens, `"clobTokenIds":["` + yes + `","` + no + `"]`, same},
		{tokens, `"clobTokenIds":" [ \"` + yes + `\",\"` + no + `\" ] "`, same},
		{tokens, `"clobTokenIds":"[` + yes + `,` + no + `]"`, same},
		{tokens, `"clobTokenIds":[` + yes + `,` + no + `]`, same},
		{tokens, `"clobTokenIds":""`, noTokens},
		{tokens, `"clobTokenIds":null`, noTokens},
		{tokens, `"clobTokenIds":[]`, noTokens},
		{tokens, `"clobTokenIds":"[]"`, noTokens},
		{tokens, `"clobTokenIds":"null"`, noTokens},
		{tokens, `"clobTokenIds":"[\"\", \"\"]"`, noTokens},
		{tokens, `"x":1`, noTokens},
		{outcomes, `"outcomes":["Up","Down"]`, same},
		{outcomes, `"outcomes":null`, noLabels},
		{outcomes, `"outcomes":""`, noLabels},
		{outcomes, `"outcomes":"[]"`, noLabels},
		{outcomes, `"x":1`, noLabels},
		// Paired by their place: never Yes first.
		{outcomes, `"outcomes":"[\"Down\", \"Up\"]"`, func(m *Market) { m.Tokens = []Token{{yes, "Down"}, {no, "Up"}} }},
		{tokens, `"clobTokenIds":"[\"` + no + `\", \"` + yes + `\"]"`, func(m *Market) { m.Tokens = []Token{{no, "Up"}, {yes, "Down"}} }},
		{outcomes, `"outcomes":"[\"A\", \"B\", \"C\"]"`, noLabels},
		{outcomes, `"outcomes":"[\"Yes\"]"`, noLabels},
		{outcomes, `"outcomes":"[2027, 2028]"`, func(m *Market) { m.Tokens = []Token{{yes, "2027"}, {no, "2028"}} }},
		{outcomes, `"outcomes":"[\"\\\"\", \"\\u0057\"]"`, func(m *Market) { m.Tokens = []Token{{yes, `"`}, {no, "W"}} }},
		// Numbers as strings and as numbers, and "" for none.
		{`:0.001`, `:"0.001"`, same},
		{`:0.001`, `:""`, func(m *Market) { m.TickSize = 0 }},
		{`:0.001`, `:null`, func(m *Market) { m.TickSize = 0 }},
		{`"orderMinSize":5`, `"orderMinSize":"15"`, func(m *Market) { m.MinOrderSize = 15 * book.Share }},
		{`"orderMinSize":5`, `"orderMinSize":""`, func(m *Market) { m.MinOrderSize = 0 }},
		// Empty strings and nothing at all.
		{`"` + condition + `"`, `""`, func(m *Market) { m.Condition = "" }},
		{`"` + condition + `"`, `null`, func(m *Market) { m.Condition = "" }},
		{condition, "0x" + strings.ToUpper(condition[2:]), same},
		{`"groupItemTitle":"Tomorrow"`, `"groupItemTitle":null`, func(m *Market) { m.GroupTitle = "" }},
		{`"negRisk":true`, `"negRisk":null`, func(m *Market) { m.NegRisk = false }},
		{`"negRisk":true,`, ``, func(m *Market) { m.NegRisk = false }},
		{`"closed":false`, `"closed":true`, func(m *Market) { m.Closed = true }},
		{`"closed":false`, `"closed":null`, same},
		{`"active":true`, `"active":""`, same},
		{`"active":true`, `"active":false`, func(m *Market) { m.Active = false }},
		{`"active":true,"closed":false`, `"closed":true`, func(m *Market) { m.Active, m.Closed = false, true }},
		{`"acceptingOrders":true`, `"acceptingOrders":null`, same},
		{`"acceptingOrders":true`, `"acceptingOrders":false`, func(m *Market) { m.AcceptingOrders = false }},
		{`"enableOrderBook":true`, `"enableOrderBook":false`, func(m *Market) { m.OrderBook = false }},
		{`"enableOrderBook":true,`, ``, same},
		// A day alone is over with its end, and endDateIso says no more.
		{`"endDate":"2027-01-01T00:00:00Z",`, ``, func(m *Market) { m.EndDate = m.EndDate.Add(24*time.Hour - time.Second) }},
		{`"endDate":"2027-01-01T00:00:00Z"`, `"endDate":"2027-01-01"`, func(m *Market) { m.EndDate = m.EndDate.Add(24*time.Hour - time.Second) }},
		// Texts are bounded, and end with a whole letter.
		{`"groupItemTitle":"Tomorrow"`, `"groupItemTitle":"` + strings.Repeat("é", 501) + `"`, func(m *Market) { m.GroupTitle = strings.Repeat("é", 500) }},
		{`"slug":"will-it-rain"`, `"slug":"x` + strings.Repeat("é", 501) + `"`, func(m *Market) { m.Slug = "x" + strings.Repeat("é", 499) }},
		{outcomes, `"outcomes":["` + strings.Repeat("U", 1001) + `","Down"]`, func(m *Market) { m.Tokens = []Token{{yes, strings.Repeat("U", 1000)}, {no, "Down"}} }},
		{`"endDate":"2027-01-01T00:00:00Z"`, `"endDate":"2027-01-01T12:30:00.5Z"`, func(m *Market) {
			m.EndDate = m.EndDate.Add(12*time.Hour + 30*time.Minute + 500*time.Millisecond)
		}},
		{`"CLOSED"`, ``, same},
	} {
		text := strings.Replace(listedAnswer, c.old, c.new, 1)
		if c.old == `"CLOSED"` {
			text = strings.Replace(listedAnswer, `"events"`, `"CLOSED":true,"new":{"closed":true},"events"`, 1)
		}
		if (text == listedAnswer) != (c.old == c.new) {
			t.Fatalf("%s is not in the answer", c.old)
		}
		want := whole
		c.change(&want)
		if m, err := decodeListed([]byte(text)); err != nil || !reflect.DeepEqual(m.Market, want) {
			t.Errorf("%s for %s:\n%+v, %v", c.new, c.old, m, err)
		}
		e, err := decodeEvent([]byte(`{"slug":"e","title":"E","markets":[` + text + `,` + listedAnswer + `]}`))
		if err != nil || e.Slug != "e" || e.Title != "E" || !reflect.DeepEqual(e.Markets, []Market{want, whole}) {
			t.Errorf("%s for %s, in an event:\n%+v, %v", c.new, c.old, e, err)
		}
	}
}

// TestListedRefused: what cannot be is an error that names the place.
func TestListedRefused(t *testing.T) {
	const tokens = `"[\"` + yes + `\", \"` + no + `\"]"`
	for _, c := range []struct{ old, new, field string }{
		{condition, condition[:65], "conditionId"},
		{`"` + condition + `"`, `7`, "conditionId"},
		{tokens, `"[\"` + yes + `\", \"` + yes + `\"]"`, "clobTokenIds: it comes twice"},
		{tokens, `"[\"` + yes + `\", \"\"]"`, "clobTokenIds: not all"},
		{tokens, `"[\"0x1\"]"`, "clobTokenIds: no number"},
		{tokens, `"[\"` + yes + `1\"]"`, "clobTokenIds: no number"},
		{tokens, `"[1.5]"`, "clobTokenIds: no number"},
		{tokens, `"[-1]"`, "clobTokenIds: no array"},
		{tokens, `"[null]"`, "clobTokenIds: no array"},
		{tokens, `"[[\"1\"]]"`, "clobTokenIds: no array"},
		{tokens, `"\"1\""`, "clobTokenIds: no array"},
		{tokens, `"{}"`, "clobTokenIds: no array"},
		{tokens, `"[\"1\""`, "clobTokenIds: no array"},
		{tokens, `7`, "clobTokenIds: no array"},
		{tokens, `true`, "clobTokenIds: no array"},
		{tokens, `" "`, "clobTokenIds: no array"},
		{`"[\"Up\", \"Down\"]"`, `"Up"`, "outcomes: no array"},
		{`"closed":false`, `"closed":"false"`, "closed"},
		{`"closed":false`, `"closed":0`, "closed"},
		{`"closed":false`, `"closed":false,"closed":true`, `"closed" comes twice`},
		{`:0.001`, `:1`, "orderPriceMinTickSize"},
		{`:0.001`, `:1e-3`, "orderPriceMinTickSize"},
		{`"orderMinSize":5`, `"orderMinSize":-5`, "orderMinSize"},
		{`"question":"Will it \"rain\"?"`, `"question":1`, "question"},
		{`"slug":"will-it-rain"`, `"slug":["x"]`, "slug"},
		{`"groupItemTitle":"Tomorrow"`, `"groupItemTitle":1`, "groupItemTitle"},
		{"rain", "r\xffin", "UTF-8"},
	} {
		text := strings.Replace(listedAnswer, c.old, c.new, 1)
		if text == listedAnswer {
			t.Fatalf("%s is not in the answer", c.old)
		}
		m, err := decodeListed([]byte(text))
		if err == nil || m != nil || !strings.Contains(err.Error(), c.field) || len(err.Error()) > 300 {
			t.Errorf("%s for %s: %+v, %v", c.new, c.old, m, err)
		}
		// In an event it spoils no other.
		e, err := decodeEvent([]byte(`{"markets":[` + text + `,` + listedAnswer + `]}`))
		if c.field == "UTF-8" {
			if err == nil || e != nil {
				t.Errorf("%s for %s, in an event: %+v, %v", c.new, c.old, e, err)
			}
			continue
		}
		if err != nil || len(e.Markets) != 2 || e.Markets[1].Unreadable != "" || len(e.Markets[1].Tokens) != 2 {
			t.Fatalf("%s for %s, in an event: %+v, %v", c.new, c.old, e, err)
		}
		if odd := e.Markets[0]; odd.Unreadable == "" || !strings.Contains(odd.Unreadable, c.field) || odd.Tokens != nil || odd.OrderBook ||
			odd.Slug == "" && c.field != "slug" && !strings.Contains(c.field, "twice") {
			t.Errorf("%s for %s, in an event: %+v", c.new, c.old, odd)
		}
	}
	for _, text := range []string{
		"", "[]", "null", `"{}"`, "{", `{"markets":{}}`, `{"markets":"[]"}`, `{"slug":1}`,
		"{\"title\":\"\xff\",\"markets\":[]}",
		`{"markets":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`,
	} {
		if e, err := decodeEvent([]byte(text)); err == nil {
			t.Errorf("%.20s: %+v", text, e)
		}
	}
	for _, text := range []string{`{"markets":[null]}`, `{"markets":[[]]}`} {
		if e, err := decodeEvent([]byte(text)); err != nil || len(e.Markets) != 1 || e.Markets[0].Unreadable == "" {
			t.Errorf("%s: %+v, %v", text, e, err)
		}
	}
	if list, err := decodeList([]byte("[{\"x\":\"\xff\"}]")); err == nil {
		t.Errorf("%+v", list)
	}
	for n, ok := range map[int]bool{maxListed: true, maxListed + 1: false} {
		list, err := decodeList([]byte("[" + strings.Repeat("{},", n-1) + "{}]"))
		if (err == nil) != ok || len(list) != n && ok {
			t.Errorf("%d of %d, %v", len(list), n, err)
		}
	}
	for n, ok := range map[int]bool{maxOutcomes: true, maxOutcomes + 1: false} {
		m, err := decodeListed([]byte(`{"clobTokenIds":[` + strings.Repeat(`"",`, n-1) + `""]}`))
		if (err == nil) != ok {
			t.Errorf("%d tokens: %+v, %v", n, m, err)
		}
	}
	for _, text := range []string{"{}", `{"markets":null}`, `{"markets":[]}`} {
		if e, err := decodeEvent([]byte(text)); err != nil || len(e.Markets) > 0 {
			t.Errorf("%s: %+v, %v", text, e, err)
		}
	}
}

// TestSearchAnswers: what cannot be read is left out, and a hostile slug is.
func TestSearchAnswers(t *testing.T) {
	event := func(slug string) string { return `{"id":"1","slug":"` + slug + `","title":"T","markets":[]}` }
	for text, want := range map[string]string{
		`{"events":[` + event("a") + `,` + event("b") + `],"pagination":{"hasMore":false}}`: "a b",
		`{"events":null}`: "", `{"events":[]}`: "", `{}`: "", `[]`: "", ``: "", `{"events":{}}`: "", `{"events":[1]}`: "",
		`{"events":[null,1,{"slug":1},{"slug":"x","slug":"y"},` + event("good") + `]}`:                                    "good",
		`{"events":[` + event("a") + `,{"slug":""},` + event(`\u001b[2J`) + `,` + event("../x") + `,` + event("c") + `]}`: "a c",
		`{"events":[` + strings.Repeat(event("a")+",", 9) + event("b") + `]}`:                                             "a a a a a",
		"{\"events\":[" + event("\xff") + "]}":                                                                            "",
	} {
		var slugs []string
		for _, s := range decodeSearch([]byte(text)) {
			slugs = append(slugs, s.Slug)
		}
		if got := strings.Join(slugs, " "); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
}

// FuzzGamma: what is read has the values that it must, and is read again from an answer
// that says it.
func FuzzGamma(f *testing.F) {
	f.Add([]byte(listedAnswer))
	f.Add([]byte(`{"slug":"e","title":"E","markets":[` + listedAnswer + `]}`))
	f.Add([]byte(`{"events":[{"slug":"a","title":"T"}]}`))
	f.Add([]byte(`[` + listedAnswer + `]`))
	f.Add([]byte(`{"clobTokenIds":["1",2],"outcomes":"[\"a\",3]","closed":""}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		if found := decodeSearch(answer); len(found) > MaxSuggestions {
			t.Errorf("%+v", found)
		}
		if list, err := decodeList(answer); err == nil {
			for i := range list {
				checkListed(t, &list[i].Market)
			}
		}
		if e, err := decodeEvent(answer); err == nil {
			for i := range e.Markets {
				checkListed(t, &e.Markets[i])
			}
		}
		if m, err := decodeListed(answer); err == nil {
			checkListed(t, &m.Market)
		}
	})
}

func checkListed(t *testing.T, m *Market) {
	t.Helper()
	if m.Unreadable != "" {
		if len(m.Tokens) > 0 {
			t.Errorf("%+v", m)
		}
		return
	}
	if m.Condition != "" && len(m.Condition) != 66 || m.TickSize < 0 || m.TickSize >= book.Dollar || m.MinOrderSize < 0 {
		t.Errorf("%+v", m)
	}
	ids, outcomes := []string{}, []string{}
	for _, token := range m.Tokens {
		if token.ID == "" || strings.Trim(token.ID, "0123456789") != "" {
			t.Errorf("%+v", m)
		}
		ids, outcomes = append(ids, token.ID), append(outcomes, token.Outcome)
	}
	inner := func(list []string) string {
		text, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	date := ""
	if y := m.EndDate.Year(); !m.EndDate.IsZero() && y >= 0 && y < 10_000 {
		date = m.EndDate.Format(time.RFC3339Nano)
	}
	text, err := json.Marshal(map[string]any{
		"conditionId": m.Condition, "question": m.Question, "slug": m.Slug, "groupItemTitle": m.GroupTitle,
		"clobTokenIds": inner(ids), "outcomes": inner(outcomes), "negRisk": m.NegRisk, "active": m.Active, "closed": m.Closed,
		"acceptingOrders": m.AcceptingOrders, "enableOrderBook": m.OrderBook, "endDate": date,
		"orderPriceMinTickSize": m.TickSize, "orderMinSize": json.RawMessage(fmt.Sprint(m.MinOrderSize)),
	})
	if err != nil {
		t.Fatal(err)
	}
	again, err := decodeListed(text)
	if date == "" && err == nil {
		again.EndDate = m.EndDate
	}
	if err != nil || !reflect.DeepEqual(&again.Market, m) {
		t.Errorf("%+v is read as %+v, %v", m, again, err)
	}
}
