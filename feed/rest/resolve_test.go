package rest_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/book"
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
