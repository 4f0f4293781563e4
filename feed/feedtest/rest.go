package feedtest

import (
	"bytes"
	"slices"
	"time"
)

// What a REST answer takes, there and back: 149 ms on average (nsl).
const leastAnswer, mostAnswer = 30 * time.Millisecond, 300 * time.Millisecond

// noBook is the body of a 404.
const noBook = `{"error":"No orderbook exists for the requested token id"}`

// Fetch asks for the books of some tokens by REST. The answer is [Answered] with the
// id, after 30 to 300 ms. It tells what the exchange has at that time, which the
// stream may not have brought yet: a time between now and then is drawn.
//
// One token is asked for by GET /book: the body is one book, or the status 404. With
// more it is POST /books: an array of books, in which those that are unknown or
// settled are left out. None gives an empty array.
func (v *Venue) Fetch(id uint64, tokens []string) {
	tokens = slices.Clone(tokens)
	takes := v.between(leastAnswer, mostAnswer)
	there := time.Duration((0.2 + 0.6*v.client.Float64()) * float64(takes))
	v.after(there, func() {
		a := v.answer(tokens)
		a.Kind, a.Fetch = Answered, id
		extra := v.answerFault(&a, tokens)
		v.after(takes-there+extra, func() { v.deliver(a) })
	})
}

// answer is what the exchange answers when nothing is wrong.
func (v *Venue) answer(tokens []string) Delivery {
	if len(tokens) == 1 {
		r := v.tokens[tokens[0]]
		if r.listing == nil || r.listing.over {
			return Delivery{Code: 404, Data: []byte(noBook)}
		}
		return Delivery{Code: 200, Data: v.appendRESTBook(nil, r.listing.outcome(r.no))}
	}
	return Delivery{Code: 200, Data: v.answerBooks(tokens, func(o outcome) outcome { return o })}
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
