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

// TestShellSmallConnections: one market for each connection.
func TestShellSmallConnections100(t *testing.T) { crowd(t, 100, 2, 50) }
func TestShellSmallConnections160(t *testing.T) { crowd(t, 160, 2, 50) }
func TestShellSmallConnections250(t *testing.T) { crowd(t, 250, 2, 50) }
func TestShellCrowd3000(t *testing.T)           { crowd(t, 1500, 0, 100) }
func TestShellCrowd5000(t *testing.T)           { crowd(t, 2500, 0, 100) }
func TestShellCrowd6000Quiet(t *testing.T)      { crowd(t, 3000, 0, 5) }
func TestShellCrowd20000Quiet(t *testing.T)     { crowd(t, 10000, 0, 20) }
