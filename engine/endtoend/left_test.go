package endtoend

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/engine"
	"example.com/truebook/feed/feedtest"
)

// TestShellWrongForLong: a frozen market is noticed at its next comparison with REST, some
// 30 s, also after 60,000 other tokens were watched and left.
func TestShellWrongForLong(t *testing.T) {
	if testing.Short() {
		t.Skip("60,000 tokens")
	}
	synctest.Test(t, func(t *testing.T) {
		quirks := feedtest.Quirks{}
		c := connect(t, feedtest.ServerOptions{
			Venue: feedtest.VenueOptions{Seed: 11, Markets: 40, Rate: 40, Quirks: &quirks},
		}, pipes, engine.Config{TokensPerConnection: 80})
		c.virtual = true
		defer c.end()
		sub := c.watch(c.tokens...)
		c.wait(sub, 10*time.Second)
		bulk := make([]string, 60_000)
		for i := range bulk {
			bulk[i] = strconv.Itoa(i + 1)
		}
		c.watch(bulk...).Close()
		time.Sleep(6 * time.Minute) // they linger for half a minute
		if n := c.engine.Stats(); n.Tokens != len(c.tokens) || n.Live != n.Tokens {
			t.Fatalf("%d tokens, %d live", n.Tokens, n.Live)
		}
		c.inject(feedtest.Fault{Kind: feedtest.FreezeMarket, For: time.Hour, Market: 0})
		var longest time.Duration
		since := map[string]time.Time{}
		for range 15 * 60 {
			time.Sleep(time.Second)
			synctest.Wait()
			is := map[string]time.Time{}
			for _, id := range c.wrong(sub) {
				if is[id] = since[id]; is[id].IsZero() {
					is[id] = time.Now()
				}
				longest = max(longest, time.Since(is[id]))
			}
			since = is
		}
		if longest > time.Minute {
			t.Errorf("a book was live and wrong for %v, and REST was there all the time", longest)
		}
	})
}
