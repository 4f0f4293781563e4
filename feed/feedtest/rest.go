package feedtest

import (
	"bytes"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// What a REST answer takes, there and back: 149 ms on average (nsl).
const leastAnswer, mostAnswer = 30 * time.Millisecond, 300 * time.Millisecond

// noBook is the body of a 404.
const noBook = `{"error":"No orderbook exists for the requested token id"}`

// noMarket is the body of a 404 for a market.
const noMarket = `{"error":"market not found"}`

// query is what is asked for by REST.
type query struct {
	kind   queryKind
	tokens []string // of oneBook and manyBooks
	name   string   // the condition, token or slug that it is about
	values url.Values
	signed *AccountRequest // of ofAccount
}

type queryKind uint8

const (
	oneBook     queryKind = iota // GET /book
	manyBooks                    // POST /books
	aboutMarket                  // GET /markets/{condition}
	aboutToken                   // GET /markets-by-token/{token}
	health                       // GET /ok
	clock                        // GET /time
	// Those of Gamma.
	gammaMarketSlug // GET /markets/slug/{slug}
	gammaEventSlug  // GET /events/slug/{slug}
	gammaList       // GET /markets
	gammaSearch     // GET /public-search

	ofAccount // what is signed
)

// Fetch asks for the books of some tokens by REST. The answer is [Answered] with the
// id, after 30 to 300 ms. It tells what the exchange has at that time, which the
// stream may not have brought yet: a time between now and then is drawn.
//
// One token is asked for by GET /book: the body is one book, or the status 404. With
// more it is POST /books: an array of books, in which those that are unknown or
// settled are left out. None gives an empty array.
func (v *Venue) Fetch(id uint64, tokens []string) {
	kind := manyBooks
	if len(tokens) == 1 {
		kind = oneBook
	}
	v.fetch(id, query{kind: kind, tokens: slices.Clone(tokens)})
}

func (v *Venue) fetch(id uint64, q query) {
	takes := v.between(leastAnswer, mostAnswer)
	there := time.Duration((0.2 + 0.6*v.client.Float64()) * float64(takes))
	v.after(there, func() {
		a := v.answer(&q)
		a.Kind, a.Fetch = Answered, id
		extra := v.answerFault(&a, &q)
		v.after(takes-there+extra, func() { v.deliver(a) })
	})
}

// answer is what the exchange answers when nothing is wrong.
func (v *Venue) answer(q *query) Delivery {
	switch q.kind {
	case oneBook:
		r := v.tokens[q.tokens[0]]
		if r.listing == nil || r.listing.over {
			return Delivery{Code: 404, Data: []byte(noBook)}
		}
		return Delivery{Code: 200, Data: v.appendRESTBook(nil, r.listing.outcome(r.no))}
	case aboutMarket:
		l := v.listingOf(q.name)
		if l == nil {
			return Delivery{Code: 404, Data: []byte(noMarket)}
		}
		return Delivery{Code: 200, Data: l.appendREST(nil)}
	case aboutToken:
		l := v.tokens[q.name].listing
		if l == nil {
			return Delivery{Code: 404, Data: []byte(noMarket)}
		}
		return Delivery{Code: 200, Data: []byte(`{"condition_id":"` + l.Condition + `","primary_token_id":"` + l.Yes +
			`","secondary_token_id":"` + l.No + `"}`)}
	case gammaMarketSlug, gammaEventSlug, gammaList, gammaSearch:
		return v.answerGamma(q)
	case health:
		return Delivery{Code: 200, Data: []byte(`"OK"`)}
	case ofAccount:
		return v.answerAccount(q.signed, v.Now())
	case clock:
		return Delivery{Code: 200, Data: strconv.AppendInt(nil, v.now/int64(time.Second)-v.clockOffset/1000, 10)}
	default:
		return Delivery{Code: 200, Data: v.answerBooks(q.tokens, func(o outcome) outcome { return o })}
	}
}

// listingOf returns the market of a condition, nil if there is none.
func (v *Venue) listingOf(condition string) *listing {
	for _, l := range v.listings {
		if l.Condition == condition {
			return l
		}
	}
	return nil
}

// appendREST writes what REST tells of a market: its terms are numbers there, where
// those of a book are strings.
func (l *listing) appendREST(dst []byte) []byte {
	open := strconv.FormatBool(!l.over)
	dst = append(dst, `{"condition_id":"`+l.Condition+`","question":"`+l.Question+`","market_slug":"`+l.Slug+
		`","end_date_iso":"`+endDay+`","minimum_order_size":`+l.minSize+
		`,"minimum_tick_size":`+l.TickSize.String()+`,"neg_risk":`+strconv.FormatBool(l.NegRisk)+
		`,"enable_order_book":`+open+`,"active":true,"closed":`+strconv.FormatBool(l.over)+
		`,"accepting_orders":`+open+`,"tokens":[`...)
	for i, name := range l.Outcomes {
		if i > 0 {
			dst = append(dst, ',')
		}
		won := l.over && l.winner == (i == 0)
		dst = append(dst, `{"token_id":"`+l.outcome(i == 1).token()+`","outcome":"`+name+
			`","winner":`+strconv.FormatBool(won)+`}`...)
	}
	return append(dst, "]}"...)
}

// answerBooks writes an array of the books of some tokens, as they are or were.
func (v *Venue) answerBooks(tokens []string, as func(outcome) outcome) []byte {
	data := []byte{'['}
	for _, t := range tokens {
		r := v.tokens[t]
		if r.listing == nil || r.listing.over {
			continue
		}
		if len(data) > 1 {
			data = append(data, ',')
		}
		data = v.appendRESTBook(data, as(r.listing.outcome(r.no)))
	}
	return append(data, ']')
}

// appendRESTBook writes a book as REST answers it: the text of the hash with the hash
// in its place.
func (w *writer) appendRESTBook(dst []byte, o outcome) []byte {
	h := w.hash(o)
	empty := []byte(`"hash":""`)
	at := bytes.Index(w.hashed, empty) + len(empty) - 1
	dst = append(append(append(dst, w.hashed[:at]...), h[:]...), w.hashed[at:]...)
	return dst
}
