package user

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// TestRetriedInASecond: a trade that is mined again in the second in which it was retried.
func TestRetriedInASecond(t *testing.T) {
	messages := []string{
		tradeText("t1", "0xa", "RETRYING", "30", at/1000+4, at+4021),
		tradeText("t1", "0xa", "MINED", "30", at/1000+4, at+4721),
	}
	for range 2 {
		s := scripted(t)
		s.join(page(), page())
		for _, m := range messages {
			s.frame(m)
		}
		if f := s.core.view().Fills(); len(f) != 1 || f[0].Status != Mined {
			t.Errorf("%+v", f)
		}
		slices.Reverse(messages)
	}
}

// TestFinalStays: what is final stays so, whatever the times of other messages.
func TestFinalStays(t *testing.T) {
	s := scripted(t)
	s.join(page(), page())
	s.frame(tradeText("t1", "0xa", "CONFIRMED", "30", at/1000+4, at+4000))
	s.frame(tradeText("t1", "0xa", "MINED", "30", at/1000+9, at+9000))
	if f := s.core.view().Fills(); len(f) != 1 || f[0].Status != Confirmed {
		t.Errorf("%+v", f)
	}
}

// TestFailedTrade: what an order was matched by does not fall when the trade fails, and
// the fill stays, without counting.
func TestFailedTrade(t *testing.T) {
	s := scripted(t)
	s.join(page(), page())
	s.frame(orderText("0xa", "PLACEMENT", "LIVE", "0", at))
	s.frame(tradeText("t1", "0xa", "MATCHED", "40", at/1000, at+10))
	s.frame(tradeText("t1", "0xa", "FAILED", "40", at/1000+5, at+5000))
	v := s.core.view()
	if v.Orders()[0].Matched != 40*book.Share || v.Fills()[0].Counts() || v.Fills()[0].Size != 40*book.Share {
		t.Errorf("%+v %+v", v.Orders(), v.Fills())
	}
	s.audit(firstAudit+time.Second, page(orderText("0xa", "x", "LIVE", "40", 0)), page(tradeText("t1", "0xa", "FAILED", "40", at/1000+5, 0)))
	s.state(true, NoReason)
	if s.core.stats.Stale > 0 || len(s.core.suspects) > 0 {
		t.Errorf("%+v, %v", s.core.stats, s.core.suspects)
	}
}

// TestGivesBack: if the exchange says, after a trade has failed, that less of the order is
// matched than before, that is so; without a failed trade it is a late message.
func TestGivesBack(t *testing.T) {
	failed := tradeText("t1", "0xa", "FAILED", "40", at/1000+5, at+5000)
	back := page(orderText("0xa", "x", "LIVE", "10", 0))
	begin := func() *script {
		s := scripted(t)
		s.join(page(), page())
		s.frame(orderText("0xa", "PLACEMENT", "LIVE", "0", at))
		s.frame(tradeText("t2", "0xa", "CONFIRMED", "10", at/1000, at+10))
		s.frame(tradeText("t1", "0xa", "MATCHED", "40", at/1000, at+10))
		s.frame(orderText("0xa", "UPDATE", "LIVE", "50", at+10))
		s.frame(orderText("0xa", "UPDATE", "LIVE", "10", at+20))
		return s
	}
	check := func(s *script, matched book.Size) {
		t.Helper()
		v := s.core.view()
		if !v.Known || len(v.Orders()) != 1 || v.Orders()[0].Matched != matched {
			t.Fatalf("known %v, %+v", v.Known, v.Orders())
		}
	}
	s := begin()
	check(s, 50*book.Share)
	s.frame(failed)
	s.frame(orderText("0xa", "UPDATE", "LIVE", "10", at+15)) // older
	check(s, 50*book.Share)
	s.frame(orderText("0xa", "UPDATE", "LIVE", "10", at+5010))
	check(s, 10*book.Share)
	s.audit(firstAudit+time.Second, back, page(tradeText("t1", "0xa", "FAILED", "40", at/1000+5, 0)))
	check(s, 10*book.Share)
	if s.core.stats.Stale > 0 {
		t.Errorf("%+v", s.core.stats)
	}

	s = begin() // and the message is lost
	s.frame(failed)
	for n := 0; n < 5 && s.core.view().Orders()[0].Matched != 10*book.Share; n++ {
		s.audit(firstAudit+time.Second, back, page())
	}
	check(s, 10*book.Share)
}

