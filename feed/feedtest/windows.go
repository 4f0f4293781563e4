package feedtest

import (
	"bytes"
	"slices"
	"time"

	"example.com/truebook/book"
)

// refuse lets an attempt to connect fail, if there is a fault.
func (v *Venue) refuse(c *connection) bool {
	a := v.window(DialRefused, DialHangs)
	if a == nil {
		return false
	}
	d := Delivery{Kind: DialFailed, Conn: c.id, Reason: "connection refused"}
	takes := v.between(leastDial, mostDial)
	switch a.Kind {
	case DialStatus:
		d.Code, d.Reason, d.RetryAfter = or(a.Code, 429), "unexpected status", time.Duration(a.N)*time.Second
	case DialHangs:
		d.Reason, takes = "timeout", time.Duration(or(a.N, 10))*time.Second
	default:
	}
	v.after(takes, func() {
		if c.state != ended {
			v.forget(c)
			v.deliver(d)
		}
	})
	return true
}

// refuseSubscription answers an initial subscription in the wrong way, if there is a
// fault.
func (v *Venue) refuseSubscription(c *connection) bool {
	a := v.window(InvalidOperation, InvalidOperation)
	if a == nil {
		return false
	}
	v.took(a, nil, []int{c.id})
	v.say(c, invalidOperation)
	return true
}

// openingFault returns an opening array as it is sent, nil if it is not.
func (v *Venue) openingFault(c *connection, data []byte, tokens []ref) []byte {
	a := v.window(OpeningWithout, OpeningEmpty)
	if a == nil || len(tokens) == 0 {
		return data
	}
	var missing []string
	switch a.Kind {
	case OpeningWithout:
		i := slices.IndexFunc(tokens, func(r ref) bool { return a.hits(r.listing, r.no) })
		if i < 0 {
			return data
		}
		missing = []string{tokens[i].listing.outcome(tokens[i].no).token()}
		data = v.openingWithout(tokens, i)
	default:
		for _, r := range tokens {
			missing = append(missing, r.listing.outcome(r.no).token())
		}
		data = nil
		if a.Kind == OpeningEmpty {
			data = []byte("[]\n")
		}
	}
	v.took(a, missing, []int{c.id})
	return data
}

func (v *Venue) openingWithout(tokens []ref, missing int) []byte {
	data := []byte{'['}
	for i, r := range tokens {
		if i == missing {
			continue
		}
		if len(data) > 1 {
			data = append(data, ',')
		}
		data = v.appendOpeningBook(data, r.listing.outcome(r.no))
	}
	return append(data, "]\n"...)
}

// answerFault changes an answer of REST, if there is a fault, and returns how much
// later it comes.
func (v *Venue) answerFault(d *Delivery, q *query) time.Duration {
	if v.resting && q.kind < gammaMarketSlug {
		d.Code, d.Data = v.restingCode, []byte(`{"error":"service not ready"}`)
		return 0
	}
	var late time.Duration
	for _, a := range slices.Clone(v.windows) {
		status := func(code, seconds int) {
			d.Code, d.Data, d.RetryAfter = code, []byte(`{"error":"unavailable"}`), time.Duration(seconds)*time.Second
		}
		switch a.Kind { //nolint:exhaustive // the others are not about answers
		case RESTTimeout:
			d.Code, d.Data, d.Reason = 0, nil, "timeout"
			return time.Duration(or(a.N, 10)) * time.Second
		case RESTStatus:
			status(or(a.Code, 500), a.N)
		case RESTUnavailable:
			status(503, a.N)
		case RESTLimited:
			status(429, or(a.N, 10))
		case RESTForbidden:
			status(403, a.N)
		case RESTSlow:
			late = time.Duration(or(a.N, 3)) * time.Second
		case RESTMissing, RESTStale, RESTWrong, RESTPartial:
			if d.Code == 200 {
				v.alterAnswer(a, d, q)
			}
		}
	}
	return late
}

