package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/truebook/feed/feedtest"
)

// These tests are for guards that nothing else would miss: see internal/mutants.

// driveMarkets is newDrive with so many markets.
func driveMarkets(t *testing.T, n int) *drive {
	t.Helper()
	s := newDrive(t)
	s.x = feedtest.New(feedtest.Options{Seed: 1, Markets: n})
	s.now = instant(s.x.Opening().Time.UnixNano())
	return s
}

// farChange is a frame that adds a level far from the best ones to tokens of a market,
// under a hash.
func farChange(m *feedtest.Market, ms int64, hash string, tokens ...string) string {
	var entries []string
	for _, token := range tokens {
		price, side := "0.001", "BUY"
		if token == m.No {
			price, side = "0.999", "SELL"
		}
		entries = append(entries, fmt.Sprintf(`{"asset_id":"%s","price":"%s","size":"7","side":"%s","hash":"%s"}`, token, price, side, hash))
	}
	return fmt.Sprintf(`{"market":"%s","price_changes":[%s],"timestamp":"%d","event_type":"price_change"}`,
		m.Condition, strings.Join(entries, ","), ms)
}

func (s *drive) ms() int64 { return int64(s.now) / 1e6 }

// TestDialsAreFew: an exchange that refuses every dial is asked some forty times in ten
// minutes, not thousands of times (G7).
func TestDialsAreFew(t *testing.T) {
	s := newDrive(t)
	s.watch()
	dials := 0
	for end := s.now.after(10 * time.Minute); ; {
		if _, ok := s.wait(time.Duration(end-s.now), dial); !ok {
			break
		}
		dials++
		s.step(input{kind: dialFailed, conn: s.c.line.conn})
	}
	if dials < 20 || dials > 80 {
		t.Errorf("%d dials", dials)
	}
}

// request is one to REST, that is under way.
type request struct {
	at     instant
	id     uint64
	tokens []string
}

// requests runs a drive for a time. Each request to REST is answered a tenth of a
// second later, that there is no such book; each is told of when it is made.
func (s *drive) requests(d time.Duration, made func(request, int)) {
	s.t.Helper()
	s.effects = s.effects[:0]
	var flying []request
	for end := s.now.after(d); s.now < end; {
		s.wait(50 * time.Millisecond)
		for len(flying) > 0 && flying[0].at.after(100*time.Millisecond) <= s.now {
			in := input{kind: answerCame, id: flying[0].id, status: 404, body: []byte(noBook)}
			if len(flying[0].tokens) > 1 {
				in.status, in.body = 200, []byte("[]")
			}
			flying = flying[1:]
			s.step(in)
		}
		for _, e := range slices.Clone(s.effects) {
			if e.kind == ping {
				s.send("PONG")
			}
			if e.kind == fetch {
				r := request{s.now, e.id, e.tokens}
				flying = append(flying, r)
				made(r, len(flying))
			}
		}
		s.effects = s.effects[:0]
	}
}

// TestRequestsAreFew: however many books are missing, few requests are under way at a
// time, and not more are made than the budget has (G7).
func TestRequestsAreFew(t *testing.T) {
	s := driveMarkets(t, 150)
	s.watch()
	s.connect()
	s.send("[]\n")
	s.wait(firstBookTimeout - time.Millisecond)
	from, n, most := s.now, 0, 0
	s.requests(time.Minute, func(r request, flying int) {
		n++
		most = max(most, flying)
		if budget := burstOfFetches + fetchesPerSecond*time.Duration(r.at-from).Seconds() + 1; float64(n) > budget {
			t.Fatalf("%d requests in %v", n, time.Duration(r.at-from))
		}
	})
	if most != maxFlights || n < 300 {
		t.Errorf("%d requests, up to %d at a time", n, most)
	}
}

