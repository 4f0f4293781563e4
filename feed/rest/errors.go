package rest

import (
	"errors"
	"fmt"

	"example.com/truebook/feed"
)

// Errors of a [Client] that a caller may want to tell from others. A refusal is a
// [*feed.StatusError].
var (
	// ErrBudget says that so much is asked for already that the exchange would not
	// have been asked before the caller's deadline, or within 10 seconds. It matches
	// [feed.ErrBudget].
	ErrBudget = fmt.Errorf("rest: no turn before the deadline: %w", feed.ErrBudget)
	// ErrTooBig says that an answer is longer than any that is read: [feed.MaxFrame]
	// bytes for books, 1 MiB for a market.
	ErrTooBig = errors.New("rest: the answer is too long")
	// ErrNoTokens says that a market has no tokens, or not yet: that of a new market
	// is answered before they are known (observed by others, 2026).
	ErrNoTokens = errors.New("rest: the market has no tokens yet")
)
