package feed_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
)

// bothWays reads a frame in the usual form if it has that, and by the scanner. The
// decoders know the same tokens: those of bookFrame and changeFrame.
type bothWays struct {
	usual, strict *feed.Decoder
}

func newBothWays(options feed.DecoderOptions) *bothWays {
	w := &bothWays{feed.NewDecoder(options), feed.NewStrictDecoder(options)}
	for _, d := range []*feed.Decoder{w.usual, w.strict} {
		d.Know(yes)
		if _, err := d.Decode([]byte(expand(changeFrame))); err != nil {
			panic(err)
		}
	}
	return w
}

func (w *bothWays) compare(t *testing.T, frame []byte) {
	t.Helper()
	describe := func(d *feed.Decoder) string {
		events, err := d.Decode(frame)
		stats := d.Stats()
		stats.Unusual = 0
		return fmt.Sprintf("%s\n%v\n%+v", showWhole(events), err, stats)
	}
	if usual, strict := describe(w.usual), describe(w.strict); usual != strict {
		t.Fatalf("%.9999q\nreads as\n%s\nand strictly as\n%s", frame, usual, strict)
	}
}

// showWhole leaves nothing of a price change out.
func showWhole(events []feed.Event) string {
	var text strings.Builder
	text.WriteString(show(events))
	for _, e := range events {
		if e, ok := e.(*feed.PriceChange); ok {
			text.WriteString(e.Market)
			for _, c := range e.Changes {
				fmt.Fprint(&text, " ", c.Asset.ID, c.Asset.Index, c.Side, c.Price, c.Size, c.Hash, c.BestBid, c.BestAsk, c.HasBest)
			}
		}
	}
	return text.String()
}

// pairFrame is one order, as it is for either token of its market.
const pairFrame = `{"market":"$M","price_changes":[{"asset_id":"$Y","price":"0.911","size":"1250.5","side":"BUY","hash":"$H","best_bid":"0.924","best_ask":"0.93"},{"asset_id":"$N","price":"0.089","size":"1250.5","side":"SELL","hash":"$H","best_bid":"0.07","best_ask":"0.076"}],"timestamp":"1784578702354","event_type":"price_change"}`

// usualFrames are in the usual form, with both spacings, and with numbers of every
// length.
func usualFrames() []string {
	frames := []string{
		pairFrame,
		changeFrame,
		strings.ReplaceAll(changeFrame, `"size":"3"`, `"size":"123456789012.654321"`),
		strings.ReplaceAll(changeFrame, `"size":"3"`, `"size":"12345678"`),
		strings.ReplaceAll(changeFrame, `"best_bid":"0.075","best_ask":"0.076"`, `"best_bid":"0","best_ask":"1"`),
		strings.ReplaceAll(changeFrame, `"price":"0.089"`, `"price":"0.0001"`),
		changeFrame + "\r\n",
	}
	for _, f := range frames {
		frames = append(frames, strings.ReplaceAll(f, ",", ", "))
	}
	for i, f := range frames {
		frames[i] = expand(f)
	}
	return frames
}

// TestUsualForm: the frames that are to be fast are.
func TestUsualForm(t *testing.T) {
	for _, learn := range []bool{false, true} {
		w := newBothWays(feed.DecoderOptions{Learn: learn})
		before := w.usual.Stats().Unusual
		for _, frame := range usualFrames() {
			w.compare(t, []byte(frame))
		}
		if n := w.usual.Stats().Unusual - before; n > 0 {
			t.Errorf("%d frames were not read in the usual form", n)
		}
		x := feedtest.New(feedtest.Options{Seed: 5})
		for range 500 {
			w.compare(t, rename(x, x.Next().Data))
		}
		if n := w.usual.Stats().Unusual - before; n > 0 {
			t.Errorf("%d simulated frames were not read in the usual form", n)
		}
	}
}

