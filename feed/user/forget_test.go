package user

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/truebook/book"
)

// TestFollowAfterForgetting: the fills of a market that is followed later are there, though
// they are older than trades of another one that are forgotten; and none of those counts
// again.
func TestFollowAfterForgetting(t *testing.T) {
	other := "0x" + strings.Repeat("1", 64)
	s := scripted(t, market)
	s.core.ledger.keep = 50
	s.join(page(), page())
	var all []listed
	s.frame(orderText("big", "PLACEMENT", "LIVE", "0", at))
	for i := range int64(90) {
		s.now = s.now.Add(time.Second)
		all = append(all, fillOf(fmt.Sprint("t", i), "big", "CONFIRMED", "1", at/1000+i))
		s.frame(all[i].text)
	}
	big := resting("big", "90")
	s.exchange(3*time.Minute, page(big), all...)
	// The newest time may have been told by any order.
	s.frame(orderText("0xb", "CANCELLATION", "CANCELED", "0", s.now.UnixMilli()))
	s.exchange(time.Minute, page(big), all...)
	s.state(true, NoReason)
	if n := len(s.core.ledger.trades); n != 50 || s.core.stats.Forgotten != 40 {
		t.Fatalf("%d trades, %+v", n, s.core.stats)
	}
	order := strings.ReplaceAll(resting("0xo", "30"), market, other)
	fill := fillOf("u1", "0xo", "CONFIRMED", "30", at/1000)
	fill.text = strings.ReplaceAll(fill.text, market, other)
	all = append(all, fill)
	check := func(trades string) {
		t.Helper()
		s.exchange(time.Minute, page(big, order), all...)
		s.state(true, NoReason)
		told := map[string]int{}
		for _, e := range s.events {
			if e.Kind == FillEvent && strings.HasPrefix(e.Fill.Trade, trades) {
				told[e.Fill.Trade]++
			}
		}
		n := 0
		for _, trade := range all {
			if strings.Contains(trade.text, `"id":"`+trades) {
				n++
			}
		}
		once := len(told) == n
		for _, times := range told {
			once = once && times == 1
		}
		if v := s.core.view(); !once || len(v.Fills()) != 50 || len(v.Orders()) != 2 || len(s.core.ledger.floors) > 2 {
			t.Errorf("%d fills, %d orders, told %v, %v", len(v.Fills()), len(v.Orders()), told, s.core.ledger.floors)
		}
		for _, o := range s.core.view().Orders() {
			if want := map[string]book.Size{"big": 90, "0xo": 30}[o.ID] * book.Share; o.Matched != want {
				t.Errorf("%+v, want %v", o, want)
			}
		}
		s.events = nil
	}
	s.events = nil
	s.tell(&input{kind: marketsAdded, markets: []string{other}})
	check("u")
	// A market that was left, and is followed again, has its fills from the beginning.
	s.tell(&input{kind: marketsLeft, markets: []string{market}})
	s.tell(&input{kind: marketsAdded, markets: []string{market}})
	check("t")
}

// TestStuckTrade: one trade that is never confirmed keeps none of the later ones, and does
// not have them all asked for; and is as good as new when it is confirmed at last.
func TestStuckTrade(t *testing.T) {
	if testing.Short() {
		t.Skip("many messages, and one goroutine")
	}
	s := scripted(t)
	s.join(page(), page())
	s.frame(orderText("stuck", "PLACEMENT", "LIVE", "0", at))
	s.frame(fillOf("stuck", "stuck", "MATCHED", "1", at/1000).text)
	s.frame(orderText("big", "PLACEMENT", "LIVE", "0", at))
	open := func(i int) string {
		return page(resting("stuck", "1"), resting("big", fmt.Sprintf("%d.%02d", i/100, i%100)))
	}
	var last listed
	n := 2*maxTrades + 10
	for i := 1; i <= n; i++ {
		second := at/1000 + int64(i)*10
		s.now = time.Unix(second, 0)
		last = fillOf(fmt.Sprint("t", i), "big", "CONFIRMED", "0.01", second)
		s.frame(last.text)
		if i%500 == 0 {
			s.core.step(s.now, &input{kind: connClosed, conn: s.core.conn}, nil) // time has passed
			s.exchange(3*time.Second, open(i), last)
			s.state(true, NoReason)
			if len(s.core.ledger.trades) > maxTrades+10 {
				t.Fatalf("%d trades after %d", len(s.core.ledger.trades), i)
			}
		}
	}
	earliest := s.exchange(time.Minute, open(n), last)
	if v := s.core.view(); !v.Known || len(v.Fills()) > maxTrades+10 || v.Fills()[0].Trade != "stuck" || v.Fills()[0].Status != MatchedTrade {
		t.Fatalf("known %v, %v, %d fills, %+v", v.Known, v.Reason, len(v.Fills()), v.Fills()[0])
	}
	if earliest.Before(time.Unix(last.second, 0).Add(-pendingTime - overlap)) {
		t.Errorf("trades were asked for from %v before", time.Unix(last.second, 0).Sub(earliest))
	}
	s.frame(fillOf("stuck", "stuck", "CONFIRMED", "1", at/1000).text)
	if f := s.core.view().Fills()[0]; f.Trade != "stuck" || f.Status != Confirmed {
		t.Errorf("%+v", f)
	}
	s.frame(fillOf("t1", "big", "CONFIRMED", "0.01", at/1000+10).text) // it was forgotten
	for _, o := range s.core.view().Orders() {
		if want := map[string]book.Size{"big": book.Size(n) * 10_000, "stuck": book.Share}[o.ID]; o.Matched != want {
			t.Errorf("%+v, want %v", o, want)
		}
	}
}

