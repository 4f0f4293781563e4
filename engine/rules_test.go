package engine

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

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

// A ring has room for states to come. No state is one of those: this one's time is such
// that its mark would be the 0 that stands there.
func TestRingRoom(t *testing.T) {
	var r ring
	for i := range 3 {
		r.add(key{feed.Timestamp(i), feed.HashOf([20]byte{1})})
	}
	if !slices.Contains(r.marks, 0) {
		t.Fatal("no room")
	}
	const mix = 0x9e3779b97f4a7c15
	inverse := uint64(mix) // of odd numbers each step doubles the bits that are right
	for range 5 {
		inverse *= 2 - mix*inverse
	}
	h := feed.HashOf([20]byte{2})
	k := key{feed.Timestamp(h.Part() * inverse), h} //nolint:gosec // any 64 bits
	if uint64(k.time)*mix != h.Part() {             //nolint:gosec // the same
		t.Fatal("another time than meant")
	}
	if r.latest = max(r.latest, k.time); r.has(k) {
		t.Error("never added, and in the ring")
	}
}

// What a server says is an answer if it is JSON, with white space or without.
func TestAnswers(t *testing.T) {
	sc := opened(t)
	end := "40x11 41x5 | 60x7 61x8"
	change := changesText([]string{"40x11 |"}, end, startTime+5, hashOf(yesToken, end, startTime+5, scriptTerms))
	for frame, want := range map[string]gist{
		" " + change:                            {answer: true, data: true, changed: startTime + 5},
		"\r\n\t[" + change + "," + change + "]": {answer: true, data: true, changed: startTime + 5},
		" []":                                   {answer: true},
		"PONG":                                  {text: feed.TextPong},
	} {
		sc.step(frame)
		if sc.s.heard != want {
			t.Errorf("%q: %+v", frame, sc.s.heard)
		}
	}
}

// A change stamped before the opening book comes right after it. It is part of
// the book, or its time is wrong: the book is as live as before, and proved again
// by the next run.
func TestChangeOlderThanTheBook(t *testing.T) {
	sc := opened(t)
	sc.change("41x5 |", opening, startTime-1)
	sc.expect("live, unproved, epoch 1", opening)
	sc.wait(2 * time.Second)
	sc.expect("live, unproved, epoch 1", opening)
	sc.change("41x6 |", "40x10 41x6 | 60x7 61x8", startTime+5)
	sc.expect("live, proved, epoch 1", "40x10 41x6 | 60x7 61x8")
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
		sc.tally(HashWitness, 4, 0, 0, 0) // a state announced again is no other run
		sc.found()
	}
}

// Two changes arrive in the wrong order: with both, the book has the hash of the
// newer. Or the time of the second is wrong; the next run tells.
func TestDisorder(t *testing.T) {
	sc := opened(t)
	sc.change("41x2 |", "40x1 41x2 | 60x7 61x8", startTime+6)
	sc.expect("live, open, epoch 1", "")
	sc.change("40x1 |", "40x1 41x5 | 60x7 61x8", startTime+5)
	sc.expect("live, unproved, epoch 1", "40x1 41x2 | 60x7 61x8")
	sc.wait(5 * time.Second)
	sc.change("40x2 |", "40x2 41x2 | 60x7 61x8", sc.now)
	sc.expect("live, proved, epoch 1", "40x2 41x2 | 60x7 61x8")
	sc.s.finishAll()
	sc.found()
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
	sc.expect("live, unproved, epoch 1", "40x1 41x3 | 60x7 61x8") // nor who was overtaken
	sc.wait(time.Second)
	sc.change("41x4 |", "40x1 41x4 | 60x7 61x8", startTime+8)
	sc.expect("live, proved, epoch 1", "40x1 41x4 | 60x7 61x8")
	sc.book("40x1 41x4 | 60x7 61x8", startTime+8)
	sc.expect("live, proved, epoch 1", "40x1 41x4 | 60x7 61x8")
	sc.s.finishAll()
	sc.tally(HashWitness, 5, 0, 1, 0)
	sc.tally(RefreshWitness, 1, 0, 0, 0)
}
