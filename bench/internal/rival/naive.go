// Package rival holds other ways to keep the same books from the same frames, for
// the benchmarks to stand beside: what a competent Go programmer writes first, and
// a flat ladder, which is the fastest structure there is for a book.
package rival

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/shopspring/decimal"
	"github.com/tidwall/btree"
)

// NaiveLevel is a level of a [NaiveBook], and of a frame.
type NaiveLevel struct {
	Price decimal.Decimal `json:"price"`
	Size  decimal.Decimal `json:"size"`
}

// NaiveEvent is a frame's object, with the fields of all types of events.
type NaiveEvent struct {
	EventType    string        `json:"event_type"`
	Market       string        `json:"market"`
	AssetID      string        `json:"asset_id"`
	Timestamp    string        `json:"timestamp"`
	Hash         string        `json:"hash"`
	Bids         []NaiveLevel  `json:"bids"`
	Asks         []NaiveLevel  `json:"asks"`
	PriceChanges []NaiveChange `json:"price_changes"`
}

// NaiveChange is an entry of price_changes.
type NaiveChange struct {
	AssetID string          `json:"asset_id"`
	Price   decimal.Decimal `json:"price"`
	Size    decimal.Decimal `json:"size"`
	Side    string          `json:"side"`
	Hash    string          `json:"hash"`
	BestBid decimal.Decimal `json:"best_bid"`
	BestAsk decimal.Decimal `json:"best_ask"`
}

// NaiveDecode reads a frame into dst, which is used again.
func NaiveDecode(dst []NaiveEvent, frame []byte) ([]NaiveEvent, error) {
	frame = bytes.TrimSpace(frame)
	if len(frame) > 0 && frame[0] == '[' {
		dst = nil // or what the last frame had would shine through
		err := json.Unmarshal(frame, &dst)
		return dst, err
	}
	var e NaiveEvent
	err := json.Unmarshal(frame, &e)
	return append(dst[:0], e), err
}

// NaiveBook is a book as it is written first: decimals in a tree under a lock. It
// may be used by many goroutines.
type NaiveBook struct {
	mu         sync.RWMutex
	bids, asks *btree.BTreeG[NaiveLevel]
}

func newNaiveBook() *NaiveBook {
	b := &NaiveBook{}
	b.clear()
	return b
}

func (b *NaiveBook) clear() {
	less := func(a, b NaiveLevel) bool { return a.Price.LessThan(b.Price) }
	b.bids, b.asks = btree.NewBTreeG(less), btree.NewBTreeG(less)
}

// Replace makes the book a whole snapshot.
func (b *NaiveBook) Replace(bids, asks []NaiveLevel) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clear()
	for _, l := range bids {
		b.bids.Set(l)
	}
	for _, l := range asks {
		b.asks.Set(l)
	}
}

// Set puts the whole size at a price of a side, "BUY" or "SELL"; 0 removes it.
func (b *NaiveBook) Set(side string, price, size decimal.Decimal) {
	b.mu.Lock()
	defer b.mu.Unlock()
	levels := b.asks
	if side == "BUY" {
		levels = b.bids
	}
	if size.IsZero() {
		levels.Delete(NaiveLevel{Price: price})
	} else {
		levels.Set(NaiveLevel{price, size})
	}
}

// Top returns the best levels: zero where a side is empty.
func (b *NaiveBook) Top() (bid, ask NaiveLevel) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	bid, _ = b.bids.Max()
	ask, _ = b.asks.Min()
	return bid, ask
}

// Snapshot returns a copy of the book, which shares the levels until either is
// written.
func (b *NaiveBook) Snapshot() *NaiveBook {
	b.mu.Lock() // Copy writes to its source
	defer b.mu.Unlock()
	return &NaiveBook{bids: b.bids.Copy(), asks: b.asks.Copy()}
}

// Naive keeps books with encoding/json and decimals. Books may be read by any
// goroutine while one calls Step.
type Naive struct {
	mu     sync.RWMutex
	books  map[string]*NaiveBook
	events []NaiveEvent
}

// NewNaive returns a Naive without books.
func NewNaive() *Naive { return &Naive{books: map[string]*NaiveBook{}} }

// Book returns the book of a token: an empty one until a frame speaks of it.
func (n *Naive) Book(token string) *NaiveBook {
	n.mu.RLock()
	b := n.books[token]
	n.mu.RUnlock()
	if b != nil {
		return b
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if b = n.books[token]; b == nil {
		b = newNaiveBook()
		n.books[token] = b
	}
	return b
}

// Step applies a frame.
func (n *Naive) Step(frame []byte) (err error) {
	if n.events, err = NaiveDecode(n.events, frame); err != nil {
		return err
	}
	for i := range n.events {
		e := &n.events[i]
		switch e.EventType {
		case "book":
			n.Book(e.AssetID).Replace(e.Bids, e.Asks)
		case "price_change":
			for _, c := range e.PriceChanges {
				if c.Side != "BUY" && c.Side != "SELL" {
					return fmt.Errorf("rival: side %q", c.Side)
				}
				n.Book(c.AssetID).Set(c.Side, c.Price, c.Size)
			}
		}
	}
	return nil
}
