package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"example.com/truebook/feed/feedtest"
	"example.com/truebook/internal/cli"
)

// The demo is a market that is busy enough to be proved within its time.
const (
	demoSeed = 7
	demoRate = 40 // frames a second
	demoTime = 4 * time.Second
)

const demoHeading = "SIMULATED: a seeded exchange on this machine, over a real websocket. No connection to any other."

// demo shows the books of a simulated exchange, over a websocket of this machine.
func (o *options) demo(ctx context.Context, stdout, stderr io.Writer) int {
	server := feedtest.NewServer(feedtest.ServerOptions{
		Venue: feedtest.VenueOptions{Seed: demoSeed, Markets: 1, Rate: demoRate},
	})
	defer server.Close()
	var err error
	if o.wsURL, o.restURL, err = server.Start("127.0.0.1:0"); err != nil {
		fmt.Fprintln(stderr, "bookview:", err)
		return cli.Failure
	}
	o.gammaURL = o.restURL + feedtest.GammaPath
	server.Do(func(v *feedtest.Venue) {
		m := v.Markets()[0]
		o.targets = []string{m.Yes, m.No}
	})
	if o.runFor == 0 {
		o.runFor = demoTime
	}
	o.atEnd = !o.once && !o.json
	heading := stdout
	if o.json {
		heading = stderr
	}
	if _, err := fmt.Fprintf(heading, "%s\n\n", demoHeading); err != nil {
		return cli.Failure
	}
	return o.watch(ctx, stdout, stderr)
}
