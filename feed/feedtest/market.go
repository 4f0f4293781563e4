package feedtest

import (
	"crypto/sha1"
	"encoding/hex"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"

	"example.com/truebook/book"
)

// Market names what a simulated market is known by.
type Market struct {
	Condition string // its id, "0x" and 64 hex digits
	Yes, No   string // its two tokens
	TickSize  book.Price
	NegRisk   bool

	// What it is called, in a Venue: these are "" in an Exchange. Outcomes are those of Yes
	// and No, which may be called Up and Down, or by the names of teams. Event is the slug of
	// the event that it is in, with others or alone; GroupTitle is what tells it from them.
	Question, Slug, Event, GroupTitle string
	Outcomes                          [2]string
}

// market is the truth of one market, on the scale of its Yes token.
type market struct {
	Market
	// sizes holds what rests at each tick from 1 to len-2, in hundredths of a
	// share: bids above 0, asks below. bids lie below asks.
	sizes    []int32
	bid, ask int    // ticks of the best prices, 0 and ticks() where there is none
	count    [2]int // levels of each side
	depth    int    // levels that a side tends to, in the recorded shape
	// priceText is the text of each tick's price. Markets of one tick share it.
	priceText []string
	minSize   string
	lastTrade string // as the hash has it, "" before the first trade
	time      int64  // of the last change, in milliseconds
	weight    float64
}

// hundredth is a hundredth of a share in millionths: sizes have two decimals.
const hundredth = 10_000

func newMarket(r *rand.Rand) *market {
	m := &market{weight: 0.05 + r.Float64()*r.Float64()}
	m.name(r)
	ticks := 100
	if r.IntN(3) == 0 {
		ticks = 1000
	}
	m.grid(ticks)
	m.drawTerms(r)
	middle := ticks/5 + r.IntN(ticks*3/5)
	for i := 1; i < ticks; i++ {
		// Levels thin out away from the touch.
		if distance := max(i-middle, middle-i); r.IntN(4+distance*distance/60) > 4 {
			continue
		}
		if i < middle {
			m.set(levelChange{book.Bid, i, randomSize(r)})
		} else if i > middle {
			m.set(levelChange{book.Ask, i, randomSize(r)})
		}
	}
	m.drawLastTrade(r, middle)
	return m
}

func (m *market) name(r *rand.Rand) {
	m.Condition = "0x" + digits(r, 64, "0123456789abcdef")
	m.Yes, m.No = token(r), token(r)
}

// grid makes the market an empty one of so many ticks to the dollar.
func (m *market) grid(ticks int) {
	m.TickSize = book.Dollar / book.Price(ticks)
	m.sizes, m.priceText = make([]int32, ticks+1), priceTexts[ticks]()
	m.bid, m.ask = 0, ticks
}

// drawTerms draws what the hash covers and the stream does not tell.
func (m *market) drawTerms(r *rand.Rand) {
	m.NegRisk = r.IntN(3) == 0
	m.minSize = "5"
	if r.IntN(4) == 0 {
		m.minSize = "15"
	}
}

func (m *market) drawLastTrade(r *rand.Rand, tick int) {
	if r.IntN(4) > 0 {
		m.lastTrade = threeDecimals(m.priceText[tick])
	}
}

// priceTexts returns the texts of all prices from 0 to 1, for a number of ticks.
var priceTexts = map[int]func() []string{
	100:    sync.OnceValue(func() []string { return makePriceTexts(100) }),
	1000:   sync.OnceValue(func() []string { return makePriceTexts(1000) }),
	10_000: sync.OnceValue(func() []string { return makePriceTexts(10_000) }),
}

func makePriceTexts(ticks int) []string {
	texts := make([]string, 0, ticks+1)
	for i := range ticks + 1 {
		texts = append(texts, (book.Price(i) * (book.Dollar / book.Price(ticks))).String())
	}
	return texts
}

func token(r *rand.Rand) string { return string('1'+byte(r.IntN(9))) + digits(r, 76, "0123456789") }

func digits(r *rand.Rand, n int, alphabet string) string {
	var text strings.Builder
	for range n {
		text.WriteByte(alphabet[r.IntN(len(alphabet))])
	}
	return text.String()
}

// randomSize is mostly whole, spread over some orders of magnitude.
func randomSize(r *rand.Rand) int32 {
	size := int32(1+r.IntN(99)) * []int32{100, 100, 500, 1000, 10_000}[r.IntN(5)]
	if r.IntN(4) == 0 {
		size += int32(r.IntN(100))
	}
	return size
}

func sizeText(hundredths int32) string { return string(appendSize(nil, hundredths)) }

