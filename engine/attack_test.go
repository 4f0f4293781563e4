package engine

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/truebook/feed/feedtest"
)

// The tests of this file were written by a reviewer: each tells a story in which
// something once went wrong.

// objects returns the opening books, one object each, by their tokens.
func (s *drive) objects() map[string]string {
	s.t.Helper()
	var list []json.RawMessage
	if err := json.Unmarshal(s.x.Opening().Data, &list); err != nil {
		s.t.Fatal(err)
	}
	byToken := map[string]string{}
	for _, o := range list {
		var named struct {
			Asset string `json:"asset_id"`
		}
		if err := json.Unmarshal(o, &named); err != nil {
			s.t.Fatal(err)
		}
		byToken[named.Asset] = string(o)
	}
	return byToken
}

// array is a frame with the opening books of some tokens.
func (s *drive) array(tokens ...string) string {
	var list []string
	objects := s.objects()
	for _, id := range tokens {
		list = append(list, objects[id])
	}
	return "[" + strings.Join(list, ",") + "]"
}

// fetches returns the fetches since the last call of take.
func (s *drive) fetches() (list []effect) {
	for _, e := range s.effects {
		if e.kind == fetch {
			list = append(list, e)
		}
	}
	return list
}

// pongs lets time pass on a connection that answers PING.
func (s *drive) pongs(d time.Duration, kinds ...effectKind) bool {
	s.t.Helper()
	for ; d > 0; d -= 5 * time.Second {
		if _, ok := s.wait(5*time.Second, kinds...); ok {
			return true
		}
		if s.c.line.state == lineOpen {
			s.send("PONG")
		}
	}
	return false
}

// served is pongs, with a REST that has the opening books.
func (s *drive) served(d time.Duration) {
	s.t.Helper()
	for end := s.now.after(d); s.now < end; {
		s.pongs(time.Second, fetch)
		for _, e := range s.fetches() {
			s.step(input{kind: answerCame, id: e.id, status: 200, body: []byte(s.array(e.tokens...))})
		}
		s.effects = s.effects[:0]
	}
}

func (s *drive) state(id string) string {
	a := s.c.books.decoder.Find(id)
	v := s.c.books.tokens[a.Index].readers.View()
	return strings.TrimSuffix(v.State.String()+"/"+v.Reason.String(), "/")
}

// TestAttackResolvedWatchedAgain: to watch a market that is over, and to leave it
// again, must not end the connection of the others, whose books stay live without it.
func TestAttackResolvedWatchedAgain(t *testing.T) {
	s := newDrive(t)
	s.open()
	over, other := s.x.Markets()[0], s.x.Markets()[1]
	ids := []string{over.Yes, over.No}
	s.send(fmt.Sprintf(`{"event_type":"market_resolved","market":"%s","assets_ids":["%s","%s"],"timestamp":"1800000000000"}`, over.Condition, over.Yes, over.No))
	for range 2 {
		s.step(input{kind: tokensLeft, tokens: ids})
		s.served(40 * time.Second)
		s.step(input{kind: tokensWatched, tokens: ids})
	}
	s.served(10 * time.Second)
	if s.c.tokens != 2 {
		t.Errorf("%d tokens are counted, not 2", s.c.tokens)
	}
	if s.c.line.state != lineOpen {
		t.Errorf("the connection is gone (%d), and the other market's book is %s", s.c.line.state, s.state(other.Yes))
	}
}

// TestAttackLateAnswer: the first array comes after firstBookTimeout and lacks a token.
func TestAttackLateAnswer(t *testing.T) {
	s := newDrive(t)
	s.watch()
	s.connect()
	s.wait(firstBookTimeout + time.Second)
	m := s.x.Markets()
	s.send(s.array(m[0].Yes, m[0].No, m[1].Yes))
	s.take()
	if !s.pongs(3*time.Minute, fetch) {
		t.Errorf("REST is never asked for %s", s.state(m[1].No))
	}
	found := false
	for range 10 {
		for _, e := range s.fetches() {
			for _, id := range e.tokens {
				found = found || id == m[1].No
			}
		}
		s.pongs(30 * time.Second)
	}
	if !found {
		t.Errorf("REST is never asked for the token without a book, which is %s", s.state(m[1].No))
	}
}

// TestAttackOldFirstBook: the first book is older than a change that came before it,
// and the token is quiet.
func TestAttackOldFirstBook(t *testing.T) {
	s := newDrive(t)
	s.watch()
	s.connect()
	opening := string(s.x.Opening().Data)
	s.send(string(s.x.Next().Data))
	s.send(opening)
	s.take()
	states := s.states()
	asked := s.pongs(3*time.Minute, fetch)
	if strings.Contains(states, "syncing") && strings.Contains(s.states(), "syncing") {
		for range 5 {
			s.pongs(time.Minute)
		}
		n := 0
		for _, e := range s.fetches() {
			for _, id := range e.tokens {
				if strings.HasPrefix(s.state(id), "syncing") {
					n++
				}
			}
		}
		if n == 0 {
			t.Errorf("states %s, then %s (asked: %v), never asked for the one that is syncing", states, s.states(), asked)
		}
	}
}

