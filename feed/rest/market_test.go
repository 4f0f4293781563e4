package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"example.com/truebook/book"
)

const (
	condition = "0x8bf1c1536ecb1c08fe13c6b71e8ab1f58bf3461c4cb79f5f1679f869a06aef86"
	yes       = "111604417349377875799825956621596386269673370070912696668140891647145772186047"
	no        = "36015050921127306245266044699797268780268172446856063291868548314968920497494"
)

// marketAnswer has the fields of the exchange's page on GET /markets, with invented
// values.
const marketAnswer = `{"enable_order_book":true,"active":true,"closed":false,"archived":false,"accepting_orders":true,
"accepting_order_timestamp":"2026-08-08T00:00:00Z","minimum_order_size":5,"minimum_tick_size":0.001,
"condition_id":"` + condition + `","question_id":"0x01","question":"Will it \"rain\"?","description":"long",
"market_slug":"will-it-rain","end_date_iso":"2027-01-01T00:00:00Z","game_start_time":null,"seconds_delay":0,"fpmm":"",
"maker_base_fee":0,"taker_base_fee":0,"notifications_enabled":true,"neg_risk":true,"neg_risk_market_id":"","icon":"",
"rewards":{"rates":null,"min_size":10,"max_spread":99},"is_50_50_outcome":false,
"tokens":[{"token_id":"` + yes + `","outcome":"Yes","price":0.925,"winner":false},
{"token_id":"` + no + `","outcome":"No","price":0.075,"winner":false}],"tags":["All"]}
`

