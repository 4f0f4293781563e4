package peers

import (
	"errors"

	"github.com/tidwall/gjson"

	"example.com/truebook/bench/corpus"
	"example.com/truebook/book"
)

// gjsonBooks visits a frame with gjson, key by key: one pass over each object instead of
// one for each path. Its functions are made once, since closures would allocate.
type gjsonBooks struct {
	shelf
	err error

	kind, asset, bids, asks, changes string // of the object; the last three raw
	entry                            struct {
		asset, side, price, size string
		found                    int
	}
	nowSide book.Side

	onEvent, onField, onChange, onChangeField, onLevel, onLevelField func(key, value gjson.Result) bool
}

func newGJSON() Peer {
	p := &gjsonBooks{shelf: newShelf()}
	p.onEvent, p.onField = p.event, p.field
	p.onChange, p.onChangeField = p.oneChange, p.changeField
	p.onLevel, p.onLevelField = p.oneLevel, p.levelField
	return p
}

func (p *gjsonBooks) Apply(f *corpus.Frame) error {
	p.err = nil
	root := gjson.Parse(text(f.Data))
	switch {
	case root.IsArray():
		root.ForEach(p.onEvent)
	case root.IsObject():
		p.event(gjson.Result{}, root)
	default:
		return errors.New("gjson: neither object nor array")
	}
	return p.err
}

func (p *gjsonBooks) event(_, value gjson.Result) bool {
	p.kind, p.asset, p.bids, p.asks, p.changes = "", "", "", "", ""
	value.ForEach(p.onField)
	switch p.kind {
	case "book":
		p.begin()
		p.nowSide = book.Bid
		gjson.Parse(p.bids).ForEach(p.onLevel)
		p.nowSide = book.Ask
		gjson.Parse(p.asks).ForEach(p.onLevel)
		if p.err == nil {
			p.err = p.replace(p.asset)
		}
	case "price_change":
		gjson.Parse(p.changes).ForEach(p.onChange)
	}
	return p.err == nil
}

func (p *gjsonBooks) field(key, value gjson.Result) bool {
	switch key.Str {
	case "event_type":
		p.kind = value.Str
	case "asset_id":
		p.asset = value.Str
	case "bids":
		p.bids = value.Raw
	case "asks":
		p.asks = value.Raw
	case "price_changes":
		p.changes = value.Raw
	}
	return true
}

func (p *gjsonBooks) oneChange(_, value gjson.Result) bool {
	c := &p.entry
	c.found = 0
	value.ForEach(p.onChangeField)
	if c.found != 4 {
		p.err = errors.New("gjson: incomplete change")
		return false
	}
	p.err = p.change(c.asset, c.side, c.price, c.size)
	return p.err == nil
}

// changeField stops at the fourth field that is needed: three more follow.
func (p *gjsonBooks) changeField(key, value gjson.Result) bool {
	c := &p.entry
	switch key.Str {
	case "asset_id":
		c.asset = value.Str
	case "price":
		c.price = value.Str
	case "size":
		c.size = value.Str
	case "side":
		c.side = value.Str
	default:
		return true
	}
	c.found++
	return c.found < 4
}

func (p *gjsonBooks) oneLevel(_, value gjson.Result) bool {
	p.entry.price, p.entry.size = "", ""
	value.ForEach(p.onLevelField)
	p.err = p.level(p.nowSide, p.entry.price, p.entry.size)
	return p.err == nil
}

func (p *gjsonBooks) levelField(key, value gjson.Result) bool {
	switch key.Str {
	case "price":
		p.entry.price = value.Str
	case "size":
		p.entry.size = value.Str
	}
	return true
}