// TestFillDuringQuestion: a fill of an order of which nothing else is known, that comes
// while REST is asked: the answer is older, and tells nothing of the order.
func TestFillDuringQuestion(t *testing.T) {
	s := scripted(t)
	s.join(page(), page())
	s.pass(firstAudit + time.Second)
	orders := s.want(ordersEffect, 0)
	s.frame(tradeText("t1", "0xa", "MATCHED", "30", at/1000, at))
	s.answer(orders, page())
	s.answer(s.want(tradesEffect, 0), page())
	s.state(true, NoReason)
	s.audit(2*time.Second, page(orderText("0xa", "x", "LIVE", "30", 0)), page(tradeText("t1", "0xa", "MATCHED", "30", at/1000, 0)))
	if v := s.core.view(); len(v.Orders()) != 1 || !v.Known {
		t.Errorf("%+v", v)
	}
}

// TestCancelledMeanwhile: an order that the stream told of a moment before the connection
// was lost, and that is not among the open ones after it: either REST is behind, or the
// message that it was cancelled was missed. Nobody knows until REST has had its time.
func TestCancelledMeanwhile(t *testing.T) {
	for _, open := range []bool{false, true} {
		s := scripted(t)
		s.join(page(), page())
		s.frame(orderText("0xa", "PLACEMENT", "LIVE", "0", at))
		s.tell(&input{kind: connClosed, conn: s.core.conn})
		s.state(false, Connecting)
		s.answer(s.open(), page())
		s.answer(s.want(tradesEffect, 0), page())
		s.state(false, Incomplete)
		answer, want := page(), 0
		if open {
			answer, want = page(orderText("0xa", "x", "LIVE", "0", 0)), 1
		}
		for n := 0; n < 3 && !s.core.known; n++ {
			s.audit(oldAgain, answer, page())
		}
		s.state(true, NoReason)
		if v := s.core.view(); len(v.Orders()) != want {
			t.Errorf("%+v, want %d", v.Orders(), want)
		}
	}
}

// TestGoneIsInferred: an order that was closed because one answer of REST did not have it
// opens again as soon as REST, or a message that is newer, says that it is open. A message
// that comes once more does not open it.
func TestGoneIsInferred(t *testing.T) {
	placed := orderText("0xa", "PLACEMENT", "LIVE", "0", at)
	gone := func() *script {
		s := scripted(t)
		s.join(page(), page())
		s.frame(placed)
		s.pass(recent + time.Second)
		s.answer(s.want(ordersEffect, 0), page()) // some seconds behind
		s.answer(s.want(tradesEffect, 0), page())
		s.state(true, NoReason)
		if v := s.core.view(); len(v.Orders()) != 0 {
			t.Fatalf("%+v", v.Orders())
		}
		s.frame(placed)
		if v := s.core.view(); len(v.Orders()) != 0 {
			t.Fatalf("a repeat opened it: %+v", v.Orders())
		}
		s.events = nil
		return s
	}
	check := func(s *script, matched book.Size) {
		t.Helper()
		v := s.core.view()
		if !v.Known || len(v.Orders()) != 1 || v.Orders()[0].Matched != matched || s.core.stats.Stale > 0 {
			t.Fatalf("known %v, %+v, %+v", v.Known, v.Orders(), s.core.stats)
		}
		if !slices.ContainsFunc(s.events, func(e Event) bool { return e.Kind == OrderEvent && e.Order.Status == Live }) {
			t.Errorf("nobody was told: %+v", s.events)
		}
	}
	s := gone()
	s.audit(auditInterval, page(orderText("0xa", "x", "LIVE", "0", 0)), page())
	check(s, 0)
	if !s.core.rest.at.Equal(s.now.Add(firstAudit)) {
		t.Errorf("REST is asked again in %v", s.core.rest.at.Sub(s.now))
	}

	s = gone()
	s.frame(orderText("0xa", "UPDATE", "LIVE", "30", at+10_000))
	s.frame(tradeText("t1", "0xa", "MATCHED", "30", at/1000+10, at+10_001))
	check(s, 30*book.Share)
	s.audit(2*time.Second, page(orderText("0xa", "x", "LIVE", "30", 0)), page(tradeText("t1", "0xa", "MATCHED", "30", at/1000+10, 0)))
	check(s, 30*book.Share)
	s.frame(orderText("0xa", "CANCELLATION", "CANCELED", "30", at+20_000))
	if v := s.core.view(); len(v.Orders()) != 0 || s.core.ledger.open != 0 {
		t.Errorf("%+v, %d", v.Orders(), s.core.ledger.open)
	}
}

