package feedtest

import (
	"time"

	"example.com/truebook/book"
)

// message is something on its way from the exchange to clients.
type message struct {
	at      int64 // when it arrives
	kind    messageKind
	listing *listing // nil if it is of none
	no      bool     // of which token, if it is of one
	custom  bool     // for connections with custom features only
	to      *connection
	data    []byte // nothing is sent if it is empty
	// genuine messages tell something for the first time.
	genuine bool
	// deltas are the levels that a book tells of before its price_changes, which are
	// told then.
	deltas []delta
	told   bool
	// arrive is done when a message to one connection does.
	arrive func()

	// Of a price_change.
	stamp    int64 // milliseconds
	run      uint64
	last     bool // of its run
	swapped  bool // No comes first
	entries  [2]entry
	level    delta
	distance int  // from the touch, in ticks
	changes  bool // it has changed a level
}

type messageKind uint8

const (
	priceChange messageKind = iota
	wholeBook
	emptyBook // which tells that the book is empty now
	tradePrint
	tickSize
	bestPrices
	marketAnnounced
	resolved
	addressed // to one connection
)

// stream holds what is on its way, in the order of arrival: no frame overtakes
// another.
type stream struct {
	queue   []*message // from first on
	first   int
	arrival int64 // of the last one
	// humpUntil is until when the next frame is held up.
	humpUntil int64
	// noHump is until when frames must not be held up.
	noHump int64
	free   []*message
	spent  []*message // that arrived, whose data is being read
	frames []*message
}

func (s *stream) next() *message {
	if s.first == len(s.queue) {
		return nil
	}
	return s.queue[s.first]
}

func (s *stream) pop() *message {
	m := s.queue[s.first]
	s.queue[s.first] = nil
	if s.first++; 2*s.first >= len(s.queue) {
		n := copy(s.queue, s.queue[s.first:])
		clear(s.queue[n:])
		s.queue, s.first = s.queue[:n], 0
	}
	return m
}

// newestOf returns the last price_change of a market that is on its way, if nothing
// of another market comes after it.
func (s *stream) newestOf(l *listing) *message {
	for i := len(s.queue) - 1; i >= s.first; i-- {
		switch m := s.queue[i]; {
		case m.listing != l:
			return nil
		case m.kind == priceChange:
			return m
		}
	}
	return nil
}

// recycle takes back messages that nobody reads any more.
func (s *stream) recycle(messages ...*message) {
	if len(s.free) < 4096 {
		s.free = append(s.free, messages...)
	}
}

// message returns one to be filled.
func (s *stream) message(kind messageKind, l *listing) *message {
	if n := len(s.free) - 1; n >= 0 {
		m := s.free[n]
		s.free = s.free[:n]
		data, deltas := m.data[:0], m.deltas[:0]
		if cap(data) > 1<<16 {
			data = nil
		}
		*m = message{kind: kind, listing: l, data: data, deltas: deltas}
		return m
	}
	return &message{kind: kind, listing: l}
}

// What frames take. None takes less than the least, so that one which is sent to a
// single connection need not hold up others.
const (
	leastTransit = 20 * time.Millisecond
	mostTransit  = 80 * time.Millisecond
	leastHump    = 150 * time.Millisecond
	meanHump     = 300 * time.Millisecond // above that
	mostHump     = 970 * time.Millisecond
)

// send sends the frames of a change, or of mixed ones: close together, so that none
// of them is held up alone.
func (v *Venue) send(frames []*message) {
	for i, m := range frames {
		v.push(m, i > 0)
		if m.kind == priceChange && m.genuine {
			v.repeatSome(m)
			v.tellBest(m)
		}
	}
}

// tellBest sends best_bid_ask after a change of the best prices, or does not.
func (v *Venue) tellBest(m *message) {
	l := m.listing
	yes := &m.entries[0]
	if !m.last || yes.bid == l.shownBid && yes.ask == l.shownAsk {
		return
	}
	l.shownBid, l.shownAsk = yes.bid, yes.ask
	for i := range m.entries {
		if v.world.Float64() >= v.quirks.BestPrices {
			continue
		}
		e := &m.entries[i]
		bid, _ := book.ParsePrice(e.bid)
		ask, _ := book.ParsePrice(e.ask)
		b := v.stream.message(bestPrices, l)
		b.no, b.custom = i == 1, true
		b.data = append(b.data, `{"market":"`+l.Condition+`","asset_id":"`+e.token+`","best_bid":"`+e.bid+
			`","best_ask":"`+e.ask+`","spread":"`+(ask-bid).String()+`"`...)
		b.data = v.appendTail(b.data, m.stamp, "best_bid_ask")
		v.push(b, true)
	}
}

