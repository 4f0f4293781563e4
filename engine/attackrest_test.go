package engine

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/truebook/feed"
)

// More of the reviewer's stories: of fetched books, and of what proofs and requests may
// cost.

// TestAttackHashingOffWithQueue: a core that has nothing more to hash waits for its
// next deadline, also if tokens waited to be hashed.
func TestAttackHashingOffWithQueue(t *testing.T) {
	s := newDrive(t)
	s.open()
	f := s.x.Next()
	for range 50 {
		in := input{kind: frameCame, conn: s.c.line.conn, frame: f.Data, wall: s.now, more: true}
		s.effects, s.next = s.c.step(s.now, &in, s.effects)
		f = s.x.Next()
	}
	s.step(input{kind: hashingOff, more: true})
	steps := 0
	for end := s.now.after(500 * time.Millisecond); s.now < end; steps++ {
		if steps > 1000 {
			t.Fatalf("%d steps in no time: the next is wanted at once, for ever", steps)
		}
		s.now = max(s.next, s.now)
		s.step(input{kind: timerFired})
	}
}

// TestAttackAllowanceSpin: waiting for the next request must not end too early by the
// fraction of a nanosecond.
func TestAttackAllowanceSpin(t *testing.T) {
	for _, allowance := range []float64{0.1, 0.2, 0.3333333, 0.123456789, 0.77, 0.987654321} {
		s := newDrive(t)
		s.open()
		s.c.rest.allowance, s.c.rest.at = allowance, s.now
		s.send(`{"market":`)
		steps := 0
		for from := s.now; s.now < from.after(200*time.Millisecond); steps++ {
			if steps > 1000 {
				t.Fatalf("allowance %v: %d steps in %v", allowance, steps, time.Duration(s.now-from))
			}
			s.now = max(s.next, s.now)
			s.step(input{kind: timerFired})
		}
	}
}

// TestAttackBudgetSpin is the same for the budget of proofs.
func TestAttackBudgetSpin(t *testing.T) {
	for _, rate := range []int64{3_000_000, 7_000_000, 30_000_000, 1 << 30, 3_000_000_000} {
		s := newDrive(t)
		s.open()
		s.c.books.proofs.limit(rate, s.now)
		s.c.books.proofs.left = 0
		s.send(string(s.x.Next().Data))
		steps := 0
		for from := s.now; s.now < from.after(200*time.Millisecond); steps++ {
			if steps > 1000 {
				t.Errorf("rate %v: %d steps in %v", rate, steps, time.Duration(s.now-from))
				break
			}
			s.now = max(s.next, s.now)
			s.step(input{kind: timerFired})
		}
	}
}

// TestAttackTwoBadFrames: the second frame in a row that cannot be read is a loss as
// well as the first, also for a book that is being fetched.
func TestAttackTwoBadFrames(t *testing.T) {
	s := newDrive(t)
	s.open()
	s.send(`{"market":`)
	s.take()
	if len(s.fetches()) == 0 {
		s.wait(5*time.Second, fetch)
	}
	list := s.fetches()
	if len(list) != 1 {
		t.Fatalf("%d fetches", len(list))
	}
	s.send(`{"market":`) // this one may have held a change after what REST has seen
	s.step(input{kind: answerCame, id: list[0].id, status: 200, body: []byte(s.array(list[0].tokens...))})
	if states := s.states(); strings.Contains(states, "live") {
		t.Errorf("%s, although a frame after the request was lost", states)
	}
}

