package user

import (
	"math"
	"slices"
	"strings"
	"testing"

	"example.com/truebook/book"
	"example.com/truebook/feed/keys"
)

// Messages of the real exchange, recorded by others.
const (
	// 2024-09-09.
	placement = `{"asset_id":"21742633143463906290569050155826241533067272736897614950488156847949938836455","associate_trades":null,"created_at":"1725842520","event_type":"order","expiration":"0","id":"0x0f76f4dc6eaf3332f4100f2e8a0b4a927351dd64646b7bb12f37df775c657a78","maker_address":"0xa3D82Ed56F4c68d2328Fb8c29e568Ba2cAF7d7c8","market":"0xdd22472e552920b8438158ea7238bfadfa4f736aa4cee91a6b86c39ead110917","order_owner":"3e2c94ca-8124-c4c1-c7ea-be1ea21b71fe","order_type":"GTC","original_size":"5","outcome":"Yes","owner":"3e2c94ca-8124-c4c1-c7ea-be1ea21b71fe","price":"0.513","side":"BUY","size_matched":"0","status":"LIVE","timestamp":"1725842520990","type":"PLACEMENT"}`
	// 2026-05-03; the ids were shortened by who published it.
	killed = `{"id":"0x78xx","owner":"00000000-0000-0000-0000-000000000001","market":"0x0014","asset_id":"256","side":"BUY","order_owner":"00000000-0000-0000-0000-000000000001","original_size":"12","size_matched":"","price":"0.6","associate_trades":[],"outcome":"","type":"CANCELLATION","created_at":"","expiration":"0","order_type":"FOK","status":"CANCELED_order couldn't be fully filled. FOK orders are fully filled or killed.","maker_address":"0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266","timestamp":"1777824065000","event_type":"order"}`
	// 2024-09-10.
	taken = `{"asset_id":"21742633143463906290569050155826241533067272736897614950488156847949938836455","bucket_index":0,"event_type":"trade","fee_rate_bps":"0","id":"f50e8ab2-652d-4dc8-9c82-8e46197fe98d","last_update":"1725958682","maker_address":"0xa3D82Ed56F4c68d2328Fb8c29e568Ba2cAF7d7c8","maker_orders":[{"asset_id":"21742633143463906290569050155826241533067272736897614950488156847949938836455","fee_rate_bps":"0","maker_address":"0x629BC4a1E53e1d475beB7ea3D388791e96Dd995A","matched_amount":"5","order_id":"0xa39ab90ec5515224a2a39c9ef967b51d10bda754902a318cac84135018b5885a","outcome":"Yes","owner":"ce168652-c146-2d93-a45c-f36cc52ae6f6","price":"0.52"}],"market":"0xdd22472e552920b8438158ea7238bfadfa4f736aa4cee91a6b86c39ead110917","match_time":"1725958681","outcome":"Yes","owner":"3e2c94ca-8124-c4c1-c7ea-be1ea21b71fe","price":"0.52","side":"BUY","size":"5","status":"MATCHED","taker_order_id":"0x5b605a0e8e40f3402d3cb3bc19edad6733ed23fbc079d2a09ee399c3487ace81","timestamp":"1725958682125","trade_owner":"3e2c94ca-8124-c4c1-c7ea-be1ea21b71fe","trader_side":"TAKER","transaction_hash":"0xa667ef3b363b70731c59e3d4fff50d7bdb3d6b165d49e448032cab68c82e3c66","type":"TRADE"}`
	// 2024-09-09, without most of its maker orders: the first one buys No, the second one
	// sells Yes.
	made = `{"asset_id":"21742633143463906290569050155826241533067272736897614950488156847949938836455","bucket_index":0,"event_type":"trade","fee_rate_bps":"0","id":"83b5c849-620e-4c23-b63b-2e779c04a6e7","last_update":"1725868885","maker_address":"0x64B7a036c378f9CF8163A5480437CD12Ae14b6A1","maker_orders":[{"asset_id":"48331043336612883890938759509493159234755048973500640148014422747788308965732","fee_rate_bps":"0","maker_address":"0xFfd192468b7a05b38c37C82d09fA941289FaEB23","matched_amount":"10","order_id":"0x3b67d584e1e7ad29b06bda373449638898aa87f0c9fd52a34bdbfb1325a6c184","outcome":"No","owner":"78132bc3-22af-6aa2-79ae-11929f821cae","price":"0.482"},{"asset_id":"21742633143463906290569050155826241533067272736897614950488156847949938836455","fee_rate_bps":"0","maker_address":"0xA15DfDEE79Fe241A99D4f42a8D41510b670fFb40","matched_amount":"247.68","order_id":"0x67620d882faa37cd1a6668de1271c4b1b6f58fb4ebabc2c095692dfd9c15735b","outcome":"Yes","owner":"86f776cc-e18b-c94e-80b4-a7364e0ecec5","price":"0.518"}],"market":"0xdd22472e552920b8438158ea7238bfadfa4f736aa4cee91a6b86c39ead110917","match_time":"1725868859","outcome":"Yes","owner":"092dab0c-74fa-5ba7-4b67-572daeace198","price":"0.518","side":"BUY","size":"1096.87","status":"MINED","taker_order_id":"0x3ad09f225ebe141dfbdb3824f31cb457e8e0301ca4e0a06311e543f5328b9dea","timestamp":"1725868885871","trade_owner":"092dab0c-74fa-5ba7-4b67-572daeace198","trader_side":"MAKER","transaction_hash":"0x876310b8e67cacf110abdd4106438968c55f2cce795c13c3c7a0896fc4af730d","type":"TRADE"}`

	yes    = "21742633143463906290569050155826241533067272736897614950488156847949938836455"
	no     = "48331043336612883890938759509493159234755048973500640148014422747788308965732"
	market = "0xdd22472e552920b8438158ea7238bfadfa4f736aa4cee91a6b86c39ead110917"
	owner  = "3e2c94ca-8124-c4c1-c7ea-be1ea21b71fe"
)

