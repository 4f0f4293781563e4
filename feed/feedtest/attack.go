package feedtest

import (
	"maps"
	"net/http"
	"slices"
	"time"
)

// Attack is something that a broken or hostile server does on the wire, below what a
// [Venue] knows of.
type Attack struct {
	Kind AttackKind
	// At is when it begins, as that of a [Fault].
	At time.Duration
	// For is how long it lasts on a connection that it hits, by the clock, if it is of
	// a kind that lasts: then the connection is reset. 0 is until the client leaves or
	// the server closes.
	For time.Duration
	// N is what it hits: so many of the next handshakes or requests, 1 if 0; or so many
	// of the next connections when they have got their first frame, and if 0 those that
	// have got it when the attack begins.
	N int
}

// AttackKind is a way to attack. Those that last say so.
type AttackKind uint8

// Attacks on handshakes of the market channel.
const (
	// TrickledHandshake answers a byte a second, without end. It lasts.
	TrickledHandshake AttackKind = iota
	// EndlessHeaders answers with headers without end, 16 MB a second. It lasts.
	EndlessHeaders
	// RedirectedHandshake redirects to the path /redirected of the same host, by plain
	// HTTP. There is nothing.
	RedirectedHandshake

	// Attacks on connections. On those that last, nothing more comes from the venue, but
	// for Deaf.

	// TerabyteFrame begins a frame of 1 TiB, of which 16 MB a second come. It lasts.
	TerabyteFrame
	// EmptyFragments sends a message in fragments without end, all of them empty, a
	// million a second. It lasts.
	EmptyFragments
	// TrickledMessage sends a message of an hour, a byte a second. It lasts.
	TrickledMessage
	// PingFlood sends 100,000 pings a second. It lasts.
	PingFlood
	// UnreadPongs does so and reads nothing more, no pong either. It lasts.
	UnreadPongs
	// Deaf reads nothing more. What the connection is subscribed to goes on. It lasts.
	Deaf

	// These send one frame among the others, with which the connection goes on.

	MaskedFrame  // masked, which a server must not do
	ReservedBits // with all reserved bits set
	InvalidUTF8  // a text that is none
	BinaryFrame  // of bytes that are no text
	GiantFrame   // an unknown event of 100 MB

	// Attacks on requests by REST.

	// EndlessAnswer begins an array and never ends it, 16 MB a second. It lasts.
	EndlessAnswer
	// TrickledAnswer does so a byte a second. It lasts.
	TrickledAnswer
	// HTMLAnswer is a page of HTML with status 403, as of a proxy.
	HTMLAnswer
	// RedirectedAnswer redirects as RedirectedHandshake does.
	RedirectedAnswer

	numAttackKinds
)

//nolint:gochecknoglobals // constant
var attackNames = [numAttackKinds]string{
	TrickledHandshake: "trickled_handshake", EndlessHeaders: "endless_headers",
	RedirectedHandshake: "redirected_handshake",
	TerabyteFrame:       "terabyte_frame", EmptyFragments: "empty_fragments", TrickledMessage: "trickled_message",
	PingFlood: "ping_flood", UnreadPongs: "unread_pongs", Deaf: "deaf",
	MaskedFrame: "masked_frame", ReservedBits: "reserved_bits", InvalidUTF8: "invalid_utf8",
	BinaryFrame: "binary_frame", GiantFrame: "giant_frame",
	EndlessAnswer: "endless_answer", TrickledAnswer: "trickled_answer", HTMLAnswer: "html_answer",
	RedirectedAnswer: "redirected_answer",
}

// String returns the name in lower case, as commands take it. None is that of a
// [FaultKind].
func (k AttackKind) String() string {
	if k < numAttackKinds {
		return attackNames[k]
	}
	return "invalid attack"
}

// AttackKinds returns all kinds.
func AttackKinds() []AttackKind {
	kinds := make([]AttackKind, 0, numAttackKinds)
	for k := range numAttackKinds {
		kinds = append(kinds, k)
	}
	return kinds
}

// target is what a kind of attack hits.
type target uint8

const (
	onHandshake target = iota
	onConnection
	onAnswer
)

func (k AttackKind) target() target {
	switch {
	case k < TerabyteFrame:
		return onHandshake
	case k < EndlessAnswer:
		return onConnection
	default:
		return onAnswer
	}
}

// Attack adds an attack. Its At may be over already: then it begins at once.
func (s *Server) Attack(a Attack) {
	s.enter()
	defer s.leave()
	s.plan(a)
}

// Attacked returns how many handshakes, connections or requests attacks of a kind have
// hit so far.
func (s *Server) Attacked(k AttackKind) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attacked[k]
}

// plan sees to the beginning of an attack.
func (s *Server) plan(a Attack) {
	if at := s.venue.begun + int64(a.At); at > s.venue.now {
		s.venue.at(at, func() { s.beginAttack(a) })
		return
	}
	s.beginAttack(a)
}

func (s *Server) beginAttack(a Attack) {
	if a.Kind.target() != onConnection || a.N > 0 {
		a.N = max(a.N, 1)
		s.attacks = append(s.attacks, &a)
		return
	}
	for _, id := range slices.Sorted(maps.Keys(s.sockets)) {
		if c := s.sockets[id]; c.heard {
			s.attacked[a.Kind]++
			s.hit(c, &a)
		}
	}
}

// takeAttack returns the attack that is to hit what comes next of a kind, nil if there
// is none.
func (s *Server) takeAttack(t target) *Attack {
	for i, a := range s.attacks {
		if a.Kind.target() != t {
			continue
		}
		if a.N--; a.N == 0 {
			s.attacks = slices.Delete(s.attacks, i, i+1)
		}
		s.attacked[a.Kind]++
		return a
	}
	return nil
}

// attackNext attacks a connection that has got its first frame, if one is to be.
func (s *Server) attackNext(c *socket) {
	if a := s.takeAttack(onConnection); a != nil {
		s.hit(c, a)
	}
}

// hit attacks a connection.
func (s *Server) hit(c *socket, a *Attack) {
	if frame := strangeFrame(a.Kind); frame != nil {
		c.pushBytes(frame)
		return
	}
	if a.Kind == Deaf || a.Kind == UnreadPongs {
		c.deafen()
	}
	if a.Kind != Deaf && a.Kind != GiantFrame {
		s.forget(c)
	}
	c.attack(a.Kind, a.For)
}

// attackRequest attacks a client that waits for an answer of HTTP.
func (s *Server) attackRequest(a *Attack, w http.ResponseWriter, r *http.Request) {
	switch a.Kind { //nolint:exhaustive // the others need the connection itself
	case RedirectedHandshake, RedirectedAnswer:
		http.Redirect(w, r, "http://"+r.Host+"/redirected", http.StatusFound)
		return
	case HTMLAnswer:
		w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		answerStatus(w, &Delivery{Code: http.StatusForbidden, Data: []byte(forbidden)})
		return
	}
	conn := s.hijack(w)
	defer s.release(conn)
	conn.resetAfter(a.For)
	assault(a.Kind, conn)
}
