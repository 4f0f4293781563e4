package user

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestLongFrame: a frame is read up to its bound.
func TestLongFrame(t *testing.T) {
	for n, ok := range map[int]bool{maxFrame: true, maxFrame + 1: false} {
		orders, _, _, err := read(owner, strings.Repeat(" ", n-len(placement))+placement)
		if (err == nil) != ok || (len(orders) == 1) != ok {
			t.Errorf("%d bytes: %d orders, %v", n, len(orders), err)
		}
	}
}

// TestManyObjects: a frame has so many objects at most, and so has a page of REST.
func TestManyObjects(t *testing.T) {
	for n, ok := range map[int]bool{maxObjects: true, maxObjects + 1: false} {
		frame := "[" + strings.Repeat(`{"event_type":"x"},`, n-1) + `{"event_type":"x"}]`
		_, _, stats, err := read(owner, frame)
		if (err == nil) != ok || ok && stats.UnknownEvents != uint64(n) {
			t.Errorf("%d in a frame: %+v, %v", n, stats, err)
		}
		read := 0
		r := reader{stats: &Stats{}}
		_, err = r.page([]byte(`{"data":[`+strings.Repeat("{},", n-1)+`{}]}`), func(fields) error {
			read++
			return nil
		})
		if (err == nil) != ok || ok && read != n || !ok && read > 0 {
			t.Errorf("%d in a page: %d are read, %v", n, read, err)
		}
	}
}

// TestManyMakers: a trade has so many maker orders at most.
func TestManyMakers(t *testing.T) {
	for n, ok := range map[int]bool{maxMakers: true, maxMakers + 1: false} {
		makers := strings.Repeat(`{"owner":"x"},`, n-1)
		_, trades, _, err := read(owner, strings.Replace(taken, `"maker_orders":[`, `"maker_orders":[`+makers, 1))
		if (err == nil) != ok || (len(trades) == 1) != ok {
			t.Errorf("%d maker orders: %d trades, %v", n, len(trades), err)
		}
	}
}

// TestLongCursor: the cursor of a page is no longer than what names something.
func TestLongCursor(t *testing.T) {
	for n, ok := range map[int]bool{maxID: true, maxID + 1: false} {
		s := scripted(t)
		cursor := strings.Repeat("x", n)
		s.answer(s.open(), strings.Replace(page(), "LTE=", cursor, 1))
		if !ok {
			s.state(false, BadMessage)
		} else if e := s.want(ordersEffect, 0); e.cursor != cursor {
			t.Errorf("%+v", e)
		}
	}
}

// TestManyShares: an order has no more fills than a size can be, whatever its own.
func TestManyShares(t *testing.T) {
	for size, ok := range map[string]bool{"99999999": true, "99999999.000001": false} {
		s := scripted(t)
		s.join(page(), page())
		s.frame(tradeText("t1", "0xa", "MATCHED", "1", at/1000, at))
		s.frame(tradeText("t2", "0xa", "MATCHED", size, at/1000, at))
		if s.core.known != ok || !ok && s.core.reason != Contradiction {
			t.Errorf("%s: known %v, %v", size, s.core.known, s.core.reason)
		}
		if o := s.core.ledger.orders["0xa"]; o.filled > maxShares || ok && o.filled != maxShares {
			t.Errorf("%s: filled %v", size, o.filled)
		}
	}
}

// TestManyTrades: trades of which REST has told nothing yet are kept up to a bound.
func TestManyTrades(t *testing.T) {
	s := scripted(t)
	s.join(page(), page())
	for i := range 2*maxTrades - 1 {
		id := fmt.Sprint("other", i)
		s.core.ledger.trades[id] = &trade{tradeNews: tradeNews{id: id, market: market, status: Confirmed, time: at}}
	}
	s.frame(tradeText("last", "0xa", "MATCHED", "1", at/1000, at))
	s.state(true, NoReason)
	s.frame(tradeText("more", "0xa", "MATCHED", "1", at/1000, at))
	s.state(false, TooMuch)
	if n := len(s.core.ledger.trades); n != 2*maxTrades {
		t.Errorf("%d trades", n)
	}
}

// TestManyOrders: orders are kept up to a bound, open or not, known or not.
func TestManyOrders(t *testing.T) {
	const most = maxOpen + 2*maxClosed
	for what, text := range map[string]string{
		"an order": orderText("more", "PLACEMENT", "LIVE", "0", at), "a fill": tradeText("t1", "more", "MATCHED", "1", at/1000, at),
	} {
		s := scripted(t)
		s.join(page(), page())
		for i := range most - 1 {
			id := fmt.Sprint("other", i)
			s.core.ledger.orders[id] = &order{Order: Order{ID: id, Market: market, Status: Canceled}}
		}
		s.frame(orderText("last", "PLACEMENT", "LIVE", "0", at))
		s.state(true, NoReason)
		s.frame(text)
		s.state(false, TooMuch)
		if n := len(s.core.ledger.orders); n != most {
			t.Errorf("%s: %d orders", what, n)
		}
	}
}

