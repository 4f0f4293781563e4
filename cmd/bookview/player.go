package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"example.com/truebook/cmd/bookview/screen"
	"example.com/truebook/engine"
	"example.com/truebook/feed"
	"example.com/truebook/feed/capture"
	"example.com/truebook/feed/rest"
)

// speeds are those that a replay can be set to by a key. 0 is as fast as possible.
//
//nolint:gochecknoglobals // a constant
var speeds = []float64{0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 0}

// batch is how many records are applied before the player looks whether it is to end.
const batch = 256

// player shows a recording as time passes. One goroutine drives it; what the display asks
// for is under its lock.
type player struct {
	open     func() (*capture.Reader, error)
	targets  []string
	commands chan screen.Action // of maxCommands; more are dropped while it seeks

	mu       sync.Mutex
	sub      *engine.Subscription // nil until the recording has been looked through
	playback screen.Playback
	health   screen.Health
	note     string
	trades   []screen.Trade // since the display last looked, maxTrades of them at most
	rewound  bool           // since then
	// shownAt is the time of the recording at the instant wall, from which on it passes at
	// its speed, unless it waits.
	shownAt time.Time
	wall    time.Time

	// Of the goroutine.
	reader *capture.Reader
	replay *engine.Replay
	next   feed.Record
	have   bool // next is still to be applied
	over   bool // there is no next one
	tokens []string
	names  map[string]named
	frames uint64
	// decoder reads the frames with trades once more: whoever follows the replay may be too
	// slow for one that seeks.
	decoder *feed.Decoder
}

// maxCommands is how many keys wait for the player at most.
const maxCommands = 16

// scanned is what a recording holds.
type scanned struct {
	begin, end time.Time
	tokens     []string
	names      map[string]named // of what markets they are
	note       string
}

// scan looks a recording through.
func (p *player) scan(ctx context.Context) (*scanned, error) {
	reader, err := p.open()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	replay := engine.NewReplay(nil)
	replay.LimitProofs(-1) // they are made when it is shown
	s := &scanned{names: map[string]named{}}
	for n := 0; ; n++ {
		if n%batch == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		record, err := reader.Next()
		torn := (*capture.TornError)(nil)
		if errors.Is(err, io.EOF) {
			break
		}
		if errors.As(err, &torn) {
			s.note = torn.Error()
			break
		}
		if err != nil {
			return nil, err
		}
		if s.begin.IsZero() { // still, before the first event
			s.begin = record.Time
		}
		s.end = record.Time
		_ = replay.Step(record) // it is said when it is shown
	}
	views := replay.Views()
	if len(views) == 0 {
		return nil, errNothing
	}
	views, missing := choose(views, p.targets)
	for _, v := range views {
		s.names[v.Asset] = named{market: &rest.Market{Condition: v.Market}}
		if !slices.Contains(s.tokens, v.Asset) {
			s.tokens = append(s.tokens, v.Asset)
		}
	}
	if len(missing) > 0 {
		return nil, &missingError{missing}
	}
	return s, nil
}

// missingError says what is not in a recording.
type missingError struct{ targets []string }

func (e *missingError) Error() string { return e.targets[0] + " is not in the recording" }

// begin looks the recording through and shows its beginning.
func (p *player) begin(ctx context.Context, speed float64) error {
	s, err := p.scan(ctx)
	if err != nil {
		return err
	}
	p.tokens, p.names, p.note = s.tokens, s.names, s.note
	p.playback = screen.Playback{Begin: s.begin, End: s.end, At: s.begin, Speed: speed}
	return p.rewind()
}

// rewind begins the recording anew.
func (p *player) rewind() error {
	p.close()
	reader, err := p.open()
	if err != nil {
		return err
	}
	p.reader, p.replay, p.have, p.frames = reader, engine.NewReplay(nil), false, 0
	p.over, p.decoder = false, feed.NewDecoder(feed.DecoderOptions{Learn: true})
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sub != nil {
		p.sub.Close()
	}
	p.sub = p.replay.Watch(p.tokens...)
	p.playback.AtEnd = false
	p.trades, p.rewound = nil, true
	p.shownAt, p.wall = p.playback.Begin, time.Now()
	return nil
}

func (p *player) close() {
	if p.reader != nil {
		p.reader.Close()
	}
}

// run drives the recording until the context ends, or it cannot be read on.
func (p *player) run(ctx context.Context) error {
	defer p.close()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		wait, err := p.advance()
		if err != nil {
			return err
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return nil
		case a := <-p.commands:
			if err := p.command(ctx, a); err != nil {
				return err
			}
		case <-timer.C:
		}
	}
}

// idle is how long nothing is due when a recording has ended or is paused: for ever, but
// for commands.
const idle = time.Hour

// advance applies what is due unless a command waits, and returns how long nothing is then.
func (p *player) advance() (time.Duration, error) {
	for range batch {
		if len(p.commands) > 0 {
			return 0, nil
		}
		p.mu.Lock()
		still, speed, at := p.playback.Paused || p.playback.AtEnd, p.playback.Speed, p.at(time.Now())
		p.mu.Unlock()
		if still {
			return idle, nil
		}
		if err := p.peek(); err != nil {
			return 0, err
		}
		if !p.have {
			return idle, nil
		}
		if ahead := p.next.Time.Sub(at); speed > 0 && ahead > 0 {
			return time.Duration(min(float64(ahead)/speed, float64(idle))), nil
		}
		p.apply()
	}
	return 0, nil
}

