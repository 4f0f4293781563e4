package feed_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"example.com/truebook/feed"
)

// TestKnownIDs draws markets whose two, three or more tokens have ids that begin or end
// alike, of lengths around the usual ones, and condition ids of other lengths: what a
// decoder has learned of them never makes it read a frame otherwise than the scanner.
func TestKnownIDs(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 5))
		digits := func(n int) string {
			var b strings.Builder
			for range n {
				b.WriteByte(byte('0' + r.IntN(10)))
			}
			return b.String()
		}
		stem := digits(140)
		id := func() string {
			n := []int{1, 7, 8, 64, 70, 71, 72, 73, 77, 78, 79, 80, 127, 128}[r.IntN(14)]
			if r.IntN(2) == 0 {
				n = 72 + r.IntN(7)
			}
			text := []byte(stem[:n])
			for range r.IntN(3) { // often the first or the last eight, or none
				at := []int{0, n - 1, min(8, n-1), r.IntN(n)}[r.IntN(4)]
				text[at] = byte('0' + r.IntN(10))
			}
			return string(text)
		}
		tokens := make([]string, 6)
		for i := range tokens {
			tokens[i] = id()
		}
		conditions := []string{market, market[:65], market + "b", market[:65] + "c", "0x" + strings.Repeat("0", 64), market[:10] + "\\u0030" + market[11:]}
		options := feed.DecoderOptions{Learn: seed%2 == 0}
		w := &bothWays{feed.NewDecoder(options), feed.NewStrictDecoder(options)}
		for _, token := range tokens[:r.IntN(5)] {
			w.usual.Know(token)
			w.strict.Know(token)
		}
		for range 300 {
			comma := []string{",", ", "}[r.IntN(2)]
			change := func(token, price, side string) string {
				return fmt.Sprintf(`{"asset_id":%q,"price":%q,"size":"7","side":%q,"hash":%q,"best_bid":"0.3","best_ask":"0.7"}`, token, price, side, hashHex)
			}
			a, b := tokens[r.IntN(len(tokens))], tokens[r.IntN(len(tokens))]
			changes := []string{change(a, "0.4", "BUY"), change(b, "0.6", "SELL")}
			switch r.IntN(8) {
			case 0:
				changes = changes[:1]
			case 1:
				changes = append(changes, change(tokens[r.IntN(len(tokens))], "0.4", "BUY"))
			}
			frame := fmt.Sprintf(`{"market":%q,"price_changes":[%s],"timestamp":"1784578702354","event_type":"price_change"}`,
				conditions[min(r.IntN(12), r.IntN(len(conditions)))], strings.Join(changes, ","))
			frame = strings.ReplaceAll(strings.ReplaceAll(frame, `\\`, `\`), ",", comma)
			w.compare(t, []byte(frame))
		}
	}
}
