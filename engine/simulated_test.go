package engine

import (
	"maps"
	"slices"
	"testing"

	"example.com/truebook/book"
	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
)

// recording is a simulated one, with what is true of each of its frames.
type recording struct {
	frames []recorded
	// states holds what each announced state of a token was.
	states map[stateID]*state
}

type recorded struct {
	record feed.Record
	events []happening
}

// happening is one change or book of a token in a frame.
type happening struct {
	asset string
	key   key
	kind  happeningKind
}

type happeningKind uint8

const (
	changed happeningKind = iota
	sent                  // a whole book
)

type stateID struct {
	asset string
	hash  feed.Hash
}

type state struct {
	bids, asks []book.Level // worst first
	order      int          // of its first announcement
}

func (s *state) is(b *book.Book) bool {
	return slices.Equal(b.AppendBackward(nil, book.Bid), s.bids) && slices.Equal(b.AppendBackward(nil, book.Ask), s.asks)
}

// record runs an exchange for some frames, opening included.
func record(tb testing.TB, options feedtest.Options, frames int) *recording {
	tb.Helper()
	x := feedtest.New(options)
	r := &recording{states: map[stateID]*state{}}
	d := feed.NewDecoder(feed.DecoderOptions{Learn: true})
	frame := x.Opening()
	for i := range frames {
		if i > 0 {
			frame = x.Next()
		}
		line := recorded{record: feed.Record{Time: frame.Time, Line: i + 1, Frame: frame.Data}}
		line.events = happenings(tb, d, frame.Data)
		for _, h := range line.events {
			id := stateID{h.asset, h.key.hash}
			if r.states[id] == nil {
				bids, asks := x.Book(h.asset)
				r.states[id] = &state{bids, asks, i}
			}
		}
		r.frames = append(r.frames, line)
	}
	return r
}

func happenings(tb testing.TB, d *feed.Decoder, frame []byte) (list []happening) {
	tb.Helper()
	events, err := d.Decode(frame)
	if err != nil {
		return nil
	}
	for _, e := range events {
		switch e := e.(type) {
		case *feed.Book:
			list = append(list, happening{e.Asset.ID, key{e.Time, e.Hash}, sent})
		case *feed.PriceChange:
			for _, c := range e.Changes {
				list = append(list, happening{c.Asset.ID, key{e.Time, c.Hash}, changed})
			}
		}
	}
	return list
}

func (r *recording) shard(report func(Finding)) *shard {
	s := newShard(feed.DecoderOptions{Learn: true})
	s.report = report
	s.searchGap = 0
	return s
}

func (s *shard) apply(r *feed.Record) {
	_ = s.step(instant(r.Time.UnixNano()), r, false)
}

func (s *shard) byID(asset string) *token {
	for _, t := range s.tokens {
		if t != nil && t.asset.ID == asset {
			return t
		}
	}
	return nil
}

// truth follows what has been announced to each token in the frames that came.
type truth struct {
	recording *recording
	newest    map[string]*state // the latest state announced
}

func (r *recording) truth() *truth { return &truth{r, map[string]*state{}} }

func (tr *truth) clone() *truth { return &truth{tr.recording, maps.Clone(tr.newest)} }

func (tr *truth) saw(events []happening) {
	for _, h := range events {
		s := tr.recording.states[stateID{h.asset, h.key.hash}]
		if newest := tr.newest[h.asset]; s != nil && (newest == nil || s.order > newest.order) {
			tr.newest[h.asset] = s
		}
	}
}

// check fails if a token of the last frame reads as proved and is wrong: its book
// is not that of the hash, or the exchange had announced another one later. A
// live one must not show a crossed top.
func (tr *truth) check(t *testing.T, s *shard, events []happening) {
	t.Helper()
	for _, h := range events {
		tok := s.byID(h.asset)
		if tok == nil || !tok.based {
			continue
		}
		if top := tok.book.Top(); tok.state == Live && tok.settlingAt == 0 && top.Crossed() {
			t.Fatalf("line %d: %s is live with a crossed top %v", s.line, h.asset, top)
		}
		if tok.run.check != Proved {
			continue
		}
		st := tr.recording.states[stateID{h.asset, tok.run.key.hash}]
		switch newest := tr.newest[h.asset]; {
		case st == nil:
			t.Fatalf("line %d: %s is proved at hash %v, which the exchange never had", s.line, h.asset, tok.run.key.hash)
		case !st.is(tok.book):
			t.Fatalf("line %d: %s is proved and wrong", s.line, h.asset)
		case st.order < newest.order && !newest.is(tok.book):
			t.Fatalf("line %d: %s is proved at a state that is over", s.line, h.asset)
		}
	}
}

// TestCleanRecordings: what the exchange sends without a fault is followed
// without a doubt, and every run ends proved.
func TestCleanRecordings(t *testing.T) {
	onlyGoroutine(t)
	t.Parallel()
	frames := 3000
	if testing.Short() {
		frames = 500
	}
	for seed := range uint64(12) {
		options := feedtest.Options{Seed: seed, Markets: 1 + int(seed%4), Spaced: seed%2 == 1}
		r := record(t, options, frames)
		s := r.shard(func(f Finding) { t.Errorf("seed %d: %+v", seed, f) })
		truth := r.truth()
		for i := range r.frames {
			s.apply(&r.frames[i].record)
			truth.saw(r.frames[i].events)
			truth.check(t, s, r.frames[i].events)
			for _, tok := range s.tokens {
				if tok.state != Live || tok.epoch != 1 {
					t.Fatalf("seed %d, line %d: %v, epoch %d", seed, i+1, tok.state, tok.epoch)
				}
			}
		}
		s.finishAll()
		var open uint64 // runs that the end cut off
		for _, tok := range s.tokens {
			if tok.run.check == Failed {
				open++
			}
		}
		for w, tally := range s.tallies {
			if tally.Checked != tally.Agreed+tally.Unknown || tally.Checked == 0 || tally.Unknown > open {
				t.Errorf("seed %d: %v %+v", seed, Witness(w), tally)
			}
		}
	}
}

// TestSameRecordingSameOutcome: G10.
func TestSameRecordingSameOutcome(t *testing.T) {
	onlyGoroutine(t)
	r := record(t, feedtest.Options{Seed: 5, Markets: 3}, 800)
	var findings [2][]Finding
	var shards [2]*shard
	for i := range shards {
		s := r.shard(func(f Finding) { findings[i] = append(findings[i], f) })
		for j := range r.frames {
			if j%37 != 5 {
				s.apply(&r.frames[j].record)
			}
		}
		s.finishAll()
		shards[i] = s
	}
	if len(findings[0]) == 0 || len(findings[0]) != len(findings[1]) {
		t.Fatalf("%d and %d findings", len(findings[0]), len(findings[1]))
	}
	for i := range findings[0] {
		if findings[0][i] != findings[1][i] {
			t.Errorf("finding %d: %v and %v", i, findings[0][i], findings[1][i])
		}
	}
	for i := range shards[0].tokens {
		a, b := shards[0].tokens[i].view(), shards[1].tokens[i].view()
		if !a.Snapshot.Equal(b.Snapshot) || a.Status != b.Status {
			t.Errorf("%+v and %+v", a.Status, b.Status)
		}
	}
	if shards[0].tallies != shards[1].tallies {
		t.Error("the tallies differ")
	}
}