// read reads a frame for an account.
func read(key, frame string) (orders []*orderNews, trades []*tradeNews, stats Stats, err error) {
	r := reader{key: keys.NewSecret(key), stats: &stats}
	_, err = r.frame([]byte(frame), func(n *orderNews) { orders = append(orders, n) }, func(n *tradeNews) { trades = append(trades, n) })
	return orders, trades, stats, err
}

func TestRealOrders(t *testing.T) {
	cancellation := strings.NewReplacer(`"1725842520"`, `"1725841741"`, `"size_matched":"0"`, `"size_matched":"5"`, `"LIVE"`, `"CANCELED"`,
		`"1725842520990"`, `"1725841743272"`, `"PLACEMENT"`, `"CANCELLATION"`).Replace(placement)
	want := Order{
		ID: "0x0f76f4dc6eaf3332f4100f2e8a0b4a927351dd64646b7bb12f37df775c657a78", Market: market, Token: yes, Side: book.Bid,
		Price: 513_000, Size: 5 * book.Share, Outcome: "Yes", Kind: "GTC", Created: 1725842520_000, Updated: 1725842520990,
	}
	for _, c := range []struct {
		key, frame       string
		want             func(*Order)
		canceled, claims bool
	}{
		{owner, placement, func(*Order) {}, false, false},
		{owner, "[" + placement + "]\n", func(*Order) {}, false, false},
		{owner, strings.Replace(placement, market, "0x"+strings.ToUpper(market[2:]), 1), func(*Order) {}, false, false},
		{owner, strings.Replace(placement, `"expiration":"0"`, `"expiration":"1725900000"`, 1), func(o *Order) { o.Expires = 1725900000_000 }, false, false},
		{owner, strings.Replace(placement, `"timestamp":"1725842520990"`, `"timestamp":"1725842520"`, 1), func(o *Order) { o.Updated = 1725842520_000 }, false, false},
		{owner, strings.Replace(placement, `"LIVE"`, `"ORDER_STATUS_DELAYED"`, 1), func(o *Order) { o.Status = Delayed }, false, false},
		{owner, strings.Replace(placement, `"LIVE"`, `"UNMATCHED"`, 1), func(o *Order) { o.Status = Unmatched }, false, false},
		{owner, strings.Replace(placement, `"LIVE"`, `"MATCHED"`, 1), func(*Order) {}, false, true},
		{owner, strings.Replace(placement, `"PLACEMENT"`, `"UPDATE"`, 1), func(*Order) {}, false, false},
		{owner, cancellation, func(o *Order) {
			o.Matched, o.Status, o.Created, o.Updated = 5*book.Share, Canceled, 1725841741_000, 1725841743272
		}, true, false},
		{owner, strings.Replace(cancellation, `"CANCELED"`, `"INVALID"`, 1), func(o *Order) {
			o.Matched, o.Status, o.Created, o.Updated = 5*book.Share, Invalid, 1725841741_000, 1725841743272
		}, true, false},
		{"00000000-0000-0000-0000-000000000001", killed, func(o *Order) {
			*o = Order{
				ID: "0x78xx", Market: "0x0014", Token: "256", Side: book.Bid, Price: 600_000, Size: 12 * book.Share, Kind: "FOK", Updated: 1777824065000,
				Status: Canceled, Detail: "order couldn't be fully filled. FOK orders are fully filled or killed.",
			}
		}, true, false},
	} {
		orders, trades, stats, err := read(c.key, c.frame)
		if err != nil || len(orders) != 1 || len(trades) != 0 || stats != (Stats{}) {
			t.Errorf("%s: %v, %d orders", c.frame, err, len(orders))
			continue
		}
		expected := want
		c.want(&expected)
		if n := orders[0]; n.Order != expected || n.canceled != c.canceled || n.claims != c.claims {
			t.Errorf("%s\n%+v, want\n%+v", c.frame, *n, expected)
		}
	}
	if orders, _, stats, err := read("somebody else", placement); err != nil || len(orders) != 0 || stats.Foreign != 1 {
		t.Errorf("of somebody else: %v, %v, %+v", orders, err, stats)
	}
}

