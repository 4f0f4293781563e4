package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// script is one market with two tokens whose frames a test writes by hand. It
// knows the hashes: they are computed from the books that the test describes.
type script struct {
	more     bool // frames are waiting, while it is set
	t        *testing.T
	s        *shard
	now      int64 // milliseconds
	line     int
	conn     int
	findings []Finding
}

const (
	condition = "0xc0"
	yesToken  = "111"
	noToken   = "222"
	startTime = 1_800_000_000_000
)

//nolint:gochecknoglobals // constant
var scriptTerms = feed.HashTerms{
	Recipe: feed.RecipeLastTrade, MinOrderSize: 5 * book.Share, TickSize: book.Dollar / 100,
	LastTrade: feed.LastTrade{Price: book.Dollar / 2, Decimals: 3},
}

func newScript(t *testing.T) *script {
	t.Helper()
	sc := &script{t: t, now: startTime}
	sc.s = newShard(feed.DecoderOptions{Learn: true})
	sc.s.searchGap = 0
	sc.s.report = func(f Finding) { sc.findings = append(sc.findings, f) }
	return sc
}

// levels reads "40x10 41x5 | 60x7": cents and shares, bids, then asks.
func levels(text string) (bids, asks []book.Level) {
	for i, side := range strings.Split(text, "|") {
		for field := range strings.FieldsSeq(side) {
			var cents, shares int64
			if _, err := fmt.Sscanf(field, "%dx%d", &cents, &shares); err != nil {
				panic(err)
			}
			level := book.Level{Price: book.Price(cents) * book.Dollar / 100, Size: book.Size(shares) * book.Share}
			if i == 0 {
				bids = append(bids, level)
			} else {
				asks = append(asks, level)
			}
		}
	}
	return bids, asks
}

func hashOf(token, text string, ms int64, terms feed.HashTerms) feed.Hash {
	b := bookOf(text)
	id := feed.BookID{Market: condition, Asset: token, Time: feed.Timestamp(ms)}
	return feed.BookHash(id, b.AppendBackward(nil, book.Bid), b.AppendBackward(nil, book.Ask), terms)
}

// step applies a frame at the script's time.
func (sc *script) step(frame string) {
	sc.line++
	r := feed.Record{Conn: sc.conn, Line: sc.line, Time: time.UnixMilli(sc.now), Frame: []byte(frame)}
	_ = sc.s.step(instant(sc.now*1e6), &r, sc.more)
	sc.published()
}

func (sc *script) control(kind feed.RecordKind) {
	sc.line++
	_ = sc.s.step(instant(sc.now*1e6), &feed.Record{Kind: kind, Conn: sc.conn, Line: sc.line}, sc.more)
	sc.published()
}

// published compares what readers without a lock see with what a view says.
func (sc *script) published() {
	sc.t.Helper()
	for _, t := range sc.s.tokens[:min(8, len(sc.s.tokens))] {
		if t == nil {
			continue
		}
		if t.sleepsOver() {
			sc.t.Fatalf("line %d: something is due at %v, and waited for at %v", sc.line, t.nextDeadline(), t.overdue.due)
		}
		v := t.readers.View()
		want, wantErr := v.Top()
		top, err := t.readers.Top()
		e, _ := errors.AsType[*StateError](err)
		w, _ := errors.AsType[*StateError](wantErr)
		if (e == nil) != (w == nil) || e != nil && (e.State != w.State || e.Reason != w.Reason || e.Epoch != w.Epoch || !e.Since.Equal(w.Since)) {
			sc.t.Fatalf("line %d: published %v, but the view says %v", sc.line, err, wantErr)
		}
		if e == nil && (top.Top != want || top.Epoch != v.Epoch || top.Version > v.Version) {
			sc.t.Fatalf("line %d: published %+v, but the view is %+v of version %d", sc.line, top, want, v.Version)
		}
	}
}

// sleepsOver says that nobody will look when something is due. To look early does no harm.
func (t *token) sleepsOver() bool {
	due := t.nextDeadline()
	return due != 0 && (t.overdue.due == 0 || t.overdue.due > due)
}

func jsonLevels(levels []book.Level) string {
	var parts []string
	for _, l := range levels {
		parts = append(parts, fmt.Sprintf(`{"price":"%v","size":"%v"}`, l.Price, l.Size))
	}
	return "[" + strings.Join(parts, ",") + "]"
}

