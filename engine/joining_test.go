package engine

import (
	"fmt"
	"testing"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// The book of the script at each second, and the changes between them.
const (
	first  = "40x10 41x5 | 60x7"
	second = "40x10 41x6 | 60x7"
	third  = "40x10 41x6 | 60x8"
	fourth = "40x9 41x6 | 60x8"
)

// begin gives the token its first book, at startTime.
func (sc *script) begin() {
	sc.t.Helper()
	sc.book(first, startTime)
	sc.expect("live, proved, epoch 1", first)
}

// ask makes a request for the token's book.
func (sc *script) ask() { sc.s.startJoining(sc.token()) }

// fetched is the book that REST answers with.
func (sc *script) fetched(text string, ms int64) *feed.Book {
	bids, asks := levels(text)
	return &feed.Book{
		Market: condition, Asset: sc.token().asset, Time: feed.Timestamp(ms), Hash: hashOf(yesToken, text, ms, scriptTerms),
		Bids: bids, Asks: asks, TickSize: scriptTerms.TickSize, LastTrade: scriptTerms.LastTrade, HasLastTrade: true,
		MinOrderSize: scriptTerms.MinOrderSize, HasStatics: true,
	}
}

// answer joins what REST answers, at the script's time.
func (sc *script) answer(e *feed.Book, past int64) joined {
	sc.s.begin(instant(sc.now*1e6), sc.conn)
	outcome := sc.s.joinFetched(sc.token(), e, feed.Timestamp(past))
	sc.s.end()
	sc.published()
	return outcome
}

func (sc *script) held(past int64) joined {
	sc.s.begin(instant(sc.now*1e6), sc.conn)
	outcome := sc.s.joinHeld(sc.token(), feed.Timestamp(past))
	sc.s.end()
	sc.published()
	return outcome
}

func (sc *script) expectJoined(got, want joined) {
	sc.t.Helper()
	if got != want {
		sc.t.Fatalf("line %d: the answer is taken as %d, not %d", sc.line, got, want)
	}
}

// doubt makes the token stale, as a frame does that cannot be read.
func (sc *script) doubt() {
	sc.t.Helper()
	sc.step("{")
	sc.expect("stale bad_message, unproved, epoch 1", "")
}

// TestAuditConfirms: REST has the state that is here, or one from before what came
// since the request.
func TestAuditConfirms(t *testing.T) {
	sc := newScript(t)
	sc.begin()
	sc.ask()
	sc.expectJoined(sc.answer(sc.fetched(first, startTime), 0), confirmed)
	sc.ask()
	sc.change("41x6 |", second, startTime+1000)
	sc.change("| 60x8", third, startTime+2000)
	sc.expectJoined(sc.answer(sc.fetched(second, startTime+1000), 0), confirmed)
	sc.expect("live, proved, epoch 1", third)
	sc.ask()
	sc.expectJoined(sc.answer(sc.fetched(second, startTime+1000), 0), tooOld)
	sc.expect("live, proved, epoch 1", third)
}

// TestAuditOfUnproved: without hashes, REST is what proves a book.
func TestAuditOfUnproved(t *testing.T) {
	sc := newScript(t)
	sc.begin()
	sc.s.proofs.limit(-1, 0)
	sc.change("41x6 |", second, startTime+1000)
	sc.ask()
	sc.expectJoined(sc.answer(sc.fetched(second, startTime+1000), 0), confirmed)
	if p := sc.view().Proof; p.By != ByRest || p.Version != 2 {
		t.Errorf("proof %+v", p)
	}
}

// TestAuditAhead: a book that is ahead of the stream waits for it, and says nothing
// when it is announced.
func TestAuditAhead(t *testing.T) {
	sc := newScript(t)
	sc.begin()
	sc.ask()
	sc.expectJoined(sc.answer(sc.fetched(second, startTime+1000), startTime+1000), waits)
	sc.expectJoined(sc.held(startTime+1999), waits)
	sc.change("41x6 |", second, startTime+1000)
	sc.expectJoined(sc.held(startTime+1000), confirmed)
	sc.expect("live, proved, epoch 1", second)
}

// TestAuditFindsMissing: REST has a state that the stream has passed, or does not
// announce for two seconds.
func TestAuditFindsMissing(t *testing.T) {
	sc := newScript(t)
	sc.begin()
	sc.ask()
	sc.expectJoined(sc.answer(sc.fetched(second, startTime+1000), startTime+2000), missed)
	sc.expect("stale silent, unproved, epoch 2", second)
	// One more that it has not announced changes nothing; but when REST has the same
	// again, nothing can have come after it.
	sc.ask()
	sc.expectJoined(sc.answer(sc.fetched(first, startTime+1500), startTime+9000), replaced)
	sc.expect("stale silent, unproved, epoch 2", first)
	sc.ask()
	sc.expectJoined(sc.answer(sc.fetched(first, startTime+1500), startTime+9000), revived)
	sc.expect("live, unproved, epoch 3", first)
	if p := sc.view().Proof; p.By != ByRest || p.Version != 4 {
		t.Errorf("proof %+v", p)
	}
	sc.ask()
	sc.expectJoined(sc.answer(sc.fetched(third, startTime+2000), 0), waits)
	sc.wait(holdTimeout - time.Millisecond)
	sc.expectJoined(sc.held(0), waits)
	sc.wait(time.Millisecond)
	sc.expectJoined(sc.held(0), missed)
	sc.expect("stale silent, unproved, epoch 4", third)
	// The stream goes on from it, and proves it.
	sc.change("40x9 |", fourth, startTime+3000)
	sc.expect("live, proved, epoch 5", fourth)
}

// TestLaterThanRest: a book that has the hash of a later state is not given up for one
// that the stream did not announce.
func TestLaterThanRest(t *testing.T) {
	sc := newScript(t)
	sc.begin()
	sc.ask()
	sc.expectJoined(sc.answer(sc.fetched(third, startTime+500), 0), waits)
	sc.change("41x6 |", second, startTime+1000)
	sc.expectJoined(sc.held(startTime+1500), saysNothing)
	sc.expect("live, proved, epoch 1", second)
}

// TestOddState: of two states of one millisecond nobody can say which is the later,
// until REST has the same the next time.
func TestOddState(t *testing.T) {
	sc := newScript(t)
	sc.begin()
	sc.change("41x6 |", second, startTime+1000)
	sc.ask()
	sc.expectJoined(sc.answer(sc.fetched(third, startTime+1000), startTime+2000), saysNothing)
	sc.ask()
	sc.expectJoined(sc.answer(sc.fetched(third, startTime+1000), startTime+3000), missed)
	sc.expect("stale silent, unproved, epoch 2", third)
}

// TestSplice: a stale token gets the book of a state that the stream announced, and
// what came after it.
func TestSplice(t *testing.T) {
	sc := newScript(t)
	sc.begin()
	sc.doubt()
	sc.ask()
	sc.change("41x6 |", second, startTime+1000) // which proves it anyway
	sc.expect("live, proved, epoch 2", second)

	sc = newScript(t)
	sc.begin()
	sc.doubt() // the change to second is lost
	sc.ask()
	sc.change("| 60x8", third, startTime+2000)
	sc.change("40x9 |", fourth, startTime+3000)
	sc.expect("stale bad_message, open, epoch 1", "")
	sc.expectJoined(sc.answer(sc.fetched(third, startTime+2000), 0), replaced)
	sc.expect("live, proved, epoch 2", fourth)
}

// TestFirstBookFromRest: a token that got no book, only changes, one of them twice.
func TestFirstBookFromRest(t *testing.T) {
	for name, before := range map[string]bool{"before": true, "after": false} {
		sc := newScript(t)
		if before {
			sc.change("41x6 |", second, startTime+1000)
			sc.ask()
		} else {
			sc.s.token(sc.s.decoder.Know(yesToken))
			sc.ask()
			sc.change("41x6 |", second, startTime+1000)
		}
		sc.change("| 60x8", third, startTime+2000)
		sc.change("| 60x9", "40x10 41x6 | 60x9", startTime+3000)
		sc.change("| 60x8", third, startTime+2000) // a repeat
		sc.expectJoined(sc.answer(sc.fetched(second, startTime+1000), 0), replaced)
		if v := sc.view(); v.State != Live || v.Check != Proved || !v.Snapshot.Equal(bookOf("40x10 41x6 | 60x9").Snapshot()) {
			t.Errorf("%s: %v %v %v", name, v.State, v.Reason, v.Check)
		}
	}
}

// TestUnannouncedBase: a book of which the stream knows nothing is a base; but not
// live if anything came since the request, until a hash proves it.
func TestUnannouncedBase(t *testing.T) {
	sc := newScript(t)
	sc.begin()
	sc.doubt()
	sc.ask()
	sc.expectJoined(sc.answer(sc.fetched(second, startTime+1000), startTime+9000), replaced)
	sc.expect("live, unproved, epoch 2", second)

	sc = newScript(t)
	sc.begin()
	sc.doubt()
	sc.ask()
	// Of what the stream says a part is lost: 41x6.
	sc.changeWithHash("40x9 |", fourth, startTime+3000, feed.HashOf([20]byte{7}))
	sc.expectJoined(sc.answer(sc.fetched(third, startTime+2000), startTime+9000), replaced)
	sc.expect("stale bad_message, open, epoch 1", fourth)
	sc.change("| 60x9", "40x9 41x6 | 60x9", startTime+4000)
	sc.expect("live, proved, epoch 2", "40x9 41x6 | 60x9")
}

// TestTooOld: an answer from before the request's newest state, and one that too much
// came after.
func TestTooOld(t *testing.T) {
	onlyGoroutine(t)
	sc := newScript(t)
	sc.begin()
	sc.change("41x6 |", second, startTime+1000)
	sc.doubt()
	sc.ask()
	sc.expectJoined(sc.answer(sc.fetched(first, startTime), startTime+9000), tooOld)
	sc.expectJoined(sc.answer(sc.fetched(third, startTime+999), startTime+9000), tooOld)
	for i := range maxEntries {
		sc.changeWithHash(fmt.Sprintf("40x%d |", i+1), second, startTime+1001+int64(i), feed.HashOf([20]byte{1}))
	}
	if n := len(sc.token().joining.entries); n != maxEntries || sc.token().joining.overflow {
		t.Fatalf("%d entries", n)
	}
	sc.changeWithHash("40x1 |", second, startTime+9000, feed.HashOf([20]byte{1}))
	sc.expectJoined(sc.answer(sc.fetched(third, startTime+9000), 0), tooOld)
	if len(sc.token().joining.entries) != maxEntries {
		t.Error("the bound was crossed")
	}
}

// TestRefusedAnswers: what is no book of the token, or not the one that it says.
func TestRefusedAnswers(t *testing.T) {
	for name, spoil := range map[string]func(*feed.Book){
		"other market": func(e *feed.Book) { e.Market = "0xc1" },
		"price twice":  func(e *feed.Book) { e.Bids = append(e.Bids, e.Bids[0]) },
		"other level":  func(e *feed.Book) { e.Bids[0].Size += book.Share },
	} {
		sc := newScript(t)
		sc.begin()
		e := sc.fetched(second, startTime+1000)
		spoil(e)
		sc.ask()
		sc.expectJoined(sc.answer(e, startTime+9000), refused)
		sc.expect("live, proved, epoch 1", first)
		sc.doubt()
		sc.ask()
		sc.expectJoined(sc.answer(e, startTime+9000), refused)
		sc.expect("stale bad_message, unproved, epoch 1", first)
		// And nothing that it says of the terms is believed.
		sc.change("41x6 |", second, startTime+2000)
		if sc.view().Check != Proved {
			t.Errorf("%s: the stream proves nothing any more", name)
		}
	}
}

// TestHashless: REST has what is here, and neither has its hash: the market's hashes
// are made otherwise now. The book is live, and not proved.
func TestHashless(t *testing.T) {
	sc := newScript(t)
	sc.begin()
	sc.changeWithHash("41x6 |", second, startTime+1000, feed.HashOf([20]byte{9}))
	sc.wait(runTimeout)
	sc.expect("live, failed, epoch 1", second)
	sc.wait(failureTimeout)
	sc.expect("stale hash_mismatch, failed, epoch 1", second)
	e := sc.fetched(second, startTime+1000)
	e.Hash = feed.HashOf([20]byte{9})
	sc.ask()
	sc.expectJoined(sc.answer(e, 0), hashless)
	sc.expect("live, unproved, epoch 2", second)
	if p := sc.view().Proof; p.By != ByRest {
		t.Errorf("proof %+v", p)
	}
	sc.changeWithHash("| 60x8", third, startTime+2000, feed.HashOf([20]byte{10}))
	sc.expect("live, unproved, epoch 2", third)
}

// TestHashlessAnswer: an odd hash of REST is no reason to give up those of the stream, of
// which none has failed, although the book here is in doubt for another reason.
func TestHashlessAnswer(t *testing.T) {
	sc := newScript(t)
	sc.begin()
	sc.doubt()
	sc.changeWithHash("41x6 |", second, startTime+1000, feed.Hash{}) // it has none
	e := sc.fetched(second, startTime+1000)
	e.Hash = feed.HashOf([20]byte{9})
	sc.ask()
	sc.expectJoined(sc.answer(e, startTime+9000), refused)
	sc.change("| 60x8", third, startTime+2000)
	sc.expect("live, proved, epoch 2", third)
}

// TestBreakEndsJoining: what was kept is no use when a part of the stream is missing.
func TestBreakEndsJoining(t *testing.T) {
	sc := newScript(t)
	sc.begin()
	sc.ask()
	sc.doubt()
	if sc.token().joining != nil {
		t.Error("entries are still kept")
	}
}

// TestBookWhileJoining: a book that the stream sends is what the answer is joined to.
func TestBookWhileJoining(t *testing.T) {
	sc := newScript(t)
	sc.begin()
	sc.doubt()
	sc.ask()
	sc.change("41x6 |", second, startTime+1000)
	sc.book(third, startTime+2000)
	sc.expectJoined(sc.answer(sc.fetched(second, startTime+1000), 0), tooOld)
	sc.expectJoined(sc.answer(sc.fetched(third, startTime+2000), 0), confirmed)
	sc.expect("live, proved, epoch 2", third)
}
