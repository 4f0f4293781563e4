package rest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"example.com/truebook/book"
	"example.com/truebook/feed"
	"example.com/truebook/feed/internal/strictjson"
)

// GammaURL is the exchange's list of markets and events, which knows them by the names that
// its site uses.
const GammaURL = "https://gamma-api.polymarket.com"

// maxEvent bounds an answer that has several markets, in bytes: those of the largest events
// have some two hundred, of some 8 KB each.
const maxEvent = 8 << 20

// maxListed bounds the markets of such an answer.
const maxListed = 5000

// Event is what the exchange's site shows on one page: a question with one market, or with
// one for each answer. The texts are anything that it wrote.
type Event struct {
	Slug, Title string
	// Markets are in the exchange's order, closed ones among them.
	Markets []Market
}

// Event returns an event with all of its markets as they are listed (GET /events/slug of
// Gamma, docs.polymarket.com). The name is its slug or its address on the exchange's site:
// see [ParseName]; that of a token or a market alone is a [*NameError]. The other errors are
// those of [Client.FetchBooks], [*NotFoundError] and [ErrNoGamma].
func (c *Client) Event(ctx context.Context, name string) (*Event, error) {
	n, err := ParseName(name)
	if err != nil {
		return nil, err
	}
	if n.Kind != SlugName && n.Kind != EventName {
		return nil, &NameError{Text: name[:min(len(name), 100)], Reason: "it cannot be that of an event"}
	}
	ctx, release := c.bound(ctx, requestTime)
	defer release()
	e, err := c.event(ctx, n.ID)
	if IsNotFound(err) {
		return nil, c.notFound(ctx, n, err)
	}
	return e, err
}

func (c *Client) askGamma(ctx context.Context, r request) ([]byte, error) {
	if c.gamma == nil {
		return nil, ErrNoGamma
	}
	return c.ask(ctx, c.gamma, r)
}

func (c *Client) event(ctx context.Context, slug string) (*Event, error) {
	answer, err := c.askGamma(ctx, request{path: "events/slug/" + slug, most: maxEvent})
	if err != nil {
		return nil, err
	}
	e, err := decodeEvent(answer)
	if err == nil {
		err = sameSlug(e.Slug, slug)
	}
	if err != nil {
		return nil, &AnswerError{"event " + slug, err}
	}
	return e, nil
}

// sameSlug says if an answer is about another slug than was asked for.
func sameSlug(got, asked string) error {
	if got == "" || lower(got) == asked {
		return nil
	}
	return fmt.Errorf("it is about %s", strconv.QuoteToASCII(got[:min(len(got), 100)]))
}

// marketOfSlug returns the market that a slug is of, as the order book knows it.
func (c *Client) marketOfSlug(ctx context.Context, n Name) (*Market, error) {
	listed, err := c.listedMarket(ctx, n)
	switch {
	case IsNotFound(err):
		return nil, c.notFound(ctx, n, err)
	case err != nil:
		return nil, err
	}
	return c.Complete(ctx, listed)
}

// Complete returns a market of an [Event] as [Client.Market] returns it: what the order book
// says of it, and what the list adds to that. The errors are those of [Client.Market], but
// for those of names.
func (c *Client) Complete(ctx context.Context, listed *Market) (*Market, error) {
	switch {
	case listed.Unreadable != "":
		return nil, &AnswerError{"market " + strconv.QuoteToASCII(listed.Slug[:min(len(listed.Slug), 100)]), errors.New(listed.Unreadable)}
	case listed.Condition == "":
		return notInOrderBook(listed)
	}
	m, err := c.marketOf(ctx, listed.Condition)
	switch {
	case IsNotFound(err), errors.Is(err, ErrNotOpen):
		return notInOrderBook(listed)
	case err != nil:
		return nil, err
	}
	m.add(listed)
	return m, nil
}

// add adds what the list alone knows: the slug is the site's, the date has its time, and
// labels may be missing in the order book.
func (m *Market) add(listed *Market) {
	m.GroupTitle = listed.GroupTitle
	if m.Question == "" {
		m.Question = listed.Question
	}
	if listed.Slug != "" {
		m.Slug = listed.Slug
	}
	if !listed.EndDate.IsZero() {
		m.EndDate = listed.EndDate
	}
	for i, t := range m.Tokens {
		for _, l := range listed.Tokens {
			if t.ID == l.ID && t.Outcome == "" {
				m.Tokens[i].Outcome = l.Outcome
			}
		}
	}
}

// notInOrderBook returns a market that is listed, but that the order book does not know: it
// is over, was never traded by one, or is not open yet.
func notInOrderBook(listed *Market) (*Market, error) {
	if listed.Closed || !listed.OrderBook {
		return listed, nil
	}
	return nil, ErrNotOpen
}

