package engine

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
)

var pairedStreams = flag.Int("engine.paired", 25, "streams in which books share their levels at times")

// changesFrame is a price_change as it is on the wire.
type changesFrame struct {
	Market  string           `json:"market"`
	Changes []map[string]any `json:"price_changes"`
	Time    string           `json:"timestamp"`
	Type    string           `json:"event_type"`
}

// disfigure makes something else of a frame of changes: one of the two, both in two frames,
// twice the same, other sizes, other tokens, another order.
func disfigure(r *rand.Rand, data []byte, markets []string) (frames [][]byte) {
	var f changesFrame
	if err := json.Unmarshal(data, &f); err != nil || f.Type != "price_change" || len(f.Changes) != 2 {
		return [][]byte{data}
	}
	write := func(f changesFrame) {
		text, err := json.Marshal(f)
		if err != nil {
			panic(err)
		}
		frames = append(frames, text)
	}
	a, b := f.Changes[0], f.Changes[1]
	only := func(changes ...map[string]any) changesFrame {
		g := f
		g.Changes = changes
		return g
	}
	switch r.IntN(9) {
	case 0:
		write(only(f.Changes[r.IntN(2)]))
	case 1:
		write(only(a))
		write(only(b))
	case 2:
		write(only(b, a))
	case 3:
		write(only(a, b, b, a))
	case 4:
		f.Changes[r.IntN(2)]["size"] = strconv.Itoa(1 + r.IntN(5))
		write(f)
	case 5: // mirrored all the same, and wrong
		a["size"], b["size"] = "7", "7"
		write(f)
	case 6:
		f.Market = markets[r.IntN(len(markets))]
		write(f)
	case 7: // a state that only one of the two has had
		f.Changes[r.IntN(2)]["hash"] = fmt.Sprintf("%040x", r.Uint64())
		write(f)
	case 8: // of a token that may be in another market by now
		frames = append(frames, data, fmt.Appendf(nil, `{"event_type":"last_trade_price","asset_id":%q,"market":%q,`+
			`"price":"0.5","size":"1","side":"BUY","timestamp":%q}`, a["asset_id"], markets[r.IntN(len(markets))], f.Time))
	}
	return frames
}

// twoShards take the same records. The books of the second part after each.
type twoShards struct {
	t       *testing.T
	seed    uint64
	shards  [2]*shard
	found   [2][]Finding
	before  []bool // which tokens' books were a pair's
	sharing int
	parted  int
}

func newTwoShards(t *testing.T, seed uint64, now time.Time) *twoShards {
	t.Helper()
	two := &twoShards{t: t, seed: seed}
	for i := range two.shards {
		s := newShard(feed.DecoderOptions{Learn: true})
		s.report = func(f Finding) { two.found[i] = append(two.found[i], f) }
		s.searchGap = 0
		switch seed % 3 {
		case 1:
			s.proofs.limit(20_000, instant(now.UnixNano()))
		case 2:
			s.proofs.limit(-1, 0)
		}
		two.shards[i] = s
	}
	return two
}

// step applies a record, and compares everything that can be seen.
func (two *twoShards) step(record *feed.Record) {
	two.t.Helper()
	for _, s := range two.shards {
		s.apply(record)
	}
	two.compare(record.Line)
}

func (two *twoShards) compare(line int) {
	two.t.Helper()
	a, b := two.shards[0], two.shards[1]
	for i, token := range a.tokens {
		b.tokens[i].book.Part()
		same(two.t, two.seed, line, token, b.tokens[i])
		paired := two.paired(token, line)
		if paired {
			two.sharing++
		}
		if i == len(two.before) {
			two.before = append(two.before, false)
		}
		if two.before[i] && !paired {
			two.parted++
		}
		two.before[i] = paired
	}
	if a.tallies != b.tallies || a.counts != b.counts || !slices.Equal(two.found[0], two.found[1]) {
		two.t.Fatalf("seed %d, line %d: tallies %+v and %+v", two.seed, line, a.tallies, b.tallies)
	}
}

// paired says whether a token's book is a pair's, and fails if it must not be.
func (two *twoShards) paired(token *token, line int) (paired bool) {
	two.t.Helper()
	for _, o := range two.shards[0].tokens {
		is := token.book.PairedWith(o.book)
		if paired = paired || is; is && o.market != token.market {
			two.t.Fatalf("seed %d, line %d: two locks guard one book", two.seed, line)
		}
		if token.other != nil && token.other.PairedWith(o.book) {
			two.t.Fatalf("seed %d, line %d: what a book may be instead is shared", two.seed, line)
		}
	}
	return paired
}

