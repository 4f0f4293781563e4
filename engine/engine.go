package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"example.com/truebook/feed"
)

// Bounds of an [Engine].
const (
	// DefaultTokensPerConnection and MaxTokensPerConnection: from 501 tokens on the
	// exchange left opening books out, without a word (observed by others, 2025-08 and
	// 2026-08).
	DefaultTokensPerConnection = 200
	MaxTokensPerConnection     = 400
	// MaxTokens is how many may be watched at once.
	MaxTokens = 200_000
	// DefaultProofBytes is a tenth of a core when it is used up, of books of 10 levels a
	// sixth: they are hashed at 600 and 400 MB/s (measured by go test -bench Proof ./bench,
	// 2026-11-23).
	DefaultProofBytes = 64 << 20
	// dialsPerSecond bounds the dials of all connections together. Many at once were
	// answered by 429 (observed by others, 2025-01).
	dialsPerSecond = 2
)

var (
	// ErrRunning says that [Engine.Run] has been called before.
	ErrRunning = errors.New("engine: running already")
	// ErrNoToken says that something is no token, or that none was named.
	ErrNoToken = errors.New("engine: no token")
)

// Config chooses how an [Engine] works. The zero value is for production, but for
// Books.
type Config struct {
	// Books asks the exchange for whole books: of tokens whose book is in doubt, and of
	// each one in turn. Without it there is nothing but the stream: what is lost of a
	// quiet token is never noticed, and what the stream cannot mend waits for a new
	// connection, one a minute at most, and for one token less and less often.
	Books feed.BookFetcher
	// TokensPerConnection is the most tokens of one connection, up to
	// [MaxTokensPerConnection]; [DefaultTokensPerConnection] if 0.
	TokensPerConnection int
	// ProofBytes is how many bytes of books each connection may hash in a second;
	// [DefaultProofBytes] if 0, and no proofs at all if less than 0.
	ProofBytes int64
	// Logger is told what happens to connections, and of requests to REST that failed:
	// nothing for each frame. What a server said is in it quoted, 256 bytes at most. nil is
	// silence.
	Logger *slog.Logger
}

// Engine keeps the books of any number of tokens in step with the exchange, over as
// many connections as they need. Its methods may be called by any number of goroutines.
type Engine struct {
	source feed.Source
	config Config
	log    *slog.Logger
	dials  *rate.Limiter
	ended  chan struct{} // closed when Run has written for the last time
	load   sharedLoad    // what all drivers compare with REST

	described descriptions // which all drivers look into

	// mu comes before the lock of a driver, which never waits for mu.
	mu      sync.Mutex
	drivers []*driver
	// home is the driver of each token that was ever watched; interest counts the
	// subscriptions to it, and has none without one.
	home     map[string]*driver
	interest map[string]int
	running  context.Context //nolint:containedctx // of Run, nil before it
	stop     context.CancelCauseFunc
	isOver   bool
	hashing  bool           // false: hashes are no longer made as they were
	workers  sync.WaitGroup // every goroutine of Run
	failed   atomic.Pointer[error]
}

// sharedLoad is what all drivers compare with REST, which they share.
type sharedLoad struct{ tokens, requests atomic.Int64 }

// change replaces what a driver has told, and returns that.
func (s *sharedLoad) change(told, now load) load {
	if now != told {
		s.tokens.Add(int64(now.tokens - told.tokens))
		s.requests.Add(int64(now.requests - told.requests))
	}
	return now
}

// without returns the load of the other drivers.
func (s *sharedLoad) without(told load) load {
	return load{int(s.tokens.Load()) - told.tokens, int(s.requests.Load()) - told.requests}
}

