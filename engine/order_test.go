package engine

import (
	"math/rand/v2"
	"testing"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// What goes wrong when the order or the time of states is not what it seems. Each
// of these was found by attacks on the engine.

const ones = "40x1 41x1 | 60x1 61x1"

// many sends changes of one run in one frame, stamped with a time that may not be
// the one that its hash has.
func (sc *script) many(end string, stamped, hashed int64, changes ...string) {
	sc.step(changesText(changes, end, stamped, hashOf(yesToken, end, hashed, scriptTerms)))
}

// steady returns a script whose book is ones, since the start.
func steady(t *testing.T) *script {
	t.Helper()
	sc := newScript(t)
	sc.book(ones, startTime)
	return sc
}

func (sc *script) notProved() {
	sc.t.Helper()
	if v := sc.view(); v.Check == Proved || v.Proof.By >= ByRefresh && v.Proof.Version == v.Version && v.State == Live {
		sc.t.Errorf("line %d: %v, proof %+v of version %d", sc.line, v.Check, v.Proof, v.Version)
	}
}

// All entries of a late state count, not only its first.
func TestLateRunOfTwo(t *testing.T) {
	const a, b = "40x2 41x2 | 60x1 61x1", "40x2 41x2 | 60x2 61x1"
	sc := steady(t)
	sc.many(b, startTime+11, startTime+11, "| 60x2")
	sc.many(a, startTime+10, startTime+10, "40x2 |", "41x2 |")
	sc.expect("live, unproved, epoch 1", b)
	sc.many("40x3 41x2 | 60x2 61x1", startTime+12, startTime+12, "40x3 |")
	sc.expect("live, proved, epoch 1", "40x3 41x2 | 60x2 61x1")
}

// A state whose time was altered to lie in the past may be the newest.
func TestTimeTooOld(t *testing.T) {
	const before, end = "40x2 41x1 | 60x1 61x1", "40x2 41x2 | 60x1 61x1"
	for name, altered := range map[string]func(*script){
		"changes":                func(sc *script) { sc.many(end, startTime+9, startTime+11, "40x2 |", "41x2 |") },
		"change of nothing":      func(sc *script) { sc.many(end, startTime+9, startTime+11, "40x2 |") },
		"change":                 func(sc *script) { sc.many(end, startTime+9, startTime+11, "41x2 |") },
		"book":                   func(sc *script) { sc.bookWithHash(end, startTime+9, hashOf(yesToken, end, startTime+11, scriptTerms)) },
		"change before the book": func(sc *script) { sc.many(end, startTime-1, startTime+11, "41x2 |") },
	} {
		t.Run(name, func(t *testing.T) {
			sc := steady(t)
			sc.many(before, startTime+10, startTime+10, "40x2 |")
			altered(sc)
			sc.notProved()
		})
	}
	// The rest of an open run, stamped as another state.
	sc := steady(t)
	sc.many("40x2 41x2 | 60x1 61x1", startTime+10, startTime+10, "40x2 |")
	sc.many("40x2 41x2 | 60x5 61x1", startTime+9, startTime+11, "41x2 |")
	sc.notProved()
}

// One time far ahead, and runs of several entries after it.
func TestTimeTooNewBeforeRuns(t *testing.T) {
	sc := steady(t)
	sc.many("40x2 41x1 | 60x1 61x1", startTime+3_600_000, startTime+10, "40x2 |")
	for i := range int64(30) {
		sc.now = startTime + 200*(i+1)
		if i%2 == 0 {
			sc.many("40x3 41x4 | 60x1 61x1", sc.now, sc.now, "40x3 |", "41x4 |")
		} else {
			sc.many("40x5 41x6 | 60x1 61x1", sc.now, sc.now, "40x5 |", "41x6 |")
		}
	}
	sc.expect("live, proved, epoch 1", "40x5 41x6 | 60x1 61x1")
}

// A late repeat lands inside the next run of its millisecond.
func TestRepeatInsideRun(t *testing.T) {
	const a, b = "40x1 41x2 | 60x1 61x1", "40x1 41x4 | 60x1 61x1"
	sc := steady(t)
	sc.change("41x2 |", a, startTime+5)
	sc.change("41x3 |", b, startTime+5)
	sc.change("41x2 |", a, startTime+5)
	sc.change("41x4 |", b, startTime+5)
	sc.expect("live, unproved, epoch 1", b)
	sc.wait(2 * time.Second)
	sc.expect("live, unproved, epoch 1", b)
	sc.s.finishAll()
	sc.tally(HashWitness, 3, 0, 0, 0)
	sc.found()
}

// A connection takes over that lags behind the one before.
func TestTakeoverByLaggard(t *testing.T) {
	const b, c, d = "40x2 41x1 | 60x1 61x1", "40x2 41x3 | 60x1 61x1", "40x2 41x3 | 60x7 61x1"
	sc := newScript(t)
	sc.conn = 1
	sc.book(c, startTime+2000)
	sc.book(d, startTime+2000)
	sc.control(feed.Closed)
	sc.conn = 0
	sc.book(ones, startTime)
	sc.change("40x2 |", b, startTime+5)
	sc.change("41x2 |", "40x2 41x2 | 60x1 61x1", startTime+2000)
	sc.book(c, startTime+2000)
	sc.notProved()
}

// A book of a new connection that lacks what this connection has sent before it.
func TestTakeoverByOldBook(t *testing.T) {
	const b, c = "40x2 41x1 | 60x1 61x1", "40x3 41x1 | 60x1 61x1"
	for _, closed := range []bool{false, true} {
		sc := steady(t)
		if closed {
			sc.control(feed.Closed)
		}
		sc.conn = 1
		sc.change("40x2 |", b, startTime+5)
		sc.change("40x3 |", c, startTime+6)
		sc.book(b, startTime+5)
		if closed {
			sc.expect("stale disconnected, unproved, epoch 1", b)
		} else {
			sc.expect("live, proved, epoch 1", ones) // the older connection is followed still
		}
	}
}

// The changes that an early book waits for may belong to another run.
func TestEarlyBookAndHashAhead(t *testing.T) {
	const b, c = "40x2 41x2 | 60x1 61x1", "40x2 41x2 | 60x2 61x1"
	sc := steady(t)
	sc.book(b, startTime+5)
	sc.many(c, startTime+5, startTime+5, "40x2 |", "41x2 |")
	sc.many(c, startTime+5, startTime+5, "| 60x2")
	sc.wait(time.Second)
	sc.s.finishAll()
	sc.tally(RefreshWitness, 1, 0, 0, 0)
}

// Two books that differ, of two states of one millisecond: two refreshes.
func TestTwoHeldBooks(t *testing.T) {
	const b = "40x2 41x2 | 60x2 61x1"
	sc := steady(t)
	sc.book("40x2 41x1 | 60x1 61x1", startTime+5)
	sc.change("41x2 |", b, startTime+5)
	sc.book(b, startTime+5)
	sc.change("| 60x2", b, startTime+5)
	sc.wait(time.Second)
	sc.s.finishAll()
	sc.tally(RefreshWitness, 1, 1, 0, 0)
}

// A proof found while a frame is being applied is not that of the version before.
func TestProofNamesItsVersion(t *testing.T) {
	const a, b = "40x2 41x2 | 60x1 61x1", "40x3 41x3 | 60x1 61x1"
	sc := steady(t)
	sc.change("40x2 |", a, startTime+10)
	version := sc.view().Version
	first := changesText([]string{"41x2 |"}, a, startTime+10, hashOf(yesToken, a, startTime+10, scriptTerms))
	second := changesText([]string{"40x3 |"}, b, startTime+11, hashOf(yesToken, b, startTime+11, scriptTerms))
	sc.step("[" + first + "," + second + "]")
	if p := sc.view().Proof; p.Version == version {
		t.Errorf("proof %+v", p)
	}
}

// Without hashes, a whole book speaks for itself and for no change after it.
func TestRefreshSpeaksForItself(t *testing.T) {
	const changed = "40x2 41x1 | 60x1 61x1"
	for _, ms := range []int64{startTime - 2000, startTime, startTime + 5} {
		sc := newScript(t)
		sc.step("[" + bookText(ones, startTime, feed.HashOf([20]byte{1})) + "," + changesText([]string{"40x2 |"}, changed, ms, feed.HashOf([20]byte{2})) + "]")
		sc.notProved()
	}
	sc := newScript(t)
	sc.bookWithHash(ones, startTime, feed.HashOf([20]byte{1}))
	sc.step("[" + bookText("40x3 41x1 | 60x1 61x1", startTime+5, feed.HashOf([20]byte{2})) + "," +
		changesText([]string{"40x2 |"}, "40x3 41x1 | 60x1 61x1", startTime+5, feed.HashOf([20]byte{2})) + "]")
	sc.notProved()

	sc = newScript(t)
	sc.bookWithHash(ones, startTime, feed.Hash{})
	sc.changeWithHash("40x2 |", changed, startTime, feed.Hash{})
	sc.bookWithHash(ones, startTime, feed.Hash{})
	sc.notProved()
}

// The exchange's clock is set back by seconds while all is in order: a live book
// must not be without the changes since.
func TestClockSetBack(t *testing.T) {
	sc := steady(t)
	sc.now = startTime + 10_000
	sc.change("40x2 |", "40x2 41x1 | 60x1 61x1", sc.now)
	sc.expect("live, proved, epoch 1", "")
	at := sc.now - 5000
	for i := range int64(20) {
		sc.now += 200
		// The best bid is taken away and given back.
		if i%2 == 0 {
			sc.change("41x0 |", "40x2 | 60x1 61x1", at+200*i)
		} else {
			sc.change("41x3 |", "40x2 41x3 | 60x1 61x1", at+200*i)
		}
	}
	sc.change("41x0 |", "40x2 | 60x1 61x1", at+200*20)
	sc.wait(3 * time.Second)
	if v := sc.view(); v.State == Live && v.Snapshot.Top().Bid.Price == 410_000 {
		t.Errorf("live for %v with a bid that has not been there: %+v", 7*time.Second, v.Status)
	}
}

// A new connection opens with the state that the book is at: repeats of it are known
// all the same.
func TestTakeoverOfTheSameState(t *testing.T) {
	for _, foreign := range []bool{false, true} {
		const a = "40x2 41x1 | 60x1 61x1"
		sc := steady(t)
		sc.change("40x2 |", a, startTime+100)
		sc.control(feed.Closed)
		if foreign {
			sc.conn++
		}
		sc.control(feed.Opened)
		sc.book(a, startTime+100)
		sc.expect("live, proved, epoch 2", a)
		const end = "40x5 41x5 | 60x1 61x1"
		sc.change("40x5 |", end, startTime+150)
		sc.change("40x2 |", a, startTime+100) // the exchange repeats an entry of 50 ms ago
		sc.change("41x5 |", end, startTime+150)
		sc.expect("live, proved, epoch 2", end)
	}
}

// TestIsNew: whatever is known of a token, a change of a state that is new is none of the
// other cases, which are left out for it.
func TestIsNew(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // to be repeated
	at := func() feed.Timestamp { return feed.Timestamp(startTime + random.Int64N(6)) }
	state := func() key { return key{at(), feed.HashOf([20]byte{byte(1 + random.IntN(2))})} }
	some := func() bool { return random.IntN(2) == 0 }
	isNew := 0
	for range 20_000 {
		sc := newScript(t)
		sc.book("40x10 | 60x7", startTime)
		token := sc.token()
		token.run.key, token.run.matched, token.run.entries = state(), some(), random.Int32N(2)
		token.horizon, token.baseTime = horizon{state(), some()}, at()
		if token.hasLate = some(); token.hasLate {
			token.late = state()
		}
		token.ring = ring{}
		for range random.IntN(4) {
			token.ring.add(state())
		}
		k := state()
		if !token.isNew(k.time) {
			continue
		}
		isNew++
		was := *token
		c := &feed.Change{Asset: token.asset, Side: book.Bid, Price: 400_000, Size: book.Share}
		was.horizon.announce(k)
		if !sc.s.changeKnown(token, c, k) || sc.s.counts.Repeats > 0 || token.run.key != k || token.horizon != was.horizon {
			t.Fatalf("%+v is new to %+v, %+v, base %v, and begins no run", k, was.run.key, was.horizon, was.baseTime)
		}
	}
	if isNew < 500 {
		t.Errorf("%d were new", isNew)
	}
}
