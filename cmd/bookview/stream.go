package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/engine"
)

// bookEvery is how often the book of a token that changes is written.
const bookEvery = time.Second

// stream writes what happens to the tokens of a subscription, one JSON object per line.
type stream struct {
	sub    *engine.Subscription
	out    io.Writer
	talk   io.Writer
	depth  int
	tokens map[string]*streamed
}

// streamed is what has been written of a token.
type streamed struct {
	asset  *engine.Asset
	market string // "" until it is known
	name   nameLine
	// book is that of the events so far; what is written of it is about this one.
	book *book.Book
	// within: some events of a version have come, and not yet the last.
	within bool
	status engine.Status // written last
	begun  bool          // something has been
	top    book.Top      // written last, of epoch
	epoch  uint64
	// wrote is when its book was written, 0 if never; changed says that it has changed
	// since, bookEpoch is the epoch of the one that was written.
	wrote     time.Time
	bookEpoch uint64
	changed   bool
}

func newStream(sub *engine.Subscription, names map[string]named, out, talk io.Writer, depth int) *stream {
	s := &stream{sub: sub, out: out, talk: talk, depth: depth, tokens: map[string]*streamed{}}
	for _, a := range sub.Assets() {
		n := names[a.ID()]
		s.tokens[a.ID()] = &streamed{asset: a, book: book.New(), market: n.condition(), name: n.line()}
	}
	return s
}

// run writes until the context ends, or writing fails.
func (s *stream) run(ctx context.Context) error {
	for ctx.Err() == nil {
		err := s.follow(ctx)
		switch {
		case errors.Is(err, engine.ErrLagged):
			fmt.Fprintln(s.talk, "bookview: standard output is too slow: what happened meanwhile is left out")
		case err != nil:
			return err
		}
	}
	return nil
}

// follow writes events until they end.
func (s *stream) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	events := make(chan engine.Event)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(events)
		for e := range s.sub.Events(ctx) {
			select {
			case events <- e:
			case <-ctx.Done():
				return
			}
		}
	}()
	defer func() { cancel(); <-done }()
	tick := time.NewTicker(bookEvery / 4)
	defer tick.Stop()
	for {
		select {
		case e, ok := <-events:
			if !ok {
				<-done
				if err := s.sub.Err(); ctx.Err() == nil {
					return err
				}
				return nil
			}
			if err := s.event(&e); err != nil {
				return err
			}
		case <-tick.C:
			for _, a := range s.sub.Assets() {
				if err := s.books(s.tokens[a.ID()]); err != nil {
					return err
				}
			}
		}
	}
}

// event writes what an event has to say, in the order in which it happened.
func (s *stream) event(e *engine.Event) error {
	t := s.tokens[e.Asset]
	if t.market == "" {
		t.market = t.asset.View().Market
	}
	if e.Status != nil && t.isNew(e.Status) {
		t.status = *e.Status
		if err := s.write(newStateLine(t, e)); err != nil {
			return err
		}
	}
	switch e.Kind {
	case engine.SnapshotEvent:
		if err := t.replace(e.View); err != nil {
			return err
		}
	case engine.LevelEvent:
		if _, err := t.book.Set(e.Level.Side, e.Level.Price, e.Level.New); err != nil {
			return err
		}
		t.changed = true
	case engine.TradeEvent:
		if err := s.write(newTradeLine(t, e)); err != nil {
			return err
		}
	case engine.TickEvent, engine.StateEvent:
		t.changed = true
	}
	if t.within = !e.Last; t.within {
		return nil
	}
	if err := s.tops(t, e); err != nil {
		return err
	}
	return s.books(t)
}

// isNew says that a status is another one than was written last.
func (t *streamed) isNew(s *engine.Status) bool {
	old := &t.status
	first := !t.begun
	t.begun = true
	return first || s.State != old.State || s.Reason != old.Reason || s.Settling != old.Settling || s.Epoch != old.Epoch
}

func (t *streamed) replace(v *engine.View) error {
	t.changed = true
	_, err := t.book.Replace(v.Snapshot.AppendLevels(nil, book.Bid, 0), v.Snapshot.AppendLevels(nil, book.Ask, 0))
	return err
}

func (s *stream) write(line any) error { return json.NewEncoder(s.out).Encode(line) }

// tops writes the top of a live book if it is another one than was written last.
func (s *stream) tops(t *streamed, e *engine.Event) error {
	if t.status.State != engine.Live || t.status.Settling {
		return nil
	}
	top := t.book.Top()
	if top == t.top && e.Epoch == t.epoch {
		return nil
	}
	t.top, t.epoch = top, e.Epoch
	return s.write(newTopLine(t, e))
}

// books writes the book of a token at first, in each new epoch, and each second if it
// has changed. It is that of the events so far, with what is known of it now: where the
// engine is ahead of them, it waits.
func (s *stream) books(t *streamed) error {
	if t.within || !t.changed || t.status.State != engine.Live || t.status.Settling {
		return nil
	}
	now := time.Now()
	if t.status.Epoch == t.bookEpoch && now.Sub(t.wrote) < bookEvery {
		return nil
	}
	view := t.asset.View()
	if view.State != engine.Live || view.Settling || view.Epoch != t.status.Epoch || !view.Snapshot.Equal(t.book.Snapshot()) {
		return nil
	}
	t.wrote, t.changed, t.bookEpoch = now, false, view.Epoch
	return writeJSON(s.out, &view, t.name, s.depth)
}
