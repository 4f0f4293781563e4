package user

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed/keys"
)

// listed is a trade that REST has, of which it tells those who ask for its time.
type listed struct {
	second int64 // when it was matched
	text   string
}

// fillOf is a trade of an order that was matched at a second, of the stream and by REST.
func fillOf(id, order, status, size string, second int64) listed {
	text := tradeText(id, order, status, size, second, second*1000)
	return listed{second, strings.Replace(text, `"match_time":"1725842402"`, fmt.Sprintf(`"match_time":"%d"`, second), 1)}
}

// resting is an open order by REST.
func resting(id, matched string) string { return orderText(id, "x", "LIVE", matched, 0) }

// exchange answers all that is asked for a time, as an exchange does that has orders and
// trades, and returns from when on trades were asked for at the earliest.
func (s *script) exchange(d time.Duration, orders string, trades ...listed) (earliest time.Time) {
	s.t.Helper()
	for end := s.now.Add(d); s.now.Before(end); {
		if len(s.effects) == 0 {
			s.pass(100 * time.Millisecond)
			continue
		}
		e, rest := s.effects[0], s.effects[1:]
		s.effects = nil
		switch e.kind {
		case dialEffect:
			s.tell(&input{kind: connOpened, conn: e.conn})
		case pingEffect:
			for s.core.phase >= joiningPhase && s.core.pongs < s.core.pings { // also those of before
				s.frame("PONG")
			}
		case ordersEffect:
			s.answer(e, orders)
		case tradesEffect:
			if earliest.IsZero() || e.after.Before(earliest) {
				earliest = e.after
			}
			var some []string
			for _, t := range trades {
				if t.second > e.after.Unix() {
					some = append(some, t.text)
				}
			}
			s.answer(e, page(some...))
		case dropEffect, subscribeEffect, unsubscribeEffect:
		}
		s.effects = append(rest, s.effects...)
	}
	return earliest
}

// TestTradeListedLate: a trade that the stream lost, and that REST lists only when the time
// it was matched at is asked for no more, is found all the same: the order that lacks it is
// as old. Once it is found, REST is asked for the last minute again.
func TestTradeListedLate(t *testing.T) {
	for _, age := range []time.Duration{2 * time.Minute, time.Hour, 30 * time.Hour} {
		s := scripted(t)
		s.join(page(), page())
		s.frame(orderText("0xa", "PLACEMENT", "LIVE", "0", at))
		s.exchange(10*time.Second, page(resting("0xa", "0")))
		s.now = s.now.Add(age)
		s.frame(orderText("0xb", "CANCELLATION", "CANCELED", "0", s.now.UnixMilli()))
		s.exchange(10*time.Minute, page(resting("0xa", "0")))
		s.state(true, NoReason)
		missing := fillOf("t1", "0xa", "CONFIRMED", "30", at/1000)
		earliest := s.exchange(3*time.Minute, page(resting("0xa", "30")), missing)
		v := s.core.view()
		if !v.Known || len(v.Fills()) != 1 || v.Orders()[0].Matched != 30*book.Share {
			t.Fatalf("%v: known %v, %v: %+v, %+v", age, v.Known, v.Reason, v.Orders(), v.Fills())
		}
		if created := time.Unix(1725842401, 0); earliest.Before(created.Add(-overlap)) {
			t.Errorf("%v: trades were asked for from %v before the order was placed", age, created.Sub(earliest))
		}
		asked := s.exchange(time.Minute, page(resting("0xa", "30")), missing)
		newest := s.core.ledger.newest.Time()
		if asked.Before(newest.Add(-overlap)) {
			t.Errorf("%v: then from %v before the newest", age, newest.Sub(asked))
		}
		s.frame(orderText("0xa", "UPDATE", "LIVE", "40", s.now.UnixMilli())) // the next one is not so old
		asked = s.exchange(askSuspect+leastAgain/2, page(resting("0xa", "40")), missing)
		if asked.IsZero() || asked.Before(newest.Add(-overlap)) {
			t.Errorf("%v: again from %v before the newest", age, newest.Sub(asked))
		}
	}
}

// TestTradeNeverListed: an order that was matched by a trade that REST does not list either
// leaves own state unknown, and REST is asked for no more than what is as old as the order.
func TestTradeNeverListed(t *testing.T) {
	for _, created := range []string{"1725842401", ""} {
		order := strings.Replace(resting("0xa", "30"), "1725842401", created, 1)
		s := scripted(t)
		s.join(page(), page())
		s.exchange(10*time.Second, page())
		s.frame(strings.Replace(orderText("0xa", "PLACEMENT", "LIVE", "0", at), "1725842401", created, 1))
		s.exchange(10*time.Second, page(strings.Replace(order, `"30"`, `"0"`, 1)))
		requests := s.core.stats.Requests
		earliest := s.exchange(time.Hour, page(order))
		s.state(false, Incomplete)
		if n := s.core.stats.Requests - requests; n > 2*(3600/30+10) {
			t.Errorf("%d requests", n)
		}
		if earliest.Before(s.core.ledger.since.Time().Add(-maxBack)) {
			t.Errorf("asked from %v on", earliest)
		}
	}
}

