package engine

import (
	"fmt"
	"slices"
	"time"

	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
)

// How long a book may be live and wrong, by the table of the package's documentation.
const (
	// aheadTime is by how much REST may be ahead of the stream: a book from there is
	// right, and not yet what the stream has told.
	aheadTime = 1500 * time.Millisecond
	// auditTime is a period of audits, the answer to one, and the wait for the stream.
	auditTime = auditPeriod + 500*time.Millisecond + holdTimeout
	// silentTime is for a connection that carries nothing.
	silentTime = 30*time.Second + 300*time.Millisecond
	halfTime   = 25 * time.Second
	lateTime   = 3 * time.Second
	// reorderTime is how long the fault of that name holds a frame back at most.
	reorderTime = 2 * time.Second
)

// faultLog knows what went wrong, and how long each token may suffer from it.
type faultLog struct {
	s    *simulation
	seen []feedtest.Injection
	// own are the faults of the process itself.
	own []ownFault
	// states counts the states of the tokens that each kind of fault met.
	states map[feedtest.FaultKind]map[State]int
	// stateBefore is each token's state before the step.
	stateBefore map[string]State
	// toldOver: the exchange has said that all markets are.
	toldOver  bool
	mending   []mending
	recovered map[string][]time.Duration
}

type ownFault struct {
	name     string
	at, till time.Time
}

// mending is a fault that is over, and not all of whose tokens are live yet.
type mending struct {
	name   string
	since  time.Time
	tokens []string
}

// update takes note of the faults that have taken effect, or ended.
func (l *faultLog) update() {
	seen := l.s.venue.Injected()
	for i, f := range seen {
		isNew := i >= len(l.seen)
		if isNew {
			l.met(&seen[i])
		}
		if !f.Until.IsZero() && (isNew || l.seen[i].Until.IsZero()) {
			l.mending = append(l.mending, mending{f.Fault.Kind.String(), f.Until, f.Tokens})
		}
	}
	l.seen = seen
	l.mend()
	if l.stateBefore == nil {
		l.stateBefore = map[string]State{}
	}
	for _, t := range l.s.checker.tokens {
		if t.asset != nil {
			l.stateBefore[t.id] = t.asset.token.state
		}
	}
}

// met counts the states of the tokens that a fault met.
func (l *faultLog) met(f *feedtest.Injection) {
	// A token of which REST says twice that there is no book is over, right or wrong.
	l.toldOver = l.toldOver || f.Fault.Kind == feedtest.RESTMissing && f.Fault.For >= goneGap ||
		f.Fault.Kind == feedtest.SettleClose || f.Fault.Kind == feedtest.Close && f.Fault.Code == closeNormal
	if l.states == nil {
		l.states = map[feedtest.FaultKind]map[State]int{}
	}
	if l.states[f.Fault.Kind] == nil {
		l.states[f.Fault.Kind] = map[State]int{}
	}
	tokens := f.Tokens
	if len(tokens) == 0 {
		tokens = l.s.tokens
	}
	for _, id := range tokens {
		l.states[f.Fault.Kind][l.stateBefore[id]]++
	}
}

// mend looks for faults all of whose tokens have recovered.
func (l *faultLog) mend() {
	l.mending = slices.DeleteFunc(l.mending, func(m mending) bool {
		for _, t := range l.s.checker.tokens {
			if t.asset == nil || (len(m.tokens) > 0 && !slices.Contains(m.tokens, t.id)) {
				continue
			}
			if state := t.asset.token.state; state != Live && state != Gone {
				return false
			}
		}
		if l.recovered == nil {
			l.recovered = map[string][]time.Duration{}
		}
		l.recovered[m.name] = append(l.recovered[m.name], l.s.venue.Now().Sub(m.since))
		return true
	})
}