func TestRealTrades(t *testing.T) {
	fill := Fill{
		Trade: "f50e8ab2-652d-4dc8-9c82-8e46197fe98d", Order: "0x5b605a0e8e40f3402d3cb3bc19edad6733ed23fbc079d2a09ee399c3487ace81",
		Market: market, Token: yes, Side: book.Bid, Price: 520_000, Size: 5 * book.Share, Role: Taker, Outcome: "Yes", FeeRateBPS: "0",
		Transaction: "0xa667ef3b363b70731c59e3d4fff50d7bdb3d6b165d49e448032cab68c82e3c66", Time: 1725958681_000, Updated: 1725958682_000,
	}
	one := func(key, frame string) *tradeNews {
		t.Helper()
		_, trades, _, err := read(key, frame)
		if err != nil || len(trades) != 1 {
			t.Fatalf("%s: %v, %d trades", frame, err, len(trades))
		}
		return trades[0]
	}
	if n := one(owner, taken); len(n.fills) != 1 || n.fills[0] != fill || n.said != 1725958682125 || n.updated != 1725958682_000 || n.status != MatchedTrade {
		t.Errorf("%+v", n)
	}
	for text, status := range map[string]TradeStatus{
		"MATCHED_NOT_BROADCASTED": MatchedTrade, "MINED": Mined, "CONFIRMED": Confirmed, "RETRYING": Retrying, "FAILED": Failed,
	} {
		for _, prefix := range []string{"", "TRADE_STATUS_"} {
			frame := strings.Replace(taken, `"MATCHED"`, `"`+prefix+text+`"`, 1)
			frame = strings.Replace(frame, "match_time", "matchtime", 1)
			if n := one(owner, frame); n.status != status || n.fills[0].Status != status || n.time != 1725958681_000 {
				t.Errorf("%s%s: %+v", prefix, text, n)
			}
		}
	}
	// Without its role, who owns it took it.
	if n := one(owner, strings.Replace(taken, `"trader_side":"TAKER",`, "", 1)); len(n.fills) != 1 || n.fills[0].Role != Taker {
		t.Errorf("%+v", n)
	}
	for _, c := range []struct {
		key, token, outcome string
		side                book.Side
		price               book.Price
		size                book.Size
	}{
		{"78132bc3-22af-6aa2-79ae-11929f821cae", no, "No", book.Bid, 482_000, 10 * book.Share}, // minted
		{"86f776cc-e18b-c94e-80b4-a7364e0ecec5", yes, "Yes", book.Ask, 518_000, 247_680_000},
	} {
		n := one(c.key, made)
		f := n.fills[0]
		if len(n.fills) != 1 || f.Token != c.token || f.Outcome != c.outcome || f.Side != c.side || f.Price != c.price || f.Size != c.size ||
			f.Role != Maker || f.Status != Mined || f.Market != market || f.Time != 1725868859_000 {
			t.Errorf("%+v", n)
		}
	}
	// The taker sold, and the other maker's tokens were merged with its own.
	merged := strings.Replace(made, `"side":"BUY"`, `"side":"SELL"`, 1)
	if n := one("78132bc3-22af-6aa2-79ae-11929f821cae", merged); n.fills[0].Side != book.Ask {
		t.Errorf("%+v", n)
	}
	if n := one("86f776cc-e18b-c94e-80b4-a7364e0ecec5", merged); n.fills[0].Side != book.Bid {
		t.Errorf("%+v", n)
	}
	// What a maker order says of its side holds; and an order that is there twice gets both.
	said := strings.Replace(made, `"price":"0.482"}`, `"price":"0.482","side":"SELL"}`, 1)
	if n := one("78132bc3-22af-6aa2-79ae-11929f821cae", said); n.fills[0].Side != book.Ask {
		t.Errorf("%+v", n)
	}
	first := made[strings.Index(made, `{"asset_id":"483`) : strings.Index(made, `"price":"0.482"}`)+len(`"price":"0.482"}`)]
	if n := one("78132bc3-22af-6aa2-79ae-11929f821cae", strings.Replace(made, first, first+","+first, 1)); len(n.fills) != 1 || n.fills[0].Size != 20*book.Share {
		t.Errorf("%+v", n)
	}
	if _, trades, stats, err := read("somebody else", made); err != nil || len(trades) != 0 || stats.Foreign != 1 {
		t.Errorf("of somebody else: %v, %v, %+v", trades, err, stats)
	}
}

