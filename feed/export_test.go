package feed

// For the tests of package feed_test.

//nolint:gochecknoglobals // constant
var FieldNames = fieldNames

func FieldOf(key []byte) uint8 { return uint8(fieldOf(key)) }

// NewStrictDecoder returns one that reads every frame with its scanner.
func NewStrictDecoder(o DecoderOptions) *Decoder {
	d := NewDecoder(o)
	d.strict = true
	return d
}

// IsPair says whether events are what was read of two changes that mirror each other.
func (d *Decoder) IsPair(events []Event) bool {
	if len(events) != 1 {
		return false
	}
	p, ok := events[0].(*PriceChange)
	return ok && len(p.Changes) == len(d.pair) && &p.Changes[0] == &d.pair[0]
}
