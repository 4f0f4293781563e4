package feedtest_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"example.com/truebook/feed/feedtest"
)

// faultTable names each fault with what is expected of it.
func faultTable(tokens []string) []struct {
	fault feedtest.Fault
	want  check
} {
	yes, no := tokens[0], tokens[1]
	return []struct {
		fault feedtest.Fault
		want  check
	}{
		{feedtest.Fault{Kind: feedtest.Reset}, and(closed(1, 0, faultAt, faultAt), flows(2, secondConn, sessionEnd))},
		{feedtest.Fault{Kind: feedtest.Close}, closed(1, 1001, faultAt, faultAt)},
		{feedtest.Fault{Kind: feedtest.Close, Code: 1013}, closed(1, 1013, faultAt, faultAt)},
		{feedtest.Fault{Kind: feedtest.Blackhole, For: 8 * time.Second}, and(
			silent(1, faultAt, sessionEnd), closed(1, 0, faultAt+8*time.Second, faultAt+8*time.Second), injections(1, 8))},
		{feedtest.Fault{Kind: feedtest.Freeze, For: 8 * time.Second}, and(
			silent(1, faultAt, faultAt+8*time.Second), pongs(1, 15*time.Second, 18*time.Second), flows(2, 13*time.Second, 18*time.Second))},
		{feedtest.Fault{Kind: feedtest.FreezeAll, For: 8 * time.Second}, and(
			silent(1, faultAt, faultAt+8*time.Second), silent(2, 0, faultAt+8*time.Second), pongs(2, 15*time.Second, 18*time.Second))},
		{feedtest.Fault{Kind: feedtest.Late, For: 12 * time.Second}, lateBy(4*time.Second, 5*time.Second, true)},
		{feedtest.Fault{Kind: feedtest.LateStays, For: 5 * time.Second, N: 3}, lateBy(3*time.Second, 3*time.Second, false)},
		{feedtest.Fault{Kind: feedtest.Stall}, lateBy(4900*time.Millisecond, 5*time.Second, true)},
		{feedtest.Fault{Kind: feedtest.DuplicateAll, For: 4 * time.Second}, func(t *testing.T, s, clean *session) {
			t.Helper()
			m, e := s.differ(clean)
			if n := clean.count(1, "", faultAt, faultAt+4*time.Second); len(m) > 0 || len(e) != n {
				t.Errorf("%d missing, %d more, expected %d more", len(m), len(e), n)
			}
		}},

		{feedtest.Fault{Kind: feedtest.DialRefused}, dialFailed(0, 0, secondConn)},
		{feedtest.Fault{Kind: feedtest.DialStatus, N: 7}, dialFailed(429, 7*time.Second, secondConn)},
		{feedtest.Fault{Kind: feedtest.DialStatus, Code: 403}, dialFailed(403, 0, secondConn)},
		{feedtest.Fault{Kind: feedtest.DialHangs}, dialFailed(0, 0, secondConn+10*time.Second)},

		{feedtest.Fault{Kind: feedtest.InvalidOperation}, and(silent(2, 0, sessionEnd), func(t *testing.T, s, _ *session) {
			t.Helper()
			if len(s.texts[2]) == 0 || s.texts[2][0].text != "INVALID OPERATION" {
				t.Errorf("%v", s.texts[2])
			}
		})},
		{feedtest.Fault{Kind: feedtest.OpeningWithout, Token: no}, and(opening(7), flows(2, 13*time.Second, sessionEnd))},
		{feedtest.Fault{Kind: feedtest.OpeningNever}, and(opening(-1), flows(2, 13*time.Second, sessionEnd))},
		{feedtest.Fault{Kind: feedtest.OpeningEmpty}, and(opening(0), flows(2, 13*time.Second, sessionEnd))},

		{feedtest.Fault{Kind: feedtest.FreezeToken, Token: no}, without(no, yes)},
		{feedtest.Fault{Kind: feedtest.FreezeToken}, without(yes, no)},
		{feedtest.Fault{Kind: feedtest.FreezeMarket}, without(yes, "price_change")},

		{feedtest.Fault{Kind: feedtest.LoseFrames, Market: -1}, and(frames(1, 0), injections(1, 2))},
		{feedtest.Fault{Kind: feedtest.LoseFrames, Market: 1, N: 5}, and(frames(5, 0), injections(5, 2))},
		{feedtest.Fault{Kind: feedtest.LoseDeep, Market: -1}, and(frames(1, 0), injections(1, 2))},
		{feedtest.Fault{Kind: feedtest.LoseBooks, Market: -1, N: 2}, and(frames(2, 0), injections(2, 1))},
		{feedtest.Fault{Kind: feedtest.Skew}, injections(2, 2)},
		{feedtest.Fault{Kind: feedtest.Reorder, Market: -1}, and(frames(0, 0), injections(1, 2), func(t *testing.T, s, clean *session) {
			t.Helper()
			if slices.EqualFunc(s.frames[1], clean.frames[1], func(a, b received) bool { return a.text == b.text }) {
				t.Error("nothing is out of order")
			}
		})},
		{feedtest.Fault{Kind: feedtest.AlterSize, Market: -1}, altered(1, 8)},
		{feedtest.Fault{Kind: feedtest.AlterPrice, Market: -1}, altered(1, 5)},
		{feedtest.Fault{Kind: feedtest.AlterHash, Market: -1}, altered(1, 1)},
		{feedtest.Fault{Kind: feedtest.AlterBest, Market: -1}, altered(1, 5)},
		{feedtest.Fault{Kind: feedtest.AlterTime, Market: -1}, altered(2, 6)},
		{feedtest.Fault{Kind: feedtest.LateDuplicate, Market: -1}, and(frames(0, 1), injections(1, 2))},

		{feedtest.Fault{Kind: feedtest.Recipe}, func(t *testing.T, s, clean *session) {
			t.Helper()
			if m, e := s.differ(clean); len(m) != len(e) || len(m) < 100 {
				t.Errorf("%d other frames", len(m))
			}
			if d, _ := fetch(t, s.v, yes); !bytes.Contains(d.Data, []byte("fees_enabled")) {
				t.Errorf("%s", d.Data)
			}
		}},
		{feedtest.Fault{Kind: feedtest.TickSize, Market: 1}, func(t *testing.T, s, _ *session) {
			t.Helper()
			s.has(t, "tick_size_change", 2, 2)
		}},
		{feedtest.Fault{Kind: feedtest.TickSizeSilent, Market: 1}, func(t *testing.T, s, clean *session) {
			t.Helper()
			s.has(t, "tick_size_change", 0, 0)
			if a, b := s.v.Markets()[1].TickSize, clean.v.Markets()[1].TickSize; a != b/10 {
				t.Errorf("%v and %v", a, b)
			}
		}},
		{feedtest.Fault{Kind: feedtest.ClockBack, For: 5 * time.Second}, stampsBack(5 * time.Second)},
		{feedtest.Fault{Kind: feedtest.Settle}, func(t *testing.T, s, _ *session) {
			t.Helper()
			s.has(t, `"best_bid":"0","best_ask":"1"`, 1, 1000)
			s.has(t, "market_resolved", 1, 1)
			if truth := s.v.Truth(no); !truth.Over || truth.Book.Top().Bid.Size > 0 || truth.Open {
				t.Errorf("%+v", truth)
			}
		}},
		{feedtest.Fault{Kind: feedtest.Settle, Market: -1}, closed(1, 1000, faultAt, faultAt+time.Second)},
		{feedtest.Fault{Kind: feedtest.SettleSilent, Market: -1}, func(t *testing.T, s, _ *session) {
			t.Helper()
			s.has(t, "market_resolved", 0, 0)
			if len(s.ends[1]) > 0 || !s.v.Truth(yes).Over || s.frames[2][0].text != "[]\n" {
				t.Errorf("%+v, then %s", s.ends[1], s.frames[2][0].text)
			}
		}},
		{feedtest.Fault{Kind: feedtest.SettleClose}, closed(1, 1000, faultAt, faultAt+time.Second)},
		{feedtest.Fault{Kind: feedtest.Restart, For: 10 * time.Second}, restarted},
		{feedtest.Fault{Kind: feedtest.RestartByBooks, For: 10 * time.Second}, and(restarted, func(t *testing.T, s, _ *session) {
			t.Helper()
			if n := s.count(1, `"bids":[],"asks":[]`, faultAt, sessionEnd); n != 8 {
				t.Errorf("%d empty books", n)
			}
		})},
	}
}