// TestNearlyUsual changes, removes and inserts single bytes at each place of frames
// in the usual form, and cuts them there.
func TestNearlyUsual(t *testing.T) {
	w := newBothWays(feed.DecoderOptions{Learn: true})
	frames := usualFrames()
	half := len(frames) / 2 // behind it, those with blanks
	levels := expand(strings.ReplaceAll(bookFrame, `{"price":"0.4","size":"7"}`, `{"price":"0.39","size":"7"},{"price":"0.4","size":"1250.5"}`))
	for _, frame := range []string{
		frames[0], frames[1], frames[half], frames[half+1], levels, strings.ReplaceAll(levels, ",", ", "),
	} {
		step := 1
		if raceEnabled {
			step = 7 // it has one goroutine
		}
		for at := 0; at < len(frame); at += step {
			w.compare(t, []byte(frame[:at]))
			w.compare(t, []byte(frame[:at]+frame[at+1:]))
			for _, c := range "\x00\t \n\"'+,-./0159:;@AFGafg[\\]`{}~\x7f\x80\xb0\xff" {
				w.compare(t, []byte(frame[:at]+string(byte(c))+frame[at+1:]))
				w.compare(t, []byte(frame[:at]+string(byte(c))+frame[at:]))
			}
		}
	}
}

// nearlyMirrored are frames of two changes of which the second differs from the mirror
// of the first in any one way, or in none: by number of digits, by value, by what is no
// digit but would be the sum's other half.
func nearlyMirrored() []string {
	prices := []string{
		"0.5", "0.50", "0.05", "0.95", "0.95\x00", "0.15", "0.85", "0.8", "0.2", "0.20", "0.2:", "0.7:", "0.8:", "0.005", "0.995", "0.0001", "0.9999",
		"0.00001", "0.99999", "0.000001", "0.", "0", "00", "0.0", "0.00", "1", "1.0", "", ".5", "0.a", "0/5", "1.5", "0.5\",", `0.5"`, "2",
	}
	sizes := []string{
		"7", "0", "", "07", "7.", ".7", "7.0", "7.5", "7.50", "12345678", "123456789", "123456789012", "1234567890123", "1234567.8", "12345678.9",
		"1234567890.1", "1234567890.12", "123456789012.123456", "123456089012.123456", "123456789013.123456", "123456789012.1234567", "1e2", "-1", "7:", `7"`, "0.000001", "0.0000001",
	}
	var frames []string
	add := func(old ...string) {
		frame := strings.NewReplacer(old...).Replace(pairFrame)
		frames = append(frames, expand(frame), expand(strings.ReplaceAll(frame, ",", ", ")))
	}
	for _, a := range prices {
		for _, b := range prices {
			add("0.911", a, "0.089", b)
			add(`bid":"0.924"`, `bid":"`+a+`"`, `ask":"0.076"`, `ask":"`+b+`"`)
			add(`ask":"0.93"`, `ask":"`+a+`"`, `bid":"0.07"`, `bid":"`+b+`"`)
		}
	}
	for _, a := range sizes {
		for _, b := range sizes {
			add(`"1250.5","side":"BUY"`, `"`+a+`","side":"BUY"`, `"1250.5","side":"SELL"`, `"`+b+`","side":"SELL"`)
		}
	}
	sides := []string{"BUY", "SELL", "SELLX", "BUYX", "BUL", "S", ""}
	for _, a := range sides {
		for _, b := range sides {
			add("BUY", a, "SELL", b)
		}
	}
	const change = `{"asset_id":"$Y","price":"0.911","size":"1250.5","side":"BUY","hash":"$H","best_bid":"0.924","best_ask":"0.93"}`
	for _, tokens := range []string{"$N$Y", "$Y$Y", "$N$N"} {
		add("$Y", tokens[:2], "$N", tokens[2:])
	}
	add("],", ","+change+"],")
	add("],", ","+change+","+strings.Replace(change, "$Y", "$N", 1)+"],")
	add(change+",", "")
	add(change+",", change)
	return frames
}

