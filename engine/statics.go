package engine

import (
	"fmt"
	"strconv"
	"sync"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// Statics is what the hashes of a market's books cover and the stream never says.
// Package rest knows it (see the fields of its Market).
type Statics struct {
	Market       string // its condition id
	MinOrderSize book.Size
	NegRisk      bool
}

// Describe tells of markets what the stream never says, before they are watched or later.
// Without it the common values are tried with the first books, and one that is not common
// is known only when REST has answered: until then the market's books are not proved by
// their hashes. Nothing is believed: what is wrong in it costs the trying that it was to
// save. What is said of a market again replaces what was said before.
//
// It fails for an id that is none, for a size below 0, and when more than [MaxTokens]
// markets would have been described; and then describes none.
func (e *Engine) Describe(markets ...Statics) error {
	for _, m := range markets {
		if !feed.IsCondition(m.Market) || m.MinOrderSize < 0 {
			return fmt.Errorf("engine: market %s with a minimum of %v is none", strconv.QuoteToASCII(m.Market[:min(len(m.Market), 100)]), m.MinOrderSize)
		}
	}
	return e.described.add(markets)
}

// descriptions is what was said of markets, seen or not. All shards of an engine look
// into the same one, with each book of a market whose hash is not known yet: it changes no
// book, only what a hash is tried with first.
type descriptions struct {
	mu sync.RWMutex
	of map[string]Statics // by condition id; at most MaxTokens
}

func (d *descriptions) add(markets []Statics) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	isNew := make(map[string]bool)
	for _, m := range markets {
		if _, known := d.of[m.Market]; !known {
			isNew[m.Market] = true
		}
	}
	if len(d.of)+len(isNew) > MaxTokens {
		return fmt.Errorf("engine: %d described markets and %d more are over %d", len(d.of), len(isNew), MaxTokens)
	}
	if d.of == nil {
		d.of = make(map[string]Statics, len(isNew))
	}
	for _, m := range markets {
		d.of[m.Market] = m
	}
	return nil
}

// find returns what was said of a market last, nothing if it was not described. A nil
// receiver knows of none.
func (d *descriptions) find(market string) Statics {
	if d == nil {
		return Statics{}
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.of[market]
}

// describe takes what somebody has said of a market since it was looked at last.
func (s *shard) describe(m *market) {
	if m.terms.Terms().Recipe != feed.RecipeUnknown {
		return
	}
	if d := s.described.find(m.id); d != m.described {
		m.described = d
		m.terms.NoteStatics(d.MinOrderSize, d.NegRisk)
	}
}
