package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
)

// TestPairedReaders: readers go on while books begin to share their levels and part
// again, tokens leave and come back, and frames are damaged. What a reader has does not
// change any more, and no lock is missing (with -race).
func TestPairedReaders(t *testing.T) {
	t.Parallel()
	t.Run("proved", func(t *testing.T) { readPaired(t, false) })
	t.Run("unproved", func(t *testing.T) { readPaired(t, true) }) // tokens go from market to market
}

func readPaired(t *testing.T, unproved bool) {
	t.Helper()
	const frames = 400
	options := feedtest.Options{Seed: 11, Markets: 2}
	recorded := record(t, options, frames).frames
	markets := feedtest.New(options).Markets()
	r := rand.New(rand.NewPCG(11, 3))
	replay := NewReplay(nil)
	if unproved {
		replay.LimitProofs(-1)
	}
	tokens := []string{markets[0].Yes, markets[0].No, markets[1].Yes, markets[1].No}
	sub := replay.Watch(tokens...)
	_ = replay.Step(recorded[0].record)
	both, err := sub.Market(markets[0].Condition)
	if err != nil {
		t.Fatal(err)
	}
	var done atomic.Bool
	var readers sync.WaitGroup
	var reads atomic.Int64
	for reader := range 5 { // all but the last have one token, and take no lock of the other
		readers.Go(func() {
			for n := 0; !done.Load(); n++ {
				a := sub.Assets()[(reader+n*(reader/4))%4]
				v := a.View()
				_, _ = a.Top()
				if w := a.View(); w.Version == v.Version && w.Epoch == v.Epoch && !w.Snapshot.Equal(v.Snapshot) {
					t.Errorf("version %d is two books", v.Version)
					return
				}
				bids, asks := slices.Collect(v.Snapshot.Bids()), slices.Collect(v.Snapshot.Asks())
				if first, second, ok := viewBoth(both, reader == 4); ok {
					readWhole(t, &first)
					readWhole(t, &second)
				}
				if !slices.Equal(bids, slices.Collect(v.Snapshot.Bids())) || !slices.Equal(asks, slices.Collect(v.Snapshot.Asks())) {
					t.Error("a snapshot has changed")
					return
				}
				readWhole(t, &v)
				reads.Add(1)
			}
		})
	}
	s := replay.shard
	sharing := 0
	for i := range recorded[1:] {
		record := recorded[i+1].record
		switch n := r.IntN(20); {
		case n < 15:
			_ = replay.Step(record)
		case n == 15:
			_ = replay.Step(recorded[0].record)
		case n == 17 && unproved:
			move(r, replay, &record, markets)
		case n == 16:
			token := s.tokens[r.IntN(len(s.tokens))]
			s.begin(s.now, 0)
			s.leave(token, Unwatched)
			s.forget(token)
			s.end()
			s.begin(s.now.after(time.Second), 0)
			s.comeBack(token)
			s.end()
		default:
			for _, data := range disfigure(r, record.Frame, []string{markets[0].Condition, markets[1].Condition}) {
				record.Frame = data
				_ = replay.Step(record)
			}
		}
		if s.tokens[0].book.PairedWith(s.tokens[1].book) {
			sharing++
		}
		for seen := reads.Load(); i%20 == 0 && reads.Load() == seen && !t.Failed(); {
			time.Sleep(time.Microsecond) // until somebody has read
		}
	}
	done.Store(true)
	readers.Wait()
	if sharing < frames/10 || sharing > frames*9/10 {
		t.Errorf("%d of %d times the books shared their levels", sharing, frames)
	}
}

func viewBoth(both *MarketBooks, wanted bool) (first, second View, ok bool) {
	if !wanted {
		return first, second, false
	}
	first, second, err := both.View()
	return first, second, err == nil
}

// move sends one token of a market to the other one.
func move(r *rand.Rand, replay *Replay, record *feed.Record, markets []feedtest.Market) {
	from := r.IntN(2)
	if !replay.shard.tokens[2*from].book.PairedWith(replay.shard.tokens[2*from+1].book) {
		return
	}
	record.Frame = fmt.Appendf(nil, `{"event_type":"last_trade_price","asset_id":%q,"market":%q,"price":"0.5","size":"1","side":"BUY","timestamp":"%d"}`,
		markets[from].No, markets[1-from].Condition, record.Time.UnixMilli())
	_ = replay.Step(*record)
	time.Sleep(100 * time.Microsecond) // while both are read
	record.Frame = fmt.Appendf(nil, `{"event_type":"price_change","market":%q,"timestamp":"%d","price_changes":[`+
		`{"asset_id":%q,"price":"0.5","size":"1","side":"BUY","hash":"%040x"}]}`,
		markets[from].Condition, record.Time.UnixMilli()+1, markets[from].Yes, r.Uint64())
	_ = replay.Step(*record)
}

// readWhole fails if a view's top is not that of its levels.
func readWhole(t *testing.T, v *View) {
	t.Helper()
	var top book.Top
	for l := range v.Snapshot.Bids() {
		top.Bid = l
		break
	}
	for l := range v.Snapshot.Asks() {
		top.Ask = l
		break
	}
	if v.Snapshot.Top() != top || v.Snapshot.SizeAt(book.Bid, top.Bid.Price) != top.Bid.Size {
		t.Errorf("top %v, best levels %v", v.Snapshot.Top(), top)
	}
}
