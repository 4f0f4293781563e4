package user

import (
	"strings"
	"testing"
	"time"
)

// TestDelayedOrders: a delayed order need not be among the open ones for a while; if it is,
// it is delayed no longer.
func TestDelayedOrders(t *testing.T) {
	for _, listed := range []bool{true, false} {
		s := scripted(t)
		s.join(page(), page())
		s.frame(orderText("0xa", "PLACEMENT", "DELAYED", "0", at))
		began := s.now
		for s.now.Sub(began) < recentDelayed-firstAudit {
			s.audit(auditInterval, page(), page())
			if v := s.core.view(); !v.Known || len(v.Orders()) != 1 || v.Orders()[0].Status != Delayed {
				t.Fatalf("after %v: known %v, %+v", s.now.Sub(began), v.Known, v.Orders())
			}
		}
		if listed {
			s.audit(auditInterval, page(orderText("0xa", "x", "LIVE", "0", 0)), page())
		}
		for !listed && s.now.Sub(began) < recentDelayed {
			s.audit(auditInterval, page(), page())
		}
		v := s.core.view()
		if !v.Known || listed != (len(v.Orders()) == 1) || listed && v.Orders()[0].Status != Live {
			t.Errorf("after %v, listed %v: known %v, %+v", s.now.Sub(began), listed, v.Known, v.Orders())
		}
	}
}

// TestListedAsCanceled: an order that REST lists, and says to be cancelled, is not open.
func TestListedAsCanceled(t *testing.T) {
	s := scripted(t)
	s.join(page(orderText("0xa", "x", "CANCELED", "0", 0)), page())
	if v := s.core.view(); len(v.Orders()) != 0 || len(s.core.ledger.orders) != 0 {
		t.Errorf("%+v", v.Orders())
	}
}

// TestPlacedWhileReading: an order that the stream tells of between two readings of the pages
// does not make them differ. One that it told of before does.
func TestPlacedWhileReading(t *testing.T) {
	live := func(id string) string { return orderText(id, "x", "LIVE", "0", 0) }
	first := strings.Replace(page(live("0xa")), "LTE=", "Mg==", 1)
	placed := orderText("0xc", "PLACEMENT", "LIVE", "0", at)
	for _, when := range []string{"before", "between", "never"} {
		s := scripted(t)
		s.join(page(), page())
		if when == "before" {
			s.frame(placed)
		}
		e, _ := s.until(ordersEffect, 2*firstAudit)
		s.answer(e, first)
		s.answer(s.want(ordersEffect, 0), page(live("0xb")))
		e = s.want(ordersEffect, 0)
		if when == "between" {
			s.frame(placed)
		}
		s.answer(e, first)
		s.answer(s.want(ordersEffect, 0), page(live("0xb"), live("0xc")))
		if len(s.effects) != 1 || (s.effects[0].kind == tradesEffect) != (when == "between") {
			t.Errorf("told %s: %+v", when, s.effects)
		}
	}
}

// TestFailsWhileAsking: one failure is no reason yet, two are.
func TestFailsWhileAsking(t *testing.T) {
	s := scripted(t)
	e := s.open()
	s.tell(&input{kind: fetchFailed, flight: e.flight, status: 500})
	s.state(false, Asking)
	s.tell(&input{kind: fetchFailed, flight: s.want(ordersEffect, 2*time.Second).flight, status: 500})
	s.state(false, RESTFailed)
}

// TestRefusedAndLost: who is refused by REST is so when the connection is lost as well.
func TestRefusedAndLost(t *testing.T) {
	s := scripted(t)
	s.tell(&input{kind: fetchFailed, flight: s.open().flight, status: 401})
	s.state(false, Refused)
	s.tell(&input{kind: connClosed, conn: s.core.conn})
	s.state(false, Refused)
}

// TestWatchWithoutConnection: the trades of a market that is added while there is no
// connection are asked for from the account's time on.
func TestWatchWithoutConnection(t *testing.T) {
	s := scripted(t, market)
	s.join(page(), page())
	s.frame(tradeText("t1", "0xa", "CONFIRMED", "30", at/1000, at))
	s.audit(firstAudit+time.Second, page(), page())
	since := s.core.ledger.since.Time().Add(-overlap)
	s.tell(&input{kind: connClosed, conn: s.core.conn})
	s.answer(s.open(), page())
	if e := s.want(tradesEffect, 0); !e.after.After(since) {
		t.Fatalf("trades after %v", e.after)
	}
	s.tell(&input{kind: connClosed, conn: s.core.conn})
	s.tell(&input{kind: marketsAdded, markets: []string{"0x" + strings.Repeat("1", 64)}})
	s.answer(s.open(), page())
	if e := s.want(tradesEffect, 0); !e.after.Equal(since) {
		t.Errorf("trades after %v, want %v", e.after, since)
	}
}

// TestMissedTrade: a trade that REST told first, and the stream tells in time, is not missed;
// nor is what another connection would have told.
func TestMissedTrade(t *testing.T) {
	open := page(orderText("0xa", "x", "LIVE", "30", 0))
	for _, c := range []struct {
		what   string
		happen func(*script)
		missed uint64
	}{
		{"nothing", func(*script) {}, 1},
		{"it is told", func(s *script) { s.frame(tradeText("t1", "0xa", "MATCHED", "30", at/1000, at)) }, 0},
		{"the connection is lost", func(s *script) {
			s.tell(&input{kind: connClosed, conn: s.core.conn})
			s.join(open, page())
		}, 0},
	} {
		s := scripted(t)
		s.join(page(orderText("0xa", "x", "LIVE", "0", 0)), page())
		s.frame(orderText("0xa", "UPDATE", "LIVE", "30", at))
		s.audit(2*time.Second, open, page(tradeText("t1", "0xa", "MATCHED", "30", at/1000, 0)))
		s.trusted()
		c.happen(s)
		for began := s.now; s.now.Sub(began) < earlyTime+100*time.Millisecond; {
			s.pass(100 * time.Millisecond)
		}
		if n := s.core.stats.Missed; n != c.missed {
			t.Errorf("%s: %d missed", c.what, n)
		}
	}
}

// TestHealthy: the delay between dials begins anew after a minute of health, and not before.
func TestHealthy(t *testing.T) {
	for _, health := range []time.Duration{healthyTime - time.Second, healthyTime + time.Second} {
		longest := time.Duration(0)
		for seed := range 4 {
			s := scripted(t)
			for range seed {
				s.core.random.Uint64()
			}
			for range 20 {
				s.want(dialEffect, 2*maxDialDelay)
				s.tell(&input{kind: dialFailed, conn: s.core.conn})
			}
			s.join(page(), page())
			began := s.now
			for s.now.Sub(began) < health {
				s.pass(100 * time.Millisecond)
				for _, e := range s.effects {
					switch e.kind {
					case pingEffect:
						s.frame("PONG")
					case ordersEffect, tradesEffect:
						s.answer(e, page())
					default:
					}
				}
			}
			s.tell(&input{kind: connClosed, conn: s.core.conn})
			began = s.now
			s.want(dialEffect, 2*maxDialDelay)
			longest = max(longest, s.now.Sub(began))
		}
		if healthy := health > healthyTime; healthy != (longest <= firstDelay+10*time.Millisecond) {
			t.Errorf("after %v the longest delay is %v", health, longest)
		}
	}
}