// TestAnswerOfAnotherConnection: an answer to what was asked before the connection was
// lost tells nothing of what was missed since.
func TestAnswerOfAnotherConnection(t *testing.T) {
	s := scripted(t)
	orders := s.open()
	s.answer(orders, page())
	trades := s.want(tradesEffect, 0)
	s.tell(&input{kind: connClosed, conn: s.core.conn})
	s.answer(trades, page())
	s.state(false, Connecting)
	s.open()
	s.answer(trades, page())
	s.state(false, Asking)
}

// TestLatePong: a PONG to an earlier PING acknowledges no subscription.
func TestLatePong(t *testing.T) {
	s := scripted(t, market)
	s.join(page(), page())
	s.audit(firstAudit+time.Second, page(), page())
	s.want(pingEffect, pingInterval)
	s.tell(&input{kind: marketsAdded, markets: []string{"0x" + strings.Repeat("1", 64)}})
	s.want(subscribeEffect, 0)
	s.want(pingEffect, 0)
	s.frame("PONG")
	s.state(false, Joining)
	s.frame("PONG")
	s.state(false, Asking)
}

// TestLeaveDuringQuestion: what was asked before a market was left brings nothing of it
// back.
func TestLeaveDuringQuestion(t *testing.T) {
	other := "0x" + strings.Repeat("1", 64)
	foreign := strings.ReplaceAll(orderText("0xo", "x", "LIVE", "0", 0), market, other)
	s := scripted(t, market, other)
	s.join(page(foreign), page())
	s.pass(firstAudit + time.Second)
	s.answer(s.want(ordersEffect, 0), page(foreign))
	trades := s.want(tradesEffect, 0)
	s.tell(&input{kind: marketsLeft, markets: []string{other}})
	s.want(unsubscribeEffect, 0)
	s.answer(trades, page())
	if v := s.core.view(); len(v.Orders()) != 0 {
		t.Errorf("%+v", v.Orders())
	}
	s.audit(2*time.Second, page(foreign), page())
	if v := s.core.view(); len(v.Orders()) != 0 || !v.Known {
		t.Errorf("%+v", v)
	}
}

// TestLateOfAnotherMarket: leaving a market hides nothing of the others. What comes late of
// its own orders opens none of them when it is followed again.
func TestLateOfAnotherMarket(t *testing.T) {
	other := "0x" + strings.Repeat("1", 64)
	placed := strings.ReplaceAll(orderText("0xo", "PLACEMENT", "LIVE", "0", at+1000), market, other)
	s := scripted(t, market, other)
	s.join(page(), page())
	s.now = time.UnixMilli(at + 1000)
	s.frame(placed)
	s.tell(&input{kind: marketsLeft, markets: []string{other}})
	s.frame(orderText("0xa", "PLACEMENT", "LIVE", "0", at+900)) // 100 ms late
	if v := s.core.view(); !v.Known || len(v.Orders()) != 1 {
		t.Errorf("known %v, %+v; %+v", v.Known, v.Orders(), s.core.stats)
	}
	s.tell(&input{kind: marketsAdded, markets: []string{other}})
	s.frame(placed)
	if v := s.core.view(); len(v.Orders()) != 1 {
		t.Errorf("%+v", v.Orders())
	}
	l := s.core.ledger
	for i := range maxLeft + 10 {
		id := strconv.Itoa(i)
		l.orders[id] = &order{Order: Order{ID: id, Market: id, Updated: feed.Timestamp(i + 1)}}
		l.leave(id)
	}
	if len(l.left) != maxLeft || l.left[other] == 0 {
		t.Errorf("%d markets are remembered", len(l.left))
	}
}