// allowed returns for how long a token may be live and wrong now, if it has been for
// some time.
func (l *faultLog) allowed(t *checkedToken, since time.Duration) (most time.Duration, why string) {
	most, why = aheadTime, "REST is ahead"
	now := l.s.venue.Now()
	began := now.Add(-since)
	allow := func(d time.Duration, reason string) {
		if d > most {
			most, why = d, reason
		}
	}
	restEnd := l.restTrouble(began)
	// Without hashes, only audits tell.
	hashed := !l.s.core.books.proofs.off && t.asset.token.market.terms.Terms().Recipe != feed.RecipeUnknown
	for i := range l.seen {
		f := &l.seen[i]
		if f.At.After(now) || len(f.Tokens) > 0 && !slices.Contains(f.Tokens, t.id) {
			continue
		}
		over := !f.Until.IsZero() && f.Until.Before(began.Add(-auditTime))
		harmed := f.At
		if f.Fault.Kind == feedtest.Reorder {
			harmed = harmed.Add(reorderTime) // when the frame comes that was held back
		}
		if d, reason := lossBound(f.Fault.Kind, hashed && l.s.venue.Truth(t.id).RunEnd.After(harmed)); d > 0 && !over {
			if restEnd.After(began) {
				d += restEnd.Sub(began) + maxPause
			}
			allow(d, fmt.Sprintf("%v at %v%s", f.Fault.Kind, f.At.Format("15:04:05.000"), reason))
		}
		if f.Fault.Kind == feedtest.ClockBack && !over && l.s.venue.Truth(t.id).Runs-t.wrongRuns < 2 {
			allow(auditTime, "clock_back, which two changes show")
		}
		if k := f.Fault.Kind; (k == feedtest.RESTWrong || k == feedtest.ClockBack) && !hashed && !over {
			lasted := time.Duration(0)
			if !f.Until.IsZero() {
				lasted = max(f.Until.Sub(began), 0)
			}
			allow(lasted+auditTime, k.String()+", without hashes")
		}
		if d := connBound(&f.Fault); d > 0 && !over {
			if restEnd.After(began) {
				d += maxPause
			}
			allow(d, f.Fault.Kind.String())
		}
	}
	for _, f := range l.own {
		if !f.till.Before(began) {
			allow(max(f.at.Sub(began), 0)+leaseTime, f.name)
		}
	}
	return most, why
}

// restTrouble returns the end of what is wrong with REST since a time, the zero Time
// if nothing was.
func (l *faultLog) restTrouble(since time.Time) (end time.Time) {
	for i := range l.seen {
		f := &l.seen[i]
		if k := f.Fault.Kind; k < feedtest.RESTTimeout || k > feedtest.RESTPartial {
			continue
		}
		until := f.Until
		if until.IsZero() {
			until = l.s.venue.Now()
		}
		if until = until.Add(maxPause); until.After(since) && until.After(end) {
			end = until
		}
	}
	return end
}

// lossBound is for what a token has lost, or was told wrongly: until the end of its
// next run, or else the next audit. ran says whether a run has ended since.
func lossBound(kind feedtest.FaultKind, ran bool) (time.Duration, string) {
	switch k := kind; {
	case k >= feedtest.LoseFrames && k <= feedtest.LateDuplicate, k == feedtest.FreezeToken, k == feedtest.FreezeMarket,
		k == feedtest.OpeningWithout, k == feedtest.BadSeconds:
		if ran && k != feedtest.FreezeMarket {
			return 0, ""
		}
		return auditTime, ""
	default:
		return 0, ""
	}
}

// connBound is for what a connection does not carry.
func connBound(f *feedtest.Fault) time.Duration {
	switch f.Kind {
	case feedtest.Blackhole:
		return halfTime
	case feedtest.Freeze, feedtest.FreezeAll, feedtest.Stall:
		return silentTime
	case feedtest.Late, feedtest.LateStays:
		// So long until it is late.
		ramp := f.For
		if ramp == 0 {
			ramp = 20 * time.Second
		}
		n := time.Duration(f.N)
		if n == 0 {
			n = 5
		}
		return min(ramp*2/n, ramp) + lateTime + silentTime
	default:
		return 0
	}
}
