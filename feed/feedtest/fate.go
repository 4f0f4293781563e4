package feedtest

import (
	"bytes"
	"slices"
	"time"
)

// fate is what faults do to a connection.
type fate struct {
	any    bool // there is something
	dead   bool // nothing comes or goes
	frozen int  // faults that let no data through
	twice  int  // faults that send everything twice
	// stopped are faults by which a token or market is not sent.
	stopped []*activeFault
	late    []*activeFault
	held    []heldFrame // that are late, in order
	ending  func()      // when the last of them has come
}

type heldFrame struct {
	at   int64
	data []byte
}

// beginConnectionFault hits the connections that there are.
func (v *Venue) beginConnectionFault(f Fault) {
	hit := slices.Clone(v.conns)
	a := &activeFault{Fault: f, begun: v.now}
	var tokens []string
	switch f.Kind {
	case FreezeToken, FreezeMarket:
		if f.Kind == FreezeMarket {
			a.Token = ""
			if r := v.tokens[f.Token]; r.listing != nil {
				a.Market = r.listing.index
			}
		} else if at := max(f.Market, 0); f.Token == "" && at < len(v.listings) {
			a.Token = v.listings[at].Yes
		}
		tokens = v.tokensOf(&a.Fault)
	case Blackhole, Freeze, FreezeAll:
		tokens = v.tokensOf(&Fault{Market: -1})
	default:
	}
	record := v.record(f, tokens, ids(hit))
	switch f.Kind {
	case Reset:
		v.endAll(hit, 0, "")
	case Close:
		code := or(f.Code, 1001)
		v.endAll(hit, code, closeReason(code))
	case Late, LateStays, Stall:
		a.For = or(f.For, 20*time.Second)
		if f.Kind == Stall {
			a.For = or(f.For, 5*time.Second)
		}
		a.N = or(f.N, 5)
		v.shape(hit, func(t *fate) { t.late = append(t.late, a) })
		v.lasts(record, a.For, func() { v.endLate(hit, a) })
	case Blackhole:
		v.shape(hit, func(t *fate) { *t = fate{any: true, dead: true} })
		for _, c := range hit {
			v.blackholed(c.id)
		}
		v.lasts(record, f.For, func() { v.endAll(hit, 0, "") })
	default:
		if f.Kind == FreezeAll || f.Kind == DuplicateAll {
			v.windows = append(v.windows, a)
		}
		v.shape(hit, func(t *fate) { t.add(a, 1) })
		v.lasts(record, f.For, func() {
			v.endWindow(a)
			v.shape(v.conns, func(t *fate) { t.add(a, -1) })
		})
	}
}

// adopt lets a connection that has just opened meet the faults that hit those too.
func (v *Venue) adopt(c *connection) {
	for _, a := range v.windows {
		if a.Kind == FreezeAll || a.Kind == DuplicateAll {
			v.shape([]*connection{c}, func(t *fate) { t.add(a, 1) })
		}
	}
}

// add lets a fault begin or end. One that has not begun does not end.
func (t *fate) add(a *activeFault, n int) {
	had := slices.Contains(t.stopped, a)
	if had == (n > 0) {
		return
	}
	if had {
		t.stopped = slices.DeleteFunc(t.stopped, func(o *activeFault) bool { return o == a })
	} else {
		t.stopped = append(t.stopped, a)
	}
	switch a.Kind { //nolint:exhaustive // the others are looked up in stopped
	case Freeze, FreezeAll:
		t.frozen += n
	case DuplicateAll:
		t.twice += n
	}
}

func (v *Venue) shape(conns []*connection, do func(*fate)) {
	for _, c := range conns {
		if c.state != ended {
			c.fate.any = true
			do(&c.fate)
		}
	}
}

func (v *Venue) endAll(conns []*connection, code int, reason string) {
	for _, c := range conns {
		switch c.state {
		case ended:
		case dialling:
			v.forget(c)
			v.deliver(Delivery{Kind: DialFailed, Conn: c.id, Reason: "connection reset by peer"})
		case open, subscribed:
			v.end(c, code, reason)
		}
	}
}

