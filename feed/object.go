package feed

import (
	"bytes"

	"example.com/truebook/book"
)

// field is a key that some event has. Keys of other names are skipped.
type field uint8

const (
	unknownField field = iota
	eventTypeField
	marketField
	assetIDField
	timestampField
	hashField
	bidsField
	asksField
	priceChangesField
	changesField
	priceField
	sizeField
	sideField
	bestBidField
	bestAskField
	tickSizeField
	oldTickSizeField
	newTickSizeField
	lastTradePriceField
	minOrderSizeField
	negRiskField
	feeRateField
	transactionHashField
	assetsIDsField
	numFields
)

// fieldNames is indexed by field.
//
//nolint:gochecknoglobals // constant
var fieldNames = [numFields]string{
	"", "event_type", "market", "asset_id", "timestamp", "hash", "bids", "asks",
	"price_changes", "changes", "price", "size", "side", "best_bid", "best_ask",
	"tick_size", "old_tick_size", "new_tick_size", "last_trade_price",
	"min_order_size", "neg_risk", "fee_rate_bps", "transaction_hash", "assets_ids",
}

func fieldOf(key []byte) field {
	switch string(key) {
	case "event_type":
		return eventTypeField
	case "market":
		return marketField
	case "asset_id":
		return assetIDField
	case "timestamp":
		return timestampField
	case "hash":
		return hashField
	case "bids", "buys": // buys and sells stand in recordings of 2024
		return bidsField
	case "asks", "sells":
		return asksField
	case "price_changes":
		return priceChangesField
	case "changes":
		return changesField
	case "price":
		return priceField
	case "size":
		return sizeField
	case "side":
		return sideField
	case "best_bid":
		return bestBidField
	case "best_ask":
		return bestAskField
	case "tick_size":
		return tickSizeField
	case "old_tick_size":
		return oldTickSizeField
	case "new_tick_size":
		return newTickSizeField
	case "last_trade_price":
		return lastTradePriceField
	case "min_order_size":
		return minOrderSizeField
	case "neg_risk":
		return negRiskField
	case "fee_rate_bps":
		return feeRateField
	case "transaction_hash":
		return transactionHashField
	case "assets_ids":
		return assetsIDsField
	}
	return unknownField
}

// fields holds the values of one object by key. The first fault of its keys is
// kept: what such an object means is anyone's guess, so it is refused once its
// type and token are known.
type fields struct {
	values    [numFields]value
	fault     *DecodeError
	twoAssets bool // asset_id comes twice: no telling which is meant
}

// put records the value of a key. The caller has read the value by then.
func (f *fields) put(data []byte, key, v value) {
	if key.kind == escapedKind {
		f.refuse(key, "escape in a key")
		return
	}
	text := data[key.start:key.end]
	id := fieldOf(text)
	if id == unknownField {
		// A decoder that folds case would take it for the field itself.
		for _, name := range fieldNames[1:] {
			if bytes.EqualFold(text, []byte(name)) {
				f.refuse(key, "key is not in lower case")
			}
		}
		return
	}
	if f.values[id].kind != absent {
		f.refuse(key, "key comes twice")
		f.twoAssets = f.twoAssets || id == assetIDField
		return
	}
	f.values[id] = v
}

func (f *fields) refuse(at value, reason string) {
	if f.fault == nil {
		f.fault = &DecodeError{Offset: at.start, Field: "key", Reason: reason}
	}
}

// object is one event as read, before its type is known: event_type comes last
// on the wire. Levels and changes are read where they stand.
type object struct {
	fields
	offset  int
	levels  [2]levels // by book.Side
	changes []change
}

// levels is the array of one side.
type levels struct {
	list  []book.Level
	fault *DecodeError
}

// change is one element of price_changes or changes.
type change struct {
	fields
	offset int
}