// TestManyByREST: what one question finds is bounded, on however many pages.
func TestManyByREST(t *testing.T) {
	more := func(text string) string { return strings.Replace(page(text), "LTE=", fmt.Sprint("c", len(text)), 1) }
	s := scripted(t)
	e := s.open()
	for i := range maxOpen - 1 {
		s.core.rest.flight.orders[strconv.Itoa(i)] = &orderNews{}
	}
	s.answer(e, more(orderText("last", "x", "LIVE", "0", 0)))
	s.answer(s.want(ordersEffect, 0), more(orderText("one-too-many", "x", "LIVE", "0", 0)))
	s.state(false, TooMuch)

	var trades []string
	for i := range 4*maxTrades + 1 {
		trades = append(trades, fmt.Sprintf(`{"id":"t%d","market":"%s","taker_order_id":"0xa","asset_id":"%s","side":"BUY","price":"0.5",`+
			`"size":"1","status":"MATCHED","match_time":"1725842402","owner":"%s"}`, i, market, yes, owner))
	}
	s = scripted(t)
	s.answer(s.open(), page())
	s.answer(s.want(tradesEffect, 0), more(strings.Join(trades[:maxObjects], ",")))
	s.answer(s.want(tradesEffect, 0), more(strings.Join(trades[maxObjects:4*maxTrades], ",")))
	s.answer(s.want(tradesEffect, 0), more(trades[4*maxTrades]))
	s.state(false, TooMuch)
}

// TestNeverTheSame: a list of orders that is another one each time is read so often, and
// then again after a while.
func TestNeverTheSame(t *testing.T) {
	for same := range maxPasses + 2 { // from which reading on it is the same
		s := scripted(t)
		e := s.open()
		passes := 0
		for passes < maxPasses+5 {
			passes++
			id := fmt.Sprint("o", min(passes, same))
			s.answer(e, strings.Replace(page(orderText(id, "x", "LIVE", "0", 0)), "LTE=", "Mg==", 1))
			s.answer(s.want(ordersEffect, 0), page(orderText("last", "x", "LIVE", "0", 0)))
			if len(s.effects) == 0 || s.effects[0].kind == tradesEffect {
				break
			}
			e = s.want(ordersEffect, 0)
		}
		if agreed := max(same, 1) + 1; passes != min(agreed, maxPasses) || (len(s.effects) > 0) != (agreed <= maxPasses) {
			t.Errorf("the same from %d on: read %d times, then %+v", same, passes, s.effects)
		}
		if len(s.effects) == 0 {
			if _, took := s.until(ordersEffect, time.Minute); took != leastAgain {
				t.Errorf("read again after %v", took)
			}
		}
	}
}

// TestManyMarkets: an account names so many markets, however it comes to them, and the
// messages about them name each of them once.
func TestManyMarkets(t *testing.T) {
	var ids []string
	for i := range MaxMarkets + 1 {
		ids = append(ids, fmt.Sprintf("0x%064x", i))
	}
	o := Options{Credentials: alone(t).credentials, Client: alone(t).client, Markets: ids}
	if _, err := New(o); !errors.Is(err, ErrNoMarket) {
		t.Errorf("%d markets: %v", len(ids), err)
	}
	o.Markets = ids[:1]
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		markets []string
		n       int
		ok      bool
	}{
		{ids, 1, false},
		{ids[:MaxMarkets-1], MaxMarkets - 1, true},
		{ids[MaxMarkets-2:], MaxMarkets - 1, false}, // of which two are new
		{slices.Repeat(ids[MaxMarkets-1:MaxMarkets], 3), MaxMarkets, true},
		{ids[MaxMarkets:], MaxMarkets, false},
		{ids[:MaxMarkets], MaxMarkets, true},
	} {
		err := a.Watch(c.markets...)
		if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrNoMarket) || len(a.core.markets) != c.n {
			t.Errorf("%d more: %v, %d markets", len(c.markets), err, len(a.core.markets))
		}
	}
	var named []string
	messages := operations("subscribe", ids[:MaxMarkets])
	for _, message := range messages {
		var m struct {
			Operation string
			Markets   []string
		}
		if err := json.Unmarshal(message, &m); err != nil || m.Operation != "subscribe" || len(message) > 16<<10 {
			t.Errorf("%d bytes, %+v, %v", len(message), m, err)
		}
		named = append(named, m.Markets...)
	}
	if len(messages) != 3 || !slices.Equal(named, ids[:MaxMarkets]) {
		t.Errorf("%d messages with %d markets", len(messages), len(named))
	}
}