// TestAttackBadWhileJoining: a change that cannot be read is lost, also for a token
// that has no book on this connection yet.
func TestAttackBadWhileJoining(t *testing.T) {
	s := newDrive(t)
	s.open()
	m := s.x.Markets()
	s.step(input{kind: connClosed, conn: s.c.line.conn, status: 1006})
	s.connect()
	s.send(s.array(m[0].Yes, m[0].No, m[1].Yes))
	s.take()
	s.wait(10*time.Second, fetch)
	list := s.fetches()
	if len(list) == 0 || len(list[0].tokens) != 1 || list[0].tokens[0] != m[1].No {
		t.Fatalf("fetches %v", list)
	}
	s.send(fmt.Sprintf(`{"market":"%s","price_changes":[{"asset_id":"%s","price":"2","size":"1","side":"BUY","hash":"%040d","best_bid":"0.1","best_ask":"0.9"}],"timestamp":"%d","event_type":"price_change"}`,
		m[1].Condition, m[1].No, 7, s.x.Opening().Time.UnixMilli()+5000))
	s.step(input{kind: answerCame, id: list[0].id, status: 200, body: []byte(s.objects()[m[1].No])})
	s.wait(3 * time.Second)
	if state := s.state(m[1].No); state == "live" {
		t.Errorf("%s, although a change was lost after the request", state)
	}
}

// TestAttackConfirmedByItself: a book from REST that is older than a failed run, with
// the changes of that run, is the book here whatever the run lacks: it says nothing
// against the failure.
func TestAttackConfirmedByItself(t *testing.T) {
	sc := newScript(t)
	sc.begin()
	sc.ask()
	sc.change("| 60x8", third, startTime+1000) // 41x6, of the same run, is lost
	sc.expect("live, open, epoch 1", "40x10 41x5 | 60x8")
	sc.wait(runTimeout)
	sc.expect("live, failed, epoch 1", "")
	outcome := sc.answer(sc.fetched(first, startTime), 0)
	sc.wait(failureTimeout)
	if v := sc.view(); v.State == Live {
		t.Errorf("outcome %d: %v, %v, proof %v of version %d (now %d): the book lacks a change, which was noticed before",
			outcome, v.State, v.Check, v.Proof.By, v.Proof.Version, v.Version)
	}
}

// TestAttackRestHashWrong: a hash of REST that cannot be made is no reason to give up
// those of the stream, which can.
func TestAttackRestHashWrong(t *testing.T) {
	sc := newScript(t)
	sc.begin()
	sc.change("41x6 |", second, startTime+1000)
	sc.expect("live, proved, epoch 1", second)
	sc.ask()
	e := sc.fetched(second, startTime+1000)
	e.Hash = feed.HashOf([20]byte{9})
	outcome := sc.answer(e, startTime+9000)
	sc.change("| 60x8", third, startTime+2000)
	if v := sc.view(); v.Check != Proved {
		t.Errorf("outcome %d, and the stream's own hashes are %v since", outcome, v.Check)
	}
}

// TestAttackRestHashWrongSwitchesOff: one answer of REST with odd hashes must not
// switch hashing off for the process, while the stream's hashes match.
func TestAttackRestHashWrongSwitchesOff(t *testing.T) {
	s := newDriveOf(t, 4)
	s.open()
	s.take()
	s.pongs(auditPeriod+5*time.Second, fetch)
	list := s.fetches()
	if len(list) == 0 {
		t.Fatal("no audit")
	}
	body := s.array(list[0].tokens...)
	var books []map[string]any
	if err := json.Unmarshal([]byte(body), &books); err != nil {
		t.Fatal(err)
	}
	for i := range books {
		books[i]["hash"] = fmt.Sprintf("%040d", i+1)
	}
	odd, _ := json.Marshal(books)
	s.step(input{kind: answerCame, id: list[0].id, status: 200, body: odd})
	s.pongs(10 * time.Second)
	if s.c.books.counts.HashingOff || strings.Contains(s.take(), "report") {
		t.Error("hashing is off for the whole process by one answer of REST, while every hash of the stream matches")
	}
}

