package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"example.com/truebook/feed"
)

// driver tells a core what happens, and does what the core asks for. Whoever has
// something to tell (the goroutine that reads a connection, a timer, an answer of REST,
// somebody who watches) does so under one lock, so that a frame goes from the socket to
// its readers in one goroutine.
type driver struct {
	engine *Engine
	number int
	log    *slog.Logger

	mu   sync.Mutex
	core *core
	ctx  context.Context //nolint:containedctx // of Run, nil before it
	// conn is the newest connection, dialed or open, nil if there was none.
	conn *connection
	// isOver: nothing is told any more.
	isOver  bool
	effects []effect // the memory of those of a step
	// timer rings when the core wants to be called, or before that: most steps put it
	// off. rings is when, 0 if it does not; next is when the core wants to be called.
	timer       *time.Timer
	rings, next instant
	publish     Histogram
	in          input   // of a frame
	news        []input // that effects have for the core
	told        load    // what engine.load has of this driver
	// dialing and fetching count the goroutines that do.
	dialing, fetching atomic.Int32
}

// publishSample is how many frames there are to one whose time is measured.
const publishSample = 16

func newDriver(e *Engine, number int) *driver {
	now, wall := clock()
	d := &driver{
		engine: e, number: number, log: e.log.With(slog.Int("connection", number)),
		core: newCore(randomSeed(), now, wall),
	}
	d.core.paused = true
	d.core.rest.off = e.config.Books == nil
	d.core.books.proofs.limit(e.config.ProofBytes, now)
	d.core.books.described = &e.described
	return d
}

// run begins to do what the core asks for.
func (d *driver) run(ctx context.Context) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ctx = ctx
	d.timer = time.NewTimer(0)
	now, wall := clock()
	d.core.begin(now, wall)
	d.engine.workers.Go(d.keepTime)
}

// keepTime calls the core when it wants to be called.
func (d *driver) keepTime() {
	for {
		select {
		case <-d.ctx.Done():
			d.timer.Stop()
			return
		case <-d.timer.C:
			d.ring()
		}
	}
}

func (d *driver) ring() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rings = 0
	if now, _ := clock(); now < d.next {
		d.arm(now)
		return
	}
	d.tell(&input{kind: timerFired})
}

// step tells the core something.
func (d *driver) step(in *input) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tell(in)
}

// tell tells the core something, and does what it asks for.
func (d *driver) tell(in *input) {
	if d.isOver {
		return
	}
	defer d.guard()
	now, wall := clock()
	in.wall = wall
	d.core.audits.share(d.engine.load.without(d.told))
	d.effects, d.next = d.core.step(now, in, d.effects[:0])
	d.told = d.engine.load.change(d.told, d.core.audits.own)
	if d.ctx == nil {
		return // paused: there is nothing to do
	}
	d.doAll(wall)
	for len(d.news) > 0 {
		in := d.news[0]
		d.news = d.news[1:]
		d.effects, d.next = d.core.step(now, &in, d.effects[:0])
		d.doAll(wall)
	}
	d.arm(now)
}

// doAll does what a step asked for. What the core has to be told of it at once is in
// news.
func (d *driver) doAll(wall instant) {
	for i := range d.effects {
		if news := d.do(&d.effects[i]); news != nil {
			news.wall = wall
			d.news = append(d.news, *news)
		}
	}
}

// guard ends the driver, and the engine with it, when the core has panicked: its books
// are not vouched for any more, and whoever waits for a lock gets it.
func (d *driver) guard() {
	if p := recover(); p != nil {
		d.fail(p)
	}
}

func (d *driver) fail(p any) {
	d.isOver = true
	d.core.books.abandon()
	if d.ctx == nil {
		panic(p) // of who watches
	}
	d.engine.fail(fmt.Errorf("engine: panic: %v\n%s", p, debug.Stack()))
}

// protected begins a goroutine of the engine. A source or REST that panics in it ends the
// engine as a core does.
func (d *driver) protected(f func()) {
	d.engine.workers.Go(func() {
		defer func() {
			if p := recover(); p != nil {
				d.mu.Lock()
				defer d.mu.Unlock()
				d.fail(p)
			}
		}()
		f()
	})
}

