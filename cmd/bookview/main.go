// Bookview shows order books of prediction markets as they are at the exchange, or
// those of a recording.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"example.com/truebook/engine"
	"example.com/truebook/feed"
	"example.com/truebook/feed/capture"
	"example.com/truebook/feed/rest"
	"example.com/truebook/internal/cli"
)

const usage = `usage: bookview [flags] [TARGET...]
Keeps order books in step with the exchange and shows what proves them: on a
terminal as a screen (? for its keys), elsewhere as tables. TARGET: a market's
address on polymarket.com, slug, event or condition id (0x...), or the id of one
token; - reads a list from standard input. Without one: a simulated exchange.
  --once  --json     print each book when it is live, and exit; or print one JSON
                     object per line: books, tops, trades and states as they change
  --depth N          levels per side, 0 for all
  --for D            stop after this time, such as 90s or 1h
  --timeout D        how long to wait for first books (30s with --once)
  --record FILE      keep what is received (.zst compresses); --force: overwrite
  --replay FILE      show a recording: plain, gzip or zstd, - is standard input
  --speed N          of a replay on the screen: 10x, 0.5x, max
  --both --ascii --no-flash --no-mouse --fps N   of the screen: begin with both
                     outcomes; no other characters; 1 to 60 frames a second (20)
  --theme NAME       auto, cb, light, classic or mono; NO_COLOR is respected
  --ws-url URL --rest-url URL --gamma-url URL   another exchange, https:// or local
  --completion SHELL --version   a script for bash, zsh or fish; what this is
examples:
  bookview https://polymarket.com/event/fed-decision-in-december
  bookview --json --for 1h --record session.ndjson.zst 0x5f65177b...
  bookview --replay session.ndjson.zst --speed 10x
Exit code: 0 ok, 1 failure, 2 usage, or an event of many markets, 3 not found,
4 timed out, 5 closed, or without an order book, 6 not a recording.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, func() {
		stop()                                                   // a second one ends it at once
		time.AfterFunc(lastEnd, func() { os.Exit(cli.Failure) }) // a terminal that takes nothing any more, say
	})
	signal.Ignore(syscall.SIGPIPE) // a reader that leaves is an error of a write
	os.Exit(runOn(ctx, terminalOf(os.Stdout), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// lastEnd is when a program that was interrupted is ended, whatever it waits for: after all
// that it does itself is over.
const lastEnd = 15 * time.Second

type options struct {
	recorded   bool // --replay was given
	replay     string
	once       bool
	json       bool
	depth      int
	depthGiven bool
	runFor     time.Duration // 0 for ever
	timeout    time.Duration // 0 if it was not given
	record     string
	force      bool
	wsURL      string
	restURL    string
	gammaURL   string
	speed      float64 // 0 is as fast as possible
	both       bool
	ascii      bool
	theme      string
	noFlash    bool
	noMouse    bool
	fps        int
	completion string
	version    bool
	targets    []string

	stdin     io.Reader
	names     map[string]named // of tokens, where they are known
	atEnd     bool             // show the books at the end alone
	terminal  opener           // nil if there is none, or it is not to be used
	simulated bool
	says      func() string // what the screen says beside the books; may be nil
	own       own           // orders and fills, on the screen
	panics    panics        // of goroutines that this has started
}

// run is runOn without a terminal.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return runOn(ctx, nil, args, stdin, stdout, stderr)
}

func runOn(ctx context.Context, terminal opener, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parse(args)
	if err == nil && !o.once && !o.json {
		o.terminal = terminal
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return cli.OK
	case err != nil:
		fmt.Fprintln(stderr, "bookview:", err)
		return cli.Usage
	}
	o.stdin = stdin
	switch {
	case o.version:
		fmt.Fprintln(stdout, versionText())
		return cli.OK
	case o.completion != "":
		fmt.Fprint(stdout, completions[o.completion])
		return cli.OK
	case o.recorded && o.terminal != nil:
		return o.play(ctx, stdin, stderr)
	case o.recorded:
		return o.showRecording(stdin, stdout, stderr)
	case len(o.targets) == 0:
		return o.demo(ctx, stdout, stderr)
	default:
		if err := o.own.fromEnvironment(os.Getenv); err != nil && o.terminal != nil {
			fmt.Fprintln(stderr, "bookview:", err)
			return cli.Usage
		}
		return o.watch(ctx, stdout, stderr)
	}
}

// showRecording prints the books that a recording ends with.
func (o *options) showRecording(stdin io.Reader, stdout, stderr io.Writer) int {
	recording, err := cli.OpenRecording(o.replay, stdin)
	if err != nil {
		fmt.Fprintln(stderr, "bookview:", err)
		return cli.BadFile
	}
	defer recording.Close()
	views, err := replay(recording, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "bookview:", err)
		return cli.BadFile
	}
	views, missing := choose(views, o.targets)
	for _, target := range missing {
		fmt.Fprintf(stderr, "bookview: %s is not in the recording\n", cli.Printable(target))
	}
	if err := o.print(views, stdout); err != nil && !errors.Is(err, syscall.EPIPE) {
		fmt.Fprintln(stderr, "bookview:", err)
		return cli.Failure
	}
	if len(missing) > 0 {
		return cli.NotFound
	}
	return cli.OK
}

func parse(args []string) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("bookview", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	flags.StringVar(&o.replay, "replay", "", "")
	flags.BoolVar(&o.once, "once", false, "")
	flags.BoolVar(&o.json, "json", false, "")
	flags.IntVar(&o.depth, "depth", 10, "")
	flags.DurationVar(&o.runFor, "for", 0, "")
	flags.DurationVar(&o.timeout, "timeout", 0, "")
	flags.StringVar(&o.record, "record", "", "")
	flags.BoolVar(&o.force, "force", false, "")
	flags.StringVar(&o.wsURL, "ws-url", "", "")
	flags.StringVar(&o.restURL, "rest-url", "", "")
	speed := flags.String("speed", "1x", "")
	flags.BoolVar(&o.both, "both", false, "")
	flags.BoolVar(&o.ascii, "ascii", false, "")
	flags.StringVar(&o.theme, "theme", "auto", "")
	flags.BoolVar(&o.noFlash, "no-flash", false, "")
	flags.BoolVar(&o.noMouse, "no-mouse", false, "")
	flags.IntVar(&o.fps, "fps", 20, "")
	flags.StringVar(&o.completion, "completion", "", "")
	flags.BoolVar(&o.version, "version", false, "")
	flags.StringVar(&o.gammaURL, "gamma-url", "", "")
	var err error
	if o.targets, err = cli.Parse(flags, args); errors.Is(err, flag.ErrHelp) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w (see --help)", err)
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	o.recorded, o.depthGiven = given["replay"], given["depth"]
	if o.speed, err = parseSpeed(*speed); err != nil {
		return nil, err
	}
	return o, o.check(given)
}

// parseSpeed reads a speed such as 10x, 0.5 or max, which is 0.
func parseSpeed(text string) (float64, error) {
	if text == "max" {
		return 0, nil
	}
	speed, err := strconv.ParseFloat(strings.TrimSuffix(text, "x"), 64)
	if err != nil || !(speed >= 0.01 && speed <= 10_000) {
		return 0, fmt.Errorf("--speed %s: it is max, or from 0.01x to 10000x", cli.Printable(text[:min(len(text), 100)]))
	}
	return speed, nil
}

// ofLive are the flags that a recording has no use for.
var ofLive = []string{"for", "timeout", "record", "force", "ws-url", "rest-url", "gamma-url"} //nolint:gochecknoglobals // a constant

// check says what is wrong with what was asked for.
func (o *options) check(given map[string]bool) error {
	for _, name := range ofLive {
		if o.recorded && given[name] {
			return fmt.Errorf("--%s is for a connection, and --replay makes none", name)
		}
	}
	switch {
	case o.depth < 0:
		return fmt.Errorf("--depth %d: there are no fewer than 0 levels", o.depth)
	case given["for"] && o.runFor <= 0, given["timeout"] && o.timeout <= 0:
		return errors.New("--for and --timeout are times longer than nothing, such as 30s")
	case o.recorded && o.replay == "":
		return errors.New("--replay names no file") // an unset variable, most likely
	case given["record"] && (o.record == "" || o.record == "-"):
		return errors.New("--record names no file")
	case o.force && o.record == "":
		return errors.New("--force is for --record")
	case given["speed"] && !o.recorded:
		return errors.New("--speed is for --replay")
	case o.theme != "auto" && themes[o.theme] == nil:
		return errors.New("--theme is auto, cb, light, classic or mono")
	case o.fps < 1 || o.fps > 60:
		return fmt.Errorf("--fps %d: it is 1 to 60 frames a second", o.fps)
	case given["completion"] && completions[o.completion] == "":
		return errors.New("--completion is bash, zsh or fish")
	case !o.recorded && len(o.targets) == 0 && (given["ws-url"] || given["rest-url"] || given["gamma-url"]):
		return errors.New("there is no TARGET: name a token or a market")
	}
	return o.checkTargets()
}

// checkTargets says which target names nothing. A recording has ids alone, which are
// written in one way afterwards.
func (o *options) checkTargets() error {
	for i, target := range o.targets {
		if target == "-" && !o.recorded {
			continue
		}
		n, err := rest.ParseName(target)
		switch {
		case err != nil:
			return plain(err)
		case !o.recorded:
		case n.Kind != rest.TokenName && n.Kind != rest.ConditionName:
			return fmt.Errorf("%s: a recording has no such names, but the ids of tokens and of conditions (0x...)", cli.Printable(n.ID))
		default:
			o.targets[i] = n.ID
		}
	}
	return nil
}

var errNothing = errors.New("the file holds no book and no change of one: it is not a recording of the market channel")

// replay returns the books at the end of a recording.
func replay(recording *capture.Reader, stderr io.Writer) ([]engine.View, error) {
	r := engine.NewReplay(nil)
	unread := 0
	torn, err := cli.Replay(recording, r, func(record feed.Record, refused error) {
		if refused == nil {
			return
		}
		if unread++; unread == 1 {
			fmt.Fprintf(stderr, "bookview: line %d: %v\n", record.Line, refused)
		}
	})
	if err != nil {
		return nil, err
	}
	if torn != nil {
		fmt.Fprintln(stderr, "bookview:", torn)
	}
	if unread > 1 {
		fmt.Fprintf(stderr, "bookview: and %d more frames that could not be read\n", unread-1)
	}
	views := r.Views()
	if len(views) == 0 {
		return nil, errNothing
	}
	return views, nil
}

// choose returns the views of the targets in their order, and the targets that
// there are none of. Without targets it returns all.
func choose(views []engine.View, targets []string) (chosen []engine.View, missing []string) {
	if len(targets) == 0 {
		return views, nil
	}
	for _, target := range targets {
		before := len(chosen)
		for _, view := range views {
			if view.Asset == target || view.Market == target {
				chosen = append(chosen, view)
			}
		}
		if len(chosen) == before {
			missing = append(missing, target)
		}
	}
	return chosen, missing
}

// print writes the books to stdout, in one write each.
func (o *options) print(views []engine.View, stdout io.Writer) error {
	for i := range views {
		v := &views[i]
		name := o.names[v.Asset]
		var err error
		if o.json {
			err = writeJSON(stdout, v, name.line(), o.depth)
		} else {
			err = writeTable(stdout, v, name, o.depth)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
