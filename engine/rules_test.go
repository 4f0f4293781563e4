package engine

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

const opening = "40x10 41x5 | 60x7 61x8"

// opened returns a script with a live, proved book.
func opened(t *testing.T) *script {
	t.Helper()
	sc := newScript(t)
	sc.book(opening, startTime)
	sc.expect("live, proved, epoch 1", opening)
	return sc
}

// A change in three frames: the hash is that of the end.
func TestRunOfSeveralFrames(t *testing.T) {
	sc := opened(t)
	const end = "40x10 42x1 | 60x9 61x8"
	sc.change("42x1 |", end, startTime+5)
	sc.expect("live, open, epoch 1", "40x10 41x5 42x1 | 60x7 61x8")
	sc.change("41x0 |", end, startTime+5)
	sc.change("| 60x9", end, startTime+5)
	sc.expect("live, proved, epoch 1", end)
	sc.change("| 60x9", end, startTime+5) // once more
	sc.expect("live, proved, epoch 1", end)
	sc.change("40x1 |", "40x1 42x1 | 60x9 61x8", startTime+6)
	sc.s.finishAll()
	sc.tally(HashWitness, 3, 0, 0, 0) // the book and two runs
	sc.tally(TopWitness, 2, 0, 0, 0)
	sc.found()
	if v := sc.view(); v.Version != 6 || v.Proof != (Proof{ByHash, 6, v.Proof.Time}) {
		t.Errorf("version %d, proof %+v", v.Version, v.Proof)
	}
}

// A lost change: the version is open, then failed, then the book is stale, and a
// whole book makes it live in another epoch.
func TestLostChange(t *testing.T) {
	sc := opened(t)
	// Lost: 40x10 to 40x11.
	sc.change("| 61x9", "40x11 41x5 | 60x7 61x9", startTime+5)
	sc.expect("live, open, epoch 1", "")
	sc.wait(249 * time.Millisecond)
	sc.expect("live, open, epoch 1", "")
	sc.wait(time.Millisecond)
	sc.expect("live, failed, epoch 1", "")
	sc.wait(999 * time.Millisecond)
	sc.expect("live, failed, epoch 1", "")
	sc.wait(time.Millisecond)
	sc.expect("stale hash_mismatch, failed, epoch 1", "")
	if _, err := new(sc.view()).Top(); !errors.Is(err, ErrStale) || !errors.Is(err, ErrNotLive) {
		t.Errorf("top of a stale book: %v", err)
	}
	// It goes on with the changes.
	sc.change("| 61x1", "40x11 41x5 | 60x7 61x1", sc.now)
	sc.expect("stale hash_mismatch, open, epoch 1", "40x10 41x5 | 60x7 61x1")
	sc.book("40x11 41x5 | 60x7 61x1", sc.now+1)
	sc.expect("live, proved, epoch 2", "40x11 41x5 | 60x7 61x1")
	sc.wait(time.Second)
	sc.s.finishAll()
	sc.tally(HashWitness, 2, 2, 0, 0)
	sc.tally(RefreshWitness, 0, 1, 0, 0)
	sc.found("hash@2", "refresh@4", "hash@3")
	if f := sc.findings[1]; f.Expected != "bid 0.4 x 11" || f.Found != "bid 0.4 x 10" {
		t.Errorf("finding %+v", f)
	}
}

// A stale book is live again when its hash matches, without a whole book.
func TestHealedByChanges(t *testing.T) {
	sc := opened(t)
	sc.change("| 61x9", "40x11 41x5 | 60x7 61x9", startTime+5)
	sc.wait(2 * time.Second)
	sc.expect("stale hash_mismatch, failed, epoch 1", "")
	sc.change("40x12 |", "40x12 41x5 | 60x7 61x9", sc.now)
	sc.expect("live, proved, epoch 2", "40x12 41x5 | 60x7 61x9")
	sc.s.finishAll()
	sc.tally(HashWitness, 2, 0, 1, 0)
	sc.found("hash@2 healed")
}

