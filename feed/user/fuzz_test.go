package user

import (
	"encoding/json"
	"strings"
	"testing"

	"example.com/truebook/book"
)

// FuzzFrame: whatever the stream sends, nothing panics, nothing is negative or double, and
// what cannot be read makes own state unknown.
func FuzzFrame(f *testing.F) {
	for _, seed := range []string{
		placement, killed, taken, made, "PONG", "[]", "null", "{", "[" + placement + "," + taken + "]",
		orderText("0xa", "UPDATE", "MATCHED", "100", at), tradeText("t1", "0xa", "RETRYING", "30", at/1000, at),
	} {
		f.Add([]byte(seed), []byte(seed))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		s := scripted(t)
		s.join(page(orderText("0xa", "x", "LIVE", "10", 0)), page(tradeText("t1", "0xa", "MATCHED", "10", at/1000, 0)))
		for _, frame := range [][]byte{first, second, first} {
			bad := s.core.stats.BadMessages
			s.frame(string(frame))
			if s.core.stats.BadMessages > bad && s.core.known {
				t.Error("known after a bad message")
			}
		}
		sane(t, s.core)
	})
}

// FuzzPage is FuzzFrame for answers of REST.
func FuzzPage(f *testing.F) {
	for _, seed := range []string{page(), page(placement), page(killed, placement), page(taken), "{", "[]", strings.Replace(page(made), "LTE=", "Mg==", 1)} {
		f.Add([]byte(seed), []byte(seed))
	}
	f.Fuzz(func(t *testing.T, orders, trades []byte) {
		s := scripted(t)
		s.answer(s.open(), string(orders))
		for range 3 {
			if len(s.effects) > 0 {
				s.answer(s.effects[0], string(trades))
			}
		}
		sane(t, s.core)
	})
}

// sane says whether what is known can be.
func sane(t *testing.T, c *core) {
	t.Helper()
	v := c.view()
	sums := map[string]book.Size{}
	seen := map[string]bool{}
	for _, fill := range v.Fills() {
		id := fill.Trade + " " + fill.Order + " " + fill.Role.String()
		if fill.Size < 0 || seen[id] {
			t.Errorf("%+v", fill)
		}
		seen[id] = true
		if fill.Counts() {
			sums[fill.Order] += fill.Size
		}
	}
	open := 0
	for _, o := range c.ledger.orders {
		if o.Remaining() < 0 || o.Matched < 0 || o.filled < 0 || o.failed < 0 || o.before < 0 || o.filled != sums[o.ID] {
			t.Errorf("%+v, filled %v", o, sums[o.ID])
		}
		if o.known && o.Status.Open() {
			open++
		}
	}
	if open != c.ledger.open || open != len(v.Orders()) {
		t.Errorf("%d open, and %d are counted", open, c.ledger.open)
	}
	if _, err := json.Marshal(v); err != nil {
		t.Error(err)
	}
}
