package user

import (
	"flag"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"example.com/truebook/feed/feedtest"
	"example.com/truebook/feed/keys"
)

//nolint:gochecknoglobals // flags
var (
	seeds   = flag.Int("user.seeds", 15, "how many simulations there are")
	oneSeed = flag.Uint64("user.seed", 0, "the one simulation to run, with its trace")
)

// simulation drives a core by a venue, in virtual time, and compares what the core knows
// with what is true after each step.
type simulation struct {
	t           *testing.T
	seed        uint64
	random      *rand.Rand
	venue       *feedtest.Venue
	account     *feedtest.Account
	credentials keys.Credentials
	core        *core
	opened      time.Time // the venue
	began       time.Time
	since       time.Time // the account's
	next        time.Time
	fetches     map[uint64]uint64 // flights by the venue's number
	asked       uint64
	slow        time.Duration // what it takes to write
	wroteAt     time.Time     // when that is done which is being written
	transit     time.Duration // how much later than true something may be known
	bound       time.Duration // how long after a loss something may be wrong
	trace       bool
	wasKnown    bool
	epoch       uint64
	knownSince  time.Time
	knownFor    time.Duration
	effects     []effect
	seenFills   map[string]TradeStatus
	changed     bool // since it was checked
	checked     time.Time
	changes     []change // to come
}

// transit is what a message takes, with its delay.
const transit = 700 * time.Millisecond

// active is for how long the account trades.
const active = 2 * time.Minute

func newSimulation(t *testing.T, seed uint64) *simulation {
	t.Helper()
	onlyGoroutine(t)
	s := &simulation{
		t: t, seed: seed, transit: transit, random: rand.New(rand.NewPCG(seed, 1)), fetches: map[uint64]uint64{},
		seenFills: map[string]TradeStatus{}, trace: *oneSeed != 0,
	}
	s.venue = feedtest.NewVenue(feedtest.VenueOptions{Seed: seed, Markets: 1 + s.random.IntN(3), Rate: 2})
	s.opened = s.venue.Now()
	o := feedtest.AccountOptions{Seed: seed, PerMinute: float64(20 + s.random.IntN(100)), PageSize: []int{3, 10, 100}[s.random.IntN(3)], MaxOrders: 5 + s.random.IntN(20)}
	if s.random.IntN(2) == 0 {
		o.Repeat, o.Delay = 0.2, 0.1
	}
	if s.random.IntN(3) == 0 {
		o.Lose = 0.03
	}
	if s.random.IntN(2) == 0 {
		o.SelfTrades, o.OtherKey = 0.3, 0.2
	}
	if s.random.IntN(3) == 0 {
		o.Stuck = 0.05
	}
	s.account = s.venue.OpenAccount(o)
	var err error
	a := s.account
	if s.credentials, err = keys.NewCredentials(a.Address, a.Key, a.Secret, a.Passphrase); err != nil {
		t.Fatal(err)
	}
	s.before()
	s.core = newCore(s.credentials.Key, s.someMarkets(), s.since, seed)
	if s.random.IntN(2) == 0 {
		s.core.ledger.keep = s.random.IntN(30)
	}
	// With small pages, an answer takes long: orders are read until two readings agree.
	s.bound = auditInterval + firstAudit + 5*time.Second + 150*time.Second/time.Duration(o.PageSize)
	s.slow = []time.Duration{time.Millisecond, 100 * time.Millisecond, 2 * time.Second}[s.random.IntN(3)]
	s.injectFaults()
	return s
}

// before lets some of the account's life be over before it is followed: and chooses its
// time, which may be another one than the beginning.
func (s *simulation) before() {
	past := []time.Duration{0, 20 * time.Second, 2 * time.Minute}[s.random.IntN(3)]
	end := s.venue.Now().Add(past)
	for _, ok := s.venue.Advance(end); ok; _, ok = s.venue.Advance(end) {
	}
	s.began = s.venue.Now()
	s.since = s.began
	switch s.random.IntN(6) {
	case 0:
		s.since = s.began.Add(24 * time.Hour)
	case 1:
		s.since = s.began.Add(time.Minute)
	case 2:
		s.since = s.began.Add(-past / 2)
	}
}

// someMarkets chooses what is followed: everything, or a part that changes.
func (s *simulation) someMarkets() []string {
	markets := s.venue.Markets()
	if len(markets) == 1 || s.random.IntN(2) == 0 {
		return nil
	}
	for range 6 {
		m := markets[s.random.IntN(len(markets))].Condition
		kind := marketsAdded
		if s.random.IntN(2) == 0 {
			kind = marketsLeft
		}
		at := s.began.Add(time.Duration(s.random.Int64N(int64(active))))
		if len(s.changes) > 0 && s.random.IntN(3) == 0 { // at once
			at = s.changes[len(s.changes)-1].at
		}
		s.changes = append(s.changes, change{at, kind, m})
	}
	slices.SortFunc(s.changes, func(a, b change) int { return a.at.Compare(b.at) })
	return []string{markets[0].Condition}
}

