package engine_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/engine"
	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
)

// simulation returns a replay that is driven by a simulated exchange instead of a
// file, the market that it is of, and what plays so many frames of it. Before the one
// numbered doubt, frames may be missing.
func simulation(doubt int) (r *engine.Replay, m feedtest.Market, play func(frames int)) {
	x := feedtest.New(feedtest.Options{Seed: 3})
	r = engine.NewReplay(nil)
	played := 0
	return r, x.Markets()[0], func(frames int) {
		for range frames {
			frame := x.Opening
			if played > 0 {
				frame = x.Next
			}
			f := frame()
			if played++; played == doubt {
				_ = r.Step(feed.Record{Kind: feed.Lost, Time: f.Time})
			}
			if err := r.Step(feed.Record{Time: f.Time, Frame: f.Data}); err != nil {
				fmt.Println(err)
			}
		}
	}
}

// How do I follow the best prices, and when must I not trust them?
func ExampleSubscription_Changes() {
	replay, market, play := simulation(100)
	sub := replay.Watch(market.Yes)
	defer sub.Close()
	go func() { // whatever drives the books
		play(200)
		replay.End()
	}()
	var quoted book.Top
	for view := range sub.Changes(context.Background()) {
		top, err := view.Top()
		switch {
		case errors.Is(err, engine.ErrNotLive):
			quoted = book.Top{} // cancel: err says why
		case errors.Is(err, engine.ErrSettling):
			// keep the quotes for an instant
		case top != quoted:
			quoted = top // requote
		}
	}
	fmt.Println(sub.Err())
	fmt.Printf("%v x %v / %v x %v\n", quoted.Bid.Price, quoted.Bid.Size, quoted.Ask.Price, quoted.Ask.Size)
	// Output:
	// engine: ended
	// 0.619 x 9000 / 0.62 x 50
}

// How do I wait until the books are there, and proved?
func ExampleSubscription_WaitProved() {
	replay, market, play := simulation(0)
	sub := replay.Watch(market.Yes, market.No)
	defer sub.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	fmt.Println("nothing has come:", errors.Is(sub.Wait(ctx), context.DeadlineExceeded))

	go play(10)
	if err := sub.WaitProved(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	view := sub.Asset(market.Yes).View()
	fmt.Println(view.State, view.Proof.By)
	// Output:
	// nothing has come: true
	// live hash
}

// How do I see that a book was live all the time, from my order to its answer?
func ExampleSubscription_Changes_epoch() {
	replay, market, play := simulation(30)
	sub := replay.Watch(market.Yes)
	defer sub.Close()
	asset := sub.Asset(market.Yes)
	for range 2 {
		play(20)
		before, err := asset.Top()
		if err != nil {
			fmt.Println(err)
			return
		}
		play(20) // the order is under way
		after, err := asset.Top()
		fmt.Println(err == nil && after.Epoch == before.Epoch)
	}
	// Output:
	// false
	// true
}

// How do I get every change, and know that I got it?
func ExampleSubscription_Events() {
	replay, market, play := simulation(0)
	sub := replay.Watch(market.Yes)
	defer sub.Close()
	play(1)
	mine := book.New()
	counts := map[engine.EventKind]int{}
	for e := range sub.Events(context.Background()) {
		counts[e.Kind]++
		switch e.Kind {
		case engine.SnapshotEvent:
			s := e.View.Snapshot
			_, _ = mine.Replace(s.AppendLevels(nil, book.Bid, 0), s.AppendLevels(nil, book.Ask, 0))
			if counts[e.Kind] == 1 {
				go func() {
					play(300)
					replay.End()
				}()
			}
		case engine.LevelEvent:
			_, _ = mine.Set(e.Level.Side, e.Level.Price, e.Level.New)
		case engine.TradeEvent, engine.TickEvent, engine.StateEvent:
		}
		if e.Last { // a whole version, and not the middle of a frame
			_ = mine.Top()
		}
	}
	if errors.Is(sub.Err(), engine.ErrLagged) {
		fmt.Println("too slow: begin anew")
	}
	view := sub.Asset(market.Yes).View()
	fmt.Println(view.Snapshot.Equal(mine.Snapshot()), counts[engine.SnapshotEvent], counts[engine.LevelEvent], counts[engine.TradeEvent])
	// Output:
	// true 1 287 1
}

// How do I read both outcomes at one instant?
func ExampleSubscription_Market() {
	replay, market, play := simulation(0)
	sub := replay.Watch(market.Yes, market.No)
	defer sub.Close()
	play(50)
	both, err := sub.Market(market.Condition)
	if err != nil {
		fmt.Println(err)
		return
	}
	yes, no, err := both.View()
	if err != nil {
		fmt.Println(err)
		return
	}
	top, _ := yes.Top()
	other, _ := no.Top()
	fmt.Printf("yes for %v, no for %v\n", top.Ask.Price, other.Ask.Price)
	// Output:
	// yes for 0.618, no for 0.384
}

// I watch one outcome only. What is the other one's book?
func ExampleView_Complement() {
	replay, market, play := simulation(0)
	sub := replay.Watch(market.Yes)
	defer sub.Close()
	play(50)
	yes := sub.Asset(market.Yes).View()
	no := yes.Complement()
	top, err := no.Top()
	fmt.Printf("%v / %v (%v), derived: %v\n", top.Bid.Price, top.Ask.Price, err, no.Derived)
	// Output:
	// 0.382 / 0.384 (<nil>), derived: true
}