// TestOdd: what is let pass, and what is refused. Nothing of a frame is in the error.
func TestOdd(t *testing.T) {
	for _, frame := range []string{
		"", " \n", "null", "PONG", "INVALID OPERATION", "NO NEW ASSETS", "[]", `{"event_type":"news","x":[1,{"y":null}]}`,
		strings.Replace(placement, "{", `{"new":{"deep":[[[1]]]},`, 1),
		strings.Replace(placement, `"outcome":"Yes"`, `"outcome":null`, 1),
	} {
		if _, _, _, err := read(owner, frame); err != nil {
			t.Errorf("%s: %v", frame, err)
		}
	}
	replace := func(text string, pairs ...string) string {
		changed := strings.NewReplacer(pairs...).Replace(text)
		if changed == text {
			t.Fatalf("nothing is replaced by %q", pairs)
		}
		return changed
	}
	for _, frame := range []string{
		"{", "}", placement[:200], placement + placement, "[" + placement, "[1]", `"text"`, "12", "{}", `{"event_type":7}`, "\xff",
		strings.Repeat(" ", maxFrame) + "{}",
		strings.Repeat("[", 20000) + strings.Repeat("]", 20000),
		"[" + strings.Repeat("{},", maxObjects) + "{}]",
		replace(placement, `"type":"PLACEMENT"`, `"type":"REVIVAL"`),
		replace(placement, `"LIVE"`, `"SLEEPING"`),
		replace(placement, `"BUY"`, `"HOLD"`),
		replace(placement, `"0.513"`, `"0"`), replace(placement, `"0.513"`, `"1"`), replace(placement, `"0.513"`, `"-0.5"`),
		replace(placement, `"0.513"`, `0.513`), replace(placement, `"0.513"`, `"5e-1"`), replace(placement, `"0.513"`, `"0.5131234"`),
		replace(placement, `"original_size":"5"`, `"original_size":""`), replace(placement, `"original_size":"5"`, `"original_size":"-5"`),
		replace(placement, `"original_size":"5"`, `"original_size":"99999999999999"`),
		replace(placement, `"size_matched":"0"`, `"size_matched":"-1"`),
		replace(placement, `"0x0f76`, `"0x 0f76`), replace(placement, `"id":"0x`, `"id":"`+strings.Repeat("x", maxID)),
		replace(placement, `"`+yes+`"`, `"0x12"`), replace(placement, `"`+yes+`"`, `null`),
		replace(placement, `"1725842520990"`, `"17258425209900000"`), replace(placement, `"1725842520990"`, `"soon"`),
		replace(placement, `"1725842520990"`, `"4102444800000"`),
		replace(placement, `{"asset_id"`, `{"side":"SELL","asset_id"`),
		replace(taken, `"MATCHED"`, `"PONDERED"`), replace(taken, `"size":"5"`, `"size":""`),
		replace(taken, `"matched_amount":"5"`, `"matched_amount":"x"`, "ce168652-c146-2d93-a45c-f36cc52ae6f6", owner), replace(taken, `"maker_orders":[`, `"maker_orders":[7,`),
		replace(taken, `"match_time":"1725958681",`, "", `"last_update":"1725958682",`, "", `"timestamp":"1725958682125",`, ""),
		"[" + placement + "," + replace(placement, `"BUY"`, `"HOLD"`) + "]",
	} {
		_, _, _, err := read(owner, frame)
		if err == nil {
			t.Errorf("%.300s is read", frame)
			continue
		}
		for _, part := range []string{owner, yes, "HOLD", "REVIVAL", "PONDERED", "0.513"} {
			if strings.Contains(err.Error(), part) {
				t.Errorf("%v shows what was sent", err)
			}
		}
	}
	// What stands beside something bad is read all the same.
	if orders, _, _, err := read(owner, "["+replace(placement, `"BUY"`, `"HOLD"`)+","+placement+"]"); err == nil || len(orders) != 1 {
		t.Errorf("%d orders, %v", len(orders), err)
	}
}

