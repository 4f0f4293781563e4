package user

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/truebook/feed"
)

// closeMany lets the ledger remember as many closed orders as it can.
func (s *script) closeMany(prefix string, n int) {
	s.t.Helper()
	for i := range n {
		s.frame(orderText(fmt.Sprintf("%s%05d", prefix, i), "CANCELLATION", "CANCELED", "0", at+int64(i)))
	}
}

// TestForgottenOrderFails: a trade may fail when its order is remembered no more.
func TestForgottenOrderFails(t *testing.T) {
	t.Parallel()
	s := scripted(t)
	s.join(page(), page())
	s.frame(orderText("0xa", "PLACEMENT", "LIVE", "0", at))
	s.frame(fillOf("t1", "0xa", "MINED", "100", at/1000).text)
	s.closeMany("0xc", maxClosed)
	if s.core.ledger.orders["0xa"] != nil {
		t.Fatal("the order is remembered")
	}
	s.frame(fillOf("t1", "0xa", "FAILED", "100", at/1000+5).text)
	if v := s.core.view(); len(v.Fills()) != 1 || v.Fills()[0].Status != Failed {
		t.Errorf("%+v", v.Fills())
	}
}

// TestAbsentWhileFull: orders that REST does not have any more are closed when as many are
// remembered as can be.
func TestAbsentWhileFull(t *testing.T) {
	t.Parallel()
	s := scripted(t)
	s.join(page(resting("0xa", "0"), resting("0xb", "0")), page())
	s.closeMany("0xc", maxClosed)
	s.exchange(time.Minute, page(resting("0xb", "0")))
	s.state(true, NoReason)
	if v := s.core.view(); len(v.Orders()) != 1 || len(s.core.ledger.orders) != maxClosed+1 {
		t.Errorf("%+v, %d orders", v.Orders(), len(s.core.ledger.orders))
	}
}

// TestTradeWhileFull: a trade that closes one order, and concerns one that is forgotten for
// that.
func TestTradeWhileFull(t *testing.T) {
	t.Parallel()
	s := scripted(t)
	s.join(page(), page())
	s.frame(orderText("0xa", "PLACEMENT", "LIVE", "0", at))
	s.closeMany("0xc", maxClosed)
	second := fmt.Sprintf(`},{"order_id":"0xc00000","owner":"%s","matched_amount":"10","price":"0.5","asset_id":"%s"}]`, owner, yes)
	s.frame(strings.Replace(fillOf("t1", "0xa", "MATCHED", "100", at/1000).text, "}]", second, 1))
	if v := s.core.view(); len(v.Fills()) != 2 || len(v.Orders()) != 0 {
		t.Errorf("%+v, %+v", v.Fills(), v.Orders())
	}
}

// TestManyFillsEach: trades of many of the account's orders each are forgotten as well.
func TestManyFillsEach(t *testing.T) {
	t.Parallel()
	s := scripted(t)
	s.join(page(), page())
	const each = 256
	var last listed
	for i := range 2 * maxFills / each {
		second := at/1000 + int64(i)*30
		var makers []string
		for j := range each {
			makers = append(makers, fmt.Sprintf(`{"order_id":"0x%d","owner":"%s","matched_amount":"0.01","price":"0.5","asset_id":"%s"}`, j, owner, yes))
		}
		text := fillOf(fmt.Sprint("t", i), "0xa", "CONFIRMED", "1", second).text
		from, to := strings.Index(text, `[{"order_id`), strings.Index(text, "]}")
		last = listed{second, text[:from] + "[" + strings.Join(makers, ",") + text[to:]}
		s.now = time.Unix(second, 0)
		s.frame("PONG")
		s.frame(last.text)
		s.exchange(2*time.Second, page(), last)
	}
	s.exchange(time.Minute, page(), last)
	s.state(true, NoReason)
	if n := len(s.core.view().Fills()); n > keepFills+1000 || n < keepFills || s.core.stats.BadMessages > 0 {
		t.Errorf("%d fills, %+v", n, s.core.stats)
	}
}

// TestManyTradesMissed: as many trades are kept as can be, and more than there is room for
// beside them are made while there is no connection.
func TestManyTradesMissed(t *testing.T) {
	t.Parallel()
	s := scripted(t)
	s.join(page(), page())
	trade := func(i int) listed {
		return fillOf(fmt.Sprint("t", i), "big", "CONFIRMED", "0.01", at/1000+int64(i))
	}
	open := func(i int) string { return page(resting("big", fmt.Sprintf("%d.%02d", i/100, i%100))) }
	s.frame(orderText("big", "PLACEMENT", "LIVE", "0", at))
	for i := 1; i <= maxTrades; i++ {
		s.now = time.Unix(at/1000+int64(i), 0)
		s.frame(trade(i).text)
	}
	s.core.step(s.now, &input{kind: connClosed, conn: s.core.conn}, nil)
	s.exchange(3*time.Second, open(maxTrades), trade(maxTrades))
	s.state(true, NoReason)
	s.tell(&input{kind: connClosed, conn: s.core.conn})
	const all = 2*maxTrades + 200
	var missed []listed
	for i := maxTrades + 1; i <= all; i++ {
		missed = append(missed, trade(i))
	}
	s.now = time.Unix(at/1000+all+5, 0)
	s.exchange(30*time.Second, open(all), missed...)
	s.state(true, NoReason)
	if v := s.core.view(); v.Orders()[0].Matched != all*10_000 || len(v.Fills()) < maxTrades {
		t.Errorf("%+v, %d fills", v.Orders(), len(v.Fills()))
	}
}

// TestMatchedByMuch: what trades that are forgotten have matched counts in the bound of what an
// order may be matched by.
func TestMatchedByMuch(t *testing.T) {
	t.Parallel()
	l := newLedger(0, &Stats{})
	l.now = time.UnixMilli(at)
	var err error
	for i := 0; err == nil && i < 93_000; i++ {
		when := feed.Timestamp(at + i*1000)
		fill := Fill{Order: "0xa", Market: market, Token: yes, Size: maxShares, Role: Taker, Status: Confirmed}
		err = l.mergeTrade(&tradeNews{id: strconv.Itoa(i), market: market, time: when, updated: when, status: Confirmed, fills: []Fill{fill}}, true)
		l.forget(when+1, 0, 0)
	}
	if o := l.orders["0xa"]; err == nil || o.before+o.filled < 0 {
		t.Errorf("%v, and %v matched", err, o.before+o.filled)
	}
}
