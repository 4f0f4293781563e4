package user_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/truebook/book"
	"example.com/truebook/feed/feedtest"
	"example.com/truebook/feed/keys"
	"example.com/truebook/feed/rest"
	"example.com/truebook/feed/user"
)

// world is a simulated exchange with an account, and who follows it. It is for a bubble.
type world struct {
	server  *feedtest.Server
	truth   *feedtest.Account
	options user.Options
	markets []feedtest.Market
}

func newWorld(t *testing.T, o feedtest.AccountOptions) *world {
	t.Helper()
	w := &world{server: feedtest.NewServer(feedtest.ServerOptions{Venue: feedtest.VenueOptions{Seed: 7, Markets: 3, Rate: 1}})}
	t.Cleanup(w.server.Close)
	w.server.Do(func(v *feedtest.Venue) {
		w.truth = v.OpenAccount(o)
		w.markets = v.Markets()
		w.options.Since = v.Now()
	})
	a := w.truth
	credentials, err := keys.NewCredentials(a.Address, a.Key, a.Secret, a.Passphrase)
	if err != nil {
		t.Fatal(err)
	}
	client, err := rest.New(rest.Options{URL: "http://127.0.0.1", DialContext: w.server.Dial})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	w.options.Credentials, w.options.Client = credentials, client
	w.options.URL, w.options.DialContext = "ws://127.0.0.1/ws/user", w.server.Dial
	w.options.Logger = slog.New(slog.DiscardHandler)
	return w
}

// run runs an account until the test ends.
func (w *world) run(t *testing.T) *user.Account {
	t.Helper()
	account, err := user.New(w.options)
	if err != nil {
		t.Fatal(err)
	}
	w.begin(t, account)
	return account
}

func (w *world) begin(t *testing.T, account *user.Account) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(context.Background())
	ended := errors.New("the test is over")
	done := make(chan error, 1)
	go func() { done <- account.Run(ctx) }()
	t.Cleanup(func() {
		began := time.Now()
		cancel(ended)
		if err := <-done; !errors.Is(err, ended) || time.Since(began) > time.Second {
			t.Errorf("Run returned %v after %v", err, time.Since(began))
		}
		v := account.View()
		if e := (*user.UnknownError)(nil); v.Known || !errors.Is(v.Err(), user.ErrUnknown) || !errors.As(v.Err(), &e) || e.Reason != user.NotRunning {
			t.Errorf("after the end: %v", v.Err())
		}
		if err := account.Run(ctx); !errors.Is(err, user.ErrRunning) {
			t.Error(err)
		}
	})
}

// known waits until own state is known.
func known(t *testing.T, a *user.Account, within time.Duration) *user.View {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	for v := range a.Changes(ctx) {
		if v.Known {
			return v
		}
	}
	t.Fatalf("not known after %v: %v; %+v", within, a.View().Err(), a.Stats())
	return nil
}

// compare compares own state with the truth, when nothing is on its way.
func (w *world) compare(t *testing.T, v *user.View, markets ...string) {
	t.Helper()
	if !v.Known {
		t.Fatalf("%v", v.Err())
	}
	orders, fills := map[string]book.Size{}, map[string]book.Size{}
	follows := func(m string) bool { return len(markets) == 0 || slices.Contains(markets, m) }
	w.server.Do(func(*feedtest.Venue) {
		for _, o := range w.truth.Orders() {
			if last := o.Steps[len(o.Steps)-1]; last.Open && follows(o.Market) {
				orders[o.ID] = last.Matched
			}
		}
		for _, trade := range w.truth.Trades() {
			for _, f := range trade.Fills {
				if follows(trade.Market) {
					fills[trade.ID+f.Order+strings.ToLower(trade.Steps[len(trade.Steps)-1].Status)] = f.Size
				}
			}
		}
	})
	mine, filled := map[string]book.Size{}, map[string]book.Size{}
	for _, o := range v.Orders() {
		mine[o.ID] = o.Matched
	}
	for _, f := range v.Fills() {
		filled[f.Trade+f.Order+f.Status.String()] += f.Size
	}
	if !maps.Equal(orders, mine) {
		t.Errorf("orders %v, want %v", mine, orders)
	}
	if !maps.Equal(fills, filled) {
		t.Errorf("fills %v, want %v", filled, fills)
	}
}

