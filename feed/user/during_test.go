package user

import (
	"strings"
	"testing"
	"time"

	"example.com/truebook/book"
)

// asked returns a script whose account knows an order, and whose REST is asked for orders
// again.
func asked(t *testing.T, orders, trades string) (s *script, question effect) {
	t.Helper()
	s = scripted(t)
	s.join(orders, trades)
	s.pass(firstAudit + time.Second)
	return s, s.want(ordersEffect, 0)
}

// trusted says whether own state is known, and no answer was thought to be old.
func (s *script) trusted() {
	s.t.Helper()
	s.state(true, NoReason)
	if s.core.stats.Stale > 0 || s.core.stats.BadMessages > 0 || len(s.core.suspects) > 0 {
		s.t.Errorf("%+v, %v", s.core.stats, s.core.suspects)
	}
}

// TestFilledDuringQuestion: an order that a trade has filled to the end while REST is asked,
// and which the answer has as open, is closed.
func TestFilledDuringQuestion(t *testing.T) {
	open := page(orderText("0xa", "x", "LIVE", "0", 0))
	s, question := asked(t, open, page())
	s.frame(tradeText("t1", "0xa", "MATCHED", "100", at/1000, at))
	s.answer(question, open)
	s.answer(s.want(tradesEffect, 0), page())
	s.trusted()
	if v := s.core.view(); len(v.Orders()) != 0 || len(v.Fills()) != 1 {
		t.Errorf("%+v, %+v", v.Orders(), v.Fills())
	}
}

// TestConfirmedDuringQuestion: a trade that is confirmed while REST is asked is confirmed,
// though the answer has it as it was before.
func TestConfirmedDuringQuestion(t *testing.T) {
	open := page(orderText("0xa", "x", "LIVE", "30", 0))
	matched := page(tradeText("t1", "0xa", "MATCHED", "30", at/1000, 0))
	s, question := asked(t, open, matched)
	s.frame(tradeText("t1", "0xa", "CONFIRMED", "30", at/1000+3, at+3000))
	s.answer(question, open)
	s.answer(s.want(tradesEffect, 0), matched)
	s.trusted()
	if v := s.core.view(); len(v.Fills()) != 1 || v.Fills()[0].Status != Confirmed {
		t.Errorf("%+v", v.Fills())
	}
}

// TestMatchedDuringQuestion: an order that is said to be matched while REST is asked lacks a
// fill that the answer cannot have: the answer is taken.
func TestMatchedDuringQuestion(t *testing.T) {
	open := page(orderText("0xa", "x", "LIVE", "0", 0))
	s, question := asked(t, open, page())
	s.frame(orderText("0xa", "UPDATE", "LIVE", "30", at+10))
	s.answer(question, open)
	s.answer(s.want(tradesEffect, 0), page())
	if a := s.core.rest; a.failures > 0 || !a.audited.Equal(s.now) {
		t.Errorf("%d failures, taken %v ago", a.failures, s.now.Sub(a.audited))
	}
	s.frame(tradeText("t1", "0xa", "MATCHED", "30", at/1000, at+11))
	s.trusted()
	if v := s.core.view(); len(v.Orders()) != 1 || v.Orders()[0].Matched != 30*book.Share {
		t.Errorf("%+v", v.Orders())
	}
}

// TestNotMatchedToTheEnd: an order that the stream said to be matched to the end, which REST
// lists as open with less, is open, and nothing about it is odd.
func TestNotMatchedToTheEnd(t *testing.T) {
	s := scripted(t)
	s.join(page(), page())
	s.frame(orderText("0xa", "PLACEMENT", "LIVE", "0", at))
	s.frame(tradeText("t1", "0xa", "MATCHED", "50", at/1000, at))
	s.frame(orderText("0xa", "UPDATE", "MATCHED", "50", at+10))
	if len(s.core.suspects) != 1 {
		t.Fatalf("suspects %v", s.core.suspects)
	}
	s.audit(2*time.Second, page(orderText("0xa", "x", "LIVE", "50", 0)), page(tradeText("t1", "0xa", "MATCHED", "50", at/1000, 0)))
	s.trusted()
	if v := s.core.view(); len(v.Orders()) != 1 || v.Orders()[0].Remaining() != 50*book.Share {
		t.Errorf("%+v", v.Orders())
	}
}

