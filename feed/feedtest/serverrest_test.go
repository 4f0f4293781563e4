package feedtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/feed/feedtest"
)

// answer is one of HTTP, with status 0 if there was none.
type answer struct {
	status           int
	body             string
	kind, retryAfter string
}

// ask asks by HTTP, and waits at most for 30 s.
func ask(t *testing.T, client *http.Client, method, url, body string) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.Do(request)
	if err != nil {
		return answer{}
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		return answer{}
	}
	return answer{got.StatusCode, string(text), got.Header.Get("Content-Type"), got.Header.Get("Retry-After")}
}

func asked(tokens []string) string {
	list := []map[string]string{}
	for _, token := range tokens {
		list = append(list, map[string]string{"token_id": token})
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// TestServerRESTIsTheVenue: what is answered is what the venue answers, at the same
// time, whatever the fault.
func TestServerRESTIsTheVenue(t *testing.T) {
	kinds := []feedtest.FaultKind{feedtest.Reset, feedtest.Restart}
	for k := feedtest.RESTTimeout; k <= feedtest.RESTPartial; k++ {
		kinds = append(kinds, k)
	}
	for _, k := range kinds {
		t.Run(k.String(), func(t *testing.T) {
			o := feedtest.VenueOptions{Seed: 4, Rate: 8, Faults: []feedtest.Fault{{Kind: k, Market: -1, At: time.Second, For: 25 * time.Second}}}
			synctest.Test(t, func(t *testing.T) {
				s := serveVenue(t, feedtest.ServerOptions{Venue: o})
				v := feedtest.NewVenue(o)
				tokens, begin, venueBegin := served(s), time.Now(), v.Now()
				for i, n := range []int{1, 8, 1, 3, 2} {
					time.Sleep(20*time.Second + time.Until(begin.Add(time.Duration(i)*20*time.Second)))
					v.Advance(venueBegin.Add(time.Since(begin)))
					d, took := fetch(t, v, tokens[:n]...)
					since := time.Now()
					var got answer
					if n == 1 {
						got = ask(t, web(s), "GET", restURL+"/book?token_id="+tokens[0], "")
					} else {
						got = ask(t, web(s), "POST", restURL+"/books", asked(tokens[:n]))
					}
					want := answer{status: d.Code, body: string(d.Data), kind: "application/json"}
					if d.RetryAfter > 0 {
						want.retryAfter = fmt.Sprint(d.RetryAfter.Seconds())
					}
					if d.Code == 0 { // nothing ever comes
						want, took = answer{}, 30*time.Second
					}
					if got != want || time.Since(since) != took {
						t.Errorf("request %d: got\n%+.300v after %v, expected\n%+.300v after %v", i, got, time.Since(since), want, took)
					}
				}
			})
		})
	}
}

// TestServerREST: what the venue has no other word for.
func TestServerREST(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serveVenue(t, feedtest.ServerOptions{})
		tokens := served(s)
		one := ask(t, web(s), "GET", restURL+"/book?token_id="+tokens[1], "")
		if a := ask(t, web(s), "POST", restURL+"/books", asked(tokens[1:2])); a.status != 200 || len(a.body) < 3 || a.body[0] != '[' {
			t.Errorf("an array of one: %+v, beside %+v", a, one)
		}
		if a := ask(t, web(s), "POST", restURL+"/books", asked([]string{"7"})); a.status != 200 || a.body != "[]" {
			t.Errorf("an array of none: %+v", a)
		}
		if a := ask(t, web(s), "POST", restURL+"/books", asked(append([]string{"7", ""}, tokens...))); strings.Count(a.body, "asset_id") != 8 {
			t.Errorf("an array of all: %+v", a)
		}
		many := make([]string, 501)
		if a := ask(t, web(s), "POST", restURL+"/books", asked(many[1:])); a.status != 200 || a.body != "[]" {
			t.Errorf("500 tokens: %+v", a)
		}
		for _, x := range []struct {
			method, path, body string
			status             int
			want               string
		}{
			{"GET", "/book", "", 400, `{"error":"Invalid token id"}`},
			{"GET", "/book?token_id=0x7", "", 400, `{"error":"Invalid token id"}`},
			{"GET", "/book?token_id=7", "", 404, `{"error":"No orderbook exists for the requested token id"}`},
			{"POST", "/books", asked(many), 400, `{"error":"Payload exceeds the limit"}`},
			{"POST", "/books", `{"token_id":"7"}`, 400, `{"error":"Invalid payload"}`},
			{"POST", "/books", `[{"token_id":"` + strings.Repeat("7", 2<<20) + `"}]`, 400, `{"error":"Invalid payload"}`},
			{"GET", "/markets/0x7", "", 404, `{"error":"market not found"}`},
			{"GET", "/ok", "", 200, `"OK"`},
		} {
			if a := ask(t, web(s), x.method, restURL+x.path, x.body); a.status != x.status || a.body != x.want || a.kind != "application/json" {
				t.Errorf("%s %s: %+v", x.method, x.path, a)
			}
		}
		var now int64
		if a := ask(t, web(s), "GET", restURL+"/time", ""); json.Unmarshal([]byte(a.body), &now) != nil || time.Unix(now, 0).UTC().Year() != 2026 {
			t.Errorf("the time: %+v", a)
		}
	})
}