// The exchange announces a hash that already holds the next change: a failure
// that heals, and costs nothing.
func TestHashAhead(t *testing.T) {
	sc := opened(t)
	ahead := hashOf(yesToken, "40x1 41x2 | 60x7 61x8", startTime+5, scriptTerms)
	sc.changeWithHash("40x1 |", "40x1 41x5 | 60x7 61x8", startTime+5, ahead)
	sc.wait(300 * time.Millisecond)
	sc.expect("live, failed, epoch 1", "")
	sc.change("41x2 |", "40x1 41x2 | 60x7 61x8", startTime+300)
	sc.expect("live, proved, epoch 1", "40x1 41x2 | 60x7 61x8")
	sc.wait(2 * time.Second)
	sc.expect("live, proved, epoch 1", "")
	sc.s.finishAll()
	sc.tally(HashWitness, 2, 0, 1, 0)
	sc.found("hash@2 healed")
}

// The last trade price and the tick size change in the hash before their events.
func TestTermsAheadOfTheirEvents(t *testing.T) {
	sc := opened(t)
	terms := scriptTerms
	terms.LastTrade.Price = 600_000
	hash := hashOf(yesToken, "40x10 41x5 | 60x6 61x8", startTime+5, terms)
	sc.changeWithHash("| 60x6", "40x10 41x5 | 60x6 61x8", startTime+5, hash)
	sc.expect("live, open, epoch 1", "") // only the end of the run is worth a search
	sc.wait(250 * time.Millisecond)
	sc.expect("live, proved, epoch 1", "")
	terms.TickSize = 1000
	hash = hashOf(yesToken, "40x10 41x5 | 60x5 61x8", startTime+300, terms)
	sc.changeWithHash("| 60x5", "40x10 41x5 | 60x5 61x8", startTime+300, hash)
	sc.wait(250 * time.Millisecond)
	sc.expect("live, proved, epoch 1", "")
	if v := sc.view(); v.TickSize != 1000 || v.LastTrade.String() != "0.600" {
		t.Errorf("tick %v, last trade %v", v.TickSize, v.LastTrade)
	}
	sc.s.finishAll()
	sc.tally(HashWitness, 3, 0, 0, 0)
}

// A change of tick keeps the levels and the state.
func TestTickSizeChange(t *testing.T) {
	sc := opened(t)
	sc.step(fmt.Sprintf(`{"event_type":"tick_size_change","market":"%s","asset_id":"%s","old_tick_size":"0.01","new_tick_size":"0.001","timestamp":"%d"}`,
		condition, yesToken, startTime+1))
	sc.expect("live, proved, epoch 1", opening)
	if v := sc.view(); v.TickSize != 1000 || v.Version != 2 || v.Proof.Version != 2 {
		t.Errorf("%+v", v.Status)
	}
}

// Searches for terms are bounded where the shard says so; a mismatch is then a
// failure without one.
func TestSearchesAreBounded(t *testing.T) {
	sc := opened(t)
	sc.s.searchGap = searchGap
	terms := scriptTerms
	for i, want := range []string{"proved", "failed", "proved"} {
		if i == 2 {
			sc.wait(searchGap)
		}
		// The first is a mismatch that searching does not explain, and spends it.
		ms := sc.now + 1
		terms.LastTrade.Price += 1000
		end := fmt.Sprintf("40x10 41x5 | 60x7 61x%d", 20+i)
		hash := hashOf(yesToken, end, ms, terms)
		if i == 1 {
			sc.token().searchedAt = sc.s.now // as if it had searched just now
		}
		sc.changeWithHash(fmt.Sprintf("| 61x%d", 20+i), end, ms, hash)
		sc.wait(runTimeout)
		if got := sc.view().Check.String(); got != want {
			t.Errorf("change %d: %s, want %s", i, got, want)
		}
	}
}

// A book with the time and hash of the change before it, which it follows.
func TestBookAfterTrade(t *testing.T) {
	sc := opened(t)
	sc.change("| 60x3", "40x10 41x5 | 60x3 61x8", startTime+5)
	sc.book("40x10 41x5 | 60x3 61x8", startTime+5)
	sc.expect("live, proved, epoch 1", "40x10 41x5 | 60x3 61x8")
	sc.s.finishAll()
	sc.tally(HashWitness, 3, 0, 0, 0)
	sc.tally(RefreshWitness, 1, 0, 0, 0)
	sc.found()
}

