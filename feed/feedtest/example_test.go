package feedtest_test

import (
	"fmt"
	"time"

	"example.com/truebook/feed/feedtest"
)

// How do I see whether my client notices what goes wrong?
func ExampleVenue() {
	v := feedtest.NewVenue(feedtest.VenueOptions{Seed: 1, Faults: []feedtest.Fault{
		{Kind: feedtest.LoseFrames, At: 20 * time.Second, Market: -1},
		{Kind: feedtest.Close, At: 50 * time.Second, Code: 1001},
	}})
	m := v.Markets()[0]
	v.Dial(1)
	frames := 0
	for end := v.Now().Add(time.Minute); ; {
		d, ok := v.Advance(end)
		if !ok {
			break
		}
		switch d.Kind { // your client, in place of this
		case feedtest.Opened:
			v.Send(d.Conn, fmt.Appendf(nil, `{"type":"market","assets_ids":[%q,%q]}`, m.Yes, m.No))
		case feedtest.Received:
			frames++
		case feedtest.Closed:
			fmt.Println("closed with", d.Code)
		default:
		}
	}
	for _, i := range v.Injected() {
		fmt.Println(i.Fault.Kind, "hit", len(i.Tokens), "tokens and", len(i.Conns), "connections")
	}
	fmt.Println("frames:", frames > 0, "truth:", v.Truth(m.Yes).Book.Top().Crossed())
	// Output:
	// closed with 1001
	// lose_frames hit 2 tokens and 0 connections
	// close hit 0 tokens and 1 connections
	// frames: true truth: false
}
