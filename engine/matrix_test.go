package engine

import (
	"fmt"
	"testing"
	"time"

	"example.com/truebook/feed/feedtest"
)

// TestMatrix lets each fault meet tokens in each state, and everything be live again
// afterwards.
func TestMatrix(t *testing.T) {
	onlyGoroutine(t)
	t.Parallel()
	reached := map[feedtest.FaultKind]map[State]int{}
	for i, kind := range feedtest.FaultKinds() {
		if testing.Short() && i%32 > 0 {
			continue
		}
		reached[kind] = map[State]int{}
		for _, state := range []State{Syncing, Live, Stale} {
			// Where a token is stale for an instant only, not every seed has the fault in it.
			for try := range uint64(15) {
				s := meet(t, kind, state, try)
				for met, n := range s.faults.states[kind] {
					reached[kind][met] += n
				}
				if reached[kind][state] > 0 || unreachable(kind, state) != "" {
					break
				}
			}
		}
		for _, state := range []State{Syncing, Live, Stale} {
			if why := unreachable(kind, state); (reached[kind][state] > 0) != (why == "") {
				t.Errorf("%v met %d tokens that were %v; %q", kind, reached[kind][state], state, why)
			}
		}
		// A token that is gone is on no connection, and nothing is asked about it: no
		// fault can meet it.
	}
}

// unreachable says why a fault cannot meet a token in a state, "" if it can.
func unreachable(kind feedtest.FaultKind, state State) string {
	switch {
	case state == Live && kind >= feedtest.InvalidOperation && kind <= feedtest.OpeningEmpty:
		return "when a connection is subscribed to, no token of it is live"
	default:
		return ""
	}
}

// meet runs a fault when tokens are in a state, and expects all to be live in the end.
func meet(t *testing.T, kind feedtest.FaultKind, state State, try uint64) *simulation {
	t.Helper()
	q := feedtest.DefaultQuirks()
	q.Settlements, q.Thin, q.TickSizes = 0, 0, 0
	at, rate := time.Minute, 12.0
	faults := []feedtest.Fault{}
	noREST := feedtest.Fault{Kind: feedtest.RESTStatus, For: 45 * time.Second}
	switch state { //nolint:exhaustive // live needs nothing
	case Syncing:
		if at = 10 * time.Second; kind >= feedtest.InvalidOperation && kind <= feedtest.OpeningEmpty {
			at = 0
			break
		}
		if kind < feedtest.RESTTimeout || kind > feedtest.RESTPartial {
			faults = append(faults, noREST)
		} else {
			at = 3 * time.Second // before REST is asked for the books that have not come
		}
		faults = append(faults, feedtest.Fault{Kind: feedtest.OpeningNever, For: 30 * time.Second})
	case Stale:
		if noREST.At = at - 10*time.Second; kind != feedtest.RESTPartial {
			faults = append(faults, noREST)
		}
		faults = append(faults, feedtest.Fault{Kind: feedtest.BadJSON, At: at - time.Duration(try+1)*100*time.Millisecond, Market: -1, N: 2})
		rate = 5
	}
	fault := feedtest.Fault{Kind: kind, At: at, For: 20 * time.Second, Market: -1, N: 2}
	switch k := kind; {
	case k == feedtest.FreezeMarket || k == feedtest.FreezeToken || k == feedtest.Settle || k == feedtest.SettleSilent || k == feedtest.SettleClose:
		fault.Market = 1
	case k >= feedtest.DialRefused && k <= feedtest.OpeningEmpty:
		faults = append(faults, feedtest.Fault{Kind: feedtest.Reset, At: at + time.Second})
		if k >= feedtest.OpeningWithout {
			fault.N = 0
		}
	case k == feedtest.Late || k == feedtest.LateStays:
		fault.N = 6
	}
	s := newSimulation(feedtest.VenueOptions{Seed: uint64(kind)*100 + uint64(state)*20 + try, Rate: rate, Quirks: &q, Faults: append(faults, fault)})
	s.checker.t, s.checker.seed = t, uint64(kind)
	s.step(&input{kind: tokensWatched, tokens: s.tokens})
	s.run(at + 80*time.Second)
	for _, token := range s.checker.tokens {
		over := s.venue.Truth(token.id).Over || s.faults.toldOver
		if v := token.asset.View(); v.State != Live && !over {
			t.Errorf("%v met in the state %v: token %.5s is %v, %v", kind, state, token.id, v.State, v.Reason)
		}
	}
	return s
}

func appendLine(dst []byte, format string, args ...any) []byte {
	return append(fmt.Appendf(dst, format, args...), '\n')
}
