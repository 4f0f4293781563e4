package engine

import (
	"slices"
	"sync"

	"example.com/truebook/feed"
)

// market is what the two tokens of a market share.
type market struct {
	id string
	// mu guards the tokens and terms against readers. The writer holds it from the
	// first change that a record makes to one of the tokens until the record is
	// done: readers see whole records, of both tokens alike.
	mu   sync.Mutex
	held bool // by the writer, in shard.locked
	// mirrored: a frame has had the changes of both tokens, and each the mirror of the
	// other. All frames of the market do then.
	mirrored bool
	// apart counts the frames that have met the two books and no pair, since one was
	// replaced.
	apart     uint32
	tokens    []*token // that are in it
	exhausted int      // exhaustive calibrations that found nothing
	terms     feed.MarketTerms
	described Statics // what terms have of the engine's descriptions
}

func newMarket(id string) *market { return &market{id: id} }

// hide takes a token from its readers until the record is done. Everything that
// changes a token comes after this.
func (s *shard) hide(t *token) {
	if t.hidden {
		return
	}
	t.hidden = true
	s.hidden = append(s.hidden, t)
	s.lock(t.market)
}

// lock locks a market. The writer may hold many, and readers never hold two.
func (s *shard) lock(m *market) {
	if m.held {
		return
	}
	m.mu.Lock()
	m.held = true
	s.locked = append(s.locked, m)
}

// abandon ends a shard that has panicked: nobody vouches for its books any more, and
// nobody waits for its locks.
func (s *shard) abandon() {
	s.lease.revoke()
	for _, m := range s.locked {
		m.mu.Unlock()
	}
	s.locked = nil
}

// release shows the tokens to their readers again.
func (s *shard) release() {
	for _, t := range s.hidden {
		t.hidden = false
		if s.review != nil {
			s.review(t)
		}
		if !t.isShown() { // few changes are of the best levels
			t.show()
		}
		if t.watch != nil {
			t.tell()
		}
	}
	for _, m := range s.locked {
		m.held = false
		m.mu.Unlock()
	}
	s.hidden, s.locked = s.hidden[:0], s.locked[:0]
	if len(s.findings) > 0 {
		for _, f := range s.findings {
			s.report(f)
		}
		s.findings = s.findings[:0]
	}
}

// join puts a token into the market that an event names for it. Once a hash has
// matched, the token stays where it is. It returns false if the event names
// another market, or one too many.
func (s *shard) join(t *token, id string) bool {
	if t.market.id == id {
		return true
	}
	if t.market.terms.Terms().Recipe != feed.RecipeUnknown {
		return false
	}
	m := s.markets[id]
	if m == nil {
		if len(s.markets) >= feed.MaxAssets {
			return false
		}
		m = newMarket(id)
		s.markets[id] = m
	}
	t.market.tokens = slices.DeleteFunc(t.market.tokens, func(o *token) bool { return o == t })
	s.lock(m)
	t.book.Part() // from one that stays under the other lock
	t.market = m
	m.tokens = append(m.tokens, t)
	t.readers.market.Store(m)
	return true
}

// clone returns a copy that holds the clones of the tokens, which are given by
// their index.
func (m *market) clone(tokens []*token) *market {
	c := &market{id: m.id, terms: m.terms, exhausted: m.exhausted, described: m.described}
	for _, t := range m.tokens {
		t := tokens[t.asset.Index]
		t.market = c
		t.readers.market.Store(c)
		c.tokens = append(c.tokens, t)
	}
	return c
}

// movedAfter says whether the stream has announced a later state of a token of the
// market than this.
func (m *market) movedAfter(k key, conn int) bool {
	return slices.ContainsFunc(m.tokens, func(t *token) bool {
		return t.based && t.conn == conn && t.run.key.time > k.time
	})
}
