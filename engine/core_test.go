package engine

import (
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/truebook/feed/feedtest"
)

// TestCoreAllocations: in the steady state a frame costs the core no allocation, with
// its proofs, and its tops published.
func TestCoreAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	s := newDrive(t)
	s.c.rest.pausedUntil = s.now.after(time.Hour)
	s.open()
	var frames [][]byte
	for range 12_000 {
		frames = append(frames, slices.Clone(s.x.Next().Data))
	}
	i := 0
	step := func() {
		in := input{kind: frameCame, conn: s.c.line.conn, frame: frames[i], wall: s.now}
		s.effects, s.next = s.c.step(s.now, &in, s.effects[:0])
		i++
	}
	for i < 6000 {
		step()
	}
	if n := testing.AllocsPerRun(5000, step); n != 0 {
		t.Errorf("%v allocations for a frame", n)
	}
	s.expect("states", s.states(), "live")
}

// TestFetchBounds: whatever fails, REST is asked with 4 requests under way, 100 books in
// each, and no more often than its budget allows.
func TestFetchBounds(t *testing.T) {
	s := newDrive(t)
	s.x = feedtest.New(feedtest.Options{Seed: 3, Markets: 300})
	s.watch()
	s.connect()
	for frame := s.x.Opening(); strings.HasPrefix(string(frame.Data), "["); frame = s.x.Next() {
		s.send(string(frame.Data))
	}
	s.expect("states", s.states(), "live")
	s.take()
	s.send("{")
	s.wait(0)
	var batches []int
	for _, e := range s.effects {
		if e.kind == fetch {
			batches = append(batches, len(e.tokens))
		}
	}
	if !slices.Equal(batches, []int{100, 100, 100, 100}) {
		t.Errorf("requests for %v books", batches)
	}
	// Answers that say nothing: no request is repeated at once.
	from, requests := s.now, 0
	for s.now < from.after(time.Minute) && s.c.line.state == lineOpen {
		for _, e := range s.effects {
			if e.kind == fetch {
				requests++
				s.step(input{kind: answerCame, id: e.id, status: 500})
			}
		}
		s.effects = s.effects[:0]
		s.wait(100 * time.Millisecond)
		s.send("PONG")
	}
	if requests < 6 || requests > 30 {
		t.Errorf("%d requests in a minute to a REST that fails", requests)
	}
	if n := len(s.c.rest.queue); n > 600 {
		t.Errorf("%d tokens in the queue", n)
	}
}

// TestAllowance: 50 requests in a burst, and then ten in a second.
func TestAllowance(t *testing.T) {
	s := newDrive(t)
	s.open()
	s.wait(10 * time.Second)
	made := func() (n int) {
		for range 200 {
			c := s.c
			w := c.watched[0]
			w.fetch.forget()
			c.queue(w)
			before := c.books.counts.Fetches
			s.step(input{kind: timerFired})
			n += int(c.books.counts.Fetches - before)
			c.rest.forget()
		}
		return n
	}
	if n := made(); n != burstOfFetches {
		t.Errorf("a burst of %d", n)
	}
	for range 5 {
		s.now = s.now.after(time.Second)
		if n := made(); n != fetchesPerSecond {
			t.Errorf("%d in a second", n)
		}
	}
}

// TestLinger: a token that nobody watches is followed for half a minute, and one that
// is watched again in that time was never left.
func TestLinger(t *testing.T) {
	s := newDrive(t)
	s.open()
	var tokens []string
	for _, m := range s.x.Markets() {
		tokens = append(tokens, m.Yes, m.No)
	}
	s.step(input{kind: tokensLeft, tokens: tokens[:2]})
	s.quiet(lingerTime - time.Second)
	s.step(input{kind: tokensWatched, tokens: tokens[:2]})
	s.expect("states", s.states(), "live")
	s.step(input{kind: tokensLeft, tokens: tokens[:2]})
	s.take()
	s.quiet(lingerTime - time.Second)
	if took, ok := s.wait(time.Minute, unsubscribe); !ok || took != time.Second {
		t.Errorf("left after %v", took)
	}
	if s.c.tokens != 2 {
		t.Errorf("%d tokens are followed", s.c.tokens)
	}
	s.take()
	s.step(input{kind: tokensWatched, tokens: tokens[:2]})
	if text := s.take(); text != "subscribe" {
		t.Errorf("watched again: %s", text)
	}
	if f := s.c.watched[0].fetch; f.phase != fetchDue || f.at != s.now.after(seedDelay) {
		t.Errorf("it is to be seeded at %v", f.at.time())
	}
	// The last one leaves, and the connection is given up.
	s.step(input{kind: tokensLeft, tokens: tokens})
	s.quiet(lingerTime)
	if s.wait(tick); s.c.line.state != lineIdle || !strings.Contains(s.take(), "hang") {
		t.Errorf("the line is %v", s.c.line.state)
	}
}

// TestNothingFound: a token that had a book is gone after two answers that there is none,
// half a minute apart; one that had none is asked for again.
func TestNothingFound(t *testing.T) {
	s := newDrive(t)
	s.open()
	w := s.c.watched[0]
	answer := func() {
		t.Helper()
		for range 200 {
			effects := slices.Clone(s.effects)
			s.effects = s.effects[:0]
			asked := false
			for _, e := range effects {
				if e.kind == fetch {
					in := input{kind: answerCame, id: e.id, status: 404, body: []byte(`{"error":"No orderbook exists for the requested token id"}`)}
					if len(e.tokens) > 1 {
						in.status, in.body = 200, []byte("[]")
					}
					s.step(in)
					asked = true
				}
			}
			if asked {
				return
			}
			s.wait(time.Second)
			s.send("PONG")
		}
		t.Fatal("nothing is asked")
	}
	answer() // the audit: the list may have left it out
	if w.token.state != Live || !w.fetch.alone {
		t.Fatalf("%v", w.token.state)
	}
	first := s.now
	for w.token.state == Live && s.now < first.after(5*time.Minute) {
		answer()
	}
	if took := time.Duration(s.now - first); w.token.state != Gone || took < goneGap || took > goneGap+10*time.Second {
		t.Errorf("%v after %v", w.token.state, took)
	}
}

// TestLateFrames: what is still on its way of a token that was left changes nothing.
func TestLateFrames(t *testing.T) {
	s := newDrive(t)
	s.open()
	m := s.x.Markets()[0]
	s.step(input{kind: tokensLeft, tokens: []string{m.Yes, m.No}})
	s.quiet(lingerTime + tick)
	for range 50 {
		s.send(string(s.x.Next().Data))
	}
	s.frame()
	s.expect("states", s.states(), "live")
	for _, id := range []string{m.Yes, m.No} {
		v := s.c.books.tokens[s.c.books.decoder.Find(id).Index].readers.View()
		if v.State != Gone || v.Reason != Unwatched || v.Snapshot.Len(0) > 0 {
			t.Errorf("%v %v, %d levels", v.State, v.Reason, v.Snapshot.Len(0))
		}
	}
}
