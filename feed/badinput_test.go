package feed_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

const (
	bookFrame   = `{"market":"$M","asset_id":"$Y","timestamp":"1784578686071","hash":"$H","bids":[{"price":"0.4","size":"7"}],"asks":[{"price":"0.6","size":"8"}],"tick_size":"0.01","event_type":"book","last_trade_price":"0.850"}`
	changeFrame = `{"market":"$M","price_changes":[{"asset_id":"$Y","price":"0.911","size":"50000","side":"BUY","hash":"$H","best_bid":"0.924","best_ask":"0.925"},{"asset_id":"$N","price":"0.089","size":"3","side":"SELL","hash":"$H","best_bid":"0.075","best_ask":"0.076"}],"timestamp":"1784578702354","event_type":"price_change"}`
	tradeFrame  = `{"market":"$M","asset_id":"$Y","price":"0.925","size":"216.216215","fee_rate_bps":"0","side":"BUY","timestamp":"1784578733812","event_type":"last_trade_price"}`
	tickFrame   = `{"asset_id":"$Y","event_type":"tick_size_change","market":"$M","new_tick_size":"0.001","old_tick_size":"0.01","timestamp":"1739068041853"}`
)

// TestBadSyntax: a frame that is no JSON, or whose object cannot be laid to a
// token, is refused whole, with the place.
func TestBadSyntax(t *testing.T) {
	deep := strings.Repeat("[", 9)
	for _, test := range []struct {
		name, frame string
		offset      int // -1: not checked
	}{
		{"half an object", `{"event_type":"book"`, 20},
		{"half an array", `[` + bookFrame, -1},
		{"trailing object", bookFrame + `{}`, -1},
		{"trailing comma", `[` + bookFrame + `,]`, -1},
		{"trailing comma in an object", `{"a":1,}`, 7},
		{"missing comma", `{"a":1 "b":2}`, 7},
		{"missing colon", `{"a" 1}`, 5},
		{"key without quotes", `{a:1}`, 1},
		{"single quotes", `{'a':1}`, 1},
		{"comment", `{/**/}`, 1},
		{"NaN", `{"price":NaN}`, 9},
		{"Infinity", `{"a":Infinity}`, 5},
		{"hex number", `{"a":0x10}`, 6},
		{"leading zero", `{"a":01}`, 6},
		{"leading plus", `{"a":+1}`, 5},
		{"lone minus", `{"a":-}`, 6},
		{"number without fraction", `{"a":1.}`, 7},
		{"number without exponent", `{"a":1e}`, 7},
		{"bad literal", `{"a":nul}`, 5},
		{"raw newline in a string", "{\"a\":\"\n\"}", 6},
		{"bad escape", `{"a":"\x"}`, 6},
		{"bad unicode escape", `{"a":"\u12g4"}`, 6},
		{"escape at the end", `{"a":"\`, 6},
		{"string that never ends", `{"a":"bc`, 8},
		{"nested too deeply", `{"a":` + deep + `}`, 5 + 7},
		{"invalid UTF-8", "{\"question\":\"\xff\"}", 13},
		{"invalid UTF-8 in a skipped event", "{\"event_type\":\"new_market\",\"question\":\"ab\xc3\"}", -1},
		{"array of numbers", `[1,2]`, 1},
		{"array of arrays", `[[]]`, 1},
		{"array of null", `[null]`, 1},
		{"a JSON string", `"PONG"`, 0},
		{"words and a brace", `PONG{`, 4},
		{"the tail of an event", `nt_type":"price_change"}`, 7},
		{"digits and more", `123abc`, 3},
		{"a long text of words", strings.Repeat("a", 129), -1},
		{"binary", "\x00\x01", 0},
		{"event_type is a number", strings.Replace(bookFrame, `"book"`, `1`, 1), -1},
		{"event_type is null", strings.Replace(bookFrame, `"book"`, `null`, 1), -1},
		{"event_type is escaped", strings.Replace(bookFrame, `"book"`, `"b\u006fok"`, 1), -1},
		{"book of no token", strings.Replace(bookFrame, `"asset_id":"$Y",`, ``, 1), 0},
		{"book of an empty token", strings.Replace(bookFrame, `"$Y"`, `""`, 1), -1},
		{"book of a numeric token", strings.Replace(bookFrame, `"$Y"`, `7`, 1), -1},
		{"book of two tokens", strings.Replace(bookFrame, `"asset_id":"$Y",`, `"asset_id":"$Y","asset_id":"$N",`, 1), -1},
		{"token too long", strings.Replace(bookFrame, `$Y`, strings.Repeat("1", 129), 1), -1},
		{"change of no token", strings.Replace(changeFrame, `"asset_id":"$N",`, ``, 1), -1},
		{"trade of no token", strings.Replace(tradeFrame, `"asset_id":"$Y",`, ``, 1), -1},
		{"tick change of no token", strings.Replace(tickFrame, `"asset_id":"$Y",`, ``, 1), 0},
		{"price_changes is null", `{"market":"$M","price_changes":null,"timestamp":"1784578702354","event_type":"price_change"}`, -1},
		{"price_changes is an object", `{"market":"$M","price_changes":{},"timestamp":"1784578702354","event_type":"price_change"}`, -1},
		{"price_changes holds only a number", `{"market":"$M","price_changes":[1],"timestamp":"1784578702354","event_type":"price_change"}`, -1},
		{"a change is a number", strings.Replace(changeFrame, `{"asset_id":"$N"`, `5,{"asset_id":"$N"`, 1), -1},
		{"a change is null", strings.Replace(changeFrame, `{"asset_id":"$N"`, `null,{"asset_id":"$N"`, 1), -1},
		{"a change is an array", strings.Replace(changeFrame, `{"asset_id":"$N"`, `[{"asset_id":"$Y"}],{"asset_id":"$N"`, 1), -1},
		{"both forms of changes", strings.Replace(changeFrame, `"price_changes":`, `"changes":[],"price_changes":`, 1), -1},
		{"older form, token in the change", `{"asset_id":"$N","changes":[{"asset_id":"$Y","price":"0.4","side":"SELL","size":"3"}],"event_type":"price_change","market":"$M","timestamp":"1729084877448"}`, -1},
		{"older form, token twice", `{"asset_id":"$N","asset_id":"$Y","changes":[{"price":"0.4","side":"SELL","size":"3"}],"event_type":"price_change","market":"$M","timestamp":"1729084877448"}`, -1},
		{"oldest form, token twice", `{"asset_id":"$N","asset_id":"$Y","price":"0.4","side":"SELL","size":"3","event_type":"price_change","market":"$M","timestamp":"1729084877448"}`, -1},
		{"token twice in a change", strings.Replace(changeFrame, `{"asset_id":"$N"`, `{"asset_id":"$N","asset_id":"$Y"`, 1), -1},
		{"token with an escape in a change", strings.Replace(changeFrame, `{"asset_id":"$N"`, `{"asset_id":"$N","asset\u005fid":"$Y"`, 1), -1},
		{"token in capitals in a change", strings.Replace(changeFrame, `{"asset_id":"$N"`, `{"asset_id":"$N","Asset_id":"$Y"`, 1), -1},
		{"token in capitals", strings.Replace(bookFrame, `"asset_id":"$Y",`, `"asset_id":"$N","ASSET_ID":"$Y",`, 1), -1},
		{"event_type twice", strings.Replace(bookFrame, `"event_type":"book"`, `"event_type":"x","event_type":"book"`, 1), -1},
		{"event_type in capitals", strings.Replace(bookFrame, `"event_type":"book"`, `"Event_Type":"x","event_type":"book"`, 1), -1},
		{"event_type with an escape", strings.Replace(bookFrame, `"event_type"`, `"event\u005ftype"`, 1), -1},
		{"price_changes in capitals", strings.Replace(changeFrame, `"price_changes"`, `"Price_changes"`, 1), -1},
		{"price_changes with an escape", strings.Replace(changeFrame, `"price_changes"`, `"price\u005fchanges"`, 1), -1},
		{"any key with an escape", strings.Replace(bookFrame, `"timestamp":`, `"\u0074imestamp":"1784578686071","timestamp":`, 1), -1},
		{"price_change of nothing", `{"market":"$M","timestamp":"1784578702354","event_type":"price_change"}`, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := feed.NewDecoder(feed.DecoderOptions{Learn: true})
			events, err := d.Decode([]byte(expand(test.frame)))
			e, ok := errors.AsType[*feed.DecodeError](err)
			if !ok || len(events) > 0 {
				t.Fatalf("events %q, error %v", show(events), err)
			}
			if test.offset >= 0 && e.Offset != test.offset {
				t.Errorf("%v, want byte %d", e, test.offset)
			}
			if d.Stats().BadFrames != 1 {
				t.Error("the frame was not counted as bad")
			}
			if events, err := d.Decode([]byte(expand(bookFrame))); err != nil || len(events) != 1 {
				t.Errorf("the next frame: %q, %v", show(events), err)
			}
		})
	}
}

// TestEveryTruncation cuts each kind of frame at every byte.
func TestEveryTruncation(t *testing.T) {
	for _, frame := range []string{bookFrame, changeFrame, tradeFrame, tickFrame, "[" + bookFrame + "," + changeFrame + "]"} {
		frame = expand(frame)
		d := feed.NewDecoder(all())
		for n := 1; n < len(frame); n++ {
			if events, err := d.Decode([]byte(frame[:n])); err == nil || len(events) > 0 {
				t.Fatalf("%q was read as %q", frame[:n], show(events))
			}
		}
	}
}

// TestBadValues: something impossible for one token puts that token in doubt and
// leaves the rest of the frame alone.
func TestBadValues(t *testing.T) {
	type row struct{ name, frame, old, changed string }
	var rows []row
	numbers := []string{
		`1`, `0.5`, `null`, `true`, `[]`, `{}`, `""`, `"."`, `"1."`, `"NaN"`, `"Inf"`, `"0x1"`, `"1_0"`, `"1e3"`, `"1E-1"`,
		`"+0.5"`, `"-0.5"`, `"-0"`, `" 0.5"`, `"0.5 "`, `"0,5"`, `"\u0030.5"`, "\"\u0660.5\"", `"0.1234567"`, `"1234567890123"`, `"0.5.5"`,
	}
	for _, n := range numbers {
		rows = append(rows, row{"price " + n, bookFrame, `"0.4"`, n}, row{"price " + n, changeFrame, `"0.911"`, n}, row{"trade price " + n, tradeFrame, `"0.925"`, n})
		rows = append(rows, row{"size " + n, bookFrame, `"7"`, n}, row{"size " + n, changeFrame, `"50000"`, n}, row{"trade size " + n, tradeFrame, `"216.216215"`, n})
		if n == `""` || n == `null` {
			continue // no best price, no tick size, no last trade
		}
		rows = append(rows, row{"best bid " + n, changeFrame, `"0.924"`, n}, row{"best ask " + n, changeFrame, `"0.925"`, n})
		rows = append(rows, row{"last trade " + n, bookFrame, `"0.850"`, n}, row{"tick " + n, bookFrame, `"0.01"`, n})
	}
	for _, price := range []string{`"0"`, `"1"`, `"1.5"`, `"0.000000"`, `"7"`} {
		rows = append(rows, row{"price " + price, bookFrame, `"0.4"`, price}, row{"price " + price, changeFrame, `"0.911"`, price})
		rows = append(rows, row{"tick " + price, bookFrame, `"0.01"`, price}, row{"tick " + price, tickFrame, `"0.001"`, price})
	}
	for _, frame := range []string{bookFrame, changeFrame, tradeFrame, tickFrame} {
		for _, time := range []string{`null`, `""`, `"0"`, `"-1784578686071"`, `"1784578686071.5"`, `1784578686071.5`, `1.7e12`, `"1577836799999"`, `"4102444800000"`, `"17845786860710"`, `"9999999999999999999999"`, `"2026-10-04"`, `"١"`, `[]`} {
			rows = append(rows, row{"time " + time, frame, timeOf(frame), time})
		}
		rows = append(rows, row{"no time", frame, `"timestamp":` + timeOf(frame), `"x":1`})
		rows = append(rows, row{"time twice", frame, `"timestamp":`, `"timestamp":"1784578686071","timestamp":`})
		rows = append(rows, row{"key in capitals", frame, `"timestamp":`, `"Timestamp":"1784578686071","timestamp":`})
		rows = append(rows, row{"key with a folding letter", frame, `"timestamp":`, "\"time\u017ftamp\":\"1784578686071\",\"timestamp\":"})
		rows = append(rows, row{"no market", frame, `"market":`, `"x":`})
		rows = append(rows, row{"market is empty", frame, `"$M"`, `""`}, row{"market is a number", frame, `"$M"`, `1`})
	}
	for _, side := range []string{`"buy"`, `"Buy"`, `"BID"`, `""`, `null`, `1`} {
		rows = append(rows, row{"side " + side, changeFrame, `"BUY"`, side}, row{"side " + side, tradeFrame, `"BUY"`, side})
	}
	rows = append(
		rows,
		row{"no side", changeFrame, `"side":"BUY",`, ``},
		row{"no price", changeFrame, `"price":"0.911",`, ``},
		row{"no size", changeFrame, `"size":"50000",`, ``},
		row{"price twice", changeFrame, `"price":"0.911",`, `"price":"0.911","price":"0.911",`},
		row{"Price beside price", changeFrame, `"price":"0.911",`, `"Price":"0.912","price":"0.911",`},
		row{"no price", bookFrame, `"price":"0.4",`, ``},
		row{"no size", bookFrame, `,"size":"7"`, ``},
		row{"price twice", bookFrame, `"price":"0.4",`, `"price":"0.4","price":"0.4",`},
		row{"SIZE beside size", bookFrame, `,"size":"7"`, `,"size":"7","SIZE":"8"`},
		row{"no asks", bookFrame, `"asks":`, `"x":`},
		row{"no asks and no type", strings.Replace(bookFrame, `"event_type":"book",`, ``, 1), `"asks":`, `"x":`},
		row{"trade price 0", tradeFrame, `"0.925"`, `"0"`},
		row{"escaped key in a level", bookFrame, `,"size":"7"`, `,"size":"7","s\u0069ze":"8"`},
		row{"a level is a number", bookFrame, `{"price":"0.4","size":"7"}`, `5`},
		row{"a level is an array", bookFrame, `{"price":"0.4","size":"7"}`, `["0.4","7"]`},
		row{"no bids", bookFrame, `"bids":`, `"x":`},
		row{"bids is null", bookFrame, `[{"price":"0.4","size":"7"}]`, `null`},
		row{"bids is an object", bookFrame, `[{"price":"0.4","size":"7"}]`, `{}`},
		row{"bids twice", bookFrame, `"bids":`, `"bids":[],"bids":`},
		row{"bids and buys", bookFrame, `"bids":`, `"buys":[],"bids":`},
		row{"best bid above 1", changeFrame, `"0.924"`, `"1.1"`},
		row{"no new tick", tickFrame, `"new_tick_size":"0.001",`, ``},
	)
	for _, row := range rows {
		if !strings.Contains(row.frame, row.old) {
			t.Fatalf("%s: %q is not in the frame", row.name, row.old)
		}
		frame := expand("[" + strings.Replace(row.frame, row.old, row.changed, 1) + "," + tradeFrame + "]")
		checkBad(t, row.name, frame)
	}
}

func timeOf(frame string) string {
	_, after, _ := strings.Cut(frame, `"timestamp":`)
	return after[:15]
}

// checkBad expects one Bad of the Yes token, no other event of it but the trade
// that follows in the same frame, and whatever stands beside it.
func checkBad(t *testing.T, name, frame string) {
	t.Helper()
	d := feed.NewDecoder(feed.DecoderOptions{Learn: true})
	events, err := d.Decode([]byte(frame))
	if err != nil {
		t.Errorf("%s: %s: refused whole: %v", name, frame, err)
		return
	}
	bad := 0
	for _, e := range events[:len(events)-1] {
		switch e := e.(type) {
		case *feed.Bad:
			if e.Asset.ID == yes {
				bad++
			}
			if e.Err.Offset <= 0 || e.Err.Offset >= len(frame) || e.Err.Reason == "" {
				t.Errorf("%s: no place or reason: %v", name, e.Err)
			}
		case *feed.PriceChange:
			for _, c := range e.Changes {
				if c.Asset.ID == yes {
					t.Errorf("%s: %s: read as %v", name, frame, show(events))
				}
			}
		default:
			t.Errorf("%s: %s: read as %v", name, frame, show(events))
		}
	}
	if _, ok := events[len(events)-1].(*feed.Trade); !ok || bad != 1 {
		t.Errorf("%s: %s: %d bad, events\n%s", name, frame, bad, show(events))
	}
}

// TestTooManyLevels crosses the bound of a side.
func TestTooManyLevels(t *testing.T) {
	for _, n := range []int{book.MaxLevels, book.MaxLevels + 1} {
		var side strings.Builder
		for i := range n {
			fmt.Fprintf(&side, `,{"price":"0.%06d","size":"1"}`, i+1)
		}
		frame := strings.Replace(bookFrame, `{"price":"0.4","size":"7"}`, side.String()[1:], 1)
		events, err := feed.NewDecoder(feed.DecoderOptions{Learn: true}).Decode([]byte(expand(frame)))
		if err != nil || len(events) != 1 {
			t.Fatalf("%d levels: %d events, %v", n, len(events), err)
		}
		if _, bad := events[0].(*feed.Bad); bad != (n > book.MaxLevels) {
			t.Errorf("%d levels: read as %T", n, events[0])
		}
	}
}

// TestTooManyChanges crosses the bound of one object, which also bounds what a
// short frame of empty objects makes the decoder allocate.
func TestTooManyChanges(t *testing.T) {
	entry := `{"asset_id":"$Y","price":"0.5","size":"1","side":"BUY"}`
	for _, n := range []int{4 * book.MaxLevels, 4*book.MaxLevels + 1} {
		frame := `{"market":"$M","price_changes":[` + entry + strings.Repeat(","+entry, n-1) + `],"timestamp":"1784578702354","event_type":"price_change"}`
		events, err := feed.NewDecoder(feed.DecoderOptions{Learn: true}).Decode([]byte(expand(frame)))
		if (err != nil) != (n > 4*book.MaxLevels) {
			t.Errorf("%d changes: %d events, %v", n, len(events), err)
		}
	}
	frame := []byte(`{"event_type":"x","price_changes":[{}` + strings.Repeat(",{}", 1_000_000) + `]}`)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _ = feed.NewDecoder(feed.DecoderOptions{Learn: true}).Decode(frame)
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 64<<20 {
		t.Errorf("%d bytes allocated for a frame of %d", allocated, len(frame))
	}
}

// TestManyBadChanges: one Bad for each token, in time that grows with the frame
// only.
func TestManyBadChanges(t *testing.T) {
	var changes strings.Builder
	for i := range 19_000 {
		fmt.Fprintf(&changes, `,{"asset_id":"%d","price":"7"},{"asset_id":"%d"}`, i, i)
	}
	frame := `{"market":"$M","price_changes":[` + changes.String()[1:] + `],"timestamp":"1784578702354","event_type":"price_change"}`
	events, err := feed.NewDecoder(feed.DecoderOptions{Learn: true}).Decode([]byte(expand(frame)))
	if err != nil || len(events) != 19_000 {
		t.Errorf("%d events, %v", len(events), err)
	}
}

// TestTooLongFrame crosses the bound of a frame.
func TestTooLongFrame(t *testing.T) {
	frame := append([]byte(expand(bookFrame)), make([]byte, feed.MaxFrame)...)
	for i := len(expand(bookFrame)); i < len(frame); i++ {
		frame[i] = ' '
	}
	d := feed.NewDecoder(feed.DecoderOptions{Learn: true})
	if _, err := d.Decode(frame); err == nil {
		t.Error("a frame beyond the bound was read")
	}
	if events, err := d.Decode(frame[:feed.MaxFrame]); err != nil || len(events) != 1 {
		t.Errorf("a frame of the largest size: %v", err)
	}
}

// TestStrings: each byte at each place of strings of many lengths is taken or refused as
// encoding/json does, wherever the eight bytes are that it is looked at with.
func TestStrings(t *testing.T) {
	d := feed.NewDecoder(feed.DecoderOptions{})
	for length := 1; length < 20; length++ {
		for at := range length {
			for c := range 256 {
				text := bytes.Repeat([]byte("a"), length)
				text[at] = byte(c)
				frame := fmt.Appendf(nil, `{"b":"%s","d":"end"}`, text)
				want := json.Valid(frame) && utf8.Valid(frame)
				if _, err := d.Decode(frame); (err == nil) != want {
					t.Fatalf("%q: %v, expected to be right: %v", frame, err, want)
				}
			}
		}
	}
}
