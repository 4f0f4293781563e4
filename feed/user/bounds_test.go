package user

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/truebook/feed"
	"example.com/truebook/feed/keys"
)

// TestMissed: what REST knows and the stream does not tell in time ends the connection.
func TestMissed(t *testing.T) {
	for _, told := range []bool{false, true} {
		s := scripted(t)
		s.join(page(), page())
		s.audit(firstAudit+time.Second, page(orderText("0xa", "x", "LIVE", "0", 0)), page())
		s.state(true, NoReason)
		if told {
			s.frame(orderText("0xa", "PLACEMENT", "LIVE", "0", at))
		}
		began := s.now
		dropped := false
		for s.now.Sub(began) < 2*earlyTime && !dropped {
			s.pass(time.Second)
			for _, e := range s.effects {
				dropped = dropped || e.kind == dropEffect
			}
		}
		if dropped == told || told != (s.core.stats.Missed == 0) {
			t.Errorf("told %v: dropped %v after %v, %+v", told, dropped, s.now.Sub(began), s.core.stats)
		}
	}
}

// TestRESTFails: own state is known for a while without REST, and not longer.
func TestRESTFails(t *testing.T) {
	s := scripted(t)
	s.join(page(), page())
	audited := s.now
	requests := s.core.stats.Requests
	for s.core.known && s.now.Sub(audited) < 5*time.Minute {
		s.pass(time.Second)
		for _, e := range s.effects {
			if e.kind == pingEffect {
				s.frame("PONG")
			}
			if e.kind == ordersEffect {
				s.tell(&input{kind: fetchFailed, flight: e.flight, status: 500})
			}
		}
	}
	s.state(false, RESTFailed)
	if d := s.now.Sub(audited); d != maxUnaudited {
		t.Errorf("known for %v", d)
	}
	if n := s.core.stats.Requests - requests; n < 5 || n > 15 {
		t.Errorf("%d requests", n)
	}
}

// TestPages: pages are read one after the other, and orders until two readings agree.
func TestPages(t *testing.T) {
	s := scripted(t)
	e := s.open()
	part := func(cursor string, ids ...string) string {
		var all []string
		for _, id := range ids {
			all = append(all, orderText(id, "x", "LIVE", "0", 0))
		}
		return strings.Replace(page(all...), "LTE=", cursor, 1)
	}
	next := func(cursor string) {
		t.Helper()
		if e = s.want(ordersEffect, 0); e.cursor != cursor {
			t.Fatalf("cursor %q, want %q", e.cursor, cursor)
		}
	}
	s.answer(e, part("Mg==", "0xa", "0xb"))
	next("Mg==")
	s.answer(e, part("LTE=", "0xd")) // 0xa was cancelled meanwhile, and 0xc is on no page
	next("")
	s.answer(e, part("Mg==", "0xb", "0xc"))
	next("Mg==")
	s.answer(e, part("LTE=", "0xd"))
	next("")
	s.answer(e, part("Mg==", "0xb", "0xc"))
	next("Mg==")
	s.state(false, Asking)
	s.answer(e, part("LTE=", "0xd"))
	e = s.want(tradesEffect, 0)
	s.answer(e, strings.Replace(page(), "LTE=", "Mg==", 1))
	if e = s.want(tradesEffect, 0); e.cursor != "Mg==" {
		t.Fatal(e.cursor)
	}
	s.answer(e, page())
	s.state(true, NoReason)
	var ids []string
	for _, o := range s.core.view().Orders() {
		ids = append(ids, o.ID)
	}
	if got := strings.Join(ids, " "); got != "0xb 0xc 0xd" {
		t.Error(got)
	}
}

// TestPagesBecomeOne: an order that the newer reading does not have, whose list is a single
// page now, is not open; it takes one more reading to know.
func TestPagesBecomeOne(t *testing.T) {
	live := func(id string) string { return orderText(id, "x", "LIVE", "0", 0) }
	s := scripted(t)
	s.answer(s.open(), strings.Replace(page(live("0xa")), "LTE=", "Mg==", 1))
	s.answer(s.want(ordersEffect, 0), page(live("0xc")))
	s.answer(s.want(ordersEffect, 0), page(live("0xa"))) // 0xc was cancelled meanwhile
	s.answer(s.want(ordersEffect, 0), page(live("0xa")))
	s.answer(s.want(tradesEffect, 0), page())
	if v := s.core.view(); !v.Known || len(v.Orders()) != 1 || v.Orders()[0].ID != "0xa" {
		t.Errorf("known %v, %+v", v.Known, v.Orders())
	}
}