// book sends the whole book of Yes with its hash, as it is at a time.
func (sc *script) book(text string, ms int64) {
	sc.bookWithHash(text, ms, hashOf(yesToken, text, ms, scriptTerms))
}

func (sc *script) bookWithHash(text string, ms int64, hash feed.Hash) {
	sc.step(bookText(text, ms, hash))
}

func bookText(text string, ms int64, hash feed.Hash) string {
	bids, asks := levels(text)
	return fmt.Sprintf(`{"market":"%s","asset_id":"%s","timestamp":"%d","hash":"%v","bids":%s,"asks":%s,`+
		`"tick_size":"0.01","last_trade_price":"0.500","event_type":"book"}`,
		condition, yesToken, ms, hash, jsonLevels(bids), jsonLevels(asks))
}

// change sends one change of Yes, "40x0 |" or "| 60x5", that belongs to a run at
// whose end the book is as described.
func (sc *script) change(change, end string, ms int64) {
	sc.changeWithHash(change, end, ms, hashOf(yesToken, end, ms, scriptTerms))
}

func (sc *script) changeWithHash(change, end string, ms int64, hash feed.Hash) {
	sc.step(changesText([]string{change}, end, ms, hash))
}

// changesText is a frame with changes of Yes, all of one run.
func changesText(changes []string, end string, ms int64, hash feed.Hash) string {
	top := bookOf(end).Top()
	ask := top.Ask.Price
	if top.Ask.Size == 0 {
		ask = book.Dollar
	}
	var entries []string
	for _, change := range changes {
		bids, asks := levels(change)
		side := "BUY"
		if len(asks) > 0 {
			side = "SELL"
		}
		level := append(bids, asks...)[0]
		entries = append(entries, fmt.Sprintf(`{"asset_id":"%s","price":"%v","size":"%v","side":"%s","hash":"%v","best_bid":"%v","best_ask":"%v"}`,
			yesToken, level.Price, level.Size, side, hash, top.Bid.Price, ask))
	}
	return fmt.Sprintf(`{"market":"%s","price_changes":[%s],"timestamp":"%d","event_type":"price_change"}`,
		condition, strings.Join(entries, ","), ms)
}

// wait lets time pass, and with it deadlines.
func (sc *script) wait(d time.Duration) {
	sc.now += d.Milliseconds()
	sc.s.expire(instant(sc.now * 1e6))
	sc.published()
}

func (sc *script) token() *token { return sc.s.byID(yesToken) }

func (sc *script) view() View { return sc.token().view() }

// expect compares the token with "live proved epoch 1" and the like: a state,
// with its reason, then a check, and an epoch. And its levels, unless "".
func (sc *script) expect(want, text string) {
	sc.t.Helper()
	v := sc.view()
	got := v.State.String()
	if v.Settling {
		got += " settling"
	}
	if v.Reason != NoReason {
		got += " " + v.Reason.String()
	}
	got += fmt.Sprintf(", %v, epoch %d", v.Check, v.Epoch)
	if got != want {
		sc.t.Errorf("line %d: %q, want %q", sc.line, got, want)
	}
	if text == "" {
		return
	}
	if !bookOf(text).Snapshot().Equal(v.Snapshot) {
		sc.t.Errorf("line %d: bids %v, asks %v; want %s", sc.line,
			slices.Collect(v.Snapshot.Bids()), slices.Collect(v.Snapshot.Asks()), text)
	}
}

// tally compares the counts of a witness: agreed, disagreed, healed, unknown.
func (sc *script) tally(w Witness, agreed, disagreed, healed, unknown uint64) {
	sc.t.Helper()
	want := Tally{agreed + disagreed + healed + unknown, agreed, disagreed, healed, unknown}
	if got := sc.s.tallies[w]; got != want {
		sc.t.Errorf("%v: %+v, want %+v", w, got, want)
	}
}

// found lists the findings as "hash@3", "hash@3 healed".
func (sc *script) found(want ...string) {
	sc.t.Helper()
	var got []string
	for _, f := range sc.findings {
		text := fmt.Sprintf("%v@%d", f.Witness, f.Line)
		if f.Healed {
			text += " healed"
		}
		if f.Expected == f.Found {
			sc.t.Errorf("%s: expected and found %q", text, f.Found)
		}
		got = append(got, text)
	}
	if !slices.Equal(got, want) {
		sc.t.Errorf("findings %q, want %q", got, want)
	}
}
