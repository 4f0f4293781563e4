package feed_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/truebook/feed"
	"example.com/truebook/internal/captures"
)

const (
	market  = "0x00000000000000000000000000000000000000000000000000000000000000aa"
	yes     = "71321045679252212594626385532706912750332728571942532289631379312455583992563"
	no      = "52114319501245915516055106046884209969926127482827954674443846427813813222426"
	hashHex = "467fbccee1c57c19555227cbeaccd407e6b7994d"
)

func all() feed.DecoderOptions {
	return feed.DecoderOptions{Learn: true, BestPrices: true, NewMarkets: true}
}

// show writes events as text, for comparing them.
func show(events []feed.Event) string {
	var out strings.Builder
	for _, e := range events {
		switch e := e.(type) {
		case *feed.Book:
			fmt.Fprintf(&out, "book %.4s @%v #%.4s", e.Asset.ID, e.Time, e.Hash)
			for _, l := range e.Bids {
				fmt.Fprintf(&out, " %vx%v", l.Price, l.Size)
			}
			out.WriteString(" |")
			for _, l := range e.Asks {
				fmt.Fprintf(&out, " %vx%v", l.Price, l.Size)
			}
			fmt.Fprintf(&out, " tick %v last %v %q", e.TickSize, e.HasLastTrade, e.LastTrade)
			if e.HasStatics {
				fmt.Fprintf(&out, " min %v risk %v", e.MinOrderSize, e.NegRisk)
			}
		case *feed.PriceChange:
			fmt.Fprintf(&out, "change @%v", e.Time)
			for _, c := range e.Changes {
				fmt.Fprintf(&out, " (%.4s %v %vx%v #%.4s", c.Asset.ID, c.Side, c.Price, c.Size, c.Hash)
				if c.HasBest {
					fmt.Fprintf(&out, " best %v/%v", c.BestBid, c.BestAsk)
				}
				out.WriteString(")")
			}
		case *feed.Trade:
			fmt.Fprintf(&out, "trade %.4s %v %vx%v (%d decimals) @%v fee %s tx %s",
				e.Asset.ID, e.Side, e.Price, e.Size, e.Decimals, e.Time, e.FeeRateBPS, e.TransactionHash)
		case *feed.TickSizeChange:
			fmt.Fprintf(&out, "tick %.4s %v to %v @%v", e.Asset.ID, e.Old, e.New, e.Time)
		case *feed.BestPrices:
			fmt.Fprintf(&out, "best %.4s %v/%v @%v", e.Asset.ID, e.BestBid, e.BestAsk, e.Time)
		case *feed.NewMarket:
			fmt.Fprintf(&out, "new %s %q %q %.2v %v tick %v @%v", e.Slug, e.Question, e.Outcomes, e.Market, e.Assets, e.TickSize, e.Time)
		case *feed.Resolved:
			fmt.Fprintf(&out, "resolved %.2v %v: %s %s @%v", e.Market, e.Assets, e.WinningAsset, e.WinningOutcome, e.Time)
		case *feed.Text:
			fmt.Fprintf(&out, "text %d", e.Kind)
		case *feed.Bad:
			fmt.Fprintf(&out, "bad %.4s: %v", e.Asset.ID, e.Err)
		}
		out.WriteString("\n")
	}
	return out.String()
}

// expand puts the long names into a frame written with short ones.
func expand(frame string) string {
	return strings.NewReplacer("$M", market, "$Y", yes, "$N", no, "$H", hashHex).Replace(frame)
}