// The book comes before the changes that lead to it: it is applied at once, and
// has agreed when they have come.
func TestEarlyBook(t *testing.T) {
	const end = "40x10 41x5 | 60x3 61x2"
	for _, begun := range []bool{false, true} {
		sc := opened(t)
		if begun {
			sc.change("| 60x3", end, startTime+5)
		}
		sc.book(end, startTime+5)
		sc.expect("live, proved, epoch 1", end)
		if !begun {
			sc.change("| 60x3", end, startTime+5)
		}
		sc.tally(RefreshWitness, 0, 0, 0, 0) // undecided
		sc.change("| 61x2", end, startTime+5)
		sc.expect("live, proved, epoch 1", end)
		sc.tally(RefreshWitness, 1, 0, 0, 0)
		sc.wait(time.Second)
		sc.change("40x1 |", "40x1 41x5 | 60x3 61x2", sc.now)
		sc.s.finishAll()
		sc.tally(HashWitness, 4, 0, 0, 0)
		sc.tally(RefreshWitness, 1, 0, 0, 0)
		sc.found()
	}
}

// A book that differs, and whose changes never come: something was lost. It was
// live with a wrong book, and the epoch says so.
func TestRefreshDisagrees(t *testing.T) {
	for _, decided := range []string{"time", "next change", "next book"} {
		sc := opened(t)
		sc.book("40x10 41x6 | 60x7 61x8", startTime+5)
		sc.expect("live, proved, epoch 1", "40x10 41x6 | 60x7 61x8")
		switch decided {
		case "time":
			sc.wait(250 * time.Millisecond)
		case "next change":
			sc.change("40x1 |", "40x1 41x6 | 60x7 61x8", startTime+6)
		case "next book":
			sc.book("40x10 41x6 | 60x7 61x8", startTime+6)
		}
		if v := sc.view(); v.State != Live || v.Check != Proved || v.Epoch != 2 {
			t.Errorf("%s: %+v", decided, v.Status)
		}
		sc.s.finishAll()
		sc.found("refresh@2")
	}
}

// A run of which a change was lost, ended by its book: the run failed, and the
// book differed.
func TestLostChangeBeforeBook(t *testing.T) {
	sc := opened(t)
	const end = "40x10 41x5 | 60x3 61x2"
	sc.change("| 60x3", end, startTime+5)
	sc.book(end, startTime+5)
	sc.wait(250 * time.Millisecond)
	sc.s.finishAll()
	sc.expect("live, proved, epoch 2", end)
	sc.tally(HashWitness, 2, 1, 0, 0)
	sc.tally(RefreshWitness, 0, 1, 0, 0)
	sc.tally(TopWitness, 1, 0, 0, 0)
	sc.found("refresh@3", "hash@2")
}

// A book that is older than what is here changes nothing.
func TestOldBook(t *testing.T) {
	sc := opened(t)
	sc.change("| 60x3", "40x10 41x5 | 60x3 61x8", startTime+5)
	sc.change("| 60x4", "40x10 41x5 | 60x4 61x8", startTime+5)
	sc.book(opening, startTime)                              // older
	sc.book("40x10 41x5 | 60x3 61x8", startTime+5)           // as old, but announced before
	sc.book("40x10 41x5 | 60x3 61x8", startTime+4)           // never announced, but older
	sc.change("40x11 |", "40x11 41x5 | 60x4 61x8", sc.now+9) // and the stream goes on
	sc.expect("live, proved, epoch 1", "40x11 41x5 | 60x4 61x8")
	sc.s.finishAll()
	sc.tally(RefreshWitness, 0, 0, 0, 3)
	sc.tally(HashWitness, 7, 0, 0, 0) // each book has its own hash, old or not
	sc.found()
}

// An entry of an earlier run, repeated late, is not applied.
func TestLateRepeat(t *testing.T) {
	sc := opened(t)
	sc.change("| 60x3", "40x10 41x5 | 60x3 61x8", startTime+5)
	sc.change("| 60x4", "40x10 41x5 | 60x4 61x8", startTime+8)
	sc.change("| 60x3", "40x10 41x5 | 60x3 61x8", startTime+5)
	sc.expect("live, proved, epoch 1", "40x10 41x5 | 60x4 61x8")
	sc.s.finishAll()
	sc.tally(HashWitness, 3, 0, 0, 0)
	sc.found()
}

