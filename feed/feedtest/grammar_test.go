package feedtest_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/truebook/feed/feedtest"
)

// quiet is a venue in which hardly anything happens.
func quiet(seed uint64, q feedtest.Quirks) *feedtest.Venue {
	return feedtest.NewVenue(feedtest.VenueOptions{Seed: seed, Rate: 1e-9, Quirks: &q})
}

// said is what came on a connection, shortened: the tokens of an array of books by
// their place in allTokens, words as they are, a close with its code.
func said(v *feedtest.Venue, d feedtest.Delivery) string {
	switch {
	case d.Kind == feedtest.Closed:
		return fmt.Sprintf("close %d %s", d.Code, d.Reason)
	case d.Kind != feedtest.Received:
		return fmt.Sprint("kind ", d.Kind)
	case d.Data[0] != '[':
		return string(d.Data)
	}
	text := []byte("books")
	for i, token := range allTokens(v) {
		if bytes.Contains(d.Data, []byte(`"asset_id":"`+token+`"`)) {
			text = fmt.Appendf(text, " %d", i)
		}
	}
	if !bytes.HasSuffix(d.Data, []byte("]\n")) {
		text = append(text, " without a newline"...)
	}
	return string(text)
}

// TestGrammar: what a client may say, and what comes of it. In the texts of the
// client, t0, t1, … are tokens.
func TestGrammar(t *testing.T) {
	const all = `{"type":"market","assets_ids":["t0","t1","t2","t3","t4","t5","t6","t7"]}`
	const one = `{"type":"market","assets_ids":["t2"]}`
	for _, x := range []struct {
		name string
		say  []string // seconds apart
		want string
	}{
		{"nothing", nil, ""},
		{"initial", []string{all}, "books 0 1 2 3 4 5 6 7"},
		{"with all fields", []string{`{"assets_ids":["t1"],"type":"market","custom_feature_enabled":true,"initial_dump":true,"level":2,"markets":[],"auth":{}}`}, "books 1"},
		{"upper case", []string{`{"assets_ids":["t1"],"type":"MARKET"}`}, "books 1"},
		{"unknown token among others", []string{`{"type":"market","assets_ids":["7","t1"]}`}, "books 1"},
		{"unknown tokens only", []string{`{"type":"market","assets_ids":["7"]}`}, "books"},
		{"no tokens", []string{`{"type":"market","assets_ids":[]}`}, "books"},
		{"a token twice", []string{`{"type":"market","assets_ids":["t1","t1"]}`}, "books 1"},
		{"no dump", []string{`{"type":"market","assets_ids":["t1"],"initial_dump":false}`}, ""},
		{"initial twice", []string{one, all}, "books 2|INVALID OPERATION"},
		{"subscribe", []string{one, `{"operation":"subscribe","assets_ids":["t2","t3"]}`}, "books 2|books 3"},
		{"subscribe with a type", []string{one, `{"operation":"subscribe","type":"market","assets_ids":["t3"]}`}, "books 2|books 3"},
		{"nothing new", []string{one, `{"operation":"subscribe","assets_ids":["t2"]}`}, "books 2|NO NEW ASSETS"},
		{"unsubscribe", []string{one, `{"operation":"unsubscribe","assets_ids":["t2"]}`}, "books 2"},
		{"again", []string{
			one, `{"operation":"unsubscribe","assets_ids":["t2"]}`, `{"operation":"subscribe","assets_ids":["t2"]}`,
		}, "books 2|books 2"},
		{"other operation", []string{one, `{"operation":"list","assets_ids":["t2"]}`}, "books 2|INVALID OPERATION"},
		{"later nonsense", []string{one, `{"`}, "books 2|INVALID OPERATION"},
		{"ping", []string{one, "PING"}, "books 2|PONG"},
		{"ping first", []string{"PING"}, "close 1008 invalid subscription payload"},
		{"malformed", []string{`{"type":"mar`}, "close 1008 invalid subscription payload"},
		{"wrong type", []string{`{"type":"user","assets_ids":["t2"]}`}, "close 1008 invalid subscription payload"},
		{"operation first", []string{`{"operation":"subscribe","assets_ids":["t2"]}`}, "close 1008 invalid subscription payload"},
		{"no assets", []string{`{"type":"market"}`}, "close 1008 invalid subscription payload"},
		{"a long one", []string{`{"type":"market","assets_ids":["` + strings.Repeat("7", 300_000) + `"]}`}, "close 1009 "},
	} {
		t.Run(x.name, func(t *testing.T) {
			v := quiet(1, feedtest.NoQuirks())
			tokens := allTokens(v)
			v.Dial(7)
			var got []string
			say := v.Now().Add(time.Hour)
			for left := x.say; ; {
				d, ok := v.Advance(minTime(say, v.Now().Add(10*time.Second)))
				switch {
				case ok && d.Conn != 7:
					t.Fatalf("%+v", d)
				case ok && d.Kind == feedtest.Opened:
					say = d.Time.Add(time.Second)
				case ok:
					got = append(got, said(v, d))
				case len(left) == 0:
					if text := strings.Join(got, "|"); text != x.want {
						t.Errorf("got %s, expected %s", text, x.want)
					}
					return
				default:
					text := left[0]
					for i, token := range tokens {
						text = strings.ReplaceAll(text, fmt.Sprintf(`"t%d"`, i), `"`+token+`"`)
					}
					v.Send(7, []byte(text))
					if left = left[1:]; len(left) == 0 {
						say = v.Now().Add(time.Hour)
					} else {
						say = v.Now().Add(time.Second)
					}
				}
			}
		})
	}
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// talk lets a venue go on for a while and returns what came on a connection, with
// times since it was called. It subscribes to all tokens when the connection opens.
func talk(v *feedtest.Venue, conn int, d time.Duration) (texts []string, times []time.Duration) {
	begin := v.Now()
	for {
		got, ok := v.Advance(begin.Add(d))
		switch {
		case !ok:
			return texts, times
		case got.Conn != conn || got.Kind == feedtest.Answered:
		case got.Kind == feedtest.Opened:
			v.Send(conn, subscription(allTokens(v)))
		default:
			texts, times = append(texts, said(v, got)), append(times, got.Time.Sub(begin))
		}
	}
}

// TestSecondBook: a token that is subscribed to again may get no book, and its
// changes come all the same.
func TestSecondBook(t *testing.T) {
	q := feedtest.NoQuirks()
	q.NoSecondBook = 1
	v := feedtest.NewVenue(feedtest.VenueOptions{Seed: 1, Rate: 50, Quirks: &q})
	v.Dial(1)
	talk(v, 1, 5*time.Second)
	list := string(quoted(allTokens(v)))
	v.Send(1, []byte(`{"operation":"unsubscribe","assets_ids":`+list+`}`))
	late, _ := talk(v, 1, 200*time.Millisecond)
	if silent, _ := talk(v, 1, 5*time.Second); len(silent) > 0 {
		t.Errorf("%d frames of what is not subscribed to", len(silent))
	}
	v.Send(1, []byte(`{"operation":"subscribe","assets_ids":`+list+`}`))
	again, _ := talk(v, 1, 5*time.Second)
	if len(again) < 20 || strings.HasPrefix(again[0], "books") || v.Counts().NoSecondBooks != 8 {
		t.Errorf("%d late frames, then %d frames again, %d tokens without a book", len(late), len(again), v.Counts().NoSecondBooks)
	}
}

// TestUnwatched: the entries of a token come with those of its sibling, its books do
// not.
func TestUnwatched(t *testing.T) {
	v := feedtest.NewVenue(feedtest.VenueOptions{Seed: 1, Markets: 1, Rate: 100})
	m := v.Markets()[0]
	v.Dial(1)
	changes, trades := 0, 0
	for end := v.Now().Add(time.Minute); ; {
		d, ok := v.Advance(end)
		if !ok {
			break
		}
		switch d.Kind {
		case feedtest.Opened:
			v.Send(1, subscription([]string{m.No}))
		case feedtest.Received:
			has := func(text string) bool { return bytes.Contains(d.Data, []byte(text)) }
			switch {
			case has(`"price_change"`):
				changes++
				if !has(m.Yes) || !has(m.No) {
					t.Fatalf("%s", d.Data)
				}
			case has(`"book"`):
				trades++
				if has(m.Yes) || !has(m.No) {
					t.Fatalf("%s", d.Data)
				}
			}
		default:
		}
	}
	if changes < 1000 || trades < 5 {
		t.Errorf("%d changes, %d trades", changes, trades)
	}
}

// TestIdle: a connection on which nobody says anything for 125 s is dropped.
func TestIdle(t *testing.T) {
	v := quiet(1, feedtest.NoQuirks())
	v.Dial(1)
	texts, times := talk(v, 1, 200*time.Second)
	if len(texts) != 2 || texts[1] != "close 0 " || times[1] < 125*time.Second || times[1] > 126*time.Second {
		t.Errorf("%v at %v", texts, times)
	}
	v.Dial(2)
	for range 20 {
		if texts, _ := talk(v, 2, 20*time.Second); len(texts) > 1 {
			t.Errorf("%v", texts)
		}
		v.Send(2, []byte("PING"))
	}
}

// TestOpeningTakes 0.13 to 0.52 s, and PONG 0.14 s in the median.
func TestOpeningTakes(t *testing.T) {
	v := quiet(1, feedtest.NoQuirks())
	var pongs []int
	for conn := range 60 {
		v.Dial(conn)
		opened := v.Now()
		for {
			d, _ := v.Advance(v.Now().Add(time.Hour))
			if d.Kind == feedtest.Opened {
				v.Send(conn, subscription(allTokens(v)))
				opened = d.Time
				continue
			}
			if took := d.Time.Sub(opened); took < 100*time.Millisecond || took > 520*time.Millisecond {
				t.Errorf("the opening took %v", took)
			}
			break
		}
		asked := v.Now()
		v.Send(conn, []byte("PING"))
		d, _ := v.Advance(v.Now().Add(time.Hour))
		pongs = append(pongs, int(d.Time.Sub(asked).Milliseconds()))
		v.Hangup(conn)
	}
	if median := quantile(pongs, 50); median < 100 || median > 180 {
		t.Errorf("PONG takes %g ms", median)
	}
}

// TestHangup: nothing comes of a connection that the client has hung up.
func TestHangup(t *testing.T) {
	v := feedtest.NewVenue(feedtest.VenueOptions{Seed: 1, Rate: 500})
	v.Dial(1)
	talk(v, 1, 10*time.Second)
	v.Waiting()
	v.Hangup(1)
	if d, ok := v.Advance(v.Now().Add(5 * time.Second)); ok {
		t.Errorf("%+v", d)
	}
}

// TestCustomFeatures come where they were asked for only.
func TestCustomFeatures(t *testing.T) {
	onlyGoroutine(t)
	v := feedtest.NewVenue(feedtest.VenueOptions{Seed: 1, Rate: 100, Faults: []feedtest.Fault{
		{Kind: feedtest.Settle, At: 100 * time.Second, Market: 1},
	}})
	v.Dial(1)
	v.Dial(2)
	counts := [3]map[string]int{{}, {}, {}}
	for end := v.Now().Add(200 * time.Second); ; {
		d, ok := v.Advance(end)
		if !ok {
			break
		}
		switch d.Kind {
		case feedtest.Opened:
			text := subscription(allTokens(v))
			if d.Conn == 2 {
				text = bytes.ReplaceAll(text, []byte("true,"), []byte("false,"))
			}
			v.Send(d.Conn, text)
		case feedtest.Received:
			for _, kind := range []string{"best_bid_ask", "new_market", "market_resolved"} {
				if bytes.Contains(d.Data, []byte(`"event_type":"`+kind+`"`)) {
					counts[d.Conn][kind]++
				}
			}
		default:
		}
	}
	if c := counts[1]; c["best_bid_ask"] < 20 || c["market_resolved"] != 1 || len(counts[2]) > 0 {
		t.Errorf("%v", counts)
	}
}
