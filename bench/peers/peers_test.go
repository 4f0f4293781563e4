package peers

import (
	"testing"

	"example.com/truebook/bench/corpus"
	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// testFrames is how many frames of a simulated stream the tests read.
const testFrames = 1500

// lastTop keeps what benchmarks read.
var lastTop book.Top

func decoder() *feed.Decoder { return feed.NewDecoder(feed.DecoderOptions{Learn: true}) }

// TestPeersAgree: after each frame, every peer shows the same top for each token
// that the frame changed, and in the end for all tokens.
func TestPeersAgree(t *testing.T) {
	streams(t, testFrames, func(t *testing.T, c *corpus.Corpus) {
		touched := tokensOf(t, c)
		all := map[string]bool{}
		for _, tokens := range touched {
			for _, token := range tokens {
				all[token] = true
			}
		}
		want := newPlain()
		type running struct {
			name string
			Peer
		}
		var rivals []running
		for _, e := range Entries() {
			if e.New != nil && e.Name != Baseline {
				rivals = append(rivals, running{e.Name, e.New()})
			}
		}
		changed := map[book.Top]bool{}
		for i := range c.Frames {
			if err := want.Apply(&c.Frames[i]); err != nil {
				t.Fatal(err)
			}
			for _, r := range rivals {
				if err := r.Apply(&c.Frames[i]); err != nil {
					t.Fatalf("%s: frame %d: %v", r.name, i, err)
				}
				for _, token := range touched[i] {
					top := want.Top(token)
					changed[top] = true
					if got := r.Top(token); got != top {
						t.Fatalf("%s: frame %d: top of %s is %v, want %v", r.name, i, token, got, top)
					}
				}
			}
		}
		for token := range all {
			for _, r := range rivals {
				if got, top := r.Top(token), want.Top(token); got != top {
					t.Errorf("%s: at the end: top of %s is %v, want %v", r.name, token, got, top)
				}
			}
		}
		// A test of tops that never move would prove nothing.
		if len(changed) < testFrames/20 {
			t.Errorf("only %d different tops in %d frames", len(changed), len(c.Frames))
		}
	})
}

// TestBooksAgree: the same, of the books that are fed with decoded updates.
func TestBooksAgree(t *testing.T) {
	streams(t, testFrames, func(t *testing.T, c *corpus.Corpus) {
		d := decoder()
		entries := BookEntries()
		books := make([][]LevelBook, len(entries)) // by entry and Asset.Index
		for i := range c.Frames {
			events, err := d.Decode(c.Frames[i].Data)
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range updatesOf(events) {
				var want book.Top
				for n, e := range entries {
					for u.asset.Index >= len(books[n]) {
						books[n] = append(books[n], e.New())
					}
					target := books[n][u.asset.Index]
					if u.whole {
						target.Replace(u.bids, u.asks)
					} else {
						target.Set(u.side, u.level)
					}
					if n == 0 {
						want = target.Top()
					} else if got := target.Top(); got != want {
						t.Fatalf("%s: frame %d: top %v, want %v", e.Name, i, got, want)
					}
				}
			}
		}
	})
}

// TestRefusals: a frame that is no JSON, and one with a number that is none, is an
// error for each peer that looks at it.
func TestRefusals(t *testing.T) {
	frames := map[string]string{
		"number": `{"asset_id":"7","event_type":"price_change","price_changes":[` +
			`{"asset_id":"7","price":"0.5x","size":"1","side":"BUY"}]}`,
		"short": `{"asset_id":"7","event_type":"price_change","price_changes":[` +
			`{"asset_id":"7","price":"0.5","si`,
	}
	for _, e := range Entries() {
		if e.New == nil || e.Name == "truebook-proof" { // which doubts the token and goes on
			continue
		}
		for name, frame := range frames {
			if err := e.New().Apply(&corpus.Frame{Data: []byte(frame)}); err == nil {
				t.Errorf("%s: %s: no error", e.Name, name)
			}
		}
	}
}
