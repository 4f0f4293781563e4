package rest

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
)

// MaxListed is how many names one call of [Client.List] takes: the exchange lists 100
// markets of those that are asked for by their condition (its docs, 2026).
const MaxListed = 100

// maxQuery bounds the query of a list, in bytes: servers take 8 KB of an address.
const maxQuery = 7000

// List returns what Gamma lists of markets that are asked for by up to [MaxListed] names at
// once (GET /markets): in the order of the names, and nil for those that [Client.Market] is
// to be asked for alone. These are all that are not in the list, and those whose entry
// leaves something open: tokens, or the label of an outcome. So are names of events, which
// the list does not have.
//
// It is for many names, where the budget does not allow for one or two requests for each:
// a call makes some six at most, and takes 10 seconds. Where it differs from the order book,
// that is right. What was listed before an error is returned with it; the errors are those
// of [Client.FetchBooks], [*AnswerError], [*NameError] and [ErrNoGamma].
func (c *Client) List(ctx context.Context, names []string) ([]*Market, error) {
	if len(names) > MaxListed {
		return nil, fmt.Errorf("rest: %d names, of at most %d at a time", len(names), MaxListed)
	}
	found := make([]*Market, len(names))
	wanted := make([]Name, len(names))
	for i, name := range names {
		n, err := ParseName(name)
		if err != nil {
			return nil, err
		}
		wanted[i] = n
	}
	ctx, release := c.bound(ctx, requestTime)
	defer release()
	// Closed markets are listed apart (measured by others, 2026-07).
	for _, closed := range []string{"false", "true"} {
		for _, key := range []string{"clob_token_ids", "condition_ids", "slug"} {
			for ids := range batches(missing(wanted, found, key), len("&"+key+"=")) {
				list, err := c.list(ctx, url.Values{key: ids, "closed": {closed}, "limit": {strconv.Itoa(MaxListed)}})
				if err != nil {
					return found, err
				}
				fill(found, wanted, list)
			}
		}
	}
	return found, nil
}

// missing returns what is to be asked for under a key: each of those names once that are not
// found yet.
func missing(wanted []Name, found []*Market, key string) (ids []string) {
	for i, n := range wanted {
		if found[i] == nil && listKey(n) == key && !slices.Contains(ids, n.ID) {
			ids = append(ids, n.ID)
		}
	}
	return ids
}

// listKey is what a name is asked for under, "" if the list does not have it.
func listKey(n Name) string {
	switch n.Kind {
	case TokenName:
		return "clob_token_ids"
	case ConditionName:
		return "condition_ids"
	case SlugName, MarketName:
		return "slug"
	default:
		return ""
	}
}

// batches cuts a list of ids into those that one query can have.
func batches(ids []string, each int) func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		for len(ids) > 0 {
			n, size := 0, 0
			for n < len(ids) && size+each+len(ids[n]) <= maxQuery {
				size += each + len(ids[n])
				n++
			}
			if !yield(ids[:n]) {
				return
			}
			ids = ids[n:]
		}
	}
}

// fill puts the markets of a list where they are wanted.
func fill(found []*Market, wanted []Name, list []listedIn) {
	for i := range list {
		m := &list[i].Market
		if m.Unreadable != "" || len(m.Tokens) == 0 || slices.ContainsFunc(m.Tokens, func(t Token) bool { return t.Outcome == "" }) {
			continue
		}
		for j, n := range wanted {
			if found[j] == nil && list[i].is(n) {
				found[j] = m
			}
		}
	}
}

// listedIn is a market with the events that it is said to be in.
type listedIn struct {
	Market

	events []string // their slugs
}

// is says whether a market is the one of a name.
func (l *listedIn) is(n Name) bool {
	switch listKey(n) {
	case "clob_token_ids":
		return l.has(n.ID)
	case "condition_ids":
		return l.Condition == n.ID
	case "slug":
		return lower(l.Slug) == n.ID && (n.Event == "" || slices.Contains(l.events, n.Event))
	}
	return false
}