// TestAskedLaterAndLater: a token of which REST has no book is asked for half as often
// each time, down to once a minute.
func TestAskedLaterAndLater(t *testing.T) {
	s := newDrive(t)
	s.watch()
	s.connect()
	s.send("[]\n")
	token := s.c.watched[0].token.asset.ID
	var times []instant
	s.requests(10*time.Minute, func(r request, _ int) {
		if len(r.tokens) == 1 && r.tokens[0] == token {
			times = append(times, r.at)
		}
	})
	if len(times) < 8 || len(times) > 16 {
		t.Fatalf("%d requests", len(times))
	}
	for i := 2; i < len(times); i++ {
		before, gap := time.Duration(times[i-1]-times[i-2]), time.Duration(times[i]-times[i-1])
		if gap < min(before*3/2, maxGap) {
			t.Errorf("request %d came %v after the last, which had come after %v", i, gap, before)
		}
	}
}

// TestLimitedREST: who is told to come back later does.
func TestLimitedREST(t *testing.T) {
	s := newDrive(t)
	s.watch()
	s.connect()
	s.send("[]\n")
	s.wait(time.Minute, fetch)
	s.step(input{kind: answerCame, id: s.c.rest.lastID, status: 429, retryAfter: 20 * time.Second})
	if took, ok := s.wait(15*time.Second, fetch); ok {
		t.Errorf("asked again after %v", took)
	}
	s.send("PONG")
	if took, ok := s.wait(time.Minute, fetch); !ok || took < 5*time.Second || took > 6*time.Second {
		t.Errorf("asked again after 15 s and %v", took)
	}
}

// TestUnmirrored: a token whose sibling changes alone is in doubt at once.
func TestUnmirrored(t *testing.T) {
	s := newDrive(t)
	s.open()
	m := s.x.Markets()[0]
	s.send(farChange(&m, s.ms()+1, "", m.Yes, m.No))
	s.expect("both", s.states(), "live")
	s.send(farChange(&m, s.ms()+2, "", m.Yes))
	for _, token := range []string{m.Yes, m.No} {
		want := map[string]string{m.Yes: "live", m.No: "stale unmirrored"}[token]
		v := s.c.books.byID(token).readers.View()
		s.expect(token[:5], strings.TrimSpace(v.State.String()+" "+v.Reason.String()), want)
	}
}

// TestLateStream: a stream that is three seconds behind is stale a second after its first
// change that is, and given up after ten.
func TestLateStream(t *testing.T) {
	s := newDrive(t)
	s.open()
	deliver := func(late time.Duration) {
		t.Helper()
		f := s.x.Next()
		if at := instant(f.Time.UnixNano()).after(late); at > s.now {
			s.wait(time.Duration(at - s.now))
		}
		s.send(string(f.Data))
	}
	for range 100 {
		deliver(0)
	}
	deliver(3 * time.Second)
	var stale time.Duration
	for since := s.now; s.now < since.after(20*time.Second); {
		deliver(3 * time.Second)
		if stale == 0 && s.states() == "stale/lagging" {
			stale = time.Duration(s.now - since)
		}
		if s.c.line.state != lineOpen {
			if took := time.Duration(s.now - since); stale < lagTime-tick/2 || stale > lagTime+tick/2 || took < lagPatience-tick || took > lagPatience+tick {
				t.Errorf("stale after %v, given up after %v", stale, took)
			}
			return
		}
	}
	t.Errorf("not given up, stale after %v", stale)
}

// TestLateStreamProvesNothing: while a stream is late, no hash in it makes a book live
// again: it is that of some seconds ago.
func TestLateStreamProvesNothing(t *testing.T) {
	s := newDrive(t)
	s.open()
	deliver := func(late time.Duration) {
		t.Helper()
		f := s.x.Next()
		at := instant(f.Time.UnixNano()).after(late)
		if at > s.now {
			s.wait(time.Duration(at - s.now))
		}
		s.send(string(f.Data))
	}
	for range 100 {
		deliver(0)
	}
	s.expect("in time", s.states(), "live")
	for s.c.line.lag.lateSince == 0 {
		deliver(3 * time.Second)
	}
	proved := 0
	for since := s.c.line.lag.lateSince; s.c.line.state == lineOpen; {
		deliver(3 * time.Second)
		if s.now < since.after(lagTime) || s.c.line.state != lineOpen {
			continue
		}
		s.expect("late", s.states(), "stale/lagging")
		for _, w := range s.c.watched {
			if w.token.run.check == Proved {
				proved++
			}
		}
	}
	if proved == 0 {
		t.Error("no hash was proved meanwhile: the test shows nothing")
	}
}

