package bench

import (
	"crypto/sha1"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// naiveBook is what the hash covers, as encoding/json writes it.
type naiveBook struct {
	Market       string       `json:"market"`
	AssetID      string       `json:"asset_id"`
	Timestamp    string       `json:"timestamp"`
	Hash         string       `json:"hash"`
	Bids         []naiveLevel `json:"bids"`
	Asks         []naiveLevel `json:"asks"`
	MinOrderSize string       `json:"min_order_size"`
	TickSize     string       `json:"tick_size"`
	NegRisk      bool         `json:"neg_risk"`
	LastTrade    string       `json:"last_trade_price"`
}

type naiveLevel struct {
	Price decimal.Decimal `json:"price"`
	Size  decimal.Decimal `json:"size"`
}

// BenchmarkProof is the hash of one book, compared with what was announced: when
// it agrees at once ("check"), and when the last trade price has to be searched
// for and is not found ("search"). Beside it stand SHA-1 alone, over text that
// is there, and encoding/json with SHA-1.
func BenchmarkProof(b *testing.B) {
	id := feed.BookID{
		Market: "0x8bf1c1536ecb1c08fe13c6b71e8ab1f58bf3461c4cb79f5f1679f869a06aef86",
		Asset:  "111604417349377875799825956621596386269673370070912696668140891647145772186047",
		Time:   feed.Timestamp(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC).UnixMilli()),
	}
	for _, levels := range depths {
		tick, bids, asks := deepLevels(levels)
		terms := feed.HashTerms{
			Recipe: feed.RecipeLastTrade, MinOrderSize: 5 * book.Share, TickSize: tick,
			LastTrade: feed.LastTrade{Price: 920_000, Decimals: 3},
		}
		want := feed.BookHash(id, bids, asks, terms)
		naive := naiveBook{
			Market: id.Market, AssetID: id.Asset, Timestamp: id.Time.String(), MinOrderSize: "5",
			TickSize: tick.String(), LastTrade: terms.LastTrade.String(),
		}
		for _, l := range naiveLevels(bids) {
			naive.Bids = append(naive.Bids, naiveLevel(l))
		}
		for _, l := range naiveLevels(asks) {
			naive.Asks = append(naive.Asks, naiveLevel(l))
		}
		text, err := json.Marshal(naive)
		if err != nil {
			b.Fatal(err)
		}
		if got := feed.HashOf(sha1.Sum(text)); got != want {
			b.Fatalf("encoding/json gives %v, not %v, of %s", got, want, strings.TrimSpace(string(text)))
		}
		prefix := fmt.Sprintf("levels=%d/by=", levels)
		for _, effort := range []feed.Effort{feed.Quick, feed.Search} {
			name, announced := "check", want
			if effort == feed.Search {
				name, announced = "search", feed.HashOf([20]byte{1}) // that nothing has
			}
			b.Run(prefix+name, func(b *testing.B) {
				target := deep(b, levels)
				var c feed.HashChecker
				var m feed.MarketTerms
				m.NoteTick(terms.TickSize)
				m.NoteLastTrade(terms.LastTrade)
				if c.Check(id, bids, asks, want, &m, feed.Calibrate) != feed.Matched {
					b.Fatal("the hash does not match")
				}
				var worst [2][]book.Level
				b.ReportAllocs()
				for b.Loop() {
					for side := range worst {
						worst[side] = target.AppendBackward(worst[side][:0], book.Side(side))
					}
					c.Check(id, worst[book.Bid], worst[book.Ask], announced, &m, effort)
				}
			})
		}
		b.Run(prefix+"sha1", func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				sha1.Sum(text)
			}
		})
		b.Run(prefix+"naive", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				text, err := json.Marshal(naive)
				if err != nil {
					b.Fatal(err)
				}
				sha1.Sum(text)
			}
		})
	}
}
