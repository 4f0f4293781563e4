package feedtest

import (
	"time"

	"example.com/truebook/book"
)

// Truth is what a client knows of a token whose connection always was there and
// never failed, at one instant: it has applied all that has arrived till now, the
// order of arrival being that of sending.
//
// Each frame takes some time, the same for all connections. What a change says is
// true from its arrival on, or from that of a `book` which tells it earlier.
// Repeats and the like change nothing. Faults change what connections carry and not
// the truth, but for those in which the exchange itself does something: Settle,
// Restart, TickSize and their like.
type Truth struct {
	// Book is the same at each call, and is not to be changed: what is there is
	// what is true now. Within a change it may be crossed.
	Book *book.Book
	// Version grows with each change of a level, and Changed is when that was.
	Version uint64
	Changed time.Time
	// Runs counts the changes of the exchange, of one frame or several, all frames
	// of which have arrived, and RunEnd is when the last of them did. Changes that
	// change nothing count; repeats do not.
	Runs   uint64
	RunEnd time.Time
	// Open says that frames of a change have arrived and others have not.
	Open bool
	// Over says that the market is settled: its books are empty.
	Over bool
}

// tokenTruth is a Truth.
type tokenTruth struct {
	book            *book.Book
	version, runs   uint64
	changed, runEnd int64
	open, over      bool
}

// Truth returns the truth about a token, the zero Truth for an unknown one.
func (v *Venue) Truth(token string) Truth {
	r := v.tokens[token]
	if r.listing == nil {
		return Truth{}
	}
	t := &r.listing.truth[bit(r.no)-1]
	return Truth{
		Book: t.book, Version: t.version, Changed: instant(t.changed), Runs: t.runs, RunEnd: instant(t.runEnd),
		Open: t.open, Over: t.over,
	}
}

func instant(nanoseconds int64) time.Time {
	if nanoseconds == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanoseconds).UTC()
}

// learn takes note of a level of both tokens, and says whether that is new.
func (l *listing) learn(d delta, now int64) bool {
	a, b := l.truth[0].set(d, now), l.truth[1].set(d.mirrored(), now)
	return a || b
}

func (d delta) mirrored() delta { return delta{book.Ask - d.side, d.price.Complement(), d.size} }

func (t *tokenTruth) set(d delta, now int64) bool {
	old, err := t.book.Set(d.side, d.price, d.size)
	if err != nil || old == d.size {
		return false
	}
	t.version++
	t.changed = now
	return true
}

// learn takes note of what a message tells.
func (v *Venue) learn(m *message) {
	if !m.genuine {
		return
	}
	l := m.listing
	switch m.kind {
	case priceChange:
		if !m.told {
			m.changes = l.learn(m.level, v.now)
		}
		for i := range l.truth {
			t := &l.truth[i]
			t.open = !m.last
			if m.last {
				t.runs++
				t.runEnd = v.now
			}
		}
	case wholeBook:
		t := &l.truth[bit(m.no)-1]
		for _, d := range m.deltas {
			if m.no {
				d = d.mirrored()
			}
			t.set(d, v.now)
		}
	case emptyBook:
		t := &l.truth[bit(m.no)-1]
		if changed, err := t.book.Replace(nil, nil); err == nil && changed > 0 {
			t.version++
			t.changed = v.now
		}
		t.runs++
		t.runEnd = v.now
	case resolved:
		l.truth[0].over, l.truth[1].over = true, true
	case tradePrint, tickSize, bestPrices, marketAnnounced, addressed:
	}
}
