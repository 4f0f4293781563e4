package rest_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
	"example.com/truebook/feed/rest"
)

// TestList: many names are asked for at once, and each gets its own market, or none where
// the list does not say all.
func TestList(t *testing.T) {
	atVenue(t, feedtest.VenueOptions{Seed: 5, Markets: 80, Quirks: new(feedtest.NoQuirks())}, func(t *testing.T, s *feedtest.Server, c *rest.Client, markets []feedtest.Market) {
		t.Helper()
		s.Do(func(v *feedtest.Venue) { v.Inject(feedtest.Fault{Kind: feedtest.Settle, Market: 0}) })
		time.Sleep(time.Second)
		for what, name := range map[string]func(feedtest.Market) string{
			"slugs":      func(m feedtest.Market) string { return strings.ToUpper(m.Slug) },
			"conditions": func(m feedtest.Market) string { return m.Condition },
			"tokens":     func(m feedtest.Market) string { return m.No },
			"addresses": func(m feedtest.Market) string {
				return "https://polymarket.com/event/" + m.Event + "/" + m.Slug + "?tid=1"
			},
		} {
			var names []string
			for _, m := range markets {
				names = append(names, name(m))
			}
			names = append(names, names[5], "zzz", "polymarket.com/event/"+markets[0].Event, "polymarket.com/event/another/"+markets[1].Slug)
			list, err := c.List(t.Context(), names)
			if err != nil || len(list) != len(names) {
				t.Fatalf("%s: %d, %v", what, len(list), err)
			}
			for i, m := range list {
				if i >= 80 {
					if (m != nil) != (i == 80) || m != nil && m.Condition != markets[5].Condition {
						t.Errorf("%s: %s is %+v", what, names[i], m)
					}
					continue
				}
				if i%4 == 3 { // whose labels are missing
					if m != nil {
						t.Errorf("%s: %s is %+v", what, names[i], m)
					}
					continue
				}
				want := markets[i]
				if m == nil || m.Condition != want.Condition || m.Slug != want.Slug || m.Closed != (i == 0) || len(m.Tokens) != 2 {
					t.Fatalf("%s: %s is %+v", what, names[i], m)
				}
				for _, token := range m.Tokens {
					if (token.ID == want.Yes) != (token.Outcome == want.Outcomes[0]) {
						t.Errorf("%s: %+v", what, m)
					}
				}
			}
			time.Sleep(20 * time.Second)
		}
		if _, err := c.List(t.Context(), make([]string, rest.MaxListed+1)); err == nil {
			t.Error("more than the bound")
		}
		if _, err := c.List(t.Context(), []string{"no slug"}); !errors.As(err, new(*rest.NameError)) {
			t.Error(err)
		}
		if list, err := c.List(t.Context(), nil); err != nil || len(list) != 0 {
			t.Errorf("%v, %v", list, err)
		}
	})
}

// TestListRequests: ids of any length are asked for in addresses that servers take, closed
// markets apart, and what is odd is left out.
func TestListRequests(t *testing.T) {
	var asked []string
	longest := 0
	c := open(t, start(t, func(w http.ResponseWriter, r *http.Request) {
		longest = max(longest, len(r.URL.RawQuery))
		q := r.URL.Query()
		asked = append(asked, fmt.Sprintf("%s: %d slugs, %d tokens, %d conditions, limit %s",
			q.Get("closed"), len(q["slug"]), len(q["clob_token_ids"]), len(q["condition_ids"]), q.Get("limit")))
		io.WriteString(w, `[null,{"slug":"s-0","closed":7},{"slug":"s-1"},{"slug":"s-2","clobTokenIds":["1"],"outcomes":["Yes"]},{"slug":"other","clobTokenIds":["2"],"outcomes":["Yes"]}]`)
	}))
	var names []string
	for i := range 40 {
		names = append(names, fmt.Sprintf("s-%d", i), strings.Repeat("x", 256-i), fmt.Sprint(i, strings.Repeat("7", 70)))
	}
	list, err := c.List(t.Context(), names[:rest.MaxListed])
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range list {
		if (m != nil) != (names[i] == "s-2") {
			t.Errorf("%s is %+v", names[i], m)
		}
	}
	if longest > 8000 || longest < 6000 || len(asked) != 6 || strings.Join(asked, "\n") != `false: 0 slugs, 33 tokens, 0 conditions, limit 100
false: 54 slugs, 0 tokens, 0 conditions, limit 100
false: 12 slugs, 0 tokens, 0 conditions, limit 100
true: 0 slugs, 33 tokens, 0 conditions, limit 100
true: 54 slugs, 0 tokens, 0 conditions, limit 100
true: 12 slugs, 0 tokens, 0 conditions, limit 100` {
		t.Errorf("%d bytes: %s", longest, strings.Join(asked, "\n"))
	}
}

// TestListFails: what was listed before an error comes with it.
func TestListFails(t *testing.T) {
	requests := 0
	c := open(t, start(t, func(w http.ResponseWriter, r *http.Request) {
		if requests++; requests == 2 {
			answer(503, "")(w, r)
			return
		}
		io.WriteString(w, `[{"slug":"a","clobTokenIds":["1","2"],"outcomes":["Yes","No"]}]`)
	}))
	list, err := c.List(t.Context(), []string{"a", "b"})
	if refusal := (*feed.StatusError)(nil); !errors.As(err, &refusal) || len(list) != 2 || list[0] == nil || list[1] != nil {
		t.Errorf("%+v, %v", list, err)
	}
	o := start(t, http.NotFound)
	o.GammaURL = ""
	if _, err := open(t, o).List(t.Context(), []string{"a"}); !errors.Is(err, rest.ErrNoGamma) {
		t.Error(err)
	}
}
