package bench

import (
	"runtime"
	"testing"

	"example.com/truebook/bench/corpus"
	"example.com/truebook/feed"
)

// BenchmarkMemory is what books hold of the heap once they are open: for a token,
// with all that belongs to it, and for a level of its book.
func BenchmarkMemory(b *testing.B) {
	shapes := append(byTokens()[1:], byLevels()...)
	for _, shape := range shapes {
		s := simulated(b, shape)
		levels := levelsOf(b, s)
		for _, w := range ways() {
			if w.name == "scan" || w.name == "engine-proof" {
				continue // keeps nothing; keeps the same
			}
			b.Run("stream="+s.Name+"/by="+w.name, func(b *testing.B) {
				var held uint64
				for b.Loop() {
					held += heldBy(b, w, s)
				}
				b.ReportMetric(0, "ns/op") // which would be the collector's
				b.ReportMetric(float64(held)/float64(b.N*len(s.tokens)), "B/token")
				b.ReportMetric(float64(held)/float64(b.N*levels), "B/level")
			})
		}
	}
}

// heldBy returns how many bytes of the heap a path holds after the opening.
func heldBy(b *testing.B, w way, s *stream) uint64 {
	b.Helper()
	before := heap()
	p := w.path()
	if err := p.open(s.Frames[:s.Opening]); err != nil {
		b.Fatal(err)
	}
	after := heap()
	runtime.KeepAlive(p)
	return after - min(before, after)
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what a pool held goes with the second
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// levelsOf counts the levels of the opening.
func levelsOf(b *testing.B, s *stream) (levels int) {
	b.Helper()
	d := feed.NewDecoder(feed.DecoderOptions{Learn: true})
	for _, f := range s.Frames[:s.Opening] {
		events, err := d.Decode(f.Data)
		if err != nil {
			b.Fatal(err)
		}
		for _, e := range events {
			if e, ok := e.(*feed.Book); ok {
				levels += len(e.Bids) + len(e.Asks)
			}
		}
	}
	return levels
}

// BenchmarkOpening is the array of 400 books that answers a subscription, from
// bytes to books that were not there before.
func BenchmarkOpening(b *testing.B) {
	s := simulated(b, corpus.Shape{Tokens: 400})
	opening := s.Frames[:s.Opening]
	for _, w := range ways() {
		b.Run("by="+w.name, func(b *testing.B) {
			b.SetBytes(s.Bytes)
			b.ReportAllocs()
			for b.Loop() {
				if err := w.path().open(opening); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(s.tokens)), "ns/token")
		})
	}
}
