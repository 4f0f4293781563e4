package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// maxMarket bounds an answer about one market, in bytes: most is its description.
const maxMarket = 1 << 20

// Market is what the exchange says of a market beside its books. The texts are anything
// that it wrote, in UTF-8 and at most 1,000 bytes of each.
type Market struct {
	// Condition is the id: 0x and 64 hex digits in lower case, as in the stream. It is
	// "" of a market in an [Event] that has none yet.
	Condition string
	Question  string // "" if there is none
	Slug      string // of the market's page, "" if there is none
	// GroupTitle is what tells the market from the others of its event, such as a
	// candidate's name. It is "" if there is none, and where the event was not asked for:
	// a market that was named by an id.
	GroupTitle string
	// Tokens are those of [Client.Market] at least one if there is an OrderBook, in the
	// exchange's order, each with an id of its own: what engine.Watch takes. The outcomes
	// need not be Yes and No, nor Yes the first, and old markets have another number of
	// them than two. In an [Event] there are none as long as a market is not open.
	Tokens []Token
	// TickSize is the grid of its prices, 0 if it does not say. It changes while the
	// market is open: the stream tells.
	TickSize     book.Price
	MinOrderSize book.Size // 0 if it does not say
	NegRisk      bool
	// EndDate is when the market is planned to end, which is not when it will be closed.
	// Gamma says it with its time, and the order book the day alone, which is all that is
	// known of a market that was named by an id: it is the last second of that day then,
	// in UTC, so that nothing is called over that is not. It is zero if the exchange does
	// not say, or not in a form known here.
	EndDate time.Time
	Active  bool
	// Closed says that it is over: no book of its tokens will change again.
	Closed          bool
	AcceptingOrders bool
	// OrderBook says that it is traded by an order book: a very old one is not.
	OrderBook bool
	// Unreadable says what could not be read of a market in an [Event], of which no more is
	// known then than its condition and its texts, if those could be read. It is "" of others.
	Unreadable string
}

// Token is one of the outcomes of a [Market].
type Token struct {
	ID string // 1 to 78 digits
	// Outcome is such as "Yes", or the name of a team. In an [Event] it is "" where the
	// exchange does not say which outcome belongs to the token.
	Outcome string
}

// TokenIDs returns the ids of the tokens, in their order: engine.Watch takes them.
func (m *Market) TokenIDs() []string {
	ids := make([]string, 0, len(m.Tokens))
	for _, t := range m.Tokens {
		ids = append(ids, t.ID)
	}
	return ids
}

// Market returns what the exchange says of a market. The name is the id of one of its
// tokens, its condition id, its slug, the slug of an event that has no other market, or the
// address of either on the exchange's site: see [ParseName].
//
// What a market is says the order book itself (GET /markets/{condition}), which names the
// outcome of each token. Gamma, which lists the markets of the site, is asked which market
// a slug is of, and for those that the order book does not know: one that is closed is
// returned as it is listed there, as is one without an order book; one that is not open yet
// is ErrNotOpen.
//
// A market is of the event that its address has it in: otherwise the error lists those that
// are. What is said otherwise than it should is an [*AnswerError]; fields that are not known
// here are no fault. A call makes two requests, or four if it fails, and takes 10 seconds at
// most. The errors are those of [Client.FetchBooks], and [*AnswerError], [*NameError],
// [*NotFoundError], [*ManyMarketsError], [ErrNotOpen] and [ErrNoGamma].
func (c *Client) Market(ctx context.Context, name string) (*Market, error) {
	n, err := ParseName(name)
	if err != nil {
		return nil, err
	}
	ctx, release := c.bound(ctx, requestTime)
	defer release()
	var m *Market
	switch n.Kind {
	case TokenName:
		m, err = c.marketOfToken(ctx, n.ID)
		if IsNotFound(err) {
			return c.unknownToOrderBook(ctx, n, "clob_token_ids", err)
		}
	case ConditionName:
		m, err = c.marketOf(ctx, n.ID)
		if IsNotFound(err) {
			return c.unknownToOrderBook(ctx, n, "condition_ids", err)
		}
	default:
		m, err = c.marketOfSlug(ctx, n)
	}
	return m, err
}

// marketOf asks the order book for the market of a condition (GET /markets,
// docs.polymarket.com).
func (c *Client) marketOf(ctx context.Context, condition string) (*Market, error) {
	answer, err := c.ask(ctx, c.markets, request{path: "markets/" + condition, most: maxMarket})
	if err != nil {
		return nil, err
	}
	return decodeMarket(answer, condition)
}

