package user

import (
	"errors"
	"slices"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// Bounds of what is kept.
const (
	// maxOpen is how many orders may be open.
	maxOpen = 20_000
	// maxClosed is how many orders are remembered that are not open any more, so that what
	// comes late of them does not open them again.
	maxClosed = 10_000
	// maxTrades is how many trades are kept: beyond, those that are final and known to REST
	// are forgotten, oldest first. maxFills is how many fills all that are there may have, of
	// which keepFills are kept.
	maxTrades = 4096
	maxFills  = 8 * maxTrades
	keepFills = maxFills / 2
	// maxLeft is of how many markets it is remembered that they were left.
	maxLeft = 4096
)

// ledger is what is known of the account's orders and trades. News of the same thing may
// come twice, late, by the stream and by REST, in any order: what it says is merged so that
// the order of it does not matter. An order is matched by no less than was ever said, and
// once closed stays so; a trade has one size, and the newest of its statuses.
type ledger struct {
	// since: trades that were matched before are no fills of the account's. They are kept for
	// what they tell of orders that are known.
	since  feed.Timestamp
	orders map[string]*order
	trades map[string]*trade
	keep   int // trades beyond that many may be forgotten
	fills  int // of all trades
	open   int // orders that are open and whose details are known
	// closed are orders that are not open, in the order in which that was learned: at most
	// maxClosed and those that are not yet forgotten. forgotten is the newest time of any that
	// is not there any more: news of unknown orders that are no newer is of such.
	closed    []string
	forgotten feed.Timestamp
	// left has the same of markets that were left: at most maxLeft.
	left map[string]feed.Timestamp
	// floors are times by market, or that of all, see floor; named: markets are followed by
	// name, and at most MaxMarkets have one.
	floors map[string]feed.Timestamp
	named  bool

	seq uint64 // of the last input of the stream: it grows by one with each
	// newest is the newest time that the stream has told, latest the same whatever the clock of
	// this machine says of it.
	newest, latest feed.Timestamp
	// touched are the orders that the present input has changed or may have made odd.
	touched []*order
	news    []Event // what has changed, for those who follow
	// reopened: the present input says that an order is open that was Gone.
	reopened bool
	stats    *Stats

	// now and conn are when and where the present input came.
	now  time.Time
	conn int
}

// order is an Order and what is known beside it.
type order struct {
	Order
	known  bool      // there is more than its id, market and token, which a fill tells
	said   book.Size // of Matched, by what was said of the order itself
	before book.Size // of Matched, by trades that are not in the ledger
	// loose is the part of before that may be of trades that come yet: what REST's first
	// answer about an older order had no trades for. taken is what such trades were; they were
	// matched before looseTo.
	loose, taken book.Size
	looseTo      feed.Timestamp
	// filled is the sum of its fills in the ledger that count, failed that of the others.
	filled, failed book.Size
	made           book.Size // the part of filled that it was the maker of: no more than its size
	claims         bool      // it was said to be matched to the end
	prior          bool      // before is not known: REST has not told of it yet, and it is older than the ledger
	born, heard    uint64    // when the stream first and last told of it, 0 if REST did
	closedAt       uint64    // seq when it was closed
	touched        bool      // it is in ledger.touched
	// heardAt and heardOn are when and on which connection the stream last told of it.
	heardAt time.Time
	heardOn int
}

// trade is what is known of one.
type trade struct {
	tradeNews             // said is the newest of all
	heard     uint64      // when the stream last told of it, 0 if REST did
	heardAt   time.Time   // the same by the clock
	was       TradeStatus // before its status, in the second of wasAt
	wasAt     feed.Timestamp
}

// Contradictions between news, which no merging resolves.
var (
	errOtherOrder = errors.New("an order is another one than it was")
	errOtherTrade = errors.New("a trade is another one than it was")
	errMuch       = errors.New("an order has more fills than its size")
	errTwoEnds    = errors.New("a trade has both failed and not")
	errTooMany    = errors.New("too much to keep")
)

func newLedger(since feed.Timestamp, stats *Stats) *ledger {
	return &ledger{
		since: since, keep: maxTrades, stats: stats,
		orders: map[string]*order{}, trades: map[string]*trade{}, left: map[string]feed.Timestamp{}, floors: map[string]feed.Timestamp{},
	}
}

// matched is how much of an order is matched, by all that is known.
func (o *order) matched() book.Size { return max(o.said, o.before+o.filled) }

// lacks is how much of an order was matched by trades that nothing is known of. What
// failed may or may not be a part of what was said.
func (o *order) lacks() book.Size { return max(o.said-o.before-o.filled-o.failed, 0) }

// odd says whether something about an order cannot stay as it is: a message is on its
// way, or lost.
func (o *order) odd() bool {
	if o.Status.Open() && (!o.known || o.claims) {
		return true
	}
	return o.lacks() > 0
}

// hear takes note that the stream has said something, when and where.
func (l *ledger) hear(now time.Time, conn int) {
	l.seq++
	l.now, l.conn, l.reopened = now, conn, false
}

// past bounds a time of the exchange's clock by this machine's, which is some seconds off at
// most: one message with a time far ahead would make all later ones seem old.
func (l *ledger) past(t feed.Timestamp) feed.Timestamp {
	return min(t, feed.Timestamp(l.now.UnixMilli()))
}

// heardOf takes note of a time that the stream has told.
func (l *ledger) heardOf(t feed.Timestamp) {
	l.newest, l.latest = max(l.newest, l.past(t)), max(l.latest, t)
}

func (l *ledger) touch(o *order) {
	if !o.touched {
		o.touched = true
		l.touched = append(l.touched, o)
	}
}

// streamOrder merges what the stream says of an order.
func (l *ledger) streamOrder(n *orderNews) error {
	l.heardOf(n.Updated)
	o := l.orders[n.ID]
	if o == nil {
		if n.Updated > 0 && n.Updated <= max(l.forgotten, l.left[n.Market]) {
			l.stats.Late++
			return nil
		}
		if o = l.add(n.ID); o == nil {
			return errTooMany
		}
		o.born = l.seq
	}
	fresh := n.Updated > o.Updated
	o.heard, o.heardAt, o.heardOn = l.seq, l.now, l.conn
	return l.mergeOrder(o, n, fresh)
}

// add adds an order of which nothing but the id is known.
func (l *ledger) add(id string) *order {
	if len(l.orders) >= maxOpen+2*maxClosed {
		return nil
	}
	o := &order{Order: Order{ID: id}}
	l.orders[id] = o
	return o
}

// mergeOrder merges what is said of an order. fresh: it was said after all that is known of
// it.
func (l *ledger) mergeOrder(o *order, n *orderNews, fresh bool) error {
	l.touch(o)
	was := o.Order
	if !o.known {
		if o.Market != "" && (o.Market != n.Market || o.Token != n.Token || o.Side != n.Side) {
			return errOtherOrder
		}
		if o.made > n.Size {
			return errMuch
		}
		status := o.Status
		if status == Gone { // it had fills alone, and REST did not have it yet
			status = Live
		}
		o.Order = n.Order
		o.Status = status
		o.known = true
		begun := l.since + 1000 // whatever the second that a time is given in
		o.prior = o.prior || n.Created < begun && (n.Matched > 0 || n.Updated < begun)
		if status.Open() {
			o.Status = Live
			if l.open++; l.open > maxOpen {
				return errTooMany
			}
		}
	} else if o.Market != n.Market || o.Token != n.Token || o.Side != n.Side || o.Price != n.Price || o.Size != n.Size {
		return errOtherOrder
	}
	newer := n.Updated >= o.Updated
	if o.Status == Gone && !n.canceled && fresh {
		if l.reopen(o); l.open > maxOpen {
			return errTooMany
		}
	}
	if o.said = max(o.said, n.Matched); fresh && o.failed > 0 {
		o.said = n.Matched // the exchange gives back what a failed trade had matched
	}
	o.Updated = max(o.Updated, n.Updated)
	switch {
	case n.canceled && (o.Status.Open() || o.Status == Gone):
		o.Detail = n.Detail
		l.close(o, n.Status)
	case n.canceled:
		o.Detail = n.Detail
	case o.Status.Open() && newer:
		o.Status, o.claims = n.Status, n.claims
	}
	l.settle(o, &was)
	return nil
}

// settle brings an order up to date with what is known, and tells of it if that has
// changed.
func (l *ledger) settle(o *order, was *Order) {
	// A trade that was taken for one of those that were matched before was none, if there is
	// more now.
	give := min(o.lacks(), o.taken)
	if give > 0 { // and the trade itself may come yet
		o.looseTo = l.loosely()
	}
	o.before, o.loose, o.taken = o.before+give, o.loose+give, o.taken-give
	o.Matched = o.matched()
	if o.known && o.Matched >= o.Size && (o.Status.Open() || o.Status == Gone) {
		l.close(o, Matched)
	}
	if o.known && o.Order != *was {
		l.news = append(l.news, Event{Kind: OrderEvent, Order: o.Order})
	}
}

// close closes an order, or tells how it was closed.
func (l *ledger) close(o *order, status OrderStatus) {
	if o.Status.Open() {
		if o.known {
			l.open--
		}
		o.closedAt = l.seq
		l.closed = append(l.closed, o.ID)
		for len(l.closed) > maxClosed {
			l.forgetOrder(l.closed[0])
			l.closed = l.closed[1:]
		}
	}
	o.Status, o.claims = status, false
}

// reopen opens an order again that was only inferred to be closed: the exchange says that it
// is not. What was told before it was closed, and comes once more, says nothing of that.
func (l *ledger) reopen(o *order) {
	l.open++
	o.Status, l.reopened = Live, true
}

func (l *ledger) forgetOrder(id string) {
	if o := l.orders[id]; o != nil && !o.Status.Open() {
		l.forgotten = max(l.forgotten, l.past(o.Updated))
		delete(l.orders, id)
	}
}

// streamTrade merges what the stream says of a trade.
func (l *ledger) streamTrade(n *tradeNews) error {
	l.heardOf(max(n.said, n.updated))
	return l.mergeTrade(n, true)
}

// mergeTrade merges what is said of a trade, by the stream or by REST.
func (l *ledger) mergeTrade(n *tradeNews, stream bool) error {
	t := l.trades[n.id]
	if t == nil {
		if l.isLate(n, stream) {
			l.stats.Late++
			return nil
		}
		return l.addTrade(n, stream)
	}
	if !t.same(n) {
		return errOtherTrade
	}
	heard := t.heard
	if stream {
		t.heard, t.heardAt = l.seq, l.now
	}
	switch {
	case n.status == t.status:
		l.stats.Repeats++
		t.updated, t.said = max(t.updated, n.updated), max(t.said, n.said)
		return nil
	case t.status.Final() && n.status.Final():
		return errTwoEnds
	case !t.before(n, heard, stream):
		l.stats.Repeats++
		t.said = max(t.said, n.said)
		return nil
	}
	l.advance(t, n)
	return nil
}

// tell tells those who follow of a fill, if it is one of the account's time.
func (l *ledger) tell(f *Fill) {
	if f.Time >= l.since {
		l.news = append(l.news, Event{Kind: FillEvent, Fill: *f})
	}
}

// same says whether two news are of the same trade.
func (t *trade) same(n *tradeNews) bool {
	if t.market != n.market || len(t.fills) != len(n.fills) {
		return false
	}
	for i := range n.fills {
		found := slices.ContainsFunc(t.fills, func(f Fill) bool {
			o := &n.fills[i]
			return f.Order == o.Order && f.Role == o.Role && f.Token == o.Token && f.Side == o.Side && f.Price == o.Price && f.Size == o.Size
		})
		if !found {
			return false
		}
	}
	return true
}

// before says whether what is known of a trade is older than what is said. Statuses have
// an order, but for Retrying and Mined, which may follow each other more than once. Those
// are told apart by their times, and within a second by when the message was made. REST
// does not say that: of two statuses in a second that are known, it may be behind.
func (t *trade) before(n *tradeNews, heard uint64, stream bool) bool {
	switch {
	case t.status.Final():
		return false
	case n.status.Final():
		return true
	case n.updated != t.updated:
		return n.updated > t.updated
	case stream && heard > 0 && n.said != t.said:
		return n.said > t.said
	case n.status == t.was && n.updated == t.wasAt:
		return false
	}
	return n.status > t.status
}

// addTrade adds a trade that was not known, and its fills to their orders.
func (l *ledger) addTrade(n *tradeNews, stream bool) error {
	if len(l.trades) >= 2*maxTrades || l.fills+len(n.fills) > maxFills {
		return errTooMany
	}
	t := &trade{tradeNews: *n}
	if stream {
		t.heard, t.heardAt = l.seq, l.now
	}
	orders := make([]*order, len(t.fills)) // one may be forgotten when another closes
	for i := range t.fills {
		f := &t.fills[i]
		o := l.orders[f.Order]
		if o == nil {
			if o = l.add(f.Order); o == nil {
				return errTooMany
			}
			o.Market, o.Token, o.Side = f.Market, f.Token, f.Side
			if stream {
				o.born, o.heardAt, o.heardOn = l.seq, l.now, l.conn
			}
		}
		if o.Market != f.Market || o.Token != f.Token || o.Side != f.Side {
			return errOtherOrder
		}
		if o.before+o.filled+f.Size-o.takes(f) > maxShares || o.known && o.made+makes(f) > o.Size {
			return errMuch
		}
		orders[i] = o
	}
	l.trades[n.id] = t
	l.fills += len(t.fills)
	for i, o := range orders {
		f := &t.fills[i]
		was := o.Order
		take := o.takes(f)
		o.before, o.loose, o.taken = o.before-take, o.loose-take, o.taken+take
		if f.Counts() {
			o.filled += f.Size
			o.made += makes(f)
		} else {
			o.failed += f.Size
		}
		l.touch(o)
		l.tell(f)
		l.settle(o, &was)
	}
	return nil
}

// loosely is a time of the exchange's clock: what is matched now is matched before.
func (l *ledger) loosely() feed.Timestamp {
	return feed.Timestamp(l.now.Add(clockError).UnixMilli())
}

// takes is what a fill may be of those that its order was matched by before.
func (o *order) takes(f *Fill) book.Size {
	if f.Time >= o.looseTo {
		return 0
	}
	return min(f.Size, o.loose)
}

// makes is what a fill may take of the size of its order: what comes to a better price than
// its own may be matched by more.
func makes(f *Fill) book.Size {
	if f.Role != Maker {
		return 0
	}
	return f.Size
}

// advance gives a trade a newer status.
func (l *ledger) advance(t *trade, n *tradeNews) {
	for i := range t.fills {
		f := &t.fills[i]
		f.Status, f.Updated = n.status, n.updated
		for j := range n.fills {
			if o := &n.fills[j]; o.Order == f.Order && o.Role == f.Role && o.Transaction != "" {
				f.Transaction = o.Transaction
			}
		}
		if o := l.orders[f.Order]; o != nil && n.status == Failed { // nil: it is forgotten
			was := o.Order
			// What was matched stays: the exchange does not say that it gives it back.
			o.said = max(o.said, o.matched())
			o.filled -= f.Size
			o.made -= makes(f)
			o.failed += f.Size
			l.touch(o)
			l.settle(o, &was)
		}
		l.tell(f)
	}
	t.was, t.wasAt = t.status, t.updated
	t.status, t.updated, t.said = n.status, n.updated, max(t.said, n.said)
}
