package user

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/truebook/book"
)

// TestJoin: own state is known when the subscription is acknowledged by a PONG, and orders
// and trades have come, and not before.
func TestJoin(t *testing.T) {
	s := scripted(t)
	s.state(false, Connecting)
	s.want(dialEffect, firstDelay)
	s.tell(&input{kind: connOpened, conn: 1})
	s.want(pingEffect, 0)
	s.frame(orderText("0xa", "PLACEMENT", "LIVE", "0", at))
	s.state(false, Joining)
	s.frame("PONG")
	o := s.want(ordersEffect, 0)
	s.state(false, Asking)
	s.answer(o, page())
	s.state(false, Asking)
	e := s.want(tradesEffect, 0)
	if want := s.core.ledger.since.Time().Add(-overlap); !e.after.Equal(want) || e.cursor != "" {
		t.Errorf("trades after %v, want %v", e.after, want)
	}
	s.tell(&input{kind: pageCame, flight: e.flight + 7, frame: []byte(page())})
	s.state(false, Asking)
	s.answer(e, page())
	s.state(true, NoReason)
	v := s.core.view()
	if v.Epoch != 1 || v.Err() != nil || len(v.Orders()) != 1 { // REST did not have it yet
		t.Errorf("%+v", v)
	}
	// The first question again soon, and then not so soon.
	began := s.now
	s.audit(firstAudit+time.Second, page(), page())
	if d := s.now.Sub(began); d != firstAudit {
		t.Errorf("asked again after %v", d)
	}
	if len(s.core.view().Orders()) != 0 {
		t.Error("an order that REST does not have, which was told of some time ago")
	}
	s.frame(orderText("0xa", "CANCELLATION", "CANCELED", "0", at+100)) // or it would be missed
	began = s.now
	s.audit(auditInterval+time.Second, page(), page())
	if d := s.now.Sub(began); d != auditInterval {
		t.Errorf("asked again after %v", d)
	}
}

// TestDead: connections that say nothing are ended.
func TestDead(t *testing.T) {
	for _, c := range []struct {
		name   string
		let    func(*script)
		within time.Duration
	}{
		{"a dial that hangs", func(s *script) { s.want(dialEffect, time.Second) }, dialTimeout + 6*time.Second},
		{"no PONG", func(s *script) {
			s.want(dialEffect, time.Second)
			s.tell(&input{kind: connOpened, conn: 1})
			s.want(pingEffect, 0)
			s.frame(orderText("0xa", "PLACEMENT", "LIVE", "0", at))
		}, joinTimeout},
		{"silence", func(s *script) { s.join(page(), page()) }, silenceTimeout},
	} {
		s := scripted(t)
		c.let(s)
		began := s.now
		for {
			s.pass(c.within + time.Second - s.now.Sub(began))
			if len(s.effects) == 0 {
				t.Fatalf("%s: not ended after %v", c.name, s.now.Sub(began))
			}
			if s.effects[0].kind == ordersEffect {
				s.answer(s.effects[0], page())
				s.answer(s.want(tradesEffect, 0), page())
			}
			if len(s.effects) > 0 && s.effects[0].kind == dropEffect {
				s.effects = nil
				break
			}
		}
		if d := s.now.Sub(began); d > c.within {
			t.Errorf("%s: ended after %v", c.name, d)
		}
		s.state(false, Connecting)
		s.want(dialEffect, firstDelay+dialDelay)
	}
}

// TestDials: how long it is until the next dial, after many that failed.
func TestDials(t *testing.T) {
	for _, c := range []struct {
		name        string
		fail        input
		least, most time.Duration // between the 20th and the 21st
		reason      Reason
	}{
		{"no network", input{kind: dialFailed}, 0, maxDialDelay, Connecting},
		{"too many", input{kind: dialFailed, status: 429}, tooManyDelay, maxDialDelay, Connecting},
		{"asked for", input{kind: dialFailed, status: 503, retryAfter: time.Minute}, time.Minute, time.Minute, Connecting},
		{"forbidden", input{kind: dialFailed, status: 403}, refusedDelay, refusedDelay, Refused},
		{"closed at once", input{kind: connClosed}, maxDialDelay, 2 * maxDialDelay, Refused},
	} {
		s := scripted(t)
		var began time.Time
		for i := range 21 {
			s.want(dialEffect, 10*time.Minute)
			if d := s.now.Sub(began); i == 20 && (d < c.least || d > c.most+20*time.Millisecond) {
				t.Errorf("%s: %v between dials", c.name, d)
			}
			if c.fail.kind == connClosed {
				s.tell(&input{kind: connOpened, conn: s.core.conn})
				s.want(pingEffect, 0)
				if i > maxUnheard { // and it does not change its mind meanwhile
					s.state(false, Refused)
				}
			}
			in := c.fail
			in.conn = s.core.conn
			began = s.now
			s.tell(&in)
		}
		s.state(false, c.reason)
	}
}

