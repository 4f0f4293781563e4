package endtoend

import (
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/engine"
	"example.com/truebook/feed/feedtest"
)

// crowd runs an engine for five minutes with a faultless exchange, and wants REST not to be
// asked for more than its own client lets through.
func crowd(t *testing.T, markets, perConnection int, rate float64) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		quirks := feedtest.Quirks{}
		c := connect(t, feedtest.ServerOptions{
			Venue: feedtest.VenueOptions{Seed: 1, Markets: markets, Rate: rate, Quirks: &quirks},
		}, pipes, engine.Config{TokensPerConnection: perConnection})
		c.virtual = true
		defer c.end()
		sub := c.watch(c.tokens...)
		for range 5 {
			time.Sleep(time.Minute)
			n := c.engine.Stats()
			t.Logf("connections %d, tokens %d, live %d; fetches %d, failed %d, audits %d, confirmed %d, drops %d, dials %d", n.Connections, n.Tokens, n.Live, n.Fetches, n.FetchesFailed, n.Audits, n.Confirmed, n.Drops, n.Dials)
		}
		if n := c.engine.Stats(); n.FetchesFailed > 0 || n.Drops > 0 || !allLive(sub) {
			t.Errorf("%d of %d fetches failed, %d connections given up, %d of %d live, and nothing was wrong", n.FetchesFailed, n.Fetches, n.Drops, n.Live, n.Tokens)
		}
	})
}

// TestCrowds: a faultless exchange is not asked too much, and nobody is given up, whether
// there are many small connections or many quiet tokens.
func TestCrowds(t *testing.T) {
	for name, c := range map[string]struct {
		markets, perConnection int
		rate                   float64
	}{
		"small connections": {250, 2, 50},
		"3,000 tokens":      {1500, 0, 100},
		"quiet tokens":      {3000, 0, 5},
		"20,000 tokens":     {10_000, 0, 20},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && c.markets > 1000 {
				t.Skip("seconds under the race detector")
			}
			crowd(t, c.markets, c.perConnection, c.rate)
		})
	}
}