// TestGoneBeforeItsPlacement: an order of which a fill was all that was known, and which REST
// did not have yet, is open when the stream tells of it, by a message without a time as well.
func TestGoneBeforeItsPlacement(t *testing.T) {
	for _, timestamp := range []string{`"timestamp":"1725842402000"`, `"timestamp":""`} {
		s := scripted(t)
		s.join(page(), page())
		s.frame(tradeText("t1", "0xa", "MATCHED", "30", at/1000, at))
		s.audit(2*time.Second, page(), page(tradeText("t1", "0xa", "MATCHED", "30", at/1000, 0)))
		if o := s.core.ledger.orders["0xa"]; o == nil || o.Status != Gone {
			t.Fatalf("%+v", o)
		}
		s.frame(strings.Replace(orderText("0xa", "PLACEMENT", "LIVE", "0", at), `"timestamp":"1725842402000"`, timestamp, 1))
		s.trusted()
		if v := s.core.view(); len(v.Orders()) != 1 || v.Orders()[0].Remaining() != 70*book.Share || s.core.ledger.open != 1 {
			t.Errorf("%s: %+v, %d open", timestamp, v.Orders(), s.core.ledger.open)
		}
	}
}

// until lets time pass until an effect of a kind comes, with a PONG for each PING, and
// returns it and how long it took.
func (s *script) until(kind effectKind, within time.Duration) (e effect, took time.Duration) {
	s.t.Helper()
	began := s.now
	for s.now.Sub(began) <= within {
		for len(s.effects) > 0 {
			e, s.effects = s.effects[0], s.effects[1:]
			switch e.kind {
			case kind:
				return e, s.now.Sub(began)
			case pingEffect:
				others := s.effects
				s.frame("PONG")
				s.effects = append(s.effects, others...)
			default:
			}
		}
		s.pass(time.Second)
	}
	s.t.Fatalf("no effect %d within %v", kind, within)
	return effect{}, 0
}

// TestAskedToWait: REST is left alone for as long as it asks to.
func TestAskedToWait(t *testing.T) {
	for _, asks := range []time.Duration{0, time.Second, 5 * time.Minute} {
		s, question := asked(t, page(), page())
		s.tell(&input{kind: fetchFailed, flight: question.flight, status: 429, retryAfter: asks})
		if _, took := s.until(ordersEffect, asks+time.Minute); took != max(asks, leastAgain) {
			t.Errorf("asked again after %v, want %v", took, asks)
		}
	}
}

// TestNoAnswer: a page that does not come is given up, and what comes of it later is nothing.
func TestNoAnswer(t *testing.T) {
	s := scripted(t)
	question := s.open()
	late, took := s.until(ordersEffect, time.Minute)
	if took != flightTimeout+leastAgain {
		t.Errorf("asked again after %v", took)
	}
	s.answer(question, page())
	s.state(false, Asking)
	began := s.now
	s.pass(flightTimeout - 5*time.Second) // each page has its own time
	s.answer(late, strings.Replace(page(), "LTE=", "Mg==", 1))
	if e, took := s.until(ordersEffect, time.Second); e.cursor != "Mg==" || took != 0 {
		t.Fatalf("%+v after %v", e, took)
	}
	paged := s.now
	if _, took := s.until(ordersEffect, time.Minute); took != flightTimeout+2*leastAgain {
		t.Errorf("%v after the page before, and %v in all", s.now.Sub(paged), s.now.Sub(began))
	}
}

// TestMissedAgain: a connection is ended for what it has missed once a minute, however much
// that is.
func TestMissedAgain(t *testing.T) {
	s := scripted(t)
	s.join(page(), page())
	var orders []string
	drops := 0
	var dropped time.Time
	for began := s.now; s.now.Sub(began) < 5*missedAgain; {
		// REST tells of one more order each time, and the stream of none.
		s.pass(time.Second)
		for len(s.effects) > 0 {
			e, others := s.effects[0], s.effects[1:]
			s.effects = nil
			switch e.kind {
			case dialEffect:
				s.tell(&input{kind: connOpened, conn: e.conn})
			case pingEffect:
				s.frame("PONG")
			case ordersEffect:
				orders = append(orders, orderText("0x"+strings.Repeat("a", len(orders)+1), "x", "LIVE", "0", 0))
				s.answer(e, page(orders...))
			case tradesEffect:
				s.answer(e, page())
			case dropEffect:
				if drops++; drops > 1 && s.now.Sub(dropped) < missedAgain {
					t.Errorf("ended again after %v", s.now.Sub(dropped))
				}
				dropped = s.now
			default:
			}
			s.effects = append(s.effects, others...)
		}
	}
	if drops < 3 || s.core.stats.Missed <= uint64(drops) {
		t.Errorf("ended %d times, %+v", drops, s.core.stats)
	}
}
