package peers

import (
	"errors"

	"github.com/minio/simdjson-go"

	"example.com/truebook/bench/corpus"
	"example.com/truebook/book"
)

// simdjsonBooks walks simdjson-go's tape, whose memory is used again.
type simdjsonBooks struct {
	shelf
	tape    *simdjson.ParsedJson
	options []simdjson.ParserOption

	// One iterator for each depth, used again.
	top, root, element, inner, value simdjson.Iter
	object, item                     simdjson.Object
	array                            simdjson.Array
}

func simdAvailable() bool { return simdjson.SupportedCPU() }

func newSIMD() Peer {
	return &simdjsonBooks{shelf: newShelf(), options: []simdjson.ParserOption{simdjson.WithCopyStrings(false)}}
}

func (p *simdjsonBooks) Apply(f *corpus.Frame) (err error) {
	if p.tape, err = simdjson.Parse(f.Data, p.tape, p.options...); err != nil {
		return err
	}
	p.top = p.tape.Iter()
	p.top.Advance()
	kind, _, err := p.top.Root(&p.root)
	if err != nil {
		return err
	}
	if kind != simdjson.TypeArray {
		return p.event(&p.root)
	}
	array, err := p.root.Array(nil)
	if err != nil {
		return err
	}
	events := array.Iter()
	for {
		kind, err := events.AdvanceIter(&p.element)
		if err != nil || kind == simdjson.TypeNone {
			return err
		}
		if err := p.event(&p.element); err != nil {
			return err
		}
	}
}

func (p *simdjsonBooks) event(e *simdjson.Iter) error {
	if _, err := e.Object(&p.object); err != nil {
		return err
	}
	var kind, asset []byte
	var bids, asks, changes simdjson.Iter
	for {
		key, valueKind, err := p.object.NextElementBytes(&p.value)
		if err != nil {
			return err
		}
		if valueKind == simdjson.TypeNone {
			break
		}
		switch string(key) {
		case "event_type":
			kind, err = p.value.StringBytes()
		case "asset_id":
			asset, err = p.value.StringBytes()
		case "bids":
			bids = p.value
		case "asks":
			asks = p.value
		case "price_changes":
			changes = p.value
		}
		if err != nil {
			return err
		}
	}
	switch string(kind) {
	case "book":
		p.begin()
		if err := p.side(book.Bid, &bids); err != nil {
			return err
		}
		if err := p.side(book.Ask, &asks); err != nil {
			return err
		}
		return p.replace(text(asset))
	case "price_change":
		return p.changes(&changes)
	}
	return nil
}

func (p *simdjsonBooks) changes(list *simdjson.Iter) error {
	if _, err := list.Array(&p.array); err != nil {
		return err
	}
	entries := p.array.Iter()
	for {
		kind, err := entries.AdvanceIter(&p.inner)
		if err != nil || kind == simdjson.TypeNone {
			return err
		}
		if _, err := p.inner.Object(&p.item); err != nil {
			return err
		}
		var asset, side, price, size []byte
		for found := 0; found < 4; { // three more follow that are not needed
			key, kind, err := p.item.NextElementBytes(&p.value)
			if err != nil {
				return err
			}
			if kind == simdjson.TypeNone {
				return errors.New("simdjson: incomplete change")
			}
			switch string(key) {
			case "asset_id":
				asset, err = p.value.StringBytes()
			case "price":
				price, err = p.value.StringBytes()
			case "size":
				size, err = p.value.StringBytes()
			case "side":
				side, err = p.value.StringBytes()
			default:
				continue
			}
			if err != nil {
				return err
			}
			found++
		}
		if err := p.change(text(asset), text(side), text(price), text(size)); err != nil {
			return err
		}
	}
}

func (p *simdjsonBooks) side(side book.Side, list *simdjson.Iter) error {
	if _, err := list.Array(&p.array); err != nil {
		return err
	}
	levels := p.array.Iter()
	for {
		kind, err := levels.AdvanceIter(&p.inner)
		if err != nil || kind == simdjson.TypeNone {
			return err
		}
		if _, err := p.inner.Object(&p.item); err != nil {
			return err
		}
		var price, size []byte
		for {
			key, kind, err := p.item.NextElementBytes(&p.value)
			if err != nil {
				return err
			}
			if kind == simdjson.TypeNone {
				break
			}
			switch string(key) {
			case "price":
				price, err = p.value.StringBytes()
			case "size":
				size, err = p.value.StringBytes()
			}
			if err != nil {
				return err
			}
		}
		if err := p.level(side, text(price), text(size)); err != nil {
			return err
		}
	}
}
