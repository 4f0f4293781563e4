package engine

import (
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/truebook/feed/feedtest"
)

// drive drives a core by hand, and keeps what it wants done.
type drive struct {
	t       *testing.T
	c       *core
	x       *feedtest.Exchange
	now     instant
	next    instant
	effects []effect
}

func newDrive(t *testing.T) *drive {
	t.Helper()
	s := &drive{t: t, x: feedtest.New(feedtest.Options{Seed: 1, Markets: 2})}
	s.now = instant(s.x.Opening().Time.UnixNano())
	s.c = newCore(1, s.now, s.now)
	s.c.books.lease.clock = func() time.Duration { return time.Duration(s.now - startInstant()) }
	return s
}

func (s *drive) step(in input) {
	s.t.Helper()
	in.wall = s.now
	s.effects, s.next = s.c.step(s.now, &in, s.effects)
	if s.next < s.now || s.next > s.now.after(tick) {
		s.t.Fatalf("the next step at %v, which is in %v", s.next.time(), time.Duration(s.next-s.now))
	}
}

// wait lets time pass, with the steps that the core asks for. It stops at an effect
// of a kind, and returns how long that took.
func (s *drive) wait(d time.Duration, kinds ...effectKind) (time.Duration, bool) {
	s.t.Helper()
	from := s.now
	for end := s.now.after(d); ; {
		n := len(s.effects)
		s.now = min(end, s.next)
		s.step(input{kind: timerFired})
		for _, e := range s.effects[n:] {
			if slices.Contains(kinds, e.kind) {
				return time.Duration(s.now - from), true
			}
		}
		if s.now == end {
			return d, false
		}
	}
}

// quiet lets time pass, in which the server sends the same books now and then.
func (s *drive) quiet(d time.Duration) {
	s.t.Helper()
	for end := s.now.after(d); s.now < end; {
		s.wait(min(5*time.Second, time.Duration(end-s.now)))
		s.frame()
	}
}

// take returns the effects since the last call.
func (s *drive) take() string {
	var text []string
	for i := range s.effects {
		text = append(text, strings.Fields(s.effects[i].String())[1])
	}
	s.effects = s.effects[:0]
	return strings.Join(text, " ")
}

// open watches all tokens and opens a connection, with its books.
func (s *drive) open() {
	s.t.Helper()
	s.watch()
	s.connect()
	s.frame()
}

func (s *drive) watch() {
	s.t.Helper()
	var tokens []string
	for _, m := range s.x.Markets() {
		tokens = append(tokens, m.Yes, m.No)
	}
	s.step(input{kind: tokensWatched, tokens: tokens})
}

func (s *drive) connect() {
	s.t.Helper()
	if _, ok := s.wait(time.Minute, dial); !ok {
		s.t.Fatal("no dial")
	}
	s.step(input{kind: connOpened, conn: s.c.line.conn})
}

// frame delivers the opening books.
func (s *drive) frame() { s.t.Helper(); s.send(string(s.x.Opening().Data)) }

func (s *drive) send(frame string) {
	s.t.Helper()
	s.step(input{kind: frameCame, conn: s.c.line.conn, frame: []byte(frame)})
}

// states returns the states and reasons of the tokens, each once.
func (s *drive) states() string {
	var states []string
	for _, w := range s.c.watched {
		if w == nil {
			continue
		}
		v := w.token.readers.View()
		text := strings.TrimSuffix(v.State.String()+"/"+v.Reason.String(), "/")
		if !slices.Contains(states, text) {
			states = append(states, text)
		}
	}
	slices.Sort(states)
	return strings.Join(states, " ")
}

func (s *drive) expect(what, got, want string) {
	s.t.Helper()
	if got != want {
		s.t.Fatalf("%s: %s, expected %s", what, got, want)
	}
}

// TestHalfOpen: a connection that does not answer PING is given up 25 s after its
// last frame at the latest, and a PONG is answer enough.
func TestHalfOpen(t *testing.T) {
	s := newDrive(t)
	s.c.rest.pausedUntil = s.now.after(time.Hour)
	s.open()
	s.take()
	took, ok := s.wait(time.Minute, hangUp)
	if !ok || took != 25*time.Second {
		t.Errorf("given up after %v, %v", took, ok)
	}
	s.expect("states", s.states(), "stale/half_open")
	s.expect("effects", s.take(), "ping ping hang")

	s = newDrive(t)
	s.c.rest.pausedUntil = s.now.after(time.Hour)
	s.open()
	for range 5 {
		s.wait(10 * time.Second)
		s.send("PONG")
	}
	if text := s.take(); strings.Contains(text, "hang") {
		t.Errorf("a connection that answers was given up: %s", text)
	}
}

