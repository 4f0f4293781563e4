package user

import (
	"maps"
	"slices"

	"example.com/truebook/feed"
)

// forget forgets trades, beyond maxTrades, that are final and were matched before a time:
// REST has told all that there was till then.
func (l *ledger) forget(before feed.Timestamp) {
	kept := l.settled[:0]
	for _, id := range l.settled {
		t := l.trades[id]
		if t == nil {
			continue
		}
		if len(l.trades) <= maxTrades || t.time >= before {
			kept = append(kept, id)
			continue
		}
		for i := range t.fills {
			f := &t.fills[i]
			o := l.orders[f.Order]
			if o == nil {
				continue
			}
			if f.Counts() { // it is matched by that all the same
				o.before += f.Size
				o.filled -= f.Size
			}
		}
		delete(l.trades, id)
		l.floor = max(l.floor, min(t.time+1000, before))
		l.stats.Forgotten++
	}
	l.settled = kept
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
	for id, t := range l.trades {
		if t.market == market {
			delete(l.trades, id)
		}
	}
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
	delete(l.trades, t.id)
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
