package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"time"

	"example.com/truebook/engine"
	"example.com/truebook/feed"
	"example.com/truebook/feed/capture"
	"example.com/truebook/feed/live"
	"example.com/truebook/feed/rest"
	"example.com/truebook/internal/cli"
)

// onceTimeout is how long --once waits for the books unless --timeout says otherwise.
const onceTimeout = 30 * time.Second

// stuckTimeout is how long the end waits for standard output, and for REST to say which
// tokens there are no books of.
const stuckTimeout = closeTimeout + 2*time.Second

// closeTimeout bounds how long the end waits for what is still to be recorded.
const closeTimeout = 5 * time.Second

// watcher is a running engine, and what is watched with it.
type watcher struct {
	*options

	stdout, stderr io.Writer
	source         feed.Source
	rest           *rest.Client
	eng            *engine.Engine
	sub            *engine.Subscription
	tokens         []string
	recorder       *capture.Recorder // of record, nil without
	log            lastLine          // of the engine, where there is a screen
}

// watch shows the books of the targets as they are at the exchange.
func (o *options) watch(ctx context.Context, stdout, stderr io.Writer) (code int) {
	w := &watcher{options: o, stdout: stdout, stderr: stderr}
	var source feed.Source
	source, err := live.New(live.Options{URL: o.wsURL})
	if err == nil {
		w.rest, err = rest.New(rest.Options{URL: o.restURL, GammaURL: o.gammaURL})
	}
	if err != nil {
		return w.fail(cli.Usage, err)
	}
	defer func() { _ = w.rest.Close() }() // nothing is under way then
	w.source = source
	if w.tokens, code = w.resolve(ctx); code != cli.OK {
		return code
	}
	if o.terminal != nil {
		held := &heldWriter{to: stderr}
		defer held.release() // it would be written into the screen
		w.stderr = held
	}
	if o.record != "" {
		recorder, err := w.newRecorder()
		if err != nil {
			return w.fail(cli.Failure, err)
		}
		w.recorder = recorder
		source = recorder.Source(source)
		defer func() { code = max(code, w.endRecording(recorder)) }()
	}
	return w.run(ctx, source)
}

// run keeps the books until what was asked for is done.
func (w *watcher) run(ctx context.Context, source feed.Source) (code int) {
	eng, err := engine.New(source, engine.Config{Books: w.rest, Logger: w.logger()})
	if err != nil {
		return w.fail(cli.Failure, err)
	}
	w.eng = eng
	// It ends after whatever is shown, so that its end is not.
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	ended, broken := make(chan struct{}), cli.OK
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		defer close(ended)
		if err := eng.Run(life); life.Err() == nil {
			broken = w.fail(cli.Failure, err)
			stop() // there is nothing to show any more
		}
	}()
	defer func() {
		end()
		<-ended
		code = max(code, broken)
	}()
	if w.runFor > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, w.runFor)
		defer cancel()
	}
	if err := eng.Describe(statics(w.names)...); err != nil {
		return w.fail(cli.Failure, err)
	}
	if w.sub, err = eng.Watch(w.tokens...); err != nil {
		return w.fail(cli.Failure, err)
	}
	defer w.sub.Close()
	show := w.follow
	if w.once {
		show = w.showOnce
	}
	return w.unlessStuck(ctx, show)
}

// statics returns what is known of markets that their hashes cover.
func statics(names map[string]named) (list []engine.Statics) {
	seen := map[string]bool{}
	for _, n := range names {
		if m := n.market; m != nil && m.MinOrderSize > 0 && feed.IsCondition(m.Condition) && !seen[m.Condition] {
			seen[m.Condition] = true
			list = append(list, engine.Statics{Market: m.Condition, MinOrderSize: m.MinOrderSize, NegRisk: m.NegRisk})
		}
	}
	return list
}

// unlessStuck does something that writes to standard output, which may be read by nobody:
// it is waited for until the context ends, and a little longer.
func (w *watcher) unlessStuck(ctx context.Context, do func(context.Context) int) int {
	done := make(chan int, 1)
	go func() { done <- do(ctx) }()
	select {
	case code := <-done:
		return code
	case <-ctx.Done():
	}
	select {
	case code := <-done:
		return code
	case <-time.After(stuckTimeout):
		return w.fail(cli.Failure, errors.New("nobody reads standard output"))
	}
}

// patience is for how long something is tried before anything is shown.
func (w *watcher) patience() time.Duration {
	d := onceTimeout
	if w.timeout > 0 {
		d = w.timeout
	}
	if w.runFor > 0 {
		d = min(d, w.runFor)
	}
	return d
}

// resolve returns the tokens of the targets, and keeps what they are called.
func (w *watcher) resolve(ctx context.Context) (tokens []string, code int) {
	r := &resolver{client: w.rest, stderr: w.stderr, patience: w.patience()}
	names, err := readNames(ctx, w.targets, w.stdin)
	if errors.Is(err, errInterrupted) {
		return nil, w.fail(cli.Failure, err)
	}
	if err != nil {
		return nil, w.fail(cli.Usage, err)
	}
	if onTerminal(w.stdin) && onTerminal(w.stderr) {
		r.answers = bufio.NewReader(w.stdin)
	}
	found, code := r.resolve(ctx, names)
	if code != cli.OK {
		return nil, code
	}
	w.names = found.names
	if w.terminal != nil {
		return found.withSiblings(), cli.OK
	}
	return found.tokens, cli.OK
}

