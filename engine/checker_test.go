package engine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/truebook/book"
)

// checker reads every token as a user would after each step, and compares what the
// reads say with what is true.
type checker struct {
	t      testing.TB
	s      *simulation
	tokens []*checkedToken
	// wrongs are the times for which a read was live and wrong.
	wrongs []wrong
	seed   uint64
	// unbounded: there is no REST, without which what is lost of a quiet token is never
	// noticed.
	unbounded bool
}

// checkedToken is what the checker remembers of a token.
type checkedToken struct {
	id    string
	asset *Asset // nil until the engine knows the token

	epoch   uint64 // of the last live read
	version uint64
	wasLive bool

	compared   bool
	ours       uint64 // versions that were compared
	theirs     uint64
	equal      bool
	wrongSince time.Time // zero if the last read was right
	wrongRuns  uint64    // complete runs of the truth then
	wrongBook  book.Snapshot
}

// wrong is a time for which reads of a token were live and wrong.
type wrong struct {
	token  string
	from   time.Time
	lasted time.Duration
	why    string // what explains it
}

func newChecker(s *simulation) *checker {
	c := &checker{s: s}
	for _, id := range s.tokens {
		c.tokens = append(c.tokens, &checkedToken{id: id})
	}
	return c
}

func (c *checker) fail(format string, args ...any) {
	c.t.Helper()
	c.t.Fatalf("seed %d, %s: %s", c.seed, c.s.venue.Now().Format("15:04:05.000"), fmt.Sprintf(format, args...))
}

func (c *checker) check() {
	for _, t := range c.tokens {
		if t.asset == nil {
			a := c.s.core.books.decoder.Find(t.id)
			if a == nil || a.Index >= len(c.s.core.books.tokens) || c.s.core.books.tokens[a.Index] == nil {
				continue
			}
			t.asset = c.s.core.books.tokens[a.Index].readers
		}
		c.read(t)
	}
}

// read reads one token.
func (c *checker) read(t *checkedToken) {
	if of := t.asset.token; of.sleepsOver() {
		c.fail("token %.5s: something is due at %v, and waited for at %v", t.id, of.nextDeadline(), of.overdue.due)
	}
	view := t.asset.View()
	top, err := t.asset.Top()
	live := view.State == Live
	if (err == nil) != (live && !view.Settling) {
		c.fail("token %.5s: the top says %v, the view %v %v", t.id, err, view.State, view.Reason)
	}
	if err == nil {
		if top.Crossed() {
			c.fail("token %.5s is crossed: %+v", t.id, top.Top)
		}
		if got := view.Snapshot.Top(); got != top.Top || top.Epoch != view.Epoch {
			c.fail("token %.5s: top %+v of epoch %d, view %+v of %d", t.id, top.Top, top.Epoch, got, view.Epoch)
		}
	}
	if view.Version < t.version || view.Epoch < t.epoch {
		c.fail("token %.5s: version %d after %d, epoch %d after %d", t.id, view.Version, t.version, view.Epoch, t.epoch)
	}
	if live && !t.wasLive && view.Epoch == t.epoch && view.Epoch > 0 && t.epoch > 0 {
		c.fail("token %.5s is live again in the same epoch %d", t.id, t.epoch)
	}
	t.version = view.Version
	t.wasLive = live
	if live {
		t.epoch = view.Epoch
	}
	c.compare(t, &view)
}

// compare looks whether a live read is right.
func (c *checker) compare(t *checkedToken, view *View) {
	now := c.s.venue.Now()
	truth := c.s.venue.Truth(t.id)
	says := view.State == Live && !view.Settling && view.Check != Open && view.Check != Failed
	if says && (!t.compared || t.ours != view.Version || t.theirs != truth.Version) {
		t.compared, t.ours, t.theirs = true, view.Version, truth.Version
		t.equal = view.Snapshot.Equal(truth.Book.Snapshot())
	}
	switch {
	case !says || t.equal || truth.Open && !t.equal:
		if !t.wrongSince.IsZero() {
			since := now.Sub(t.wrongSince)
			_, why := c.s.faults.allowed(t, since)
			why, _, _ = strings.Cut(why, " ")
			c.wrongs = append(c.wrongs, wrong{t.id, t.wrongSince, since, why})
		}
		t.wrongSince = time.Time{}
	case t.wrongSince.IsZero():
		t.wrongSince, t.wrongRuns, t.wrongBook = now, truth.Runs, view.Snapshot
	}
	if !t.wrongSince.IsZero() {
		if t.wrongBook.Equal(truth.Book.Snapshot()) {
			t.wrongSince = time.Time{} // it was ahead of the stream
			return
		}
		c.bound(t, view, now.Sub(t.wrongSince), truth.Runs-t.wrongRuns)
	}
}

// bound fails if a read has been wrong for longer than anything that went wrong
// explains.
func (c *checker) bound(t *checkedToken, view *View, since time.Duration, runs uint64) {
	if allowed, why := c.s.faults.allowed(t, since); since > allowed && !c.unbounded {
		n := 0
		for ch := range view.Snapshot.Changes(c.s.venue.Truth(t.id).Book.Snapshot()) {
			if n++; n < 4 {
				c.t.Logf("%v %v: ours %v, true %v", ch.Side, ch.Price, ch.New, ch.Old)
			}
		}
		c.fail("token %.5s has been live and wrong for %v and %d runs, allowed %v (%s): %d levels, %+v", t.id, since, runs, allowed, why, n, view.Status)
	}
}

// dead returns how many tokens are not live.
func (c *checker) dead() (n int) {
	for _, t := range c.tokens {
		if v := t.asset.View(); v.State != Live && !c.s.venue.Truth(t.id).Over && !c.s.faults.toldOver {
			n++
		}
	}
	return n
}

// alive fails if a token is not live although nothing has been wrong for long.
func (c *checker) alive() {
	for _, t := range c.tokens {
		if t.asset == nil {
			c.fail("token %.5s is not known", t.id)
		}
		v := t.asset.View()
		over := c.s.venue.Truth(t.id).Over || c.s.faults.toldOver
		if v.State != Live && !over {
			c.fail("token %.5s is %v, %v since %v", t.id, v.State, v.Reason, v.Since)
		}
	}
}