// TestWhoseTrade: the taker's fill is the account's if the trade's owner is its key,
// whatever side its wallet was on: other keys of the wallet are other accounts, and both
// sides may be of one.
func TestWhoseTrade(t *testing.T) {
	const maker = "ce168652-c146-2d93-a45c-f36cc52ae6f6"
	side := func(text, side string) string { return strings.Replace(text, `"TAKER"`, `"`+side+`"`, 1) }
	both := strings.Replace(taken, maker, owner, 1)
	nobody := strings.NewReplacer(`"`+owner+`"`, `""`).Replace(taken)
	for _, c := range []struct {
		key, frame string
		want       []Role
	}{
		{owner, taken, []Role{Taker}},
		{owner, side(taken, "MAKER"), []Role{Taker}},
		{"another key of the wallet", taken, nil},
		{maker, taken, []Role{Maker}},
		{maker, side(taken, "MAKER"), []Role{Maker}},
		{owner, both, []Role{Taker, Maker}},
		{owner, side(both, "MAKER"), []Role{Taker, Maker}},
		{owner, nobody, []Role{Taker}},
		{owner, side(nobody, "MAKER"), nil},
		{owner, side(nobody, ""), []Role{Taker}},
	} {
		_, trades, _, err := read(c.key, c.frame)
		var got []Role
		for _, n := range trades {
			for i := range n.fills {
				got = append(got, n.fills[i].Role)
			}
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s\nof %s: %v, %v, want %v", c.frame, c.key, got, err, c.want)
		}
	}
}

// TestLargestSizes: sizes are bounded so that those of all open orders can be added.
func TestLargestSizes(t *testing.T) {
	if maxOpen > math.MaxInt64/maxShares {
		t.Error("the sum has no room")
	}
	for size, ok := range map[string]bool{"100000000": true, "100000000.000001": false, "1000000000": false, "-1": false} {
		if _, _, _, err := read(owner, strings.Replace(placement, `"5"`, `"`+size+`"`, 1)); (err == nil) != ok {
			t.Errorf("%s: %v", size, err)
		}
	}
	v := &View{}
	for range maxOpen {
		v.orders = append(v.orders, Order{Token: yes, Price: 500_000, Size: maxShares})
	}
	if n := v.Size(yes, book.Bid, 500_000); n != maxOpen*maxShares {
		t.Errorf("%v", n)
	}
}

// TestOddFields: what is odd, and does not matter, spoils no message.
func TestOddFields(t *testing.T) {
	for _, field := range []string{`"expiration":"0"`, `"created_at":"1725842520"`} {
		key, _, _ := strings.Cut(field, ":")
		for _, value := range []string{`"9999999999"`, `"soon"`, `"1"`, `{}`} {
			orders, _, _, err := read(owner, strings.Replace(placement, field, key+":"+value, 1))
			if err != nil || len(orders) != 1 || orders[0].Expires != 0 {
				t.Errorf("%s:%s: %v", key, value, err)
			}
		}
	}
	for _, c := range []struct {
		maker string
		ok    bool
	}{
		{`{"order_id":"0xq","owner":"somebody","matched_amount":"","price":"1.5","asset_id":""}`, true},
		{`{"order_id":"0xq","owner":"` + owner + `","matched_amount":"","price":"0.5","asset_id":"7"}`, false},
		{`{"order_id":"0xq","owner":7,"matched_amount":"1","price":"0.5","asset_id":"7"}`, false},
	} {
		_, trades, _, err := read(owner, strings.Replace(taken, `"maker_orders":[`, `"maker_orders":[`+c.maker+`,`, 1))
		if (err == nil) != c.ok || c.ok && (len(trades) != 1 || len(trades[0].fills) != 1) {
			t.Errorf("%s: %v, %d trades", c.maker, err, len(trades))
		}
	}
}
