package user

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// check compares what is known with what was true at some time since a while ago; and
// longer ago where a message was lost.
func (s *simulation) check(ago time.Duration) {
	now := s.venue.Now()
	c := s.core
	if c.known {
		if !s.wasKnown {
			s.knownSince = now
			if c.epoch <= s.epoch {
				s.t.Errorf("seed %d: epoch %d after %d", s.seed, c.epoch, s.epoch)
			}
		} else if c.epoch != s.epoch {
			s.t.Errorf("seed %d: the epoch changed from %d to %d while state was known", s.seed, s.epoch, c.epoch)
		}
		s.epoch = c.epoch
	} else if s.wasKnown {
		s.knownFor += now.Sub(s.knownSince)
	}
	s.wasKnown = c.known
	oldest := map[string]time.Time{} // of what was lost lately
	for _, l := range s.account.Losses() {
		if old, ok := oldest[l.ID]; l.At.After(now.Add(-s.bound)) && (!ok || l.At.Before(old)) {
			oldest[l.ID] = l.At
		}
	}
	from := func(ids ...string) time.Time {
		t := now.Add(-ago)
		for _, id := range ids {
			if lost, ok := oldest[id]; ok && lost.Before(t) {
				t = lost.Add(-time.Nanosecond)
			}
		}
		return t
	}
	v := c.view()
	if wrong := s.wrongFills(v, from); wrong != "" {
		s.t.Errorf("seed %d at %v (known %v for %v): %s", s.seed, now.Sub(s.began), c.known, now.Sub(s.knownSince), wrong)
		return
	}
	if wrong := s.wrongOrders(v, from); wrong != "" {
		s.t.Errorf("seed %d at %v (known %v for %v): %s", s.seed, now.Sub(s.began), c.known, now.Sub(s.knownSince), wrong)
	}
}

// wrongFills says what is wrong with the fills.
func (s *simulation) wrongFills(v *View, from func(...string) time.Time) string {
	mine := map[string]Fill{}
	for _, f := range v.Fills() {
		id := f.Trade + f.Order
		if _, twice := mine[id]; twice {
			return "counted twice: " + id
		}
		mine[id] = f
	}
	for _, t := range s.account.Trades() {
		at := feed.Timestamp(t.Time.Unix() * 1000)
		if !s.core.follows(t.Market) || at < s.core.ledger.since {
			continue
		}
		since := from(t.ID)
		var allowed []string
		for i, step := range t.Steps {
			if i+1 == len(t.Steps) || t.Steps[i+1].At.After(since) {
				allowed = append(allowed, step.Status)
			}
		}
		for _, f := range t.Fills {
			id := t.ID + f.Order
			got, ok := mine[id]
			delete(mine, id)
			if status, seen := s.seenFills[id]; !ok && seen && status.Final() && at < s.core.ledger.floor(t.Market) {
				continue // it is forgotten
			}
			if !ok {
				if v.Known && !t.Time.After(since) {
					return fmt.Sprintf("no fill of %s by trade %s of %v ago", f.Order, t.ID, s.venue.Now().Sub(t.Time))
				}
				continue
			}
			role := Maker
			if f.Taker {
				role = Taker
			}
			if got.Token != f.Token || got.Side != f.Side || got.Price != f.Price || got.Size != f.Size || got.Role != role {
				return fmt.Sprintf("fill %+v, want %+v", got, f)
			}
			status := strings.ToUpper(got.Status.String())
			if v.Known && !slices.Contains(allowed, status) {
				return fmt.Sprintf("trade %s is %s, want one of %v: %+v", t.ID, status, allowed, t.Steps)
			}
		}
	}
	for id := range mine {
		return "no such trade: " + id
	}
	return ""
}

// wrongOrders says what is wrong with the open orders.
func (s *simulation) wrongOrders(v *View, from func(...string) time.Time) string {
	mine := map[string]Order{}
	for _, o := range v.Orders() {
		if _, twice := mine[o.ID]; twice {
			return "an order twice: " + o.ID
		}
		mine[o.ID] = o
	}
	trades := map[string][]string{}
	for _, t := range s.account.Trades() {
		for _, f := range t.Fills {
			trades[f.Order] = append(trades[f.Order], t.ID)
		}
	}
	for _, o := range s.account.Orders() {
		if !s.core.follows(o.Market) {
			continue
		}
		got, ok := mine[o.ID]
		delete(mine, o.ID)
		var most book.Size
		for _, step := range o.Steps {
			most = max(most, step.Matched)
		}
		if ok && (got.Token != o.Token || got.Side != o.Side || got.Price != o.Price || got.Size != o.Size || got.Matched > most || got.Remaining() < 0) {
			return fmt.Sprintf("order %+v, want %+v", got, o)
		}
		if !v.Known {
			continue
		}
		since := from(append(trades[o.ID], o.ID)...)
		// Of two trades the later may be heard of first: between two true sizes there are
		// others then, for as long as messages take.
		right := !ok && o.Steps[0].At.After(since)
		least := most
		for i, step := range o.Steps {
			if i+1 == len(o.Steps) || o.Steps[i+1].At.After(since) {
				right = right || ok == step.Open
				least = min(least, step.Matched)
			}
		}
		if !right || ok && got.Matched < least {
			return fmt.Sprintf("order %+v (there: %v), want %+v", got, ok, o)
		}
	}
	for id := range mine {
		return "no such order: " + id
	}
	return ""
}