// showOnce prints each book when all are live.
func (w *watcher) showOnce(ctx context.Context) int {
	code := w.await(ctx, w.patience())
	if code == cli.OK && ctx.Err() != nil {
		code = w.fail(cli.Failure, errors.New("interrupted"))
	}
	if err := w.printAll(); err != nil {
		return w.failed(err)
	}
	for _, a := range w.sub.Assets() {
		if v := a.View(); v.State == engine.Gone && code == cli.OK {
			code = w.fail(cli.Closed, fmt.Errorf("the market of token %s is closed", a.ID()))
		}
	}
	return code
}

// await waits until every token has been live, or will never be.
func (w *watcher) await(ctx context.Context, timeout time.Duration) int {
	within, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := w.sub.Wait(within)
	missing := (*engine.WaitError)(nil)
	switch {
	case err == nil || errors.Is(ctx.Err(), context.Canceled): // somebody interrupts
		return cli.OK
	case !errors.As(err, &missing) || !errors.Is(err, context.DeadlineExceeded):
		return w.fail(cli.Failure, err)
	}
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	unknown := missing.Missing[:min(len(missing.Missing), maxAsked)]
	unknown = slices.DeleteFunc(slices.Clone(unknown), func(id string) bool { return !hasNoBook(ctx, w.rest, id) })
	for _, id := range unknown {
		fmt.Fprintf(w.stderr, "bookview: the exchange has no book of token %s%s\n", id, whyNoBook(w.names[id]))
	}
	if len(unknown) == len(missing.Missing) {
		return cli.NotFound
	}
	return w.fail(cli.TimedOut, err)
}

// maxAsked is of how many tokens without a book REST is asked whether there is one.
const maxAsked = 5

// follow shows what happens until the context ends.
func (w *watcher) follow(ctx context.Context) int {
	late := make(chan int, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if w.timeout > 0 {
		go func() {
			code := w.await(ctx, w.timeout)
			late <- code
			if code != cli.OK {
				cancel()
			}
		}()
	}
	err := w.show(ctx)
	cancel()
	code := cli.OK
	if w.timeout > 0 {
		code = <-late
	}
	if err != nil && code == cli.OK {
		return w.failed(err)
	}
	return code
}

// failed returns the exit code of an error of a write. A reader that has left wants to
// hear nothing more.
func (w *watcher) failed(err error) int {
	if errors.Is(err, syscall.EPIPE) {
		return cli.OK
	}
	return w.fail(cli.Failure, err)
}

func (w *watcher) show(ctx context.Context) error {
	switch {
	case w.terminal != nil:
		return w.display(ctx)
	case w.atEnd:
		<-ctx.Done()
		return w.printAll()
	case w.json:
		return newStream(w.sub, w.names, w.stdout, w.stderr, w.depth).run(ctx)
	default:
		return w.tables(ctx)
	}
}

// printAll prints each book that there is.
func (w *watcher) printAll() error {
	var views []engine.View
	for _, a := range w.sub.Assets() {
		if v := a.View(); v.State != engine.Syncing {
			views = append(views, v)
		}
	}
	return w.print(views, w.stdout)
}

// tables prints the book of each token at first, when its state changes, and each second
// if it has changed.
func (w *watcher) tables(ctx context.Context) error {
	tick := time.NewTicker(bookEvery / 4)
	defer tick.Stop()
	type table struct {
		version uint64
		state   engine.State
		printed time.Time
	}
	last := map[string]table{}
	for {
		for _, a := range w.sub.Assets() {
			v, was := a.View(), last[a.ID()]
			due := v.Version != was.version && time.Since(was.printed) >= bookEvery
			if v.State == engine.Syncing || v.State == was.state && !due {
				continue
			}
			last[a.ID()] = table{v.Version, v.State, time.Now()}
			if err := writeTable(w.stdout, &v, w.names[v.Asset], w.depth); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// newRecorder begins the recording that was asked for.
func (w *watcher) newRecorder() (*capture.Recorder, error) {
	file, err := capture.Create(w.record, w.force)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s is there already: --force writes over it", w.record)
	}
	if err != nil {
		return nil, err
	}
	return capture.NewRecorder(file), nil
}

// endRecording ends it, and says what it lacks.
func (w *watcher) endRecording(r *capture.Recorder) int {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := r.Close(ctx)
	if n := r.Dropped(); n > 0 {
		fmt.Fprintf(w.stderr, "bookview: %d frames are not in the recording\n", n)
	}
	if err != nil {
		return w.fail(cli.Failure, err)
	}
	return cli.OK
}

// fail says what is wrong, and returns the exit code.
func (w *watcher) fail(code int, err error) int {
	fmt.Fprintln(w.stderr, "bookview:", strings.TrimPrefix(err.Error(), "bookview: "))
	return code
}
