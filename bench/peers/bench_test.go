package peers

import (
	"testing"

	"example.com/truebook/bench/corpus"
)

// benchFrames is how many frames of a simulated stream are looped: 14 MB.
const benchFrames = 20_000

// BenchmarkPath is from the bytes of a frame to the tops of its books.
func BenchmarkPath(b *testing.B) {
	streams(b, benchFrames, func(b *testing.B, c *corpus.Corpus) {
		for _, e := range Entries() {
			if e.New != nil {
				b.Run("peer="+e.Name, func(b *testing.B) { benchmarkPath(b, c, e.New) })
			}
		}
	})
}

func benchmarkPath(b *testing.B, c *corpus.Corpus, makePeer func() Peer) {
	b.SetBytes(c.PerFrame())
	b.ReportAllocs()
	// Each round begins with an opening that is not counted. It is a later one: only
	// a peer that proves its books begins anew, since hashes cover the time.
	p := makePeer()
	engine, _ := p.(*engineBooks)
	anew := engine != nil && engine.proves
	days := c.Endless()
	open := func() {
		switch {
		case anew:
			p = makePeer()
		case engine != nil:
			engine.reconnect()
		}
		for i := range days.Frames[:c.Opening] {
			if err := p.Apply(&days.Frames[i]); err != nil {
				b.Fatal(err)
			}
		}
	}
	open()
	i := c.Opening
	for b.Loop() {
		if err := p.Apply(&days.Frames[i]); err != nil {
			b.Fatal(err)
		}
		if i++; i == len(days.Frames) {
			b.StopTimer()
			if !anew {
				days.Again()
			}
			open()
			i = c.Opening
			b.StartTimer()
		}
	}
}

// BenchmarkBooks is a decoded change of a level, and the top read after it.
func BenchmarkBooks(b *testing.B) {
	streams(b, benchFrames, func(b *testing.B, c *corpus.Corpus) {
		opening, changes := splitUpdates(b, c)
		for _, e := range BookEntries() {
			b.Run("book="+e.Name, func(b *testing.B) { benchmarkBook(b, e, opening, changes) })
		}
	})
}

func benchmarkBook(b *testing.B, e BookEntry, opening, changes []update) {
	var all []LevelBook // by Asset.Index
	of := func(u *update) LevelBook {
		for u.asset.Index >= len(all) {
			all = append(all, e.New())
		}
		return all[u.asset.Index]
	}
	for i := range opening {
		of(&opening[i]).Replace(opening[i].bids, opening[i].asks)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		u := &changes[i]
		target := of(u)
		target.Set(u.side, u.level)
		lastTop = target.Top()
		if i++; i == len(changes) {
			i = 0
		}
	}
}

// splitUpdates returns the books of the opening, and all changes after it.
func splitUpdates(tb testing.TB, c *corpus.Corpus) (opening, changes []update) {
	tb.Helper()
	d := decoder()
	for i := range c.Frames {
		events, err := d.Decode(c.Frames[i].Data)
		if err != nil {
			tb.Fatal(err)
		}
		for _, u := range updatesOf(events) {
			switch {
			case i < c.Opening:
				opening = append(opening, u)
			case !u.whole:
				changes = append(changes, u)
			}
		}
	}
	return opening, changes
}
