package feedtest_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
)

// fetch asks by REST and returns the answer and what it took.
func fetch(t *testing.T, v *feedtest.Venue, tokens ...string) (feedtest.Delivery, time.Duration) {
	t.Helper()
	asked := v.Now()
	v.Fetch(99, tokens)
	for {
		d, ok := v.Advance(asked.Add(20 * time.Second))
		if !ok {
			t.Fatal("no answer")
		}
		if d.Kind == feedtest.Answered && d.Fetch == 99 {
			return d, d.Time.Sub(asked)
		}
	}
}

// restBooks decodes an answer, all hashes of which must be right.
func restBooks(t *testing.T, d feedtest.Delivery) map[string]*feed.Book {
	t.Helper()
	books, wrong := checkedBooks(t, d)
	if wrong > 0 {
		t.Errorf("%d hashes are wrong", wrong)
	}
	return books
}

// checkedBooks decodes an answer and checks each book's hash.
func checkedBooks(t *testing.T, d feedtest.Delivery) (books map[string]*feed.Book, wrong int) {
	t.Helper()
	if d.Code != 200 {
		t.Fatalf("status %d: %s", d.Code, d.Data)
	}
	decoder := feed.NewDecoder(feed.DecoderOptions{Learn: true})
	events, err := decoder.Decode(d.Data)
	if err != nil {
		t.Fatal(err)
	}
	books = map[string]*feed.Book{}
	var checker feed.HashChecker
	for _, e := range events {
		b := e.(*feed.Book)
		var terms feed.MarketTerms
		terms.NoteTick(b.TickSize)
		terms.NoteLastTrade(b.LastTrade)
		terms.NoteStatics(b.MinOrderSize, b.NegRisk)
		id := feed.BookID{Market: b.Market, Asset: b.Asset.ID, Time: b.Time}
		if m := checker.Check(id, b.Bids, b.Asks, b.Hash, &terms, feed.Calibrate); m != feed.Matched || !b.HasStatics {
			wrong++
		}
		books[b.Asset.ID] = b
	}
	return books, wrong
}

func TestREST(t *testing.T) {
	v := feedtest.NewVenue(feedtest.VenueOptions{Seed: 1, Rate: 20, Quirks: new(feedtest.NoQuirks())})
	tokens := allTokens(v)
	for range 30 {
		d, took := fetch(t, v, append([]string{"7"}, tokens...)...)
		if took < 30*time.Millisecond || took > 300*time.Millisecond {
			t.Errorf("it took %v", took)
		}
		if books := restBooks(t, d); len(books) != len(tokens) || d.Data[0] != '[' {
			t.Errorf("%d books", len(books))
		}
		v.Advance(v.Now().Add(time.Second))
	}
	d, _ := fetch(t, v, tokens[3])
	if books := restBooks(t, d); d.Data[0] != '{' || books[tokens[3]] == nil || !json.Valid(d.Data) {
		t.Errorf("%s", d.Data)
	}
	if d, _ := fetch(t, v, "7"); d.Code != 404 || string(d.Data) != `{"error":"No orderbook exists for the requested token id"}` {
		t.Errorf("%+v", d)
	}
	if d, _ := fetch(t, v); d.Code != 200 || string(d.Data) != "[]" {
		t.Errorf("%+v", d)
	}
	v.Inject(feedtest.Fault{Kind: feedtest.Settle})
	v.Advance(v.Now().Add(time.Second))
	d, _ = fetch(t, v, tokens...)
	if books := restBooks(t, d); len(books) != len(tokens)-2 {
		t.Errorf("%d books after a settlement", len(books))
	}
	if d, _ := fetch(t, v, tokens[0]); d.Code != 404 {
		t.Errorf("a settled token: %+v", d)
	}
}

// TestRESTAhead: REST tells now and then what the stream brings later, by up to 1.1 s.
func TestRESTAhead(t *testing.T) {
	onlyGoroutine(t)
	v := feedtest.NewVenue(feedtest.VenueOptions{Seed: 4, Rate: 40})
	v.Dial(1)
	announced := map[feed.Hash]bool{}
	decoder := feed.NewDecoder(feed.DecoderOptions{Learn: true})
	waiting := map[feed.Hash]time.Time{}
	answers, ahead := 0, []int{}
	ask := v.Now().Add(time.Second)
	for end := v.Now().Add(10 * time.Minute); ; {
		d, ok := v.Advance(minTime(ask, end))
		if !ok {
			if !v.Now().Before(end) {
				break
			}
			ask = ask.Add(500 * time.Millisecond)
			v.Fetch(1, allTokens(v)[:2])
			continue
		}
		if d.Kind == feedtest.Opened {
			v.Send(1, subscription(allTokens(v)))
		}
		if len(d.Data) == 0 {
			continue
		}
		events, err := decoder.Decode(d.Data)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			switch e := e.(type) {
			case *feed.PriceChange:
				for _, c := range e.Changes {
					announced[c.Hash] = true
					if since, ok := waiting[c.Hash]; ok {
						ahead = append(ahead, int(d.Time.Sub(since).Milliseconds()))
						delete(waiting, c.Hash)
					}
				}
			case *feed.Book:
				if d.Kind == feedtest.Received {
					announced[e.Hash] = true
					continue
				}
				if answers++; !announced[e.Hash] {
					waiting[e.Hash] = d.Time
				}
			}
		}
	}
	share := float64(len(ahead)) / float64(answers)
	t.Logf("%d of %d answers are ahead, by %g ms in the median", len(ahead), answers, quantile(ahead, 50))
	if share < 0.02 || share > 0.15 || quantile(ahead, 99) > 1100 || quantile(ahead, 50) < 5 {
		t.Errorf("%.3f of %d answers are ahead, by %g ms in the median, %g at most",
			share, answers, quantile(ahead, 50), quantile(ahead, 99))
	}
}