// TestNearlyMirrored: the second change of a pair is read as it is written.
func TestNearlyMirrored(t *testing.T) {
	for _, options := range []feed.DecoderOptions{{}, {Learn: true}} {
		w := newBothWays(options)
		for _, frame := range nearlyMirrored() {
			w.compare(t, []byte(frame))
		}
	}
}

// TestCombinations draws frames whose values are usual, or unusual in any way, in many
// places at once.
func TestCombinations(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(usual []string, others ...string) string {
		if r.IntN(12) == 0 {
			return others[r.IntN(len(others))]
		}
		return usual[r.IntN(len(usual))]
	}
	hash := func() string {
		return pick([]string{hashHex, strings.Repeat("f0", 20)}, "", strings.Repeat("0", 40), strings.ToUpper(hashHex), hashHex[1:], hashHex+"0", "g"+hashHex[1:], hashHex[:39]+"\\")
	}
	price := func() string {
		return pick([]string{"0.1", "0.9", "0.45", "0.55", "0.455", "0.545", "0.4555", "0.5445"},
			"", "0", "1", "0.0", "0.", ".5", "0.50", "0.45555", "0.4:", "1.0", "00.5", "0.5 ", "-0.5", "0.a", "0.000001")
	}
	size := func() string {
		return pick([]string{"0", "7", "25", "100", "1250.5", "12345678", "100.25"},
			"", "7.", ".7", "123456789012", "1234567890123", "1.1234567", "123456789012.123456", "7 ", "1e3", "-1", "07", "7.0000000")
	}
	// Token, price, size, side, hash, best bid and best ask.
	type values [7]string
	draw := func() values {
		return values{
			pick([]string{yes, no}, "", "7", yes[1:], yes+"1", no[:76]+"x", strings.Repeat("7", 78), strings.Repeat("7", 129)),
			price(), size(), pick([]string{"BUY", "SELL"}, "", "buy", "SEL", "SELLS", "BUYS", "BID"), hash(), price(), price(),
		}
	}
	other := strings.NewReplacer(yes, no, no, yes, "BUY", "SELL", "SELL", "BUY", "0.1", "0.9", "0.9", "0.1",
		"0.4555", "0.5445", "0.5445", "0.4555", "0.455", "0.545", "0.545", "0.455", "0.45", "0.55", "0.55", "0.45")
	mirror := func(v values) values {
		for i, text := range v {
			v[i] = other.Replace(text)
		}
		v[4], v[5], v[6] = hash(), v[6], v[5]
		if r.IntN(4) == 0 {
			i := r.IntN(len(v))
			v[i] = draw()[i]
		}
		return v
	}
	write := func(v values, comma string) string {
		return `{"asset_id":"` + v[0] + `"` + comma + `"price":"` + v[1] + `"` + comma + `"size":"` + v[2] + `"` + comma + `"side":"` + v[3] +
			`"` + comma + `"hash":"` + v[4] + `"` + comma + `"best_bid":"` + v[5] + `"` + comma + `"best_ask":"` + v[6] + `"}`
	}
	ways := []*bothWays{newBothWays(feed.DecoderOptions{}), newBothWays(feed.DecoderOptions{}), newBothWays(feed.DecoderOptions{Learn: true})}
	for _, d := range []*feed.Decoder{ways[1].usual, ways[1].strict} {
		d.Know(no)
	}
	pairs := 0
	for range combinations {
		comma := pick([]string{",", ", "}, " ,", ",  ", "")
		v := draw()
		changes := []string{write(v, comma)}
		for range pick([]string{"x", "x", "x", "xx", "xxx"}, "", "xxxxxxx") {
			if v = mirror(v); r.IntN(8) == 0 {
				v = draw()
			}
			changes = append(changes, write(v, comma))
		}
		frame := `{"market":"` + pick([]string{market}, "", market[:65], market[:65]+"b", market+"b") + `"` + comma + `"price_changes":[` + strings.Join(changes, comma) + `]` + comma +
			`"timestamp":"` + pick([]string{"1784578702354", "1784578702355", "1800000000000"}, "", "1784578702", "178457870235x", "9999999999999", "0") + `"` + comma +
			`"event_type":"` + pick([]string{"price_change"}, "price_changes", "book", "") + `"}` + pick([]string{""}, "\n", " ", "}", "x", "\x00")
		for _, w := range ways {
			w.compare(t, []byte(frame))
			if events, err := w.usual.Decode([]byte(frame)); err == nil && w.usual.IsPair(events) {
				pairs++
			}
			_, _ = w.strict.Decode([]byte(frame)) // for the same counts
		}
	}
	if pairs < combinations/10 {
		t.Errorf("%d pairs of %d frames", pairs, combinations)
	}
}

