package user

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"example.com/truebook/feed"
	"example.com/truebook/feed/keys"
	"example.com/truebook/feed/live"
	"example.com/truebook/feed/rest"
)

// MaxMarkets is how many markets an account follows by name. A first message of thousands
// of ids was answered by a close (observed by others on the market channel, 2026-09-12).
const MaxMarkets = 500

var (
	// ErrRunning says that [Account.Run] has been called before.
	ErrRunning = errors.New("user: running already")
	// ErrNoMarket says that something is no market, or that too many are named, or that none
	// would be left: which the exchange takes for all.
	ErrNoMarket = errors.New("user: no market")
)

// clockError is how far the clock of this machine may be off, by which Since is told: the
// exchange refuses requests that are signed by one that is off by much more.
const clockError = time.Minute

// Options say whose account it is. Credentials and Client are needed.
type Options struct {
	Credentials keys.Credentials
	// Client asks for open orders and trades. It may be that of the books.
	Client *rest.Client
	// Markets are the condition ids of the markets to follow; none for all of them.
	Markets []string
	// Since is from when on fills are kept, by when they were matched: an hour before New if
	// it is zero; some of the minute before it are kept as well, since the clock of this
	// machine may be fast. All of them are asked for at the beginning, so that a time long ago costs
	// requests.
	Since time.Time
	// Logger is told what happens to the connection and to own state, in no words of the
	// server's. nil is silence.
	Logger *slog.Logger

	// URL is live.UserURL if "". It and the others are as in live.Options.
	URL         string
	RootCAs     *x509.CertPool
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
}

// Account follows the orders and fills of one API key. Its methods may be called by any
// number of goroutines.
type Account struct {
	credentials keys.Credentials
	client      *rest.Client
	source      *live.Source
	log         *slog.Logger
	workers     sync.WaitGroup // every goroutine of Run

	mu        sync.Mutex
	core      *core
	cached    *View // of the core's version, or nil
	followers map[*follower]struct{}
	ctx       context.Context //nolint:containedctx // of Run, nil before it
	stop      context.CancelCauseFunc
	conn      *connection // the newest one, nil if there was none
	isOver    bool
	effects   []effect
	states    []Event // own state as it became, that is to be logged
	timer     *time.Timer
	stepped   time.Time // when the core was last told something
	wall      time.Time // the same by the clock on the wall, which goes on while a machine sleeps
}

// New returns an Account. It starts nothing, and sends nothing.
func New(o Options) (*Account, error) {
	if o.Credentials.IsZero() {
		return nil, fmt.Errorf("user: %w", keys.ErrCredentials)
	}
	if o.Client == nil {
		return nil, errors.New("user: no Client")
	}
	markets, err := conditions(o.Markets)
	if err != nil {
		return nil, err
	}
	if o.URL == "" {
		o.URL = live.UserURL
	}
	source, err := live.New(live.Options{URL: o.URL, RootCAs: o.RootCAs, DialContext: o.DialContext})
	if err != nil {
		return nil, fmt.Errorf("user: %w", err)
	}
	if o.Since.IsZero() {
		o.Since = time.Now().Add(-time.Hour)
	}
	if at := feed.Timestamp(o.Since.UnixMilli()); at < minTime || at >= maxTime {
		return nil, errors.New("user: Since is not between 2020 and 2100")
	}
	a := &Account{
		credentials: o.Credentials, client: o.Client, source: source, log: o.Logger,
		core:      newCore(o.Credentials.Key, markets, o.Since.Add(-clockError), rand.Uint64()), //nolint:gosec // for jitter
		followers: map[*follower]struct{}{},
	}
	a.core.stateSince = time.Now()
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	return a, nil
}

// conditions checks the ids of markets, and returns them in lower case.
func conditions(markets []string) ([]string, error) {
	if len(markets) > MaxMarkets {
		return nil, fmt.Errorf("%w: %d of them, of %d at most", ErrNoMarket, len(markets), MaxMarkets)
	}
	var lower []string
	for _, m := range markets {
		id := strings.ToLower(m)
		if !feed.IsCondition(id) {
			return nil, fmt.Errorf("%w: %s is not 0x and 64 hex digits", ErrNoMarket, strconv.QuoteToASCII(m[:min(len(m), 100)]))
		}
		lower = append(lower, id)
	}
	return lower, nil
}

// Watch follows more markets, by their condition ids. Own state is not known until REST has
// told what there is of them: all trades since [Options.Since] are asked for again, so that a
// time long ago costs requests each time, and more than 500 pages of them are [TooMuch]. It
// does nothing if all markets are followed.
func (a *Account) Watch(markets ...string) error { return a.change(marketsAdded, markets) }

// Leave follows markets no longer, and forgets their orders and fills. Who reads events is
// told of each order that was open as [Gone], and of no fill. It fails with [ErrNoMarket] if
// no market would be left.
func (a *Account) Leave(markets ...string) error { return a.change(marketsLeft, markets) }

func (a *Account) change(kind inputKind, markets []string) error {
	markets, err := conditions(markets)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.unlock()
	n, changed := len(a.core.markets), map[string]bool{}
	for _, m := range markets {
		if a.core.watched[m] == (kind == marketsLeft) {
			changed[m] = true
		}
	}
	switch {
	case n == 0 && kind == marketsAdded:
		return nil
	case kind == marketsAdded && n+len(changed) > MaxMarkets:
		return fmt.Errorf("%w: more than %d", ErrNoMarket, MaxMarkets)
	case kind == marketsLeft && n == 0:
		return fmt.Errorf("%w: all of them are followed", ErrNoMarket)
	case kind == marketsLeft && len(changed) == n:
		return fmt.Errorf("%w: none would be left", ErrNoMarket)
	}
	a.tell(&input{kind: kind, markets: markets})
	return nil
}

// stallTime is how long the core may be left alone before own state reads as not known.
// It is told something each second.
const stallTime = 5 * time.Second

// View returns own state as it is now.
func (a *Account) View() *View {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.view()
}

// view returns own state, of which nothing is known if nobody has looked at the connection
// for too long: the process was stopped, or hangs, or the machine slept.
func (a *Account) view() *View {
	if a.cached == nil || a.cached.Version != a.core.version || !a.cached.Audited.Equal(a.core.rest.audited) {
		a.cached = a.core.view()
	}
	if a.cached.Known && (time.Since(a.stepped) > stallTime || time.Now().Round(0).Sub(a.wall) > stallTime) {
		stalled := *a.cached
		stalled.Known, stalled.Reason, stalled.Since = false, Stalled, a.stepped
		return &stalled
	}
	return a.cached
}

// Stats returns what the account has met.
func (a *Account) Stats() Stats {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.core.stats
}