// TestAccount follows an account over real connections, through everything that happens to
// them, and compares at quiet times.
func TestAccount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, feedtest.AccountOptions{Seed: 1, PerMinute: 60, Lose: 0.02, Repeat: 0.1, Delay: 0.1, PageSize: 7})
		a, err := user.New(w.options)
		if err != nil {
			t.Fatal(err)
		}
		folded := fold(t, a) // which ends with the account, and so is waited for after it
		w.begin(t, a)
		known(t, a, 10*time.Second)
		faults := []feedtest.Fault{
			{Kind: feedtest.Reset},
			{Kind: feedtest.Close, Code: 1013},
			{Kind: feedtest.Blackhole, For: 30 * time.Second},
			{Kind: feedtest.Freeze, For: time.Minute},
			{Kind: feedtest.RESTStatus, Code: 500, For: time.Minute},
			{Kind: feedtest.RESTTimeout, For: time.Minute},
			{Kind: feedtest.DialStatus, Code: 429, N: 5, For: 30 * time.Second},
		}
		if testing.Short() {
			faults = faults[2:4]
		}
		for _, f := range faults {
			w.server.Do(func(v *feedtest.Venue) {
				v.Inject(f)
				v.Inject(feedtest.Fault{Kind: feedtest.Reset})
				w.truth.Resume()
			})
			time.Sleep(90 * time.Second)
			w.server.Do(func(*feedtest.Venue) { w.truth.Rest() })
			time.Sleep(3 * time.Minute)
			synctest.Wait()
			w.compare(t, a.View())
			folded.compare(t, a.View())
		}
		if s := a.Stats(); s.Dials < uint64(len(faults)) || s.Frames < 100 || s.BadMessages > 0 {
			t.Errorf("%+v", s)
		}
	})
}

// folded is what the events of an account add up to.
type folded struct {
	mu     sync.Mutex
	orders map[string]user.Order
	fills  map[string]user.Fill
	known  bool
	last   uint64
}

// fold follows all events, until the account ends.
func fold(t *testing.T, a *user.Account) *folded {
	t.Helper()
	f := &folded{orders: map[string]user.Order{}, fills: map[string]user.Fill{}}
	done := make(chan struct{})
	first := true
	go func() {
		defer close(done)
		for e, err := range a.Events(context.Background()) {
			if err != nil {
				t.Error(err)
				return
			}
			if first != (e.Kind == user.SnapshotEvent) || e.Version < f.last {
				t.Errorf("%+v after version %d", e, f.last)
			}
			first = false
			f.take(&e)
		}
	}()
	t.Cleanup(func() { <-done })
	return f
}

func (f *folded) take(e *user.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = e.Version
	switch e.Kind {
	case user.SnapshotEvent:
		f.known = e.View.Known
		for _, o := range e.View.Orders() {
			f.orders[o.ID] = o
		}
		for _, fill := range e.View.Fills() {
			f.fills[fill.Trade+fill.Order] = fill
		}
	case user.OrderEvent:
		if f.orders[e.Order.ID] = e.Order; !e.Order.Status.Open() {
			delete(f.orders, e.Order.ID)
		}
	case user.FillEvent:
		f.fills[e.Fill.Trade+e.Fill.Order] = e.Fill
	case user.StateEvent:
		f.known = e.Known
	}
}

func (f *folded) compare(t *testing.T, v *user.View) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	orders, fills := map[string]user.Order{}, map[string]user.Fill{}
	for _, o := range v.Orders() {
		orders[o.ID] = o
	}
	for _, fill := range v.Fills() {
		fill.Updated = f.fills[fill.Trade+fill.Order].Updated // of a repeat, which is no event
		fills[fill.Trade+fill.Order] = fill
	}
	if d := cmp.Diff(f.orders, orders) + cmp.Diff(f.fills, fills); d != "" || f.known != v.Known {
		t.Errorf("the events add up to something else, and to known %v: %s", f.known, d)
	}
}

// TestRefused: credentials that the exchange does not take.
func TestRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, feedtest.AccountOptions{})
		c := w.options.Credentials
		wrong, err := keys.NewCredentials(c.Address, c.Key.Reveal(), c.Secret.Reveal(), strings.Repeat("0", 64))
		if err != nil {
			t.Fatal(err)
		}
		w.options.Credentials = wrong
		a := w.run(t)
		time.Sleep(5 * time.Minute)
		if v := a.View(); v.Known || v.Reason != user.Refused {
			t.Errorf("known %v: %v", v.Known, v.Err())
		}
		if n := a.Stats().Dials; n > 20 {
			t.Errorf("%d dials", n)
		}
	})
}