// marketOfToken asks the order book for the market of a token (GET /markets-by-token).
func (c *Client) marketOfToken(ctx context.Context, token string) (*Market, error) {
	answer, err := c.ask(ctx, c.markets, request{path: "markets-by-token/" + token, most: maxMarket})
	if err != nil {
		return nil, err
	}
	condition, err := decodeCondition(answer)
	if err != nil {
		return nil, &AnswerError{"token " + token, err}
	}
	m, err := c.marketOf(ctx, condition)
	if err == nil && !slices.Contains(m.TokenIDs(), token) {
		return nil, &AnswerError{"token " + token, fmt.Errorf("market %s has no such token", condition)}
	}
	return m, err
}

// IsNotFound says whether an error is the exchange's own answer that there is no such
// thing: status 404 or 422 with its error in JSON. The page of a proxy, or of a wrong URL,
// says nothing of it, nor does a server that wants to be left alone: that may be its answer
// to an earlier request.
func IsNotFound(err error) bool {
	refusal := (*feed.StatusError)(nil)
	if !errors.As(err, &refusal) || refusal.RetryAfter != 0 ||
		refusal.Status != http.StatusNotFound && refusal.Status != http.StatusUnprocessableEntity {
		return false
	}
	o, err := readObject([]byte(refusal.Body))
	return err == nil && o.Text("error") != "" && o.Err() == nil
}

// decodeCondition reads the condition id of an answer about a token.
func decodeCondition(answer []byte) (string, error) {
	o, err := readObject(answer)
	if err != nil {
		return "", err
	}
	condition := strings.ToLower(o.Text("condition_id"))
	if !feed.IsCondition(condition) {
		o.Wrong("condition_id", "it is no condition id")
	}
	return condition, o.Err()
}

// decodeMarket reads an answer about the market of a condition.
func decodeMarket(answer []byte, condition string) (*Market, error) {
	m, err := readMarket(answer)
	switch {
	case errors.Is(err, ErrNotOpen):
		return nil, err
	case err == nil && m.Condition != condition:
		err = fmt.Errorf("it is about %s", m.Condition)
	}
	if err != nil {
		return nil, &AnswerError{"market " + condition, err}
	}
	return m, nil
}

func readMarket(answer []byte) (*Market, error) {
	o, err := readObject(answer)
	if err != nil {
		return nil, err
	}
	m := &Market{
		Condition:       strings.ToLower(o.Text("condition_id")),
		Question:        o.label("question"),
		Slug:            o.label("market_slug"),
		NegRisk:         o.flag("neg_risk"),
		Active:          o.flag("active"),
		Closed:          o.flag("closed"),
		AcceptingOrders: o.flag("accepting_orders"),
		OrderBook:       o.flagOr("enable_order_book", true),
		EndDate:         o.day("end_date_iso"),
		TickSize:        number(o, "minimum_tick_size", book.ParsePrice[string], book.Dollar-1),
		MinOrderSize:    number(o, "minimum_order_size", book.ParseSize[string], maxOrderSize),
	}
	if !feed.IsCondition(m.Condition) {
		o.Wrong("condition_id", "it is no condition id")
	}
	m.Tokens = o.tokens()
	switch {
	case o.Err() != nil:
		return nil, o.Err()
	case len(m.Tokens) == 0:
		return nil, ErrNotOpen
	}
	return m, nil
}

// maxOrderSize is larger than any size that the decoder of books reads.
const maxOrderSize = 1_000_000_000_000 * book.Share

// maxOutcomes bounds the tokens of a market, which has two today.
const maxOutcomes = 1000

// tokens returns those of a market in the order book.
func (o object) tokens() []Token {
	elements := o.Array("tokens", maxOutcomes)
	tokens := make([]Token, 0, len(elements))
	for _, element := range elements {
		e, err := readObject(element)
		if err == nil {
			tokens = append(tokens, Token{ID: e.Text("token_id"), Outcome: e.label("outcome")})
			err = e.Err()
		}
		if err != nil {
			o.Wrong("tokens", err.Error())
			return nil
		}
	}
	tokens, reason := withIDs(tokens)
	if reason != "" {
		o.Wrong("tokens", "token_id: "+reason)
	}
	return tokens
}

// withIDs returns the tokens of a market if each has an id of its own, none if none has
// any, as in one that is new, and otherwise what is wrong with them.
func withIDs(tokens []Token) (list []Token, reason string) {
	known := map[string]bool{"": true}
	for _, t := range tokens {
		switch {
		case t.ID == "":
			continue
		case !feed.IsToken(t.ID):
			return nil, "no number of 1 to 78 digits"
		case known[t.ID]:
			return nil, "it comes twice"
		}
		known[t.ID] = true
		list = append(list, t)
	}
	if len(list) > 0 && len(list) < len(tokens) {
		return nil, "not all have one"
	}
	return list, ""
}
