package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"example.com/truebook/cmd/bookview/screen"
	"example.com/truebook/engine"
	"example.com/truebook/feed/capture"
	"example.com/truebook/feed/rest"
	"example.com/truebook/feed/user"
)

// liveScene shows the books of an engine.
type liveScene struct {
	*watcher

	recording *recordingFile // under way, nil if none is
	ended     chan string    // what is to be said of one that has ended

	account *user.Account // nil without credentials
	changed chan struct{} // of the account, with room for one

	tradesMu sync.Mutex
	trades   []screen.Trade // since the last frame, maxTrades of them at most
	// note is what there is to say, until a time.
	note      string
	noteUntil time.Time
}

// noteFor is how long a note is shown.
const noteFor = 10 * time.Second

// display shows the books on the terminal until the user quits.
func (w *watcher) display(ctx context.Context) error {
	s := &liveScene{watcher: w, ended: make(chan string, 1), changed: make(chan struct{}, 1)}
	account, err := w.newAccount()
	if err != nil {
		return err
	}
	trading, err := w.eng.Watch(w.tokens...) // of its own, since it has to know how it ended
	if err != nil {
		return err
	}
	var following sync.WaitGroup
	following.Go(func() { w.panics.guard(func() { s.followTrades(trading) }) })
	defer following.Wait()
	defer trading.Close()
	if s.account = account; account != nil {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		following.Go(func() { w.panics.guard(func() { _ = account.Run(ctx) }) }) // own state says why not
		following.Go(func() { w.panics.guard(func() { s.followAccount(ctx) }) })
	}
	if w.recorder != nil {
		s.recording = &recordingFile{file: w.record, recorder: w.recorder}
	}
	d, err := newDisplay(w.terminal, w.options, s)
	if err != nil {
		return err
	}
	err = d.run(ctx)
	if s.recording != nil && s.recording.stop != nil {
		text, failed := s.recording.end()
		fmt.Fprintln(w.stderr, "bookview:", text)
		err = errors.Join(err, failed)
	}
	return err
}

// followTrades keeps the trades for the next frame. If there is more than it can follow, it
// misses some.
func (s *liveScene) followTrades(sub *engine.Subscription) {
	for lagged := true; lagged; lagged = errors.Is(sub.Err(), engine.ErrLagged) {
		for e := range sub.Events(context.Background()) { // until it is closed
			if e.Kind != engine.TradeEvent {
				continue
			}
			t := e.Trade
			s.tradesMu.Lock()
			s.trades = withTrade(s.trades, tradeOf(e.Asset, t.Time, t.Side, t.Price, t.Size))
			s.tradesMu.Unlock()
		}
	}
}

func (s *liveScene) news() <-chan struct{} { return s.changed }

func (s *liveScene) subscription() *engine.Subscription { return s.sub }

func (s *liveScene) observe() screen.Input {
	now := time.Now()
	stats := s.eng.Stats()
	in := screen.Input{Now: now, Clock: now, Simulated: s.simulated, Health: health(&stats)}
	in.Markets = marketsOf(s.sub, s.names)
	s.tradesMu.Lock()
	in.Trades, s.trades = s.trades, nil
	s.tradesMu.Unlock()
	select {
	case text := <-s.ended:
		s.recording, s.note, s.noteUntil = nil, text, now.Add(noteFor)
	default:
	}
	if s.account != nil {
		in.Account = ownState(s.account.View())
	}
	if s.recording != nil {
		in.Recording = s.recording.show()
	}
	switch {
	case now.Before(s.noteUntil):
		in.Note = s.note
	case s.says != nil:
		in.Note = s.says()
	default:
		in.Note = s.log.text(now)
	}
	return in
}

func health(stats *engine.Stats) screen.Health {
	h := screen.Health{
		Connections: stats.Connections, Open: stats.Open, Frames: stats.Feed.Frames,
		Lags: stats.Lag.Count(), LagP50: stats.Lag.Quantile(0.5), LagP99: stats.Lag.Quantile(0.99),
		Hash: stats.Witnesses[engine.HashWitness], HashingOff: stats.HashingOff,
	}
	for reason, n := range stats.Doubts {
		switch engine.Reason(reason) {
		case engine.Resolved, engine.Unwatched, engine.Ended:
		default:
			h.Resyncs += n
		}
	}
	return h
}

