package user

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/truebook/book"
)

// TestBehindWithinASecond: an answer of REST that is a second behind does not set back what
// the stream has told, and nor does a message that comes once more.
func TestBehindWithinASecond(t *testing.T) {
	told := func(status string, ms int64) string { return tradeText("t1", "0xa", status, "10", at/1000, ms) }
	s := scripted(t)
	s.join(page(resting("0xa", "0")), page())
	for i, status := range []string{"MATCHED", "MINED", "RETRYING", "MINED"} {
		s.frame(told(status, at+int64(i)))
	}
	s.exchange(firstAudit-time.Second, page(resting("0xa", "10")))
	s.audit(2*time.Second, page(resting("0xa", "10")), page(told("RETRYING", 0)))
	status := func(want TradeStatus) {
		t.Helper()
		if v := s.core.view(); len(v.Fills()) != 1 || v.Fills()[0].Status != want || v.Fills()[0].Size != 10*book.Share {
			t.Errorf("%+v, want %v", v.Fills(), want)
		}
	}
	status(Mined)
	s.audit(3*time.Second, page(resting("0xa", "10")), page(told("MINED", 0)))
	status(Mined)
	s.state(true, NoReason)
	if st := s.core.stats; st.Stale != 1 {
		t.Errorf("%+v", st)
	}
}

// TestRepeatedAfterREST: REST is the first to say that a trade is retried. What the stream
// said before, and says once more, does not set it back; what it says later counts.
func TestRepeatedAfterREST(t *testing.T) {
	for _, first := range []bool{true, false} {
		told := func(status string, ms int64) string { return tradeText("t1", "0xa", status, "10", at/1000, ms) }
		s := scripted(t)
		s.join(page(resting("0xa", "0")), page())
		if first {
			s.frame(told("MINED", at+1))
		}
		s.exchange(firstAudit-time.Second, page(resting("0xa", "10")), listed{at / 1000, told("RETRYING", 0)})
		s.exchange(10*time.Second, page(resting("0xa", "10")), listed{at / 1000, told("RETRYING", 0)})
		for range 3 {
			s.frame(told("MINED", at+1))
			if f := s.core.view().Fills(); len(f) != 1 || f[0].Status != Retrying {
				t.Errorf("%v: %+v", first, f)
			}
		}
		s.frame(told("MINED", at+2))
		if f := s.core.view().Fills(); f[0].Status != Mined {
			t.Errorf("%v: %+v", first, f)
		}
	}
}

// TestForcedBelowTheFloor: a trade that is older than those that are forgotten, and of which
// REST says less than the stream had said until that is believed, is not lost for it.
func TestForcedBelowTheFloor(t *testing.T) {
	s := scripted(t)
	s.core.ledger.keep = 0
	s.join(page(resting("0xa", "0")), page())
	s.frame(fillOf("t1", "0xa", "MINED", "10", at/1000).text)
	s.frame(fillOf("t2", "0xa", "CONFIRMED", "10", at/1000+2).text)
	s.frame(orderText("0xa", "UPDATE", "LIVE", "20", at+2000))
	s.frame(orderText("0xb", "CANCELLATION", "CANCELED", "0", at+100_000))
	s.now = time.UnixMilli(at + 101_000)
	mined := fillOf("t1", "0xa", "MINED", "10", at/1000)
	s.exchange(time.Minute, page(resting("0xa", "20")), mined)
	s.frame(orderText("0xb", "CANCELLATION", "CANCELED", "0", s.now.UnixMilli()))
	s.exchange(time.Minute, page(resting("0xa", "20")), mined)
	if s.core.stats.Forgotten != 1 || s.core.ledger.floor(market) <= at {
		t.Fatalf("%+v", s.core.stats)
	}
	s.exchange(2*believedTime, page(resting("0xa", "20")), fillOf("t1", "0xa", "MATCHED", "10", at/1000))
	s.state(true, NoReason)
	if v := s.core.view(); len(v.Fills()) != 1 || v.Fills()[0].Status != MatchedTrade || v.Orders()[0].Matched != 20*book.Share {
		t.Errorf("%+v, %+v", v.Fills(), v.Orders())
	}
}