// TestSilence: PONG is no data. REST is asked when nothing else has come for long; and
// without REST the connection is given up, with more patience each time.
func TestSilence(t *testing.T) {
	s := newDrive(t)
	s.open()
	s.take()
	pong := func(kinds ...effectKind) time.Duration {
		t.Helper()
		var sum time.Duration
		for range 200 {
			took, ok := s.wait(5*time.Second, kinds...)
			sum += took
			if ok {
				return sum
			}
			s.send("PONG")
		}
		t.Fatal("nothing happened")
		return 0
	}
	if took := pong(fetch); took > maxSilence {
		t.Errorf("REST was asked after %v", took)
	}
	s.step(input{kind: answerCame, id: s.c.rest.lastID, status: 500})
	if took := pong(hangUp); took > maxSilence+maxPause {
		t.Errorf("given up after %v", took)
	}
	s.expect("states", s.states(), "stale/silent")
}

// TestDials: the first dial is at once, the others later and later, each at random
// within its bound.
func TestDials(t *testing.T) {
	s := newDrive(t)
	s.watch()
	bound := firstDelay
	for n := range 12 {
		took, ok := s.wait(time.Hour, dial)
		if !ok || took > bound {
			t.Fatalf("dial %d after %v, bound %v", n, took, bound)
		}
		bound = min(dialDelay<<(n+1), maxDialDelay)
		s.step(input{kind: dialFailed, conn: s.c.line.conn})
	}
	s.take()
	s.step(input{kind: dialFailed, conn: s.c.line.conn}) // of one that is over
	// One that hangs is given up.
	s.wait(time.Hour, dial)
	if took, _ := s.wait(time.Hour, hangUp); took != dialTimeout {
		t.Errorf("a dial was given up after %v", took)
	}
	// And if it opens after all, it is not used.
	s.take()
	s.step(input{kind: connOpened, conn: s.c.line.conn})
	s.expect("effects", s.take(), "hang")
}

// TestRefusedDials: the exchange says how long it does not want to be asked.
func TestRefusedDials(t *testing.T) {
	for _, c := range []struct {
		status      int
		retryAfter  time.Duration
		refused     int
		least, most time.Duration
	}{
		{429, 0, 1, tooManyDelay, tooManyDelay},
		{429, time.Minute, 1, time.Minute, time.Minute},
		{503, 20 * time.Second, 1, 20 * time.Second, 20 * time.Second},
		{403, 0, 2, 0, maxDialDelay},
		{403, 0, 3, blockedDelay, blockedDelay},
		{404, 0, 3, blockedDelay, blockedDelay},
	} {
		s := newDrive(t)
		s.watch()
		for range c.refused {
			s.wait(time.Hour, dial)
			s.step(input{kind: dialFailed, conn: s.c.line.conn, status: c.status, retryAfter: c.retryAfter})
		}
		if took, _ := s.wait(time.Hour, dial); took < c.least || took > c.most {
			t.Errorf("%d, %v: dialed again after %v", c.status, c.retryAfter, took)
		}
		want := "syncing/initial"
		if c.least == blockedDelay {
			want = "syncing/blocked"
		}
		s.expect("states", s.states(), want)
	}
}

// TestHealthyLine: after a minute of data, the next dial is the first one again.
func TestHealthyLine(t *testing.T) {
	s := newDrive(t)
	s.c.rest.pausedUntil = s.now.after(time.Hour)
	s.watch()
	for range 8 {
		s.wait(time.Hour, dial)
		s.step(input{kind: dialFailed, conn: s.c.line.conn})
	}
	s.connect()
	s.frame()
	for range 13 {
		s.wait(5 * time.Second)
		s.frame()
	}
	s.step(input{kind: connClosed, conn: s.c.line.conn, status: 1006})
	s.expect("states", s.states(), "stale/disconnected")
	if took, _ := s.wait(time.Hour, dial); took > firstDelay {
		t.Errorf("dialed after %v", took)
	}
}