// TestRefusedByREST: credentials that REST does not take.
func TestRefusedByREST(t *testing.T) {
	s := scripted(t)
	e := s.open()
	asked := 0
	for range 20 {
		asked++
		s.tell(&input{kind: fetchFailed, flight: e.flight, status: 401})
		s.state(false, Refused)
		s.effects = nil
		for len(s.effects) == 0 || s.effects[0].kind != ordersEffect {
			s.pass(time.Minute)
			if s.effects[0].kind == pingEffect {
				s.frame("PONG")
			}
		}
		e = s.effects[0]
	}
	if d := s.now.Sub(s.core.joinedAt); d < 5*time.Minute {
		t.Errorf("%d questions in %v", asked, d)
	}
}

// TestAnyOrder: whatever order messages come in, and how often, what is known is the same.
func TestAnyOrder(t *testing.T) {
	messages := []string{
		orderText("0xa", "PLACEMENT", "LIVE", "0", at),
		orderText("0xa", "UPDATE", "LIVE", "30", at+10),
		orderText("0xa", "UPDATE", "LIVE", "70", at+20),
		orderText("0xa", "CANCELLATION", "CANCELED", "70", at+9000),
		tradeText("t1", "0xa", "MATCHED", "30", at/1000, at+11),
		tradeText("t1", "0xa", "TRADE_STATUS_MINED", "30", at/1000+3, at+3011),
		tradeText("t1", "0xa", "CONFIRMED", "30", at/1000+5, at+5011),
		tradeText("t2", "0xa", "MATCHED", "40", at/1000, at+21),
		tradeText("t2", "0xa", "MINED", "40", at/1000+2, at+2021),
		tradeText("t2", "0xa", "RETRYING", "40", at/1000+4, at+4021),
		tradeText("t2", "0xa", "MINED", "40", at/1000+6, at+6021),
		tradeText("t2", "0xa", "RETRYING", "40", at/1000+6, at+6521), // in the same second
		tradeText("t2", "0xa", "FAILED", "40", at/1000+8, at+8021),
		orderText("0xb", "PLACEMENT", "LIVE", "", at),
		tradeText("t3", "0xb", "MATCHED", "100", at/1000, at+11),
		orderText("0xb", "UPDATE", "MATCHED", "100", at+12),
		tradeText("t4", "0xc", "MATCHED", "1", at/1000, at+11),
		tradeText("t4", "0xc", "RETRYING", "1", at/1000+2, at+2011),
		orderText("0xc", "PLACEMENT", "LIVE", "0", at),
	}
	random := rand.New(rand.NewPCG(1, 2))
	var first *View
	for round := range 300 {
		s := scripted(t)
		s.join(page(), page())
		order := random.Perm(len(messages))
		if round == 0 {
			slices.Sort(order)
		}
		for i := range order {
			s.frame(messages[order[i]])
			if random.IntN(2) == 0 { // again, at once or later
				j := i + random.IntN(len(order)-i)
				s.frame(messages[order[random.IntN(j+1)]])
			}
		}
		if s.core.stats.BadMessages > 0 {
			t.Fatalf("round %d: %+v, %v", round, s.core.stats, s.core.reason)
		}
		v := s.core.view()
		for i := range v.fills {
			v.fills[i].Updated = 0 // of a repeat, or not
		}
		if round == 0 {
			first = v
			if len(v.Orders()) != 1 || v.Orders()[0].ID != "0xc" || v.Orders()[0].Matched != book.Share || len(v.Fills()) != 4 {
				t.Fatalf("%+v", v)
			}
			var statuses []string
			for _, f := range v.Fills() {
				statuses = append(statuses, f.Trade+" "+f.Status.String())
			}
			if got := strings.Join(statuses, ", "); got != "t1 confirmed, t2 failed, t3 matched, t4 retrying" {
				t.Fatal(got)
			}
			if got := v.Size(yes, book.Bid, 500_000); got != 99*book.Share || v.Size(yes, book.Ask, 500_000) != 0 || v.Size(no, book.Bid, 500_000) != 0 {
				t.Fatal(got)
			}
			continue
		}
		if d := cmp.Diff(first.orders, v.orders) + cmp.Diff(first.fills, v.fills); d != "" {
			t.Fatalf("round %d, in another order: %s", round, d)
		}
	}
}

