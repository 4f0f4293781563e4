package rest

import (
	"context"
	"fmt"

	"example.com/truebook/feed"
	"example.com/truebook/feed/internal/endpoint"
)

// MaxBatch is how many books one request asks for. The exchange's page allows 500;
// their answer was found to be bounded by its bytes at about as many (observed by
// others, 2026-08).
const MaxBatch = 100

var _ feed.BookFetcher = (*Client)(nil)

// FetchBooks returns the books of 1 to [MaxBatch] tokens as the exchange writes them,
// and they are the caller's: of one token the object that answers GET /book, of several
// the array that answers POST /books. The exchange leaves out of that those that it has
// no book of, and keeps no order; nothing here reads it. See [feed.Decoder].
//
// A call takes 10 seconds at most, with the wait for its turn. Its errors are, or wrap:
//
//   - a [*feed.StatusError] for an answer that is a refusal, or no JSON (of status 200
//     then). Its RetryAfter is for how long this kind of request is not made: as long
//     as the server asked for, 10 seconds after a 429 that does not ask, 5 minutes
//     from the third 403 in a row on. A call in that time fails with the same error at
//     once. Of one token that has no book the status is 404, and Body says "No
//     orderbook exists" (the exchange's own answer; others are of what is before it).
//   - [ErrBudget] and [ErrTooBig].
//   - the context's error; [context.DeadlineExceeded] also for the 10 seconds.
//   - [net.ErrClosed] if the Client is closed.
//   - anything else for a failure of the network.
func (c *Client) FetchBooks(ctx context.Context, tokens []string) ([]byte, error) {
	if err := endpoint.CheckTokens(tokens, MaxBatch); err != nil {
		return nil, fmt.Errorf("rest: %w", err)
	}
	if len(tokens) == 1 {
		return c.ask(ctx, c.book, request{path: "book", query: "token_id=" + tokens[0], most: feed.MaxFrame})
	}
	body := []byte{'['}
	for i, token := range tokens {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(append(append(body, `{"token_id":"`...), token...), `"}`...)
	}
	return c.ask(ctx, c.books, request{path: "books", body: append(body, ']'), most: feed.MaxFrame})
}
