package feed_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// FuzzDecode holds the decoder against encoding/json: it never panics, refuses
// what encoding/json refuses, and where both read a frame, they read the same.
func FuzzDecode(f *testing.F) {
	for _, frame := range []string{
		bookFrame, changeFrame, tradeFrame, tickFrame, "[" + bookFrame + "," + changeFrame + "]",
		`{"asset_id":"$Y","changes":[{"price":".4","side":"SELL","size":"3300"}],"event_type":"price_change","market":"$M","timestamp":1729084877,"hash":"$H"}`,
		`{"asset_id":"$Y","hash":"$H","event_type":"price_change","market":"$M","price":"0.514","side":"SELL","size":"2.08","timestamp":"1723967931411"}`,
		`{"asset_id":"$Y","market":"$M","buys":[],"sells":[{"size":"1","price":"0.50"}],"timestamp":"1723967931411"}`,
		`{"event_type":"best_bid_ask","market":"$M","asset_id":"$Y","best_bid":"0.5","best_ask":"","timestamp":"1786728467006"}`,
		`{"event_type":"market_resolved","market":"$M","assets_ids":["$Y"],"timestamp":"1786728467006"}`,
		`{"event_type":"new_market","assets_ids":"[\"1\"]"}`,
		"PONG", "[]", "null", "12", `[{"a":{"b":[1.5e3,true,"\u00e9\n"]}}]`,
	} {
		f.Add([]byte(expand(frame)))
	}
	f.Fuzz(checkAgainstJSON)
}

func checkAgainstJSON(t *testing.T, frame []byte) {
	events, err := feed.NewDecoder(feed.DecoderOptions{Learn: true}).Decode(frame)
	if err != nil {
		if len(events) > 0 {
			t.Fatalf("events beside an error: %s", show(events))
		}
		return
	}
	trimmed := bytes.TrimSpace(frame)
	if len(trimmed) == 0 || trimmed[0] != '{' && trimmed[0] != '[' {
		return
	}
	tree, ok := parseTree(frame)
	if !ok {
		t.Fatalf("encoding/json refuses %q, read as %s", frame, show(events))
	}
	objects, isArray := tree.([]any)
	if !isArray {
		objects = []any{tree}
	}
	var want []string
	for _, o := range objects {
		want = append(want, referenceEvents(o.(map[string]any))...)
	}
	var got []string
	for _, e := range events {
		if line := show([]feed.Event{e}); !strings.HasPrefix(line, "bad ") && !strings.HasPrefix(line, "resolved ") {
			got = append(got, line)
		}
	}
	// An event that the decoder calls bad, or a change of a price_change, may be
	// missing from got; whatever is there must be what the reference reads.
	if diff := diffOfAccepted(got, want); diff != "" {
		t.Fatalf("%s\nread differently (-encoding/json +decoder):\n%s", frame, diff)
	}
	heard := tokensOf(events)
	for _, o := range objects {
		for _, token := range concerned(o.(map[string]any)) {
			if !heard[token] {
				t.Fatalf("%s\nsays something of %q, and nothing came of it: %s", frame, token, show(events))
			}
		}
	}
}

// tokensOf returns the tokens that some event is about.
func tokensOf(events []feed.Event) map[string]bool {
	tokens := map[string]bool{}
	for _, e := range events {
		switch e := e.(type) {
		case *feed.Book:
			tokens[e.Asset.ID] = true
		case *feed.PriceChange:
			for _, c := range e.Changes {
				tokens[c.Asset.ID] = true
			}
		case *feed.Trade:
			tokens[e.Asset.ID] = true
		case *feed.TickSizeChange:
			tokens[e.Asset.ID] = true
		case *feed.Bad:
			tokens[e.Asset.ID] = true
		}
	}
	return tokens
}

// concerned returns the tokens whose books an object may change, as whoever reads
// it with encoding/json would see them.
func concerned(o map[string]any) []string {
	var tokens []string
	add := func(v any) {
		if id, ok := v.(string); ok && id != "" && len(id) <= 128 {
			tokens = append(tokens, id)
		}
	}
	switch o["event_type"] {
	case "book", "last_trade_price", "tick_size_change":
		add(o["asset_id"])
	case "price_change":
		list, isNew := o["price_changes"].([]any)
		if !isNew {
			if list, isOld := o["changes"].([]any); !isOld || len(list) > 0 {
				add(o["asset_id"])
			}
			break
		}
		for _, c := range list {
			if c, ok := c.(map[string]any); ok {
				add(c["asset_id"])
			}
		}
	}
	return tokens
}

// diffOfAccepted expects got to be a subsequence of want.
func diffOfAccepted(got, want []string) string {
	rest := want
	for _, line := range got {
		for len(rest) > 0 && rest[0] != line {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			return cmp.Diff(want, got)
		}
		rest = rest[1:]
	}
	return ""
}

// parseTree reads a whole JSON text with encoding/json. Objects become
// map[string]any; one that has a key twice gets the entry "" instead.
func parseTree(frame []byte) (any, bool) {
	if !json.Valid(frame) {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(frame))
	d.UseNumber()
	v, err := parseValue(d)
	if err != nil {
		return nil, false
	}
	_, err = d.Token()
	return v, errors.Is(err, io.EOF)
}

