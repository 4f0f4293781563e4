package main

import (
	"encoding/json"
	"io"
	"strconv"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/engine"
)

// bookLine is one line of NDJSON. Prices and sizes are decimal strings, best levels first.
// Time and Since are milliseconds since 1970, as the exchange writes them, "" where there is
// none.
type bookLine struct {
	Type   string `json:"type"`
	Asset  string `json:"asset_id"`
	Market string `json:"market"`
	nameLine
	State     string      `json:"state"`
	Reason    string      `json:"reason"`
	Epoch     uint64      `json:"epoch"`
	Version   uint64      `json:"version"`
	Time      string      `json:"timestamp"`
	Hash      string      `json:"hash"`
	Proof     proofPart   `json:"proof"`
	TickSize  string      `json:"tick_size"`
	LastTrade string      `json:"last_trade_price"`
	Bids      []levelPart `json:"bids"`
	Asks      []levelPart `json:"asks"`
}

type proofPart struct {
	By      string `json:"by"`
	Version uint64 `json:"version"`
}

type levelPart struct {
	Price book.Price `json:"price"`
	Size  book.Size  `json:"size"`
}

// stateLine tells that a token's state has changed.
type stateLine struct {
	Type   string `json:"type"`
	Asset  string `json:"asset_id"`
	Market string `json:"market"`
	nameLine
	State    string `json:"state"`
	Reason   string `json:"reason"`
	Settling bool   `json:"settling"`
	Epoch    uint64 `json:"epoch"`
	Version  uint64 `json:"version"`
	Time     string `json:"timestamp"`
	Since    string `json:"since"` // by this machine's clock, when State began
}

// topLine tells that the best levels of a live book have changed. A side that there is
// nothing on is null.
type topLine struct {
	Type   string `json:"type"`
	Asset  string `json:"asset_id"`
	Market string `json:"market"`
	nameLine
	Epoch   uint64     `json:"epoch"`
	Version uint64     `json:"version"`
	Time    string     `json:"timestamp"`
	Bid     *levelPart `json:"bid"`
	Ask     *levelPart `json:"ask"`
}

// tradeLine is a trade as the exchange printed it.
type tradeLine struct {
	Type   string `json:"type"`
	Asset  string `json:"asset_id"`
	Market string `json:"market"`
	nameLine
	Time            string     `json:"timestamp"`
	Price           book.Price `json:"price"`
	Size            book.Size  `json:"size"`
	Side            string     `json:"side"` // of the taker: BUY or SELL
	FeeRateBPS      string     `json:"fee_rate_bps"`
	TransactionHash string     `json:"transaction_hash"`
}

func newStateLine(t *streamed, e *engine.Event) any {
	s := e.Status
	return &stateLine{
		Type: "state", Asset: e.Asset, Market: t.market, nameLine: t.name, State: s.State.String(), Reason: s.Reason.String(),
		Settling: s.Settling, Epoch: s.Epoch, Version: s.Version, Time: s.Time.String(),
		Since: millis(s.Since),
	}
}

func newTopLine(t *streamed, e *engine.Event) any {
	return &topLine{
		Type: "top", Asset: e.Asset, Market: t.market, nameLine: t.name, Epoch: e.Epoch, Version: e.Version, Time: e.Time.String(),
		Bid: levelOrNone(t.top.Bid), Ask: levelOrNone(t.top.Ask),
	}
}

func newTradeLine(t *streamed, e *engine.Event) any {
	side := "SELL"
	if e.Trade.Side == book.Bid {
		side = "BUY"
	}
	return &tradeLine{
		Type: "trade", Asset: e.Asset, Market: t.market, nameLine: t.name, Time: e.Trade.Time.String(), Price: e.Trade.Price,
		Size: e.Trade.Size, Side: side, FeeRateBPS: e.Trade.FeeRateBPS, TransactionHash: e.Trade.TransactionHash,
	}
}

// millis writes a time as the exchange does, "" for the zero one.
func millis(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatInt(t.UnixMilli(), 10)
}

func levelOrNone(l book.Level) *levelPart {
	if l.Size == 0 {
		return nil
	}
	part := levelPart(l)
	return &part
}

func writeJSON(w io.Writer, v *engine.View, name nameLine, depth int) error {
	line := bookLine{
		Type: "book", Asset: v.Asset, Market: v.Market, nameLine: name, State: v.State.String(), Reason: v.Reason.String(),
		Epoch: v.Epoch, Version: v.Version, Time: v.Time.String(), Hash: v.Hash.String(),
		Proof:     proofPart{v.Proof.By.String(), v.Proof.Version},
		TickSize:  priceOrNone(v.TickSize),
		LastTrade: v.LastTrade.String(),
		Bids:      levels(v, book.Bid, depth), Asks: levels(v, book.Ask, depth),
	}
	return json.NewEncoder(w).Encode(&line)
}

func levels(v *engine.View, side book.Side, depth int) []levelPart {
	list := v.Snapshot.AppendLevels(nil, side, depth)
	parts := make([]levelPart, 0, len(list)) // an empty side is [], not null
	for _, level := range list {
		parts = append(parts, levelPart(level))
	}
	return parts
}

// priceOrNone writes "" for 0, which stands for an unknown price.
func priceOrNone(p book.Price) string {
	if p == 0 {
		return ""
	}
	return p.String()
}
