package feedtest_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/truebook/feed"
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

// How do I try my client on an exchange that is none?
func ExampleServer() {
	s := feedtest.NewServer(feedtest.ServerOptions{Venue: feedtest.VenueOptions{Seed: 1}})
	defer s.Close()
	url, _, err := s.Start("127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	var m feedtest.Market
	s.Do(func(v *feedtest.Venue) { m = v.Markets()[0] })

	ctx := context.Background()
	// Your client, in place of this:
	conn, _, err := websocket.Dial(ctx, url, nil) //nolint:bodyclose // the library has closed it
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.CloseNow()
	conn.SetReadLimit(feed.MaxFrame)
	_ = conn.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"type":"market","assets_ids":[%q,%q]}`, m.Yes, m.No))
	_, frame, err := conn.Read(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	events, err := feed.NewDecoder(feed.DecoderOptions{Learn: true}).Decode(frame)
	for _, e := range events {
		if b, ok := e.(*feed.Book); ok {
			fmt.Println(b.Asset.ID == m.Yes, b.Asset.ID == m.No, len(b.Bids) > 0)
		}
	}
	fmt.Println(err)
	// Output:
	// true false true
	// false true true
	// <nil>
}

// TestExampleSynctest: how do I test my client for an hour? In a bubble it takes a
// blink, and time stands still while the test looks.
func TestExampleSynctest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := feedtest.NewServer(feedtest.ServerOptions{})
		defer s.Close()
		var m feedtest.Market
		s.Do(func(v *feedtest.Venue) { m = v.Markets()[0] })

		ws := opened(t, web(s), wsURL) // your client, in place of these lines
		write(t, ws, fmt.Sprintf(`{"type":"market","assets_ids":[%q]}`, m.Yes))
		last := time.Now()
		go func() {
			for {
				if _, _, err := ws.Read(t.Context()); err != nil {
					return
				}
				last = time.Now()
			}
		}()

		s.Do(func(v *feedtest.Venue) {
			v.Inject(feedtest.Fault{Kind: feedtest.Freeze, At: 30 * time.Minute})
		})
		time.Sleep(time.Hour)
		synctest.Wait()
		if silent := time.Since(last); silent < 30*time.Minute || silent > 31*time.Minute {
			t.Errorf("silent for %v", silent)
		}
		s.Do(func(v *feedtest.Venue) {
			if i := v.Injected(); len(i) != 1 || v.Truth(m.Yes).Changed.Before(i[0].At) {
				t.Errorf("the exchange went on, and this is what it did: %+v", i)
			}
		})
		_ = ws.CloseNow()
	})
}
