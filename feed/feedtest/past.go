package feedtest

import "slices"

// past is what a market was, as far back as it is kept: for answers that are stale.
// It goes back a bounded number of changes.
type past struct {
	steps []pastStep // from first on, oldest first, then those before first
	first int
}

// pastSteps is how many changes of levels a market remembers.
const pastSteps = 512

// pastStep is a level before it was changed, or the beginning of a run.
type pastStep struct {
	begins    bool
	time      int64
	lastTrade string
	levelChange
}

// begin takes note of a market before a run.
func (p *past) begin(m *market) {
	p.push(pastStep{begins: true, time: m.time, lastTrade: m.lastTrade})
}

// add takes note of a level before it is changed.
func (p *past) add(old levelChange) { p.push(pastStep{levelChange: old}) }

func (p *past) push(s pastStep) {
	if len(p.steps) < pastSteps {
		p.steps = append(p.steps, s)
		return
	}
	p.steps[p.first] = s
	p.first = (p.first + 1) % pastSteps
}

// forget is for when the levels are no longer what they were.
func (p *past) forget() { p.steps, p.first = p.steps[:0], 0 }

// at returns the market as it was at a time in milliseconds, or as long ago as is
// known.
func (p *past) at(m *market, stamp int64) *market {
	steps, n := 0, len(p.steps)
	newest := func(i int) *pastStep { return &p.steps[(p.first+n-1-i)%n] }
	for i := 0; i < n && (steps == 0 || newest(steps-1).time > stamp) && m.time > stamp; i++ {
		if newest(i).begins {
			steps = i + 1
		}
	}
	old := *m
	old.sizes = slices.Clone(m.sizes)
	for i := range steps {
		if s := newest(i); s.begins {
			old.time, old.lastTrade = s.time, s.lastTrade
		} else {
			old.set(s.levelChange)
		}
	}
	return &old
}
