package feedtest

import "time"

// event is something that is to happen in the world.
type event struct {
	at    int64 // nanoseconds
	order uint64
	// The next of a burst of changes, and how many are left; or anything else.
	listing *listing
	left    int
	do      func()
}

// eventHeap holds events, the next one first. Those of one time are in the order in
// which they were added.
type eventHeap []event

func (h *eventHeap) less(i, j int) bool {
	a, b := &(*h)[i], &(*h)[j]
	return a.at < b.at || a.at == b.at && a.order < b.order
}

func (h *eventHeap) next() (at int64, ok bool) {
	if len(*h) == 0 {
		return 0, false
	}
	return (*h)[0].at, true
}

func (h *eventHeap) push(e event) {
	*h = append(*h, e)
	a := *h
	for i := len(a) - 1; i > 0; {
		up := (i - 1) / 2
		if !h.less(i, up) {
			return
		}
		a[i], a[up] = a[up], a[i]
		i = up
	}
}

func (h *eventHeap) pop() event {
	a := *h
	e := a[0]
	last := len(a) - 1
	a[0], a[last] = a[last], event{}
	a = a[:last]
	*h = a
	for i := 0; ; {
		least := i
		for _, down := range [2]int{2*i + 1, 2*i + 2} {
			if down < last && h.less(down, least) {
				least = down
			}
		}
		if least == i {
			return e
		}
		a[i], a[least] = a[least], a[i]
		i = least
	}
}

// after does something after a while.
func (v *Venue) after(d time.Duration, do func()) { v.at(v.now+int64(max(d, 0)), do) }

// at does something at a time, now if that is over.
func (v *Venue) at(at int64, do func()) {
	v.order++
	v.events.push(event{at: max(at, v.now), order: v.order, do: do})
}

// stepAfter goes on with a burst after a while.
func (v *Venue) stepAfter(d time.Duration, l *listing, left int) {
	v.order++
	v.events.push(event{at: v.now + int64(d), order: v.order, listing: l, left: left})
}
