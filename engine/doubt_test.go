package engine

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
)

// Best prices that are not the reported ones: settling, then stale.
func TestTopMismatch(t *testing.T) {
	sc := opened(t)
	// The reported best ask is 62: the removal of 60 and 61 is still to come.
	sc.change("42x1 |", "40x10 41x5 42x1 | 62x1", startTime+5)
	sc.expect("live settling top_mismatch, open, epoch 1", "")
	if _, err := new(sc.view()).Top(); !errors.Is(err, ErrSettling) || errors.Is(err, ErrNotLive) {
		t.Errorf("top of a settling book: %v", err)
	}
	sc.wait(499 * time.Millisecond)
	sc.expect("live settling top_mismatch, failed, epoch 1", "")
	sc.wait(time.Millisecond)
	sc.expect("stale top_mismatch, failed, epoch 1", "")
	sc.s.finishAll()
	sc.found("top@2", "hash@2")
}

// A crossed top is never shown, also where the exchange reports nothing.
func TestCrossed(t *testing.T) {
	sc := opened(t)
	sc.change("60x1 |", "60x1 | 61x8", startTime+5)
	sc.expect("live settling crossed, open, epoch 1", "")
	sc.change("| 60x0", "60x1 | 61x8", startTime+5)
	sc.change("40x0 |", "60x1 | 61x8", startTime+5)
	sc.change("41x0 |", "60x1 | 61x8", startTime+5)
	sc.expect("live, proved, epoch 1", "60x1 | 61x8")
	sc.book("60x1 | 60x8", startTime+6) // it says so itself
	sc.expect("live settling crossed, proved, epoch 1", "60x1 | 60x8")
	sc.wait(settleTimeout)
	sc.expect("stale crossed, proved, epoch 2", "") // and nothing had led to it
}

// Settlement empties both sides: an empty book is a legal one.
func TestEmptyBook(t *testing.T) {
	sc := opened(t)
	for _, level := range []string{"40x0 |", "41x0 |", "| 60x0", "| 61x0"} {
		sc.change(level, "|", startTime+5)
	}
	sc.expect("live, proved, epoch 1", "|")
	if top, err := new(sc.view()).Top(); err != nil || top != (book.Top{}) {
		t.Errorf("top %v, %v", top, err)
	}
	sc.step(fmt.Sprintf(`{"event_type":"market_resolved","market":"%s","assets_ids":["%s","%s"],"timestamp":"%d"}`,
		condition, yesToken, noToken, startTime+6))
	sc.expect("gone resolved, proved, epoch 1", "|")
	sc.book(opening, startTime+7)
	sc.change("40x1 |", "40x1 |", startTime+8)
	sc.expect("gone resolved, proved, epoch 1", "|")
	if _, err := new(sc.view()).Top(); !errors.Is(err, ErrGone) {
		t.Errorf("top of a market that is over: %v", err)
	}
}

// Doubt comes first: a frame that cannot be read, a bad value, a gap, the end of
// the connection. A match of the hash, or a whole book, ends it.
func TestDoubt(t *testing.T) {
	for name, doubt := range map[string]func(*script) string{
		"half a frame": func(sc *script) string { sc.step(`{"event_type":"book"`); return "bad_message" },
		"bad value": func(sc *script) string {
			sc.step(fmt.Sprintf(`{"market":"%s","price_changes":[{"asset_id":"%s","price":"2","size":"1","side":"BUY"}],"timestamp":"%d","event_type":"price_change"}`,
				condition, yesToken, startTime+5))
			return "bad_message"
		},
		"price twice in a book": func(sc *script) string {
			sc.bookWithHash("40x1 40x2 |", startTime+5, feed.HashOf([20]byte{1}))
			return "bad_message"
		},
		"gap":    func(sc *script) string { sc.control(feed.Lost); return "gap" },
		"closed": func(sc *script) string { sc.control(feed.Closed); return "disconnected" },
		"opened": func(sc *script) string { sc.control(feed.Opened); return "disconnected" },
	} {
		t.Run(name, func(t *testing.T) {
			sc := opened(t)
			reason := doubt(sc)
			sc.expect("stale "+reason+", unproved, epoch 1", opening)
			sc.change("40x1 |", "40x1 41x9 | 60x7 61x8", startTime+6) // a change before was lost
			sc.expect("stale "+reason+", open, epoch 1", "")
			sc.change("41x8 |", "40x1 41x8 | 60x7 61x8", startTime+7)
			sc.expect("live, proved, epoch 2", "40x1 41x8 | 60x7 61x8")
			doubt(sc)
			sc.book(opening, startTime+8)
			sc.expect("live, proved, epoch 3", opening)
			sc.wait(time.Second)
			sc.s.finishAll()
			// What the gap explains is no disagreement.
			sc.tally(HashWitness, 3, 0, 0, 1)
			sc.found()
		})
	}
}