// TestAttackCloseOvertakesSubscribe: the exchange closes a connection whose markets
// are over, while a subscription to another one is on its way.
func TestAttackCloseOvertakesSubscribe(t *testing.T) {
	s := newDrive(t)
	m := s.x.Markets()
	s.step(input{kind: tokensWatched, tokens: []string{m[0].Yes, m[0].No}})
	s.connect()
	s.send(s.array(m[0].Yes, m[0].No))
	s.step(input{kind: tokensWatched, tokens: []string{m[1].Yes, m[1].No}})
	s.now = s.now.after(20 * time.Millisecond)
	s.step(input{kind: connClosed, conn: s.c.line.conn, status: 1000, text: resolvedText})
	if state := s.state(m[1].Yes); strings.HasPrefix(state, "gone") {
		t.Errorf("a token that was subscribed to 20 ms before is %s, for ever", state)
	}
}

// TestAttackLateThenQuiet: the stream was late, and then there is nothing to tell.
func TestAttackLateThenQuiet(t *testing.T) {
	s := newDrive(t)
	s.open()
	var changes []string
	for len(changes) < 40 {
		if data := string(s.x.Next().Data); strings.Contains(data, "price_changes") {
			changes = append(changes, data)
		}
	}
	at := func(frame string) instant {
		var e struct {
			Time int64 `json:"timestamp,string"`
		}
		_ = json.Unmarshal([]byte(frame), &e)
		return instant(e.Time) * 1e6
	}
	for i, frame := range changes {
		late := time.Duration(0)
		if i >= 20 {
			late = 3 * time.Second
		}
		s.now = max(s.now, at(frame).after(late))
		s.send(frame)
	}
	for s.c.books.late == false && len(changes) < 400 {
		if data := string(s.x.Next().Data); strings.Contains(data, "price_changes") {
			changes = append(changes, data)
			s.now = max(s.now, at(data).after(3*time.Second))
			s.send(data)
		}
	}
	if !s.c.books.late {
		t.Skip("not late")
	}
	drops := s.c.books.counts.Drops
	s.served(10 * time.Minute)
	if states := s.states(); strings.Contains(states, "lagging") && s.c.books.counts.Drops == drops {
		t.Errorf("ten minutes later: %s, and nothing was done", states)
	}
}

// TestAttackFutureTime: one frame that says a time ten minutes ahead.
func TestAttackFutureTime(t *testing.T) {
	s := newSimulationOf(t)
	s.run(time.Minute)
	drops := s.core.books.counts.Drops
	id := s.tokens[0]
	condition := s.core.find(s.core.books.decoder.Find(id)).token.market.id
	frame := fmt.Sprintf(`{"market":"%s","price_changes":[{"asset_id":"%s","price":"0.001","size":"0","side":"BUY","hash":"%040d","best_bid":"0.1","best_ask":"0.9"},{"asset_id":"%s","price":"0.999","size":"0","side":"SELL","hash":"%040d","best_bid":"0.1","best_ask":"0.9"}],"timestamp":"%d","event_type":"price_change"}`,
		condition, id, 1, s.tokens[1], 2, time.Duration(s.now()).Milliseconds()+600_000)
	s.step(&input{kind: frameCame, conn: s.core.line.conn, frame: []byte(frame)})
	down := time.Duration(0)
	for range 120 {
		s.run(5 * time.Second)
		for _, tok := range s.core.books.tokens {
			if tok != nil && tok.state != Live {
				down += 5 * time.Second
				break
			}
		}
	}
	t.Logf("in ten minutes: some token not live for %v, %d connections dropped, doubts %v", down, s.core.books.counts.Drops-drops, s.core.books.counts.Doubts)
	if n := s.core.books.counts.Drops - drops; n > 3 || down > time.Minute {
		t.Errorf("one wrong time: not live for %v of ten minutes, %d connections given up", down, n)
	}
}

func newSimulationOf(t *testing.T) *simulation {
	t.Helper()
	s := newSimulation(venueOptions(1))
	s.checker.t = t
	s.step(&input{kind: tokensWatched, tokens: s.tokens})
	return s
}

