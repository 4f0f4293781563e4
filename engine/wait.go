package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// WaitError says which tokens a Wait was still waiting for when it gave up. It
// matches why it did: the error of the context, [ErrClosed], [ErrEnded] or [ErrGone].
type WaitError struct {
	// Missing are the tokens that were not ready, in the order of the subscription.
	Missing []string
	// Err is why nothing more was waited for.
	Err error

	// first is what the first of them was then.
	first Status
}

// maxNamed bounds the tokens that the text of a WaitError names.
const maxNamed = 3

// Error names the first missing tokens, and what the first of them was.
func (e *WaitError) Error() string {
	names := strings.Join(e.Missing[:min(len(e.Missing), maxNamed)], ", ")
	if more := len(e.Missing) - maxNamed; more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	state := e.first.State.String()
	if e.first.Reason != NoReason {
		state += ": " + e.first.Reason.String()
	}
	return fmt.Sprintf("engine: still waiting for %s (%s, %v): %v", names, state, e.first.Check, e.Err)
}

// Unwrap returns why nothing more was waited for.
func (e *WaitError) Unwrap() error { return e.Err }

// Wait returns nil as soon as each token is live, settling or not, or is gone and
// will never be. A token that became stale before the others were there is waited
// for again. Otherwise it returns a [*WaitError] when the context, the subscription
// or the engine ends.
func (s *Subscription) Wait(ctx context.Context) error {
	return s.await(ctx, func(v *View, _ uint64) (ready, never bool) {
		return v.State == Live || v.State == Gone, false
	})
}

// WaitProved returns nil as soon as each token is live and its whole book was proved
// by its hash since it last became so: Proof.By is ByHash then, and no mismatch has
// followed. The newest version may be some changes past that proof. A token that is
// gone cannot be proved any more, and ends the waiting with an error that matches
// [ErrGone]; otherwise it ends as that of Wait does. Without proofs (see
// [Replay.LimitProofs]) it waits for the end.
func (s *Subscription) WaitProved(ctx context.Context) error {
	return s.await(ctx, func(v *View, provedIn uint64) (ready, never bool) {
		since := v.Proof.By == ByHash && provedIn == v.Epoch && v.Check != Failed
		return v.State == Live && (v.Check == Proved || since), v.State == Gone
	})
}

// await returns nil when all tokens are ready at once, and an error when one never
// will be.
func (s *Subscription) await(ctx context.Context, judge func(v *View, provedIn uint64) (ready, never bool)) error {
	f := s.follow()
	defer f.stop()
	for missing := len(f.marks); ; {
		f.gather()
		var err error
		for _, m := range f.pending {
			v, provedIn := f.look(m)
			ready, never := judge(&v, provedIn)
			if never {
				err = ErrGone
			}
			switch {
			case ready && !m.ready:
				missing--
			case !ready && m.ready:
				missing++
			}
			m.ready = ready
		}
		f.pending = f.pending[:0]
		if missing == 0 {
			return nil
		}
		if err == nil {
			err = f.wait(ctx, 0)
		}
		if err != nil {
			return f.missing(err)
		}
	}
}

// missing makes the error of await. What has become of the tokens since does not
// matter: it names those that it was waiting for.
func (f *follower) missing(err error) error {
	e := &WaitError{Err: err}
	for i := range f.marks {
		m := &f.marks[i]
		if m.ready {
			continue
		}
		v, _, _ := m.asset.look()
		if errors.Is(err, ErrGone) && v.State != Gone {
			continue // it is not what nothing more is waited for
		}
		if len(e.Missing) == 0 {
			e.first = v.Status
		}
		e.Missing = append(e.Missing, m.asset.id)
	}
	return e
}
