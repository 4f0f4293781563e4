package feedtest_test

import (
	"testing"
	"time"

	"example.com/truebook/feed/feedtest"
)

// BenchmarkVenue: frames for one connection that watches all of a busy venue.
func BenchmarkVenue(b *testing.B) {
	v := feedtest.NewVenue(feedtest.VenueOptions{Seed: 1, Markets: 50, Rate: 2000})
	v.Dial(1)
	b.ReportAllocs()
	for b.Loop() {
		d, _ := v.Advance(v.Now().Add(time.Hour))
		switch d.Kind {
		case feedtest.Opened:
			v.Send(1, subscription(allTokens(v)))
		case feedtest.Closed:
			b.Fatal(d.Code)
		default:
		}
	}
}
