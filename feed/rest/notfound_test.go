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
