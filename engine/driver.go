package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
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
	frames      uint64
	publish     Histogram
	in          input // of a frame
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
	d.effects, d.next = d.core.step(now, in, d.effects[:0])
	if d.ctx == nil {
		return // paused: there is nothing to do
	}
	var putOff *input
	for i := range d.effects {
		if delay := d.do(&d.effects[i]); delay > 0 {
			putOff = &input{kind: dialPutOff, wall: wall, conn: d.effects[i].conn, retryAfter: delay}
		}
	}
	if putOff != nil {
		d.effects, d.next = d.core.step(now, putOff, d.effects[:0])
	}
	d.arm(now)
}

// guard ends the driver, and the engine with it, when the core has panicked: its books
// are not vouched for any more, and whoever waits for a lock gets it.
func (d *driver) guard() {
	p := recover()
	if p == nil {
		return
	}
	d.isOver = true
	d.core.books.abandon()
	if d.ctx == nil {
		panic(p) // of who watches
	}
	d.engine.stop(fmt.Errorf("engine: panic: %v\n%s", p, debug.Stack()))
}

// arm sets the timer, unless it rings early enough.
func (d *driver) arm(now instant) {
	if d.rings == 0 || d.next < d.rings {
		d.rings = d.next
		d.timer.Reset(time.Duration(d.next - now))
	}
}

// do does what the core asks for. It returns for how long a dial is put off.
func (d *driver) do(e *effect) (putOff time.Duration) {
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
		ctx, id, tokens := d.conn.ctx, e.id, e.tokens // the effect is overwritten
		d.engine.workers.Go(func() { d.fetch(ctx, id, tokens) })
	case reportHashing:
		d.engine.workers.Go(d.engine.reportHashing)
	}
	return 0
}

// fetch asks REST for books, as long as the connection stands that they are for.
func (d *driver) fetch(ctx context.Context, id uint64, tokens []string) {
	within, cancel := context.WithTimeout(ctx, fetchTimeout)
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

// shareAudits says how many tokens all drivers have.
func (d *driver) shareAudits(all int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.core.audits.others = all - d.core.tokens
}

// addTo adds to what all drivers have done.
func (d *driver) addTo(s *Stats) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.core
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
	s.add(&c.books.counts)
	s.Feed.Add(c.books.decoder.Stats())
	s.Witnesses.add(&c.books.tallies)
	s.Lag.add(&c.lags)
	s.Publish.add(&d.publish)
}