// TestMarketFields: each field is what the answer says, in each form it may have.
func TestMarketFields(t *testing.T) {
	whole := Market{
		Condition: condition, Question: `Will it "rain"?`, Slug: "will-it-rain",
		Tokens:   []Token{{yes, "Yes"}, {no, "No"}},
		TickSize: book.Dollar / 1000, MinOrderSize: 5 * book.Share, NegRisk: true, Active: true, AcceptingOrders: true, OrderBook: true,
		EndDate: time.Date(2027, 1, 1, 23, 59, 59, 0, time.UTC), // midnight says the day alone
	}
	day := time.Date(2027, 1, 2, 23, 59, 59, 0, time.UTC)
	for _, c := range []struct {
		old, new string
		change   func(*Market)
	}{
		{"", "", func(*Market) {}},
		{`"minimum_tick_size":0.001`, `"minimum_tick_size":"0.001"`, func(*Market) {}},
		{`"minimum_tick_size":0.001`, `"minimum_tick_size":"0.0025"`, func(m *Market) { m.TickSize = book.Dollar / 400 }},
		{`"minimum_tick_size":0.001`, `"minimum_tick_size":0.000001`, func(m *Market) { m.TickSize = 1 }},
		{`"minimum_tick_size":0.001`, `"minimum_tick_size":0`, func(m *Market) { m.TickSize = 0 }},
		{`"minimum_tick_size":0.001`, `"minimum_tick_size":null`, func(m *Market) { m.TickSize = 0 }},
		{`"minimum_tick_size":0.001,`, ``, func(m *Market) { m.TickSize = 0 }},
		{`"minimum_order_size":5`, `"minimum_order_size":"5"`, func(*Market) {}},
		{`"minimum_order_size":5`, `"minimum_order_size":15.25`, func(m *Market) { m.MinOrderSize = 15*book.Share + book.Share/4 }},
		{`"minimum_order_size":5`, `"minimum_order_size":""`, func(m *Market) { m.MinOrderSize = 0 }},
		{`"neg_risk":true`, `"neg_risk": false`, func(m *Market) { m.NegRisk = false }},
		{`"closed":false`, `"closed":true`, func(m *Market) { m.Closed = true }},
		{`"active":true`, `"active":false`, func(m *Market) { m.Active = false }},
		{`"accepting_orders":true`, `"accepting_orders":false`, func(m *Market) { m.AcceptingOrders = false }},
		{`"question":"Will it \"rain\"?",`, ``, func(m *Market) { m.Question = "" }},
		{`"market_slug":"will-it-rain"`, `"market_slug":null`, func(m *Market) { m.Slug = "" }},
		{`"market_slug":"will-it-rain"`, `"market_slug":"\u0057"`, func(m *Market) { m.Slug = "W" }},
		{condition, "0x" + strings.ToUpper(condition[2:]), func(*Market) {}},
		{`"enable_order_book":true`, `"enable_order_book":false`, func(m *Market) { m.OrderBook = false }},
		{`"enable_order_book":true,`, ``, func(*Market) {}},
		{`"2027-01-01T00:00:00Z"`, `"2027-01-02"`, func(m *Market) { m.EndDate = day }},
		{`"2027-01-01T00:00:00Z"`, `"2027-01-02T05:00:00.000+05:00"`, func(m *Market) { m.EndDate = day }},
		{`"2027-01-01T00:00:00Z"`, `"2027-01-02 00:00:00+00"`, func(m *Market) { m.EndDate = day }},
		{`"2027-01-01T00:00:00Z"`, `"2027-01-02T17:30:00Z"`, func(m *Market) { m.EndDate = time.Date(2027, 1, 2, 17, 30, 0, 0, time.UTC) }},
		{`"question":"Will it \"rain\"?"`, `"question":"` + strings.Repeat("é", 400_000) + `"`, func(m *Market) { m.Question = strings.Repeat("é", 500) }},
		{`"outcome":"Yes"`, `"outcome":"` + strings.Repeat("x", 1001) + `"`, func(m *Market) { m.Tokens[0].Outcome = strings.Repeat("x", 1000) }},
		{`"2027-01-01T00:00:00Z"`, `"soon"`, func(m *Market) { m.EndDate = time.Time{} }},
		{`"2027-01-01T00:00:00Z"`, `""`, func(m *Market) { m.EndDate = time.Time{} }},
		{`"2027-01-01T00:00:00Z"`, `null`, func(m *Market) { m.EndDate = time.Time{} }},
		{`"outcome":"Yes"`, `"outcome":"Up"`, func(m *Market) { m.Tokens[0].Outcome = "Up" }},
		{`"tokens":[`, `"tokens":[{"token_id":"0","outcome":"Third"},`, func(m *Market) {
			m.Tokens = append([]Token{{"0", "Third"}}, m.Tokens...)
		}},
		{`"tags"`, `"NEG_RISK":false,"Closed":true,"new":{"closed":[true]},"tags"`, func(*Market) {}},
	} {
		text := strings.Replace(marketAnswer, c.old, c.new, 1)
		if (text == marketAnswer) != (c.old == c.new) {
			t.Fatalf("%s is not in the answer", c.old)
		}
		want := whole
		want.Tokens = append([]Token(nil), whole.Tokens...)
		c.change(&want)
		if m, err := decodeMarket([]byte(text), condition); err != nil || !reflect.DeepEqual(*m, want) {
			t.Errorf("%s for %s: %+v, %v", c.new, c.old, m, err)
		}
	}
}

