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

func ExampleClient_Market() {
	const condition = "0x8bf1c1536ecb1c08fe13c6b71e8ab1f58bf3461c4cb79f5f1679f869a06aef86"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/markets/"+condition {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, `{"condition_id":"`+condition+`","question":"Will it rain?","market_slug":"will-it-rain",
			"minimum_tick_size":0.001,"minimum_order_size":5,"neg_risk":true,"active":true,"closed":false,"accepting_orders":true,
			"tokens":[{"token_id":"1116","outcome":"Yes","price":0.925},{"token_id":"3601","outcome":"No","price":0.075}]}`)
	}))
	defer server.Close()
	client, err := rest.New(rest.Options{URL: server.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	market, err := client.Market(context.Background(), condition)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(market.Question, "on a grid of", market.TickSize, "from", market.MinOrderSize, "shares on")
	for _, token := range market.Tokens {
		fmt.Println(token.Outcome, token.ID)
	}
	// Output:
	// Will it rain? on a grid of 0.001 from 5 shares on
	// Yes 1116
	// No 3601
}
