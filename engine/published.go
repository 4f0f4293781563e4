package engine

import (
	"sync/atomic"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// Top is the best level of each side of a live book, with what a quote made from
// it has to remember.
type Top struct {
	book.Top
	// Version is that in which the top became what it is, and Epoch that of the
	// book: two tops of equal Epoch were live, and everything between them.
	Version, Epoch uint64
	// Time is the exchange's, and Received the engine's, of that version.
	Time     feed.Timestamp
	Received time.Time
}

// published is the top of a token as readers see it: one writer, any number of
// readers, no locks.
//
// There are two slots. The newest is the one that turn is odd or even for; the
// writer fills the other and then advances turn. So a reader is disturbed only by
// a writer who publishes twice while it copies, and never waits for one that was
// interrupted.
type published struct {
	turn  atomic.Uint64
	slots [2]slot
	// shown is what the newest slot holds. It is the writer's own.
	shown shownTop
}

// slot holds a top in words, since a read that races with the writer has to be of
// something that is whole.
type slot struct {
	prices           atomic.Uint64 // bid above ask, 32 bits each
	bidSize, askSize atomic.Int64
	version, epoch   atomic.Uint64
	time, received   atomic.Int64
	err              atomic.Pointer[StateError] // nil if the top is to be used
}

// shownTop is what decides whether there is something new to show.
type shownTop struct {
	top   book.Top
	epoch uint64
	err   *StateError
}

// show publishes the token's top and state, if either is new.
func (p *published) show(next shownTop, version uint64, at feed.Timestamp, received instant) {
	if next == p.shown {
		return
	}
	p.shown = next
	turn := p.turn.Load() + 1
	s := &p.slots[turn&1]
	s.prices.Store(uint64(next.top.Bid.Price)<<32 | uint64(next.top.Ask.Price))
	s.bidSize.Store(int64(next.top.Bid.Size))
	s.askSize.Store(int64(next.top.Ask.Size))
	s.version.Store(version)
	s.epoch.Store(next.epoch)
	s.time.Store(int64(at))
	s.received.Store(int64(received))
	s.err.Store(next.err)
	p.turn.Store(turn)
}

// maxAttempts bounds the copies that a reader makes in vain. One fails only if the
// writer publishes twice within some nanoseconds, the time that a copy takes.
const maxAttempts = 64

// read copies the newest slot. It returns false if each attempt was disturbed.
func (p *published) read(attempts int) (t Top, err *StateError, ok bool) {
	for range attempts {
		turn := p.turn.Load()
		s := &p.slots[turn&1]
		prices := s.prices.Load()
		t.Bid = book.Level{Price: book.Price(prices >> 32), Size: book.Size(s.bidSize.Load())}
		t.Ask = book.Level{Price: book.Price(prices & 0xffff_ffff), Size: book.Size(s.askSize.Load())}
		t.Version, t.Epoch = s.version.Load(), s.epoch.Load()
		t.Time = feed.Timestamp(s.time.Load())
		received := instant(s.received.Load())
		err = s.err.Load()
		if p.turn.Load() == turn {
			t.Received = received.time()
			return t, err, true
		}
	}
	return Top{}, nil, false
}