// TestRESTFaults: each fault of answers.
func TestRESTFaults(t *testing.T) {
	for _, x := range []struct {
		fault feedtest.Fault
		check func(t *testing.T, d feedtest.Delivery, took time.Duration, truth map[string]string)
	}{
		{feedtest.Fault{Kind: feedtest.RESTTimeout}, func(t *testing.T, d feedtest.Delivery, took time.Duration, _ map[string]string) {
			t.Helper()
			if d.Code != 0 || d.Reason != "timeout" || took < 10*time.Second {
				t.Errorf("%+v after %v", d, took)
			}
		}},
		{feedtest.Fault{Kind: feedtest.RESTStatus}, wantStatus(500, 0)},
		{feedtest.Fault{Kind: feedtest.RESTStatus, Code: 425, N: 2}, wantStatus(425, 2)},
		{feedtest.Fault{Kind: feedtest.RESTUnavailable}, wantStatus(503, 0)},
		{feedtest.Fault{Kind: feedtest.RESTLimited}, wantStatus(429, 10)},
		{feedtest.Fault{Kind: feedtest.RESTForbidden}, wantStatus(403, 0)},
		{feedtest.Fault{Kind: feedtest.RESTMissing, Market: 1}, wantBooks(6)},
		{feedtest.Fault{Kind: feedtest.RESTPartial, Market: -1}, wantBooks(4)},
		{feedtest.Fault{Kind: feedtest.RESTPartial, Market: -1, N: 7}, wantBooks(1)},
		{feedtest.Fault{Kind: feedtest.RESTSlow}, func(t *testing.T, d feedtest.Delivery, took time.Duration, _ map[string]string) {
			t.Helper()
			if len(restBooks(t, d)) != 8 || took < 3*time.Second {
				t.Errorf("after %v", took)
			}
		}},
		{feedtest.Fault{Kind: feedtest.RESTStale, Market: -1}, func(t *testing.T, d feedtest.Delivery, _ time.Duration, truth map[string]string) {
			t.Helper()
			for id, b := range restBooks(t, d) {
				if levels(b.Bids, b.Asks) != truth[id] {
					t.Errorf("%s is not what it was", id)
				}
				if age := d.Time.Sub(b.Time.Time()); age < 10*time.Second {
					t.Errorf("%v old", age)
				}
			}
		}},
		{feedtest.Fault{Kind: feedtest.RESTWrong, Market: 2}, func(t *testing.T, d feedtest.Delivery, _ time.Duration, _ map[string]string) {
			t.Helper()
			if books, wrong := checkedBooks(t, d); len(books) != 8 || wrong != 2 {
				t.Errorf("%d books, %d of them wrong", len(books), wrong)
			}
		}},
	} {
		t.Run(x.fault.Kind.String(), func(t *testing.T) {
			x.fault.At = 30 * time.Second
			x.fault.For = 15 * time.Second
			v := feedtest.NewVenue(feedtest.VenueOptions{
				Seed: 1, Rate: 8, Quirks: new(feedtest.NoQuirks()), Faults: []feedtest.Fault{x.fault},
			})
			tokens := allTokens(v)
			start := v.Now()
			v.Advance(start.Add(21 * time.Second))
			truth := map[string]string{}
			v.Advance(start.Add(21*time.Second + 80*time.Millisecond))
			for _, token := range tokens {
				b := v.Truth(token).Book
				truth[token] = levels(b.AppendBackward(nil, book.Bid), b.AppendBackward(nil, book.Ask))
			}
			v.Advance(start.Add(31 * time.Second))
			v.Fetch(99, tokens)
			asked := v.Now()
			d, ok := v.Advance(start.Add(time.Minute))
			if !ok {
				t.Fatal("no answer")
			}
			x.check(t, d, d.Time.Sub(asked), truth)
			v.Advance(start.Add(50 * time.Second))
			d, _ = fetch(t, v, tokens...)
			if n := len(restBooks(t, d)); n != 8 {
				t.Errorf("%d books when it is over", n)
			}
			if i := v.Injected(); len(i) != 1 || i[0].Fault != x.fault || i[0].At.Before(start.Add(30*time.Second)) {
				t.Errorf("%+v", i)
			}
		})
	}
}

func wantStatus(code, seconds int) func(*testing.T, feedtest.Delivery, time.Duration, map[string]string) {
	return func(t *testing.T, d feedtest.Delivery, _ time.Duration, _ map[string]string) {
		t.Helper()
		if d.Code != code || d.RetryAfter != time.Duration(seconds)*time.Second {
			t.Errorf("%+v", d)
		}
	}
}

func wantBooks(n int) func(*testing.T, feedtest.Delivery, time.Duration, map[string]string) {
	return func(t *testing.T, d feedtest.Delivery, _ time.Duration, _ map[string]string) {
		t.Helper()
		if books := restBooks(t, d); len(books) != n {
			t.Errorf("%d books, expected %d", len(books), n)
		}
	}
}

// levels writes a book down.
func levels(bids, asks []book.Level) string {
	var text strings.Builder
	for _, side := range [][]book.Level{bids, asks} {
		for _, l := range side {
			text.WriteString(l.Price.String() + "x" + l.Size.String() + " ")
		}
		text.WriteByte('|')
	}
	return text.String()
}
