package rest

import (
	"errors"
	"fmt"
	"strings"

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
	// bytes for books, 1 MiB for a market, 8 MiB for an event or a list of markets,
	// [MaxPage] for orders or trades, 4 KiB for an API key.
	ErrTooBig = errors.New("rest: the answer is too long")
	// ErrNotOpen says that a market is listed, and has no tokens or no order book yet:
	// a new one is for some minutes (observed by others, 2026). It may be asked for
	// again then.
	ErrNotOpen = errors.New("rest: the market is not open yet")
	// ErrNoGamma says that a slug was asked for, and nobody is known who has slugs:
	// Options.URL leads to another exchange, and there is no Options.GammaURL.
	ErrNoGamma = errors.New("rest: slugs are known to Gamma alone, and there is no GammaURL beside the URL")
)

// AnswerError is an answer of the exchange that cannot be what was asked for, or that is
// not as its answers are.
type AnswerError struct {
	About string // what was asked for, such as "market a-slug"
	Err   error  // what is wrong with it
}

// Error shows both.
func (e *AnswerError) Error() string {
	return "rest: the answer about " + e.About + ": " + e.Err.Error()
}

// Unwrap returns what is wrong.
func (e *AnswerError) Unwrap() error { return e.Err }

// NotFoundError is a name that the exchange does not know, though it could. It wraps what
// the exchange answered, if that was a refusal: see [IsNotFound].
type NotFoundError struct {
	Name Name
	// Suggestions are events that the exchange's search finds for the words of a slug,
	// best first, at most [MaxSuggestions]. There are none for ids.
	Suggestions []Suggestion

	refusal error
}

// Suggestion is an event that may have been meant.
type Suggestion struct {
	Slug  string // a slug as ParseName takes it
	Title string // at most 1,000 bytes of anything that the exchange wrote
}

// MaxSuggestions bounds the suggestions of a [NotFoundError].
const MaxSuggestions = 5

// Error shows the name, and the slugs of the suggestions.
func (e *NotFoundError) Error() string {
	text := "rest: the exchange has no market of this name: " + e.Name.ID
	if len(e.Suggestions) == 0 {
		return text
	}
	var slugs []string
	for _, s := range e.Suggestions {
		slugs = append(slugs, s.Slug)
	}
	return text + "; did you mean " + strings.Join(slugs, ", ") + "?"
}

// Unwrap returns what the exchange answered.
func (e *NotFoundError) Unwrap() error { return e.refusal }

// ManyMarketsError is the name of an event that has several markets, where one was to be
// named, or of a market in an event that has others.
type ManyMarketsError struct {
	// Event has them. They are as it lists them; Client.Market has more of each, by its
	// Slug.
	Event *Event
}

// Error shows the event and how many there are.
func (e *ManyMarketsError) Error() string {
	if len(e.Event.Markets) < 2 {
		return fmt.Sprintf("rest: the event %.*q has no such market", MaxSlug, e.Event.Slug)
	}
	open := 0
	for i := range e.Event.Markets {
		if !e.Event.Markets[i].Closed {
			open++
		}
	}
	return fmt.Sprintf("rest: the event %.*q has %d markets, of which %d are not closed: name one of them",
		MaxSlug, e.Event.Slug, len(e.Event.Markets), open)
}