// arm sets the timer, unless it rings early enough.
func (d *driver) arm(now instant) {
	if d.rings == 0 || d.next < d.rings {
		d.rings = d.next
		d.timer.Reset(time.Duration(d.next - now))
	}
}

// Bounds of what a source and a REST that don't return when their context has ended can
// gather.
const (
	maxHangingDials   = 8
	maxHangingFetches = 4 * maxFlights
)

// do does what the core asks for. It returns what the core is to be told of it, if
// anything.
func (d *driver) do(e *effect) (news *input) {
	switch e.kind {
	case dial:
		return d.dial(e)
	case hangUp:
		if d.conn != nil && d.conn.number == e.conn {
			d.conn.giveUp(e.reason)
		}
	case ping, subscribe, unsubscribe:
		if d.conn != nil && d.conn.number == e.conn {
			d.conn.write(e)
		}
	case fetch:
		if d.fetching.Add(1) > maxHangingFetches {
			d.fetching.Add(-1)
			return &input{kind: answerCame, id: e.id}
		}
		ctx, id, tokens := d.conn.ctx, e.id, e.tokens // the effect is overwritten
		d.protected(func() {
			defer d.fetching.Add(-1)
			d.fetch(ctx, id, tokens)
		})
	case reportHashing:
		d.engine.workers.Go(d.engine.reportHashing)
	}
	return nil
}

// fetch asks REST for books, as long as the connection stands that they are for.
func (d *driver) fetch(ctx context.Context, id uint64, tokens []string) {
	// Why there is no answer is to be known before the core stops waiting for it.
	within, cancel := context.WithTimeout(ctx, fetchTimeout-time.Second/2)
	defer cancel()
	body, err := d.engine.config.Books.FetchBooks(within, tokens)
	if ctx.Err() != nil {
		return // nobody waits for it
	}
	in := &input{kind: answerCame, id: id, body: body, status: statusOK}
	if err != nil {
		in.status, in.body = 0, nil
		if refused := (*feed.StatusError)(nil); errors.As(err, &refused) {
			in.status, in.body, in.retryAfter = refused.Status, []byte(refused.Body), refused.RetryAfter
		}
		if errors.Is(err, feed.ErrBudget) {
			in.status = notAsked // and is counted
			d.step(in)
			return
		}
		d.log.WarnContext(ctx, "books not fetched", slog.Int("tokens", len(tokens)), slog.Any("error", err))
	}
	d.step(in)
}

// end makes every book stale, and tells the core nothing more.
func (d *driver) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.isOver {
		return
	}
	defer d.guard()
	now, _ := clock()
	d.core.end(now)
	d.isOver = true
	d.told = d.engine.load.change(d.told, load{})
}

// asset returns the readers' side of a token.
func (d *driver) asset(id string) *Asset {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.core.books.token(d.core.books.decoder.Know(id)).readers
}

// follows says whether a token is watched here, or lingers.
func (d *driver) follows(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.core.books.decoder.Find(id)
	return a != nil && d.core.find(a) != nil
}

// tokens returns how many are followed.
func (d *driver) tokens() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.core.tokens
}

// inherit lets the epochs of a token go on where those of another driver have ended, so
// that no two of them are one.
func (d *driver) inherit(id string, epoch uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.core.books.token(d.core.books.decoder.Know(id))
	m := t.readers.lock()
	t.epoch = max(t.epoch, epoch)
	m.mu.Unlock()
}

// addTo adds to what all drivers have done.
func (d *driver) addTo(s *Stats) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.core
	if !d.isOver {
		c.addTo(s)
	}
	s.add(&c.books.counts)
	s.Feed.Add(c.books.decoder.Stats())
	s.Witnesses.add(&c.books.tallies)
	s.Lag.add(&c.lags)
	s.Publish.add(&d.publish)
}

// addTo adds what there is.
func (c *core) addTo(s *Stats) {
	if c.line.state != lineIdle {
		s.Connections++
	}
	if c.line.state == lineOpen {
		s.Open++
	}
	s.Tokens += c.tokens
	for _, w := range c.watched {
		if w != nil && w.token.state == Live {
			s.Live++
		}
	}
}