// disturb does to one token what a core may do between two frames.
func (two *twoShards) disturb(r *rand.Rand) {
	id, leaves := two.shards[0].tokens[r.IntN(len(two.shards[0].tokens))].asset.ID, r.IntN(2) == 0
	for _, s := range two.shards {
		token := s.byID(id)
		s.begin(s.now, 0)
		if leaves {
			s.leave(token, Unwatched)
			s.forget(token)
			s.end()
			s.begin(s.now.after(time.Second), 0)
			s.comeBack(token)
		} else {
			s.breakContinuity(token, Gap)
		}
		s.end()
	}
}

// TestPairedBooks: that the books of a market's two tokens share their levels is nothing
// that anybody can tell, whatever frames come: a second engine whose books don't, but within
// a frame, says the same of each.
func TestPairedBooks(t *testing.T) {
	onlyGoroutine(t)
	t.Parallel()
	seeds := *pairedStreams
	if testing.Short() {
		seeds = min(seeds, 6)
	}
	const frames = 250
	sharing, parted := 0, 0
	for seed := range uint64(seeds) {
		r := rand.New(rand.NewPCG(seed, 9))
		options := feedtest.Options{Seed: seed, Markets: 2}
		recorded := record(t, options, frames).frames
		markets := []string{"0xffff"}
		for _, m := range feedtest.New(options).Markets() {
			markets = append(markets, m.Condition)
		}
		two := newTwoShards(t, seed, recorded[0].record.Time)
		for i := range recorded {
			record := recorded[i].record
			switch n := r.IntN(100); {
			case n < 70:
				two.step(&record)
			case n < 75: // lost
			case n < 78:
				two.step(&record)
				two.step(&record)
			case n < 80:
				two.step(&recorded[max(0, i-1-r.IntN(5))].record)
			case n < 82:
				record.Kind, record.Frame = []feed.RecordKind{feed.Lost, feed.Closed, feed.Opened}[r.IntN(3)], nil
				two.step(&record)
			case n < 84: // after a loss nothing but a book or a hash helps
				two.step(&recorded[0].record)
			case n < 86:
				record.Conn = 1
				two.step(&record)
			case n < 88 && i > 50:
				two.disturb(r)
			default:
				for _, data := range disfigure(r, record.Frame, markets) {
					record.Frame = data
					two.step(&record)
				}
			}
		}
		sharing, parted = sharing+two.sharing, parted+two.parted
	}
	t.Logf("%d times a book was a pair's, %d times it was no more", sharing, parted)
	if sharing < seeds*frames/3 || parted < 5*seeds {
		t.Error("that is not often")
	}
}

// inOneMarket returns two tokens of a market, in the middle of a record.
func inOneMarket(t *testing.T) (s *shard, a, b *token) {
	t.Helper()
	s = newScript(t).s
	s.begin(startTime*1e6, 0)
	a, b = s.token(s.decoder.Know(yesToken)), s.token(s.decoder.Know(noToken))
	for _, token := range []*token{a, b} {
		s.hide(token)
		if !s.join(token, condition) {
			t.Fatal("it does not join its market")
		}
	}
	return s, a, b
}

// TestPartedBooks: books share their levels only while one lock guards both, and only as
// what their tokens' books are.
func TestPartedBooks(t *testing.T) {
	onlyGoroutine(t)
	for name, part := range map[string]func(s *shard, a, b *token) (still bool){
		"left, empty": func(s *shard, a, b *token) bool {
			s.leave(a, Unwatched)
			s.forget(a)
			return a.book.PairedWith(b.book)
		},
		"in another market": func(s *shard, a, b *token) bool {
			if !s.join(a, "0xc1") {
				t.Fatal("it does not move")
			}
			return a.book.PairedWith(b.book)
		},
		"another book": func(_ *shard, a, b *token) bool {
			was := a.become(a.book.Fork())
			return was.PairedWith(b.book) || a.book.PairedWith(b.book)
		},
	} {
		s, a, b := inOneMarket(t)
		if s.pairBooks(a, b); !a.book.PairedWith(b.book) {
			t.Fatal("two empty books are no pair")
		}
		if part(s, a, b) {
			t.Errorf("%s: it still shares its levels", name)
		}
		s.end()
	}
}

// TestUnlikeBooks: the longer the two books of a market don't mirror each other, or are
// parted each time, the less often they are compared, until one of them is replaced.
func TestUnlikeBooks(t *testing.T) {
	onlyGoroutine(t)
	s, a, b := inOneMarket(t)
	if _, err := a.book.Set(book.Bid, 400_000, 1); err != nil {
		t.Fatal(err)
	}
	for range 700 {
		s.pairBooks(a, b)
	}
	if _, err := b.book.Set(book.Ask, 600_000, 1); err != nil {
		t.Fatal(err)
	}
	tried := 0
	for ; tried < 1000 && !a.book.PairedWith(b.book); tried++ {
		s.pairBooks(a, b)
	}
	if tried != 1024-700 {
		t.Errorf("after 700 times that they were not, they are a pair after %d more", tried)
	}
	a.become(a.book.Fork())
	if s.pairBooks(a, b); !a.book.PairedWith(b.book) {
		t.Error("another book, and it is not compared at once")
	}
	pairs := 0
	for range 1000 { // each frame parts them
		a.book.Part()
		if s.pairBooks(a, b); a.book.PairedWith(b.book) {
			pairs++
		}
	}
	if pairs != 9 { // the 2nd time to the 512th
		t.Errorf("they were made a pair %d times", pairs)
	}
	s.end()
}

