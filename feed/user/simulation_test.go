package user

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/truebook/book"
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
	began       time.Time
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
	s := &simulation{
		t: t, seed: seed, transit: transit, random: rand.New(rand.NewPCG(seed, 1)), fetches: map[uint64]uint64{},
		seenFills: map[string]TradeStatus{}, trace: *oneSeed != 0,
	}
	s.venue = feedtest.NewVenue(feedtest.VenueOptions{Seed: seed, Markets: 1 + s.random.IntN(3), Rate: 2})
	o := feedtest.AccountOptions{Seed: seed, PerMinute: float64(20 + s.random.IntN(100)), PageSize: []int{3, 10, 100}[s.random.IntN(3)], MaxOrders: 5 + s.random.IntN(20)}
	if s.random.IntN(2) == 0 {
		o.Repeat, o.Delay = 0.2, 0.1
	}
	if s.random.IntN(3) == 0 {
		o.Lose = 0.03
	}
	s.account = s.venue.OpenAccount(o)
	var err error
	a := s.account
	if s.credentials, err = keys.NewCredentials(a.Address, a.Key, a.Secret, a.Passphrase); err != nil {
		t.Fatal(err)
	}
	s.began = s.venue.Now()
	s.core = newCore(s.credentials.Key, s.someMarkets(), s.began, seed)
	// With small pages, an answer takes long: orders are read until two readings agree.
	s.bound = auditInterval + firstAudit + 5*time.Second + 150*time.Second/time.Duration(o.PageSize)
	s.slow = []time.Duration{time.Millisecond, 100 * time.Millisecond, 2 * time.Second}[s.random.IntN(3)]
	s.injectFaults()
	return s
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
		s.changes = append(s.changes, change{s.began.Add(time.Duration(s.random.Int64N(int64(active)))), kind, m})
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
		clear(s.seenFills) // those of a market that is followed again are new
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
		f.At = time.Duration(s.random.Int64N(int64(active)))
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
	switch e.kind {
	case dialEffect:
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

// check compares what is known with what was true at some time since a while ago; and
// longer ago where a message was lost.
func (s *simulation) check(ago time.Duration) {
	now := s.venue.Now()
	c := s.core
	if c.known {
		if !s.wasKnown {
			s.knownSince = now
			if c.epoch <= s.epoch {
				s.t.Errorf("seed %d: epoch %d after %d", s.seed, c.epoch, s.epoch)
			}
		} else if c.epoch != s.epoch {
			s.t.Errorf("seed %d: the epoch changed from %d to %d while state was known", s.seed, s.epoch, c.epoch)
		}
		s.epoch = c.epoch
	} else if s.wasKnown {
		s.knownFor += now.Sub(s.knownSince)
	}
	s.wasKnown = c.known
	oldest := map[string]time.Time{} // of what was lost lately
	for _, l := range s.account.Losses() {
		if old, ok := oldest[l.ID]; l.At.After(now.Add(-s.bound)) && (!ok || l.At.Before(old)) {
			oldest[l.ID] = l.At
		}
	}
	from := func(ids ...string) time.Time {
		t := now.Add(-ago)
		for _, id := range ids {
			if lost, ok := oldest[id]; ok && lost.Before(t) {
				t = lost.Add(-time.Nanosecond)
			}
		}
		return t
	}
	v := c.view()
	if wrong := s.wrongFills(v, from); wrong != "" {
		s.t.Errorf("seed %d at %v (known %v for %v): %s", s.seed, now.Sub(s.began), c.known, now.Sub(s.knownSince), wrong)
		return
	}
	if wrong := s.wrongOrders(v, from); wrong != "" {
		s.t.Errorf("seed %d at %v (known %v for %v): %s", s.seed, now.Sub(s.began), c.known, now.Sub(s.knownSince), wrong)
	}
}

// wrongFills says what is wrong with the fills.
func (s *simulation) wrongFills(v *View, from func(...string) time.Time) string {
	mine := map[string]Fill{}
	for _, f := range v.Fills() {
		id := f.Trade + f.Order
		if _, twice := mine[id]; twice {
			return "counted twice: " + id
		}
		mine[id] = f
	}
	for _, t := range s.account.Trades() {
		if !s.core.follows(t.Market) {
			continue
		}
		since := from(t.ID)
		var allowed []string
		for i, step := range t.Steps {
			if i+1 == len(t.Steps) || t.Steps[i+1].At.After(since) {
				allowed = append(allowed, step.Status)
			}
		}
		for _, f := range t.Fills {
			id := t.ID + f.Order
			got, ok := mine[id]
			delete(mine, id)
			if !ok {
				if v.Known && !t.Time.After(since) {
					return fmt.Sprintf("no fill of %s by trade %s of %v ago", f.Order, t.ID, s.venue.Now().Sub(t.Time))
				}
				continue
			}
			role := Maker
			if f.Taker {
				role = Taker
			}
			if got.Token != f.Token || got.Side != f.Side || got.Price != f.Price || got.Size != f.Size || got.Role != role {
				return fmt.Sprintf("fill %+v, want %+v", got, f)
			}
			status := strings.ToUpper(got.Status.String())
			if v.Known && !slices.Contains(allowed, status) {
				return fmt.Sprintf("trade %s is %s, want one of %v: %+v", t.ID, status, allowed, t.Steps)
			}
		}
	}
	for id := range mine {
		return "no such trade: " + id
	}
	return ""
}

// wrongOrders says what is wrong with the open orders.
func (s *simulation) wrongOrders(v *View, from func(...string) time.Time) string {
	mine := map[string]Order{}
	for _, o := range v.Orders() {
		if _, twice := mine[o.ID]; twice {
			return "an order twice: " + o.ID
		}
		mine[o.ID] = o
	}
	trades := map[string][]string{}
	for _, t := range s.account.Trades() {
		for _, f := range t.Fills {
			trades[f.Order] = append(trades[f.Order], t.ID)
		}
	}
	for _, o := range s.account.Orders() {
		if !s.core.follows(o.Market) {
			continue
		}
		got, ok := mine[o.ID]
		delete(mine, o.ID)
		var most book.Size
		for _, step := range o.Steps {
			most = max(most, step.Matched)
		}
		if ok && (got.Token != o.Token || got.Side != o.Side || got.Price != o.Price || got.Size != o.Size || got.Matched > most || got.Remaining() < 0) {
			return fmt.Sprintf("order %+v, want %+v", got, o)
		}
		if !v.Known {
			continue
		}
		since := from(append(trades[o.ID], o.ID)...)
		// Of two trades the later may be heard of first: between two true sizes there are
		// others then, for as long as messages take.
		right := !ok && o.Steps[0].At.After(since)
		least := most
		for i, step := range o.Steps {
			if i+1 == len(o.Steps) || o.Steps[i+1].At.After(since) {
				right = right || ok == step.Open
				least = min(least, step.Matched)
			}
		}
		if !right || ok && got.Matched < least {
			return fmt.Sprintf("order %+v (there: %v), want %+v", got, ok, o)
		}
	}
	for id := range mine {
		return "no such order: " + id
	}
	return ""
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
