package feed_test

import (
	"bytes"
	"fmt"
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
	for _, frame := range []string{frames[0], frames[1], frames[half], frames[half+1]} {
		for at := range len(frame) {
			w.compare(t, []byte(frame[:at]))
			w.compare(t, []byte(frame[:at]+frame[at+1:]))
			for _, c := range "\x00\t \n\"'+,-./0159:;@AFGafg[\\]`{}~\x7f\x80\xb0\xff" {
				w.compare(t, []byte(frame[:at]+string(byte(c))+frame[at+1:]))
				w.compare(t, []byte(frame[:at]+string(byte(c))+frame[at:]))
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
