package engine

import (
	"testing"
	"time"

	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
)

// within fails the test if f is not done in time.
func within(t *testing.T, d time.Duration, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { f(); close(done) }()
	select {
	case <-done:
	case <-time.After(d):
		t.Fatalf("%s: still running after %v", what, d)
	}
}

// A run that is open when its time is over, while nothing may be hashed, must not
// keep its deadline.
func TestOpenRunWithoutBudget(t *testing.T) {
	for name, limit := range map[string]func(*shard){
		"off":    func(s *shard) { s.proofs.off = true },
		"budget": func(s *shard) { s.proofs.rate, s.proofs.left, s.proofs.at = 1000, -5000, s.now },
	} {
		t.Run(name, func(t *testing.T) {
			sc := opened(t)
			sc.change("| 61x9", "40x11 41x5 | 60x7 61x9", startTime+5) // 40x11 is lost
			sc.expect("live, open, epoch 1", "")
			limit(sc.s)
			within(t, 2*time.Second, "expire", func() { sc.wait(250 * time.Millisecond) })
		})
	}
}

// A state from before a break proves nothing after it.
func TestNoProofOfBeforeBreak(t *testing.T) {
	sc := opened(t)
	sc.s.proofs.rate, sc.s.proofs.left, sc.s.proofs.at = 1000, -10, instant(sc.now*1e6)
	sc.change("40x1 |", "40x1 41x5 | 60x7 61x8", startTime+1)
	sc.expect("live, unproved, epoch 1", "")
	sc.control(feed.Closed)
	sc.expect("stale disconnected, unproved, epoch 1", "")
	sc.now += 5000
	sc.control(feed.Opened)
	sc.expect("stale disconnected, unproved, epoch 1", "")
}

// Nor does it if a trade on the next connection explains its hash.
func TestNoProofByTradeAfterBreak(t *testing.T) {
	sc := opened(t)
	sc.s.searchGap = time.Second
	terms := scriptTerms
	terms.LastTrade = feed.LastTrade{Price: 600_000, Decimals: 3}
	sc.token().searchedAt = instant(sc.now * 1e6)
	sc.changeWithHash("| 60x6", "40x10 41x5 | 60x6 61x8", startTime+5, hashOf(yesToken, "40x10 41x5 | 60x6 61x8", startTime+5, terms))
	sc.control(feed.Closed)
	sc.expect("stale disconnected, failed, epoch 1", "")
	sc.now += 500
	sc.conn++
	sc.step(`{"market":"` + condition + `","asset_id":"` + yesToken + `","price":"0.6","size":"1","side":"BUY","timestamp":"1800000000400","event_type":"last_trade_price"}`)
	sc.expect("stale disconnected, unproved, epoch 1", "")
}

// Whoever is told of a finding may look at the books.
func TestReportMayLook(t *testing.T) {
	var replay *Replay
	looked := 0
	replay = NewReplay(func(f Finding) {
		looked++
		replay.Asset(f.Asset).View()
	})
	sc := newScript(t)
	sc.s = replay.shard
	within(t, 10*time.Second, "Step", func() {
		sc.book(opening, startTime)
		sc.change("| 61x9", "40x11 41x5 | 60x7 61x9", startTime+5)
		sc.wait(time.Second)
		sc.book("40x11 41x5 | 60x7 61x9", startTime+6)
		sc.s.finishAll()
	})
	if looked == 0 {
		t.Error("nothing was reported")
	}
}

// A limit that is set after a while without one owes nothing.
func TestLimitAfterNone(t *testing.T) {
	r := record(t, feedtest.Options{Seed: 8, Markets: 12}, 4000)
	replay := NewReplay(nil)
	n := 0
	for i := range r.frames {
		if i == 2000 {
			replay.LimitProofs(100_000)
		}
		if err := replay.Step(r.frames[i].record); err != nil {
			t.Fatal(err)
		}
		for _, tok := range replay.shard.tokens {
			if i >= 2000 && tok.proof.by == ByHash && tok.proof.at == replay.now {
				n++
			}
		}
	}
	if n < 300 {
		t.Errorf("%d books proved in 2000 frames", n)
	}
}

// Credit in small steps adds up.
func TestCreditInSmallSteps(t *testing.T) {
	p := proofs{rate: 100_000, at: 1}
	now := instant(1)
	for now < instant(10*time.Second) {
		now += instant(9 * time.Microsecond)
		if p.allows(now) {
			return
		}
	}
	t.Errorf("ten seconds of 100 kB/s: left %d", p.left)
}