// object reads an object whose brace is at pos.
func (d *Decoder) object() bool {
	s := &d.scanner
	d.obj = object{offset: s.pos, changes: d.obj.changes[:0]}
	o := &d.obj
	if !s.open() {
		return false
	}
	for n := 0; ; n++ {
		key, ok := s.member(n)
		if !ok {
			return s.err == nil
		}
		c := s.next()
		start := s.pos
		id := unknownField
		if c == '[' && key.kind == stringKind {
			id = fieldOf(s.data[key.start:key.end])
		}
		var v value
		switch id {
		case bidsField:
			v, ok = d.readLevels(&o.levels[book.Bid])
		case asksField:
			v, ok = d.readLevels(&o.levels[book.Ask])
		case priceChangesField, changesField:
			v, ok = d.readChanges()
		default:
			v, ok = s.value()
		}
		if !ok {
			return false
		}
		v.start = max(v.start, start)
		o.put(s.data, key, v)
	}
}

// readLevels reads [{"price":"0.5","size":"10"},…]; the bracket is at pos.
func (d *Decoder) readLevels(into *levels) (value, bool) {
	s := &d.scanner
	v := value{start: s.pos, kind: arrayKind}
	if !s.open() {
		return value{}, false
	}
	first := len(d.levels)
	into.fault = nil
	for n := 0; s.element(n); n++ {
		if s.next() != '{' {
			at := s.pos
			if _, ok := s.value(); !ok {
				return value{}, false
			}
			into.refuse(at, "not an object")
			continue
		}
		offset := s.pos
		level, fault, ok := d.readLevel()
		if !ok {
			return value{}, false
		}
		switch {
		case into.fault != nil:
		case fault != nil:
			into.fault = fault
		case n >= book.MaxLevels:
			into.refuse(offset, "more levels than a book can have")
		default:
			d.levels = append(d.levels, level)
		}
	}
	into.list = d.levels[first:len(d.levels):len(d.levels)]
	v.end = s.pos
	return v, s.err == nil
}

func (l *levels) refuse(at int, reason string) {
	if l.fault == nil {
		l.fault = &DecodeError{Offset: at, Field: "level", Reason: reason}
	}
}

func (d *Decoder) readLevel() (level book.Level, fault *DecodeError, ok bool) {
	s := &d.scanner
	offset := s.pos
	if !s.open() {
		return level, nil, false
	}
	var price, size value
	for n := 0; ; n++ {
		key, ok := s.member(n)
		if !ok {
			break
		}
		v, ok := s.value()
		if !ok {
			break
		}
		text := s.data[key.start:key.end]
		switch {
		case key.kind == stringKind && string(text) == "price" && price.kind == absent:
			price = v
		case key.kind == stringKind && string(text) == "size" && size.kind == absent:
			size = v
		case key.kind == escapedKind || bytes.EqualFold(text, []byte("price")) || bytes.EqualFold(text, []byte("size")):
			fault = &DecodeError{Offset: key.start, Field: "key", Reason: "comes twice, or is not written plainly"}
		}
	}
	if s.err != nil || fault != nil {
		return level, fault, s.err == nil
	}
	r := reader{data: s.data, offset: offset}
	level.Price = r.levelPrice(price)
	level.Size = r.size(sizeField, size)
	return level, r.fault, true
}

// readChanges reads the elements of price_changes; the bracket is at pos.
func (d *Decoder) readChanges() (value, bool) {
	s := &d.scanner
	v := value{start: s.pos, kind: arrayKind}
	if !s.open() {
		return value{}, false
	}
	o := &d.obj
	for n := 0; s.element(n); n++ {
		at := s.pos
		if s.next() != '{' {
			if _, ok := s.value(); !ok {
				return value{}, false
			}
			o.refuse(value{start: at}, "a change is not an object")
			continue
		}
		o.changes = append(o.changes, change{offset: s.pos})
		c := &o.changes[len(o.changes)-1]
		if !s.open() {
			return value{}, false
		}
		for n := 0; ; n++ {
			key, ok := s.member(n)
			if !ok {
				break
			}
			v, ok := s.value()
			if !ok {
				break
			}
			c.put(s.data, key, v)
		}
	}
	v.end = s.pos
	return v, s.err == nil
}
