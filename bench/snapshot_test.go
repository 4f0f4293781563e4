package bench

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tidwall/btree"

	"example.com/truebook/bench/internal/rival"
	"example.com/truebook/book"
)

var depths = []int{10, 100, 1000, 5000}

// deepLevels returns the sides of a book of so many levels, both together, worst
// first.
func deepLevels(levels int) (tick book.Price, bids, asks []book.Level) {
	for tick = 10_000; int(book.Dollar/tick) < 2*levels; tick /= 10 {
	}
	for i := range levels / 2 {
		size := book.Size(1+i*7919%5000)*book.Share + book.Share/4*book.Size(i%4)
		bids = append(bids, book.Level{Price: tick * book.Price(i+1), Size: size})
		asks = append(asks, book.Level{Price: book.Dollar - tick*book.Price(i+1), Size: size})
	}
	return tick, bids, asks
}

func deep(b *testing.B, levels int) *book.Book {
	b.Helper()
	_, bids, asks := deepLevels(levels)
	target := book.New()
	if _, err := target.Replace(bids, asks); err != nil {
		b.Fatal(err)
	}
	return target
}

// BenchmarkSnapshot is a snapshot that somebody keeps, and the next write, which
// copies what the two share.
func BenchmarkSnapshot(b *testing.B) {
	for _, levels := range depths {
		tick, bids, asks := deepLevels(levels)
		best := bids[len(bids)-1].Price
		b.Run(fmt.Sprintf("levels=%d/by=book", levels), func(b *testing.B) {
			target := deep(b, levels)
			b.ReportAllocs()
			size := book.Share
			for b.Loop() {
				_ = target.Snapshot()
				if _, err := target.Set(book.Bid, best, size); err != nil {
					b.Fatal(err)
				}
				size++
			}
		})
		b.Run(fmt.Sprintf("levels=%d/by=ladder", levels), func(b *testing.B) {
			target := rival.NewLadderBook(tick)
			target.Replace(bids, asks)
			b.ReportAllocs()
			size := book.Share
			for b.Loop() {
				_ = target.Copy()
				target.Set(book.Bid, best, size)
				size++
			}
		})
		b.Run(fmt.Sprintf("levels=%d/by=naive", levels), func(b *testing.B) {
			target := rival.NewNaive().Book("1")
			target.Replace(naiveLevels(bids), naiveLevels(asks))
			price, size := best.Decimal(), book.Share.Decimal()
			b.ReportAllocs()
			for b.Loop() {
				_ = target.Snapshot()
				target.Set("BUY", price, size)
			}
		})
	}
}

func naiveLevels(levels []book.Level) []rival.NaiveLevel {
	naive := make([]rival.NaiveLevel, 0, len(levels))
	for _, l := range levels {
		naive = append(naive, rival.NaiveLevel{Price: l.Price.Decimal(), Size: l.Size.Decimal()})
	}
	return naive
}

// BenchmarkDegree sets levels near the best of a tree of 160, with a snapshot
// before each write or without.
func BenchmarkDegree(b *testing.B) {
	for _, degree := range []int{8, 16, 32, 64, 128} {
		for _, snapshot := range []bool{false, true} {
			b.Run(fmt.Sprintf("degree=%d/snapshot=%v", degree, snapshot), func(b *testing.B) {
				r := rand.New(rand.NewPCG(1, 1))
				m := btree.NewMap[uint32, int64](degree)
				for i := range uint32(160) {
					m.Set(i*1000, 1)
				}
				var keys [1024]uint32
				for i := range keys {
					keys[i] = 1000 * uint32(159-min(159, int(r.ExpFloat64()*20)))
				}
				i := 0
				for b.Loop() {
					if snapshot {
						m.Copy()
					}
					m.Set(keys[i%len(keys)], int64(i))
					i++
				}
			})
		}
	}
}
