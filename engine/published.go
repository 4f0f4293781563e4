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
	// Time is the exchange's, of that version.
	Time     feed.Timestamp
	received instant
}

// Received returns when the frame came that made the version.
func (t *Top) Received() time.Time { return t.received.time() }

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

// shownTop is what decides whether there is something new to show. The writer
// remembers it.
type shownTop struct {
	top   book.Top
	epoch uint64
	err   *StateError
}

// show publishes a top.
func (p *published) show(next shownTop, version uint64, at feed.Timestamp, received instant) {
	turn := p.turn.Load() + 1
	s := &p.slots[turn&1]
	s.prices.Store(uint64(next.top.Bid.Price)<<32 | uint64(next.top.Ask.Price))
	s.bidSize.Store(int64(next.top.Bid.Size))
	s.askSize.Store(int64(next.top.Ask.Size))
	s.version.Store(version)
	s.time.Store(int64(at))
	s.received.Store(int64(received))
	if s.epoch.Load() != next.epoch { // a load is cheap, and a store is not
		s.epoch.Store(next.epoch)
	}
	if s.err.Load() != next.err {
		s.err.Store(next.err)
	}
	p.turn.Store(turn)
}

// maxAttempts bounds the copies that a reader makes in vain after its first. One fails only if the
// writer publishes twice within some nanoseconds, the time that a copy takes.
const maxAttempts = 64

// read copies the newest slot into t. It returns false if each attempt was
// disturbed.
func (p *published) read(t *Top, attempts int) (err *StateError, ok bool) {
	for range attempts {
		s, turn := p.newest()
		if err = s.read(t); p.isAt(turn) {
			return err, true
		}
	}
	return nil, false
}

// newest returns the slot that was published last. A copy of it is whole if the turn is
// the same when it is made.
func (p *published) newest() (s *slot, turn uint64) {
	turn = p.turn.Load()
	return &p.slots[turn&1], turn
}

// isAt says that nothing has been published since a turn.
func (p *published) isAt(turn uint64) bool { return p.turn.Load() == turn }

func (s *slot) read(t *Top) *StateError {
	prices := s.prices.Load()
	t.Bid = book.Level{Price: book.Price(prices >> 32), Size: book.Size(s.bidSize.Load())}
	t.Ask = book.Level{Price: book.Price(prices & 0xffff_ffff), Size: book.Size(s.askSize.Load())}
	t.Version, t.Epoch = s.version.Load(), s.epoch.Load()
	t.Time = feed.Timestamp(s.time.Load())
	t.received = instant(s.received.Load())
	return s.err.Load()
}
