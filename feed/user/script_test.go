package user

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/truebook/feed/keys"
)

// script drives a core by hand.
type script struct {
	t       *testing.T
	core    *core
	now     time.Time
	effects []effect
	events  []Event
	slow    bool // nothing is written until the test says so
}

// onlyGoroutine skips a test of a core, which has no goroutine but the test's, where it
// would be looked at for races for long.
func onlyGoroutine(t *testing.T) {
	t.Helper()
	if raceEnabled && testing.Short() {
		t.Skip("one goroutine has no races")
	}
}

// scripted returns a core that has begun to run.
func scripted(t *testing.T, markets ...string) *script {
	t.Helper()
	onlyGoroutine(t)
	now := time.UnixMilli(1725842400_000)
	s := &script{t: t, core: newCore(keys.NewSecret(owner), markets, now.Add(-time.Hour), 1), now: now}
	s.tell(&input{kind: runBegan})
	return s
}

// tell tells the core something, and that what it wants to be written is written.
func (s *script) tell(in *input) {
	s.t.Helper()
	var next time.Time
	s.effects, next = s.core.step(s.now, in, nil)
	for s.core.writing && !s.slow {
		s.effects, next = s.core.step(s.now, &input{kind: wroteAll, conn: s.core.conn}, s.effects)
	}
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