// Doubt of one connection does not touch the tokens of another, and a later
// connection takes a token over with its book.
func TestConnections(t *testing.T) {
	sc := opened(t)
	sc.conn = 1
	sc.control(feed.Closed)
	sc.expect("live, proved, epoch 1", opening)
	sc.change("40x1 |", "40x1 41x5 | 60x7 61x8", startTime+5)
	sc.expect("live, proved, epoch 1", opening) // not its connection
	sc.book("40x1 41x5 | 60x7 61x8", startTime+5)
	sc.expect("live, proved, epoch 2", "40x1 41x5 | 60x7 61x8")
	sc.conn = 0
	sc.book(opening, startTime+6)
	sc.change("40x9 |", "40x9 |", startTime+7)
	sc.control(feed.Closed)
	sc.expect("live, proved, epoch 2", "40x1 41x5 | 60x7 61x8")
	sc.conn = 1
	sc.control(feed.Closed)
	sc.expect("stale disconnected, unproved, epoch 2", "")
	sc.conn = 0
	sc.book("40x2 |", startTime+8)
	sc.expect("live, proved, epoch 3", "40x2 |")
}

// Without a known recipe nothing is proved, and nothing is said against the
// books: refreshes and best prices speak for them.
func TestUnknownRecipe(t *testing.T) {
	sc := newScript(t)
	sc.bookWithHash(opening, startTime, feed.HashOf([20]byte{1}))
	sc.expect("live, unproved, epoch 1", opening)
	if v := sc.view(); v.Proof.By != ByRefresh || v.Proof.Version != 1 {
		t.Errorf("proof %+v", v.Proof)
	}
	sc.changeWithHash("40x1 |", "40x1 41x5 | 60x7 61x8", startTime+5, feed.HashOf([20]byte{2}))
	sc.changeWithHash("40x2 |", "40x2 41x5 | 60x7 61x8", startTime+6, feed.Hash{})
	sc.wait(5 * time.Second)
	sc.expect("live, unproved, epoch 1", "40x2 41x5 | 60x7 61x8")
	sc.s.finishAll()
	sc.tally(HashWitness, 0, 0, 0, 3)
	sc.tally(TopWitness, 2, 0, 0, 0)
	sc.found()
}

// The two tokens of a frame mirror each other.
func TestMirror(t *testing.T) {
	sc := newScript(t)
	frame := func(changes string) {
		sc.step(fmt.Sprintf(`{"market":"%s","price_changes":[%s],"timestamp":"%d","event_type":"price_change"}`, condition, changes, startTime))
	}
	entry := func(token, price, size, side string) string {
		return fmt.Sprintf(`{"asset_id":"%s","price":"%s","size":"%s","side":"%s"}`, token, price, size, side)
	}
	frame(entry("1", "0.4", "7", "BUY") + "," + entry("2", "0.6", "7", "SELL"))
	frame(entry("1", "0.4", "7", "BUY") + "," + entry("1", "0.4", "0", "BUY") + "," + entry("2", "0.6", "0", "SELL") + "," + entry("2", "0.6", "7", "SELL"))
	frame(entry("1", "0.4", "7", "BUY"))
	sc.tally(MirrorWitness, 2, 0, 0, 0)
	frame(entry("1", "0.4", "7", "BUY") + "," + entry("2", "0.6", "8", "SELL"))
	frame(entry("1", "0.4", "7", "BUY") + "," + entry("2", "0.61", "7", "SELL"))
	frame(entry("1", "0.4", "7", "BUY") + "," + entry("2", "0.6", "7", "BUY"))
	frame(entry("1", "0.4", "7", "BUY") + "," + entry("2", "0.6", "7", "SELL") + "," + entry("2", "0.6", "7", "SELL"))
	frame(entry("1", "0.4", "7", "BUY") + "," + entry("2", "0.6", "7", "SELL") + "," + entry("3", "0.6", "7", "SELL"))
	sc.tally(MirrorWitness, 2, 4, 0, 0)
	frame(entry("1", "0.4", "7", "BUY") + strings.Repeat(","+entry("2", "0.6", "7", "SELL"), maxMirrored))
	sc.tally(MirrorWitness, 2, 4, 0, 1)
}

// TestTooManyLevels crosses the bound of a side from the wire.
func TestTooManyLevels(t *testing.T) {
	onlyGoroutine(t)
	sc := newScript(t)
	sc.bookWithHash("|", startTime, feed.Hash{})
	for i := range book.MaxLevels + 1 {
		if state := sc.token().state; state != Live {
			t.Fatalf("%v with %d levels", state, i)
		}
		sc.step(fmt.Sprintf(`{"market":"%s","price_changes":[{"asset_id":"%s","price":"0.%06d","size":"1","side":"BUY"}],"timestamp":"%d","event_type":"price_change"}`,
			condition, yesToken, i+1, startTime+int64(i)))
	}
	sc.expect("stale bad_message, unproved, epoch 1", "")
}