// TestWatch: other markets while running.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, feedtest.AccountOptions{Seed: 3, PerMinute: 120})
		first, second := w.markets[0].Condition, w.markets[1].Condition
		w.options.Markets = []string{"0x" + strings.ToUpper(first[2:])}
		a := w.run(t)
		known(t, a, 10*time.Second)
		quiet := func(markets ...string) {
			t.Helper()
			time.Sleep(time.Minute)
			w.server.Do(func(*feedtest.Venue) { w.truth.Rest() })
			time.Sleep(time.Minute)
			w.compare(t, a.View(), markets...)
			w.server.Do(func(*feedtest.Venue) { w.truth.Resume() })
		}
		quiet(first)
		if err := a.Watch(second, first); err != nil {
			t.Fatal(err)
		}
		if a.View().Known {
			t.Error("known at once")
		}
		known(t, a, 10*time.Second)
		quiet(first, second)
		if err := a.Leave(first); err != nil {
			t.Fatal(err)
		}
		quiet(second)
		if err := a.Watch(first); err != nil {
			t.Fatal(err)
		}
		quiet(first, second)
		for _, err := range []error{
			a.Leave(first, second), a.Watch("0x12"), a.Watch(strings.Repeat("1", 66)), a.Leave("x"),
			a.Watch(slices.Repeat([]string{first}, user.MaxMarkets+1)...),
		} {
			if !errors.Is(err, user.ErrNoMarket) {
				t.Error(err)
			}
		}
		if s := a.Stats(); s.BadMessages > 0 {
			t.Errorf("%+v", s)
		}
	})
}

// TestWatchInALoop: as many markets as there may be, one call for each, change nothing for
// the connection.
func TestWatchInALoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, feedtest.AccountOptions{Seed: 3, PerMinute: 120})
		w.options.Markets = []string{w.markets[0].Condition}
		a := w.run(t)
		known(t, a, 10*time.Second)
		for i := range user.MaxMarkets - 3 {
			if err := a.Watch(fmt.Sprintf("0x%064x", i)); err != nil {
				t.Fatal(err)
			}
		}
		for _, m := range w.markets[1:] {
			if err := a.Watch(m.Condition); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.Watch(fmt.Sprintf("0x%064x", user.MaxMarkets)); !errors.Is(err, user.ErrNoMarket) {
			t.Errorf("one more: %v", err)
		}
		known(t, a, 10*time.Second)
		time.Sleep(time.Minute)
		w.server.Do(func(*feedtest.Venue) { w.truth.Rest() })
		time.Sleep(time.Minute)
		w.compare(t, a.View())
		if s := a.Stats(); s.Dials != 1 || s.BadMessages > 0 || s.Missed > 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, feedtest.AccountOptions{PerMinute: -1})
		good := w.options
		for name, change := range map[string]func(*user.Options){
			"no credentials": func(o *user.Options) { o.Credentials = keys.Credentials{} },
			"no client":      func(o *user.Options) { o.Client = nil },
			"no market":      func(o *user.Options) { o.Markets = []string{"0x1"} },
			"another URL":    func(o *user.Options) { o.URL = "ws://192.168.0.1/ws/user" },
			"long ago":       func(o *user.Options) { o.Since = time.Unix(1, 0) },
		} {
			o := good
			change(&o)
			if _, err := user.New(o); err == nil {
				t.Errorf("%s: no error", name)
			}
		}
		a, err := user.New(good)
		if err != nil {
			t.Fatal(err)
		}
		if v := a.View(); v.Known || v.Reason != user.NotRunning || v.Err() == nil {
			t.Errorf("%+v", v)
		}
		if err := a.Watch(w.markets[0].Condition); err != nil { // all of them are followed
			t.Error(err)
		}
		if err := a.Leave(w.markets[0].Condition); !errors.Is(err, user.ErrNoMarket) {
			t.Error(err)
		}
		for range a.Changes(t.Context()) {
			break
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		n := 0
		for range a.Changes(ended) {
			n++
		}
		for range a.Events(ended) {
			n++
		}
		if n > 1 {
			t.Errorf("%d states of a context that has ended", n)
		}
	})
}
