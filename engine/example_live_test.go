package engine_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/engine"
	"example.com/truebook/feed/feedtest"
	"example.com/truebook/feed/live"
	"example.com/truebook/feed/rest"
)

// How do I embed it? For the exchange itself, the options stay empty; here they lead to
// a simulated one.
func Example() {
	exchange := feedtest.NewServer(feedtest.ServerOptions{Venue: feedtest.VenueOptions{Seed: 3, Rate: 100}})
	defer exchange.Close()
	wsURL, restURL, err := exchange.Start("127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	source, err := live.New(live.Options{URL: wsURL})
	if err != nil {
		fmt.Println(err)
		return
	}
	books, err := rest.New(rest.Options{URL: restURL, GammaURL: restURL + feedtest.GammaPath})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer books.Close()
	eng, err := engine.New(source, engine.Config{Books: books})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- eng.Run(ctx) }()

	market, err := books.Market(ctx, "https://polymarket.com/event/will-it-rain-in-lisbon-on-day-1")
	if err != nil {
		fmt.Println(err)
		return
	}
	sub, err := eng.Watch(market.TokenIDs()...)
	if err != nil {
		fmt.Println(err)
		return
	}
	quotes := 0
	for view := range sub.Changes(ctx) {
		top, err := view.Top()
		switch {
		case errors.Is(err, engine.ErrNotLive):
			// Cancel the quotes: err says why.
		case errors.Is(err, engine.ErrSettling):
			// Keep them for an instant.
		case top.Bid.Size > 0 && top.Ask.Size > 0:
			quotes++ // requote around top.Bid.Price and top.Ask.Price
		}
		if quotes == 10 {
			break
		}
	}
	fmt.Println("quoted", quotes, "times")
	cancel()
	fmt.Println(<-done)
	_, err = sub.Asset(market.Tokens[0].ID).Top()
	fmt.Println(errors.Is(err, engine.ErrStale))
	// Output:
	// quoted 10 times
	// context canceled
	// true
}

// How much is there within two cents of the best prices?
func ExampleView_depth() {
	replay, market, play := simulation(0)
	play(100)
	view := replay.Asset(market.Yes).View()
	if _, err := view.Top(); err != nil {
		fmt.Println("not to be traded on:", err)
		return
	}
	const twoCents = 20_000 // millionths of a dollar
	depth, err := view.Snapshot.Within(book.Bid, twoCents)
	fmt.Println(depth.Levels, "levels with", depth.Size, "shares, proved by", view.Proof.By, err)
	// Output: 17 levels with 25666.59 shares, proved by hash <nil>
}