// TestMarketRefused: what cannot be is an error that names the place.
func TestMarketRefused(t *testing.T) {
	for _, c := range []struct{ old, new, field string }{
		{condition, condition[:65], "condition_id"},
		{condition, condition[2:], "condition_id"},
		{`"condition_id":"` + condition + `",`, ``, "condition_id"},
		{condition, "0x" + strings.Repeat("0", 64), "it is about 0x000"},
		{`"condition_id":"` + condition + `"`, `"condition_id":7`, "condition_id"},
		{`"minimum_tick_size":0.001`, `"minimum_tick_size":1`, "minimum_tick_size"},
		{`"minimum_tick_size":0.001`, `"minimum_tick_size":-0.001`, "minimum_tick_size"},
		{`"minimum_tick_size":0.001`, `"minimum_tick_size":1e-3`, "minimum_tick_size"},
		{`"minimum_tick_size":0.001`, `"minimum_tick_size":0.0000001`, "minimum_tick_size"},
		{`"minimum_tick_size":0.001`, `"minimum_tick_size":"0x1"`, "minimum_tick_size"},
		{`"minimum_tick_size":0.001`, `"minimum_tick_size":[0.001]`, "minimum_tick_size"},
		{`"minimum_tick_size":0.001`, `"minimum_tick_size":true`, "minimum_tick_size"},
		{`"minimum_order_size":5`, `"minimum_order_size":-5`, "minimum_order_size"},
		{`"minimum_order_size":5`, `"minimum_order_size":1000000000001`, "minimum_order_size"},
		{`"minimum_order_size":5`, `"minimum_order_size":99999999999999999999`, "minimum_order_size"},
		{`"neg_risk":true,`, ``, "neg_risk"},
		{`"neg_risk":true`, `"neg_risk":null`, "neg_risk"},
		{`"neg_risk":true`, `"NEG_RISK":true`, "neg_risk"},
		{`"closed":false`, `"closed":"false"`, "closed"},
		{`"active":true`, `"active":1`, "active"},
		{`"accepting_orders":true,`, ``, "accepting_orders"},
		{`"enable_order_book":true`, `"enable_order_book":"yes"`, "enable_order_book"},
		{`"2027-01-01T00:00:00Z"`, `20270101`, "end_date_iso"},
		{`"question":"Will it \"rain\"?"`, `"question":["?"]`, "question"},
		{`"closed":false`, `"closed":false,"closed":true`, `"closed" comes twice`},
		{`"closed":false`, `"closed":false,"c\u006cosed":true`, `"closed" comes twice`},
		{`"token_id":"` + yes + `"`, `"token_id":"` + yes + `1"`, "tokens: token_id"},
		{`"token_id":"` + yes + `"`, `"token_id":"0x1"`, "tokens: token_id"},
		{`"token_id":"` + yes + `"`, `"token_id":"-1"`, "tokens: token_id"},
		{`"token_id":"` + yes + `"`, `"token_id":1`, "tokens: token_id"},
		{`"token_id":"` + yes + `"`, `"token_id":"` + no + `"`, "tokens: token_id: it comes twice"},
		{`"token_id":"` + yes + `"`, `"token_id":""`, "tokens: token_id: not all have one"},
		{`"token_id":"` + yes + `"`, `"token_id":"1","token_id":"2"`, `tokens: "token_id" comes twice`},
		{`"outcome":"Yes"`, `"outcome":1`, "tokens: outcome"},
		{`"tokens":[`, `"tokens":[null,`, "tokens: it is no object"},
		{`"tokens":[`, `"tokens":[["1"],`, "tokens: it is no object"},
		{`"tokens":[`, `"tokens":"[]","t":[`, "tokens: it is no array"},
		{`"tokens":[`, `"tokens":[` + strings.Repeat("{},", maxOutcomes-1), "tokens: it has more than 1000 elements"},
		{`"tags":["All"]}`, `"tags":["All"]`, "unexpected end"},
		{`"tags":["All"]}`, `"tags":["All"]}{}`, "invalid character"},
		{`rain`, "r\xffin", "UTF-8"},
		{`"tags":["All"]`, `"tags":` + strings.Repeat("[", 32) + strings.Repeat("]", 32), "it is deeper than 32 levels"},
		{`"tags"`, `"` + strings.Repeat("x", 100_000) + `":1,"` + strings.Repeat("x", 100_000) + `":1,"tags"`, "comes twice"},
	} {
		text := strings.Replace(marketAnswer, c.old, c.new, 1)
		if text == marketAnswer {
			t.Fatalf("%s is not in the answer", c.old)
		}
		m, err := decodeMarket([]byte(text), condition)
		if err == nil || m != nil || errors.Is(err, ErrNotOpen) {
			t.Errorf("%.100s for %s: %+v, %v", c.new, c.old, m, err)
			continue
		}
		if !strings.HasPrefix(err.Error(), "rest: the answer about market "+condition+": ") ||
			!strings.Contains(err.Error(), c.field) || len(err.Error()) > 400 {
			t.Errorf("%.100s for %s: %v, want %s", c.new, c.old, err, c.field)
		}
	}
	for _, text := range []string{"", "[]", "null", "7", `"{}"`, "{", "{}", "[" + marketAnswer + "]", strings.Repeat("[", maxMarket)} {
		if m, err := decodeMarket([]byte(text), condition); err == nil || m != nil {
			t.Errorf("%.20s: %+v", text, m)
		}
	}
}

