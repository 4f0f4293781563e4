package engine

// schedule is when something is due. Whoever owns it is known by its index.
type schedule struct {
	due   instant // 0: never
	place int     // in deadlines, -1 if it is in none
	index int
}

// deadlines is a heap of schedules by what is due first; ties go to the lower
// index, so that the same input always has the same outcome. Only what is due some
// time is in it, and each knows its place.
type deadlines []*schedule

// over says that the first deadline has passed.
func (d *deadlines) over(now instant) bool { return len(*d) > 0 && (*d)[0].due <= now }

func (d *deadlines) less(i, j int) bool {
	a, b := (*d)[i], (*d)[j]
	if a.due != b.due {
		return a.due < b.due
	}
	return a.index < b.index
}

func (d *deadlines) swap(i, j int) {
	h := *d
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// set changes when something is due, 0 for never.
func (d *deadlines) set(s *schedule, due instant) {
	if s.due == due {
		return
	}
	s.due = due
	switch {
	case due == 0:
		d.remove(s)
	case s.place < 0:
		s.place = len(*d)
		*d = append(*d, s)
		d.up(s.place)
	default:
		d.down(d.up(s.place))
	}
}

func (d *deadlines) remove(s *schedule) {
	i, last := s.place, len(*d)-1
	d.swap(i, last)
	*d = (*d)[:last]
	s.place = -1
	if i < last {
		d.down(d.up(i))
	}
}

func (d *deadlines) up(i int) int {
	for i > 0 && d.less(i, (i-1)/2) {
		d.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
	return i
}

func (d *deadlines) down(i int) {
	for n := len(*d); ; {
		child := 2*i + 1
		if child >= n {
			return
		}
		if child+1 < n && d.less(child+1, child) {
			child++
		}
		if !d.less(child, i) {
			return
		}
		d.swap(i, child)
		i = child
	}
}