// listedMarket returns a market as it is listed, by its slug, or by that of an event which
// has no other one. Most events of one market are called like it: the kind of a name says
// which is likelier.
func (c *Client) listedMarket(ctx context.Context, n Name) (m *Market, err error) {
	if n.Event != "" {
		return c.ofEvent(ctx, n)
	}
	attempts := []func(context.Context, string) (*Market, error){c.bySlug, c.onlyOf}
	switch n.Kind {
	case MarketName:
		attempts = attempts[:1]
	case EventName:
		attempts[0], attempts[1] = attempts[1], attempts[0]
	default:
	}
	for _, attempt := range attempts {
		if m, err = attempt(ctx, n.ID); !IsNotFound(err) {
			break
		}
	}
	return m, err
}

// bySlug asks for the market of a slug (GET /markets/slug).
func (c *Client) bySlug(ctx context.Context, slug string) (*Market, error) {
	l, err := c.listedSlug(ctx, slug)
	if err != nil {
		return nil, err
	}
	return &l.Market, nil
}

func (c *Client) listedSlug(ctx context.Context, slug string) (*listedIn, error) {
	answer, err := c.askGamma(ctx, request{path: "markets/slug/" + slug, most: maxMarket})
	if err != nil {
		return nil, err
	}
	l, err := decodeListed(answer)
	if err == nil {
		err = sameSlug(l.Slug, slug)
	}
	if err != nil {
		return nil, &AnswerError{"market " + slug, err}
	}
	return l, nil
}

// ofEvent asks for a market that is to be in an event. If it does not say so itself, the
// event does.
func (c *Client) ofEvent(ctx context.Context, n Name) (*Market, error) {
	l, err := c.listedSlug(ctx, n.ID)
	if err == nil && slices.Contains(l.events, n.Event) {
		return &l.Market, nil
	}
	if err != nil && !IsNotFound(err) {
		return nil, err
	}
	e, err := c.event(ctx, n.Event)
	if err != nil {
		return nil, err
	}
	for i := range e.Markets {
		if lower(e.Markets[i].Slug) == n.ID {
			return &e.Markets[i], nil
		}
	}
	return nil, &ManyMarketsError{Event: e}
}

// onlyOf asks for the only market of an event.
func (c *Client) onlyOf(ctx context.Context, slug string) (*Market, error) {
	e, err := c.event(ctx, slug)
	switch {
	case err != nil:
		return nil, err
	case len(e.Markets) == 0:
		return nil, ErrNotOpen
	case len(e.Markets) > 1:
		return nil, &ManyMarketsError{Event: e}
	}
	return &e.Markets[0], nil
}

// unknownToOrderBook looks for a market by an id that the order book does not know, which
// says so with an error. Closed markets are listed apart (measured by others, 2026-07).
func (c *Client) unknownToOrderBook(ctx context.Context, n Name, key string, refusal error) (*Market, error) {
	odd := "" // of what may have been it
	for _, closed := range []string{"true", "false"} {
		list, err := c.list(ctx, url.Values{key: {n.ID}, "closed": {closed}})
		switch {
		case errors.Is(err, ErrNoGamma), IsNotFound(err):
			continue
		case err != nil:
			return nil, err
		}
		for i := range list {
			switch m := &list[i].Market; {
			case m.Unreadable != "":
				odd = m.Unreadable
			case m.Condition == n.ID || m.has(n.ID):
				return notInOrderBook(m)
			}
		}
	}
	if odd != "" {
		return nil, &AnswerError{n.ID, errors.New(odd)}
	}
	return nil, &NotFoundError{Name: n, refusal: refusal}
}

// list asks for a list of markets (GET /markets of Gamma).
func (c *Client) list(ctx context.Context, query url.Values) ([]listedIn, error) {
	answer, err := c.askGamma(ctx, request{path: "markets", query: query.Encode(), most: maxEvent})
	if err != nil {
		return nil, err
	}
	list, err := decodeList(answer)
	if err != nil {
		return nil, &AnswerError{"a list of markets", err}
	}
	return list, nil
}

func (m *Market) has(token string) bool {
	for _, t := range m.Tokens {
		if t.ID == token {
			return true
		}
	}
	return false
}

// notFound returns the error for a slug that is unknown, with what the exchange's search
// finds for its words (GET /public-search). If that fails, there are no suggestions.
func (c *Client) notFound(ctx context.Context, n Name, refusal error) error {
	words := strings.Join(strings.FieldsFunc(n.ID, func(r rune) bool { return strings.ContainsRune("-_.", r) }), " ")
	query := url.Values{
		"q": {words}, "limit_per_type": {strconv.Itoa(MaxSuggestions)}, "events_status": {"active"},
		"search_tags": {"false"}, "search_profiles": {"false"},
	}
	e := &NotFoundError{Name: n, refusal: refusal}
	if answer, err := c.askGamma(ctx, request{path: "public-search", query: query.Encode(), most: maxEvent}); err == nil {
		e.Suggestions = decodeSearch(answer)
	}
	return e
}