// TestTouchedInOrder: the tokens of a frame are told in its order, also if the change of
// only the first is new.
func TestTouchedInOrder(t *testing.T) {
	onlyGoroutine(t)
	replay, tested := NewReplay(nil), 0
	for _, line := range record(t, feedtest.Options{Seed: 3}, 50).frames {
		var f changesFrame
		if err := json.Unmarshal(line.record.Frame, &f); err == nil && len(f.Changes) == 2 {
			g := f
			g.Changes = f.Changes[1:]
			text, err := json.Marshal(g)
			if err != nil {
				t.Fatal(err)
			}
			if err := replay.Step(feed.Record{Time: line.record.Time, Frame: text}); err != nil {
				t.Fatal(err)
			}
			tested++
		}
		if err := replay.Step(line.record); err != nil {
			t.Fatal(err)
		}
		touched := replay.AppendTouched(nil)
		for i, c := range f.Changes {
			if len(touched) != 2 || touched[i].ID() != c["asset_id"] {
				t.Fatalf("%d tokens, the first %s; the first change is of %v", len(touched), touched[0].ID(), f.Changes[0]["asset_id"])
			}
		}
	}
	if tested == 0 {
		t.Error("nothing was tested")
	}
}

// same fails if readers of two tokens see anything else.
func same(t *testing.T, seed uint64, line int, a, b *token) {
	t.Helper()
	v, w := a.readers.View(), b.readers.View()
	if v.Status != w.Status || v.Market != w.Market || !v.Snapshot.Equal(w.Snapshot) || v.Snapshot.Top() != w.Snapshot.Top() {
		t.Fatalf("seed %d, line %d: %s shared is %+v with %v,\nalone %+v with %v", seed, line, a.asset.ID[:4],
			v.Status, slices.Collect(v.Snapshot.Bids()), w.Status, slices.Collect(w.Snapshot.Bids()))
	}
	top, err := a.readers.Top()
	other, otherErr := b.readers.Top()
	if top != other || fmt.Sprint(err) != fmt.Sprint(otherErr) {
		t.Fatalf("seed %d, line %d: the top shared is %+v, %v; alone %+v, %v", seed, line, top, err, other, otherErr)
	}
}

// TestPartedByEndOfRun: to end the run of one token may put another book in the place of its
// own, which is no pair with anybody's then. A change does it that comes late and with a wrong
// time: the book with it is what it may be instead, and has the hash of the run.
func TestPartedByEndOfRun(t *testing.T) {
	r := record(t, feedtest.Options{Seed: 6, Markets: 1}, 200)
	s := newShard(feed.DecoderOptions{Learn: true})
	step := func(f feed.Record) {
		t.Helper()
		if err := s.step(instant(f.Time.UnixNano()), &f, false); err != nil {
			t.Fatal(err)
		}
	}
	timeOf := func(i int) string { // of a frame of two changes
		var f changesFrame
		if err := json.Unmarshal(r.frames[i].record.Frame, &f); err != nil || len(f.Changes) != 2 {
			return ""
		}
		return f.Time
	}
	i := 0
	for ; i < 50 || timeOf(i) == "" || timeOf(i+1) <= timeOf(i) || timeOf(i+2) <= timeOf(i+1) || !s.tokens[0].run.matched; i++ {
		step(r.frames[i].record)
	}
	both := s.tokens[:2]
	wrong := r.frames[i].record
	wrong.Time = r.frames[i+1].record.Time
	wrong.Frame = bytes.Replace(wrong.Frame, []byte(timeOf(i)), []byte(strconv.FormatInt(int64(both[0].baseTime-1), 10)), 1)
	step(r.frames[i+1].record)
	step(wrong)
	for _, token := range both {
		if token.other == nil || token.run.check != Open || !both[0].book.PairedWith(both[1].book) {
			t.Fatal("nothing to part them")
		}
	}
	step(r.frames[i+2].record)
	for _, token := range both {
		if v := token.view(); v.State != Live || v.Check != Proved || v.Epoch != 1 {
			t.Errorf("%v %v, %v, epoch %d", v.State, v.Reason, v.Check, v.Epoch)
		}
	}
}