// TestSinceAhead: with an account's time that is after all that happens, as by a clock that
// is a day fast, orders are what they are, fills count for them once and are not shown; and
// what was missed without a connection is found.
func TestSinceAhead(t *testing.T) {
	for _, created := range []string{"1725842401", "1725700000"} {
		order := func(kind, matched string) string {
			return strings.Replace(orderText("0xa", kind, "LIVE", matched, at), "1725842401", created, 1)
		}
		s := scripted(t)
		s.core = newCore(keys.NewSecret(owner), nil, time.UnixMilli(at).Add(24*time.Hour), 1)
		s.now = s.now.Add(48 * time.Hour)
		s.tell(&input{kind: runBegan})
		s.join(page(order("x", "30")), page())
		check := func(matched book.Size) {
			t.Helper()
			v := s.core.view()
			if !v.Known || len(v.Orders()) != 1 || v.Orders()[0].Matched != matched*book.Share || len(s.core.suspects) > 0 || len(v.Fills()) > 0 {
				t.Fatalf("known %v, %v: %+v, %v, %+v", v.Known, v.Reason, v.Orders(), s.core.suspects, v.Fills())
			}
		}
		first := fillOf("t1", "0xa", "MATCHED", "20", at/1000)
		s.frame(first.text)
		s.frame(order("UPDATE", "50"))
		s.frame(fillOf("t1", "0xa", "CONFIRMED", "20", at/1000).text)
		check(50)
		first = fillOf("t1", "0xa", "CONFIRMED", "20", at/1000)
		s.exchange(20*time.Second, page(order("x", "50")), first)
		check(50)
		// The connection is lost, and with it what is said of a trade.
		second := fillOf("t2", "0xa", "MATCHED", "10", at/1000+5)
		s.tell(&input{kind: connClosed, conn: s.core.conn})
		s.exchange(5*time.Second, page(order("x", "60")), first, second)
		check(60)
		for _, e := range s.events {
			if e.Kind == FillEvent {
				t.Errorf("told of %+v", e.Fill)
			}
		}
	}
}

// TestOlderTrades: what the stream says of trades that were matched before the account's
// time makes no orders, and a failure of one gives back what it had matched.
func TestOlderTrades(t *testing.T) {
	for _, statuses := range [][]string{{"MINED", "RETRYING", "FAILED"}, {"FAILED"}} {
		olderTrades(t, statuses)
	}
}

func olderTrades(t *testing.T, statuses []string) {
	t.Helper()
	s := scripted(t)
	before := int64(s.core.ledger.since)/1000 - 100
	old := strings.Replace(resting("0xa", "30"), "1725842401", strconv.FormatInt(before, 10), 1)
	s.join(page(old), page())
	s.frame(fillOf("t1", "0xclosed", "CONFIRMED", "20", before).text)
	for _, status := range statuses {
		s.frame(fillOf("t2", "0xa", status, "20", before).text)
	}
	s.frame(strings.Replace(orderText("0xa", "UPDATE", "LIVE", "10", at+5000), "1725842401", strconv.FormatInt(before, 10), 1))
	v := s.core.view()
	if len(v.Orders()) != 1 || v.Orders()[0].Matched != 10*book.Share || len(v.Fills()) > 0 || len(s.core.ledger.orders) != 1 {
		t.Errorf("%+v, %+v, %d orders", v.Orders(), v.Fills(), len(s.core.ledger.orders))
	}
	kept := len(s.core.ledger.trades)
	s.exchange(time.Minute, page(strings.Replace(old, `"30"`, `"10"`, 1)), fillOf("t3", "0xa", "CONFIRMED", "5", before+70))
	s.state(true, NoReason)
	if n := len(s.core.ledger.trades); n != kept { // it lacks none
		t.Errorf("%d trades, %d before", n, kept)
	}
	if s.core.stats.Stale > 0 || s.core.epoch != 1 {
		t.Errorf("%+v, epoch %d", s.core.stats, s.core.epoch)
	}
}

// TestShiftedTrades: a trade that slips from one page to another while they are read, as if
// two servers answered of which one is behind, is found.
func TestShiftedTrades(t *testing.T) {
	one := func(i int64) string { return fillOf(fmt.Sprint("t", i), "0xa", "CONFIRMED", "1", at/1000+i).text }
	s := scripted(t)
	s.answer(s.open(), page(resting("0xb", "0")))
	ask := func(cursor, text string) {
		t.Helper()
		e := s.want(tradesEffect, 0)
		if e.cursor != cursor {
			t.Fatalf("cursor %q, want %q", e.cursor, cursor)
		}
		s.answer(e, text)
	}
	more := func(text string) string { return strings.Replace(text, "LTE=", "Mg==", 1) }
	ask("", more(page(one(4), one(3))))
	ask("Mg==", page(one(1)))
	s.state(false, Asking)
	ask("", more(page(one(4), one(3))))
	ask("Mg==", page(one(2), one(1)))
	s.state(false, Asking)
	f := s.core.rest.flight
	ask("", more(page(one(4), one(3))))
	ask("Mg==", page(one(2), one(1)))
	s.state(true, NoReason)
	if v := s.core.view(); len(v.Fills()) != 4 || f.fills != 4 || len(s.effects) > 0 {
		t.Errorf("%+v, and %d were kept", v.Fills(), f.fills)
	}
	// What is all known is read once.
	s.exchange(firstAudit-time.Second, page(resting("0xb", "0")))
	s.pass(2 * time.Second)
	s.answer(s.want(ordersEffect, 0), page(resting("0xb", "0")))
	ask("", more(page(one(4), one(3))))
	ask("Mg==", page(one(2), one(1)))
	if len(s.effects) > 0 || s.core.rest.flight != nil {
		t.Errorf("%+v", s.effects)
	}
}