// TestEvents has one case for each event of the market channel in each form that
// it is known in.
func TestEvents(t *testing.T) {
	for _, test := range []struct{ name, frame, want string }{
		{
			"opening array, trailing newline",
			`[{"market":"$M","asset_id":"$Y","timestamp":"1784578686071","hash":"$H","bids":[{"price":"0.01","size":"80.01"},{"price":"0.02","size":"5"}],"asks":[{"price":"0.99","size":"64.54"}],"tick_size":"0.01","event_type":"book","last_trade_price":"0.850"},` +
				`{"market":"$M","asset_id":"$N","timestamp":"1784578686071","hash":"$H","bids":[],"asks":[],"tick_size":"0.001","event_type":"book","last_trade_price":""}]` + "\n",
			"book 7132 @1784578686071 #467f 0.01x80.01 0.02x5 | 0.99x64.54 tick 0.01 last true \"0.850\"\n" +
				"book 5211 @1784578686071 #467f | tick 0.001 last true \"\"\n",
		},
		{
			"book after a trade",
			`{"market":"$M","asset_id":"$Y","bids":[{"price":"0.5","size":"1"}],"asks":[],"hash":"$H","timestamp":"1784578733584","event_type":"book"}`,
			"book 7132 @1784578733584 #467f 0.5x1 | tick 0 last false \"\"\n",
		},
		{
			"book of REST: no event_type, statics",
			`{"market":"$M","asset_id":"$Y","timestamp":"1784578733584","hash":"$H","bids":[],"asks":[],"min_order_size":"5","tick_size":"0.001","neg_risk":true,"last_trade_price":"0.5"}`,
			"book 7132 @1784578733584 #467f | tick 0.001 last true \"0.5\" min 5 risk true\n",
		},
		{
			"book of 2024: buys and sells, size before price, unknown hash",
			`{"event_type":"book","asset_id":"$Y","market":"$M","buys":[{"size":"30",  "price":".48"}],"sells":[{"extra":[{}],"price":"0.520","size":"25.0"}],"timestamp":"123456789000","hash":"0xabc"}`,
			"bad 7132: feed: byte 297 of the frame: timestamp: is not between 2020 and 2100\n",
		},
		{
			"book of 2024 with a time in seconds",
			`{"event_type":"book","asset_id":"$Y","market":"$M","buys":[{"size":"30",  "price":".48"}],"sells":[{"extra":[{}],"price":"0.520","size":"25.0"}],"timestamp":1724564136,"hash":"0xabc"}`,
			"book 7132 @1724564136000 # 0.48x30 | 0.52x25 tick 0 last false \"\"\n",
		},
		{
			"optional fields null",
			`{"event_type":"book","asset_id":"$Y","market":"$M","bids":[],"asks":[],"timestamp":"1784578733584","hash":null,"tick_size":null,"last_trade_price":null,"min_order_size":null,"neg_risk":null}`,
			"book 7132 @1784578733584 # | tick 0 last false \"\"\n",
		},
		{
			"price_change",
			`{"market":"$M","price_changes":[{"asset_id":"$Y","price":"0.911","size":"50000","side":"BUY","hash":"$H","best_bid":"0.924","best_ask":"0.925"},{"asset_id":"$N","price":"0.089","size":"0","side":"SELL","hash":"$H","best_bid":"0.075","best_ask":"0.076"}],"timestamp":"1784578702354","event_type":"price_change"}`,
			"change @1784578702354 (7132 bid 0.911x50000 #467f best 0.924/0.925) (5211 ask 0.089x0 #467f best 0.075/0.076)\n",
		},
		{
			"price_change, spaced, empty sides",
			`{"market":"$M", "price_changes":[{"asset_id":"$Y", "price":"0.911", "size":"0", "side":"BUY", "hash":"$H", "best_bid":"0", "best_ask":"1"}, {"asset_id":"$N", "price":"0.089", "size":"0", "side":"SELL", "hash":"$H", "best_bid":"", "best_ask":""}], "timestamp":"1784578702354", "event_type":"price_change"}`,
			"change @1784578702354 (7132 bid 0.911x0 #467f best 0/0) (5211 ask 0.089x0 #467f best 0/0)\n",
		},
		{
			"price_change without best prices",
			`{"market":"$M","price_changes":[{"asset_id":"$Y","price":"0.911","size":"1","side":"SELL","hash":"$H"}],"timestamp":"1784578702354","event_type":"price_change"}`,
			"change @1784578702354 (7132 ask 0.911x1 #467f)\n",
		},
		{
			"price_change to 2025-09: changes",
			`{"asset_id":"$Y","changes":[{"price":"0.4","side":"SELL","size":"3300"},{"price":"0.5","side":"BUY","size":"0"}],"event_type":"price_change","market":"$M","timestamp":"1729084877448","hash":"$H"}`,
			"change @1729084877448 (7132 ask 0.4x3300 #467f) (7132 bid 0.5x0 #467f)\n",
		},
		{
			"price_change of 2024: one change in the object itself",
			`{"asset_id":"$Y","event_type":"price_change","hash":"$H","market":"$M","price":"0.514","side":"SELL","size":"21574.08","timestamp":"1723967931411"}`,
			"change @1723967931411 (7132 ask 0.514x21574.08 #467f)\n",
		},
		{
			"price_change with no change",
			`{"market":"$M","price_changes":[],"timestamp":"1784578702354","event_type":"price_change"}`, "",
		},
		{
			"last_trade_price",
			`{"market":"$M","asset_id":"$Y","price":"0.925","size":"216.216215","fee_rate_bps":"0","side":"BUY","timestamp":"1784578733812","event_type":"last_trade_price","transaction_hash":"0x05cc"}`,
			"trade 7132 bid 0.925x216.216215 (3 decimals) @1784578733812 fee 0 tx 0x05cc\n",
		},
		{
			"last_trade_price without what is optional",
			`{"market":"$M","asset_id":"$Y","price":"1","size":"3","side":"SELL","fee_rate_bps":"","timestamp":"1784578733812","event_type":"last_trade_price"}`,
			"trade 7132 ask 1x3 (0 decimals) @1784578733812 fee  tx \n",
		},
		{
			"tick_size_change",
			`{"asset_id":"$Y","event_type":"tick_size_change","market":"$M","new_tick_size":"0.001","old_tick_size":"0.01","timestamp":"1739068041853"}`,
			"tick 7132 0.01 to 0.001 @1739068041853\n",
		},
		{
			"best_bid_ask",
			`{"market":"$M","asset_id":"$Y","best_bid":"0.585","best_ask":"","spread":"","timestamp":"1786728467006","event_type":"best_bid_ask"}`,
			"best 7132 0.585/0 @1786728467006\n",
		},
		{
			"new_market",
			`{"id":"5196322","question":"Up or \"Down\"?","market":"$M","slug":"btc-5m","description":"a\n\\b\u00e9","assets_ids":["1","2"],"outcomes":["Up","Down"],"event_message":{"id":"1","x":null},"timestamp":"1790908720778","event_type":"new_market","tags":[],"active":false,"game_start_time":"","order_price_min_tick_size":"0.01","fee_schedule":{"exponent":"1","taker_only":true}}`,
			"new btc-5m \"Up or \\\"Down\\\"?\" [\"Up\" \"Down\"] 0x [1 2] tick 0.01 @1790908720778\n",
		},
		{
			"new_market with lists as strings, time as text",
			`{"market":"$M","slug":"s","assets_ids":"[\"1\",\"2\"]","outcomes":"","timestamp":"2026-10-04 14:25:00+00","event_type":"new_market"}`,
			"new s \"\" [] 0x [1 2] tick 0 @\n",
		},
		{
			"market_resolved",
			`{"id":"5","market":"$M","assets_ids":["$Y","$N"],"winning_asset_id":"$N","winning_outcome":"Down","event_message":null,"timestamp":1791124648409,"event_type":"market_resolved","tags":["Crypto"]}`,
			"resolved 0x [" + yes + " " + no + "]: " + no + " Down @1791124648409\n",
		},
		{
			"market_resolved of an odd winner and time",
			`{"market":"$M","assets_ids":["$Y"],"winning_asset_id":5,"winning_outcome":null,"timestamp":"1790908720778000","event_type":"market_resolved"}`,
			"resolved 0x [" + yes + "]:   @\n",
		},
		{"several kinds in one array", `[{"event_type":"something_new","a":{"b":[1]}}, {"event_type":"tick_size_change","market":"$M","asset_id":"$Y","old_tick_size":"0.01","new_tick_size":"0.01","timestamp":"1739068041853"}]`, "tick 7132 0.01 to 0.01 @1739068041853\n"},
		{"object of nothing known", `{"a":1}`, ""},
		{"empty array", "[]\n", ""},
		{"empty frame", "", ""},
		{"white space", " \n", ""},
		{"null", "null", ""},
		{"bare integer", "123", ""},
		{"PONG", "PONG", "text 1\n"},
		{"NO NEW ASSETS", "NO NEW ASSETS", "text 2\n"},
		{"INVALID OPERATION", "INVALID OPERATION\n", "text 3\n"},
		{"other words", "subscription accepted", "text 4\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			events, err := feed.NewDecoder(all()).Decode([]byte(expand(test.frame)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, show(events)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// TestOneOfEach reads another client's fixtures: every shape it has met.
func TestOneOfEach(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(captures.Path(t, "one_of_each"), "*.json"))
	if err != nil || len(files) < 15 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		frame, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		events, err := feed.NewDecoder(all()).Decode(frame)
		if err != nil || len(events) != 1 {
			t.Errorf("%s: %d events, %v", filepath.Base(file), len(events), err)
			continue
		}
		if bad, ok := events[0].(*feed.Bad); ok {
			t.Errorf("%s: %v", filepath.Base(file), bad.Err)
		}
	}
}

func TestUnwatchedTokensAreLeftOut(t *testing.T) {
	d := feed.NewDecoder(feed.DecoderOptions{})
	if a := d.Know(yes); a.Index != 0 || d.Know(yes) != a || d.Know("7").Index != 1 {
		t.Fatal("Know makes a token twice, or numbers them wrongly")
	}
	frame := expand(`[{"market":"$M","price_changes":[{"asset_id":"$N","price":"7","size":"x","side":"?"},{"asset_id":"$Y","price":"0.5","size":"1","side":"BUY"}],"timestamp":"1784578702354","event_type":"price_change"},` +
		`{"event_type":"book","asset_id":"$N","bids":3},{"event_type":"last_trade_price","asset_id":"$N"},` +
		`{"event_type":"best_bid_ask","asset_id":"$Y"},{"event_type":"new_market"}]`)
	events, err := d.Decode([]byte(frame))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := show(events), "change @1784578702354 (7132 bid 0.5x1 #)\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	want := feed.Stats{
		Frames: 1, PriceChanges: 1, Books: 1, Trades: 1, BestPrices: 1, NewMarkets: 1, Unwatched: 3, NoHash: 1, Unusual: 1,
	}
	if got := d.Stats(); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
}