// The ring holds the last 64 states. A repeat of an older one is no match for a
// proved book either: it is older than what is known whole, and if it says
// something else, the proof is gone until the next run.
func TestRepeatBeyondTheRing(t *testing.T) {
	sc := opened(t)
	text := func(i int) string { return fmt.Sprintf("40x%d 41x5 | 60x7 61x8", 100+i) }
	for i := range ringSize + 2 {
		sc.change(fmt.Sprintf("40x%d |", 100+i), text(i), startTime+5+int64(i))
	}
	last := text(ringSize + 1)
	sc.change(fmt.Sprintf("40x%d |", 100+2), text(2), startTime+5+2) // the oldest in the ring
	sc.expect("live, proved, epoch 1", last)
	sc.change(fmt.Sprintf("40x%d |", 100+1), text(1), startTime+5+1) // beyond it
	sc.expect("live, unproved, epoch 1", last)
	sc.change("41x6 |", "40x165 41x6 | 60x7 61x8", startTime+500)
	sc.expect("live, proved, epoch 1", "40x165 41x6 | 60x7 61x8")
}

// A change stamped before the opening book comes right after it. It is part of
// the book.
func TestChangeOlderThanTheBook(t *testing.T) {
	sc := opened(t)
	sc.change("41x5 |", opening, startTime-1)
	sc.expect("live, proved, epoch 1", opening)
	sc.wait(2 * time.Second)
	sc.expect("live, proved, epoch 1", opening)
}

// The exchange's times do not tell which of two states of one millisecond came
// first: the second may match, and proves nothing. The next millisecond's does.
func TestTwoStatesOfOneMillisecond(t *testing.T) {
	sc := opened(t)
	sc.change("40x1 |", "40x1 41x5 | 60x7 61x8", startTime+5)
	sc.expect("live, proved, epoch 1", "40x1 41x5 | 60x7 61x8")
	sc.change("41x2 |", "40x1 41x2 | 60x7 61x8", startTime+5)
	sc.expect("live, unproved, epoch 1", "40x1 41x2 | 60x7 61x8")
	sc.book("40x1 41x2 | 60x7 61x8", startTime+5)
	sc.expect("live, unproved, epoch 1", "40x1 41x2 | 60x7 61x8")
	sc.wait(5 * time.Second)
	sc.change("40x2 |", "40x2 41x2 | 60x7 61x8", startTime+6)
	sc.expect("live, proved, epoch 1", "40x2 41x2 | 60x7 61x8")
	sc.s.finishAll()
	sc.tally(HashWitness, 5, 0, 0, 0)
	sc.found()
}

// Back to the first state of the millisecond, or a late repeat of it? Its hash
// matches with its entries, which may be several. The next run tells, and the
// other book takes over if it was the wrong one.
func TestReturnOrRepeat(t *testing.T) {
	const a, b = "40x1 41x1 | 60x7 61x8", "40x2 41x2 | 60x7 61x8"
	for _, returned := range []bool{true, false} {
		sc := opened(t)
		sc.change("40x1 |", a, startTime+5)
		sc.change("41x1 |", a, startTime+5)
		sc.change("40x2 |", b, startTime+5)
		sc.change("41x2 |", b, startTime+5)
		sc.change("40x1 |", a, startTime+5)
		sc.expect("live, unproved, epoch 1", b)
		sc.change("41x1 |", a, startTime+5)
		sc.expect("live, unproved, epoch 1", a)
		end := "40x1 41x1 | 60x9 61x8"
		if !returned {
			end = "40x2 41x2 | 60x9 61x8"
		}
		sc.change("| 60x9", end, startTime+9)
		sc.expect("live, proved, epoch 1", end)
		sc.s.finishAll()
		sc.tally(HashWitness, 5, 0, 0, 0)
		sc.found()
	}
}

// Two changes arrive in the wrong order: with both, the book has the hash of the
// newer.
func TestDisorder(t *testing.T) {
	sc := opened(t)
	sc.change("41x2 |", "40x1 41x2 | 60x7 61x8", startTime+6)
	sc.expect("live, open, epoch 1", "")
	sc.change("40x1 |", "40x1 41x5 | 60x7 61x8", startTime+5)
	sc.expect("live, proved, epoch 1", "40x1 41x2 | 60x7 61x8")
}

