package engine

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestShellAuditsAfterLeave: when most tokens have been left, the others are compared with
// REST each 30 s again.
func TestShellAuditsAfterLeave(t *testing.T) {
	if testing.Short() {
		t.Skip("many tokens")
	}
	s := newStream(1)
	var mu sync.Mutex
	asked := map[string][]time.Time{}
	rest := books(func(_ context.Context, tokens []string) ([]byte, error) {
		mu.Lock()
		defer mu.Unlock()
		for _, id := range tokens {
			asked[id] = append(asked[id], time.Now())
		}
		return nil, errors.New("no route")
	})
	running(t, s, Config{Books: rest, TokensPerConnection: 400}, func(t *testing.T, e *Engine) {
		sub := mustWatch(t, e, s.tokens()...)
		if err := sub.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		bulk := make([]string, 60_000)
		for i := range bulk {
			bulk[i] = strconv.Itoa(i + 1)
		}
		other := mustWatch(t, e, bulk...)
		other.Close()
		time.Sleep(2 * time.Minute)
		if n := e.Stats().Tokens; n != 2 {
			t.Fatalf("%d tokens", n)
		}
		mu.Lock()
		before := len(asked[s.tokens()[0]])
		mu.Unlock()
		time.Sleep(5 * time.Minute)
		mu.Lock()
		defer mu.Unlock()
		e.drivers[0].mu.Lock()
		gap := e.drivers[0].core.audits.gap
		e.drivers[0].mu.Unlock()
		if n := len(asked[s.tokens()[0]]) - before; n < 8 {
			t.Errorf("2 tokens are followed, and audited %d times in 5 minutes; gap %v", n, gap)
		}
	})
}

// TestShellEpochOfRewatched: two tops of equal Epoch were live, and everything between them.
func TestShellEpochOfRewatched(t *testing.T) {
	s := newStream(2)
	running(t, s, Config{TokensPerConnection: 2}, func(t *testing.T, e *Engine) {
		all := s.tokens()
		first := mustWatch(t, e, all[0], all[1])
		second := mustWatch(t, e, all[2], all[3])
		_ = first.Wait(t.Context())
		_ = second.Wait(t.Context())
		old := second.Asset(all[2])
		was, err := old.Top()
		if err != nil {
			t.Fatal(err)
		}
		first.Close()
		second.Close()
		time.Sleep(time.Hour)
		again := mustWatch(t, e, all[2], all[3])
		_ = again.Wait(t.Context())
		top, err := again.Asset(all[2]).Top()
		if err != nil {
			t.Fatal(err)
		}
		if top.Epoch <= was.Epoch {
			t.Errorf("epoch %d version %d, and an hour without the token later epoch %d version %d", was.Epoch, was.Version, top.Epoch, top.Version)
		}
		if v := old.View(); v.State == Gone {
			t.Errorf("the Asset of before reads %v:%v while the token is live", v.State, v.Reason)
		}
	})
}

// TestShellStatsAfterEnd: nothing stands, and nothing is live, when Run has returned.
func TestShellStatsAfterEnd(t *testing.T) {
	s := newStream(1)
	var e *Engine
	running(t, s, Config{}, func(t *testing.T, in *Engine) {
		e = in
		_ = mustWatch(t, e, s.tokens()...).Wait(t.Context())
	})
	if n := e.Stats(); n.Open != 0 || n.Connections != 0 || n.Live != 0 {
		t.Errorf("%d of %d connections open, %d live", n.Open, n.Connections, n.Live)
	}
}

func TestShellStatsAfterPanic(t *testing.T) {
	s := newStream(1)
	synctest.Test(t, func(t *testing.T) {
		e, _ := New(s, Config{})
		done := make(chan error, 1)
		go func() { done <- e.Run(t.Context()) }()
		sub := mustWatch(t, e, s.tokens()...)
		_ = sub.Wait(t.Context())
		d := e.drivers[0]
		d.mu.Lock()
		d.core.books.review = func(*token) { panic("oh") }
		d.mu.Unlock()
		s.newest().frames <- string(s.x.Opening().Data)
		<-done
		if n := e.Stats(); n.Open != 0 || n.Live != 0 {
			t.Errorf("%d open, %d live, and every read is stale", n.Open, n.Live)
		}
	})
}

