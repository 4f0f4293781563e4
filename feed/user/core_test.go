package user

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// script drives a core by hand.
type script struct {
	t       *testing.T
	core    *core
	now     time.Time
	effects []effect
	events  []Event
}

// scripted returns a core that has begun to run.
func scripted(t *testing.T, markets ...string) *script {
	t.Helper()
	now := time.UnixMilli(1725842400_000)
	s := &script{t: t, core: newCore(owner, markets, now.Add(-time.Hour), 1), now: now}
	s.tell(&input{kind: runBegan})
	return s
}

func (s *script) tell(in *input) {
	s.t.Helper()
	var next time.Time
	s.effects, next = s.core.step(s.now, in, nil)
	s.events = append(s.events, s.core.ledger.news...)
	s.core.ledger.news = nil
	if next.Sub(s.now) > time.Hour {
		s.t.Errorf("the core sleeps for %v", next.Sub(s.now))
	}
}

// pass lets time pass until something is to be done, or a time is over.
func (s *script) pass(d time.Duration) {
	s.t.Helper()
	end := s.now.Add(d)
	s.effects = nil
	for s.now.Before(end) && len(s.effects) == 0 {
		s.now = s.now.Add(10 * time.Millisecond)
		s.tell(&input{kind: timerRang})
	}
}

// want returns the next effect, which must be of a kind and come within a time.
func (s *script) want(kind effectKind, within time.Duration) effect {
	s.t.Helper()
	if len(s.effects) == 0 {
		s.pass(within)
	}
	if len(s.effects) == 0 || s.effects[0].kind != kind {
		s.t.Fatalf("effects %+v, want %d within %v", s.effects, kind, within)
	}
	e := s.effects[0]
	s.effects = s.effects[1:]
	return e
}

func (s *script) frame(text string) {
	s.t.Helper()
	s.tell(&input{kind: frameCame, conn: s.core.conn, frame: []byte(text)})
}

// page is an answer of REST, the last page.
func page(elements ...string) string {
	return `{"limit":100,"count":1,"next_cursor":"LTE=","data":[` + strings.Join(elements, ",") + `]}`
}

func (s *script) answer(e effect, text string) {
	s.t.Helper()
	s.tell(&input{kind: pageCame, flight: e.flight, frame: []byte(text)})
}

// open lets the core connect, up to the question for orders.
func (s *script) open() effect {
	s.t.Helper()
	s.want(dialEffect, 2*time.Minute)
	s.now = s.now.Add(100 * time.Millisecond)
	s.tell(&input{kind: connOpened, conn: s.core.conn})
	s.want(pingEffect, 0)
	s.state(false, Joining)
	s.frame("PONG")
	s.state(false, Asking)
	return s.want(ordersEffect, 0)
}

// join lets the core connect and learn what there is.
func (s *script) join(orders, trades string) {
	s.t.Helper()
	s.answer(s.open(), orders)
	s.answer(s.want(tradesEffect, 0), trades)
	s.state(true, NoReason)
}

// audit answers the next question.
func (s *script) audit(within time.Duration, orders, trades string) {
	s.t.Helper()
	for {
		s.effects = slices.DeleteFunc(s.effects, func(e effect) bool { return e.kind == pingEffect })
		if len(s.effects) == 0 {
			s.pass(within)
			if slices.ContainsFunc(s.effects, func(e effect) bool { return e.kind == pingEffect }) {
				s.frame("PONG")
				continue
			}
		}
		break
	}
	s.answer(s.want(ordersEffect, within), orders)
	s.answer(s.want(tradesEffect, 0), trades)
}

func (s *script) state(known bool, reason Reason) {
	s.t.Helper()
	if s.core.known != known || s.core.reason != reason {
		s.t.Fatalf("known %v, %v; want %v, %v", s.core.known, s.core.reason, known, reason)
	}
}

