package feedtest

import (
	"bytes"
	"slices"
	"time"
)

// beginTampering lets a fault of single frames wait for them.
func (v *Venue) beginTampering(f Fault) {
	if f.Kind == Skew {
		v.skew(f)
		return
	}
	a := &activeFault{Fault: f, left: or(f.N, 1)}
	if f.Kind == LoseDeep {
		a.left = 1
	}
	v.tampering = append(v.tampering, a)
}

// skew lets three in ten of the markets lose a change that they make for it.
func (v *Venue) skew(f Fault) {
	var markets []*listing
	for _, l := range v.listings {
		if v.free(l) && l.whole() {
			markets = append(markets, l)
		}
	}
	v.world.Shuffle(len(markets), func(i, j int) { markets[i], markets[j] = markets[j], markets[i] })
	n := min(max((3*len(v.listings)+9)/10, 1), len(markets))
	for i, l := range markets[:n] {
		v.after(time.Duration(i)*time.Second/time.Duration(n+1), func() {
			v.whenFree(l, func() {
				v.tampering = append(v.tampering, &activeFault{Fault: f, left: 1, market: l})
				v.beginRun(l)
				l.put(v.drawBehind(l))
				v.send(v.frames(l, l.touched))
			})
		})
	}
}

// about says whether a fault is to hit a message.
func (a *activeFault) about(m *message) bool {
	if a.left == 0 || m.listing == nil || !m.genuine && m.kind != wholeBook {
		return false
	}
	if a.market != nil {
		return m.kind == priceChange && m.listing == a.market
	}
	switch a.Kind { //nolint:exhaustive // the others are about price_change
	case LoseBooks:
		return m.kind == wholeBook && a.hits(m.listing, m.no)
	case LoseDeep:
		if m.distance < or(a.N, 20) && m.distance < m.listing.ticks()/5 {
			return false
		}
	}
	return m.kind == priceChange && (a.hits(m.listing, false) || a.hits(m.listing, true))
}

// tamper lets faults have a message that arrives. It returns true if they have dealt
// with it.
func (v *Venue) tamper(m *message) bool {
	wanted := slices.ContainsFunc(v.conns, func(c *connection) bool {
		return c.wants(m) && !c.fate.dead && c.fate.frozen == 0
	})
	if !wanted || len(m.data) == 0 {
		return false
	}
	for _, a := range v.tampering {
		if a.Kind == Reorder && v.reordered != nil {
			if m.kind == priceChange && m.listing == v.reordered.listing && m.run != v.reordered.run && m.genuine {
				v.sendAll(m)
				v.letGo()
				return true
			}
			continue
		}
		if !a.about(m) || (a.Kind <= LoseDeep || a.Kind == Reorder) && m.kind == priceChange && !m.changes {
			continue
		}
		a.left--
		v.tamperWith(a, m)
		if a.left == 0 && a.Kind != Reorder {
			v.endTampering(a)
		}
		return true
	}
	return false
}

func (v *Venue) endTampering(a *activeFault) {
	v.tampering = slices.DeleteFunc(v.tampering, func(o *activeFault) bool { return o == a })
}

// letGo sends the frame that was held back.
func (v *Venue) letGo() {
	if m := v.reordered; m != nil {
		v.reordered = nil
		v.sendAll(m)
	}
	v.tampering = slices.DeleteFunc(v.tampering, func(o *activeFault) bool { return o.Kind == Reorder && o.left == 0 })
}

// tamperWith does what a fault does to a message.
func (v *Venue) tamperWith(a *activeFault, m *message) {
	l := m.listing
	both := []string{l.Yes, l.No}
	first := m.entries[0].token
	if m.swapped {
		first = m.entries[1].token
	}
	switch k := a.Kind; {
	case k == LoseBooks:
		v.record(a.Fault, []string{l.outcome(m.no).token()}, nil)
	case k == LoseFrames || k == LoseDeep || k == Skew:
		v.record(a.Fault, both, nil)
	case k == Reorder:
		v.record(a.Fault, both, nil)
		held := *m
		held.data = bytes.Clone(m.data)
		v.reordered = &held
		v.after(2*time.Second, func() {
			if v.reordered == &held {
				v.letGo()
			}
		})
	case k == LateDuplicate:
		v.sendAll(m)
		again := *m
		again.data, again.genuine = bytes.Clone(m.data), false
		v.after(or(a.For, 3*time.Second), func() {
			v.record(a.Fault, both, nil)
			v.sendAll(&again)
		})
	case k >= AlterSize && k <= AlterTime:
		tokens := []string{first}
		if k == AlterTime {
			tokens = both
		}
		v.record(a.Fault, tokens, nil)
		v.alter(k, m)
		v.sendAll(m)
	default:
		v.sendBad(a, m, first)
	}
}

// alter changes a digit of a price_change: valid, and wrong.
func (v *Venue) alter(k FaultKind, m *message) {
	e := &m.entries[0]
	if m.swapped {
		e = &m.entries[1]
	}
	another := func(price string) string {
		texts := m.listing.priceText
		at := slices.Index(texts, price)
		if at > 0 && at < len(texts)-2 {
			return texts[at+1]
		}
		return texts[len(texts)/2]
	}
	switch k { //nolint:exhaustive // the caller knows
	case AlterSize:
		e.size += 100
	case AlterPrice:
		e.price = another(e.price)
	case AlterHash:
		digit := &e.hash[7]
		if *digit++; *digit == '9'+1 || *digit == 'f'+1 {
			*digit = '0'
		}
	case AlterBest:
		e.bid = another(e.bid)
	case AlterTime:
		m.stamp -= 1000
	}
	v.encode(m)
}