// TestStrangers: what comes of a connection that was given up changes nothing.
func TestStrangers(t *testing.T) {
	s := newDrive(t)
	s.open()
	s.take()
	s.step(input{kind: frameCame, conn: s.c.line.conn - 1, frame: []byte("INVALID OPERATION")})
	s.step(input{kind: connClosed, conn: s.c.line.conn - 1, status: 1000, text: resolvedText})
	s.step(input{kind: answerCame, id: 77, status: 404})
	s.expect("states", s.states(), "live")
	s.expect("effects", s.take(), "")
}

// TestTexts: INVALID OPERATION puts the subscription in doubt, other texts nothing.
func TestTexts(t *testing.T) {
	s := newDrive(t)
	s.open()
	s.take()
	s.send("NO NEW ASSETS")
	s.send("SOMETHING ELSE")
	s.expect("states", s.states(), "live")
	s.send("INVALID OPERATION")
	s.expect("states", s.states(), "stale/bad_message")
	s.expect("effects", s.take(), "hang")
}

// TestNoAnswer: a connection that says nothing at all is given up, and one that says
// that there is nothing is not.
func TestNoAnswer(t *testing.T) {
	s := newDrive(t)
	s.watch()
	s.connect()
	s.take()
	if took, ok := s.wait(time.Minute, hangUp); !ok || took != answerTimeout {
		t.Errorf("given up after %v", took)
	}
	s = newDrive(t)
	s.watch()
	s.connect()
	s.send("[]\n")
	s.take()
	if took, ok := s.wait(time.Minute, fetch); !ok || took != firstBookTimeout {
		t.Errorf("asked REST after %v", took)
	}
	s.expect("states", s.states(), "syncing/first_book_timeout")
}

// TestResolvedClose: the close that says that all markets are over ends them, and
// nothing is dialed.
func TestResolvedClose(t *testing.T) {
	s := newDrive(t)
	s.open()
	s.take()
	s.step(input{kind: connClosed, conn: s.c.line.conn, status: 1000, text: resolvedText})
	s.expect("states", s.states(), "gone/resolved")
	s.wait(10 * time.Minute)
	s.expect("effects", s.take(), "")
}

// TestClocks: a machine that slept, a clock that was set and a process that stood
// still all put the books in doubt.
func TestClocks(t *testing.T) {
	for name, jump := range map[string]func(*drive, *input){
		"slept":    func(s *drive, in *input) { in.wall = s.now.after(3 * time.Second) },
		"set back": func(s *drive, in *input) { in.wall = s.now.after(-time.Hour) },
		"stood still": func(s *drive, in *input) {
			s.now = s.now.after(tick + maxJump + 1)
			in.wall = s.now
		},
	} {
		s := newDrive(t)
		s.open()
		s.take()
		in := input{kind: timerFired}
		jump(s, &in)
		s.effects, s.next = s.c.step(s.now, &in, s.effects)
		s.expect(name, s.states()+" "+s.take(), "stale/clock_jump hang")
	}
	s := newDrive(t)
	s.open()
	s.take()
	in := input{kind: timerFired, wall: s.now.after(maxJump)}
	s.effects, s.next = s.c.step(s.now, &in, s.effects)
	s.now = s.now.after(leaseTime)
	in.wall = s.now
	s.effects, s.next = s.c.step(s.now, &in, s.effects)
	s.expect("within bounds", s.states(), "live")
	// What readers have been told is not taken back.
	s.now = s.now.after(leaseTime + 1)
	in.wall = s.now
	s.effects, s.next = s.c.step(s.now, &in, s.effects)
	s.expect("beyond the lease", s.states(), "stale/stalled")
}

// TestBadFrames: one frame that cannot be read costs a question to REST, and the fifth
// within a minute the connection.
func TestBadFrames(t *testing.T) {
	s := newDrive(t)
	s.open()
	s.take()
	for n := range 5 {
		s.wait(0)
		s.expect("effects", strings.ReplaceAll(s.take(), "ping", ""), map[bool]string{true: "fetch", false: ""}[n == 1])
		s.send(`{"market":`)
		s.expect("states", s.states(), "stale/bad_message")
	}
	if text := s.take(); !strings.Contains(text, "hang") {
		t.Errorf("five bad frames: %s", text)
	}
}