const combinations = 2000

// TestMirrored: the frames that are to be fastest are.
func TestMirrored(t *testing.T) {
	w := newBothWays(feed.DecoderOptions{Learn: true})
	x := feedtest.New(feedtest.Options{Seed: 5})
	pairs, frames := 0, 0
	for range 500 {
		if data := rename(x, x.Next().Data); bytes.Contains(data, []byte("price_changes")) {
			frames++
			if events, err := w.usual.Decode(data); err == nil && w.usual.IsPair(events) {
				pairs++
			}
		}
	}
	if pairs < frames*9/10 || frames < 100 {
		t.Errorf("%d of %d simulated frames were read as pairs", pairs, frames)
	}
	for _, f := range []string{pairFrame, strings.ReplaceAll(pairFrame, ",", ", ")} {
		events, err := w.usual.Decode([]byte(expand(f)))
		if err != nil || !w.usual.IsPair(events) {
			t.Errorf("not read as a pair, but %v, %v: %s", show(events), err, f)
		}
	}
}

// TestUnwatchedBeforePair: changes of unknown tokens are counted once.
func TestUnwatchedBeforePair(t *testing.T) {
	w := newBothWays(feed.DecoderOptions{})
	w.usual.Know(no)
	w.strict.Know(no)
	third := strings.Replace(pairFrame, "}],", `},{"asset_id":"7","price":"0.5","size":"1","side":"BUY","hash":"$H","best_bid":"0.5","best_ask":"0.6"}],`, 1)
	for _, frame := range []string{pairFrame, third, pairFrame, strings.Replace(third, `"7"`, `"`+no[1:]+`"`, 1), pairFrame} {
		w.compare(t, []byte(expand(frame)))
	}
	if n := w.usual.Stats().Unwatched; n != 3 { // one in newBothWays
		t.Errorf("%d changes unwatched", n)
	}
}

// TestUnwatchedIDs: what is no id of any token is not taken for that of an unknown one.
func TestUnwatchedIDs(t *testing.T) {
	long := strings.Repeat("1234567890", 14)
	for _, id := range []string{
		"", "0", "7", "77777777", " 7", "7 ", "-7", "x", "7x", long[:7], long[:8], long[:9], long[:127], long[:128], long[:129], long[:136], long[:127] + "x", "\\u0037",
	} {
		w := newBothWays(feed.DecoderOptions{})
		for _, token := range []string{"$Y", "$N"} {
			frame := strings.Replace(pairFrame, token, id, 1)
			w.compare(t, []byte(expand(frame)))
			w.compare(t, []byte(expand(strings.ReplaceAll(frame, ",", ", "))))
			w.compare(t, []byte(expand(strings.NewReplacer("$Y", id, "$N", id).Replace(pairFrame))))
		}
	}
}