// A time that is far too new does not end the proofs of a token.
func TestTimeTooNew(t *testing.T) {
	sc := opened(t)
	hash := hashOf(yesToken, "40x1 41x5 | 60x7 61x8", startTime+5, scriptTerms)
	sc.changeWithHash("40x1 |", "40x1 41x5 | 60x7 61x8", startTime+9_000_000, hash)
	sc.expect("live, open, epoch 1", "40x1 41x5 | 60x7 61x8")
	sc.change("41x2 |", "40x1 41x2 | 60x7 61x8", startTime+6)
	sc.expect("live, unproved, epoch 1", "40x1 41x2 | 60x7 61x8") // a matching hash, but which time is wrong?
	sc.change("41x3 |", "40x1 41x3 | 60x7 61x8", startTime+7)
	sc.expect("live, proved, epoch 1", "40x1 41x3 | 60x7 61x8")
	sc.book("40x1 41x3 | 60x7 61x8", startTime+7)
	sc.expect("live, proved, epoch 1", "40x1 41x3 | 60x7 61x8")
	sc.s.finishAll()
	sc.tally(HashWitness, 4, 0, 1, 0)
	sc.tally(RefreshWitness, 1, 0, 0, 0)
}

// Best prices that are not the reported ones: settling, then stale.
func TestTopMismatch(t *testing.T) {
	sc := opened(t)
	// The reported best ask is 62: the removal of 60 and 61 is still to come.
	sc.change("42x1 |", "40x10 41x5 42x1 | 62x1", startTime+5)
	sc.expect("live settling top_mismatch, open, epoch 1", "")
	if _, err := new(sc.view()).Top(); !errors.Is(err, ErrSettling) || errors.Is(err, ErrNotLive) {
		t.Errorf("top of a settling book: %v", err)
	}
	sc.wait(499 * time.Millisecond)
	sc.expect("live settling top_mismatch, failed, epoch 1", "")
	sc.wait(time.Millisecond)
	sc.expect("stale top_mismatch, failed, epoch 1", "")
	sc.s.finishAll()
	sc.found("top@2", "hash@2")
}

// A crossed top is never shown, also where the exchange reports nothing.
func TestCrossed(t *testing.T) {
	sc := opened(t)
	sc.change("60x1 |", "60x1 | 61x8", startTime+5)
	sc.expect("live settling crossed, open, epoch 1", "")
	sc.change("| 60x0", "60x1 | 61x8", startTime+5)
	sc.change("40x0 |", "60x1 | 61x8", startTime+5)
	sc.change("41x0 |", "60x1 | 61x8", startTime+5)
	sc.expect("live, proved, epoch 1", "60x1 | 61x8")
	sc.book("60x1 | 60x8", startTime+6) // it says so itself
	sc.expect("live settling crossed, proved, epoch 1", "60x1 | 60x8")
	sc.wait(settleTimeout)
	sc.expect("stale crossed, proved, epoch 2", "") // and nothing had led to it
}

// Settlement empties both sides: an empty book is a legal one.
func TestEmptyBook(t *testing.T) {
	sc := opened(t)
	for _, level := range []string{"40x0 |", "41x0 |", "| 60x0", "| 61x0"} {
		sc.change(level, "|", startTime+5)
	}
	sc.expect("live, proved, epoch 1", "|")
	if top, err := new(sc.view()).Top(); err != nil || top != (book.Top{}) {
		t.Errorf("top %v, %v", top, err)
	}
	sc.step(fmt.Sprintf(`{"event_type":"market_resolved","market":"%s","assets_ids":["%s","%s"],"timestamp":"%d"}`,
		condition, yesToken, noToken, startTime+6))
	sc.expect("gone resolved, proved, epoch 1", "|")
	sc.book(opening, startTime+7)
	sc.change("40x1 |", "40x1 |", startTime+8)
	sc.expect("gone resolved, proved, epoch 1", "|")
	if _, err := new(sc.view()).Top(); !errors.Is(err, ErrGone) {
		t.Errorf("top of a market that is over: %v", err)
	}
}

