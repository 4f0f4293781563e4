package feedtest

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/truebook/book"
)

// orderMessage is an order as it is written on the user channel, and by REST without the
// first two. The names are those of recorded frames (2024-09, 2026-05).
type orderMessage struct {
	EventType string   `json:"event_type,omitempty"`
	Type      string   `json:"type,omitempty"`
	ID        string   `json:"id"`
	Market    string   `json:"market"`
	Asset     string   `json:"asset_id"`
	Side      string   `json:"side"`
	Price     string   `json:"price"`
	Size      string   `json:"original_size"`
	Matched   string   `json:"size_matched"`
	Outcome   string   `json:"outcome"`
	Owner     string   `json:"owner"`
	Orderer   string   `json:"order_owner,omitempty"`
	Maker     string   `json:"maker_address"`
	Trades    []string `json:"associate_trades"`
	Created   any      `json:"created_at"`
	Expires   any      `json:"expiration"`
	Kind      string   `json:"order_type"`
	Status    string   `json:"status"`
	Timestamp string   `json:"timestamp,omitempty"`
}

// tradeMessage is a trade as it is written on the user channel, and by REST without the
// first two.
type tradeMessage struct {
	EventType   string         `json:"event_type,omitempty"`
	Type        string         `json:"type,omitempty"`
	ID          string         `json:"id"`
	Taker       string         `json:"taker_order_id"`
	Market      string         `json:"market"`
	Asset       string         `json:"asset_id"`
	Side        string         `json:"side"`
	Size        string         `json:"size"`
	Fee         string         `json:"fee_rate_bps"`
	Price       string         `json:"price"`
	Status      string         `json:"status"`
	MatchTime   string         `json:"match_time,omitempty"`
	OldTime     string         `json:"matchtime,omitempty"` // as the exchange's page has it
	Updated     string         `json:"last_update"`
	Outcome     string         `json:"outcome"`
	Bucket      int            `json:"bucket_index"`
	Owner       string         `json:"owner"`
	Trader      string         `json:"trade_owner,omitempty"`
	Address     string         `json:"maker_address"`
	Transaction string         `json:"transaction_hash"`
	Role        string         `json:"trader_side"`
	Makers      []makerMessage `json:"maker_orders"`
	Timestamp   string         `json:"timestamp,omitempty"`
}

type makerMessage struct {
	Order   string `json:"order_id"`
	Owner   string `json:"owner"`
	Address string `json:"maker_address"`
	Amount  string `json:"matched_amount"`
	Price   string `json:"price"`
	Fee     string `json:"fee_rate_bps"`
	Asset   string `json:"asset_id"`
	Outcome string `json:"outcome"`
	Side    string `json:"side,omitempty"`
}

func sideText(s book.Side) string {
	if s == book.Bid {
		return "BUY"
	}
	return "SELL"
}

func outcomeText(no bool) string {
	if no {
		return "No"
	}
	return "Yes"
}

func seconds(ns int64) string { return strconv.FormatInt(ns/int64(time.Second), 10) }

func millis(ns int64) string { return strconv.FormatInt(ns/int64(time.Millisecond), 10) }

// zeroText writes a size that may be nothing, which the exchange writes in two ways.
func (a *Account) zeroText(n book.Size) string {
	if n == 0 && a.form.IntN(4) == 0 {
		return ""
	}
	return n.String()
}

// message writes an order as it is.
func (o *accountOrder) message(a *Account) orderMessage {
	return orderMessage{
		ID: o.ID, Market: o.Market, Asset: o.Token, Side: sideText(o.Side), Price: o.Price.String(),
		Size: o.Size.String(), Matched: o.last().Matched.String(), Outcome: outcomeText(o.no), Owner: a.Key,
		Maker: a.Address, Trades: slices.Clone(o.trades), Kind: o.kind, Status: o.status,
	}
}

// tellOrder sends what has happened to an order.
func (a *Account) tellOrder(o *accountOrder, kind string) {
	v := a.venue
	m := o.message(a)
	m.EventType, m.Type, m.Orderer = "order", kind, a.Key
	m.Matched = a.zeroText(o.last().Matched)
	m.Created, m.Expires, m.Timestamp = seconds(o.placed), "0", millis(v.now)
	if a.form.IntN(5) == 0 {
		m.Market = "0x" + strings.ToUpper(m.Market[2:])
	}
	a.tell(o.ID, m)
}

// message writes a trade as it is.
func (t *accountTrade) message(a *Account) tradeMessage {
	m := tradeMessage{
		ID: t.ID, Taker: t.taker, Market: t.listing.Condition, Asset: t.listing.outcome(t.no).token(), Side: sideText(t.side),
		Size: t.size.String(), Fee: "0", Price: t.price.String(), Status: t.Steps[len(t.Steps)-1].Status,
		MatchTime: seconds(t.Time.UnixNano()), Updated: seconds(t.updated), Outcome: outcomeText(t.no), Owner: t.owner,
		Address: a.Address, Transaction: t.transaction, Role: "MAKER",
	}
	if t.owner == a.Key || t.sibling { // the role is the wallet's
		m.Role = "TAKER"
	}
	if t.withSelf(a) && a.form.IntN(2) == 0 { // it has both
		m.Role = "MAKER"
	}
	for i := range t.makers {
		k := &t.makers[i]
		w := makerMessage{
			Order: k.order, Owner: k.owner, Address: k.address, Amount: k.size.String(), Price: k.price.String(), Fee: "",
			Asset: t.listing.outcome(k.no).token(), Outcome: outcomeText(k.no),
		}
		if a.form.IntN(2) == 0 {
			w.Side = sideText(k.side)
		}
		m.Makers = append(m.Makers, w)
	}
	return m
}

// tellTrade sends what has happened to a trade.
func (a *Account) tellTrade(t *accountTrade) {
	m := t.message(a)
	m.EventType, m.Type, m.Trader = "trade", "TRADE", t.owner
	m.Timestamp = millis(a.venue.now)
	if a.form.IntN(3) == 0 {
		m.MatchTime, m.OldTime = "", m.MatchTime
	}
	if m.Status == "MATCHED" {
		if a.form.IntN(4) == 0 {
			m.Status = "MATCHED_NOT_BROADCASTED"
		}
		m.Transaction = ""
	}
	if a.form.IntN(3) == 0 {
		m.Status = "TRADE_STATUS_" + m.Status
	}
	a.tell(t.ID, m)
}

// tell sends a message to the connections of the account, alone or in an array.
func (a *Account) tell(id string, message any) {
	data, err := json.Marshal(message)
	if err != nil {
		panic(err) // of a struct of texts
	}
	if a.form.IntN(8) == 0 {
		data = slices.Concat([]byte("["), data, []byte("]\n"))
	}
	var market string
	switch m := message.(type) {
	case orderMessage:
		market = m.Market
	case tradeMessage:
		market = m.Market
	}
	a.venue.tellUsers(a, id, strings.ToLower(market), data)
}