// TestShellPublishCountsTheLock: Publish is from the return of a frame by the connection.
func TestShellPublishCountsTheLock(t *testing.T) {
	s := newStream(1)
	e, _ := New(s, Config{})
	mustWatch(t, e, s.tokens()...)
	d := e.drivers[0]
	conn := &connection{number: 1, frames: publishSample - 1}
	d.mu.Lock() // a timer, an answer of REST with 100 books, Stats
	done := make(chan struct{})
	go func() { defer close(done); d.frame(conn, []byte("[]"), false) }()
	time.Sleep(200 * time.Millisecond)
	d.mu.Unlock()
	<-done
	if q := d.publish.Quantile(1); q < 100*time.Millisecond {
		t.Errorf("a frame waited 200 ms for the lock, Publish says %v", q)
	}
}

// TestShellMaxTokensCountsTwice: what is watched already needs no room.
func TestShellMaxTokensCountsTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("many tokens")
	}
	e, _ := New(newStream(1), Config{TokensPerConnection: 400})
	many := make([]string, MaxTokens)
	for i := range many {
		many[i] = strconv.Itoa(i + 1)
	}
	mustWatch(t, e, many...)
	if _, err := e.Watch("1"); err != nil {
		t.Errorf("a token that is followed already: %v", err)
	}
	e, _ = New(newStream(1), Config{})
	same := make([]string, MaxTokens+1)
	for i := range same {
		same[i] = "1"
	}
	if _, err := e.Watch(same...); err != nil {
		t.Errorf("one token, named often: %v", err)
	}
}

// TestShellOrphan: what a core asks for when a dial is put off is done as well, the end
// of a connection that is not wanted any more among it.
func TestShellOrphan(t *testing.T) {
	s := newStream(2)
	running(t, s, Config{}, func(t *testing.T, e *Engine) {
		all := s.tokens()
		sub := mustWatch(t, e, all[0])
		_ = sub.Wait(t.Context())
		sub.Close()
		time.Sleep(lingerTime - 3*time.Second)
		d := e.drivers[0]
		s.newest().say(errors.New("reset"))
		synctest.Wait() // waits for its dial now
		d.mu.Lock()     // the dial is due in the same step as the end of the lingering
		now, _ := clock()
		d.core.line.dialAt = now.after(10 * time.Millisecond)
		for _, w := range d.core.watched {
			if w != nil && w.unwatchedAt != 0 {
				w.unwatchedAt = now.after(10*time.Millisecond - lingerTime)
				d.core.schedule(w)
			}
		}
		d.next = now.after(10 * time.Millisecond)
		d.arm(now)
		d.mu.Unlock()
		e.dials.Reserve() // another connection has just dialed
		e.dials.Reserve()
		time.Sleep(20 * time.Millisecond)
		again := mustWatch(t, e, all[2])
		_ = again.Wait(t.Context())
		time.Sleep(10 * time.Minute)
		open := 0
		s.mu.Lock()
		for _, c := range s.conns[1:] {
			select {
			case <-c.closed:
			default:
				open++
			}
		}
		s.mu.Unlock()
		if n := e.Stats(); open != n.Open {
			t.Errorf("%d connections stand, the engine knows of %d", open, n.Open)
		}
	})
}

// TestShellEpochOfMoved: the same where there is no room for it on its old connection.
func TestShellEpochOfMoved(t *testing.T) {
	s := newStream(2)
	running(t, s, Config{TokensPerConnection: 2}, func(t *testing.T, e *Engine) {
		all := s.tokens()
		first := mustWatch(t, e, all[0], all[1])
		_ = first.Wait(t.Context())
		was, err := first.Asset(all[0]).Top()
		if err != nil {
			t.Fatal(err)
		}
		first.Close()
		time.Sleep(time.Hour)
		others := mustWatch(t, e, all[2], all[3]) // where there is room first
		again := mustWatch(t, e, all[0])
		_, _ = others.Wait(t.Context()), again.Wait(t.Context())
		top, err := again.Asset(all[0]).Top()
		if err != nil || top.Epoch <= was.Epoch || e.home[all[0]].number != 2 {
			t.Errorf("epoch %d on connection %d after %d: %v", top.Epoch, e.home[all[0]].number, was.Epoch, err)
		}
	})
}
