package engine

// deadlines is a heap of tokens by deadline; ties go to the token known first,
// so that the same input always has the same outcome. Only tokens with a
// deadline are in it, and each knows its place.
type deadlines []*token

func (d *deadlines) less(i, j int) bool {
	a, b := (*d)[i], (*d)[j]
	if a.deadline != b.deadline {
		return a.deadline < b.deadline
	}
	return a.asset.Index < b.asset.Index
}

func (d *deadlines) swap(i, j int) {
	h := *d
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// set gives a token its next deadline, 0 for none.
func (d *deadlines) set(t *token, deadline instant) {
	if t.deadline == deadline {
		return
	}
	t.deadline = deadline
	switch {
	case deadline == 0:
		d.remove(t)
	case t.place < 0:
		t.place = len(*d)
		*d = append(*d, t)
		d.up(t.place)
	default:
		d.down(d.up(t.place))
	}
}

func (d *deadlines) remove(t *token) {
	i, last := t.place, len(*d)-1
	d.swap(i, last)
	*d = (*d)[:last]
	t.place = -1
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