func closeReason(code int) string {
	switch code {
	case 1000:
		return "all subscribed assets resolved"
	case 1008:
		return invalidPayload
	case 1013:
		return "slow consumer: send buffer full"
	}
	return ""
}

// delay is how late a frame is that should come now.
func (t *fate) delay(now int64) int64 {
	var most int64
	for _, a := range t.late {
		passed, length, late := now-a.begun, int64(a.For), int64(a.N)*int64(time.Second)
		left := length - passed
		if a.Kind == LateStays {
			left = late
		}
		if a.Kind != Stall && late < length {
			// So that what comes at the end is as late as it gets.
			left = min(left, int64(float64(passed)*float64(late)/float64(length-late)))
		}
		most = max(most, left)
	}
	return most
}

// endLate lets all come that is late, unless it stays so.
func (v *Venue) endLate(conns []*connection, a *activeFault) {
	if a.Kind == LateStays {
		return
	}
	for _, c := range conns {
		t := &c.fate
		t.late = slices.DeleteFunc(t.late, func(o *activeFault) bool { return o == a })
		if len(t.late) == 0 {
			for i := range t.held {
				t.held[i].at = v.now
			}
			v.release(c)
		}
	}
}

// carryFated hands a frame to a connection that a fault has hit.
func (v *Venue) carryFated(c *connection, m *message, data []byte) {
	t := &c.fate
	isData := data[0] == '{' || data[0] == '['
	if t.dead || t.frozen > 0 && isData {
		return
	}
	if m.listing != nil {
		if data = v.withoutStopped(t, m, data); len(data) == 0 {
			return
		}
	}
	for range min(1+t.twice, 2) {
		if len(t.held) > 0 || t.delay(v.now) > 0 {
			v.hold(c, data)
		} else {
			v.hand(c, data)
		}
	}
}

// withoutStopped returns a message without what is of tokens that are not sent.
func (v *Venue) withoutStopped(t *fate, m *message, data []byte) []byte {
	var gone [2]bool
	for _, a := range t.stopped {
		for i, no := range []bool{false, true} {
			stops := a.Kind == FreezeToken && a.hits(m.listing, no) ||
				a.Kind == FreezeMarket && a.hits(m.listing, no)
			gone[i] = gone[i] || stops
		}
	}
	switch {
	case m.kind == priceChange && gone[0] != gone[1]:
		e := &m.entries[0]
		if gone[0] {
			e = &m.entries[1]
		}
		return v.appendPriceChange(nil, m.listing.Condition, m.stamp, e)
	case m.kind == priceChange && gone[0], m.kind == resolved && gone[0] && gone[1]:
		return nil
	case m.kind == wholeBook || m.kind == emptyBook || m.kind == tradePrint || m.kind == tickSize || m.kind == bestPrices:
		if gone[bit(m.no)-1] {
			return nil
		}
	}
	return data
}

// hold keeps a frame for later.
func (v *Venue) hold(c *connection, data []byte) {
	t := &c.fate
	at := v.now + t.delay(v.now)
	if n := len(t.held); n > 0 {
		at = max(at, t.held[n-1].at)
	}
	t.held = append(t.held, heldFrame{at, bytes.Clone(data)})
	v.at(at, func() { v.release(c) })
}

// release hands out what was held until now.
func (v *Venue) release(c *connection) {
	t := &c.fate
	for c.state != ended && len(t.held) > 0 && t.held[0].at <= v.now && !t.dead {
		data := t.held[0].data
		t.held = t.held[1:]
		v.hand(c, data)
	}
	if len(t.held) == 0 && t.ending != nil {
		t.ending()
	}
}

// leavesOut says whether a fault keeps the opening book of a token back.
func (v *Venue) leavesOut(c *connection, token string) bool {
	for _, a := range c.fate.stopped {
		r := v.tokens[token]
		if (a.Kind == FreezeToken || a.Kind == FreezeMarket) && a.hits(r.listing, r.no) {
			return true
		}
	}
	return false
}
