package engine

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

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

// A late book of the same millisecond may be the older of two states.
func TestLateBookOfOneMillisecond(t *testing.T) {
	const a, b = "40x10 41x5 | 60x3 61x8", "40x10 41x5 | 60x4 61x8"
	sc := opened(t)
	sc.change("| 60x4", b, startTime+5) // the change to 60x3 before it was lost
	sc.book(a, startTime+5)
	sc.expect("live, unproved, epoch 1", a)
	if v := sc.view(); v.Proof.Version == v.Version {
		t.Errorf("proof %+v of version %d", v.Proof, v.Version)
	}
	sc.change("| 61x1", "40x10 41x5 | 60x4 61x1", startTime+6)
	sc.expect("live, open, epoch 2", "")
}

// A reconnection whose first book is older than what was announced before: it is
// taken, and live once it is proved.
func TestOlderBookOfNewConnection(t *testing.T) {
	const now = "40x11 41x5 | 60x7 61x8"
	sc := opened(t)
	sc.change("40x11 |", now, startTime+5)
	sc.control(feed.Closed)
	sc.conn = 1
	sc.control(feed.Opened)
	sc.book(opening, startTime)
	sc.expect("stale disconnected, unproved, epoch 1", opening)
	sc.change("41x4 |", "40x10 41x4 | 60x7 61x8", startTime+2) // behind still
	sc.expect("stale disconnected, unproved, epoch 1", "40x10 41x4 | 60x7 61x8")
	sc.change("40x12 |", "40x12 41x4 | 60x7 61x8", startTime+6)
	sc.expect("live, proved, epoch 2", "40x12 41x4 | 60x7 61x8")
}

// Before the first book, a repeat must not hide which state was the newest, and a
// base that is behind is not proved by one.
func TestRepeatsBeforeTheBook(t *testing.T) {
	const a, b = "40x10 41x5 | 60x3 61x8", "40x10 41x5 | 60x4 61x8"
	sc := newScript(t)
	sc.change("| 60x3", a, startTime+5)
	sc.change("| 60x4", b, startTime+6)
	sc.change("| 60x3", a, startTime+5)
	sc.book(a, startTime+5)
	sc.expect("syncing initial, unproved, epoch 0", a)
	sc.change("| 60x4", b, startTime+6) // with it the book is at the newest state
	sc.expect("live, proved, epoch 1", b)

	sc = newScript(t)
	sc.change("| 60x3", a, startTime+5)
	sc.change("| 60x4", b, startTime+6)
	sc.book(opening, startTime)
	sc.change("| 60x3", a, startTime+5)
	sc.expect("syncing initial, unproved, epoch 0", a)
}

// A book whose time is far ahead must not freeze its token, whether its hash can
// be checked or not.
func TestBookTimeTooNew(t *testing.T) {
	for name, hash := range map[string]feed.Hash{
		"wrong hash": hashOf(yesToken, opening, startTime, scriptTerms),
		"no hash":    {},
	} {
		sc := opened(t)
		sc.bookWithHash(opening, startTime+9_000_000_000, hash)
		for i := range 5 {
			shares := 20 + i
			end := fmt.Sprintf("40x%d 41x5 | 60x7 61x8", shares)
			sc.change(fmt.Sprintf("40x%d |", shares), end, startTime+10+int64(i))
			if v := sc.view(); v.Snapshot.SizeAt(book.Bid, 400_000) != book.Size(shares)*book.Share {
				t.Fatalf("%s: the change was not applied", name)
			}
		}
		sc.expect("live, unproved, epoch 1", "40x24 41x5 | 60x7 61x8") // they may be late instead
		sc.wait(time.Second)
		sc.change("40x25 |", "40x25 41x5 | 60x7 61x8", sc.now)
		sc.expect("live, proved, epoch 1", "40x25 41x5 | 60x7 61x8")
	}
}

// What an old book says of the terms is old too.
func TestOldBookDoesNotTeach(t *testing.T) {
	sc := opened(t)
	terms := scriptTerms
	terms.TickSize = 1000
	sc.changeWithHash("40x11 |", "40x11 41x5 | 60x7 61x8", startTime+5, hashOf(yesToken, "40x11 41x5 | 60x7 61x8", startTime+5, terms))
	sc.wait(runTimeout)
	sc.book(opening, startTime)
	if v := sc.view(); v.TickSize != 1000 {
		t.Errorf("tick size %v", v.TickSize)
	}
}

// A run that lost a change, its book, and another state of the same millisecond:
// the run has failed all the same.
func TestLostChangeBeforeBookAndMore(t *testing.T) {
	sc := opened(t)
	const end = "40x10 41x5 | 60x3 61x2"
	sc.change("| 60x3", end, startTime+5)
	sc.book(end, startTime+5)
	sc.change("40x1 |", "40x1 41x5 | 60x3 61x2", startTime+5)
	sc.change("40x2 |", "40x2 41x5 | 60x3 61x2", startTime+6)
	sc.s.finishAll()
	sc.found("refresh@3", "hash@2")
	sc.tally(HashWitness, 4, 1, 0, 0)
}

// Books with hashes of nothing cost a bounded number of searches, and a market
// that shows its terms later is still proved.
func TestCalibrationsAreBounded(t *testing.T) {
	onlyGoroutine(t)
	sc := newScript(t)
	for i := range maxFruitless + 3 {
		sc.step(fmt.Sprintf(`{"market":"m%d","asset_id":"%d","timestamp":"%d","hash":"%v","bids":[],"asks":[],"event_type":"book"}`,
			i, 1000+i, startTime, feed.HashOf([20]byte{1})))
	}
	if sc.s.fruitless != maxFruitless {
		t.Errorf("%d fruitless calibrations", sc.s.fruitless)
	}
	sc.book(opening, startTime)
	sc.expect("live, proved, epoch 1", opening)

	sc = newScript(t)
	for i := range int64(maxExhausted + 3) {
		sc.bookWithHash(opening, startTime+i, feed.HashOf([20]byte{1}))
	}
	if sc.s.fruitless != maxExhausted {
		t.Errorf("%d fruitless calibrations of one market", sc.s.fruitless)
	}
}
