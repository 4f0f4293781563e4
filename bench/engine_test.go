package bench

import (
	"example.com/truebook/bench/corpus"
	"example.com/truebook/book"
	"example.com/truebook/engine"
	"example.com/truebook/feed"
)

// This file is all that knows how the engine is driven.

// engines drives a replay: everything that correctness needs is on, proofs as
// prove says.
type engines struct {
	prove  bool
	replay *engine.Replay
	assets []*engine.Asset
	read   book.Price // so that what was read is used
}

func (e *engines) open(frames []corpus.Frame) error {
	e.replay, e.assets = engine.NewReplay(nil), nil
	if !e.prove {
		e.replay.LimitProofs(-1)
	}
	return e.apply(frames)
}

// again begins as after a new connection: the books of an opening are no surprise
// then.
func (e *engines) again(frames []corpus.Frame) error {
	_ = e.replay.Step(feed.Record{Kind: feed.Opened, Time: frames[0].Time}) // of no frame
	return e.apply(frames)
}

func (e *engines) apply(frames []corpus.Frame) error {
	for i := range frames {
		if err := e.replay.Step(feed.Record{Time: frames[i].Time, Frame: frames[i].Data}); err != nil {
			return err
		}
	}
	return nil
}

func (e *engines) find(tokens []string) {
	e.assets = make([]*engine.Asset, len(tokens))
	for i, token := range tokens {
		e.assets[i] = e.replay.Asset(token)
	}
}

func (e *engines) run(frames []corpus.Frame, named [][2]int32) error {
	var sum book.Price
	for i := range frames {
		if err := e.replay.Step(feed.Record{Time: frames[i].Time, Frame: frames[i].Data}); err != nil {
			return err
		}
		for _, token := range named[i] {
			if token >= 0 {
				top, _ := e.assets[token].Top()
				sum += top.Bid.Price
			}
		}
	}
	e.read += sum
	return nil
}

func (e *engines) top(token int) (book.Top, error) {
	top, err := e.assets[token].Top()
	return top.Top, err
}

func (e *engines) readers() func(token int) book.Price {
	assets := e.assets
	return func(token int) book.Price {
		top, _ := assets[token].Top()
		return top.Bid.Price
	}
}