// TestWitnessesOfMany: when the hashes of many markets fail at once, a few tokens are
// asked for, and the others when nothing has come of that for two seconds.
func TestWitnessesOfMany(t *testing.T) {
	s := driveMarkets(t, massMarkets)
	s.open()
	for _, m := range s.x.Markets() {
		s.send(farChange(&m, s.ms()+1, strings.Repeat("ab", 20), m.Yes, m.No))
	}
	asked := func(d time.Duration) (tokens int) {
		s.effects = s.effects[:0]
		s.wait(d)
		for _, e := range s.effects {
			if e.kind == fetch {
				tokens += len(e.tokens)
			}
		}
		return tokens
	}
	// Those of two markets before three of ten are many, and one of the third.
	if n := asked(2 * time.Second); n != 5 || s.c.books.counts.MassMismatches != 1 {
		t.Errorf("%d tokens were asked for, %+v", n, s.c.books.counts)
	}
	s.expect("meanwhile", s.states(), "stale/hash_mismatch")
	if n := asked(time.Second); n != 15 {
		t.Errorf("%d tokens were asked for when the witnesses had not answered", n)
	}
}

// TestAllowedWhenSaid: at the time for which a proof is put off, it may be made. Otherwise
// a core would ask for that same time again, for ever.
func TestAllowedWhenSaid(t *testing.T) {
	for rate := int64(1); rate < 2_000_000_000; rate += rate/3 + 1 {
		var p proofs
		p.limit(rate, 1)
		p.charge(rate)
		if p.allows(1) || !p.allows(p.allowedAt()) {
			t.Errorf("at %d a second, not at %d", rate, p.allowedAt())
		}
	}
}

// watchedSimulation is one of some markets and faults, whose tokens are all watched.
func watchedSimulation(t *testing.T, o feedtest.VenueOptions) *simulation {
	t.Helper()
	s := newSimulation(o)
	s.checker.t, s.checker.seed = t, o.Seed
	s.step(&input{kind: tokensWatched, tokens: s.tokens})
	return s
}

// TestOtherHashes: when hashes are made otherwise, they are given up as soon as three
// markets show it, and not by fewer: then each market's are. The books stay live.
func TestOtherHashes(t *testing.T) {
	onlyGoroutine(t)
	for markets, off := range map[int]bool{2: false, 6: true} {
		s := watchedSimulation(t, feedtest.VenueOptions{
			Seed: 1, Markets: markets, Rate: 10, Faults: []feedtest.Fault{{Kind: feedtest.Recipe, At: time.Minute, Market: -1}},
		})
		s.run(5 * time.Minute)
		if s.core.books.counts.HashingOff != off {
			t.Errorf("%d markets: %+v", markets, s.core.books.counts)
		}
		s.checker.alive()
	}
}

// TestFlapping: a token that has to be mended again and again is left alone for a
// minute.
func TestFlapping(t *testing.T) {
	var faults []feedtest.Fault
	for i := range 14 {
		faults = append(faults, feedtest.Fault{Kind: feedtest.LoseDeep, At: time.Minute + time.Duration(i)*4*time.Second, N: 3})
	}
	s := watchedSimulation(t, feedtest.VenueOptions{Seed: 1, Markets: 1, Rate: 4, Faults: faults})
	s.run(time.Minute)
	flapping := 0
	for range 120 {
		s.run(time.Second)
		if v := s.checker.tokens[0].asset.View(); v.Reason == Flapping {
			flapping++
		}
	}
	if flapping < 30 || flapping > 60 {
		t.Errorf("left alone for %d seconds, %+v", flapping, s.core.books.counts)
	}
}