// Closing the run that a doubt interrupts must not end the doubt.
func TestDoubtIsNotUndone(t *testing.T) {
	sc := opened(t)
	terms := scriptTerms
	terms.LastTrade.Price = 600_000 // so that a search would find the hash
	end := "40x10 41x5 | 60x6 61x8"
	sc.changeWithHash("| 60x6", end, startTime+5, hashOf(yesToken, end, startTime+5, terms))
	sc.control(feed.Closed)
	sc.expect("stale disconnected, unproved, epoch 1", end)
	sc.wait(time.Hour)
	sc.expect("stale disconnected, unproved, epoch 1", end)
}

// Two runs in a row that fail make a book stale, whatever the clock says.
func TestTwoFailures(t *testing.T) {
	sc := opened(t)
	sc.change("| 61x9", "40x11 41x5 | 60x7 61x9", startTime+5)
	sc.change("| 61x1", "40x11 41x5 | 60x7 61x1", startTime+6)
	sc.expect("live, open, epoch 1", "")
	sc.change("| 61x2", "40x11 41x5 | 60x7 61x2", startTime+7)
	sc.expect("stale hash_mismatch, open, epoch 1", "")
}

// A run whose entries go on for ever is over all the same.
func TestEndlessRun(t *testing.T) {
	sc := opened(t)
	for range 3 {
		sc.change("| 61x9", "40x11 41x5 | 60x7 61x9", startTime+5)
		sc.wait(100 * time.Millisecond)
	}
	sc.change("| 61x9", "40x11 41x5 | 60x7 61x9", startTime+5)
	sc.wait(time.Millisecond)
	sc.expect("live, failed, epoch 1", "")
	for range 10 {
		sc.change("| 61x9", "40x11 41x5 | 60x7 61x9", startTime+5)
		sc.wait(100 * time.Millisecond)
	}
	sc.expect("stale hash_mismatch, failed, epoch 1", "")
}

// Without any time, a crossed top is still not shown.
func TestCrossedWithoutTime(t *testing.T) {
	replay := NewReplay(nil)
	frame := bookText("40x1 61x1 | 60x1", startTime, feed.Hash{})
	if err := replay.Step(feed.Record{Frame: []byte(frame)}); err != nil {
		t.Fatal(err)
	}
	if top, err := replay.Views()[0].Top(); !errors.Is(err, ErrSettling) {
		t.Errorf("top %v, %v", top, err)
	}
}

// What names another market does not move a proved token to it.
func TestAnotherMarket(t *testing.T) {
	sc := opened(t)
	sc.step(fmt.Sprintf(`{"event_type":"last_trade_price","market":"0xother","asset_id":"%s","price":"0.7","size":"1","side":"BUY","timestamp":"%d"}`, yesToken, startTime+1))
	sc.step(fmt.Sprintf(`{"event_type":"tick_size_change","market":"0xother","asset_id":"%s","old_tick_size":"0.01","new_tick_size":"0.001","timestamp":"%d"}`, yesToken, startTime+1))
	sc.change("40x11 |", "40x11 41x5 | 60x7 61x8", startTime+5)
	sc.expect("live, proved, epoch 1", "40x11 41x5 | 60x7 61x8")
	sc.step(strings.ReplaceAll(changesText([]string{"40x12 |"}, "40x12 41x5 | 60x7 61x8", startTime+6, feed.HashOf([20]byte{1})), condition, "0xother"))
	sc.expect("stale bad_message, unproved, epoch 1", "40x11 41x5 | 60x7 61x8")
	sc.change("40x12 |", "40x12 41x5 | 60x7 61x8", startTime+6)
	sc.expect("live, proved, epoch 2", "40x12 41x5 | 60x7 61x8")
	sc.step(strings.ReplaceAll(bookText("40x13 |", startTime+7, feed.HashOf([20]byte{1})), condition, "0xother"))
	sc.expect("stale bad_message, unproved, epoch 2", "40x12 41x5 | 60x7 61x8")
	if len(sc.s.markets) != 1 {
		t.Errorf("%d markets", len(sc.s.markets))
	}
}

