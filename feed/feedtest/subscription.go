package feedtest

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"
)

// request is a text of a client, if it is JSON.
type request struct {
	Type      *string  `json:"type"`
	Operation *string  `json:"operation"`
	Assets    []string `json:"assets_ids"`
	Custom    *bool    `json:"custom_feature_enabled"`
	Dump      *bool    `json:"initial_dump"`
}

// What the exchange says in words.
const (
	pong             = "PONG"
	noNewAssets      = "NO NEW ASSETS"
	invalidOperation = "INVALID OPERATION"
	invalidPayload   = "invalid subscription payload"
)

// receive answers a text of a client.
func (v *Venue) receive(c *connection, text []byte) {
	if c.user != nil {
		v.receiveUser(c, text)
		return
	}
	if string(bytes.TrimSpace(text)) == "PING" {
		if !c.begun {
			v.closeLater(c, 1008, invalidPayload)
			return
		}
		v.pong(c)
		return
	}
	if len(text) > maxSubscription {
		v.closeLater(c, 1009, "")
		return
	}
	var r request
	err := json.Unmarshal(text, &r)
	isMarket := r.Type != nil && strings.EqualFold(*r.Type, "market")
	switch {
	case !c.begun && (err != nil || !isMarket || r.Assets == nil):
		v.closeLater(c, 1008, invalidPayload)
	case !c.begun:
		c.begun = true
		if v.refuseSubscription(c) {
			return
		}
		if r.Custom != nil {
			c.custom = *r.Custom
		}
		c.state = subscribed
		v.subscribe(c, r.Assets, r.Dump == nil || *r.Dump)
	case err != nil || r.Operation == nil || r.Assets == nil:
		v.say(c, invalidOperation)
	case *r.Operation == "subscribe":
		if r.Custom != nil {
			c.custom = *r.Custom
		}
		v.subscribe(c, r.Assets, r.Dump == nil || *r.Dump)
	case *r.Operation == "unsubscribe":
		v.unsubscribe(c, r.Assets)
	default:
		v.say(c, invalidOperation)
	}
}

// say sends a text that is no JSON.
func (v *Venue) say(c *connection, text string) { v.pushTo(c, []byte(text), nil) }

// pong answers PING. It takes its time: 0.14 s in the median, 1.3 s in 1 of 100
// (nsl).
func (v *Venue) pong(c *connection) {
	takes := min(time.Duration(140e6*math.Exp(v.client.NormFloat64()*0.96)), 8*time.Second)
	at := max(c.ponged, v.now+int64(max(takes-25*time.Millisecond, 0)))
	c.ponged = at
	v.at(at, func() {
		if c.state == ended || c.fate.dead {
			return
		}
		if len(c.fate.held) > 0 { // it queues behind data
			v.hold(c, []byte(pong))
			return
		}
		v.hand(c, []byte(pong))
	})
}

// subscribe answers a subscription to some tokens.
func (v *Venue) subscribe(c *connection, tokens []string, dump bool) {
	first := len(c.asked) == 0 && len(c.left) == 0
	var added []ref
	news := false
	for _, t := range tokens {
		if c.asked[t] {
			continue
		}
		c.asked[t], news = true, true
		if r := v.tokens[t]; r.listing != nil {
			added = append(added, r)
		}
	}
	if !news && !first {
		v.say(c, noNewAssets)
		return
	}
	takes := v.between(leastOpening, mostOpening) - mostUp - leastTransit
	oldChange := v.client.Float64() < v.quirks.OldChanges
	if oldChange {
		v.after(takes-time.Millisecond, func() { v.changeOne(added) })
	}
	v.after(takes, func() {
		if c.state == ended || c.closing {
			return
		}
		v.opening(c, added, dump, oldChange)
	})
}

// opening sends the books of some tokens as they are now. What is sent afterwards is
// for the connection.
func (v *Venue) opening(c *connection, tokens []ref, dump, oldChange bool) {
	tokens = slices.DeleteFunc(tokens, func(r ref) bool { return r.listing.over || !c.asked[r.listing.outcome(r.no).token()] })
	var old *message
	if oldChange {
		old = v.oldChange(tokens)
	}
	shown := 0
	data := []byte{'['}
	for _, r := range tokens {
		o := r.listing.outcome(r.no)
		if c.left[o.token()] && v.client.Float64() < v.quirks.NoSecondBook {
			v.counts.NoSecondBooks++
			continue
		}
		if c.books++; c.books > maxOpened || v.leavesOut(c, o.token()) {
			continue
		}
		if shown++; shown > 1 {
			data = append(data, ',')
		}
		data = v.appendOpeningBook(data, o)
	}
	data = v.openingFault(c, append(data, "]\n"...), tokens)
	if !dump || len(tokens) > 0 && shown == 0 && (len(c.left) > 0 || c.books > maxOpened) {
		data = nil
	}
	v.pushTo(c, data, func() {
		for _, r := range tokens {
			if c.asked[r.listing.outcome(r.no).token()] {
				c.watch[r.listing.index] |= bit(r.no)
			}
		}
	})
	if old != nil && len(data) > 0 {
		v.counts.OldChanges++
		v.encode(old)
		v.pushTo(c, old.data, nil)
	}
}

// changeOne makes a change in the market of one of some tokens.
func (v *Venue) changeOne(tokens []ref) {
	for _, r := range tokens {
		if l := r.listing; v.free(l) && l.whole() {
			v.send(v.changeFrames(l, 1, false))
			return
		}
	}
}

// oldChange makes a change in the market of one of some tokens, if there was one a
// millisecond ago. It returns that one, which is to come late.
func (v *Venue) oldChange(tokens []ref) *message {
	for _, r := range tokens {
		l := r.listing
		newest := v.stream.newestOf(l)
		if !v.free(l) || !l.whole() || newest == nil || newest.stamp != l.time || newest.run != l.runs {
			continue
		}
		old := *newest
		old.data, old.genuine = nil, false
		v.send(v.changeFrames(l, 1, false))
		if l.time == old.stamp+1 {
			return &old
		}
		return nil
	}
	return nil
}

// unsubscribe ends what is sent for some tokens. What is on its way still comes.
func (v *Venue) unsubscribe(c *connection, tokens []string) {
	tokens = slices.Clone(tokens)
	for _, t := range tokens {
		if c.asked[t] {
			delete(c.asked, t)
			c.left[t] = true
		}
	}
	v.pushTo(c, nil, func() {
		for _, t := range tokens {
			if r := v.tokens[t]; r.listing != nil && !c.asked[t] {
				c.watch[r.listing.index] &^= bit(r.no)
			}
		}
	})
}
