package screen

import (
	"time"

	"example.com/truebook/book"
	"example.com/truebook/engine"
)

const (
	// deltaFor is how long the change of a level is shown, which ends step by step. flashFor
	// is how long it flashes.
	deltaFor   = 3 * time.Second
	deltaSteps = 10
	flashFor   = 300 * time.Millisecond
	// maxStep is by how much a recording may go on between two frames if what changed
	// meanwhile is still to be called a change.
	maxStep = 5 * time.Second
	// midEvery is the time of one mark of the midpoint's line, midCount how many there
	// are: five minutes.
	midEvery = 5 * time.Second
	midCount = 60
	// tapeLength is how many trades of a token are kept.
	tapeLength = 50
)

// history is what a token's books have shown so far.
type history struct {
	versions counter
	// followed: the differences of seen are noted. It is not while nobody looks.
	followed bool
	seen     book.Snapshot
	seenAt   time.Time
	epoch    uint64
	changes  map[place]change // of the last deltaFor
	began    time.Time        // from which on their steps are counted, by the clock

	mids  []int64 // midpoints, -1 where there was none; the last is still going on
	midAt int64   // which one it is, by midEvery since 1970
}

// place is where a level is.
type place struct {
	side  book.Side
	price book.Price
}

// change is by how much a level has changed in the last seconds, for each step of them.
type change struct {
	steps [deltaSteps]book.Size // by their number, modulo deltaSteps
	step  int64                 // the number of the last one
	at    time.Time             // when it last did, by the clock
}

// slide goes on to a step: those that are too old make room for newer ones.
func (c *change) slide(step int64) {
	for c.step = max(c.step, step-deltaSteps); c.step < step; {
		c.step++
		c.steps[c.step%deltaSteps] = 0
	}
}

func (c *change) net() (net book.Size) {
	for _, size := range c.steps {
		net += size
	}
	return net
}

func newHistory() *history { return &history{changes: map[place]change{}} }

// slide drops what changed too long ago, and returns the number of the step that it is now.
func (h *history) slide(clock time.Time) (step int64) {
	if h.began.IsZero() {
		h.began = clock
	}
	step = int64(max(clock.Sub(h.began), 0) / (deltaFor / deltaSteps))
	for at, c := range h.changes {
		if clock.Sub(c.at) >= deltaFor {
			delete(h.changes, at)
			continue
		}
		c.slide(step)
		h.changes[at] = c
	}
	return step
}

// note takes a version. follow says that it is looked at.
func (h *history) note(in *Input, v *engine.View, follow bool) {
	h.versions.note(in.Now, v.Version)
	h.noteMid(in.Now, v)
	if !follow {
		h.followed = false
		clear(h.changes)
		return
	}
	step := h.slide(in.Clock)
	jumped := in.Playback != nil && in.Now.Sub(h.seenAt) > maxStep
	if h.followed && h.epoch == v.Epoch && !jumped {
		for c := range v.Snapshot.Changes(h.seen) {
			at := place{c.Side, c.Price}
			now := h.changes[at]
			now.slide(step)
			now.steps[now.step%deltaSteps] += c.New - c.Old
			now.at = in.Clock
			h.changes[at] = now
		}
	} else {
		clear(h.changes)
	}
	h.followed, h.seen, h.seenAt, h.epoch = true, v.Snapshot, in.Now, v.Epoch
}

func (h *history) noteMid(now time.Time, v *engine.View) {
	at := now.UnixNano() / int64(midEvery)
	if h.mids == nil || at-h.midAt >= midCount {
		h.mids, h.midAt = append(h.mids[:0], -1), at
	}
	for ; h.midAt < at; h.midAt++ {
		h.mids = append(h.mids, -1)
	}
	h.mids = h.mids[max(len(h.mids)-midCount, 0):]
	if mid, ok := v.Snapshot.Midpoint(); ok && v.State == engine.Live && !v.Settling {
		h.mids[len(h.mids)-1] = int64(mid)
	}
}

// change returns by how much the levels of a row have changed, and whether one of them
// has just now. Of the complement, the token's own levels are those of the other side.
func (h *history) change(r *rung, complement bool, clock time.Time) (net book.Size, flash bool) {
	for at, c := range h.changes {
		if complement {
			at = place{at.side.Opposite(), at.price.Complement()}
		}
		if at.side == r.side && r.holds(at.price) {
			net += c.net()
			flash = flash || clock.Sub(c.at) < flashFor
		}
	}
	return net, flash
}

// counter remembers a number that grows, second by second.
type counter struct {
	seconds [12]int64 // the last ones in which it was looked at
	totals  [12]uint64
	n       int // that are used
}

func (c *counter) note(now time.Time, total uint64) {
	second := now.Unix()
	if c.n > 0 && (second < c.seconds[c.n-1] || total < c.totals[c.n-1]) {
		c.n = 0 // a recording that is shown from an earlier time on
	}
	if c.n > 0 && c.seconds[c.n-1] == second {
		return
	}
	if c.n == len(c.seconds) {
		copy(c.seconds[:], c.seconds[1:])
		copy(c.totals[:], c.totals[1:])
		c.n--
	}
	c.seconds[c.n], c.totals[c.n] = second, total
	c.n++
}

// rate returns how many there were in each of the last five seconds on average, and
// whether that is known.
func (c *counter) rate() (perSecond float64, ok bool) {
	if c.n < 2 {
		return 0, false
	}
	last := c.n - 1
	first := last - 1
	for first > 0 && c.seconds[last]-c.seconds[first-1] <= 5 {
		first--
	}
	return float64(c.totals[last]-c.totals[first]) / float64(c.seconds[last]-c.seconds[first]), true
}

// rates returns how many there were in each second that it was looked at.
func (c *counter) rates() (list []int64, highest int64) {
	for i := 1; i < c.n; i++ {
		n := int64(c.totals[i]-c.totals[i-1]) / (c.seconds[i] - c.seconds[i-1])
		list = append(list, n)
		highest = max(highest, n)
	}
	return list, highest
}

// tape is the last trades of a token, the newest last.
type tape struct{ trades []Trade }

// print puts a trade on its tape.
func (s *Screen) print(t Trade) {
	tp := s.tapes[t.Asset]
	if tp == nil {
		tp = &tape{}
		s.tapes[t.Asset] = tp
	}
	if len(tp.trades) == tapeLength {
		tp.trades = append(tp.trades[:0], tp.trades[1:]...)
	}
	tp.trades = append(tp.trades, t)
}
