package peers

import (
	"errors"

	"github.com/buger/jsonparser"

	"example.com/truebook/bench/corpus"
	"example.com/truebook/book"
)

// jsonparserBooks visits a frame with jsonparser, key by key, without a tree. Its functions
// are made once, since closures would allocate.
type jsonparserBooks struct {
	shelf

	kind, asset, bids, asks, changes []byte // of the object
	entry                            struct {
		asset, side, price, size []byte
		found                    int
	}
	nowSide book.Side

	onEvent, onChange, onLevel           func(value []byte, _ jsonparser.ValueType, _ int, _ error) error
	onField, onChangeField, onLevelField func(key, value []byte, _ jsonparser.ValueType, _ int) error
}

// errEnough ends an object of which nothing more is needed.
var errEnough = errors.New("enough")

func newJSONParser() Peer {
	p := &jsonparserBooks{shelf: newShelf()}
	p.onEvent, p.onField = p.event, p.field
	p.onChange, p.onChangeField = p.oneChange, p.changeField
	p.onLevel, p.onLevelField = p.oneLevel, p.levelField
	return p
}

func (p *jsonparserBooks) Apply(f *corpus.Frame) error {
	if f.Data[0] != '[' {
		return p.event(f.Data, jsonparser.Object, 0, nil)
	}
	_, err := jsonparser.ArrayEachErr(f.Data, p.onEvent)
	return err
}

func (p *jsonparserBooks) event(value []byte, _ jsonparser.ValueType, _ int, _ error) error {
	p.kind, p.asset, p.bids, p.asks, p.changes = nil, nil, nil, nil, nil
	if err := jsonparser.ObjectEach(value, p.onField); err != nil {
		return err
	}
	switch string(p.kind) {
	case "book":
		p.begin()
		p.nowSide = book.Bid
		if _, err := jsonparser.ArrayEachErr(p.bids, p.onLevel); err != nil {
			return err
		}
		p.nowSide = book.Ask
		if _, err := jsonparser.ArrayEachErr(p.asks, p.onLevel); err != nil {
			return err
		}
		return p.replace(text(p.asset))
	case "price_change":
		_, err := jsonparser.ArrayEachErr(p.changes, p.onChange)
		return err
	}
	return nil
}

func (p *jsonparserBooks) field(key, value []byte, _ jsonparser.ValueType, _ int) error {
	switch string(key) {
	case "event_type":
		p.kind = value
	case "asset_id":
		p.asset = value
	case "bids":
		p.bids = value
	case "asks":
		p.asks = value
	case "price_changes":
		p.changes = value
	}
	return nil
}

func (p *jsonparserBooks) oneChange(value []byte, _ jsonparser.ValueType, _ int, _ error) error {
	c := &p.entry
	c.found = 0
	if err := jsonparser.ObjectEach(value, p.onChangeField); err != errEnough { //nolint:errorlint // handed through as it is
		return errors.Join(errors.New("jsonparser: incomplete change"), err)
	}
	return p.change(text(c.asset), text(c.side), text(c.price), text(c.size))
}

// changeField stops at the fourth field that is needed: three more follow.
func (p *jsonparserBooks) changeField(key, value []byte, _ jsonparser.ValueType, _ int) error {
	c := &p.entry
	switch string(key) {
	case "asset_id":
		c.asset = value
	case "price":
		c.price = value
	case "size":
		c.size = value
	case "side":
		c.side = value
	default:
		return nil
	}
	if c.found++; c.found == 4 {
		return errEnough
	}
	return nil
}

func (p *jsonparserBooks) oneLevel(value []byte, _ jsonparser.ValueType, _ int, _ error) error {
	p.entry.price, p.entry.size = nil, nil
	if err := jsonparser.ObjectEach(value, p.onLevelField); err != nil {
		return err
	}
	return p.level(p.nowSide, text(p.entry.price), text(p.entry.size))
}

func (p *jsonparserBooks) levelField(key, value []byte, _ jsonparser.ValueType, _ int) error {
	switch string(key) {
	case "price":
		p.entry.price = value
	case "size":
		p.entry.size = value
	}
	return nil
}
