package user_test

import (
	"context"
	"fmt"

	"example.com/truebook/book"
	"example.com/truebook/feed/feedtest"
	"example.com/truebook/feed/keys"
	"example.com/truebook/feed/rest"
	"example.com/truebook/feed/user"
)

// A maker follows his own fills: what he has bought and sold of each token since he
// began, and what he still has in the books.
func Example() {
	// In place of the exchange, a simulated one in which a minute takes half a second.
	server := feedtest.NewServer(feedtest.ServerOptions{Speed: 120})
	defer server.Close()
	wsURL, restURL, err := server.Start("127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	options := user.Options{URL: wsURL[:len(wsURL)-len("market")] + "user"}
	server.Do(func(v *feedtest.Venue) {
		a := v.OpenAccount(feedtest.AccountOptions{})
		options.Since = v.Now()
		options.Credentials, err = keys.NewCredentials(a.Address, a.Key, a.Secret, a.Passphrase)
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if options.Client, err = rest.New(rest.Options{URL: restURL}); err != nil {
		fmt.Println(err)
		return
	}
	defer options.Client.Close()

	account, err := user.New(options)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- account.Run(ctx) }()

	position := map[string]book.Size{} // by token
	seen := map[string]bool{}
	for event, err := range account.Events(ctx) {
		if err != nil {
			fmt.Println(err) // user.ErrLagged: begin again
			break
		}
		if event.Kind == user.StateEvent && !event.Known {
			continue // event.Reason says why: whoever quotes by what he has, stops
		}
		if event.Kind != user.FillEvent {
			continue
		}
		// A fill comes again with each status of its trade, and counts once.
		fill := event.Fill
		size := fill.Size
		if fill.Side == book.Ask {
			size = -size
		}
		switch id := fill.Trade + fill.Order; {
		case fill.Counts() && !seen[id]:
			seen[id] = true
			position[fill.Token] += size
		case !fill.Counts() && seen[id]:
			seen[id] = false
			position[fill.Token] -= size
		}
		if len(seen) == 5 {
			break
		}
	}
	for _, order := range account.View().Orders() {
		if order.Remaining() <= 0 {
			fmt.Println("an open order of which nothing remains")
		}
	}
	fmt.Println(len(seen), "fills, of at least one token:", len(position) > 0)
	cancel()
	fmt.Println(<-done)
	// Output:
	// 5 fills, of at least one token: true
	// context canceled
}
