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
	counted := map[string]bool{}
	// A fill comes again with each status of its trade, and counts once, unless that failed.
	take := func(fill user.Fill) {
		id, size := fill.Trade+fill.Order, fill.Size
		if fill.Counts() == counted[id] {
			return
		}
		if counted[id] = fill.Counts(); (fill.Side == book.Ask) == fill.Counts() {
			size = -size
		}
		position[fill.Token] += size
	}
	for again := true; again; {
		again = false
		for event, err := range account.Events(ctx) {
			if err != nil { // user.ErrLagged: what was missed is in the next snapshot
				again = true
				break
			}
			switch event.Kind {
			case user.SnapshotEvent: // the first one
				for _, fill := range event.View.Fills() {
					take(fill)
				}
			case user.FillEvent:
				take(event.Fill)
			case user.StateEvent: // if not event.Known, whoever quotes by what he has, stops
			case user.OrderEvent:
			}
			if len(counted) >= 5 {
				break
			}
		}
	}
	for _, order := range account.View().Orders() {
		if order.Remaining() <= 0 {
			fmt.Println("an open order of which nothing remains")
		}
	}
	fmt.Println("five fills:", len(counted) >= 5, "and a position:", len(position) > 0)
	cancel()
	fmt.Println(<-done)
	// Output:
	// five fills: true and a position: true
	// context canceled
}
