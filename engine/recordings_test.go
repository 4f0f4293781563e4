package engine_test

import (
	"errors"
	"io"
	"testing"

	"example.com/truebook/book"
	"example.com/truebook/engine"
	"example.com/truebook/feed/capture"
	"example.com/truebook/internal/captures"
)

// replayed returns a replay of a real recording, after its end.
func replayed(t *testing.T, name string, report func(engine.Finding)) *engine.Replay {
	t.Helper()
	r, err := capture.Open(captures.Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	replay := engine.NewReplay(report)
	for {
		record, err := r.Next()
		if errors.Is(err, io.EOF) {
			replay.End()
			return replay
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := replay.Step(record); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRealRecordings: every hash, best price and refresh of the real exchange, at
// the end of its run.
func TestRealRecordings(t *testing.T) {
	all := func(n uint64) engine.Tally { return engine.Tally{Checked: n, Agreed: n} }
	for name, want := range map[string]engine.Tallies{
		// The hashes are the exchange's own.
		"fed_20260720.ndjson": {all(26), all(24), all(1), all(24)},
		// The changes are the exchange's, the hashes reconstructed.
		"sports_20260607_first20k.ndjson.zst": {all(34_274), all(34_136), all(126), all(19_804)},
	} {
		t.Run(name, func(t *testing.T) {
			replay := replayed(t, name, func(f engine.Finding) { t.Errorf("%+v", f) })
			if got := replay.Tallies(); got != want {
				t.Errorf("tallies %+v, want %+v", got, want)
			}
			for _, v := range replay.Views() {
				if v.State == engine.Live && (v.Check != engine.Proved || v.Proof.Version != v.Version || v.Epoch != 1) {
					t.Errorf("%s: %+v", v.Asset, v.Status)
				}
			}
		})
	}
}

// TestRealView: the last state of the one recording whose every level is known.
func TestRealView(t *testing.T) {
	views := replayed(t, "fed_20260720.ndjson", nil).Views()
	if len(views) != 2 {
		t.Fatalf("%d tokens", len(views))
	}
	v := &views[0]
	top, err := v.Top()
	want := book.Top{Bid: book.Level{Price: 924_000, Size: 24_514_900_000}, Ask: book.Level{Price: 925_000, Size: 23_403_290_000}}
	if err != nil || top != want {
		t.Errorf("top %v, %v", top, err)
	}
	if v.Version != 27 || v.Time != 1_784_578_736_738 || v.Hash.String() != "467fbccee1c57c19555227cbeaccd407e6b7994d" ||
		v.TickSize != 1000 || v.LastTrade.String() != "0.925" {
		t.Errorf("%+v", v.Status)
	}
	// Its complement got changes but never a book.
	if _, err := views[1].Top(); !errors.Is(err, engine.ErrSyncing) || views[1].State != engine.Syncing {
		t.Errorf("the complement: %v, %+v", err, views[1].Status)
	}
}
