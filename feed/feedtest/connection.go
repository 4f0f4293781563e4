package feedtest

import (
	"slices"
	"time"
)

// connection is a client's connection as the exchange sees it.
type connection struct {
	id    int
	state connState
	// sent is when the last text of the client arrives.
	sent int64
	// heard is when anything last came or went: data, or a text of the client.
	heard int64
	// begun: the initial subscription has come.
	begun  bool
	custom bool
	watch  []uint8 // by listing: bits of the tokens whose changes are sent
	// asked is every token that the exchange has subscribed the connection to,
	// unknown ones included, and left those that it was unsubscribed from.
	asked, left map[string]bool
	books       int // tokens that got their opening book
	ponged      int64
	closing     bool
	user        *userStream // of the user channel, nil for the market channel

	fate fate
}

type connState uint8

const (
	dialling connState = iota
	open
	subscribed // it may get something
	ended
)

// What the exchange's answers take.
const (
	leastDial, mostDial       = 60 * time.Millisecond, 200 * time.Millisecond
	leastUp, mostUp           = 10 * time.Millisecond, 40 * time.Millisecond
	leastOpening, mostOpening = 130 * time.Millisecond, 520 * time.Millisecond // nsl
	// A connection that is idle for so long is dropped without a close frame (nsl).
	idleFor = 125 * time.Second
	// maxOpened is how many tokens of a connection get opening books (nautilus,
	// 2025-08-30).
	maxOpened = 500
	// maxSubscription is how long a subscription may be, about: one of some 200,000
	// bytes was answered by a close (rs-clob-client-v2, 2026-09-12).
	maxSubscription = 200_000
)

// between draws a time of what depends on clients.
func (v *Venue) between(least, most time.Duration) time.Duration {
	return least + time.Duration(v.client.Int64N(int64(most-least)+1))
}

// connection returns the one of a number, nil if the client has hung up or it has
// ended.
func (v *Venue) connection(id int) *connection {
	for _, c := range v.conns {
		if c.id == id {
			return c
		}
	}
	return nil
}

// Dial opens a connection. Its number is the client's choice and must be a new one.
// [Opened] or [DialFailed] follows, 60 to 200 ms later if nothing is wrong.
func (v *Venue) Dial(conn int) { v.dial(conn, nil) }

func (v *Venue) dial(conn int, user *userStream) {
	c := &connection{id: conn, sent: v.now, asked: map[string]bool{}, left: map[string]bool{}, user: user}
	c.watch = make([]uint8, len(v.listings))
	v.conns = append(v.conns, c)
	if v.refuse(c) {
		return
	}
	v.after(v.between(leastDial, mostDial), func() {
		if c.state == ended || c.fate.dead || v.refuse(c) {
			return
		}
		c.state = open
		c.heard = v.now
		v.adopt(c)
		v.deliver(Delivery{Kind: Opened, Conn: c.id})
		v.watchIdle(c)
	})
}

// watchIdle drops a connection on which nothing happens.
func (v *Venue) watchIdle(c *connection) {
	due := c.heard + int64(idleFor)
	v.at(due, func() {
		switch {
		case c.state == ended || c.fate.dead || v.patient:
		case c.heard+int64(idleFor) <= v.now:
			v.end(c, 0, "")
		default:
			v.watchIdle(c)
		}
	})
}

// Hangup ends a connection from the client's side. Nothing more comes of it, not even
// [Closed].
func (v *Venue) Hangup(conn int) {
	if c := v.connection(conn); c != nil {
		v.forget(c)
		kept := v.out[:v.first]
		for _, d := range v.out[v.first:] {
			if d.Conn != conn || d.Kind == Answered {
				kept = append(kept, d)
			}
		}
		v.out = kept
	}
}

func (v *Venue) forget(c *connection) {
	c.state = ended
	c.fate = fate{}
	v.conns = slices.DeleteFunc(v.conns, func(o *connection) bool { return o == c })
}

// end closes a connection from the exchange's side, at once. Code 0 is no close
// frame.
func (v *Venue) end(c *connection, code int, reason string) {
	if c.state == ended {
		return
	}
	v.forget(c)
	v.deliver(Delivery{Kind: Closed, Conn: c.id, Code: code, Reason: reason})
}

// closeLater closes a connection behind all that is on its way to it.
func (v *Venue) closeLater(c *connection, code int, reason string) {
	if c.closing {
		return
	}
	c.closing = true
	v.pushTo(c, nil, func() {
		// What is held up comes first, unless nothing comes at all.
		switch f := &c.fate; {
		case f.dead:
		case len(f.held) > 0:
			f.ending = func() { v.end(c, code, reason) }
		default:
			v.end(c, code, reason)
		}
	})
}

// closeResolved closes the connections whose tokens all are over.
func (v *Venue) closeResolved() {
	for _, c := range slices.Clone(v.conns) {
		known, over := 0, 0
		for i, watch := range c.watch {
			if watch != 0 {
				known++
				if v.listings[i].over {
					over++
				}
			}
		}
		if known > 0 && known == over {
			v.closeLater(c, 1000, "all subscribed assets resolved")
		}
	}
}

// Send sends a text message: a subscription, an operation or PING. On a connection
// that has ended, or that is not open yet, it does nothing.
func (v *Venue) Send(conn int, text []byte) {
	c := v.connection(conn)
	if c == nil || c.state == dialling {
		return
	}
	text = append([]byte(nil), text...)
	c.sent = max(c.sent, v.now+int64(v.between(leastUp, mostUp)))
	v.at(c.sent, func() {
		if c.state != ended && !c.closing && !c.fate.dead {
			c.heard = v.now
			v.receive(c, text)
		}
	})
}

// carry hands a frame to a connection, unless something has happened to that.
func (v *Venue) carry(c *connection, m *message, data []byte) {
	if len(data) == 0 {
		return
	}
	if c.fate.any {
		v.carryFated(c, m, data)
		return
	}
	v.hand(c, data)
}

// hand hands a frame to the client.
func (v *Venue) hand(c *connection, data []byte) {
	c.heard = v.now
	v.deliver(Delivery{Kind: Received, Conn: c.id, Data: data})
}
