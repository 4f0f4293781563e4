// Package wire holds what the decoders into structs fill: encoding/json, sonic and
// easyjson, for which the rest of the package is generated.
package wire

//go:generate go tool easyjson -no_std_marshalers -all event.go

// Event is a book or a price_change. The option nocopy is easyjson's, and makes its
// strings point into the frame.
type Event struct {
	Type    string   `json:"event_type,nocopy"`
	Asset   string   `json:"asset_id,nocopy"`
	Bids    []Level  `json:"bids"`
	Asks    []Level  `json:"asks"`
	Changes []Change `json:"price_changes"`
}

// Level is a level of a book.
type Level struct {
	Price string `json:"price,nocopy"`
	Size  string `json:"size,nocopy"`
}

// Change is an entry of a price_change.
type Change struct {
	Asset string `json:"asset_id,nocopy"`
	Price string `json:"price,nocopy"`
	Size  string `json:"size,nocopy"`
	Side  string `json:"side,nocopy"`
}

// Events is a frame that is an array.
//
//easyjson:json
type Events []Event

// Reset empties an event, so that nothing of it shows in the next one, and keeps
// its slices.
func (e *Event) Reset() {
	clear(e.Bids)
	clear(e.Asks)
	clear(e.Changes)
	*e = Event{Bids: e.Bids[:0], Asks: e.Asks[:0], Changes: e.Changes[:0]}
}
