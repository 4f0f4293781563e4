package engine

import "fmt"

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
		return fmt.Sprintf("frame %d: %.700s", in.conn, in.frame)
	case answerCame:
		return fmt.Sprintf("answer %d: %d %.2000s", in.id, in.status, in.body)
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