// TestLostTrade: an order that is matched by a trade that was not told of.
func TestLostTrade(t *testing.T) {
	s := scripted(t)
	s.join(page(), page())
	s.frame(orderText("0xa", "PLACEMENT", "LIVE", "0", at))
	s.frame(orderText("0xa", "UPDATE", "LIVE", "30", at+10))
	began := s.now
	e := s.want(ordersEffect, 2*time.Second)
	if d := s.now.Sub(began); d != askSuspect {
		t.Errorf("asked after %v", d)
	}
	s.state(true, NoReason)
	open := orderText("0xa", "x", "LIVE", "30", 0)
	s.answer(e, page(open))
	s.answer(s.want(tradesEffect, 0), page()) // REST has no trade either, yet
	s.state(true, NoReason)
	for s.core.known && s.now.Sub(began) < 4*time.Second {
		s.pass(100 * time.Millisecond)
		if len(s.effects) > 0 {
			s.answer(s.effects[0], page(open))
			s.answer(s.want(tradesEffect, 0), page())
		}
	}
	s.state(false, Incomplete)
	if d := s.now.Sub(began); d != maxSuspect {
		t.Errorf("known for %v", d)
	}
	s.audit(10*time.Second, page(open), page(tradeText("t1", "0xa", "MATCHED", "30", at/1000, 0)))
	s.state(true, NoReason)
	if v := s.core.view(); len(v.Fills()) != 1 || v.Orders()[0].Matched != 30*book.Share || v.Epoch != 2 {
		t.Errorf("%+v", v)
	}
}

// TestLostPlacement: a fill of an order that nothing was told of, which is open or not.
func TestLostPlacement(t *testing.T) {
	for _, open := range []bool{true, false} {
		s := scripted(t)
		s.join(page(), page())
		s.frame(tradeText("t1", "0xa", "MATCHED", "30", at/1000, at))
		s.state(true, NoReason)
		orders, n := page(), 0
		if open {
			orders, n = page(orderText("0xa", "x", "LIVE", "30", 0)), 1
		}
		s.audit(askSuspect, orders, page(tradeText("t1", "0xa", "MATCHED", "30", at/1000, 0)))
		s.state(true, NoReason)
		v := s.core.view()
		if len(v.Orders()) != n || len(v.Fills()) != 1 {
			t.Errorf("%+v", v)
		}
		if n == 1 && v.Orders()[0].Remaining() != 70*book.Share {
			t.Errorf("%+v", v.Orders())
		}
		if len(s.core.suspects) > 0 {
			t.Errorf("still odd: %v", s.core.suspects)
		}
	}
}

// TestBadMessage: what cannot be read makes own state unknown, until REST has told it.
func TestBadMessage(t *testing.T) {
	for _, frame := range []string{
		"{", strings.Replace(orderText("0xa", "PLACEMENT", "LIVE", "0", at), "BUY", "HOLD", 1),
		strings.Replace(orderText("0xb", "UPDATE", "LIVE", "0", at), `"0.5"`, `"0.6"`, 1), // it was another one
		tradeText("t0", "0xb", "MATCHED", "2", at/1000, at),                               // it was larger
		tradeText("t9", "0xb", "CONFIRMED", "3", at/1000, at),                             // it had failed
	} {
		s := scripted(t)
		first := []string{orderText("0xb", "x", "LIVE", "4", 0)}
		trades := []string{tradeText("t0", "0xb", "MATCHED", "1", at/1000, 0), tradeText("t9", "0xb", "FAILED", "3", at/1000, 0)}
		s.join(page(first...), page(trades...))
		before := s.core.view()
		s.frame(frame)
		if s.core.known || s.core.stats.BadMessages != 1 {
			t.Fatalf("%s: known %v", frame, s.core.known)
		}
		s.audit(leastAgain+time.Second, page(first...), page(trades...))
		s.state(true, NoReason)
		if v := s.core.view(); v.Epoch != 2 || cmp.Diff(before.orders, v.orders)+cmp.Diff(before.fills, v.fills) != "" {
			t.Errorf("%s: %+v", frame, v)
		}
	}
}