// Doubt comes first: a frame that cannot be read, a bad value, a gap, the end of
// the connection. A match of the hash, or a whole book, ends it.
func TestDoubt(t *testing.T) {
	for name, doubt := range map[string]func(*script) string{
		"half a frame": func(sc *script) string { sc.step(`{"event_type":"book"`); return "bad_message" },
		"bad value": func(sc *script) string {
			sc.step(fmt.Sprintf(`{"market":"%s","price_changes":[{"asset_id":"%s","price":"2","size":"1","side":"BUY"}],"timestamp":"%d","event_type":"price_change"}`,
				condition, yesToken, startTime+5))
			return "bad_message"
		},
		"price twice in a book": func(sc *script) string {
			sc.bookWithHash("40x1 40x2 |", startTime+5, feed.Hash{1})
			return "bad_message"
		},
		"gap":    func(sc *script) string { sc.control(feed.Lost); return "gap" },
		"closed": func(sc *script) string { sc.control(feed.Closed); return "disconnected" },
		"opened": func(sc *script) string { sc.control(feed.Opened); return "disconnected" },
	} {
		t.Run(name, func(t *testing.T) {
			sc := opened(t)
			reason := doubt(sc)
			sc.expect("stale "+reason+", unproved, epoch 1", opening)
			sc.change("40x1 |", "40x1 41x9 | 60x7 61x8", startTime+6) // a change before was lost
			sc.expect("stale "+reason+", open, epoch 1", "")
			sc.change("41x8 |", "40x1 41x8 | 60x7 61x8", startTime+7)
			sc.expect("live, proved, epoch 2", "40x1 41x8 | 60x7 61x8")
			doubt(sc)
			sc.book(opening, startTime+8)
			sc.expect("live, proved, epoch 3", opening)
			sc.wait(time.Second)
			sc.s.finishAll()
			// What the gap explains is no disagreement.
			sc.tally(HashWitness, 3, 0, 0, 1)
			sc.found()
		})
	}
}

// Doubt of one connection does not touch the tokens of another, and a later
// connection takes a token over with its book.
func TestConnections(t *testing.T) {
	sc := opened(t)
	sc.conn = 1
	sc.control(feed.Closed)
	sc.expect("live, proved, epoch 1", opening)
	sc.change("40x1 |", "40x1 41x5 | 60x7 61x8", startTime+5)
	sc.expect("live, proved, epoch 1", opening) // not its connection
	sc.book("40x1 41x5 | 60x7 61x8", startTime+5)
	sc.expect("live, proved, epoch 2", "40x1 41x5 | 60x7 61x8")
	sc.conn = 0
	sc.book(opening, startTime+6)
	sc.change("40x9 |", "40x9 |", startTime+7)
	sc.control(feed.Closed)
	sc.expect("live, proved, epoch 2", "40x1 41x5 | 60x7 61x8")
	sc.conn = 1
	sc.control(feed.Closed)
	sc.expect("stale disconnected, unproved, epoch 2", "")
	sc.conn = 0
	sc.book("40x2 |", startTime+8)
	sc.expect("live, proved, epoch 3", "40x2 |")
}

// A book whose own hash does not match is not to be trusted: what is live stays
// so for a second, what is not does not become so.
func TestBookThatIsNotWhatItSays(t *testing.T) {
	sc := opened(t)
	sc.bookWithHash("40x10 41x99 | 60x7 61x8", startTime+5, hashOf(yesToken, opening, startTime+5, scriptTerms))
	sc.expect("live, failed, epoch 1", "40x10 41x99 | 60x7 61x8")
	sc.wait(time.Second)
	sc.expect("stale hash_mismatch, failed, epoch 2", "")
	sc.bookWithHash("40x10 41x99 | 60x7 61x8", startTime+6, hashOf(yesToken, opening, startTime+6, scriptTerms))
	sc.expect("stale hash_mismatch, failed, epoch 2", "")
	sc.book(opening, startTime+7)
	sc.expect("live, proved, epoch 3", opening)
	sc.s.finishAll()
	sc.tally(HashWitness, 2, 2, 0, 0)
}

// A book that differs from a book proved to have its hash is wrong.
func TestBookAgainstProof(t *testing.T) {
	sc := opened(t)
	end := "40x10 41x5 | 60x3 61x8"
	sc.change("| 60x3", end, startTime+5)
	sc.bookWithHash("40x10 41x5 | 60x33 61x8", startTime+5, hashOf(yesToken, end, startTime+5, scriptTerms))
	sc.expect("live, proved, epoch 1", end)
	sc.s.finishAll()
	sc.found("refresh@3", "hash@3")
}