// alterAnswer changes the books of an answer.
func (v *Venue) alterAnswer(a *activeFault, d *Delivery, q *query) {
	switch q.kind {
	case oneBook, manyBooks:
	case ofAccount:
		if a.Kind == RESTStale {
			old := v.answerAccount(q.signed, v.Now().Add(-time.Duration(or(a.N, 10))*time.Second))
			d.Code, d.Data = old.Code, old.Data
		}
		return
	case aboutMarket:
		if l := v.listingOf(q.name); a.Kind == RESTMissing && (a.hits(l, false) || a.hits(l, true)) {
			d.Code, d.Data = 404, []byte(noMarket)
		}
		return
	default:
		return
	}
	tokens, kept := q.tokens, q.tokens
	as := func(o outcome) outcome { return o }
	switch a.Kind { //nolint:exhaustive // as answerFault says
	case RESTMissing:
		kept = slices.DeleteFunc(slices.Clone(tokens), func(t string) bool {
			r := v.tokens[t]
			return r.listing != nil && a.hits(r.listing, r.no)
		})
		if q.kind == oneBook && len(kept) == 0 {
			d.Code, d.Data = 404, []byte(noBook)
			return
		}
	case RESTPartial:
		if len(tokens) < 2 {
			return
		}
		n := min(or(a.N, (len(tokens)+1)/2), len(tokens))
		v.took(a, slices.Clone(tokens[:n]), nil)
		kept = tokens[n:]
	case RESTStale:
		stamp := v.now/int64(time.Millisecond) - v.clockOffset - int64(or(a.N, 10))*1000
		as = func(o outcome) outcome {
			l := v.tokens[o.token()].listing
			if !a.hits(l, o.no) {
				return o
			}
			return outcome{l.past.at(l.market, stamp), o.no}
		}
	}
	if q.kind == oneBook {
		r := v.tokens[tokens[0]]
		d.Data = v.appendRESTBook(nil, as(r.listing.outcome(r.no)))
	} else {
		d.Data = v.answerBooks(kept, as)
	}
	if a.Kind == RESTWrong {
		for _, t := range tokens {
			if r := v.tokens[t]; r.listing != nil && a.hits(r.listing, r.no) {
				d.Data = alterSize(d.Data, t)
			}
		}
	}
}

// alterSize changes the first size after a text.
func alterSize(data []byte, after string) []byte {
	at := bytes.Index(data, []byte(after))
	if at < 0 {
		return data
	}
	key := []byte(`"size":"`)
	n := bytes.Index(data[at:], key)
	if n < 0 {
		return data
	}
	n += at + len(key)
	altered := append([]byte(nil), data[:n]...)
	return append(append(altered, '7'), data[n:]...)
}

// beginExchangeFault lets the exchange itself do something.
func (v *Venue) beginExchangeFault(f Fault) {
	switch f.Kind {
	case Recipe:
		v.changed = true
		v.lasts(v.record(f, v.tokensOf(&Fault{Market: -1}), nil), f.For, func() { v.changed = false })
	case ClockBack:
		back := int64(or(f.N, 5)) * 1000
		v.clockOffset += back
		v.lasts(v.record(f, v.tokensOf(&Fault{Market: -1}), nil), f.For, func() { v.clockOffset -= back })
	case Restart, RestartByBooks:
		v.restart(f)
	default:
		for _, l := range v.marketsOf(&f) {
			v.whenFree(l, func() { v.marketFault(f, l) })
		}
	}
}

func (v *Venue) marketFault(f Fault, l *listing) {
	if l.ticks() > 1000 && (f.Kind == TickSize || f.Kind == TickSizeSilent) {
		return
	}
	v.record(f, []string{l.Yes, l.No}, nil)
	switch f.Kind { //nolint:exhaustive // the others are handled elsewhere
	case TickSize:
		v.refine(l, true, true)
	case TickSizeSilent:
		v.refine(l, true, false)
	case Settle:
		v.settle(l, true)
	case SettleSilent:
		v.settle(l, false)
	case SettleClose:
		v.settle(l, true)
		v.after(settleAfter+time.Millisecond, func() {
			for _, c := range slices.Clone(v.conns) {
				if c.watch[l.index] != 0 {
					v.closeLater(c, 1000, closeReason(1000))
				}
			}
		})
	}
}

// restart stops the matching engine for a while.
func (v *Venue) restart(f Fault) {
	if v.resting {
		return
	}
	for _, l := range v.listings {
		if l.over {
			continue
		}
		if l.whole() {
			l.middle = (l.bid + l.ask) / 2
		}
		v.beginRun(l)
		v.empty(l, book.Bid)
		v.empty(l, book.Ask)
		if f.Kind == Restart {
			if len(l.touched) > 0 {
				v.send(v.frames(l, l.touched))
			}
			continue
		}
		l.runs++
		for _, no := range []bool{false, true} {
			m := v.stream.message(emptyBook, l)
			m.no, m.genuine = no, true
			m.data = v.appendBook(m.data[:0], l.outcome(no))
			v.push(m, no)
		}
	}
	v.resting, v.restingCode = true, or(f.Code, 425)
	v.lasts(v.record(f, v.tokensOf(&Fault{Market: -1}), nil), or(f.For, 90*time.Second), func() {
		v.resting = false
		for _, l := range v.listings {
			v.after(time.Duration(v.world.Int64N(2e9)), func() { v.refill(l) })
		}
	})
}