// push puts a message on its way. If it follows it is part of what was pushed last.
func (v *Venue) push(m *message, follows bool) {
	s := &v.stream
	switch {
	case !follows:
		transit := leastTransit + min(time.Duration(v.link.ExpFloat64()*15e6), mostTransit-leastTransit)
		if v.now < s.humpUntil && v.now >= s.noHump {
			s.humpUntil = 0
			v.counts.Humps++
			transit += min(leastHump+time.Duration(v.link.ExpFloat64()*float64(meanHump)), mostHump)
		}
		s.arrival = max(s.arrival, v.now+int64(transit))
	case v.link.IntN(4) == 0:
		s.arrival += int64(min(v.link.ExpFloat64()*2e6, 20e6))
	}
	m.at = s.arrival
	s.queue = append(s.queue, m)
}

// pushTo sends something to one connection, behind all that is on its way. Then
// something is done.
func (v *Venue) pushTo(c *connection, data []byte, arrive func()) {
	m := v.stream.message(addressed, nil)
	m.to, m.data, m.arrive = c, append(m.data[:0], data...), arrive
	m.at = max(v.stream.arrival, v.now+int64(leastTransit))
	v.stream.arrival = m.at
	v.stream.queue = append(v.stream.queue, m)
}

func (v *Venue) hump() { v.stream.humpUntil = v.now + int64(time.Second) }

// repeatedFor is how late a repeat may be, and repeatedRuns how many changes of the
// market may come before it: clients remember some.
const (
	repeatedFor  = 120 * time.Millisecond
	repeatedRuns = 48
)

// repeatSome sees to the repeat of a frame, if there is to be one.
func (v *Venue) repeatSome(m *message) {
	if v.world.Float64() >= v.quirks.Repeats {
		return
	}
	again := *m
	again.data, again.deltas, again.genuine = nil, nil, false
	l := m.listing
	swap := v.world.Float64() < v.quirks.Swapped
	v.after(time.Duration(v.world.Int64N(int64(repeatedFor))), func() {
		// Of two states of one millisecond, a repeat of the first would look as if
		// the exchange had returned to it.
		ambiguous := again.run < l.runs && again.stamp == l.time
		if l.over || v.resting || ambiguous || l.runs-again.run > repeatedRuns || v.now < l.reserved {
			return
		}
		v.counts.Repeats++
		repeat := v.stream.message(priceChange, l)
		data := repeat.data
		*repeat = again
		repeat.data = data
		if swap {
			v.counts.SwappedRepeats++
			repeat.swapped = !repeat.swapped
		}
		v.encode(repeat)
		v.push(repeat, false)
	})
}

// arrive hands a message to those it is for.
func (v *Venue) arrive(m *message) {
	defer func() {
		if v.first == len(v.out) {
			v.stream.recycle(m)
		} else {
			v.stream.spent = append(v.stream.spent, m)
		}
	}()
	if m.kind == addressed {
		if m.to.state != ended {
			v.carry(m.to, m, m.data)
			if m.arrive != nil {
				m.arrive()
			}
		}
		return
	}
	v.learn(m)
	v.fanOut(m)
}

// fanOut hands a message to all connections that want it.
func (v *Venue) fanOut(m *message) {
	if len(m.data) == 0 || len(v.tampering) > 0 && v.tamper(m) {
		return
	}
	v.sendAll(m)
}

// sendAll hands a message to all connections that want it, whatever faults there are
// in its contents.
func (v *Venue) sendAll(m *message) {
	for _, c := range v.conns {
		if c.wants(m) {
			v.carry(c, m, m.data)
		}
	}
}

// wants says whether a connection is to get a message of a market.
func (c *connection) wants(m *message) bool {
	if m.custom && !c.custom || c.state != subscribed {
		return false
	}
	if m.listing == nil {
		return true
	}
	watch := c.watch[m.listing.index]
	switch m.kind {
	case priceChange, resolved:
		return watch != 0
	default:
		return watch&bit(m.no) != 0
	}
}

// bit is what stands for a token in [connection.watch].
func bit(no bool) uint8 {
	if no {
		return 2
	}
	return 1
}

// delta is the new size of a level, on the scale of Yes.
type delta struct {
	side  book.Side
	price book.Price
	size  book.Size
}
