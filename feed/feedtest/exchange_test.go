package feedtest_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"

	"example.com/truebook/book"
	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
)

var update = flag.Bool("update", false, "write testdata anew")

// TestStoredRecording: testdata/simulated.ndjson is what a seed gives, byte for
// byte. If the market model changes, it is written anew with -update.
func TestStoredRecording(t *testing.T) {
	const file = "../../testdata/simulated.ndjson"
	x := feedtest.New(feedtest.Options{Seed: 2})
	var recording bytes.Buffer
	frame := x.Opening()
	for range 200 {
		recording.Write(bytes.TrimSpace(frame.Data))
		recording.WriteByte('\n')
		frame = x.Next()
	}
	if *update {
		if err := os.WriteFile(file, recording.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(stored, recording.Bytes()) {
		t.Errorf("%s is not what the seed gives (-update writes it)", file)
	}
}

// TestStream checks what the model promises, on frames decoded with encoding/json:
// books below asks, mirrored tokens, runs with one hash, trades followed by the
// books of both tokens. The hashes are checked by the engine's tests.
func TestStream(t *testing.T) {
	onlyGoroutine(t)
	seeds := uint64(6)
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		for _, spaced := range []bool{false, true} {
			checkStream(t, feedtest.New(feedtest.Options{Seed: seed, Markets: 2, Spaced: spaced}), spaced)
		}
	}
}

func checkStream(t *testing.T, x *feedtest.Exchange, spaced bool) {
	t.Helper()
	d := feed.NewDecoder(feed.DecoderOptions{Learn: true})
	counts := map[string]int{}
	frame := x.Opening()
	last := frame.Time
	var keys [2]string // of the last two changes
	for range 3000 {
		if !json.Valid(frame.Data) || bytes.Contains(frame.Data, []byte(`", "`)) != spaced {
			t.Fatalf("frame %s", frame.Data)
		}
		if frame.Time.Before(last) {
			t.Fatalf("time goes back to %v", frame.Time)
		}
		last = frame.Time
		events, err := d.Decode(frame.Data)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			counts[fmt.Sprintf("%T", e)]++
			if e, ok := e.(*feed.PriceChange); ok {
				a, b := e.Changes[0], e.Changes[1]
				if a.Price != b.Price.Complement() || a.Side == b.Side || a.Size != b.Size || a.BestBid.Complement()%book.Dollar != b.BestAsk {
					t.Fatalf("changes %+v and %+v are no mirror", a, b)
				}
				keys[0], keys[1] = keys[1], e.Time.String()+e.Market
				if keys[0] == keys[1] {
					counts["in one run or millisecond"]++
				}
			}
		}
		frame = x.Next()
	}
	for _, m := range x.Markets() {
		yes, no := snapshot(t, x, m.Yes), snapshot(t, x, m.No)
		if !yes.Complement().Equal(no) || yes.Top().Crossed() || yes.Len(book.Bid) == 0 || yes.Len(book.Ask) == 0 {
			t.Errorf("the books of %s", m.Condition)
		}
	}
	for kind, least := range map[string]int{
		"*feed.Book": 20, "*feed.PriceChange": 2500, "*feed.Trade": 10, "in one run or millisecond": 200,
	} {
		if counts[kind] < least {
			t.Errorf("%d of %s, expected %d at least", counts[kind], kind, least)
		}
	}
}

func snapshot(t *testing.T, x *feedtest.Exchange, token string) book.Snapshot {
	t.Helper()
	b := book.New()
	if _, err := b.Replace(x.Book(token)); err != nil {
		t.Fatal(err)
	}
	return b.Snapshot()
}

func TestUnknownToken(t *testing.T) {
	if bids, asks := feedtest.New(feedtest.Options{}).Book("7"); bids != nil || asks != nil {
		t.Error("a token of no market has a book")
	}
}

// How do I test my own code without the exchange?
func Example() {
	x := feedtest.New(feedtest.Options{Seed: 1})
	d := feed.NewDecoder(feed.DecoderOptions{Learn: true})
	b := book.New()
	yes := x.Markets()[0].Yes
	frame := x.Opening()
	for i := range 500 {
		if i > 0 {
			frame = x.Next()
		}
		events, err := d.Decode(frame.Data)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, e := range events { // your code, in place of this
			switch e := e.(type) {
			case *feed.Book:
				if e.Asset.ID == yes {
					_, _ = b.Replace(e.Bids, e.Asks)
				}
			case *feed.PriceChange:
				for _, c := range e.Changes {
					if c.Asset.ID == yes {
						_, _ = b.Set(c.Side, c.Price, c.Size)
					}
				}
			}
		}
	}
	differ, err := b.Differs(x.Book(yes))
	fmt.Println(differ, "levels differ from the truth,", err)
	// Output: 0 levels differ from the truth, <nil>
}
