package bench

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/truebook/bench/corpus"
	"example.com/truebook/book"
)

// readBatch is how many reads are timed together: the clock costs as much as
// several.
const readBatch = 16

// BenchmarkReads is a read of the top by one goroutine, while nobody writes
// ("writer=idle") and while another applies frames as fast as it can
// ("writer=busy"): the mean, and what of 16 reads in a row each took.
func BenchmarkReads(b *testing.B) {
	shape := corpus.Shape{Tokens: 500, Frames: 30_000}
	for _, w := range ways() {
		if w.name == "scan" || w.name == "plain" || w.name == "engine-proof" {
			continue // publishes nothing; the same as others do
		}
		for _, writer := range []string{"idle", "busy"} {
			r := newRunner(w, simulated(b, shape))
			b.Run(fmt.Sprintf("writer=%s/by=%s", writer, w.name), func(b *testing.B) {
				benchmarkReads(b, r, writer == "busy")
			})
		}
	}
}

func benchmarkReads(b *testing.B, r *runner, busy bool) {
	if r.over() {
		if err := r.begin(); err != nil {
			b.Fatal(err)
		}
	}
	var current atomic.Pointer[func(int) book.Price]
	show := func() { read := r.readers(); current.Store(&read) }
	show()
	var written atomic.Int64
	var failed error
	stop := make(chan struct{})
	var writing sync.WaitGroup
	if busy {
		writing.Go(func() {
			for failed == nil {
				select {
				case <-stop:
					return
				default:
				}
				if r.over() {
					failed = r.begin() // new books, which are written from now on
					show()
					continue
				}
				var n int
				n, failed = r.some(256)
				written.Add(int64(n))
			}
		})
	}
	var took histogram
	var sum book.Price
	token := 0
	if !busy { // what the writer allocates would be counted too
		b.ReportAllocs()
	}
	b.ResetTimer()
	for done := 0; done < b.N; done += readBatch {
		read := *current.Load()
		began := time.Now()
		for range readBatch {
			sum += read(token)
			if token += 7; token >= len(r.stream.tokens) {
				token -= len(r.stream.tokens)
			}
		}
		took.add(time.Since(began) / readBatch)
	}
	elapsed := b.Elapsed()
	b.StopTimer()
	close(stop)
	writing.Wait()
	if failed != nil {
		b.Fatal(failed)
	}
	sink += sum
	for _, q := range []struct {
		share float64
		unit  string
	}{{0.5, "p50-ns"}, {0.99, "p99-ns"}, {0.999, "p99.9-ns"}} {
		b.ReportMetric(took.quantile(q.share), q.unit)
	}
	if busy {
		b.ReportMetric(float64(written.Load())/elapsed.Seconds(), "frames/s")
	}
}

// histogram counts times by the nanosecond.
type histogram struct {
	counts [4096]int // the last: that long or longer
	n      int
}

func (h *histogram) add(d time.Duration) {
	h.counts[min(int(d), len(h.counts)-1)]++
	h.n++
}

func (h *histogram) quantile(share float64) float64 {
	below := int(share * float64(h.n))
	for ns, count := range h.counts {
		if below -= count; below < 0 {
			return float64(ns)
		}
	}
	return float64(len(h.counts) - 1)
}

// BenchmarkView is the top of a token and its whole book, as readers get them, by
// the depth of the book.
func BenchmarkView(b *testing.B) {
	for _, shape := range byLevels() {
		s := simulated(b, shape)
		e := &engines{}
		if err := e.open(s.Frames[:s.Opening]); err != nil {
			b.Fatal(err)
		}
		e.find(s.tokens)
		b.Run(fmt.Sprintf("levels=%d/read=top", shape.Levels), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				top, err := e.assets[0].Top()
				if err != nil {
					b.Fatal(err)
				}
				sink += top.Bid.Price
			}
		})
		b.Run(fmt.Sprintf("levels=%d/read=view", shape.Levels), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				view := e.assets[0].View()
				sink += book.Price(view.Version)
			}
		})
	}
}
