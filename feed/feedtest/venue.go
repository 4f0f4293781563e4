package feedtest

import (
	"math/rand/v2"
	"time"

	"example.com/truebook/book"
)

// VenueOptions choose a [Venue]. The zero value is four markets from seed 0.
type VenueOptions struct {
	Seed uint64
	// Markets is how many there are, 4 if 0. The first ones are not the busiest:
	// activity follows a power law in no order.
	Markets int
	// Rate is the mean of price_change frames per second, over all markets; 5 if
	// 0. They come in bursts. Markets that are settled make none, and the others no
	// more for that.
	Rate float64
	// Levels is about how many levels a book has, as in [Options]; 0 draws some 50
	// for each.
	Levels int
	// Quirks are what the exchange does without a fault, [DefaultQuirks] if nil.
	Quirks *Quirks
	// Faults are injected at their times. [Venue.Inject] adds more later.
	Faults []Fault
}

// Venue is a simulated exchange as its clients meet it, in virtual time: they
// dial, subscribe and ask by REST, and it answers as the real one does. It knows
// what is true at every moment, and injects faults.
//
// Time is virtual: it stands still but in [Venue.Advance] and [Venue.Waiting]. A
// Venue is pure: it reads no clock, starts no goroutine, and the same calls on two
// of equal options give the same bytes. What happens in the markets does not
// depend on what clients do, but for [Quirks.OldChanges] and faults. It is for one
// goroutine.
type Venue struct {
	writer

	quirks Quirks
	counts Counts
	// world is what markets are drawn from, link how long frames take, client what
	// depends on clients: so that those change nothing for the others.
	world, link, client *rand.Rand

	now, begun int64 // nanoseconds since 1970
	listings   []*listing
	activity   []float64 // of each listing and those before it
	tokens     map[string]ref
	pages      []*page // of the site, nil until somebody asks
	perBurst   float64 // nanoseconds from one burst to the next, mean
	gap        float64 // nanoseconds from one change of a burst to the next, mean
	resting    bool    // the matching engine is, see Restart
	// restingCode is what REST answers then.
	restingCode int
	// clockOffset is what the exchange's clock is behind, in milliseconds.
	clockOffset int64

	events   eventHeap
	order    uint64 // of the last event
	stream   stream
	accounts []*Account
	conns    []*connection // that the client has not hung up, in the order of dialling
	out      []Delivery    // from first on
	first    int

	// The faults that are going on: windows hit what clients do, tampering hits frames,
	// and reordered is a frame that is held back by one.
	windows, tampering []*activeFault
	reordered          *message
	injected           []Injection

	// What a Server has set. It is told of connections on which nothing comes or goes any
	// more, and may want those that are idle to stay.
	blackholed func(conn int)
	patient    bool
}

// ref is a token: one of two of a listing.
type ref struct {
	listing *listing
	no      bool
}

// Delivery is something that reaches the client.
type Delivery struct {
	Time time.Time // when
	Kind DeliveryKind
	Conn int    // which it is for; 0 for Answered
	Data []byte // of what was Received or Answered, valid until the next Advance
	// Code is that of the close frame of Closed, 0 without one, or the HTTP
	// status of Answered or DialFailed, 0 if there was none.
	Code   int
	Reason string // of Closed or DialFailed, and of Answered without status
	// RetryAfter is what an HTTP answer asked for, 0 if nothing.
	RetryAfter time.Duration
	Fetch      uint64 // the id of the request that was Answered
}

// DeliveryKind is what a [Delivery] is.
type DeliveryKind uint8

// The kinds.
const (
	Opened     DeliveryKind = iota // the connection is there
	DialFailed                     // it will not be
	Received                       // a text message
	Closed                         // the connection is over
	Answered                       // to a Fetch
)

