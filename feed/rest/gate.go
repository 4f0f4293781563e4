package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"example.com/truebook/feed"
)

// How often each kind of request is made: so many in a second in the long run, so many
// at once after a rest, and so many that are not answered yet. In 10 seconds that is 70
// of /books, 140 of /book, and 90 each of /markets and of Gamma. The exchange's own limits are
// 500, 1,500, for all together 9,000, and 300 for the markets of Gamma (its page on rate
// limits, 2026); they were 80, 200 and 5,000 (2025-11).
const (
	booksRate, booksBurst, booksAtOnce       = 5, 20, 4
	bookRate, bookBurst, bookAtOnce          = 10, 40, 2
	marketsRate, marketsBurst, marketsAtOnce = 5, 40, 2
	gammaRate, gammaBurst, gammaAtOnce       = 5, 40, 2
	// Of /data/orders and of /data/trades, whose limits are 500 each, and of the two for
	// API keys, whose limit is 100 for all that there are of those.
	dataRate, dataBurst, dataAtOnce = 5, 20, 2
	keysRate, keysBurst, keysAtOnce = 1, 3, 1
)

// For how long a server that refuses is left alone, if it does not say itself.
const (
	tooManyPause   = 10 * time.Second // after status 429
	forbiddenPause = 5 * time.Minute  // after maxForbidden times 403 in a row
	maxForbidden   = 3
)

// gate stands before the requests of one kind. It lets them through when they may be
// made, and none while the server wants to be left alone. Kinds wait for nothing of
// each other's.
type gate struct {
	base   *url.URL // of whom is asked
	method string
	what   string // is asked for, in errors
	// slots holds an element for each call that is under way, or is the next to be:
	// it takes from the limiter with its slot in hand, so that the limiter's rate is
	// that at which requests leave, however slow the answers to others are.
	slots   chan struct{}
	limiter *rate.Limiter

	mu        sync.Mutex
	waiting   int              // calls that will take from the limiter, and have not yet
	refusal   feed.StatusError // what shut the gate
	until     time.Time        // when it opens again
	forbidden int              // answers of status 403 in a row
}

func newGate(base *url.URL, method, what string, perSecond rate.Limit, burst, atOnce int) *gate {
	return &gate{
		base: base, method: method, what: what,
		slots: make(chan struct{}, atOnce), limiter: rate.NewLimiter(perSecond, burst),
	}
}

func (g *gate) name() string { return g.method + " " + g.what + " at " + g.base.Host }

// leastAnswer is what is left of a call's time for its answer: a quarter, and no more
// than this. A turn that leaves less is none, so that an exchange is not taken to be slow
// for having been asked late.
const leastAnswer = 2 * time.Second

// enter waits for a turn, until the context ends; it must have a deadline. It fails at
// once if the turn would come too late, and if the server wants to be left alone. After
// an error there is nothing to leave.
func (g *gate) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	deadline, _ := ctx.Deadline()
	left := time.Until(deadline)
	turn, cancel := context.WithDeadline(ctx, deadline.Add(-min(left/4, leastAnswer)))
	defer cancel()
	err := g.wait(turn)
	if err != nil && errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return ErrBudget
	}
	return err
}

// wait is enter without its last words.
func (g *gate) wait(ctx context.Context) error {
	if err := g.refused(); err != nil {
		return err
	}
	if !g.join(ctx) {
		return ErrBudget
	}
	select {
	case g.slots <- struct{}{}:
	case <-ctx.Done():
		g.mu.Lock()
		g.waiting--
		g.mu.Unlock()
		return ctx.Err()
	}
	err := g.turn(ctx)
	if err == nil {
		err = g.refused() // it may have refused others meanwhile
	}
	if err != nil {
		g.leave()
	}
	return err
}

// leave gives a slot back.
func (g *gate) leave() { <-g.slots }

// join joins those who wait, unless they take all turns that come in time.
func (g *gate) join(ctx context.Context) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	missing := float64(g.waiting+1) - g.limiter.Tokens()
	if late(ctx, time.Duration(missing/float64(g.limiter.Limit())*float64(time.Second))) {
		return false
	}
	g.waiting++
	return true
}

// turn waits until the limiter allows one more.
func (g *gate) turn(ctx context.Context) error {
	g.mu.Lock()
	g.waiting--
	r := g.limiter.Reserve()
	g.mu.Unlock()
	wait := r.Delay()
	if wait == 0 {
		return nil
	}
	if late(ctx, wait) { // those before had to wait for answers too
		r.Cancel()
		return ErrBudget
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		r.Cancel()
		return ctx.Err()
	}
}

// late says whether a wait ends too late to ask anything.
func late(ctx context.Context, wait time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return ok && wait > 0 && wait >= time.Until(deadline)
}

// refused returns the refusal that shut the gate, with the time that it stays so.
func (g *gate) refused() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	left := time.Until(g.until)
	if left <= 0 {
		return nil
	}
	e := g.refusal
	e.RetryAfter = left
	return fmt.Errorf("left alone for another %v: %w", left.Round(time.Millisecond), &e)
}

// answered notes an answer: a refusal, or nil for what was asked for. It sets in the
// refusal for how long the server is left alone for it.
func (g *gate) answered(refusal *feed.StatusError) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if refusal == nil || refusal.Status != http.StatusForbidden {
		g.forbidden = 0
	}
	if refusal == nil {
		return
	}
	switch refusal.Status {
	case http.StatusTooManyRequests:
		if refusal.RetryAfter == 0 {
			refusal.RetryAfter = tooManyPause
		}
	case http.StatusForbidden:
		if g.forbidden++; g.forbidden >= maxForbidden {
			refusal.RetryAfter = max(refusal.RetryAfter, forbiddenPause)
		}
	}
	if until := time.Now().Add(refusal.RetryAfter); until.After(g.until) {
		g.refusal, g.until = *refusal, until
	}
}