// Nor do two changes that mirror each other, of which neither is set.
func TestPairOfAnotherMarket(t *testing.T) {
	r := record(t, feedtest.Options{Seed: 6}, 50)
	s := newShard(feed.DecoderOptions{Learn: true})
	for i, f := range r.frames {
		if i > 40 && bytes.Contains(f.record.Frame, []byte(`"price_changes":[`)) {
			before := []View{s.tokens[0].view(), s.tokens[1].view()}
			if before[0].State != Live || before[1].State != Live {
				t.Fatal("not live")
			}
			wrong := bytes.Replace(f.record.Frame, []byte(before[0].Market), []byte("0xother"), 1)
			if err := s.step(instant(f.record.Time.UnixNano()), &feed.Record{Frame: wrong}, false); err != nil {
				t.Fatal(err)
			}
			for i, b := range before {
				v := s.tokens[i].view()
				if v.State != Stale || v.Reason != BadMessage || v.Market != b.Market || !v.Snapshot.Equal(b.Snapshot) {
					t.Errorf("token %d: %v %v of %s, or another book", i, v.State, v.Reason, v.Market)
				}
			}
			return
		}
		if err := s.step(instant(f.record.Time.UnixNano()), &f.record, false); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("no frame of changes")
}

// A hash ahead of its trade fails where it cannot be searched for; the trade
// explains it.
func TestTradeExplainsFailure(t *testing.T) {
	for name, event := range map[string]string{
		"trade": `{"event_type":"last_trade_price","market":"%s","asset_id":"%s","price":"0.6125","size":"1","side":"BUY","timestamp":"%d"}`,
		"tick":  `{"event_type":"tick_size_change","market":"%s","asset_id":"%s","old_tick_size":"0.01","new_tick_size":"0.0005","timestamp":"%d"}`,
	} {
		sc := opened(t)
		terms := scriptTerms
		if name == "trade" {
			terms.LastTrade = feed.LastTrade{Price: 612_500, Decimals: 4}
		} else {
			terms.TickSize = 500
		}
		end := "40x10 41x5 | 60x6 61x8"
		sc.changeWithHash("| 60x6", end, startTime+5, hashOf(yesToken, end, startTime+5, terms))
		sc.wait(runTimeout)
		sc.expect("live, failed, epoch 1", end)
		sc.step(fmt.Sprintf(event, condition, yesToken, startTime+6))
		sc.expect("live, proved, epoch 1", end)
		sc.s.finishAll()
		sc.tally(HashWitness, 2, 0, 0, 0)
	}
}

// Doubt about one connection's frame is none about another's, and a frame that
// nobody can place is doubt about all.
func TestDoubtAndConnections(t *testing.T) {
	sc := opened(t)
	sc.conn = 1
	sc.step(`{"event_type":`)
	sc.step(fmt.Sprintf(`{"event_type":"book","asset_id":"%s","bids":1}`, yesToken))
	sc.book("40x9 |", startTime-5) // older than what is live
	sc.expect("live, proved, epoch 1", opening)
	sc.control(feed.Unreadable)
	sc.expect("stale bad_message, unproved, epoch 1", opening)
}

// A market that is over ends its tokens, by their ids or by its own, whatever was
// still undecided.
func TestResolved(t *testing.T) {
	for _, assets := range []string{`["` + yesToken + `"]`, `[]`} {
		sc := opened(t)
		sc.book("40x10 41x6 | 60x7 61x8", startTime+5) // differs: held
		version := sc.view().Version
		sc.step(fmt.Sprintf(`{"event_type":"market_resolved","market":"%s","assets_ids":%s,"timestamp":"%d"}`, condition, assets, startTime+6))
		sc.wait(time.Second)
		if v := sc.view(); v.State != Gone || v.Version != version+1 {
			t.Errorf("%s: %+v", assets, v.Status)
		}
		sc.tally(RefreshWitness, 0, 0, 0, 1)
		sc.found()
	}
}

// A gap makes the next book no witness of what was here.
func TestBookAfterGap(t *testing.T) {
	sc := opened(t)
	sc.control(feed.Lost)
	sc.book("40x9 |", startTime+5)
	sc.expect("live, proved, epoch 2", "40x9 |")
	sc.s.finishAll()
	sc.tally(RefreshWitness, 0, 0, 0, 1)
	sc.found()
}

// TestManyBrokenFrames: the cost of a frame grows with the frame, not with the tokens.
func TestManyBrokenFrames(t *testing.T) {
	onlyGoroutine(t)
	sc := newScript(t)
	for i := range 3000 {
		sc.step(fmt.Sprintf(`{"market":"m","asset_id":"%d","timestamp":"%d","bids":[],"asks":[],"event_type":"book"}`, i, startTime))
	}
	for range 100_000 { // walking all tokens each time would take minutes
		sc.step("{")
	}
	if tok := sc.s.tokens[2999]; tok.state != Stale || tok.reason != BadMessage {
		t.Errorf("%v %v", tok.state, tok.reason)
	}
	sc.step(fmt.Sprintf(`{"market":"m","asset_id":"7","timestamp":"%d","bids":[],"asks":[],"event_type":"book"}`, startTime+1))
	sc.step("{")
	if tok := sc.s.tokens[7]; tok.state != Stale || tok.epoch != 2 {
		t.Errorf("%v, epoch %d", tok.state, tok.epoch)
	}
}
