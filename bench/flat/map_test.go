package flat_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"example.com/truebook/bench/flat"
)

// TestModel: a map does what Go's own does, on grids that become finer, and a copy stays
// what it was.
func TestModel(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // to be repeated
	for _, grid := range []uint32{10_000, 1_000, 100, 1} {
		m, model := flat.NewMap[uint32, int64](64), map[uint32]int64{}
		if _, _, ok := m.Max(); ok || m.Len() != 0 {
			t.Fatal("something in nothing")
		}
		for range 500 {
			key := (1 + random.Uint32N(1_000_000/grid-1)) * grid
			if random.IntN(3) > 0 {
				value := 1 + random.Int64N(1000)
				old, had := m.Set(key, value)
				was, is := model[key]
				if old != was || had != is {
					t.Fatalf("set %d: %d, %v", key, old, had)
				}
				model[key] = value
			} else {
				for key = range model {
					break
				}
				old, had := m.Delete(key)
				was, is := model[key]
				if old != was || had != is {
					t.Fatalf("delete %d: %d, %v", key, old, had)
				}
				delete(model, key)
			}
			if got, ok := m.Get(key); got != model[key] || ok != (model[key] != 0) {
				t.Fatalf("get %d: %d, %v", key, got, ok)
			}
		}
		kept := maps.Clone(model)
		c := m.Copy()
		m.Set(grid, 7)
		m.Delete(slices.Max(slices.Collect(maps.Keys(kept))))
		same(t, c, kept)
	}
}

// same compares a map with what it should hold, in all the ways there are to see it.
func same(t *testing.T, m *flat.Map[uint32, int64], want map[uint32]int64) {
	t.Helper()
	keys := slices.Sorted(maps.Keys(want))
	var up, down, back []uint32
	add := func(to *[]uint32) func(uint32, int64) bool {
		return func(key uint32, value int64) bool {
			if want[key] != value {
				t.Errorf("%d: %d", key, value)
			}
			*to = append(*to, key)
			return true
		}
	}
	m.Scan(add(&up))
	m.Reverse(add(&down))
	i := m.Iter()
	for ok := i.Last(); ok; ok = i.Prev() {
		add(&back)(i.Key(), i.Value())
	}
	slices.Reverse(down)
	slices.Reverse(back)
	if !slices.Equal(up, keys) || !slices.Equal(down, keys) || !slices.Equal(back, keys) || m.Len() != len(keys) {
		t.Errorf("%v, %v and %v, not %v", up, down, back, keys)
	}
	if key, value, ok := m.Max(); !ok || key != keys[len(keys)-1] || want[key] != value {
		t.Errorf("highest: %d, %d, %v", key, value, ok)
	}
}