// TestOldAnswer: an answer that tells less than the stream had told is not taken, until
// there has been no other for two minutes.
func TestOldAnswer(t *testing.T) {
	open := func(matched string) string { return orderText("0xa", "x", "LIVE", matched, 0) }
	trade := func(status string, updated int64) string { return tradeText("t1", "0xa", status, "30", updated, 0) }
	for _, c := range []struct {
		name, frame    string
		orders, trades string
		holds          func(*View) bool // that it was not taken
	}{
		{
			"closed", orderText("0xa", "CANCELLATION", "CANCELED", "30", at+100), page(open("30")), page(trade("MATCHED", at/1000)),
			func(v *View) bool { return len(v.Orders()) == 0 },
		},
		{
			"matched", orderText("0xa", "UPDATE", "LIVE", "50", at+100), page(open("30")), page(trade("MATCHED", at/1000)),
			func(v *View) bool { return v.Orders()[0].Matched == 50*book.Share },
		},
		{
			"confirmed", tradeText("t1", "0xa", "CONFIRMED", "30", at/1000+3, at+3000), page(open("30")), page(trade("MATCHED", at/1000)),
			func(v *View) bool { return v.Fills()[0].Status == Confirmed },
		},
	} {
		s := scripted(t)
		s.join(page(open("0")), page())
		s.frame(tradeText("t1", "0xa", "MATCHED", "30", at/1000, at))
		s.frame(c.frame)
		s.audit(mostAgain+time.Second, c.orders, c.trades)
		began := s.now
		for s.now.Sub(began) < believedTime-mostAgain {
			s.audit(mostAgain+time.Second, c.orders, c.trades)
			if !c.holds(s.core.view()) {
				t.Fatalf("%s: taken after %v", c.name, s.now.Sub(began))
			}
		}
		if s.core.stats.Stale == 0 {
			t.Fatalf("%s: no answer was old", c.name)
		}
		for s.now.Sub(began) < believedTime+mostAgain {
			s.audit(mostAgain+time.Second, c.orders, c.trades)
		}
		if c.holds(s.core.view()) || !s.core.known || s.core.epoch < 2 {
			t.Errorf("%s: not taken after %v: known %v, epoch %d", c.name, s.now.Sub(began), s.core.known, s.core.epoch)
		}
	}
}

// TestMarkets: markets are followed and left while running, also on the way to a
// connection; what is not followed is nothing.
func TestMarkets(t *testing.T) {
	other := "0x" + strings.Repeat("1", 64)
	foreign := strings.ReplaceAll(orderText("0xo", "PLACEMENT", "LIVE", "0", at), market, other)
	s := scripted(t, market)
	if e := s.want(dialEffect, time.Second); len(e.markets) != 1 || e.markets[0] != market {
		t.Fatalf("%+v", e)
	}
	s.tell(&input{kind: connOpened, conn: 1})
	s.want(pingEffect, 0)
	s.frame("PONG")
	s.answer(s.want(ordersEffect, 0), page(foreign))
	s.answer(s.want(tradesEffect, 0), page())
	s.state(true, NoReason)
	s.frame(foreign)
	s.frame(orderText("0xa", "PLACEMENT", "LIVE", "0", at))
	if v := s.core.view(); len(v.Orders()) != 1 {
		t.Fatalf("%+v", v.Orders())
	}
	s.tell(&input{kind: marketsAdded, markets: []string{market}}) // nothing new
	s.state(true, NoReason)
	s.tell(&input{kind: marketsAdded, markets: []string{other, market}})
	if e := s.want(subscribeEffect, 0); len(e.markets) != 1 || e.markets[0] != other {
		t.Fatalf("%+v", e)
	}
	s.want(pingEffect, 0)
	s.state(false, Joining)
	s.frame("PONG")
	s.answer(s.want(ordersEffect, 0), page(foreign, orderText("0xa", "x", "LIVE", "0", 0)))
	s.answer(s.want(tradesEffect, 0), page())
	s.state(true, NoReason)
	if v := s.core.view(); len(v.Orders()) != 2 {
		t.Fatalf("%+v", v.Orders())
	}
	s.tell(&input{kind: marketsLeft, markets: []string{market}})
	if e := s.want(unsubscribeEffect, 0); len(e.markets) != 1 || e.markets[0] != market {
		t.Fatalf("%+v", e)
	}
	s.state(true, NoReason)
	if v := s.core.view(); len(v.Orders()) != 1 || v.Orders()[0].ID != "0xo" {
		t.Fatalf("%+v", v.Orders())
	}
	s.tell(&input{kind: marketsLeft, markets: []string{other}}) // none would be left
	if len(s.effects) > 0 || len(s.core.markets) != 1 {
		t.Errorf("%+v", s.effects)
	}
}