// New returns an Engine that reads from a source. It starts nothing.
func New(source feed.Source, config Config) (*Engine, error) {
	switch n := config.TokensPerConnection; {
	case source == nil:
		return nil, errors.New("engine: no source")
	case n < 0 || n > MaxTokensPerConnection:
		return nil, fmt.Errorf("engine: %d tokens per connection, of 1 to %d", n, MaxTokensPerConnection)
	case n == 0:
		config.TokensPerConnection = DefaultTokensPerConnection
	}
	if config.ProofBytes == 0 {
		config.ProofBytes = DefaultProofBytes
	}
	e := &Engine{
		source: source, config: config, log: config.Logger,
		dials:    rate.NewLimiter(dialsPerSecond, 1),
		ended:    make(chan struct{}),
		home:     map[string]*driver{},
		interest: map[string]int{},
		hashing:  true,
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	return e, nil
}

// Watch follows tokens, by their ids, from now on or as soon as the engine runs. Those
// of one call are kept on one connection, as far as they fit on it and have not been
// followed on another before: so both tokens of a market belong into one call. A token
// that several subscriptions are to is followed once.
//
// When the last subscription to a token is closed, its book lingers for half a minute.
//
// It fails with [ErrNoToken] for an id that is none, and with [ErrEnded] when the engine
// has ended. It does not wait for anything: [Subscription.Wait] does.
func (e *Engine) Watch(tokens ...string) (*Subscription, error) {
	if len(tokens) == 0 {
		return nil, ErrNoToken
	}
	for _, id := range tokens {
		if !feed.IsToken(id) {
			return nil, fmt.Errorf("%w: %s is not 1 to %d digits", ErrNoToken, strconv.QuoteToASCII(id[:min(len(id), 100)]), feed.MaxTokenDigits)
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.isOver {
		return nil, ErrEnded
	}
	unique, isNew := e.unique(tokens)
	if len(e.interest)+isNew > MaxTokens {
		return nil, fmt.Errorf("engine: %d tokens and %d more are over %d", len(e.interest), isNew, MaxTokens)
	}
	for _, id := range unique {
		e.interest[id]++
	}
	e.place(unique)
	assets := make([]*Asset, 0, len(unique))
	for _, id := range unique {
		assets = append(assets, e.home[id].asset(id))
	}
	return newSubscription(e.ended, assets, func() { e.leave(unique) }), nil
}

// unique returns each token once, and how many of them nobody else has watched.
func (e *Engine) unique(tokens []string) (unique []string, isNew int) {
	seen := make(map[string]bool, len(tokens))
	for _, id := range tokens {
		if !seen[id] {
			seen[id] = true
			unique = append(unique, id)
			if e.interest[id] == 0 {
				isNew++
			}
		}
	}
	return unique, isNew
}

// place finds a driver for each token, and lets it follow the token.
func (e *Engine) place(tokens []string) {
	byDriver := map[*driver][]string{}
	var homeless []string
	for _, id := range tokens {
		// What was followed there before comes back there, if there is room: assets of that
		// time are of use again.
		if d := e.home[id]; d != nil && (d.follows(id) || d.tokens()+len(byDriver[d]) < e.config.TokensPerConnection) {
			byDriver[d] = append(byDriver[d], id)
		} else {
			homeless = append(homeless, id)
		}
	}
	for _, d := range e.drivers { // in an order that is always the same
		if ids := byDriver[d]; len(ids) > 0 {
			d.step(&input{kind: tokensWatched, tokens: ids})
		}
	}
	for len(homeless) > 0 {
		batch := homeless[:min(len(homeless), e.config.TokensPerConnection)]
		homeless = homeless[len(batch):]
		d := e.withRoom(len(batch))
		for _, id := range batch {
			if old := e.home[id]; old != nil && old != d {
				d.inherit(id, old.asset(id).View().Epoch)
			}
			e.home[id] = d
		}
		d.step(&input{kind: tokensWatched, tokens: batch})
	}
}

// withRoom returns a driver that can take so many more tokens.
func (e *Engine) withRoom(n int) *driver {
	for _, d := range e.drivers {
		if d.tokens()+n <= e.config.TokensPerConnection {
			return d
		}
	}
	d := newDriver(e, len(e.drivers)+1)
	e.drivers = append(e.drivers, d)
	if !e.hashing {
		d.step(&input{kind: hashingOff})
	}
	if e.running != nil {
		d.run(e.running)
	}
	return d
}

// leave ends the interest in tokens.
func (e *Engine) leave(tokens []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	byDriver := map[*driver][]string{}
	for _, id := range tokens {
		if e.interest[id]--; e.interest[id] == 0 {
			delete(e.interest, id)
			byDriver[e.home[id]] = append(byDriver[e.home[id]], id)
		}
	}
	for _, d := range e.drivers {
		if ids := byDriver[d]; len(ids) > 0 {
			d.step(&input{kind: tokensLeft, tokens: ids})
		}
	}
}

// Asset returns the readers' side of a token, nil if nobody has watched it yet.
func (e *Engine) Asset(id string) *Asset {
	e.mu.Lock()
	defer e.mu.Unlock()
	d := e.home[id]
	if d == nil {
		return nil
	}
	return d.asset(id)
}

// Run keeps the books until the context ends, and returns its cause. Every goroutine of
// the engine is Run's: when it returns, none is left, every book is stale or gone, and
// iterators have ended. It takes as long as the Close of a connection, and a request to
// REST whose context has ended, need to return.
//
// An Engine runs once: a second Run fails with [ErrRunning].
func (e *Engine) Run(ctx context.Context) error {
	if err := e.begin(ctx); err != nil {
		return err
	}
	<-e.running.Done()
	e.end()
	e.workers.Wait()
	close(e.ended)
	if failed := e.failed.Load(); failed != nil {
		return *failed
	}
	return context.Cause(e.running)
}

// fail ends the engine by a failure of its own, which Run returns.
func (e *Engine) fail(err error) {
	e.failed.CompareAndSwap(nil, &err)
	e.stop(err)
}

// begin lets every driver work.
func (e *Engine) begin(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.running != nil {
		return ErrRunning
	}
	e.running, e.stop = context.WithCancelCause(ctx)
	for _, d := range e.drivers {
		d.run(e.running)
	}
	return nil
}

// end makes every book stale, before anything else ends.
func (e *Engine) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.isOver = true
	for _, d := range e.drivers {
		d.end()
	}
	e.stop(nil) // it has a cause already
}

// reportHashing tells every driver that hashes are no longer made as they were.
func (e *Engine) reportHashing() {
	e.log.Error("hashes are no longer made as they were: books are compared with REST alone")
	e.mu.Lock()
	defer e.mu.Unlock()
	e.hashing = false
	for _, d := range e.drivers {
		d.step(&input{kind: hashingOff})
	}
}

// Stats returns what the engine has done and is doing. It looks at one connection after
// the other, and holds each up for an instant.
func (e *Engine) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	var s Stats
	for _, d := range e.drivers {
		d.addTo(&s)
	}
	return s
}

// clock returns the time as a core knows it: by a clock that never goes back, and by the
// one on the wall.
func clock() (now, wall instant) {
	t := time.Now()
	return startInstant().after(t.Sub(start)), instant(t.UnixNano())
}