// TestAttackNotFoundByOK: an answer that is no book at all is not one that there is
// none.
func TestAttackNotFoundByOK(t *testing.T) {
	for _, body := range []string{"", "null", "{}", `{"error":"rate limited"}`, "PONG", "busy"} {
		s := newDrive(t)
		s.open()
		s.take()
		for end := s.now.after(5 * time.Minute); s.now < end; {
			s.pongs(5*time.Second, fetch)
			for _, e := range s.fetches() {
				s.step(input{kind: answerCame, id: e.id, status: 200, body: []byte(body)})
			}
			s.effects = s.effects[:0]
		}
		if states := s.states(); strings.Contains(states, "gone") {
			t.Errorf("%q with status 200, again and again: %s", body, states)
		}
	}
}

// TestAttackPoisonedBatch: one object of a list that cannot be read must not keep all
// the others from being mended.
func TestAttackPoisonedBatch(t *testing.T) {
	s := newDrive(t)
	m := s.x.Markets()
	s.open()
	poison := m[1].No
	s.send(`{"market":`)
	for end := s.now.after(20 * time.Second); s.now < end; {
		s.pongs(5 * time.Second)
		for _, e := range s.fetches() {
			body := s.array(e.tokens...)
			if strings.Contains(body, poison) {
				body = strings.ReplaceAll(body, `"asset_id":"`+poison+`"`, `"asset_id":7`)
				body = strings.ReplaceAll(body, `"asset_id": "`+poison+`"`, `"asset_id":7`)
			}
			s.step(input{kind: answerCame, id: e.id, status: 200, body: []byte(body)})
		}
		s.effects = s.effects[:0]
	}
	if got := s.state(m[0].Yes); got != "live" {
		t.Errorf("%s although REST has it, since another token's book cannot be read", got)
	}
}

// TestAttackSameMillisecond: REST has one of two states of a millisecond, and the
// stream announced the other one before the request.
func TestAttackSameMillisecond(t *testing.T) {
	sc := newScript(t)
	sc.begin()
	sc.doubt() // 41x6, which led to second, is lost
	sc.change("| 60x8", third, startTime+1000)
	sc.ask()
	outcome := sc.answer(sc.fetched(second, startTime+1000), startTime+9000)
	if v := sc.view(); v.State == Live {
		t.Errorf("outcome %d: live with the earlier state of the millisecond, although the later one was announced before the request", outcome)
	}
}

// TestAttackOldBookWhileJoining: a book that is too old to be believed must not make
// an equally old answer of REST believable.
func TestAttackOldBookWhileJoining(t *testing.T) {
	sc := newScript(t)
	sc.begin()
	sc.doubt()
	sc.change("| 60x8", third, startTime+2000) // 41x6 is lost
	sc.ask()
	sc.book(second, startTime+1000) // an old dump
	if v := sc.view(); v.State == Live {
		t.Fatalf("live with an old book")
	}
	outcome := sc.answer(sc.fetched(second, startTime+1000), startTime+9000)
	if v := sc.view(); v.State == Live {
		t.Errorf("outcome %d: live with a book from before what was announced", outcome)
	}
}

// TestAttackComeBack: a token that was left and is watched again must not get a book
// from before what was announced.
func TestAttackComeBack(t *testing.T) {
	sc := newScript(t)
	sc.begin()
	sc.change("41x6 |", second, startTime+1000)
	sc.s.begin(instant(sc.now*1e6), sc.conn)
	sc.s.leave(sc.token(), Unwatched)
	sc.s.end()
	sc.s.begin(instant(sc.now*1e6), sc.conn)
	sc.s.comeBack(sc.token())
	sc.s.end()
	sc.ask()
	outcome := sc.answer(sc.fetched(first, startTime), startTime+9000)
	if v := sc.view(); v.State == Live {
		t.Errorf("outcome %d: live with a book from before the newest change", outcome)
	}
	sc.ask()
	sc.expectJoined(sc.answer(sc.fetched(second, startTime+1000), startTime+9000), replaced)
	if v := sc.view(); v.State != Live {
		t.Errorf("%v with the newest book", v.State)
	}
}
