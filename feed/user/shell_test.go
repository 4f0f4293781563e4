package user

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/feed/keys"
	"example.com/truebook/feed/rest"
)

// alone returns an Account that reaches nobody.
func alone(t *testing.T) *Account {
	t.Helper()
	credentials, err := keys.NewCredentials("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", owner, "AAAA", "x")
	if err != nil {
		t.Fatal(err)
	}
	client, err := rest.New(rest.Options{URL: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	a, err := New(Options{Credentials: credentials, Client: client, URL: "ws://127.0.0.1:1", Since: time.UnixMilli(at - 3600_000)})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// connected makes an account believe that it is connected, and knows what there is.
func connected(a *Account) {
	a.core.phase, a.core.conn, a.core.known = joinedPhase, 1, true
	a.core.lastCame, a.core.joinedAt, a.core.rest.audited = time.Now(), time.Now(), time.Now()
	a.core.pingAt = time.Now().Add(time.Hour)
	a.stepped, a.wall = time.Now(), time.Now().Round(0)
	a.core.version++
}

// TestLagged: a reader that is too slow is told so, and delays nobody; another one is
// told everything.
func TestLagged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, n := range []int{maxQueued, maxQueued + 1} {
			a := alone(t)
			connected(a)
			all, slow := 0, 0
			var lagged error
			for e, err := range a.Events(t.Context()) {
				if err != nil {
					lagged = err
					break
				}
				if slow++; e.Kind == SnapshotEvent { // and while it looks at that
					for all < n { // as a few frames would tell of them
						a.mu.Lock()
						news := make([]Event, min(100, n-all))
						all += len(news)
						for i := range news {
							news[i].Kind = OrderEvent
						}
						a.core.ledger.news = append(a.core.ledger.news, news...)
						a.tell(&input{kind: frameCame, conn: 1, frame: []byte("PONG")})
						a.mu.Unlock()
					}
				}
				if slow == n+1 {
					break
				}
			}
			if lags := n > maxQueued; lags != errors.Is(lagged, ErrLagged) || !lags && slow != all+1 {
				t.Errorf("%d events of %d, and %v", slow, all, lagged)
			}
			if len(a.followers) != 0 {
				t.Errorf("%d followers", len(a.followers))
			}
		}
	})
}

// TestStalled: nobody has looked at the connection for seconds.
func TestStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := alone(t)
		connected(a)
		time.Sleep(stallTime)
		if v := a.View(); !v.Known {
			t.Errorf("%v", v.Err())
		}
		time.Sleep(time.Millisecond)
		if v := a.View(); v.Known || v.Reason != Stalled {
			t.Errorf("known %v, %v", v.Known, v.Reason)
		}
		a.step(&input{kind: frameCame, conn: 1, frame: []byte("PONG")})
		if v := a.View(); !v.Known {
			t.Errorf("%v", v.Err())
		}
	})
}

// TestSlept: the machine slept, which the clock that measures does not show.
func TestSlept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := alone(t)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- a.Run(ctx) }()
		synctest.Wait()
		a.mu.Lock()
		connected(a)
		a.conn = &connection{cancel: func() {}}
		a.wall = a.wall.Add(-time.Hour)
		a.mu.Unlock()
		if v := a.View(); v.Known || v.Reason != Stalled {
			t.Errorf("known %v, %v", v.Known, v.Reason)
		}
		a.step(&input{kind: frameCame, conn: 1, frame: []byte("PONG")})
		if v := a.View(); v.Known || v.Reason != Connecting {
			t.Errorf("known %v, %v", v.Known, v.Reason)
		}
		cancel()
		<-done
	})
}

// TestPanic: own state is not vouched for when the core panics, and Run says why.
func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := alone(t)
		done := make(chan error, 1)
		go func() { done <- a.Run(context.Background()) }()
		synctest.Wait()
		a.mu.Lock()
		connected(a)
		a.core.ledger.orders = nil // which cannot be written
		a.mu.Unlock()
		a.step(&input{kind: frameCame, conn: 1, frame: []byte(orderText("o", "PLACEMENT", "LIVE", "0", at))})
		err := <-done
		if err == nil || !strings.HasPrefix(err.Error(), "user: panic: ") {
			t.Error(err)
		}
		if v := a.View(); v.Known {
			t.Error("known after a panic")
		}
	})
}