// Debts are paid by time, and have a bound.
func TestDebt(t *testing.T) {
	p := proofs{rate: 1000, at: 1}
	for range 100 {
		p.charge(10_000)
	}
	if now := instant(2100 * time.Millisecond); !p.allows(now) {
		t.Errorf("a second of debt and two seconds: left %d", p.left)
	}
}

// TestTurnsInBursts: whoever waits is not overtaken by the tokens of each burst.
func TestTurnsInBursts(t *testing.T) {
	r := record(t, feedtest.Options{Seed: 8, Markets: 12}, 4000)
	for _, burst := range []int{1, 4, 64} {
		s := r.shard(nil)
		s.proofs.limit(50_000, instant(r.frames[0].record.Time.UnixNano()))
		var longest instant
		since := make([]instant, 24)
		for i := range r.frames {
			rec := r.frames[i].record
			_ = s.step(instant(rec.Time.UnixNano()), &rec, i%burst != burst-1)
			for j, tok := range s.tokens {
				switch proved := tok.proof.by == ByHash && tok.proof.at == s.now; {
				case !tok.unproved:
					since[j] = 0
				case since[j] == 0 || proved: // and in the queue again
					since[j] = s.now
				}
				if since[j] > 0 {
					longest = max(longest, s.now-since[j])
				}
			}
		}
		span := s.now - instant(r.frames[0].record.Time.UnixNano())
		t.Logf("bursts of %d: at most %v of %v", burst, time.Duration(longest), time.Duration(span))
		if longest > span/2 {
			t.Errorf("bursts of %d: a token waited for %v of %v", burst, time.Duration(longest), time.Duration(span))
		}
	}
}

// What is done to a book must not depend on whether it has been hashed yet.
func TestUncomparedBooks(t *testing.T) {
	const a, b = "40x1 41x2 | 60x1 61x1", "40x1 41x4 | 60x1 61x1"
	const late0, late1 = "40x2 41x1 | 60x1 61x1", "40x3 41x1 | 60x1 61x1"
	for name, story := range map[string]struct {
		tell func(*script)
		end  string
	}{
		"back to a state of the same millisecond": {func(sc *script) {
			sc.change("41x2 |", a, startTime+5)
			sc.change("41x4 |", b, startTime+5)
			sc.change("41x2 |", a, startTime+5)
		}, a},
		"a late change of a level that was changed again": {func(sc *script) {
			sc.change("40x3 |", late1, startTime+11)
			sc.change("40x2 |", late0, startTime+10)
		}, late1},
		"a repeat of an entry of a complete run": {func(sc *script) {
			sc.many(late1, startTime+11, startTime+11, "40x2 |", "40x3 |")
			sc.many(late1, startTime+11, startTime+11, "40x2 |")
		}, late1},
	} {
		for mode, set := range map[string]func(*script){
			"compared": func(*script) {},
			"more":     func(sc *script) { sc.more = true },
			"budget":   func(sc *script) { sc.s.proofs.rate, sc.s.proofs.left, sc.s.proofs.at = 1, -1, instant(sc.now*1e6) },
		} {
			t.Run(name+"/"+mode, func(t *testing.T) {
				sc := steady(t)
				set(sc)
				story.tell(sc)
				sc.more = false
				v := sc.view()
				if !bookOf(story.end).Snapshot().Equal(v.Snapshot) {
					top, err := v.Top()
					t.Errorf("%v %v: top %+v %v, want the book %s", v.State, v.Check, top, err, story.end)
				}
			})
		}
	}
}

// A hash ahead of its changes, and a next run that there is no budget for.
func TestHealedUncompared(t *testing.T) {
	sc := opened(t)
	ahead := hashOf(yesToken, "40x1 41x2 | 60x7 61x8", startTime+5, scriptTerms)
	sc.changeWithHash("40x1 |", "40x1 41x5 | 60x7 61x8", startTime+5, ahead)
	sc.wait(300 * time.Millisecond)
	sc.expect("live, failed, epoch 1", "")
	sc.s.proofs.rate, sc.s.proofs.left, sc.s.proofs.at = 1, -1000, instant(sc.now*1e6)
	sc.change("41x2 |", "40x1 41x2 | 60x7 61x8", startTime+300)
	sc.change("41x3 |", "40x1 41x3 | 60x7 61x8", startTime+301)
	sc.expect("live, unproved, epoch 1", "40x1 41x3 | 60x7 61x8")
	sc.found()
}