// TestMarketWithoutTokens: a new market is told from one that is wrong.
func TestMarketWithoutTokens(t *testing.T) {
	before, _, _ := strings.Cut(marketAnswer, `"tokens":`)
	for _, list := range []string{
		``, `"tokens":null,`, `"tokens":[],`, `"tokens":[{}],`, `"tokens":[` + strings.Repeat("{},", maxOutcomes-1) + `{}],`, `"tokens":[{"token_id":"","outcome":"Yes"},{"token_id":null,"outcome":"No"}],`,
	} {
		m, err := decodeMarket([]byte(before+list+`"tags":[]}`), condition)
		if !errors.Is(err, ErrNotOpen) || m != nil {
			t.Errorf("%s: %+v, %v", list, m, err)
		}
	}
}

// FuzzMarket: what is read is what was written, whatever was: a market that is read has
// the values that it must, encoding/json finds the same in the answer, and it is read
// again from an answer that says it.
func FuzzMarket(f *testing.F) {
	f.Add([]byte(marketAnswer))
	f.Add([]byte(strings.ReplaceAll(marketAnswer, "0.001", `"0.01"`)))
	f.Add([]byte(`{"condition_id":"` + condition + `","neg_risk":false,"active":true,"closed":false,"accepting_orders":true,"tokens":[{"token_id":"1"}]}`))
	f.Add([]byte(`{"tokens":[]}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		m, err := decodeMarket(answer, condition)
		if err != nil {
			if m != nil {
				t.Errorf("%+v and %v", m, err)
			}
			return
		}
		checkMarket(t, m, answer)
		again, err := decodeMarket(writeMarket(t, m), condition)
		if err != nil || !reflect.DeepEqual(again, m) {
			t.Errorf("%+v is read as %+v, %v", m, again, err)
		}
	})
}

func checkMarket(t *testing.T, m *Market, answer []byte) {
	t.Helper()
	if m.Condition != condition || m.TickSize < 0 || m.TickSize >= book.Dollar || m.MinOrderSize < 0 || len(m.Tokens) == 0 {
		t.Errorf("%+v", m)
	}
	var fields map[string]any // exact about keys, and the last of two
	if err := json.Unmarshal(answer, &fields); err != nil {
		t.Fatal(err)
	}
	for key, got := range map[string]any{
		"neg_risk": m.NegRisk, "closed": m.Closed, "active": m.Active, "accepting_orders": m.AcceptingOrders,
	} {
		if fields[key] != got {
			t.Errorf("%s is %v, want %v", key, got, fields[key])
		}
	}
	if want, _ := fields["question"].(string); m.Question != shortened(want) {
		t.Errorf("%q, want %q", m.Question, want)
	}
	list, _ := fields["tokens"].([]any)
	if len(list) != len(m.Tokens) {
		t.Fatalf("%d tokens of %d", len(m.Tokens), len(list))
	}
	for i, e := range list {
		o, _ := e.(map[string]any)
		if o["token_id"] != m.Tokens[i].ID || len(m.Tokens[i].ID) > 78 || strings.Trim(m.Tokens[i].ID, "0123456789") != "" {
			t.Errorf("%q, want %q", m.Tokens[i].ID, o["token_id"])
		}
	}
}

// writeMarket writes a market as the exchange would.
func writeMarket(t *testing.T, m *Market) []byte {
	t.Helper()
	tokens := []map[string]string{}
	for _, token := range m.Tokens {
		tokens = append(tokens, map[string]string{"token_id": token.ID, "outcome": token.Outcome})
	}
	text, err := json.Marshal(map[string]any{
		"condition_id": m.Condition, "question": m.Question, "market_slug": m.Slug, "tokens": tokens,
		"minimum_tick_size": m.TickSize, "minimum_order_size": json.RawMessage(fmt.Sprint(m.MinOrderSize)),
		"enable_order_book": m.OrderBook, "end_date_iso": m.EndDate,
		"neg_risk": m.NegRisk, "active": m.Active, "closed": m.Closed, "accepting_orders": m.AcceptingOrders,
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}