// TestMarketsWhileDialling: what is added and left while the connection is dialled.
func TestMarketsWhileDialling(t *testing.T) {
	other := "0x" + strings.Repeat("1", 64)
	s := scripted(t, market)
	s.want(dialEffect, time.Second)
	s.tell(&input{kind: marketsAdded, markets: []string{other}})
	s.tell(&input{kind: marketsLeft, markets: []string{market}})
	s.tell(&input{kind: connOpened, conn: s.core.conn})
	if e := s.want(subscribeEffect, 0); !slices.Equal(e.markets, []string{other}) {
		t.Errorf("%+v", e)
	}
	if e := s.want(unsubscribeEffect, 0); !slices.Equal(e.markets, []string{market}) {
		t.Errorf("%+v", e)
	}
	s.want(pingEffect, 0)
	s.tell(&input{kind: connClosed, conn: s.core.conn})
	if e := s.want(dialEffect, time.Second); !slices.Equal(e.markets, []string{other}) {
		t.Errorf("%+v", e)
	}
	s.tell(&input{kind: connOpened, conn: s.core.conn})
	s.want(pingEffect, 0)
}

// TestOlderOrder: an order that was placed, and matched in part, before the account's time.
func TestOlderOrder(t *testing.T) {
	s := scripted(t)
	old := func(matched string) string {
		return strings.Replace(orderText("0xa", "x", "LIVE", matched, 0), "1725842401", fmt.Sprint(s.core.ledger.since/1000-5), 1)
	}
	s.join(page(old("30")), page())
	s.pass(4 * time.Second)
	s.state(true, NoReason)
	s.frame(tradeText("t1", "0xa", "MATCHED", "10", at/1000, at))
	s.frame(orderText("0xa", "UPDATE", "LIVE", "40", at))
	s.effects = nil
	s.state(true, NoReason)
	if v := s.core.view(); v.Orders()[0].Matched != 40*book.Share || len(s.core.suspects) > 0 {
		t.Errorf("%+v, %v", v.Orders(), s.core.suspects)
	}
}

// TestOlderOrderOnce: the fill of an order that was placed before the account's time counts
// once, whether the order's message or its trade comes first, and whichever of them REST
// lists first.
func TestOlderOrderOnce(t *testing.T) {
	fill := tradeText("t1", "0xa", "MATCHED", "20", at/1000, at)
	for _, created := range []string{"1725838795", ""} {
		order := func(kind, matched string) string {
			return strings.Replace(orderText("0xa", kind, "LIVE", matched, at), "1725842401", created, 1)
		}
		check := func(s *script, matched book.Size) {
			t.Helper()
			v := s.core.view()
			if !v.Known || len(v.Orders()) != 1 || v.Orders()[0].Matched != matched || len(s.core.suspects) > 0 {
				t.Fatalf("known %v, %+v, %v", v.Known, v.Orders(), s.core.suspects)
			}
		}
		s := scripted(t) // told by the stream while REST is asked
		s.join(page(order("x", "0")), page())
		s.pass(firstAudit + time.Second)
		e := s.want(ordersEffect, 0)
		s.frame(order("UPDATE", "20"))
		s.answer(e, page(order("x", "0")))
		s.answer(s.want(tradesEffect, 0), page())
		s.frame(fill)
		check(s, 20*book.Share)

		s = scripted(t) // REST lists the trade later than the order
		s.join(page(order("x", "20")), page())
		s.frame(fill)
		check(s, 20*book.Share)
		s.frame(tradeText("t2", "0xa", "MATCHED", "30", at/1000, at)) // and this one is new
		s.frame(order("UPDATE", "50"))
		check(s, 50*book.Share)

		s = scripted(t) // 20 were matched before, and 20 are now
		s.join(page(order("x", "20")), page())
		s.frame(fill)
		s.frame(order("UPDATE", "40"))
		check(s, 40*book.Share)
		s.frame(order("UPDATE", "60")) // whose trade is lost
		s.pass(maxSuspect + time.Second)
		e = s.want(ordersEffect, 0)
		s.pass(maxSuspect)
		s.state(false, Incomplete)
		s.answer(e, page(order("x", "60")))
		s.answer(s.want(tradesEffect, 0), page(fill))
		s.state(false, Incomplete)
		s.audit(2*time.Second, page(order("x", "60")), page(fill, tradeText("t2", "0xa", "MATCHED", "20", at/1000, at)))
		check(s, 60*book.Share)
	}
}

