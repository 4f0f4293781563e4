package book

import (
	"cmp"
	"slices"
	"sync"
)

// difference is what separates a book from a snapshot. It is scratch memory of
// Replace: a pool holds it, since one for each book would double what a book of
// the exchange's usual size weighs.
type difference struct {
	bids, asks sideDifference
}

//nolint:gochecknoglobals // a pool is meant to be shared
var differences = sync.Pool{New: func() any { return new(difference) }}

func newDifference() *difference {
	return differences.Get().(*difference) //nolint:errcheck,forcetypeassert // the pool's New makes nothing else
}

func (d *difference) release() { differences.Put(d) }

func (d *difference) compute(b *Book, bids, asks []Level) error {
	if err := d.bids.compute(Bid, b.side(Bid), bids); err != nil {
		return err
	}
	return d.asks.compute(Ask, b.side(Ask), asks)
}

func (d *difference) len() int { return len(d.bids.changes) + len(d.asks.changes) }

type keyed struct {
	key  key
	size Size
}

type sideDifference struct {
	want    []keyed // the snapshot's levels, ascending, no key twice
	changes []keyed // what to set, size 0 to remove
}

func (d *sideDifference) compute(side Side, have *ladder, levels []Level) error {
	d.changes = d.changes[:0]
	if have.is(side, levels) {
		return nil
	}
	if err := d.normalize(side, levels); err != nil {
		return err
	}
	i := 0
	have.levels.Scan(func(k key, size Size) bool {
		for ; i < len(d.want) && d.want[i].key < k; i++ {
			d.changes = append(d.changes, d.want[i])
		}
		if i < len(d.want) && d.want[i].key == k {
			if d.want[i].size != size {
				d.changes = append(d.changes, d.want[i])
			}
			i++
			return true
		}
		d.changes = append(d.changes, keyed{key: k})
		return true
	})
	d.changes = append(d.changes, d.want[i:]...)
	return nil
}

// normalize fills want from levels in any order. The exchange's own order is
// ascending in keys and needs no sorting.
func (d *sideDifference) normalize(side Side, levels []Level) error {
	d.want = d.want[:0]
	sorted, zeros := true, false
	var last key
	for _, level := range levels {
		if !level.Price.valid() || level.Size < 0 {
			return &LevelError{side, level}
		}
		zeros = zeros || level.Size == 0
		if len(d.want) == MaxLevels {
			return ErrTooManyLevels
		}
		k := side.key(level.Price)
		sorted = sorted && k > last
		last = k
		d.want = append(d.want, keyed{k, level.Size})
	}
	if !sorted {
		slices.SortFunc(d.want, func(a, b keyed) int { return cmp.Compare(a.key, b.key) })
		for i := 1; i < len(d.want); i++ {
			if d.want[i].key == d.want[i-1].key {
				return ErrDuplicateLevel
			}
		}
	}
	if zeros {
		d.want = slices.DeleteFunc(d.want, func(k keyed) bool { return k.size == 0 })
	}
	return nil
}

// apply writes the changes, removals first so that the ladder never has more
// levels than it had or will have.
func (d *sideDifference) apply(l *ladder) {
	for _, c := range d.changes {
		if c.size == 0 {
			l.levels.Delete(c.key)
		}
	}
	for _, c := range d.changes {
		if c.size > 0 {
			l.levels.Set(c.key, c.size)
		}
	}
}
