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