// TestOldDoubt: an answer of REST that was old on one connection does not have an old one
// believed at once on a later one.
func TestOldDoubt(t *testing.T) {
	s := scripted(t)
	s.join(page(resting("0xa", "0"), resting("0xb", "0")), page())
	s.frame(orderText("0xa", "CANCELLATION", "CANCELED", "0", at+100))
	s.exchange(firstAudit+time.Second, page(resting("0xa", "0"), resting("0xb", "0")))
	if s.core.stats.Stale != 1 {
		t.Fatalf("%+v", s.core.stats)
	}
	s.core.step(s.now, &input{kind: connClosed, conn: s.core.conn}, nil)
	s.now = s.now.Add(2 * believedTime)
	s.tell(&input{kind: timerRang})
	s.want(dialEffect, 2*time.Minute)
	s.tell(&input{kind: connOpened, conn: s.core.conn})
	s.want(pingEffect, 0)
	s.frame(orderText("0xb", "CANCELLATION", "CANCELED", "0", s.now.UnixMilli()))
	s.frame("PONG")
	s.answer(s.want(ordersEffect, 0), page(resting("0xb", "0"))) // a moment behind
	s.answer(s.want(tradesEffect, 0), page())
	if v := s.core.view(); v.Known {
		t.Errorf("known: %+v", v.Orders())
	}
	s.exchange(10*time.Second, page())
	s.state(true, NoReason)
	if v := s.core.view(); len(v.Orders()) > 0 {
		t.Errorf("%+v", v.Orders())
	}
}

// TestListedAtItsEnd: an order that REST lists with all of it matched is no contradiction to
// that it is matched.
func TestListedAtItsEnd(t *testing.T) {
	s := scripted(t)
	s.join(page(resting("0xa", "0")), page())
	s.frame(fillOf("t1", "0xa", "CONFIRMED", "100", at/1000).text)
	s.frame(orderText("0xa", "UPDATE", "MATCHED", "100", at+100))
	s.exchange(time.Minute, page(orderText("0xa", "x", "MATCHED", "100", 0)), fillOf("t1", "0xa", "CONFIRMED", "100", at/1000))
	s.state(true, NoReason)
	if v := s.core.view(); len(v.Orders()) > 0 || s.core.stats.Stale > 0 {
		t.Errorf("%+v, %+v", v.Orders(), s.core.stats)
	}
}

// TestBusyAndBehind: an account that cancels orders all the time, and a REST that is a moment
// behind each time that it is asked. What is cancelled stays so.
func TestBusyAndBehind(t *testing.T) {
	s := scripted(t)
	s.join(page(), page())
	var last, previous string
	for i := range 600 {
		last, previous = fmt.Sprint("0x", i), fmt.Sprint("0x", max(i-1, 0))
		asked := s.effects
		s.frame(orderText(last, "PLACEMENT", "LIVE", "0", s.now.UnixMilli()))
		s.frame(orderText(last, "CANCELLATION", "CANCELED", "0", s.now.UnixMilli()+1))
		s.effects = append(asked, s.effects...)
		s.exchange(500*time.Millisecond, page(resting(previous, "0")))
		if v := s.core.view(); v.Known && len(v.Orders()) > 0 {
			t.Fatalf("after %d: %+v", i, v.Orders())
		}
	}
	s.exchange(10*time.Second, page())
	s.state(true, NoReason)
	t.Logf("%+v", s.core.stats)
}

// TestLaterTradeOfOlderOrder: of an order that was matched before the account's time, a trade
// of long after is none of those that had matched it: it counts at once, whatever becomes of
// the order's own message.
func TestLaterTradeOfOlderOrder(t *testing.T) {
	s := scripted(t)
	before := strconv.FormatInt(int64(s.core.ledger.since)/1000-100, 10)
	older := page(strings.Replace(resting("0xa", "30"), "1725842401", before, 1))
	s.join(older, page())
	s.exchange(2*clockError, older)
	s.frame(fillOf("t1", "0xa", "MATCHED", "20", s.now.Unix()).text)
	if v := s.core.view(); !v.Known || v.Orders()[0].Matched != 50*book.Share {
		t.Errorf("known %v: %+v", v.Known, v.Orders())
	}
	// One that was taken for such is none, if the order's message comes before its trade.
	s.exchange(2*clockError, strings.Replace(older, `"30"`, `"50"`, 1))
	s.frame(fillOf("t0", "0xa", "CONFIRMED", "10", int64(s.core.ledger.since)/1000-50).text)
	s.frame(strings.Replace(orderText("0xa", "UPDATE", "LIVE", "60", s.now.UnixMilli()), "1725842401", before, 1))
	s.frame(fillOf("t2", "0xa", "MATCHED", "10", s.now.Unix()).text)
	if v := s.core.view(); !v.Known || v.Orders()[0].Matched != 60*book.Share {
		t.Errorf("known %v: %+v", v.Known, v.Orders())
	}
}