// TestEndlessPages: a server whose pages never end, or go round.
func TestEndlessPages(t *testing.T) {
	for _, same := range []bool{true, false} {
		s := scripted(t)
		e := s.open()
		n := 0
		for ; n <= maxPages+1; n++ {
			cursor := "same"
			if !same {
				cursor = fmt.Sprint("p", n)
			}
			s.answer(e, strings.Replace(page(), "LTE=", cursor, 1))
			if len(s.effects) == 0 {
				break
			}
			e = s.effects[0]
		}
		s.state(false, TooMuch)
		if same && n != 1 || n > maxPages {
			t.Errorf("%d pages", n)
		}
	}
}

// TestBounds: more than is kept.
func TestBounds(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("many orders, and one goroutine")
	}
	s := scripted(t)
	s.join(page(), page())
	for i := range maxOpen {
		s.frame(orderText(fmt.Sprint("o", i), "PLACEMENT", "LIVE", "0", at))
	}
	s.state(true, NoReason)
	s.frame(orderText("more", "PLACEMENT", "LIVE", "0", at))
	s.state(false, TooMuch)

	// Orders that are closed are forgotten, and what comes late of them does not open them.
	l := newLedger(0, &Stats{})
	r := reader{key: keys.NewSecret(owner), stats: l.stats}
	say := func(text string) {
		t.Helper()
		l.hear(time.UnixMilli(at+3_000_000), 1)
		if _, err := r.frame([]byte(text), func(n *orderNews) {
			if err := l.streamOrder(n); err != nil {
				t.Fatal(err)
			}
		}, func(n *tradeNews) {
			if err := l.streamTrade(n); err != nil {
				t.Fatal(err)
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 2*maxClosed + 5 {
		id := fmt.Sprint("o", i)
		say(orderText(id, "PLACEMENT", "LIVE", "0", at+int64(i)))
		say(orderText(id, "CANCELLATION", "CANCELED", "0", at+int64(i)))
	}
	for i := range 2*maxClosed + 5 {
		say(orderText(fmt.Sprint("o", i), "PLACEMENT", "LIVE", "0", at+int64(i)))
	}
	if l.open != 0 || len(l.orders) != maxClosed || len(l.closed) != maxClosed {
		t.Errorf("%d open, %d orders", l.open, len(l.orders))
	}

	// Trades that are final are forgotten when REST has told all of their time, and do not
	// count again when they come late.
	later := func(i int) string {
		return strings.NewReplacer("1725842402", strconv.Itoa(1725842402+i)).Replace(tradeText(fmt.Sprint("t", i), "big", "CONFIRMED", "0.01", at/1000, at))
	}
	say(orderText("big", "PLACEMENT", "LIVE", "0", at+1_000_000))
	for i := range maxTrades + 100 {
		say(later(i))
	}
	l.forget(feed.Timestamp(at+50_000), maxTrades, keepFills)
	if n := len(l.trades); n != maxTrades+50 {
		t.Errorf("%d trades", n)
	}
	l.forget(feed.Timestamp(at+1000_000), maxTrades, keepFills)
	matched := l.orders["big"].Matched
	for i := range maxTrades + 100 {
		say(later(i))
	}
	o := l.orders["big"]
	if n := len(l.trades); n != maxTrades || o.matched() != matched || matched != (maxTrades+100)*10_000 || l.stats.Forgotten != 100 || o.odd() {
		t.Errorf("%d trades, %v matched, and %v before; %+v", n, o.matched(), matched, l.stats)
	}
	for i := range maxTrades {
		n := &tradeNews{id: fmt.Sprint("x", i), market: market, time: at + 1000_000_000, fills: []Fill{{Order: "big", Market: market, Token: yes}}}
		if err := l.mergeTrade(n, true); err != nil {
			if i != maxTrades {
				break
			}
		} else if i == maxTrades {
			t.Error("trades have no bound")
		}
	}
	if len(l.trades) > 2*maxTrades {
		t.Errorf("%d trades", len(l.trades))
	}
}
