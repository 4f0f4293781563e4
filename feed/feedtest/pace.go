package feedtest

import (
	"bytes"
	"math"
	"time"
)

// How far the venue's time goes before others may have their turn.
const (
	sliceTime       = 100 * time.Millisecond
	sliceDeliveries = 256
	// idleSlice is how long the venue may be behind the clock when there are no
	// clients. It is up to date whenever anybody looks.
	idleSlice = time.Second
)

// letTimePass lets the venue go on as time passes.
func (s *Server) letTimePass() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for wait := time.Duration(0); ; {
		if wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-s.changed:
			case <-s.closing:
				return
			}
		}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			return
		}
		wait = s.goOn()
		s.mu.Unlock()
	}
}

// goOn lets the venue go on for a slice. It returns how long nothing is to be done then.
func (s *Server) goOn() time.Duration {
	v := s.venue
	end := v.now + int64(sliceTime)
	if s.fullSpeed() {
		if !s.wanted() || s.crowded() {
			return math.MaxInt64 // changed ends it
		}
	} else {
		end = min(end, s.due())
	}
	for range sliceDeliveries {
		d, ok := v.Advance(time.Unix(0, end))
		if !ok {
			break
		}
		s.deliver(&d)
		if s.fullSpeed() && s.crowded() {
			return math.MaxInt64
		}
	}
	if s.fullSpeed() {
		return 0
	}
	return s.untilNext()
}

// due returns what time it is at the venue.
func (s *Server) due() int64 {
	return s.venue.begun + int64(float64(time.Since(s.began))*s.speed)
}

// untilNext returns how long it takes until something happens at the venue.
func (s *Server) untilNext() time.Duration {
	next := s.venue.next()
	if next <= max(s.venue.now, s.due()) {
		return 0 // the slice was too short
	}
	least := time.Duration(1)
	if len(s.sockets)+len(s.answers) == 0 {
		least = idleSlice
	}
	at := time.Duration(math.Ceil(float64(next-s.venue.begun) / s.speed))
	return max(at-time.Since(s.began), least)
}

// next returns when something happens next. Something always does.
func (v *Venue) next() int64 {
	if v.first < len(v.out) {
		return v.now
	}
	next := int64(math.MaxInt64)
	if at, ok := v.events.next(); ok {
		next = at
	}
	if m := v.stream.next(); m != nil {
		next = min(next, m.at)
	}
	return next
}

// enter lets the venue come to the present, and keeps it there until leave.
func (s *Server) enter() {
	s.mu.Lock()
	if s.closed || s.fullSpeed() {
		return
	}
	for due := time.Unix(0, s.due()); ; {
		d, ok := s.venue.Advance(due)
		if !ok {
			return
		}
		s.deliver(&d)
	}
}

// leave lets time pass again.
func (s *Server) leave() {
	s.mu.Unlock()
	s.wake()
}

func (s *Server) wake() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// wanted says whether anybody waits for something from the venue, at full speed.
func (s *Server) wanted() bool {
	if len(s.answers) > 0 {
		return true
	}
	for _, c := range s.sockets {
		if !c.opened || c.spoken {
			return true
		}
	}
	return false
}

// crowded says whether so much waits for a client that the venue should wait too.
func (s *Server) crowded() bool {
	kept := s.crowd[:0]
	for _, c := range s.crowd {
		if c.waiting() > crowdedAt {
			kept = append(kept, c)
		}
	}
	clear(s.crowd[len(kept):])
	s.crowd = kept
	return len(s.crowd) > 0
}

// deliver passes on what reaches a client.
func (s *Server) deliver(d *Delivery) {
	if d.Kind == Answered {
		if answer := s.answers[d.Fetch]; answer != nil {
			delete(s.answers, d.Fetch)
			d.Data = bytes.Clone(d.Data)
			answer <- *d
		}
		return
	}
	c := s.sockets[d.Conn]
	if c == nil {
		return
	}
	switch d.Kind {
	case Opened:
		c.opened = true
		c.outcome <- *d
	case DialFailed:
		delete(s.sockets, c.id)
		c.outcome <- *d
	case Received:
		s.receive(c, d.Data)
	case Closed:
		delete(s.sockets, c.id)
		c.finish(d.Code, d.Reason)
	case Answered:
	}
}

// receive passes on a frame.
func (s *Server) receive(c *socket, frame []byte) {
	waiting := c.push(frame)
	if waiting > maxWaiting {
		s.forget(c)
		c.drop()
		c.finish(1013, closeReason(1013))
		return
	}
	if s.fullSpeed() && waiting > crowdedAt {
		s.crowd = append(s.crowd, c)
	}
	if !c.heard {
		c.heard = true
		s.attackNext(c)
	}
}

// forget hangs a connection up at the venue.
func (s *Server) forget(c *socket) {
	if s.sockets[c.id] == c {
		delete(s.sockets, c.id)
		s.venue.Hangup(c.id)
	}
}
