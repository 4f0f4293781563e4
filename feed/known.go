package feed

// knownMarket is a market that an event of a known token has named. What text is compared
// with is in one piece: with many markets, each line of memory that it is spread over is a
// miss of the cache.
type knownMarket struct {
	id        string
	condition [conditionBytes]byte // id, if it is of that length
	// tokens are those of which events have named it first. Text that is equal to one of
	// their ids needs no scanning.
	tokens [2]knownToken
}

func newKnownMarket(id string) *knownMarket {
	m := &knownMarket{id: id}
	copy(m.condition[:], id)
	return m
}

func (m *knownMarket) note(a *Asset) {
	switch {
	case m.tokens[0].asset == nil:
		m.tokens[0].know(a)
	case m.tokens[1].asset == nil && m.tokens[0].asset != a:
		m.tokens[1].know(a)
	}
}

// knownToken is one of a market's tokens.
type knownToken struct {
	asset *Asset // nil if there is none
	n     int    // the length of its id, 0 if that is not usual
	id    [longID]byte
}

func (k *knownToken) know(a *Asset) {
	k.asset = a
	if len(a.ID) >= shortID && len(a.ID) <= longID {
		k.n = copy(k.id[:], a.ID)
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

// is says whether a text is the market's id.
func (m *knownMarket) is(text *[conditionBytes]byte) bool {
	const last = conditionBytes - 8
	id := &m.condition
	return len(m.id) == conditionBytes &&
		word(text[0:]) == word(id[0:]) && word(text[8:]) == word(id[8:]) &&
		word(text[16:]) == word(id[16:]) && word(text[24:]) == word(id[24:]) &&
		word(text[32:]) == word(id[32:]) && word(text[40:]) == word(id[40:]) &&
		word(text[48:]) == word(id[48:]) && word(text[56:]) == word(id[56:]) &&
		word(text[last:]) == word(id[last:])
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

// changeOf returns what is behind the token's id and ","price":" if a text begins with
// these. It returns nil otherwise, and always if the id is not of usual length.
func (k *knownToken) changeOf(text *[entryRoom]byte, sp *spacing) *[changeRoom]byte {
	blank, n, id := sp.blank&1, k.n, &k.id
	if n < shortID || n > longID ||
		word(text[0:]) != word(id[0:]) || word(text[8:]) != word(id[8:]) ||
		word(text[16:]) != word(id[16:]) || word(text[24:]) != word(id[24:]) ||
		word(text[32:]) != word(id[32:]) || word(text[40:]) != word(id[40:]) ||
		word(text[48:]) != word(id[48:]) || word(text[56:]) != word(id[56:]) ||
		word(text[64:]) != word(id[64:]) || word(text[n-8:]) != word(id[n-8:]) ||
		sp.price.differs(word(text[n:]), word(text[n+priceKey-8+blank:])) != 0 {
		return nil
	}
	return (*[changeRoom]byte)(text[n+priceKey+blank:])
}
