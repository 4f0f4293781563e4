package peers

import (
	"encoding/json"
	"reflect"

	"github.com/bytedance/sonic"
	"github.com/mailru/easyjson/jlexer"

	"example.com/truebook/bench/corpus"
	"example.com/truebook/bench/peers/wire"
	"example.com/truebook/book"
)

// structBooks decodes frames into structs that are used again, by whichever
// decoder.
type structBooks struct {
	shelf
	decode func(frame []byte, t target) error
	one    wire.Event
	many   wire.Events
}

// target is what is decoded into, an event or an array of them. The method is
// easyjson's; the other two decoders look at the type.
type target interface {
	UnmarshalEasyJSON(l *jlexer.Lexer)
}

func (p *structBooks) Apply(f *corpus.Frame) error {
	if f.Data[0] != '[' {
		p.one.Reset()
		if err := p.decode(f.Data, &p.one); err != nil {
			return err
		}
		return p.event(&p.one)
	}
	for i := range p.many {
		p.many[i].Reset()
	}
	p.many = p.many[:0]
	if err := p.decode(f.Data, &p.many); err != nil {
		return err
	}
	for i := range p.many {
		if err := p.event(&p.many[i]); err != nil {
			return err
		}
	}
	return nil
}

func (p *structBooks) event(e *wire.Event) error {
	switch e.Type {
	case "book":
		p.begin()
		if err := p.side(book.Bid, e.Bids); err != nil {
			return err
		}
		if err := p.side(book.Ask, e.Asks); err != nil {
			return err
		}
		return p.replace(e.Asset)
	case "price_change":
		for i := range e.Changes {
			c := &e.Changes[i]
			if err := p.change(c.Asset, c.Side, c.Price, c.Size); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *structBooks) side(side book.Side, levels []wire.Level) error {
	for i := range levels {
		if err := p.level(side, levels[i].Price, levels[i].Size); err != nil {
			return err
		}
	}
	return nil
}

func newStandard() Peer {
	return &structBooks{shelf: newShelf(), decode: func(frame []byte, t target) error {
		return json.Unmarshal(frame, t)
	}}
}

func newEasy() Peer {
	var lexer jlexer.Lexer
	return &structBooks{shelf: newShelf(), decode: func(frame []byte, t target) error {
		lexer = jlexer.Lexer{Data: frame}
		t.UnmarshalEasyJSON(&lexer)
		lexer.Consumed()
		return lexer.Error()
	}}
}

// newSonic uses the fastest of sonic's configurations, which neither validates
// what it skips nor copies strings.
func newSonic() Peer {
	for _, t := range []any{wire.Event{}, wire.Events{}} {
		if err := sonic.Pretouch(reflect.TypeOf(t)); err != nil { // compiles
			panic(err)
		}
	}
	return &structBooks{shelf: newShelf(), decode: func(frame []byte, t target) error {
		return sonic.ConfigFastest.UnmarshalFromString(text(frame), t)
	}}
}