func parseValue(d *json.Decoder) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		object := map[string]any{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			value, err := parseValue(d)
			if err != nil {
				return nil, err
			}
			if _, twice := object[key.(string)]; twice {
				object["\x00twice "+key.(string)] = true
			}
			object[key.(string)] = value
		}
		_, err := d.Token()
		return object, err
	case json.Delim('['):
		array := []any{}
		for d.More() {
			value, err := parseValue(d)
			if err != nil {
				return nil, err
			}
			array = append(array, value)
		}
		_, err := d.Token()
		return array, err
	}
	return token, nil
}

// referenceEvents reads one object as a naive client would: with a decimal
// library, by the names of the keys, the last of duplicates winning. It is
// lenient where it can be, since only what the decoder accepts is compared.
func referenceEvents(o map[string]any) []string {
	text := func(v any) string {
		switch v := v.(type) {
		case string:
			return v
		case json.Number:
			return v.String()
		}
		return ""
	}
	alias := func(a, b string) any {
		if v, ok := o[a]; ok {
			return v
		}
		return o[b]
	}
	time := text(o["timestamp"])
	if time = strings.TrimLeft(time, "0"); len(time) <= 11 {
		time += "000" // seconds
	}
	eventType, has := o["event_type"]
	if !has {
		_, changes := o["changes"]
		_, priceChanges := o["price_changes"]
		switch {
		case changes || priceChanges:
			eventType = "price_change"
		case alias("bids", "buys") != nil && alias("asks", "sells") != nil:
			eventType = "book"
		case o["old_tick_size"] != nil && o["new_tick_size"] != nil:
			eventType = "tick_size_change"
		}
	}
	asset := fmt.Sprintf("%.4s", text(o["asset_id"]))
	switch eventType {
	case "book":
		line := fmt.Sprintf("book %s @%s #%.4s%s |%s tick %s last %v %q", asset, time, hashText(o["hash"]),
			referenceLevels(alias("bids", "buys")), referenceLevels(alias("asks", "sells")),
			number(o["tick_size"]), o["last_trade_price"] != nil, lastTradeText(text(o["last_trade_price"])))
		if risk, ok := o["neg_risk"].(bool); ok && text(o["min_order_size"]) != "" {
			line += fmt.Sprintf(" min %s risk %v", number(o["min_order_size"]), risk)
		}
		return []string{line + "\n"}
	case "price_change":
		return referenceChanges(o, time)
	case "last_trade_price":
		return []string{fmt.Sprintf("trade %s %s %sx%s (%d decimals) @%s fee %s tx %s\n", asset, side(o["side"]),
			number(o["price"]), number(o["size"]), decimalsOf(text(o["price"])), time,
			text(o["fee_rate_bps"]), text(o["transaction_hash"]))}
	case "tick_size_change":
		return []string{fmt.Sprintf("tick %s %s to %s @%s\n", asset, number(o["old_tick_size"]), number(o["new_tick_size"]), time)}
	}
	return nil
}

func referenceLevels(v any) string {
	var out strings.Builder
	list, _ := v.([]any)
	for _, l := range list {
		l, _ := l.(map[string]any)
		fmt.Fprintf(&out, " %sx%s", number(l["price"]), number(l["size"]))
	}
	return out.String()
}

// referenceChanges returns one line for each subset of the changes, since the
// decoder leaves out those of a token that one of them is bad for. Frames with
// more than a few are compared only whole.
func referenceChanges(o map[string]any, time string) []string {
	list, isNew := o["price_changes"].([]any)
	if !isNew {
		list, _ = o["changes"].([]any)
	}
	if _, isOld := o["changes"]; !isOld && !isNew {
		list = []any{o}
	}
	var changes []string
	for _, c := range list {
		c, _ := c.(map[string]any)
		asset, hash := c["asset_id"], c["hash"]
		if !isNew {
			asset, hash = o["asset_id"], o["hash"]
		}
		line := fmt.Sprintf(" (%.4s %s %sx%s #%.4s", asset, side(c["side"]), number(c["price"]), number(c["size"]), hashText(hash))
		_, bid := c["best_bid"].(string)
		if _, ask := c["best_ask"].(string); bid && ask {
			line += fmt.Sprintf(" best %s/%s", best(c["best_bid"]), best(c["best_ask"]))
		}
		changes = append(changes, line+")")
	}
	if len(changes) > 6 {
		return []string{"change @" + time + strings.Join(changes, "") + "\n"}
	}
	var lines []string
	for subset := (1 << len(changes)) - 1; subset > 0; subset-- {
		var line strings.Builder
		for i, c := range changes {
			if subset&(1<<i) != 0 {
				line.WriteString(c)
			}
		}
		lines = append(lines, "change @"+time+line.String()+"\n")
	}
	return lines
}

func number(v any) string {
	text, ok := v.(string)
	if !ok || text == "" {
		return "0"
	}
	if strings.ContainsAny(text, "eE") { // decimal would expand 1e999999999
		return "no number"
	}
	d, err := decimal.NewFromString(text)
	if err != nil {
		return "no number"
	}
	return d.String()
}

func best(v any) string {
	if text := number(v); text != "1" {
		return text
	}
	return "0"
}

func side(v any) string {
	if v == "BUY" {
		return "bid"
	}
	return "ask"
}

func hashText(v any) string {
	text, _ := v.(string)
	h, err := feed.ParseHash(text)
	if err != nil {
		return ""
	}
	return h.String()
}

func decimalsOf(text string) int {
	_, fraction, _ := strings.Cut(text, ".")
	return min(len(fraction), 6)
}

func lastTradeText(text string) string {
	price, err := book.ParsePrice(text)
	if err != nil {
		return ""
	}
	return feed.LastTrade{Price: price, Decimals: int8(decimalsOf(text))}.String()
}