// marketsOf returns the books of a subscription, tokens of a market together.
func marketsOf(sub *engine.Subscription, names map[string]named) []screen.Market {
	var markets []screen.Market
	place := map[string]int{} // by condition, or by token until it is known
	for _, a := range sub.Assets() {
		v := a.View()
		var m rest.Market
		if n := names[v.Asset]; n.market != nil {
			m = *n.market
		}
		market := cmp.Or(v.Market, m.Condition, v.Asset)
		at, known := place[market]
		if !known {
			at = len(markets)
			place[market] = at
			markets = append(markets, screen.Market{Title: m.Question, Slug: m.Slug, NegRisk: m.NegRisk, Ends: m.EndDate})
		}
		markets[at].Tokens = append(markets[at].Tokens, screen.Token{Outcome: names[v.Asset].outcome, View: v})
	}
	return markets
}

// act does what a key has asked for: there is nothing but a recording.
func (s *liveScene) act(a screen.Action) {
	if a.Kind != screen.Record {
		return
	}
	if r := s.recording; r != nil {
		if !r.ending {
			r.ending = true
			go s.panics.guard(func() {
				text, _ := r.end()
				s.ended <- text
			})
		}
		return
	}
	r, err := s.newRecording()
	if err != nil {
		s.note, s.noteUntil = err.Error(), time.Now().Add(noteFor)
		return
	}
	s.recording = r
}

// recordingFile is a file that is being written.
type recordingFile struct {
	file     string
	recorder *capture.Recorder
	stop     func() // ends what is recorded, nil if that goes on
	ending   bool
	looked   time.Time // at the file
	bytes    int64
}

// newRecording records the tokens by a connection of its own, so that the file begins
// with their books and what is shown is not disturbed.
func (s *liveScene) newRecording() (*recordingFile, error) {
	file := "bookview-" + time.Now().UTC().Format("20060102-150405.000") + ".ndjson.zst"
	to, err := capture.Create(file, false)
	if err != nil {
		return nil, err
	}
	recorder := capture.NewRecorder(to)
	eng, err := engine.New(recorder.Source(s.source), engine.Config{Books: s.rest})
	if err == nil {
		_, err = eng.Watch(s.tokens...)
	}
	if err != nil {
		return nil, errors.Join(err, recorder.Close(context.Background()))
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go s.panics.guard(func() {
		defer close(done)
		_ = eng.Run(ctx) // what it says is in the recording, or missing there
	})
	return &recordingFile{file: file, recorder: recorder, stop: func() { cancel(); <-done }}, nil
}

// end ends a recording, and says what there is. It may be called more than once.
func (r *recordingFile) end() (said string, err error) {
	if r.stop != nil {
		r.stop()
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err = r.recorder.Close(ctx)
	text := "recorded " + r.file
	if info, bad := os.Stat(r.file); bad == nil && info.Size() == 0 {
		text = "nothing came that could be recorded: " + r.file + " is empty"
	}
	if err != nil {
		text = "recording " + r.file + " failed: " + err.Error()
	}
	if n := r.recorder.Dropped(); n > 0 {
		text += fmt.Sprintf("; %d frames are not in it", n)
	}
	return text, err
}

// show returns what the screen shows of it. The file is looked at once a second.
func (r *recordingFile) show() *screen.Recording {
	if now := time.Now(); now.Sub(r.looked) >= time.Second {
		r.looked = now
		if info, err := os.Stat(r.file); err == nil {
			r.bytes = info.Size()
		}
	}
	return &screen.Recording{Name: r.file, Bytes: r.bytes, Dropped: r.recorder.Dropped(), Err: r.recorder.Err()}
}

// logger tells of connections on stderr, or on the screen if there is one.
func (w *watcher) logger() *slog.Logger {
	if w.terminal != nil {
		return slog.New(&w.log)
	}
	return slog.New(slog.NewTextHandler(w.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// lastLine is a handler of logs that keeps the last line: what happened, and the error.
type lastLine struct {
	mu   sync.Mutex
	line string
	at   time.Time
}

// Enabled leaves out what is of no concern.
func (l *lastLine) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

// Handle keeps a line.
func (l *lastLine) Handle(_ context.Context, r slog.Record) error {
	line := r.Message
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "error" {
			line += ": " + a.Value.String()
		}
		return true
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line, l.at = line, time.Now()
	return nil
}

// WithAttrs leaves them out.
func (l *lastLine) WithAttrs([]slog.Attr) slog.Handler { return l }

// WithGroup leaves it out.
func (l *lastLine) WithGroup(string) slog.Handler { return l }

// text returns the line for some time.
func (l *lastLine) text(now time.Time) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.at) > noteFor {
		return ""
	}
	return l.line
}

// heldWriter keeps what is written until it is released.
type heldWriter struct {
	to   io.Writer
	mu   sync.Mutex
	held bytes.Buffer
	open bool
}

func (h *heldWriter) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open {
		return h.to.Write(p)
	}
	return h.held.Write(p)
}

func (h *heldWriter) release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open = true
	_, _ = h.held.WriteTo(h.to)
}
