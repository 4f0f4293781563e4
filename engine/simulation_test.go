package engine

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"time"

	"example.com/truebook/feed/feedtest"
)

// simulation is a core that a simulated exchange talks to, in virtual time.
type simulation struct {
	venue  *feedtest.Venue
	core   *core
	random *rand.Rand
	next   instant // when the core wants to be called
	// suspended is how long the machine has slept, and wallOffset by how much its
	// clock was set: the core's two clocks differ from the venue's by them.
	suspended, wallOffset time.Duration
	// stalledUntil is when the process goes on, 0 if it does.
	stalledUntil  time.Time
	asleep        bool // the machine is, since sleptAt
	sleptAt       time.Time
	backlog       []feedtest.Delivery
	effects       []effect
	subscriptions map[int]string
	tokens        []string
	checker       *checker
	faults        *faultLog
	trace         func(format string, args ...any) // of inputs and effects, nil for none
	summing       bool                             // into sum
	sum           uint64                           // of all inputs and effects
	steps         int
	frames        int
}

func newSimulation(o feedtest.VenueOptions) *simulation {
	s := &simulation{
		venue:  feedtest.NewVenue(o),
		random: rand.New(rand.NewPCG(o.Seed, 0x73696d)), //nolint:gosec // to be repeated
	}
	now := s.now()
	s.subscriptions = map[int]string{}
	s.core = newCore(o.Seed, now, now)
	s.core.books.proofs.limit(1<<30, now)
	s.core.books.lease.clock = func() time.Duration { return time.Duration(s.now() - startInstant()) }
	for _, m := range s.venue.Markets() {
		s.tokens = append(s.tokens, m.Yes, m.No)
	}
	s.checker, s.faults = newChecker(s), &faultLog{s: s}
	s.next = now
	return s
}

// now is the time by the core's clock that never goes back.
func (s *simulation) now() instant {
	now := s.venue.Now()
	if s.asleep {
		now = s.sleptAt
	}
	return instant(now.UnixNano()) - instant(s.suspended)
}

func (s *simulation) wall() instant { return s.now() + instant(s.suspended+s.wallOffset) }

// run goes on for some time.
func (s *simulation) run(d time.Duration) {
	for end := s.venue.Now().Add(d); s.venue.Now().Before(end); {
		until := end
		if at := s.next.after(s.suspended).time(); at.Before(until) {
			until = at
		}
		if !s.stalledUntil.IsZero() {
			until = s.stalledUntil
			if end.Before(until) {
				until = end
			}
		}
		delivery, came := s.venue.Advance(until)
		switch {
		case !s.stalledUntil.IsZero():
			s.stalled(delivery, came)
		case came:
			s.deliver(delivery)
		case s.next.after(s.suspended).time().After(s.venue.Now()):
		default:
			s.step(&input{kind: timerFired})
		}
		s.faults.update()
		if !s.asleep && !s.venue.Waiting() {
			s.checker.check()
		}
	}
}

// stalled keeps what comes while the process stands still.
func (s *simulation) stalled(d feedtest.Delivery, came bool) {
	if came {
		d.Data = append([]byte(nil), d.Data...)
		s.backlog = append(s.backlog, d)
	}
	if s.venue.Now().Before(s.stalledUntil) {
		return
	}
	s.stalledUntil = time.Time{}
	if s.asleep {
		s.asleep = false
		s.suspended += s.venue.Now().Sub(s.sleptAt)
	}
	backlog := s.backlog
	s.backlog = nil
	for _, d := range backlog {
		s.deliver(d)
	}
}

// stall stops the process for some time.
func (s *simulation) stall(d time.Duration) {
	s.stalledUntil = s.venue.Now().Add(d)
	s.faults.own = append(s.faults.own, ownFault{"stall", s.venue.Now(), s.stalledUntil})
}

// suspend stops the machine, and with it the clock that never goes back.
func (s *simulation) suspend(d time.Duration) {
	s.stall(d)
	s.faults.own[len(s.faults.own)-1].name = "suspend"
	s.asleep, s.sleptAt = true, s.venue.Now()
}

// setClock sets the wall clock.
func (s *simulation) setClock(d time.Duration) {
	s.wallOffset += d
	s.faults.own = append(s.faults.own, ownFault{"set_clock", s.venue.Now(), s.venue.Now()})
}

// deliver hands over what has come.
func (s *simulation) deliver(d feedtest.Delivery) {
	in := &input{conn: d.Conn, status: d.Code, text: d.Reason, retryAfter: d.RetryAfter, id: d.Fetch}
	switch d.Kind {
	case feedtest.Opened:
		in.kind = connOpened
		s.venue.Send(d.Conn, []byte(s.subscriptions[d.Conn]))
	case feedtest.DialFailed:
		in.kind = dialFailed
	case feedtest.Received:
		in.kind, in.frame = frameCame, d.Data
		s.frames++
	case feedtest.Closed:
		in.kind = connClosed
	case feedtest.Answered:
		in.kind, in.body = answerCame, d.Data
	}
	in.more = s.venue.Waiting()
	s.step(in)
}

func (s *simulation) step(in *input) {
	s.steps++
	in.wall = s.wall()
	now := s.now()
	s.note("%s %s", now.time().Format("15:04:05.000"), in)
	s.effects, s.next = s.core.step(now, in, s.effects[:0])
	for i := range s.effects {
		s.note("  %s", &s.effects[i])
		s.do(&s.effects[i])
	}
}

// do is the shell.
func (s *simulation) do(e *effect) {
	list := func() string { return `["` + strings.Join(e.tokens, `","`) + `"]` }
	switch e.kind {
	case dial:
		s.subscriptions[e.conn] = `{"assets_ids":` + list() + `,"type":"market","custom_feature_enabled":true,"initial_dump":true}`
		s.venue.Dial(e.conn)
	case hangUp:
		s.venue.Hangup(e.conn)
	case ping:
		s.venue.Send(e.conn, []byte("PING"))
	case subscribe:
		s.venue.Send(e.conn, []byte(`{"operation":"subscribe","assets_ids":`+list()+`,"custom_feature_enabled":true}`))
	case unsubscribe:
		s.venue.Send(e.conn, []byte(`{"operation":"unsubscribe","assets_ids":`+list()+`}`))
	case fetch:
		s.venue.Fetch(e.id, e.tokens)
	case reportHashing:
	}
}

// note adds to the trace.
func (s *simulation) note(format string, args ...any) {
	if s.trace == nil && !s.summing {
		return
	}
	text := fmt.Sprintf(format, args...)
	h := fnv.New64a()
	var sum [8]byte
	binary.LittleEndian.PutUint64(sum[:], s.sum)
	_, _ = h.Write(sum[:])
	_, _ = h.Write([]byte(text))
	s.sum = h.Sum64()
	if s.trace != nil {
		s.trace("%s", text)
	}
}