// decodeEvent reads an answer about an event.
func decodeEvent(answer []byte) (*Event, error) {
	o, err := readObject(answer)
	if err != nil {
		return nil, err
	}
	e := &Event{Slug: o.label("slug"), Title: o.label("title")}
	if o.Err() != nil {
		return nil, o.Err()
	}
	if list := o.Value("markets"); list != nil {
		listed, err := decodeList(list)
		if err != nil {
			return nil, fmt.Errorf("markets: %w", err)
		}
		for i := range listed {
			e.Markets = append(e.Markets, listed[i].Market)
		}
	}
	return e, nil
}

// decodeList reads an array of markets as they are listed. One that is odd spoils no other.
func decodeList(answer []byte) ([]listedIn, error) {
	elements, err := strictjson.ReadArray(answer, maxListed)
	if err != nil {
		return nil, err
	}
	markets := make([]listedIn, len(elements))
	for i, element := range elements {
		o, err := readObject(element)
		if err != nil {
			markets[i].Unreadable = err.Error()
			continue
		}
		markets[i] = listedIn{*o.listedMarket(), o.eventSlugs()}
	}
	return markets, nil
}

// decodeListed reads a market as Gamma lists it.
func decodeListed(answer []byte) (*listedIn, error) {
	o, err := readObject(answer)
	if err != nil {
		return nil, err
	}
	m := o.listedMarket()
	if m.Unreadable != "" {
		return nil, errors.New(m.Unreadable)
	}
	return &listedIn{*m, o.eventSlugs()}, nil
}

// listedMarket returns a market as Gamma lists it. Nearly every field may be missing, null
// or an empty string, which all say the same; numbers may be strings. One that could not be
// read has no more than its texts.
func (o object) listedMarket() *Market {
	closed := o.flagOr("closed", false)
	m := &Market{
		Condition:       strings.ToLower(o.Text("conditionId")),
		Question:        o.label("question"),
		Slug:            o.label("slug"),
		GroupTitle:      o.label("groupItemTitle"),
		NegRisk:         o.flagOr("negRisk", false),
		Active:          o.flagOr("active", !closed),
		Closed:          closed,
		AcceptingOrders: o.flagOr("acceptingOrders", !closed),
		OrderBook:       o.flagOr("enableOrderBook", true),
		EndDate:         o.date("endDate"),
		TickSize:        number(o, "orderPriceMinTickSize", book.ParsePrice[string], book.Dollar-1),
		MinOrderSize:    number(o, "orderMinSize", book.ParseSize[string], maxOrderSize),
		Tokens:          o.listedTokens(),
	}
	if m.EndDate.IsZero() {
		m.EndDate = o.date("endDateIso")
	}
	if m.Condition != "" && !feed.IsCondition(m.Condition) {
		o.Wrong("conditionId", "it is no condition id")
		m.Condition = ""
	}
	if o.Err() != nil {
		return &Market{Condition: m.Condition, Question: m.Question, Slug: m.Slug, GroupTitle: m.GroupTitle, Unreadable: o.Err().Error()}
	}
	return m
}

// eventSlugs returns the slugs of the events that a market is listed with.
func (o object) eventSlugs() (slugs []string) {
	for _, e := range o.objects("events") {
		slugs = append(slugs, lower(e.Text("slug")))
	}
	return slugs
}

// listedTokens returns the tokens of a market in the list. Which outcome a token is of says
// its place alone: where there are not as many of both, nothing does.
func (o object) listedTokens() []Token {
	ids, outcomes := o.texts("clobTokenIds"), o.texts("outcomes")
	tokens := make([]Token, len(ids))
	for i, id := range ids {
		tokens[i].ID = id
		if len(outcomes) == len(ids) {
			tokens[i].Outcome = outcomes[i]
		}
	}
	tokens, reason := withIDs(tokens)
	if reason != "" {
		o.Wrong("clobTokenIds", reason)
	}
	return tokens
}

// decodeSearch reads the events that a search has found. What cannot be read is left out.
func decodeSearch(answer []byte) (found []Suggestion) {
	o, err := readObject(answer)
	if err != nil {
		return nil
	}
	for _, e := range o.objects("events") {
		s := Suggestion{Slug: e.Text("slug"), Title: e.label("title")}
		if e.Err() == nil && isSlug(s.Slug) && len(found) < MaxSuggestions {
			found = append(found, s)
		}
	}
	return found
}