// orderText and tradeText are messages about an order and a trade of the account.
func orderText(id, kind, status, matched string, ms int64) string {
	return fmt.Sprintf(`{"event_type":"order","type":"%s","id":"%s","owner":"%s","market":"%s","asset_id":"%s","side":"BUY","price":"0.5",`+
		`"original_size":"100","size_matched":"%s","status":"%s","created_at":"1725842401","timestamp":"%d"}`,
		kind, id, owner, market, yes, matched, status, ms)
}

func tradeText(id, order, status, size string, updated, ms int64) string {
	return fmt.Sprintf(`{"event_type":"trade","type":"TRADE","id":"%s","taker_order_id":"0xtaker","market":"%s","asset_id":"%s","side":"SELL",`+
		`"price":"0.5","size":"%s","status":"%s","match_time":"1725842402","last_update":"%d","timestamp":"%d","trader_side":"MAKER","owner":"x",`+
		`"maker_orders":[{"order_id":"%s","owner":"%s","matched_amount":"%s","price":"0.5","asset_id":"%s"}]}`,
		id, market, yes, size, status, updated, ms, order, owner, size, yes)
}

const at = 1725842402_000 // ms

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
	r := reader{key: owner, stats: l.stats}
	say := func(text string) {
		t.Helper()
		l.hear(time.Time{}, 1)
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
	l.forget(feed.Timestamp(at + 50_000))
	if n := len(l.trades); n != maxTrades+50 {
		t.Errorf("%d trades", n)
	}
	l.forget(feed.Timestamp(at + 1000_000))
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

// FuzzFrame: whatever the stream sends, nothing panics, nothing is negative or double, and
// what cannot be read makes own state unknown.
func FuzzFrame(f *testing.F) {
	for _, seed := range []string{
		placement, killed, taken, made, "PONG", "[]", "null", "{", "[" + placement + "," + taken + "]",
		orderText("0xa", "UPDATE", "MATCHED", "100", at), tradeText("t1", "0xa", "RETRYING", "30", at/1000, at),
	} {
		f.Add([]byte(seed), []byte(seed))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		s := scripted(t)
		s.join(page(orderText("0xa", "x", "LIVE", "10", 0)), page(tradeText("t1", "0xa", "MATCHED", "10", at/1000, 0)))
		for _, frame := range [][]byte{first, second, first} {
			bad := s.core.stats.BadMessages
			s.frame(string(frame))
			if s.core.stats.BadMessages > bad && s.core.known {
				t.Error("known after a bad message")
			}
		}
		sane(t, s.core)
	})
}

// FuzzPage is FuzzFrame for answers of REST.
func FuzzPage(f *testing.F) {
	for _, seed := range []string{page(), page(placement), page(killed, placement), page(taken), "{", "[]", strings.Replace(page(made), "LTE=", "Mg==", 1)} {
		f.Add([]byte(seed), []byte(seed))
	}
	f.Fuzz(func(t *testing.T, orders, trades []byte) {
		s := scripted(t)
		s.answer(s.open(), string(orders))
		for range 3 {
			if len(s.effects) > 0 {
				s.answer(s.effects[0], string(trades))
			}
		}
		sane(t, s.core)
	})
}

// sane says whether what is known can be.
func sane(t *testing.T, c *core) {
	t.Helper()
	v := c.view()
	sums := map[string]book.Size{}
	seen := map[string]bool{}
	for _, fill := range v.Fills() {
		id := fill.Trade + " " + fill.Order + " " + fill.Role.String()
		if fill.Size < 0 || seen[id] {
			t.Errorf("%+v", fill)
		}
		seen[id] = true
		if fill.Counts() {
			sums[fill.Order] += fill.Size
		}
	}
	open := 0
	for _, o := range c.ledger.orders {
		if o.Remaining() < 0 || o.Matched < 0 || o.filled < 0 || o.failed < 0 || o.before < 0 || o.filled != sums[o.ID] {
			t.Errorf("%+v, filled %v", o, sums[o.ID])
		}
		if o.known && o.Status.Open() {
			open++
		}
	}
	if open != c.ledger.open || open != len(v.Orders()) {
		t.Errorf("%d open, and %d are counted", open, c.ledger.open)
	}
	if _, err := json.Marshal(v); err != nil {
		t.Error(err)
	}
}
