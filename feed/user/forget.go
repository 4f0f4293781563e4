package user

import (
	"cmp"
	"maps"
	"slices"

	"example.com/truebook/feed"
)

// forget forgets trades, beyond as many as are to be kept, or as have so many fills, oldest
// first: such as are final and were matched before a time of which REST has told all. Those
// that may still change stay, and keep no later one.
func (l *ledger) forget(before feed.Timestamp, keep, fills int) {
	if len(l.trades) <= keep && l.fills <= fills {
		return
	}
	var over []*trade
	for _, t := range l.trades {
		if t.status.Final() && t.time < before {
			over = append(over, t)
		}
	}
	slices.SortFunc(over, func(a, b *trade) int { return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.id, b.id)) })
	for _, t := range over {
		if len(l.trades) <= keep && l.fills <= fills {
			break
		}
		for i := range t.fills {
			f := &t.fills[i]
			o := l.orders[f.Order]
			if o != nil && f.Counts() { // it is matched by that all the same
				o.before += f.Size
				o.filled -= f.Size
			}
		}
		l.remove(t)
		l.floors[l.group(t.market)] = max(l.floor(t.market), min(t.time+1000, before))
		l.stats.Forgotten++
	}
}

// group is what a market has its floor with: none but itself if markets are followed by
// name, since one that is followed later brings its past with it; and all of them otherwise.
func (l *ledger) group(market string) string {
	if l.named {
		return market
	}
	return ""
}

// floor is the time before which all trades of a market have been seen, and those of them
// that are not there are forgotten.
func (l *ledger) floor(market string) feed.Timestamp { return l.floors[l.group(market)] }

// isLate says whether a trade is one that was forgotten, or that was matched before the
// account's time and tells nothing of an order that is known: one by the stream may be new
// by the exchange's clock, one by REST may be what an order lacks.
func (l *ledger) isLate(n *tradeNews, stream bool) bool {
	switch {
	case l.trades[n.id] != nil:
		return false
	case n.time < l.floor(n.market):
		return true
	case n.time >= l.since:
		return false
	}
	return !slices.ContainsFunc(n.fills, func(f Fill) bool {
		o := l.orders[f.Order]
		return o != nil && (stream || o.lacks() > 0)
	})
}

func (l *ledger) remove(t *trade) {
	delete(l.trades, t.id)
	l.fills -= len(t.fills)
}

// leave forgets everything of a market. What comes late of it changes nothing when it is
// followed again.
func (l *ledger) leave(market string) {
	newest := l.left[market]
	for _, id := range slices.Sorted(maps.Keys(l.orders)) {
		o := l.orders[id]
		if o.Market != market {
			continue
		}
		newest = max(newest, l.past(o.Updated))
		if o.known && o.Status.Open() {
			l.open--
			o.Status = Gone
			l.news = append(l.news, Event{Kind: OrderEvent, Order: o.Order})
		}
		delete(l.orders, id)
	}
	if newest > 0 {
		l.left[market] = newest
	}
	if len(l.left) > maxLeft {
		var oldest string
		for m, t := range l.left {
			if oldest == "" || t < l.left[oldest] {
				oldest = m
			}
		}
		delete(l.left, oldest)
	}
	for _, t := range l.trades {
		if t.market == market {
			l.remove(t)
		}
	}
	delete(l.floors, market)
}

// drop undoes a trade, for REST to tell it anew.
func (l *ledger) drop(t *trade) {
	for i := range t.fills {
		f := &t.fills[i]
		o := l.orders[f.Order]
		if o == nil {
			continue
		}
		if f.Counts() {
			o.filled -= f.Size
			o.made -= makes(f)
		} else {
			o.failed -= f.Size
		}
	}
	l.remove(t)
}

// reset undoes what is known of an order but for its fills, for REST to tell it anew.
func (l *ledger) reset(o *order) {
	if o.known && o.Status.Open() {
		l.open--
	}
	o.prior = o.prior || o.before > 0
	o.known, o.said, o.before, o.loose, o.taken, o.Updated = false, 0, 0, 0, 0, 0
	o.Market, o.Status, o.claims = "", Live, false
}
