// Package flat is a drop-in for the B-tree of a book: a slot for each price of a grid,
// found without a search. The script bench/measure builds the whole engine once more
// with it in the place of the tree, every guard in place, which is the engine's
// flat-ladder twin: what the tree costs is the difference of the two.
//
// It is no alternative for use: a copy, for a snapshot or a fork, copies every slot,
// and a grid of 0.0001 takes 160 KB for a token however few levels it has.
package flat

import (
	"math/bits"
	"slices"
)

// Map holds values above 0 by keys from 1 to 999,999, as [btree.Map] does. It has those
// of its methods that package book calls.
//
// [btree.Map]: https://pkg.go.dev/github.com/tidwall/btree#Map
type Map[K ~uint32, V ~int64] struct {
	// Every key is a multiple of the grid, which is 0 in a map that was never written
	// to, and else the coarsest of the grids that all keys so far are multiples of.
	grid K
	// inverse is 2^40/grid, rounded up: it makes a division of a key a product.
	inverse uint64
	values  []V // of the slot key/grid; 0 is none
	// words has a bit for each slot that is taken.
	words []uint64
	len   int
}

// grids are the exchange's tick sizes, and then what no market has.
var grids = [...]uint32{10_000, 1_000, 100, 10, 1}

// dollar is above every key.
const dollar = 1_000_000

// NewMap returns an empty map. There is no degree.
func NewMap[K ~uint32, V ~int64](int) *Map[K, V] { return &Map[K, V]{} }

// slot returns where a key is, and whether the grid has it.
func (m *Map[K, V]) slot(key K) (int, bool) {
	slot := K(uint64(key) * m.inverse >> 40) //nolint:gosec // below 1,000,001
	return int(slot), m.grid != 0 && slot*m.grid == key
}

// refine makes the grid one that has the key.
func (m *Map[K, V]) refine(key K) {
	old := *m
	i := 0
	for K(grids[i]) > old.grid && old.grid != 0 || key%K(grids[i]) != 0 {
		i++
	}
	m.grid = K(grids[i])
	m.inverse = (1<<40 + uint64(m.grid) - 1) / uint64(m.grid)
	slots := dollar / int(m.grid)
	m.values, m.words = make([]V, slots), make([]uint64, (slots+63)/64)
	m.len = 0
	old.Scan(func(key K, value V) bool {
		m.Set(key, value)
		return true
	})
}

// Set replaces the value of a key, and returns the one before.
func (m *Map[K, V]) Set(key K, value V) (old V, had bool) {
	slot, ok := m.slot(key)
	if !ok {
		m.refine(key)
		slot, _ = m.slot(key)
	}
	old = m.values[slot]
	m.values[slot] = value
	if old == 0 {
		m.words[slot/64] |= 1 << (slot % 64)
		m.len++
	}
	return old, old != 0
}

// Delete removes a key.
func (m *Map[K, V]) Delete(key K) (old V, had bool) {
	slot, ok := m.slot(key)
	if !ok || m.values[slot] == 0 {
		return 0, false
	}
	old = m.values[slot]
	m.values[slot] = 0
	m.words[slot/64] &^= 1 << (slot % 64)
	m.len--
	return old, true
}

// Get returns the value of a key.
func (m *Map[K, V]) Get(key K) (V, bool) {
	slot, ok := m.slot(key)
	if !ok {
		return 0, false
	}
	return m.values[slot], m.values[slot] != 0
}

// Len returns the number of keys.
func (m *Map[K, V]) Len() int { return m.len }

// Max returns the highest key.
func (m *Map[K, V]) Max() (key K, value V, ok bool) {
	for i, word := range slices.Backward(m.words) {
		if word != 0 {
			slot := 64*i + bits.Len64(word) - 1
			return K(slot) * m.grid, m.values[slot], true //nolint:gosec // below 1,000,000
		}
	}
	return 0, 0, false
}

// Scan calls f with all keys, ascending, until it returns false.
func (m *Map[K, V]) Scan(f func(key K, value V) bool) {
	for i, word := range m.words {
		for ; word != 0; word &= word - 1 {
			slot := 64*i + bits.TrailingZeros64(word)
			if !f(K(slot)*m.grid, m.values[slot]) { //nolint:gosec // below 1,000,000
				return
			}
		}
	}
}

// Reverse calls f with all keys, descending, until it returns false.
func (m *Map[K, V]) Reverse(f func(key K, value V) bool) {
	for i, word := range slices.Backward(m.words) {
		for word != 0 {
			bit := bits.Len64(word) - 1
			word &^= 1 << bit
			slot := 64*i + bit
			if !f(K(slot)*m.grid, m.values[slot]) { //nolint:gosec // below 1,000,000
				return
			}
		}
	}
}

// Copy returns a copy, of every slot.
func (m *Map[K, V]) Copy() *Map[K, V] {
	c := *m
	c.values = append([]V(nil), m.values...)
	c.words = append([]uint64(nil), m.words...)
	return &c
}

// Iter returns an iterator that is nowhere yet.
func (m *Map[K, V]) Iter() Iter[K, V] { return Iter[K, V]{m: m} }

// Iter goes through a map, descending.
type Iter[K ~uint32, V ~int64] struct {
	m    *Map[K, V]
	slot int
}

// Last goes to the highest key, and says whether there is one.
func (i *Iter[K, V]) Last() bool {
	i.slot = len(i.m.values)
	return i.Prev()
}

// Prev goes to the next lower key, and says whether there is one.
func (i *Iter[K, V]) Prev() bool {
	for i.slot--; i.slot >= 0; i.slot-- {
		if i.m.values[i.slot] != 0 {
			return true
		}
	}
	return false
}

// Key returns the key that the iterator is at.
func (i *Iter[K, V]) Key() K { return K(i.slot) * i.m.grid } //nolint:gosec // below 1,000,000

// Value returns the value that the iterator is at.
func (i *Iter[K, V]) Value() V { return i.m.values[i.slot] }
