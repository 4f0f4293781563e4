package engine

import (
	"fmt"
	"strings"

	"example.com/truebook/feed"
)

var full = false

// brief is a frame on a line: what it says, states as hash@milliseconds.
func brief(frame []byte) string {
	d := feed.NewDecoder(feed.DecoderOptions{Learn: true})
	events, err := d.Decode(frame)
	if err != nil {
		return fmt.Sprintf("%v: %.200s", err, frame)
	}
	var text []string
	state := func(h feed.Hash, t feed.Timestamp) string { return fmt.Sprintf("%.4s@%d", h, t%1_000_000) }
	for _, event := range events {
		switch e := event.(type) {
		case *feed.Book:
			text = append(text, fmt.Sprintf("book %.4s %s %d+%d", e.Asset.ID, state(e.Hash, e.Time), len(e.Bids), len(e.Asks)))
		case *feed.PriceChange:
			for _, c := range e.Changes {
				text = append(text, fmt.Sprintf("%.4s %s %v %v x %v (%v %v)", c.Asset.ID, state(c.Hash, e.Time), c.Side, c.Price, c.Size, c.BestBid, c.BestAsk))
			}
		case *feed.Trade:
			text = append(text, fmt.Sprintf("trade %.4s %v", e.Asset.ID, e.Price))
		case *feed.TickSizeChange:
			text = append(text, fmt.Sprintf("tick %.4s %v", e.Asset.ID, e.New))
		case *feed.Resolved:
			text = append(text, fmt.Sprintf("resolved %.6s", e.Market))
		case *feed.Bad:
			text = append(text, fmt.Sprintf("bad %.4s %v", e.Asset.ID, e.Err))
		default:
			text = append(text, fmt.Sprintf("%.60s", frame))
		}
	}
	if text == nil {
		return fmt.Sprintf("%.60q", frame)
	}
	return strings.Join(text, "; ")
}

// String is what a trace shows of an input.
func (in *input) String() string {
	switch in.kind {
	case timerFired:
		return "timer"
	case connOpened:
		return fmt.Sprintf("opened %d", in.conn)
	case dialFailed:
		return fmt.Sprintf("dial %d failed: %d", in.conn, in.status)
	case connClosed:
		return fmt.Sprintf("closed %d: %d %q", in.conn, in.status, in.text)
	case frameCame:
		return fmt.Sprintf("frame %d: %s", in.conn, brief(in.frame))
	case answerCame:
		if full {
			return fmt.Sprintf("answer %d: %d %s", in.id, in.status, in.body)
		}
		return fmt.Sprintf("answer %d: %d %s", in.id, in.status, brief(in.body))
	case tokensWatched:
		return fmt.Sprintf("watch %v", short(in.tokens))
	case tokensLeft:
		return fmt.Sprintf("leave %v", short(in.tokens))
	default:
		return fmt.Sprintf("input %d", in.kind)
	}
}

// String is what a trace shows of an effect.
func (e *effect) String() string {
	name := [...]string{"dial", "hang up", "ping", "subscribe", "unsubscribe", "fetch", "report hashing"}[e.kind]
	return fmt.Sprintf("-> %s conn %d id %d %v", name, e.conn, e.id, short(e.tokens))
}

func short(tokens []string) []string {
	var s []string
	for _, t := range tokens {
		s = append(s, t[:min(len(t), 5)])
	}
	return s
}
