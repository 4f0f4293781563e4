package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// maxMarket bounds the answer of [Client.Market], in bytes: most is its description.
const maxMarket = 1 << 20

// Market is what the exchange says of a market beside its books. The texts are anything
// that it wrote.
type Market struct {
	// Condition is the id: 0x and 64 hex digits in lower case, as in the stream.
	Condition string
	Question  string // "" if there is none
	Slug      string // of the market's page, "" if there is none
	// Tokens are at least one, in the exchange's order, each with an id of its own. A
	// market of Yes and No has Yes first.
	Tokens []Token
	// TickSize is the grid of its prices, 0 if it does not say. It changes while the
	// market is open: the stream tells.
	TickSize     book.Price
	MinOrderSize book.Size // 0 if it does not say
	NegRisk      bool
	Active       bool
	// Closed says that it is over: no book of its tokens will change again.
	Closed          bool
	AcceptingOrders bool
}

// Token is one of the outcomes of a [Market].
type Token struct {
	ID      string // 1 to 78 digits
	Outcome string // such as "Yes"
}

// Market returns what the exchange says of a market (GET /markets, docs.polymarket.com).
// The condition is its id, 0x and 64 hex digits. What it says otherwise than it should
// is an error that names the field; fields that are not known here are no fault.
//
// The errors are those of [Client.FetchBooks], and [ErrNoTokens].
func (c *Client) Market(ctx context.Context, condition string) (*Market, error) {
	condition = strings.ToLower(condition)
	if !feed.IsCondition(condition) {
		return nil, fmt.Errorf("rest: %s is no condition id: 0x and 64 hex digits",
			strconv.QuoteToASCII(condition[:min(len(condition), 100)]))
	}
	answer, err := c.ask(ctx, c.markets, request{path: condition, most: maxMarket})
	if err != nil {
		return nil, err
	}
	return decodeMarket(answer, condition)
}

// decodeMarket reads an answer about the market of a condition.
func decodeMarket(answer []byte, condition string) (*Market, error) {
	m, err := readMarket(answer)
	switch {
	case errors.Is(err, ErrNoTokens):
		return nil, err
	case err == nil && m.Condition != condition:
		err = fmt.Errorf("it is about %s", m.Condition)
	}
	if err != nil {
		return nil, fmt.Errorf("rest: the answer about market %s: %w", condition, err)
	}
	return m, nil
}

func readMarket(answer []byte) (*Market, error) {
	if !utf8.Valid(answer) {
		return nil, errors.New("it is no UTF-8") // which would be mended silently
	}
	o, err := readObject(answer)
	if err != nil {
		return nil, err
	}
	m := &Market{
		Condition:       strings.ToLower(o.text("condition_id")),
		Question:        o.text("question"),
		Slug:            o.text("market_slug"),
		NegRisk:         o.flag("neg_risk"),
		Active:          o.flag("active"),
		Closed:          o.flag("closed"),
		AcceptingOrders: o.flag("accepting_orders"),
		TickSize:        number(o, "minimum_tick_size", book.ParsePrice[string], book.Dollar-1),
		MinOrderSize:    number(o, "minimum_order_size", book.ParseSize[string], maxOrderSize),
	}
	if !feed.IsCondition(m.Condition) {
		o.wrong("condition_id", "it is no condition id")
	}
	if o.err != nil {
		return nil, o.err
	}
	m.Tokens, err = readTokens(o.value("tokens"))
	return m, err
}

// maxOrderSize is larger than any size that the decoder of books reads.
const maxOrderSize = 1_000_000_000_000 * book.Share

// readTokens reads the list of tokens, in which a market that is new has none, or those
// without ids.
func readTokens(list json.RawMessage) ([]Token, error) {
	var elements []json.RawMessage
	if list != nil {
		if err := json.Unmarshal(list, &elements); err != nil {
			return nil, errors.New("tokens: no array")
		}
	}
	var tokens []Token
	known := map[string]bool{}
	nameless := 0
	for _, element := range elements {
		o, err := readObject(element)
		if err != nil {
			return nil, fmt.Errorf("tokens: %w", err)
		}
		token := Token{ID: o.text("token_id"), Outcome: o.text("outcome")}
		switch {
		case o.err == nil && token.ID == "":
			nameless++
			continue
		case o.err == nil && !feed.IsToken(token.ID):
			o.wrong("token_id", "no number of 1 to 78 digits")
		case known[token.ID]:
			o.wrong("token_id", "it comes twice")
		}
		if o.err != nil {
			return nil, fmt.Errorf("tokens: %w", o.err)
		}
		known[token.ID] = true
		tokens = append(tokens, token)
	}
	switch {
	case len(tokens) == 0:
		return nil, ErrNoTokens
	case nameless > 0:
		return nil, errors.New("tokens: not all have an id")
	}
	return tokens, nil
}