// at returns the recording's time. It is for the holder of the lock.
func (p *player) at(now time.Time) time.Time {
	if p.playback.Paused || p.playback.AtEnd || p.playback.Speed == 0 {
		return p.shownAt
	}
	at := p.shownAt.Add(time.Duration(float64(now.Sub(p.wall)) * p.playback.Speed))
	if at.After(p.playback.End) {
		return p.playback.End
	}
	return at
}

// peek reads the next record, if there is one.
func (p *player) peek() error {
	if p.have || p.over {
		return nil
	}
	record, err := p.reader.Next()
	torn := (*capture.TornError)(nil)
	switch {
	case err == nil:
		p.next, p.have = record, true
	case errors.Is(err, io.EOF) || errors.As(err, &torn):
		p.over = true
		p.replay.End()
		p.mu.Lock()
		p.playback.AtEnd = true
		p.shownAt = p.playback.End
		p.publish()
		p.mu.Unlock()
	default:
		return err
	}
	return nil
}

// apply applies the next record.
func (p *player) apply() {
	err := p.replay.Step(p.next)
	p.have = false
	p.frames++
	p.mu.Lock()
	defer p.mu.Unlock()
	p.collectTrades()
	if err != nil {
		p.note = err.Error()
	}
	if p.playback.Speed == 0 || p.playback.Paused || p.playback.Busy != "" {
		p.shownAt, p.wall = p.next.Time, time.Now()
	}
	p.publish()
}

// collectTrades keeps the trades of the frame that was applied.
func (p *player) collectTrades() {
	if !bytes.Contains(p.next.Frame, []byte(`"last_trade_price"`)) {
		return
	}
	events, _ := p.decoder.Decode(p.next.Frame) // what is wrong with it was said
	for _, e := range events {
		if t, ok := e.(*feed.Trade); ok && slices.Contains(p.tokens, t.Asset.ID) {
			p.trades = withTrade(p.trades, tradeOf(t.Asset.ID, t.Time, t.Side, t.Price, t.Size))
		}
	}
}

// publish says how it is. It is for the goroutine, under the lock.
func (p *player) publish() {
	p.health = screen.Health{Replay: true, Frames: p.frames, Hash: p.replay.Tallies()[engine.HashWitness]}
}

// command does what a key has asked for.
func (p *player) command(ctx context.Context, a screen.Action) error {
	switch a.Kind {
	case screen.Pause:
		if p.over {
			return p.seek(ctx, p.playback.Begin) // once more
		}
		p.set(func(b *screen.Playback) { b.Paused = !b.Paused })
	case screen.Step:
		p.set(func(b *screen.Playback) { b.Paused = true })
		if err := p.peek(); err != nil || !p.have {
			return err
		}
		p.apply()
	case screen.Faster, screen.Slower:
		p.set(func(b *screen.Playback) { b.Speed = nextSpeed(b.Speed, a.Kind == screen.Faster) })
	default: // Seek, since the others don't come here
		p.mu.Lock()
		to := a.To
		if to.IsZero() {
			to = p.at(time.Now()).Add(a.By)
		}
		p.mu.Unlock()
		return p.seek(ctx, to)
	}
	return nil
}

// set changes how it is played from now on.
func (p *player) set(change func(*screen.Playback)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.shownAt, p.wall = p.at(now), now
	change(&p.playback)
}

// nextSpeed returns the next of speeds.
func nextSpeed(speed float64, faster bool) float64 {
	if faster {
		for _, s := range speeds {
			if s == 0 || speed != 0 && s > speed {
				return s
			}
		}
	}
	for _, s := range slices.Backward(speeds) {
		if s != 0 && (speed == 0 || s < speed) {
			return s
		}
	}
	return speed // there is none slower
}

// seek goes to a time: forward from here, or from the beginning.
func (p *player) seek(ctx context.Context, to time.Time) error {
	p.mu.Lock()
	at := p.at(time.Now())
	if to.Before(p.playback.Begin) {
		to = p.playback.Begin
	}
	if to.After(p.playback.End) {
		to = p.playback.End
	}
	end := p.playback.End
	p.mu.Unlock()
	if p.over && !to.Before(end) {
		return nil
	}
	if to.Before(at) || p.over {
		if err := p.rewind(); err != nil {
			return err
		}
	}
	p.set(func(b *screen.Playback) { b.Busy = "seeking" })
	defer p.set(func(b *screen.Playback) { b.Busy = "" })
	for n := 0; n%batch != 0 || ctx.Err() == nil; n++ {
		if err := p.peek(); err != nil {
			return err
		}
		if !p.have || p.next.Time.After(to) {
			break
		}
		p.apply()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shownAt, p.wall = to, time.Now()
	return nil
}

// The scene.

func (p *player) subscription() *engine.Subscription {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sub
}

func (p *player) observe() screen.Input {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	playback := p.playback
	playback.At = p.at(now)
	in := screen.Input{
		Now: playback.At, Clock: now, Health: p.health, Note: p.note, Playback: &playback,
		Markets: marketsOf(p.sub, p.names), Trades: p.trades, Rewound: p.rewound,
	}
	p.trades, p.rewound = nil, false
	for i := range in.Markets {
		for _, t := range in.Markets[i].Tokens {
			in.Health.Resyncs += max(t.View.Epoch, 1) - 1
		}
	}
	return in
}

func (p *player) news() <-chan struct{} { return nil }

func (p *player) act(a screen.Action) {
	select {
	case p.commands <- a:
	default: // it seeks, and has enough to do
	}
}