// NewVenue returns a Venue at 2026-11-22 12:00 UTC. Nothing has happened yet.
func NewVenue(o VenueOptions) *Venue {
	source := func(stream uint64) *rand.Rand {
		return rand.New(rand.NewPCG(o.Seed, stream)) //nolint:gosec // to be repeated, not to be secret
	}
	v := &Venue{
		writer: writer{comma: ","}, quirks: DefaultQuirks(),
		world: source(0x7665), link: source(0x6c69), client: source(0x636c),
		now: start * int64(time.Millisecond), begun: start * int64(time.Millisecond),
		tokens: map[string]ref{}, blackholed: func(int) {},
	}
	if o.Quirks != nil {
		v.quirks = *o.Quirks
	}
	n := o.Markets
	if n == 0 {
		n = 4
	}
	var sum float64
	for i := range n {
		l := newListing(v.world, i, o.Levels, n)
		sum += l.weight
		v.listings, v.activity = append(v.listings, l), append(v.activity, sum)
		v.tokens[l.Yes], v.tokens[l.No] = ref{l, false}, ref{l, true}
	}
	rate := o.Rate
	if rate == 0 {
		rate = 5
	}
	v.perBurst = burstChanges * framesPerChange / rate * float64(time.Second)
	v.gap = min(4e6, v.perBurst)
	v.stream.arrival = v.now
	v.begin()
	for _, f := range o.Faults {
		v.Inject(f)
	}
	return v
}

// begin lets everything that goes on by itself begin.
func (v *Venue) begin() {
	v.after(v.exp(v.perBurst), v.burst)
	q := v.quirks
	for _, l := range v.listings {
		for _, e := range []struct {
			perHour float64
			begin   func(*listing)
		}{
			{q.TickSizes, v.wander},
			{q.Settlements, v.settleSome},
			{q.Thin, v.thin},
			{q.SilentLastTrades, v.silentLastTrade},
		} {
			v.repeatedly(e.perHour, func() { e.begin(l) })
		}
	}
	v.repeatedly(q.Humps, v.hump)
	v.repeatedly(q.NewMarkets, v.announceMarket)
}

// repeatedly does something so many times an hour, for ever.
func (v *Venue) repeatedly(perHour float64, do func()) {
	if perHour <= 0 {
		return
	}
	wait := func() time.Duration { return v.exp(float64(time.Hour) / perHour) }
	var again func()
	again = func() {
		v.after(wait(), again)
		do()
	}
	v.after(wait(), again)
}

// exp draws a time of the world, of some years at most.
func (v *Venue) exp(mean float64) time.Duration {
	return time.Duration(min(v.world.ExpFloat64()*mean, 1e17))
}

// Markets returns the markets, those that are over included. A tick size is the
// present one.
func (v *Venue) Markets() []Market {
	markets := make([]Market, 0, len(v.listings))
	for _, l := range v.listings {
		markets = append(markets, l.Market)
	}
	return markets
}

// Now returns the virtual time.
func (v *Venue) Now() time.Time { return time.Unix(0, v.now).UTC() }

// Advance lets the world go on until the next thing reaches the client, but not
// beyond a time. If nothing does, ok is false and Now is that time.
func (v *Venue) Advance(until time.Time) (d Delivery, ok bool) {
	if v.first == len(v.out) {
		v.stream.recycle(v.stream.spent...)
		v.stream.spent = v.stream.spent[:0]
	}
	v.run(until.UnixNano())
	if v.first == len(v.out) {
		v.now = max(v.now, until.UnixNano())
		return Delivery{}, false
	}
	d = v.out[v.first]
	v.first++
	return d, true
}

// Waiting says whether the client gets something else at this same instant. Only if
// not, what it has received is what [Venue.Truth] speaks of.
func (v *Venue) Waiting() bool {
	v.run(v.now)
	return v.first < len(v.out)
}

// run lets the world go on until something is delivered, or until a time.
func (v *Venue) run(until int64) {
	for v.first == len(v.out) {
		v.out, v.first = v.out[:0], 0
		at, next := v.events.next()
		if m := v.stream.next(); m != nil && (!next || m.at < at) {
			if m.at > until {
				return
			}
			v.now = m.at
			v.arrive(v.stream.pop())
			continue
		}
		if !next || at > until {
			return
		}
		e := v.events.pop()
		v.now = e.at
		if e.listing != nil {
			v.step(e.listing, e.left)
		} else {
			e.do()
		}
	}
}

func (v *Venue) deliver(d Delivery) {
	d.Time = v.Now()
	v.out = append(v.out, d)
}

// levelOf returns a change of a listing as a level of Yes.
func levelOf(l *listing, c levelChange) delta {
	return delta{c.side, book.Price(c.tick) * l.TickSize, book.Size(c.size) * hundredth}
}
