package engine

import (
	"math"
	"time"

	"example.com/truebook/feed"
)

// pace is how often data comes: frames per second, of the last minute or so.
type pace struct {
	rate float64
	at   instant
}

const paceTime = time.Minute

// note counts a frame.
func (p *pace) note(now instant) {
	if p.at != 0 {
		p.rate *= math.Exp(-time.Duration(now-p.at).Seconds() / paceTime.Seconds())
	}
	p.rate += 1 / paceTime.Seconds()
	p.at = now
}

// silence returns how long a silence is unusual.
func (p *pace) silence() time.Duration {
	if p.rate == 0 {
		return maxSilence
	}
	usual := 20 / p.rate * float64(time.Second)
	return time.Duration(min(max(usual, float64(minSilence)), float64(maxSilence)))
}

// A stream that is more than maxLag behind its best of the last minutes for lagTime is
// late, and one that is for lagPatience is given up.
const (
	maxLag      = 2 * time.Second
	lagTime     = time.Second
	lagPatience = 10 * time.Second
	lagWindow   = 5 * time.Minute
)

// lag compares the time at which changes arrive with the time that they bear. The two
// clocks need not agree: the smallest difference of the last five to ten minutes is
// that of the clocks and the shortest way.
type lag struct {
	least  [2]time.Duration // of this window, and the one before
	window instant          // when this one began
	// lateSince is when the first change came that was late, since one was not.
	lateSince instant
	// ahead is the difference of the last change if that was by more than maxLag ahead
	// of all others, which one alone may be by mistake.
	ahead    time.Duration
	hasAhead bool
}

// restart forgets a delay, and keeps the difference of the clocks.
func (l *lag) restart() { l.lateSince, l.hasAhead = 0, false }

// rebase forgets the difference of the clocks.
func (l *lag) rebase() { *l = lag{} }

// note takes a change. It returns by how much it is late, unless its time is not to be
// believed.
func (l *lag) note(now instant, t feed.Timestamp) (late time.Duration, believed bool) {
	difference := time.Duration(now) - time.Duration(t)*time.Millisecond
	if l.window != 0 && difference < min(l.least[0], l.least[1])-maxLag {
		known := l.hasAhead && (difference-l.ahead).Abs() <= maxLag
		if l.ahead, l.hasAhead = difference, true; !known {
			return 0, false
		}
	} else {
		l.hasAhead = false
	}
	switch {
	case l.window == 0:
		l.least, l.window = [2]time.Duration{difference, difference}, now
	case now >= l.window.after(lagWindow):
		l.least, l.window = [2]time.Duration{difference, l.least[0]}, now
	}
	l.least[0] = min(l.least[0], difference)
	if late = difference - min(l.least[0], l.least[1]); late <= maxLag {
		l.lateSince = 0
	} else if l.lateSince == 0 {
		l.lateSince = now
	}
	return late, true
}

// noteLag looks at the time of a change.
func (c *core) noteLag(t feed.Timestamp) {
	l := &c.line.lag
	behind, believed := l.note(c.now, t)
	if !believed {
		return
	}
	c.lags.note(behind)
	c.line.newest = max(c.line.newest, t)
	switch late := l.lateSince != 0; {
	case late && c.now >= l.lateSince.after(lagPatience):
		c.drop(Lagging)
	case late && c.now >= l.lateSince.after(lagTime) && !c.books.late:
		c.books.late = true
		c.books.demoteAll(Lagging)
	case !late && c.books.late:
		c.books.late = false
		c.mendAll()
	}
}

// clocks tell whether the process or the machine has stood still, or the wall clock
// was set.
type clocks struct {
	last, wall instant
}

// maxJump is how far the two clocks may differ from step to step, and how much later
// than asked for a step may come.
const maxJump = 2 * time.Second

// watchClocks compares the clocks with those of the last step. Whatever was missed by
// them, the connection may be dead, and its frames old. It returns whether all is well.
func (c *core) watchClocks(now, wall instant) bool {
	passed, wallPassed := time.Duration(now-c.clocks.last), time.Duration(wall-c.clocks.wall)
	c.clocks = clocks{now, wall}
	switch {
	case c.paused:
	case passed > tick+maxJump || (wallPassed-passed).Abs() > maxJump:
		c.books.counts.ClockJumps++
		c.line.lag.rebase()
		if c.line.state == lineOpen {
			c.drop(ClockJump)
		}
	case passed > leaseTime: // readers have been told so
		c.books.demoteAll(Stalled)
		c.mendAll()
	default:
		return true
	}
	return false
}

// historyTime is within which something that happens five times is no accident.
const historyTime = time.Minute

// history holds the times of what happened last.
type history struct {
	times [5]instant
	next  int
}

// add notes that it happened, and says whether that was the fifth time in historyTime.
func (h *history) add(now instant) bool {
	h.times[h.next] = now
	h.next = (h.next + 1) % len(h.times)
	oldest := h.times[h.next]
	return oldest != 0 && now < oldest.after(historyTime)
}
