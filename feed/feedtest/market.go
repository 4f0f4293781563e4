package feedtest

import (
	"crypto/sha1"
	"encoding/hex"
	"math/rand/v2"
	"strconv"
	"strings"

	"example.com/truebook/book"
)

// Market names what a simulated market is known by.
type Market struct {
	Condition string // its id, "0x" and 64 hex digits
	Yes, No   string // its two tokens
	TickSize  book.Price
	NegRisk   bool
}

// market is the truth of one market, on the scale of its Yes token.
type market struct {
	Market
	// size holds the resting size of each tick from 1 to len-2 in hundredths of
	// a share, 0 where there is none. bids lie below asks.
	bids, asks []int64
	// priceText is the text of each tick's price.
	priceText []string
	minSize   string
	lastTrade string // as the hash has it, "" before the first trade
	time      int64  // of the last change, in milliseconds
	weight    float64
}

// hundredth is a hundredth of a share in millionths: sizes have two decimals.
const hundredth = 10_000

func newMarket(r *rand.Rand) *market {
	m := &market{minSize: "5", weight: 0.05 + r.Float64()*r.Float64()}
	m.Condition = "0x" + digits(r, 64, "0123456789abcdef")
	m.Yes, m.No = token(r), token(r)
	ticks := 100
	if r.IntN(3) == 0 {
		ticks = 1000
	}
	m.TickSize = book.Dollar / book.Price(ticks)
	m.NegRisk = r.IntN(3) == 0
	if r.IntN(4) == 0 {
		m.minSize = "15"
	}
	m.bids, m.asks = make([]int64, ticks+1), make([]int64, ticks+1)
	for i := range ticks + 1 {
		m.priceText = append(m.priceText, (book.Price(i) * m.TickSize).String())
	}
	middle := ticks/5 + r.IntN(ticks*3/5)
	for i := 1; i < ticks; i++ {
		// Levels thin out away from the touch.
		if distance := max(i-middle, middle-i); r.IntN(4+distance*distance/60) > 4 {
			continue
		}
		if i < middle {
			m.bids[i] = randomSize(r)
		} else if i > middle {
			m.asks[i] = randomSize(r)
		}
	}
	if r.IntN(4) > 0 {
		m.lastTrade = threeDecimals(m.priceText[middle])
	}
	return m
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
func randomSize(r *rand.Rand) int64 {
	size := int64(1+r.IntN(99)) * []int64{100, 100, 500, 1000, 10_000}[r.IntN(5)]
	if r.IntN(4) == 0 {
		size += int64(r.IntN(100))
	}
	return size
}

func sizeText(hundredths int64) string {
	text := strconv.FormatInt(hundredths/100, 10)
	if cents := hundredths % 100; cents > 0 {
		text += "." + strings.TrimRight(strconv.FormatInt(100+cents, 10)[1:], "0")
	}
	return text
}

func threeDecimals(price string) string {
	if !strings.Contains(price, ".") {
		price += "."
	}
	return price + strings.Repeat("0", max(0, 5-len(price)))
}

func (m *market) ticks() int { return len(m.bids) - 1 }

// best returns the ticks of the best bid and ask, 0 and ticks() where a side is
// empty.
func (m *market) best() (bid, ask int) {
	for bid = m.ticks() - 1; bid > 0 && m.bids[bid] == 0; bid-- {
	}
	for ask = 1; ask < m.ticks() && m.asks[ask] == 0; ask++ {
	}
	return bid, ask
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

// sides returns the outcome's own bids and asks. A level at tick i of Yes stands
// at tick ticks()-i of No, on the other side.
func (o outcome) sides() (bids, asks []int64) {
	if o.no {
		return o.asks, o.bids
	}
	return o.bids, o.asks
}

func (o outcome) tick(i int) int {
	if o.no {
		return o.ticks() - i
	}
	return i
}

// bestText returns the best prices as entries have them: 0 and 1 for none.
func (o outcome) bestText() (bid, ask string) {
	b, a := o.best()
	if o.no {
		b, a = o.ticks()-a, o.ticks()-b
	}
	return o.priceText[b], o.priceText[a]
}

// levels calls visit for each level of a side, worst first.
func (o outcome) levels(side book.Side, visit func(price string, tick int, size int64)) {
	bids, asks := o.sides()
	sizes := bids
	if side == book.Ask {
		sizes = asks
	}
	for i := 1; i < o.ticks(); i++ {
		tick := i
		if side == book.Ask {
			tick = o.ticks() - i
		}
		if size := sizes[o.tick(tick)]; size > 0 {
			visit(o.priceText[tick], tick, size)
		}
	}
}

func (o outcome) appendLevels(dst []byte, side book.Side, separator string) []byte {
	first := true
	o.levels(side, func(price string, _ int, size int64) {
		if !first {
			dst = append(dst, separator...)
		}
		first = false
		dst = append(dst, `{"price":"`...)
		dst = append(dst, price...)
		dst = append(append(dst, '"'), separator...)
		dst = append(dst, `"size":"`...)
		dst = append(dst, sizeText(size)...)
		dst = append(dst, `"}`...)
	})
	return dst
}

// hash is the SHA-1 of the outcome's whole book at the market's time.
func (o outcome) hash() string {
	text := []byte(`{"market":"` + o.Condition + `","asset_id":"` + o.token() +
		`","timestamp":"` + strconv.FormatInt(o.time, 10) + `","hash":"","bids":[`)
	text = o.appendLevels(text, book.Bid, ",")
	text = append(text, `],"asks":[`...)
	text = o.appendLevels(text, book.Ask, ",")
	text = append(text, `],"min_order_size":"`+o.minSize+`","tick_size":"`+o.TickSize.String()+
		`","neg_risk":`+strconv.FormatBool(o.NegRisk)+`,"last_trade_price":"`+o.lastTrade+`"}`...)
	sum := sha1.Sum(text)
	return hex.EncodeToString(sum[:])
}
