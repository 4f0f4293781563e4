package user

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// numbered returns the ids of some markets.
func numbered(n int) (markets []string) {
	for i := range n {
		markets = append(markets, fmt.Sprintf("0x%064x", i))
	}
	return markets
}

// TestSlowWriter: while the connection writes, nothing more is given to it, however often
// what is followed changes and however many PINGs are due; then it gets what is different,
// and a PING, that is answered before REST is asked.
func TestSlowWriter(t *testing.T) {
	s := scripted(t, market)
	s.join(page(), page())
	s.slow, s.effects = true, nil
	all := numbered(MaxMarkets - 1)
	write := func(want ...effectKind) {
		t.Helper()
		var kinds []effectKind
		for _, e := range s.effects {
			kinds = append(kinds, e.kind)
		}
		if !slices.Equal(kinds, want) {
			t.Fatalf("effects %+v, want %v", s.effects, want)
		}
	}
	s.tell(&input{kind: marketsAdded, markets: all[:1]})
	write(subscribeEffect, pingEffect)
	for _, m := range all[1:] {
		s.tell(&input{kind: marketsAdded, markets: []string{m}})
		write()
	}
	s.tell(&input{kind: marketsLeft, markets: all[:2]}) // of which it was told of one
	write()
	s.frame("PONG") // to the PING that was behind the first one alone
	s.state(false, Joining)
	write()
	s.tell(&input{kind: wroteAll, conn: s.core.conn})
	write(subscribeEffect, unsubscribeEffect, pingEffect)
	if !slices.Equal(s.effects[0].markets, all[2:]) || !slices.Equal(s.effects[1].markets, all[:1]) {
		t.Errorf("%+v", s.effects)
	}
	s.tell(&input{kind: wroteAll, conn: s.core.conn})
	write()
	s.state(false, Joining)
	s.frame("PONG")
	s.state(false, Asking)
	write(ordersEffect)
	s.answer(s.want(ordersEffect, 0), page())
	s.answer(s.want(tradesEffect, 0), page())
	s.state(true, NoReason)

	// What is left and followed again before that is written is subscribed to all the time;
	// but what there is of it was forgotten.
	s.tell(&input{kind: marketsLeft, markets: all[5:6]})
	write(unsubscribeEffect)
	s.tell(&input{kind: marketsLeft, markets: all[6:7]})
	s.tell(&input{kind: marketsAdded, markets: all[6:7]})
	write()
	s.state(false, Joining)
	s.tell(&input{kind: wroteAll, conn: s.core.conn})
	write(pingEffect)
	s.frame("PONG")
	s.state(false, Asking)
	s.answer(s.want(ordersEffect, 0), page())
	s.answer(s.want(tradesEffect, 0), page())
	s.state(true, NoReason)

	// A connection that never writes is silent, and is ended.
	began := s.now
	for s.core.phase != waitingPhase && s.now.Sub(began) < time.Minute {
		s.pass(100 * time.Millisecond)
		if slices.ContainsFunc(s.effects, func(e effect) bool { return e.kind == pingEffect }) {
			t.Fatal("a PING behind what is not written")
		}
		if len(s.effects) > 0 && s.effects[0].kind == ordersEffect {
			s.answer(s.effects[0], page())
			s.answer(s.want(tradesEffect, 0), page())
		}
	}
	if d := s.now.Sub(began); d > silenceTimeout {
		t.Errorf("ended after %v", d)
	}
	s.slow, s.effects = false, nil // and the next one is free
	s.join(page(), page())
}
