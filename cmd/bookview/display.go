package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gdamore/tcell/v3"

	"example.com/truebook/book"
	"example.com/truebook/cmd/bookview/screen"
	"example.com/truebook/engine"
	"example.com/truebook/feed"
)

const (
	// followEvery is how often it is looked for a subscription to follow.
	followEvery = 100 * time.Millisecond
	// clockEvery is when a frame is made though nothing has changed: what is shown of times
	// has whole seconds. What flashes ends with the next frame, after that of flashes.
	clockEvery = time.Second
	flashEvery = 300 * time.Millisecond
)

// scene is what a display shows: books of the exchange, or of a recording.
type scene interface {
	// subscription returns what to follow. It is another one when its iterators have ended
	// and a recording has begun anew.
	subscription() *engine.Subscription
	// observe returns what is known now. It waits for nothing.
	observe() screen.Input
	// news is where something comes when there is more to show than the subscription's
	// changes. It may be nil.
	news() <-chan struct{}
	// act does what a key has asked for.
	act(a screen.Action)
}

var errHungUp = errors.New("the terminal is closed")

// display shows a scene until the user quits or the context ends.
type display struct {
	*terminal

	scene      scene
	screen     *screen.Screen
	frameEvery time.Duration // the least time between two frames

	changed chan struct{} // without room: a change waits until the last one was drawn
	failed  *panics
	drawnAt time.Time
	due     time.Time // when the next frame is to be made
}

// newDisplay opens the terminal.
func newDisplay(open opener, o *options, s scene) (*display, error) {
	t, err := newTerminal(open, o)
	if err != nil {
		return nil, err
	}
	depth := 0
	if o.depthGiven {
		depth = o.depth
	}
	d := &display{
		terminal: t, scene: s, screen: screen.New(screen.Options{ASCII: o.ascii || t.ascii(), Depth: depth, NoFlash: o.noFlash}),
		frameEvery: time.Second / time.Duration(o.fps),
		changed:    make(chan struct{}), failed: &o.panics,
	}
	if o.both {
		d.screen.ShowBoth()
	}
	return d, nil
}

// run shows the scene, and leaves the terminal as it was, whatever happens.
func (d *display) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var following sync.WaitGroup
	defer following.Wait()
	defer cancel()
	defer d.Fini() // first of all, in case of a panic
	following.Go(func() { d.failed.guard(func() { d.follow(ctx) }) })
	return d.loop(ctx)
}

// loop handles events until there is nothing more to show.
func (d *display) loop(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		changed := d.changed
		if d.due.Sub(d.drawnAt) <= d.frameEvery { // a frame is to come: what changes waits for it
			changed = nil
		}
		select {
		case <-ctx.Done():
			return nil
		case err := <-d.failed.first():
			return err
		case e, ok := <-d.EventQ():
			if !ok {
				return errHungUp
			}
			if quit, err := d.event(e); quit || err != nil {
				return err
			}
			d.soon(timer)
		case <-changed:
			d.soon(timer)
		case <-d.scene.news():
			d.soon(timer)
		case <-timer.C:
			d.frame()
			timer.Reset(time.Until(d.due))
		}
	}
}

// soon asks for a frame, as soon as there may be one.
func (d *display) soon(timer *time.Timer) {
	if due := d.drawnAt.Add(d.frameEvery); due.Before(d.due) {
		d.due = due
		timer.Reset(time.Until(due))
	}
}

// frame draws what is known now.
func (d *display) frame() {
	d.screen.Observe(d.scene.observe())
	width, height := d.Size()
	d.draw(d.screen.Draw(width, height))
	d.drawnAt = time.Now()
	d.due = d.drawnAt.Add(clockEvery)
	if d.screen.Flashing() {
		d.due = d.drawnAt.Add(flashEvery)
	}
}

// event does what the user or the terminal says.
func (d *display) event(e tcell.Event) (quit bool, err error) {
	switch e := e.(type) {
	case *tcell.EventKey:
		if e.Key() == tcell.KeyCtrlL {
			d.drawn = nil
			d.Sync()
		}
		if k := key(e); k != 0 {
			return d.act(d.screen.Key(k)), nil
		}
	case *tcell.EventMouse:
		return d.act(d.mouse(e)), nil
	case *tcell.EventResize:
		d.drawn = nil
		d.Clear()
	case *tcell.EventError:
		return false, fmt.Errorf("%w: %w", errHungUp, e)
	}
	return false, nil
}

// mouse translates what the mouse does. A click is the press of a button.
func (d *display) mouse(e *tcell.EventMouse) screen.Action {
	buttons := e.Buttons()
	down := buttons&tcell.ButtonPrimary != 0
	pressed := down && !d.button
	d.button = down
	switch {
	case buttons&tcell.WheelUp != 0:
		return d.screen.Key(screen.WheelUp)
	case buttons&tcell.WheelDown != 0:
		return d.screen.Key(screen.WheelDown)
	case pressed:
		d.screen.Click(e.Position())
	}
	return screen.Action{}
}

func (d *display) act(a screen.Action) (quit bool) {
	switch a.Kind {
	case screen.NoAction:
	case screen.Quit:
		return true
	default:
		d.scene.act(a)
	}
	return false
}

// panics keeps the first panic of the goroutines that a command has started. A screen ends
// by it, so that the terminal is restored before anything else. The zero panics is ready.
type panics struct {
	once sync.Once
	err  chan error
}

// first returns where the first one comes.
func (p *panics) first() <-chan error {
	p.once.Do(func() { p.err = make(chan error, 1) })
	return p.err
}

// guard calls a function, whose panic becomes an error.
func (p *panics) guard(f func()) {
	p.first()
	defer func() {
		if r := recover(); r != nil {
			select {
			case p.err <- fmt.Errorf("panic: %v\n%s", r, debug.Stack()):
			default: // it is not the first
			}
		}
	}()
	f()
}

// follow asks for a frame when something of a subscription changes, and of the next one when
// it has ended. It waits until that is drawn, so that views are made as often as frames.
func (d *display) follow(ctx context.Context) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		if sub := d.scene.subscription(); sub != nil { // there is something to follow
			d.followOne(ctx, sub)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

func (d *display) followOne(ctx context.Context, sub *engine.Subscription) {
	for range sub.Changes(ctx) {
		select {
		case d.changed <- struct{}{}:
		case <-ctx.Done():
			return
		}
	}
}

// tradeOf returns a trade as the screen takes it.
func tradeOf(asset string, at feed.Timestamp, taker book.Side, price book.Price, size book.Size) screen.Trade {
	return screen.Trade{Asset: asset, At: at.Time(), Buy: taker == book.Bid, Price: price, Size: size}
}

// maxTrades is how many trades the display is told at once: of more it would forget the
// first.
const maxTrades = 1000

// withTrade adds a trade to those that the display is still to be told.
func withTrade(waiting []screen.Trade, t screen.Trade) []screen.Trade {
	return append(waiting[max(len(waiting)-maxTrades+1, 0):], t)
}
