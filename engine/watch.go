package engine

import (
	"slices"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// watch is who is to be told of a token's changes. The lock of the token's market
// guards it, and it stays with the token when that joins another market. A token
// that nobody follows has none.
//
// The writer fills it while it applies a record, and tells when the record is done:
// readers see whole frames here as well. Telling is marking and storing, never waiting.
type watch struct {
	marks  []*mark     // of iterators over changes
	queues []listening // of iterators over events

	told stamp      // what they were told last
	tick book.Price // that they were told last
	// pending is what the record has done so far, for the queues; batch is what is
	// made of it. Both are empty between records.
	pending, batch []Event
	// whole: pending has a whole book, which the levels in pending are part of.
	whole bool
}

// listening is the queue of an iterator, and the token's index there.
type listening struct {
	queue *eventQueue
	index int32
}

// maxScratch bounds what a watch keeps in memory after a large record.
const maxScratch = 256

// stamp is what makes a version or a status another one.
type stamp struct {
	version, epoch, proofVersion uint64
	state                        State
	reason                       Reason
	settling                     bool
	check                        Check
	proofBy                      Evidence
}

func (t *token) stamp() stamp {
	s := stamp{
		version: t.version, epoch: t.epoch, proofVersion: t.proof.version,
		state: t.state, reason: t.reason, check: t.run.check, proofBy: t.proof.by,
	}
	if t.state == Live && t.settling != NoReason {
		s.reason, s.settling = t.settling, true
	}
	return s
}

// stampOf is the same of a view.
func stampOf(v *View) stamp {
	return stamp{
		version: v.Version, epoch: v.Epoch, proofVersion: v.Proof.Version,
		state: v.State, reason: v.Reason, settling: v.Settling, check: v.Check, proofBy: v.Proof.By,
	}
}

// sameState says whether the two differ in nothing that makes a StateEvent.
func (s *stamp) sameState(o *stamp) bool {
	return s.state == o.state && s.reason == o.reason && s.epoch == o.epoch && s.settling == o.settling
}

// watched returns the token's watch, for somebody who is about to be added to it. The
// caller holds the lock.
func (t *token) watched() *watch {
	if t.watch == nil {
		t.watch = &watch{told: t.stamp(), tick: t.market.terms.Terms().TickSize}
	}
	return t.watch
}

// unwatched drops the watch when nobody is left.
func (t *token) unwatched() {
	if len(t.watch.marks) == 0 && len(t.watch.queues) == 0 {
		t.watch = nil
	}
}

// level takes note of a change of a level.
func (w *watch) level(c *feed.Change, old book.Size) {
	if len(w.queues) == 0 || w.whole || old == c.Size || len(w.pending) > maxQueued {
		return // the last: more than any queue holds
	}
	w.pending = append(w.pending, Event{
		Kind: LevelEvent, Level: book.Change{Side: c.Side, Price: c.Price, Old: old, New: c.Size},
	})
}

// replaced takes note that another book took the place of the token's.
func (t *token) replaced() {
	t.market.apart = 0 // it may mirror the other token's now
	w := t.watch
	if w == nil || len(w.queues) == 0 || w.whole {
		return
	}
	w.whole = true
	w.pending = slices.DeleteFunc(w.pending, func(e Event) bool { return e.Kind == LevelEvent })
	w.pending = append(w.pending, Event{Kind: SnapshotEvent})
}

// trade takes note of a trade.
func (w *watch) trade(e *feed.Trade) {
	if len(w.queues) == 0 {
		return
	}
	w.pending = append(w.pending, Event{Kind: TradeEvent, Trade: &Trade{
		Price: e.Price, Size: e.Size, Side: e.Side, Time: e.Time,
		FeeRateBPS: string(e.FeeRateBPS), TransactionHash: string(e.TransactionHash),
	}})
}

// tell tells everybody what the record has done to the token. It is called when the
// record is done, before the lock is released.
func (t *token) tell() {
	w := t.watch
	now := t.stamp()
	if len(w.queues) > 0 {
		t.tellQueues(&now)
	}
	if now == w.told {
		return
	}
	w.told = now
	for _, m := range w.marks {
		m.set()
	}
}

// tellQueues puts the events of the record into the queues: a state that is not to be
// traded on before all else, one that is after it, and a tick before its levels.
func (t *token) tellQueues(now *stamp) {
	w := t.watch
	state := !now.sameState(&w.told)
	usable := now.state == Live && !now.settling
	tick := t.market.terms.Terms().TickSize
	if !state && len(w.pending) == 0 && tick == w.tick {
		return
	}
	var status *Status
	if state {
		s := t.status()
		status = &s
	}
	batch := w.batch[:0]
	if state && !usable {
		batch = append(batch, Event{Kind: StateEvent, Status: status})
	}
	if tick != w.tick {
		batch = append(batch, Event{Kind: TickEvent, TickSize: tick})
		w.tick = tick
	}
	batch = append(batch, w.pending...)
	if state && usable {
		batch = append(batch, Event{Kind: StateEvent, Status: status})
	}
	for i := range batch {
		e := &batch[i]
		e.Asset, e.Epoch, e.Version, e.Check = t.asset.ID, t.epoch, t.version, t.run.check
		e.Time, e.received = t.run.key.time, t.received
		if e.Kind == SnapshotEvent {
			v := t.view()
			e.View, e.Status = &v, &v.Status
		}
	}
	batch[len(batch)-1].Last = true
	for _, l := range w.queues {
		l.queue.push(batch, l.index)
	}
	w.pending, w.batch, w.whole = emptied(w.pending), emptied(batch), false
}

// emptied returns the memory of events for more of them.
func emptied(events []Event) []Event {
	if cap(events) > maxScratch {
		return nil
	}
	clear(events)
	return events[:0]
}

// look is View, with the epoch in which a hash matched last, and whether the lease
// is what makes it stale.
func (a *Asset) look() (v View, provedIn uint64, stalled bool) {
	m := a.lock()
	v, provedIn = a.token.view(), a.token.provedIn
	m.mu.Unlock()
	return v, provedIn, a.lease.vouch(&v.Status)
}

// vouch makes the status of a live token stale if the lease is over.
func (l *lease) vouch(s *Status) (stalled bool) {
	if s.State != Live || !l.over() {
		return false
	}
	s.stall(l)
	return true
}

func (s *Status) stall(l *lease) {
	s.State, s.Reason, s.Since, s.Settling = Stale, Stalled, l.end(), false
}