// change is one of what is followed.
type change struct {
	at     time.Time
	kind   inputKind
	market string
}

// follow changes what is followed, when it is time.
func (s *simulation) follow() {
	for len(s.changes) > 0 && !s.venue.Now().Before(s.changes[0].at) {
		c := s.changes[0]
		s.changes = s.changes[1:]
		s.tell(&input{kind: c.kind, markets: []string{c.market}})
		for _, t := range s.account.Trades() { // those of a market that is followed again are new
			for _, f := range t.Fills {
				if t.Market == c.market && c.kind == marketsLeft && !s.core.follows(c.market) {
					delete(s.seenFills, t.ID+f.Order)
				}
			}
		}
	}
}

// injectFaults lets things go wrong, in some of the simulations much.
func (s *simulation) injectFaults() {
	kinds := []feedtest.Fault{
		{Kind: feedtest.Reset},
		{Kind: feedtest.Close, Code: 1001},
		{Kind: feedtest.Close, Code: 1013},
		{Kind: feedtest.Blackhole, For: 20 * time.Second},
		{Kind: feedtest.Freeze, For: 40 * time.Second},
		{Kind: feedtest.FreezeAll, For: 10 * time.Second},
		{Kind: feedtest.DialRefused, For: 5 * time.Second},
		{Kind: feedtest.DialStatus, Code: 429, For: 5 * time.Second},
		{Kind: feedtest.DialStatus, Code: 503, For: 5 * time.Second},
		{Kind: feedtest.RESTStatus, Code: 500, For: 10 * time.Second},
		{Kind: feedtest.RESTLimited, For: 3 * time.Second},
		{Kind: feedtest.RESTUnavailable, For: 20 * time.Second},
		{Kind: feedtest.RESTTimeout, For: 20 * time.Second},
		{Kind: feedtest.RESTSlow, For: 20 * time.Second},
		{Kind: feedtest.RESTStale, N: 2, For: 10 * time.Second},
		{Kind: feedtest.RESTStale, N: 8, For: time.Minute},
	}
	for range s.random.IntN(8) {
		f := kinds[s.random.IntN(len(kinds))]
		f.Market = -1
		f.At = s.began.Sub(s.opened) + time.Duration(s.random.Int64N(int64(active)))
		s.venue.Inject(f)
		if f.Kind >= feedtest.RESTTimeout {
			s.bound = maxUnaudited + 30*time.Second
		}
		if f.Kind == feedtest.RESTStale {
			// Nothing tells that REST is old, unless it contradicts the stream: what happened
			// without a connection may be missing for as long, and until it is asked again.
			s.transit = time.Duration(f.N)*time.Second + auditInterval + firstAudit + time.Second
		}
	}
}

// run lets time pass.
func (s *simulation) run(d time.Duration) {
	end := s.venue.Now().Add(d)
	for s.venue.Now().Before(end) && !s.t.Failed() {
		until := end
		if s.next.Before(until) {
			until = s.next
		}
		if !s.wroteAt.IsZero() && s.wroteAt.Before(until) {
			until = s.wroteAt
		}
		delivery, ok := s.venue.Advance(until)
		switch {
		case ok:
			s.deliver(&delivery)
		case !s.wroteAt.IsZero() && !s.wroteAt.After(s.venue.Now()):
			s.wroteAt = time.Time{}
			s.tell(&input{kind: wroteAll, conn: s.core.conn})
		default:
			s.tell(&input{kind: timerRang})
		}
		s.follow()
		if now := s.venue.Now(); !s.venue.Waiting() && (s.changed || now.Sub(s.checked) > 250*time.Millisecond) {
			s.changed, s.checked = false, now
			s.check(s.transit)
		}
	}
}

func (s *simulation) deliver(d *feedtest.Delivery) {
	in := &input{conn: d.Conn, status: d.Code, retryAfter: d.RetryAfter}
	switch d.Kind {
	case feedtest.Opened:
		s.venue.Send(d.Conn, subscription(&s.credentials, s.core.markets))
		in.kind = connOpened
	case feedtest.DialFailed:
		in.kind = dialFailed
	case feedtest.Received:
		in.kind, in.frame = frameCame, d.Data
	case feedtest.Closed:
		in.kind = connClosed
	case feedtest.Answered:
		in.kind, in.flight, in.frame = pageCame, s.fetches[d.Fetch], d.Data
		if d.Code != 200 {
			in.kind, in.frame = fetchFailed, nil
		}
	}
	s.tell(in)
}

func (s *simulation) tell(in *input) {
	now := s.venue.Now()
	if s.trace && in.kind != timerRang {
		s.t.Logf("%v input %d %.600s", now.Sub(s.began), in.kind, in.frame)
	}
	s.effects, s.next = s.core.step(now, in, s.effects[:0])
	if !s.next.After(now) {
		s.next = now.Add(time.Millisecond)
	}
	for i := range s.core.ledger.news {
		s.changed = true
		s.saw(&s.core.ledger.news[i])
	}
	s.core.ledger.news = s.core.ledger.news[:0]
	for i := range s.effects {
		s.do(&s.effects[i])
	}
	if s.core.writing && s.wroteAt.IsZero() {
		s.wroteAt = now.Add(time.Duration(s.random.Int64N(int64(s.slow))))
	}
}

