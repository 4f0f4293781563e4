package rest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
	"example.com/truebook/feed/rest"
)

// exchange is a server on this machine with the books of a simulated exchange.
func exchange() (server *httptest.Server, tokens []string) {
	v := feedtest.NewVenue(feedtest.VenueOptions{Seed: 1})
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d := askVenue(v, r)
		w.WriteHeader(d.Code)
		w.Write(d.Data)
	})), tokensOf(v)
}

func ExampleClient_FetchBooks() {
	server, tokens := exchange()
	defer server.Close()
	client, err := rest.New(rest.Options{URL: server.URL}) // that of the exchange without a URL
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	ctx := context.Background()
	answer, err := client.FetchBooks(ctx, tokens[:2])
	if err != nil {
		fmt.Println(err)
		return
	}
	events, err := feed.NewDecoder(feed.DecoderOptions{Learn: true}).Decode(answer)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, event := range events {
		if b, ok := event.(*feed.Book); ok {
			fmt.Println("a book with", len(b.Bids) > 0, len(b.Asks) > 0)
		}
	}

	_, err = client.FetchBooks(ctx, []string{"7"})
	if refusal := (*feed.StatusError)(nil); errors.As(err, &refusal) {
		fmt.Println(refusal.Status, refusal.Body)
	}
	// Output:
	// a book with true true
	// a book with true true
	// 404 {"error":"No orderbook exists for the requested token id"}
}

// What is watched when all that is known is an address? The options lead to a simulated
// exchange; without them it is the real one.
func ExampleClient_Market() {
	exchange := feedtest.NewServer(feedtest.ServerOptions{Venue: feedtest.VenueOptions{Seed: 1}})
	defer exchange.Close()
	_, restURL, err := exchange.Start("127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := rest.New(rest.Options{URL: restURL, GammaURL: restURL + feedtest.GammaPath})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	ctx := context.Background()
	for _, name := range []string{
		"https://polymarket.com/event/btc-updown-day-1?tid=1758818660485",
		"https://polymarket.com/event/election-winner-day-1",
		"btc-up-down-day-1",
	} {
		market, err := client.Market(ctx, name)
		var many *rest.ManyMarketsError
		switch {
		case errors.As(err, &many):
			fmt.Println(many.Event.Title)
			for _, m := range many.Event.Markets[:2] {
				fmt.Println("-", m.GroupTitle, m.Slug)
			}
		case err != nil:
			fmt.Println(err) // a *rest.NotFoundError among others
		default:
			fmt.Println(market.Question, "on a grid of", market.TickSize, "until", market.EndDate.Format("2006-01-02"))
			for _, token := range market.Tokens { // market.TokenIDs() is what engine.Watch takes
				fmt.Println("-", token.Outcome, token.ID[:6])
			}
		}
	}
	// Output:
	// Bitcoin Up or Down - day 1 on a grid of 0.001 until 2026-12-31
	// - Up 689879
	// - Down 782777
	// Who wins the election on day 1?
	// - Alice will-alice-win-the-election-on-day-1
	// - Bob will-bob-win-the-election-on-day-1
	// rest: the exchange has no market of this name: btc-up-down-day-1; did you mean btc-updown-day-1?
}

func ExampleParseName() {
	for _, text := range []string{"polymarket.com/de/event/fed-decision?tid=1", "will-it-rain", "0x7", "https://example.com/event/x"} {
		name, err := rest.ParseName(text)
		fmt.Println(name.Kind == rest.EventName, name.ID, err)
	}
	// Output:
	// true fed-decision <nil>
	// false will-it-rain <nil>
	// false  rest: "0x7" names no market: a condition id is 0x and 64 hex digits
	// false  rest: "https://example.com/event/x" names no market: it is no address on polymarket.com
}
