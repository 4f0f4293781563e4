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

// keyFaults is what is wrong with the keys of an object.
type keyFaults struct {
	// fault is the first: what such an object means is anyone's guess, so that it
	// is refused once its token is known.
	fault *DecodeError
	// unclear: not even its type, its token or its changes can be told. It may
	// concern any token.
	unclear bool
}

func (f *keyFaults) refuse(at int, reason string, unclear bool) {
	if f.fault == nil {
		f.fault = &DecodeError{Offset: at, Field: "key", Reason: reason}
	}
	f.unclear = f.unclear || unclear
}

// decides says whether the key of a field decides what an object is and whose.
func (f field) decides() bool {
	return f == eventTypeField || f == assetIDField || f == priceChangesField || f == changesField
}

// known returns the field of a key, unknownField for a key to skip. A key that
// another decoder would take for a known one is a fault.
func (f *keyFaults) known(data []byte, key value) field {
	at := int(key.start)
	if key.kind == escapedKind {
		f.refuse(at, "escape in a key", true)
		return unknownField
	}
	text := data[key.start:key.end]
	id := fieldOf(text)
	if id != unknownField {
		return id
	}
	for i, name := range fieldNames[1:] {
		if bytes.EqualFold(text, []byte(name)) {
			f.refuse(at, "key is not in lower case", field(i+1).decides())
		}
	}
	return unknownField
}

// put records the value of a key, which has been read by then.
func (f *keyFaults) put(slot *value, key, v value, id field) {
	if slot.kind != absent {
		f.refuse(int(key.start), "key comes twice", id.decides())
		return
	}
	*slot = v
}

// object is one event as read, before its type is known: event_type comes last
// on the wire. Levels and changes are read where they stand.
type object struct {
	keyFaults
	values  [numFields]value
	offset  int
	levels  [2]levels // by book.Side
	changes []change
}

// levels is the array of one side.
type levels struct {
	list  []book.Level
	fault *DecodeError
}

// change is one element of price_changes or changes. A frame may hold many, so
// that it has the fields of a change only.
type change struct {
	keyFaults
	asset, price, size, side, hash, bestBid, bestAsk value
	offset                                           int
}

// maxChanges bounds the changes of one object: every level of both tokens of a
// market, as in a settlement, and more.
const maxChanges = 4 * book.MaxLevels

func (c *change) slot(id field) *value {
	switch id {
	case assetIDField:
		return &c.asset
	case priceField:
		return &c.price
	case sizeField:
		return &c.size
	case sideField:
		return &c.side
	case hashField:
		return &c.hash
	case bestBidField:
		return &c.bestBid
	case bestAskField:
		return &c.bestAsk
	default:
		return nil
	}
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
		id := o.known(s.data, key)
		var v value
		switch isArray := s.next() == '['; {
		case isArray && id == bidsField:
			v, ok = d.readLevels(&o.levels[book.Bid])
		case isArray && id == asksField:
			v, ok = d.readLevels(&o.levels[book.Ask])
		case isArray && (id == priceChangesField || id == changesField):
			v, ok = d.readChanges()
		default:
			v, ok = s.value()
		}
		if !ok {
			return false
		}
		if id != unknownField {
			o.put(&o.values[id], key, v, id)
		}
	}
}

// readLevels reads [{"price":"0.5","size":"10"},…]; the bracket is at pos.
func (d *Decoder) readLevels(into *levels) (value, bool) {
	s := &d.scanner
	v := value{start: int32(s.pos), kind: arrayKind}
	if !s.open() {
		return value{}, false
	}
	first := len(d.levels)
	into.fault = nil
	if !d.strict {
		var end int
		if d.levels, end = usualLevels(s.data, s.pos, d.levels, book.MaxLevels); end > 0 {
			s.pos = end
		}
	}
	for n := len(d.levels) - first; s.element(n); n++ {
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
	v.end = int32(s.pos)
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
			fault = &DecodeError{Offset: int(key.start), Field: "key", Reason: "comes twice, or is not written plainly"}
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
	v := value{start: int32(s.pos), kind: arrayKind}
	if !s.open() {
		return value{}, false
	}
	o := &d.obj
	for n := 0; s.element(n); n++ {
		if s.next() != '{' {
			o.refuse(s.pos, "a change is not an object", true)
			if _, ok := s.value(); !ok {
				return value{}, false
			}
			continue
		}
		if len(o.changes) == maxChanges {
			o.refuse(s.pos, "more changes than two books have levels", true)
			if _, ok := s.value(); !ok {
				return value{}, false
			}
			continue
		}
		o.changes = append(o.changes, change{offset: s.pos})
		if !d.readChange(&o.changes[len(o.changes)-1]) {
			return value{}, false
		}
	}
	v.end = int32(s.pos)
	return v, s.err == nil
}

func (d *Decoder) readChange(c *change) bool {
	s := &d.scanner
	if !s.open() {
		return false
	}
	for n := 0; ; n++ {
		key, ok := s.member(n)
		if !ok {
			return s.err == nil
		}
		v, ok := s.value()
		if !ok {
			return false
		}
		id := c.known(s.data, key)
		if slot := c.slot(id); slot != nil {
			c.put(slot, key, v, id)
		}
	}
}