// TestLearnedTokensAreBounded crosses MaxAssets.
func TestLearnedTokensAreBounded(t *testing.T) {
	d := feed.NewDecoder(feed.DecoderOptions{Learn: true})
	for i := range feed.MaxAssets {
		d.Know(fmt.Sprint("known ", i))
	}
	events, err := d.Decode([]byte(expand(`{"event_type":"tick_size_change","market":"$M","asset_id":"$Y","old_tick_size":"0.01","new_tick_size":"0.01","timestamp":"1739068041853"}`)))
	if err != nil || len(events) != 0 || d.Stats().Unwatched != 1 {
		t.Errorf("%d events, %v, %+v", len(events), err, d.Stats())
	}
	if d.Know(yes).Index != feed.MaxAssets {
		t.Error("a token that was asked for must be known beyond the bound")
	}
}

// TestDecodeReusesMemory asserts the steady state of the hot path, and that the
// buffers of a frame beyond any sense are let go.
func TestDecodeReusesMemory(t *testing.T) {
	var side strings.Builder
	for i := range 200 {
		fmt.Fprintf(&side, `,{"price":"0.%03d","size":"%d.5"}`, i+1, i+1)
	}
	frames := [][]byte{
		[]byte(expand(`{"market":"$M","price_changes":[{"asset_id":"$Y","price":"0.911","size":"50000","side":"BUY","hash":"$H","best_bid":"0.924","best_ask":"0.925"},{"asset_id":"$N","price":"0.089","size":"0","side":"SELL","hash":"$H","best_bid":"0.075","best_ask":"0.076"}],"timestamp":"1784578702354","event_type":"price_change"}`)),
		[]byte(expand(`[{"market":"$M","asset_id":"$Y","timestamp":"1784578686071","hash":"$H","bids":[` + side.String()[1:] + `],"asks":[],"tick_size":"0.01","event_type":"book","last_trade_price":"0.850"}]`)),
		[]byte(expand(`{"market":"$M","asset_id":"$Y","price":"0.925","size":"216.216215","fee_rate_bps":"0","side":"BUY","timestamp":"1784578733812","event_type":"last_trade_price","transaction_hash":"0x05cc"}`)),
		[]byte(expand(`{"market":"$M","asset_id":"$Y","best_bid":"0.585","best_ask":"","timestamp":"1786728467006","event_type":"best_bid_ask"}`)),
		[]byte(`{"event_type":"new_market","question":"\u00e9","event_message":{"a":[{}]}}`),
		[]byte("PONG"), []byte("[]"),
	}
	d := feed.NewDecoder(feed.DecoderOptions{Learn: true})
	decode := func() {
		for _, frame := range frames {
			if _, err := d.Decode(frame); err != nil {
				t.Fatal(err)
			}
		}
	}
	decode()
	if got := testing.AllocsPerRun(100, decode); got > 0 && !raceEnabled {
		t.Errorf("%v allocations for %d frames", got, len(frames))
	}
	// Nine sides just within the bound of levels.
	object := `,{"event_type":"x","bids":[{"price":"0.5","size":"0"}` + strings.Repeat(`,{"price":"0.5","size":"0"}`, 9_000) + `]}`
	large := strings.Repeat(object, 9)
	if _, err := d.Decode([]byte("[" + large[1:] + "]")); err != nil {
		t.Fatal(err)
	}
	if n := reflect.ValueOf(d).Elem().FieldByName("levels").Cap(); n*16 < 1<<20 {
		t.Errorf("the frame has filled a buffer of %d levels only", n)
	}
	decode()
	if n := reflect.ValueOf(d).Elem().FieldByName("levels").Cap(); n*16 > 1<<20 {
		t.Errorf("a buffer of %d levels is kept", n)
	}
}
