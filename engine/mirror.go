package engine

import (
	"fmt"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// maxMirrored bounds the changes of one frame that are compared with each other.
// The exchange sends two, rarely a few more.
const maxMirrored = 64

// mirror asks the witness of the mirror: in a frame with changes of both tokens
// of a market, each change of one has its counterpart in the other, at one minus
// the price and on the other side.
func (s *shard) mirror(e *feed.PriceChange) {
	first := e.Changes[0].Asset
	var second *feed.Asset
	for i := range e.Changes {
		switch a := e.Changes[i].Asset; {
		case a == first || a == second:
		case second == nil:
			second = a
		default:
			return // no market has three
		}
	}
	switch {
	case second == nil:
		s.unmirrored(first)
		return
	case len(e.Changes) > maxMirrored:
		s.tallies[MirrorWitness].count(unknown)
		return
	}
	if alone := firstAlone(e.Changes); alone != nil {
		s.tallies[MirrorWitness].count(disagreed)
		s.find(Finding{
			Line: s.line, Asset: alone.Asset.ID, Witness: MirrorWitness,
			Expected: fmt.Sprintf("the mirror of %v %v x %v", alone.Side, alone.Price, alone.Size), Found: "none",
		})
		return
	}
	s.tallies[MirrorWitness].count(agreed)
}

// pair takes two changes of a frame, of which each is the mirror of the other: changes
// of a market come in pairs, if their tokens are in it.
func (s *shard) pair(a, b *token) {
	s.tallies[MirrorWitness].count(agreed)
	if a.market == b.market {
		a.market.paired = true
	}
}

// unmirrored: a frame changes one token of a market and not the other, whose book now
// lacks the mirror of it. The exchange has stopped to send that token.
func (s *shard) unmirrored(a *feed.Asset) {
	m := s.token(a).market
	if !m.paired && !s.pairs {
		return
	}
	for _, t := range m.tokens {
		if t.asset != a && t.based && t.conn == s.conn && t.state != Gone {
			s.breakContinuity(t, Unmirrored)
		}
	}
}

// firstAlone returns the first change without a counterpart, nil if there is
// none.
func firstAlone(changes []feed.Change) *feed.Change {
	var taken [maxMirrored]bool
next:
	for i := range changes {
		if taken[i] {
			continue
		}
		for j := i + 1; j < len(changes); j++ {
			if !taken[j] && mirrors(&changes[i], &changes[j]) {
				taken[j] = true
				continue next
			}
		}
		return &changes[i]
	}
	return nil
}

func mirrors(a, b *feed.Change) bool {
	return a.Asset != b.Asset && a.Side != b.Side && a.Size == b.Size && a.Price == book.Dollar-b.Price
}