// TestServerMarket: a market's terms are numbers, and those of the books; it ends.
func TestServerMarket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serveVenue(t, feedtest.ServerOptions{Venue: feedtest.VenueOptions{Quirks: new(feedtest.NoQuirks())}})
		var markets []feedtest.Market
		s.Do(func(v *feedtest.Venue) { markets = v.Markets() })
		type token struct {
			ID      string `json:"token_id"`
			Outcome string
			Winner  bool
		}
		type terms struct {
			Condition string      `json:"condition_id"`
			Min       json.Number `json:"minimum_order_size"`
			Tick      json.Number `json:"minimum_tick_size"`
			NegRisk   bool        `json:"neg_risk"`
			Active    bool
			Closed    bool
			Accepting bool `json:"accepting_orders"`
			Tokens    []token
		}
		get := func(m feedtest.Market) (got terms) {
			a := ask(t, web(s), "GET", restURL+"/markets/"+m.Condition, "")
			if err := json.Unmarshal([]byte(a.body), &got); err != nil || strings.Contains(a.body, `size":"`) {
				t.Errorf("%v: %+v", err, a)
			}
			return got
		}
		for _, m := range markets {
			got := get(m)
			var book struct {
				Min     string `json:"min_order_size"`
				Tick    string `json:"tick_size"`
				NegRisk bool   `json:"neg_risk"`
			}
			text := ask(t, web(s), "GET", restURL+"/book?token_id="+m.No, "").body
			if err := json.Unmarshal([]byte(text), &book); err != nil {
				t.Fatal(err)
			}
			if got.Condition != m.Condition || got.Min.String() != book.Min || got.Tick.String() != book.Tick || got.NegRisk != book.NegRisk ||
				!got.Active || got.Closed || !got.Accepting || len(got.Tokens) != 2 ||
				got.Tokens[0] != (token{m.Yes, m.Outcomes[0], false}) || got.Tokens[1] != (token{m.No, m.Outcomes[1], false}) {
				t.Errorf("%+v, book %+v", got, book)
			}
		}
		s.Do(func(v *feedtest.Venue) {
			v.Inject(feedtest.Fault{Kind: feedtest.Settle, Market: 1})
			v.Inject(feedtest.Fault{Kind: feedtest.RESTMissing, Market: 2})
		})
		time.Sleep(time.Second)
		if got := get(markets[1]); !got.Closed || got.Accepting || got.Tokens[0].Winner == got.Tokens[1].Winner {
			t.Errorf("settled: %+v", got)
		}
		if a := ask(t, web(s), "GET", restURL+"/markets/"+markets[2].Condition, ""); a.status != 404 {
			t.Errorf("a missing one: %+v", a)
		}
		if got := get(markets[3]); got.Closed || got.Tokens[0].Winner || got.Tokens[1].Winner {
			t.Errorf("another: %+v", got)
		}
	})
}
