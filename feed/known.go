package feed

// knownMarket is a market that an event of a known token has named.
type knownMarket struct {
	id string
	// assets are the tokens of which events have named it first, nil where there
	// are not so many. Text that is equal to one of their ids needs no scanning.
	assets [2]*Asset
}

func (m *knownMarket) note(a *Asset) {
	switch {
	case m.assets[0] == nil:
		m.assets[0] = a
	case m.assets[1] == nil && m.assets[0] != a:
		m.assets[1] = a
	}
}

// marketCache finds a market by 8 bytes in the middle of its id. It holds the last
// one that was looked up of those that share a place.
type marketCache struct {
	places []*knownMarket // a power of two of them
	shift  uint
}

// conditionBytes is the length of a condition id: 0x and 64 hex digits.
const conditionBytes = 66

func (c *marketCache) place(id *[conditionBytes]byte) **knownMarket {
	const mix = 0x9e3779b97f4a7c15
	return &c.places[word(id[10:])*mix>>(c.shift&63)]
}

// grow gives it room for so many markets, twice.
func (c *marketCache) grow(markets int) {
	if 2*markets <= len(c.places) {
		return
	}
	bits := uint(6)
	for 1<<bits < 4*markets {
		bits++
	}
	c.places, c.shift = make([]*knownMarket, 1<<bits), 64-bits
}

// isCondition says whether a text is a condition id.
func isCondition(text *[conditionBytes]byte, id string) bool {
	const last = conditionBytes - 8
	return len(id) == conditionBytes &&
		word(text[0:]) == wordAt(id, 0) && word(text[8:]) == wordAt(id, 8) &&
		word(text[16:]) == wordAt(id, 16) && word(text[24:]) == wordAt(id, 24) &&
		word(text[32:]) == wordAt(id, 32) && word(text[40:]) == wordAt(id, 40) &&
		word(text[48:]) == wordAt(id, 48) && word(text[56:]) == wordAt(id, 56) &&
		word(text[last:]) == wordAt(id, last)
}

// The ids of nearly all tokens are of 72 digits or more, and none is longer than 78:
// they are below 2^256.
const (
	shortID = 72
	longID  = 78
)

// entryRoom is how far is looked at from the id of a change on. A frame has that much,
// if the id is of usual length, since its tail is behind.
const entryRoom = longID + priceKey + 1 + changeRoom

// changeOf returns what is behind an id and ","price":" if a text begins with that and
// the id is this one, of usual length. It returns nil otherwise.
func changeOf(id string, text *[entryRoom]byte, sp *spacing) *[changeRoom]byte {
	blank, n := sp.blank&1, len(id)
	if n < shortID || n > longID ||
		word(text[0:]) != wordAt(id, 0) || word(text[8:]) != wordAt(id, 8) ||
		word(text[16:]) != wordAt(id, 16) || word(text[24:]) != wordAt(id, 24) ||
		word(text[32:]) != wordAt(id, 32) || word(text[40:]) != wordAt(id, 40) ||
		word(text[48:]) != wordAt(id, 48) || word(text[56:]) != wordAt(id, 56) ||
		word(text[64:]) != wordAt(id, 64) || word(text[n-8:]) != wordAt(id, n-8) ||
		sp.price.differs(word(text[n:]), word(text[n+priceKey-8+blank:])) != 0 {
		return nil
	}
	return (*[changeRoom]byte)(text[n+priceKey+blank:])
}