func appendSize(dst []byte, hundredths int32) []byte {
	dst = strconv.AppendInt(dst, int64(hundredths/100), 10)
	cents := byte(hundredths % 100)
	switch {
	case cents == 0:
		return dst
	case cents%10 == 0:
		return append(dst, '.', '0'+cents/10)
	}
	return append(dst, '.', '0'+cents/10, '0'+cents%10)
}

func threeDecimals(price string) string {
	if !strings.Contains(price, ".") {
		price += "."
	}
	return price + strings.Repeat("0", max(0, 5-len(price)))
}

func (m *market) ticks() int { return len(m.sizes) - 1 }

// size returns what rests at a tick on a side, 0 if nothing does.
func (m *market) size(side book.Side, tick int) int32 {
	if side == book.Ask {
		return max(-m.sizes[tick], 0)
	}
	return max(m.sizes[tick], 0)
}

// touch returns the tick of a side's best level, and the step to those behind it.
func (m *market) touch(side book.Side) (tick, step int) {
	if side == book.Ask {
		return m.ask, 1
	}
	return m.bid, -1
}

func (m *market) set(c levelChange) {
	old := m.size(c.side, c.tick)
	switch {
	case old == 0 && c.size == 0:
		return // and the tick may be one of the other side
	case old == 0:
		m.count[c.side]++
	case c.size == 0:
		m.count[c.side]--
	}
	if c.side == book.Bid {
		m.sizes[c.tick] = c.size
		for m.bid = max(m.bid, c.tick); m.bid > 0 && m.sizes[m.bid] == 0; m.bid-- {
		}
	} else {
		m.sizes[c.tick] = -c.size
		for m.ask = min(m.ask, c.tick); m.ask < m.ticks() && m.sizes[m.ask] == 0; m.ask++ {
		}
	}
}

// outcome is one of the two tokens of a market, and its view of the levels.
type outcome struct {
	*market
	no bool
}

func (o outcome) token() string {
	if o.no {
		return o.No
	}
	return o.Yes
}

func (o outcome) tick(i int) int {
	if o.no {
		return o.ticks() - i
	}
	return i
}

// bestText returns the best prices as entries have them: 0 and 1 for none.
func (o outcome) bestText() (bid, ask string) {
	b, a := o.bid, o.ask
	if o.no {
		b, a = o.ticks()-a, o.ticks()-b
	}
	return o.priceText[b], o.priceText[a]
}

// levels calls visit for each level of a side, worst first. A level at tick i of
// Yes stands at tick ticks()-i of No, on the other side, and in the same place of
// the order.
func (o outcome) levels(side book.Side, visit func(price string, tick int, size int32)) {
	bids := (side == book.Bid) != o.no // of Yes
	if bids {
		for i, size := range o.sizes[:o.bid+1] {
			if size > 0 {
				visit(o.priceText[o.tick(i)], o.tick(i), size)
			}
		}
		return
	}
	for i := o.ticks() - 1; i >= o.ask; i-- {
		if size := o.sizes[i]; size < 0 {
			visit(o.priceText[o.tick(i)], o.tick(i), -size)
		}
	}
}

func (o outcome) appendLevels(dst []byte, side book.Side, separator string) []byte {
	first := true
	o.levels(side, func(price string, _ int, size int32) {
		if !first {
			dst = append(dst, separator...)
		}
		first = false
		dst = append(dst, `{"price":"`...)
		dst = append(dst, price...)
		dst = append(append(dst, '"'), separator...)
		dst = append(dst, `"size":"`...)
		dst = appendSize(dst, size)
		dst = append(dst, `"}`...)
	})
	return dst
}

// hashText is a hash as it is written.
type hashText [2 * sha1.Size]byte

// hash is the SHA-1 of the outcome's whole book at the market's time.
func (w *writer) hash(o outcome) (h hashText) {
	text := append(append(w.hashed[:0], `{"market":"`...), o.Condition...)
	text = append(append(append(text, `","asset_id":"`...), o.token()...), `","timestamp":"`...)
	text = strconv.AppendInt(text, o.time, 10)
	text = append(text, `","hash":"","bids":[`...)
	text = o.appendLevels(text, book.Bid, ",")
	text = append(text, `],"asks":[`...)
	text = o.appendLevels(text, book.Ask, ",")
	text = append(append(append(text, `],"min_order_size":"`...), o.minSize...), `","tick_size":"`...)
	text, _ = o.TickSize.AppendText(text)
	text = strconv.AppendBool(append(text, `","neg_risk":`...), o.NegRisk)
	text = append(append(append(text, `,"last_trade_price":"`...), o.lastTrade...), '"')
	if w.changed {
		text = append(text, `,"fees_enabled":false`...)
	}
	w.hashed = append(text, '}')
	sum := sha1.Sum(w.hashed)
	hex.Encode(h[:], sum[:])
	return h
}