// TestAttackQuietWithoutREST: a quiet market while REST fails must not cost a
// connection each half minute.
func TestAttackQuietWithoutREST(t *testing.T) {
	s := newDrive(t)
	s.open()
	s.take()
	drops := 0
	for end := s.now.after(time.Hour); s.now < end; {
		s.wait(time.Second)
		for _, e := range s.effects {
			switch e.kind { //nolint:exhaustive // the others need no answer
			case dial:
				s.step(input{kind: connOpened, conn: e.conn})
				s.frame()
			case fetch:
				s.step(input{kind: answerCame, id: e.id, status: 500})
			case ping:
				s.send("PONG")
			case hangUp:
				drops++
			}
		}
		s.effects = s.effects[:0]
	}
	t.Logf("%d connections given up in an hour", drops)
	if drops > 12 {
		t.Errorf("%d connections given up in an hour, patience notwithstanding", drops)
	}
}

// TestAttackFirstBookFailed: the first book does not have its hash, and REST fails
// just then.
func TestAttackFirstBookFailed(t *testing.T) {
	s := newDrive(t)
	m := s.x.Markets()
	s.watch()
	s.connect()
	var list []map[string]any
	if err := json.Unmarshal([]byte(s.array(m[0].Yes, m[0].No, m[1].Yes, m[1].No)), &list); err != nil {
		t.Fatal(err)
	}
	bids := list[1]["bids"].([]any)
	bids[0].(map[string]any)["size"] = "123456"
	bad, _ := json.Marshal(list)
	s.send(string(bad))
	state := s.state(m[0].No)
	failed := false
	for end := s.now.after(10 * time.Minute); s.now < end; {
		s.pongs(5 * time.Second)
		for _, e := range s.fetches() {
			if !failed {
				failed = true
				s.step(input{kind: answerCame, id: e.id, status: 500})
				continue
			}
			s.step(input{kind: answerCame, id: e.id, status: 200, body: []byte(s.array(e.tokens...))})
		}
		s.effects = s.effects[:0]
	}
	if got := s.state(m[0].No); got != "live" {
		t.Errorf("%s at first, %s ten minutes later, failed REST once: %v", state, got, failed)
	}
}

// TestAttackRetryAfter: no header stops the engine for days.
func TestAttackRetryAfter(t *testing.T) {
	s := newDrive(t)
	s.watch()
	s.wait(time.Minute, dial)
	s.step(input{kind: dialFailed, conn: s.c.line.conn, status: 429, retryAfter: 30 * 24 * time.Hour})
	if took := time.Duration(s.c.line.dialAt - s.now); took > time.Hour {
		t.Errorf("the next dial is in %v", took)
	}
	s = newDrive(t)
	s.open()
	s.take()
	s.pongs(time.Minute, fetch)
	s.step(input{kind: answerCame, id: s.c.rest.lastID, status: 429, retryAfter: 30 * 24 * time.Hour})
	if took := time.Duration(s.c.rest.pausedUntil - s.now); took > time.Hour {
		t.Errorf("REST is asked again in %v", took)
	}
}

// TestAttackSeedForgotten: a book that was sent before the unsubscription must not
// keep the token from being seeded.
func TestAttackSeedForgotten(t *testing.T) {
	s := newDrive(t)
	m := s.x.Markets()
	s.open()
	ids := []string{m[0].Yes, m[0].No}
	s.step(input{kind: tokensLeft, tokens: ids})
	s.pongs(lingerTime + 5*time.Second)
	s.step(input{kind: tokensWatched, tokens: ids})
	s.send(s.array(ids...)) // on its way since before
	if state := s.state(m[0].Yes); state == "live" {
		t.Errorf("live by a book from before")
	}
	s.take()
	s.pongs(5*time.Second, fetch)
	if len(s.fetches()) == 0 {
		t.Errorf("%s by a book from before, and REST is not asked", s.state(m[0].Yes))
	}
}

// TestAttackMemoryOfLeft: what nobody watches any more keeps no levels.
func TestAttackMemoryOfLeft(t *testing.T) {
	s := newDrive(t)
	s.open()
	m := s.x.Markets()
	s.step(input{kind: tokensLeft, tokens: []string{m[0].Yes, m[0].No}})
	s.pongs(lingerTime + 5*time.Second)
	tok := s.c.books.tokens[s.c.books.decoder.Find(m[0].Yes).Index]
	t.Logf("%s: %d markets of the shard, ring kept: %v", s.state(m[0].Yes), len(s.c.books.markets), tok.ring.marks != nil)
	if len(s.c.books.markets) != 1 {
		t.Errorf("%d markets are kept", len(s.c.books.markets))
	}
}

func newDriveOf(t *testing.T, markets int) *drive {
	t.Helper()
	s := &drive{t: t, x: feedtest.New(feedtest.Options{Seed: 1, Markets: markets})}
	s.now = instant(s.x.Opening().Time.UnixNano())
	s.c = newCore(1, s.now, s.now)
	s.c.books.lease.clock = func() time.Duration { return time.Duration(s.now - startInstant()) }
	return s
}

func venueOptions(seed uint64) feedtest.VenueOptions {
	return feedtest.VenueOptions{Seed: seed, Markets: 4, Rate: 6}
}
