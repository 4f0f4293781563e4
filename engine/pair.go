package engine

import "fmt"

// MarketBooks reads both tokens of a market at once. Its methods may be called by any
// number of goroutines.
type MarketBooks struct {
	first, second *Asset
}

// Market returns the two tokens of a market, which the subscription must be to:
// otherwise, or before the first event has told which market they are in, it fails
// with [ErrNotPaired]. With one of the two there is [View.Complement].
func (s *Subscription) Market(condition string) (*MarketBooks, error) {
	var found []*Asset
	for _, a := range s.assets {
		m := a.lock()
		if m.id == condition {
			found = append(found, a)
		}
		m.mu.Unlock()
	}
	if len(found) != 2 || condition == "" {
		return nil, fmt.Errorf("%w: %d tokens of market %q", ErrNotPaired, len(found), condition)
	}
	return &MarketBooks{found[0], found[1]}, nil
}

// View returns both tokens of the market at one instant: what a frame did to them both
// is in both, or in none. They are in the order in which the subscription names them.
// Each counts versions of its own. It fails with [ErrNotPaired] if the two are not in
// one market any more.
func (b *MarketBooks) View() (first, second View, err error) {
	m := b.first.lock()
	if b.second.market.Load() != m {
		m.mu.Unlock()
		return View{}, View{}, fmt.Errorf("%w: %s and %s", ErrNotPaired, b.first.id, b.second.id)
	}
	first, second = b.first.token.view(), b.second.token.view()
	m.mu.Unlock()
	b.first.lease.vouch(&first.Status)
	b.second.lease.vouch(&second.Status)
	return first, second, nil
}

// Complement returns the other outcome's book, derived from this one: the exchange has
// one matching engine for both, so that a bid at p is an ask at 1-p there. Asset stays
// the token that it is derived from, and so does everything that the status says, its
// hash and proof among them. Derived is set, or unset for the complement of a
// complement, which is the book itself. It costs nothing.
func (v *View) Complement() View {
	c := *v
	c.Snapshot = v.Snapshot.Complement()
	c.Derived = !v.Derived
	return c
}
