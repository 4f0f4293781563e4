package peers

import (
	"github.com/valyala/fastjson"

	"example.com/truebook/bench/corpus"
	"example.com/truebook/book"
)

// fastjsonBooks walks fastjson's tree of values, whose memory is used again.
type fastjsonBooks struct {
	shelf
	parser fastjson.Parser
}

func newFast() Peer { return &fastjsonBooks{shelf: newShelf()} }

func (p *fastjsonBooks) Apply(f *corpus.Frame) error {
	v, err := p.parser.ParseBytes(f.Data)
	if err != nil {
		return err
	}
	if v.Type() != fastjson.TypeArray {
		return p.event(v)
	}
	for _, v := range v.GetArray() {
		if err := p.event(v); err != nil {
			return err
		}
	}
	return nil
}

func (p *fastjsonBooks) event(v *fastjson.Value) error {
	switch string(v.GetStringBytes("event_type")) {
	case "book":
		p.begin()
		if err := p.side(book.Bid, v.GetArray("bids")); err != nil {
			return err
		}
		if err := p.side(book.Ask, v.GetArray("asks")); err != nil {
			return err
		}
		return p.replace(text(v.GetStringBytes("asset_id")))
	case "price_change":
		for _, c := range v.GetArray("price_changes") {
			err := p.change(text(c.GetStringBytes("asset_id")), text(c.GetStringBytes("side")),
				text(c.GetStringBytes("price")), text(c.GetStringBytes("size")))
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *fastjsonBooks) side(side book.Side, levels []*fastjson.Value) error {
	for _, l := range levels {
		if err := p.level(side, text(l.GetStringBytes("price")), text(l.GetStringBytes("size"))); err != nil {
			return err
		}
	}
	return nil
}
