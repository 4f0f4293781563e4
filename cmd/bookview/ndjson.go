package main

import (
	"encoding/json"
	"io"

	"example.com/truebook/book"
	"example.com/truebook/engine"
)

// bookLine is one line of NDJSON. Prices and sizes are decimal strings, best
// levels first.
type bookLine struct {
	Type      string      `json:"type"`
	Asset     string      `json:"asset_id"`
	Market    string      `json:"market"`
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

func writeJSON(w io.Writer, v *engine.View, depth int) error {
	line := bookLine{
		Type: "book", Asset: v.Asset, Market: v.Market, State: v.State.String(), Reason: v.Reason.String(),
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