// manyFills is a trade of many orders of the account, at the same price.
func manyFills(id string, n int) string {
	var makers []string
	for i := range n {
		makers = append(makers, fmt.Sprintf(`{"order_id":"%s-%d","owner":"%s","matched_amount":"1","price":"0.5","asset_id":"7"}`, id, i, owner))
	}
	return fmt.Sprintf(`{"event_type":"trade","id":"%s","taker_order_id":"x","market":"m","asset_id":"7","side":"BUY","price":"0.5","size":"1",`+
		`"status":"CONFIRMED","match_time":"1725842402","trader_side":"MAKER","maker_orders":[%s]}`, id, strings.Join(makers, ","))
}

// TestFillsOfAnAnswer: what is kept of an answer is bounded by its fills, whatever the
// number of its trades; and what is read of it by its bytes.
func TestFillsOfAnAnswer(t *testing.T) {
	s := scripted(t)
	s.answer(s.open(), page())
	e := s.want(tradesEffect, 0)
	f, pages := s.core.rest.flight, 0
	for ; s.core.rest.flight == f; pages++ {
		s.answer(e, strings.Replace(page(manyFills(fmt.Sprint("t", pages), maxMakers)), "LTE=", fmt.Sprint("p", pages), 1))
		if len(s.effects) > 0 {
			e = s.effects[0]
		}
	}
	s.state(false, TooMuch)
	if n := maxFills/maxMakers + 1; pages != n || f.fills > maxFills+maxMakers {
		t.Errorf("%d pages, want %d; %d fills", pages, n, f.fills)
	}

	for _, trades := range []bool{false, true} {
		s := scripted(t)
		e := s.open()
		if trades {
			s.answer(e, page())
			e = s.want(tradesEffect, 0)
		}
		foreign := strings.Replace(page(), "LTE=", "Mg==", 1)
		s.core.rest.flight.read = maxRead - len(foreign)
		s.answer(e, foreign)
		s.state(false, Asking)
		if len(s.effects) == 0 {
			t.Fatal("nothing is asked for")
		}
		s.answer(s.effects[0], page())
		s.state(false, TooMuch)
	}
}

// TestFillsOfTheStream: trades of many fills each are too much before they are many.
func TestFillsOfTheStream(t *testing.T) {
	s := scripted(t)
	s.join(page(), page())
	n := 0
	for ; s.core.known; n++ {
		s.frame(strings.ReplaceAll(manyFills(fmt.Sprint("t", n), maxMakers/2), fmt.Sprintf(`"t%d-`, n), `"o-`))
	}
	s.state(false, TooMuch)
	if n != maxFills/(maxMakers/2)+1 || s.core.ledger.fills > maxFills {
		t.Errorf("%d trades, %d fills", n, s.core.ledger.fills)
	}
	s.core.ledger.leave("m")
	if s.core.ledger.fills != 0 || len(s.core.ledger.trades) > 0 {
		t.Errorf("%d fills of %d trades when all are forgotten", s.core.ledger.fills, len(s.core.ledger.trades))
	}
}