// TestFarTime: one message from far ahead makes nothing that comes later seem old.
func TestFarTime(t *testing.T) {
	s := scripted(t)
	s.join(page(), page())
	s.frame(orderText("0xz", "CANCELLATION", "CANCELED", "0", 4_000_000_000_000))
	s.frame(tradeText("t1", "0xz", "CONFIRMED", "10", 4_000_000_000, 4_000_000_000_000))
	s.audit(firstAudit+time.Second, page(), page())
	if after := s.core.after(); after > at {
		t.Errorf("trades after %v", after.Time())
	}
	for i := range maxClosed + 1 {
		s.frame(orderText(fmt.Sprint("o", i), "CANCELLATION", "CANCELED", "0", at))
	}
	s.now = s.now.Add(time.Second)
	s.frame(orderText("0xa", "PLACEMENT", "LIVE", "0", s.now.UnixMilli()))
	if v := s.core.view(); len(v.Orders()) != 1 {
		t.Errorf("%+v", v.Orders())
	}
}

// TestFillsOfAnOrder: fills of another side than their order, or of more than its size, are
// no fills of it, whichever comes first. REST decides.
func TestFillsOfAnOrder(t *testing.T) {
	placed := orderText("0xa", "PLACEMENT", "LIVE", "0", at)
	fill := func(id, size string) string { return tradeText(id, "0xa", "MATCHED", size, at/1000, at) }
	sold := strings.Replace(fill("t1", "30"), `"matched_amount"`, `"side":"SELL","matched_amount"`, 1)
	failed := strings.Replace(fill("t1", "60"), "MATCHED", "FAILED", 1)
	for _, c := range []struct {
		frames  []string
		trades  string
		matched book.Size // after REST has answered, -1 if it contradicts as well
	}{
		{[]string{placed, sold}, page(), 0},
		{[]string{sold, placed}, page(), -1},
		{[]string{placed, fill("t1", "60"), fill("t2", "60")}, page(fill("t1", "60")), 60},
		{[]string{fill("t1", "60"), fill("t2", "60"), placed}, page(), -1},
		{[]string{placed, fill("t1", "60"), fill("t2", "60")}, page(fill("t2", "60"), fill("t1", "60")), -1},
		// One has failed, of which the message was lost, and the other came instead.
		{[]string{placed, fill("t1", "60"), fill("t2", "60")}, page(fill("t2", "60"), failed), 60},
	} {
		s := scripted(t)
		s.join(page(), page())
		for _, f := range c.frames {
			s.frame(f)
		}
		if s.core.known || s.core.reason != Contradiction {
			t.Errorf("%v: known %v, %v", c.frames, s.core.known, s.core.reason)
		}
		matched := fmt.Sprint(max(c.matched, 0))
		s.audit(firstAudit, page(orderText("0xa", "x", "LIVE", matched, 0)), c.trades)
		if v := s.core.view(); v.Known != (c.matched >= 0) || v.Known && v.Orders()[0].Matched != c.matched*book.Share {
			t.Errorf("%v: known %v, %v, %+v", c.frames, v.Known, v.Reason, v.Orders())
		}
	}
}

// TestPendingTrades: trades are asked for from the oldest on that may still change.
func TestPendingTrades(t *testing.T) {
	s := scripted(t)
	s.join(page(), page())
	s.frame(orderText("0xa", "PLACEMENT", "LIVE", "0", at))
	s.frame(tradeText("t1", "0xa", "MATCHED", "40", at/1000, at+10))
	s.now = s.now.Add(10*time.Minute + 5*time.Second)
	s.frame(orderText("0xb", "PLACEMENT", "LIVE", "0", at+600_000))
	open := page(orderText("0xa", "x", "LIVE", "40", 0), orderText("0xb", "x", "LIVE", "0", 0))
	s.audit(firstAudit+time.Second, open, page())
	if after := s.core.after(); after != at-60_000 {
		t.Errorf("trades after %v", after.Time())
	}
	s.frame(tradeText("t1", "0xa", "CONFIRMED", "40", at/1000+2, at+2000))
	if after := s.core.after(); after != at+600_000-60_000 {
		t.Errorf("trades after %v", after.Time())
	}
}
