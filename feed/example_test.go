package feed_test

import (
	"fmt"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// How do I keep a book from the frames of the market channel, and prove it?
func Example() {
	frames := []string{
		`[{"market":"0xaabb","asset_id":"100","timestamp":"1795348800000","hash":"2fd1348683985dc4f1e480778c6588cf65d10919","bids":[{"price":"0.4","size":"100"}],"asks":[{"price":"0.6","size":"100"}],"tick_size":"0.01","event_type":"book","last_trade_price":"0.500"}]`,
		`{"market":"0xaabb","price_changes":[{"asset_id":"100","price":"0.41","size":"7.5","side":"BUY","hash":"e6d567534594feeeb4da823544e69563d0f60d63","best_bid":"0.41","best_ask":"0.6"}],"timestamp":"1795348800010","event_type":"price_change"}`,
	}
	d := feed.NewDecoder(feed.DecoderOptions{})
	d.Know("100")
	var (
		b       = book.New()
		terms   feed.MarketTerms // what the hash covers beside the levels
		checker feed.HashChecker
	)
	prove := func(market, asset string, time feed.Timestamp, hash feed.Hash) bool {
		id := feed.BookID{Market: market, Asset: asset, Time: time}
		bids, asks := b.AppendBackward(nil, book.Bid), b.AppendBackward(nil, book.Ask)
		return checker.Check(id, bids, asks, hash, &terms, feed.Calibrate) == feed.Matched
	}
	for _, frame := range frames {
		events, err := d.Decode([]byte(frame))
		if err != nil {
			fmt.Println(err) // every token of the connection is in doubt
			return
		}
		for _, e := range events {
			switch e := e.(type) {
			case *feed.Book:
				if _, err := b.Replace(e.Bids, e.Asks); err != nil {
					fmt.Println(err)
				}
				terms.NoteTick(e.TickSize)
				terms.NoteLastTrade(e.LastTrade)
				fmt.Println("book proved:", prove(e.Market, e.Asset.ID, e.Time, e.Hash))
			case *feed.PriceChange:
				for _, c := range e.Changes {
					if _, err := b.Set(c.Side, c.Price, c.Size); err != nil {
						fmt.Println(err)
					}
					fmt.Println("change proved:", prove(e.Market, c.Asset.ID, e.Time, c.Hash))
				}
			case *feed.Bad:
				fmt.Println(e.Err) // this token is in doubt
			}
		}
	}
	fmt.Println(b.Top().Bid)
	// Output:
	// book proved: true
	// change proved: true
	// {0.41 7.5}
}