// Before the first book there is nothing to change. A book that is older than
// changes which came before it may lack them: it is live once it is proved.
func TestChangesBeforeTheBook(t *testing.T) {
	sc := newScript(t)
	sc.change("40x11 |", "40x11 41x5 | 60x7 61x8", startTime+5)
	sc.expect("syncing initial, unproved, epoch 0", "|")
	sc.book(opening, startTime)
	sc.expect("syncing initial, unproved, epoch 0", opening)
	if _, err := new(sc.view()).Top(); !errors.Is(err, ErrSyncing) {
		t.Errorf("top before the first book: %v", err)
	}
	sc.change("41x4 |", "40x11 41x4 | 60x7 61x8", startTime+6)
	sc.expect("syncing initial, open, epoch 0", "")
	sc.change("40x12 |", "40x12 41x4 | 60x7 61x8", startTime+7)
	sc.expect("live, proved, epoch 1", "40x12 41x4 | 60x7 61x8")

	sc = newScript(t)
	sc.change("40x11 |", "40x11 41x5 | 60x7 61x8", startTime+5)
	sc.book("40x11 41x5 | 60x7 61x8", startTime+5)
	sc.expect("live, proved, epoch 1", "40x11 41x5 | 60x7 61x8")
}

// Without a known recipe nothing is proved, and nothing is said against the
// books: refreshes and best prices speak for them.
func TestUnknownRecipe(t *testing.T) {
	sc := newScript(t)
	sc.bookWithHash(opening, startTime, feed.Hash{1})
	sc.expect("live, unproved, epoch 1", opening)
	if v := sc.view(); v.Proof.By != ByRefresh || v.Proof.Version != 1 {
		t.Errorf("proof %+v", v.Proof)
	}
	sc.changeWithHash("40x1 |", "40x1 41x5 | 60x7 61x8", startTime+5, feed.Hash{2})
	sc.changeWithHash("40x2 |", "40x2 41x5 | 60x7 61x8", startTime+6, feed.Hash{})
	sc.wait(5 * time.Second)
	sc.expect("live, unproved, epoch 1", "40x2 41x5 | 60x7 61x8")
	sc.s.finishAll()
	sc.tally(HashWitness, 0, 0, 0, 3)
	sc.tally(TopWitness, 2, 0, 0, 0)
	sc.found()
}

// The two tokens of a frame mirror each other.
func TestMirror(t *testing.T) {
	sc := newScript(t)
	frame := func(changes string) {
		sc.step(fmt.Sprintf(`{"market":"%s","price_changes":[%s],"timestamp":"%d","event_type":"price_change"}`, condition, changes, startTime))
	}
	entry := func(token, price, size, side string) string {
		return fmt.Sprintf(`{"asset_id":"%s","price":"%s","size":"%s","side":"%s"}`, token, price, size, side)
	}
	frame(entry("1", "0.4", "7", "BUY") + "," + entry("2", "0.6", "7", "SELL"))
	frame(entry("1", "0.4", "7", "BUY") + "," + entry("1", "0.4", "0", "BUY") + "," + entry("2", "0.6", "0", "SELL") + "," + entry("2", "0.6", "7", "SELL"))
	frame(entry("1", "0.4", "7", "BUY"))
	sc.tally(MirrorWitness, 2, 0, 0, 0)
	frame(entry("1", "0.4", "7", "BUY") + "," + entry("2", "0.6", "8", "SELL"))
	frame(entry("1", "0.4", "7", "BUY") + "," + entry("2", "0.61", "7", "SELL"))
	frame(entry("1", "0.4", "7", "BUY") + "," + entry("2", "0.6", "7", "BUY"))
	frame(entry("1", "0.4", "7", "BUY") + "," + entry("2", "0.6", "7", "SELL") + "," + entry("2", "0.6", "7", "SELL"))
	frame(entry("1", "0.4", "7", "BUY") + "," + entry("2", "0.6", "7", "SELL") + "," + entry("3", "0.6", "7", "SELL"))
	sc.tally(MirrorWitness, 2, 4, 0, 0)
	frame(entry("1", "0.4", "7", "BUY") + strings.Repeat(","+entry("2", "0.6", "7", "SELL"), maxMirrored))
	sc.tally(MirrorWitness, 2, 4, 0, 1)
}

// TestTooManyLevels crosses the bound of a side from the wire.
func TestTooManyLevels(t *testing.T) {
	sc := newScript(t)
	sc.bookWithHash("|", startTime, feed.Hash{})
	for i := range book.MaxLevels + 1 {
		if state := sc.token().state; state != Live {
			t.Fatalf("%v with %d levels", state, i)
		}
		sc.step(fmt.Sprintf(`{"market":"%s","price_changes":[{"asset_id":"%s","price":"0.%06d","size":"1","side":"BUY"}],"timestamp":"%d","event_type":"price_change"}`,
			condition, yesToken, i+1, startTime+int64(i)))
	}
	sc.expect("stale bad_message, unproved, epoch 1", "")
}