// saw looks at an event: a fill is new once, and its status is never final and then not.
func (s *simulation) saw(e *Event) {
	if s.trace {
		s.t.Logf("   event %d %+v %+v known %v %v", e.Kind, e.Order, e.Fill, e.Known, e.Reason)
	}
	switch e.Kind {
	case FillEvent:
		id := e.Fill.Trade + e.Fill.Order
		if old, ok := s.seenFills[id]; ok && (old == e.Fill.Status || old.Final()) {
			s.t.Errorf("seed %d: fill %s is %v after %v", s.seed, id, e.Fill.Status, old)
		}
		s.seenFills[id] = e.Fill.Status
	case OrderEvent:
		if e.Order.Remaining() < 0 || e.Order.Matched < 0 {
			s.t.Errorf("seed %d: %+v", s.seed, e.Order)
		}
	case SnapshotEvent, StateEvent:
	}
}

func (s *simulation) do(e *effect) {
	if s.trace {
		s.t.Logf("   effect %+v", *e)
	}
	if e.kind >= pingEffect && e.kind <= unsubscribeEffect && !s.wroteAt.IsZero() {
		s.t.Errorf("seed %d: %+v behind what is not written", s.seed, *e)
	}
	switch e.kind {
	case dialEffect:
		s.wroteAt = time.Time{}
		s.venue.DialUser(e.conn)
	case dropEffect:
		s.venue.Hangup(e.conn)
	case pingEffect:
		s.venue.Send(e.conn, []byte("PING"))
	case subscribeEffect, unsubscribeEffect:
		name := "subscribe"
		if e.kind == unsubscribeEffect {
			name = "unsubscribe"
		}
		for _, m := range operations(name, e.markets) {
			s.venue.Send(e.conn, m)
		}
	case ordersEffect, tradesEffect:
		s.ask(e)
	}
}

func (s *simulation) ask(e *effect) {
	path, query := "/data/orders", url.Values{}
	if e.cursor != "" {
		query.Set("next_cursor", e.cursor)
	}
	if e.kind == tradesEffect {
		path = "/data/trades"
		query.Set("after", strconv.FormatInt(e.after.Unix(), 10))
	}
	signed, err := s.credentials.Header(http.MethodGet, path, nil, s.venue.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	header := http.Header{}
	for name, value := range signed {
		header[name] = []string{value}
	}
	s.asked++
	s.fetches[s.asked] = e.flight
	s.venue.Ask(s.asked, feedtest.AccountRequest{Method: http.MethodGet, Path: path, Query: query, Header: header})
}

// settle lets the account rest, and expects exactly what is true.
func (s *simulation) settle() {
	if s.t.Failed() {
		return
	}
	s.account.Rest()
	s.run(time.Minute + s.bound)
	if !s.core.known {
		s.t.Errorf("seed %d: own state is not known at the end: %v; %+v", s.seed, s.core.reason, s.core.stats)
	}
	s.check(0)
	if s.t.Failed() {
		return
	}
	for _, l := range s.account.Losses() {
		if s.venue.Now().Sub(l.At) < s.bound {
			s.t.Errorf("seed %d: something was lost %v ago", s.seed, s.venue.Now().Sub(l.At))
		}
	}
}

// TestSimulation: orders and fills are the truth whenever own state is known, whatever goes
// wrong.
func TestSimulation(t *testing.T) {
	t.Parallel()
	first, n := uint64(1), uint64(*seeds)
	if testing.Short() {
		n = 3
	}
	if *oneSeed != 0 {
		first, n = *oneSeed, 1
	}
	var total Stats
	var known, all time.Duration
	for seed := first; seed < first+n; seed++ {
		s := newSimulation(t, seed)
		s.tell(&input{kind: runBegan})
		s.run(active)
		s.settle()
		if s.wasKnown {
			s.knownFor += s.venue.Now().Sub(s.knownSince)
		}
		known += s.knownFor
		all += s.venue.Now().Sub(s.began)
		st := s.core.stats
		total.Dials += st.Dials
		total.Requests += st.Requests
		total.Missed += st.Missed
		total.Stale += st.Stale
		total.BadMessages += st.BadMessages
		total.Repeats += st.Repeats
		total.Frames += st.Frames
		if st.BadMessages > 0 && testing.Verbose() {
			t.Logf("seed %d: %+v", seed, st)
		}
		if t.Failed() {
			t.Fatalf("seed %d: %+v", seed, st)
		}
	}
	t.Logf("known for %v of %v: %+v", known, all, total)
	if known < all*8/10 {
		t.Errorf("own state is known for %v of %v", known, all)
	}
}