// TestUsualIDs: tokens of all lengths are told from those that begin or end like them.
func TestUsualIDs(t *testing.T) {
	for n := 64; n <= 140; n++ {
		long := strings.Repeat("1234567890", 14)[:n]
		for _, others := range [][2]string{
			{long[1:], long}, {long + "1", long}, {"9" + long[1:], long}, {long[:n-1] + "7", long}, {long[:n/2] + "x" + long[n/2+1:], long}, {long, ""},
		} {
			w := newBothWays(feed.DecoderOptions{Learn: true})
			for _, pair := range [][2]string{{long, others[0]}, {long, others[1]}, {others[0], long}, {others[0], others[1]}} {
				frame := strings.NewReplacer("$Y", pair[0], "$N", pair[1], "$M", "0x"+strings.Repeat("b", 64)).Replace(pairFrame)
				w.compare(t, []byte(expand(frame)))
				w.compare(t, []byte(expand(strings.ReplaceAll(frame, ",", ", "))))
			}
		}
	}
}

// TestUsualTimes crosses the bounds of times, and of those that begin with the same
// five digits.
func TestUsualTimes(t *testing.T) {
	w := newBothWays(feed.DecoderOptions{Learn: true})
	for _, time := range []string{
		"1577836799999", "1577836800000", "1577899999999", "1577900000000", "1784578702354", "1784599999999", "1784600000000",
		"4102399999999", "4102400000000", "4102444799999", "4102444800000", "0000000000000", "9999999999999", "17846\x0000000000",
		"17845787023540", "178457870235", "1784578702a54", "1784a78702354", "a784578702354", "178457870235a", "17845 78702354",
	} {
		w.compare(t, []byte(expand(strings.Replace(pairFrame, "1784578702354", time, 1))))
	}
}

// TestUsualHashes: zeros are no hash, and only lower-case hex digits are one.
func TestUsualHashes(t *testing.T) {
	w := newBothWays(feed.DecoderOptions{Learn: true})
	for _, hash := range []string{
		strings.Repeat("0", 40), strings.Repeat("0", 39) + "1", strings.Repeat("0", 8) + strings.Repeat("a", 32), strings.Repeat("f", 40), strings.Repeat("9", 40),
	} {
		w.compare(t, []byte(expand(strings.Replace(pairFrame, "$H", hash, 1))))
		w.compare(t, []byte(expand(strings.ReplaceAll(pairFrame, "$H", hash))))
	}
	for c := range 256 { // beside characters that a carry from it would make others of
		for _, pair := range []string{"00", "99", "aa", "ff", "09", "fa"} {
			for _, at := range []int{0, 1, 7, 8, 15, 39} {
				hash := []byte(strings.Repeat(pair, 20))
				hash[at] = byte(c)
				w.compare(t, []byte(expand(strings.Replace(pairFrame, "$H", string(hash), 1))))
				w.compare(t, []byte(expand(strings.Replace(strings.Replace(pairFrame, "$H", hashHex, 1), "$H", string(hash), 1))))
			}
		}
	}
}

// TestUsualTooLong: white space behind a frame counts as a part of it.
func TestUsualTooLong(t *testing.T) {
	w := newBothWays(feed.DecoderOptions{})
	w.compare(t, append([]byte(expand(changeFrame)), bytes.Repeat([]byte(" "), feed.MaxFrame)...))
}

// FuzzUsual: what is read in the usual form is what the scanner reads.
func FuzzUsual(f *testing.F) {
	for _, frame := range append(usualFrames(), expand(bookFrame)) {
		f.Add([]byte(frame), true)
		f.Add([]byte(frame), false)
	}
	x := feedtest.New(feedtest.Options{Seed: 3})
	for range 20 {
		f.Add(rename(x, x.Next().Data), false)
	}
	mirrored := nearlyMirrored()
	for i := 0; i < len(mirrored); i += 97 {
		f.Add([]byte(mirrored[i]), i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, frame []byte, learn bool) {
		w := newBothWays(feed.DecoderOptions{Learn: learn})
		w.compare(t, frame)
		w.compare(t, frame) // once more, with what it has taught
	})
}

// rename gives a frame of a simulated market the names that expand gives.
func rename(x *feedtest.Exchange, frame []byte) []byte {
	m := x.Markets()[0]
	return []byte(strings.NewReplacer(m.Condition, market, m.Yes, yes, m.No, no).Replace(string(frame)))
}