// TestStalledIsOver: who follows the changes of a process that stalled, and goes on without
// any news, is told that own state is known again.
func TestStalledIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := alone(t)
		connected(a)
		time.Sleep(stallTime + time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		var known []bool
		go func() {
			for v := range a.Changes(ctx) {
				known = append(known, v.Known)
			}
		}()
		synctest.Wait()
		for range 3 {
			a.step(&input{kind: frameCame, conn: 1, frame: []byte("PONG")})
			synctest.Wait()
			time.Sleep(time.Second)
		}
		if !slices.Equal(known, []bool{false, true}) || !a.View().Known {
			t.Errorf("known %v, then %v", known, a.View().Known)
		}
		cancel()
		synctest.Wait()
	})
}

// stuckLog is a handler of logs that waits.
type stuckLog struct {
	slog.Handler
	until chan struct{}
}

func (stuckLog) Enabled(context.Context, slog.Level) bool    { return true }
func (l stuckLog) Handle(context.Context, slog.Record) error { <-l.until; return nil }

// TestStuckLog: a log that takes its time holds up nobody who asks for own state.
func TestStuckLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := alone(t)
		l := stuckLog{slog.DiscardHandler, make(chan struct{})}
		a.log = slog.New(l)
		connected(a)
		logged, viewed := false, false
		go func() {
			a.step(&input{kind: frameCame, conn: 1, frame: []byte("{")})
			logged = true
		}()
		synctest.Wait()
		if !a.mu.TryLock() {
			t.Error("the log has the lock")
		} else {
			a.mu.Unlock()
			viewed = !a.View().Known
		}
		if logged || !viewed {
			t.Errorf("logged %v, viewed %v", logged, viewed)
		}
		close(l.until)
		synctest.Wait()
	})
}

// TestLeaveIsTold: who follows is told of the orders of a market that is left.
func TestLeaveIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := alone(t)
		other, third := "0x"+strings.Repeat("1", 64), "0x"+strings.Repeat("2", 64)
		for _, m := range []string{market, other, third} {
			a.core.watch(m)
		}
		connected(a)
		a.step(&input{kind: frameCame, conn: 1, frame: []byte(orderText("o", "PLACEMENT", "LIVE", "0", at))})
		ctx, cancel := context.WithCancel(t.Context())
		var last *View
		var events []Event
		go func() {
			for v := range a.Changes(ctx) {
				last = v
			}
		}()
		go func() {
			for e := range a.Events(ctx) {
				events = append(events, e)
			}
		}()
		for _, left := range []string{market, other} { // the other one has no orders
			synctest.Wait()
			a.mu.Lock()
			a.tell(&input{kind: marketsLeft, markets: []string{left}})
			a.effects = nil
			a.unlock()
			synctest.Wait()
			if len(last.Orders()) > 0 || last.Version != a.View().Version {
				t.Errorf("%+v of version %d, want %d", last.Orders(), last.Version, a.View().Version)
			}
		}
		if len(events) != 2 || events[1].Order.ID != "o" || events[1].Order.Status != Gone {
			t.Errorf("%+v", events)
		}
		cancel()
		synctest.Wait()
	})
}

// TestFastClock: with the clock of this machine 30 s fast, no fill is lost from when the
// account was made.
func TestFastClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		made := alone(t)
		time.Sleep(time.Until(time.UnixMilli(at + 30_000)))
		a, err := New(Options{Credentials: made.credentials, Client: made.client, Since: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		s := &script{t: t, core: a.core, now: time.Now()}
		s.tell(&input{kind: runBegan})
		s.join(page(), page())
		s.frame(orderText("0xa", "PLACEMENT", "LIVE", "0", at))
		s.frame(tradeText("t1", "0xa", "MATCHED", "30", at/1000, at+10))
		if v := s.core.view(); !v.Known || len(v.Fills()) != 1 {
			t.Errorf("known %v, %+v", v.Known, v.Fills())
		}
	})
}
