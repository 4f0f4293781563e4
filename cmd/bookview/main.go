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
	"syscall"
	"time"

	"example.com/truebook/engine"
	"example.com/truebook/feed"
	"example.com/truebook/feed/capture"
	"example.com/truebook/feed/rest"
	"example.com/truebook/internal/cli"
)

const usage = `usage: bookview [flags] [TARGET...]

Keeps the books of the TARGETs in step with the exchange, and shows them with their
state and proof. TARGET is what you have of a market: its address on polymarket.com, its
slug or that of its event, its condition id (0x...), which all stand for its tokens, or the
id of one token. - reads TARGETs from standard input, one a line. Without a TARGET, a
simulated exchange is shown, for some seconds.

  --once         print each book as soon as it is live, then exit
  --json         one JSON object per line: a book at first, in each new epoch and each
                 second if it has changed; tops, trades and states as they change
  --depth N      levels per side, 0 for all (default 10)
  --for D        stop after this time, such as 90s or 1h
  --timeout D    how long to wait for first books (30s with --once, otherwise for ever)
  --record FILE  keep what is received, compressed if the name ends in .zst
  --force        write over FILE
  --ws-url URL   another exchange: wss://host/path, or ws:// on this machine
  --rest-url URL and its REST: https://host, or http:// on this machine
  --gamma-url URL  and its list of markets, which knows addresses and slugs

  --replay FILE  show the books that a recording ends with instead: one frame per line,
                 plain, gzip or zstd; - is standard input. Without TARGET, all of them

examples:
  bookview
  bookview https://polymarket.com/event/fed-decision-in-december
  bookview 71321045679252212594626385532706912750332728571942532289631379312455583992563
  bookview --json --for 1h --record session.ndjson.zst 0x5f65177b...
  bookview --replay session.ndjson.zst --json --depth 0 | jq .state

Exit code: 0 ok, 1 failure, 2 usage, or an event of many markets: name one of the list,
3 target not found, 4 timed out, 5 market closed or without an order book, 6 not a recording.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop)   // a second one ends it at once
	signal.Ignore(syscall.SIGPIPE) // a reader that leaves is an error of a write
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

type options struct {
	recorded bool // --replay was given
	replay   string
	once     bool
	json     bool
	depth    int
	runFor   time.Duration // 0 for ever
	timeout  time.Duration // 0 if it was not given
	record   string
	force    bool
	wsURL    string
	restURL  string
	gammaURL string
	targets  []string
	names    map[string]named // of tokens, where they are known
	stdin    io.Reader
	atEnd    bool // show the books at the end alone
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parse(args)
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
	case o.recorded:
		return o.showRecording(stdin, stdout, stderr)
	case len(o.targets) == 0:
		return o.demo(ctx, stdout, stderr)
	default:
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
	o.recorded = given["replay"]
	return o, o.check(given)
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
	case !o.recorded && len(o.targets) == 0 && (given["ws-url"] || given["rest-url"] || given["gamma-url"]):
		return errors.New("there is no TARGET: name a token or a market")
	}
	if o.recorded {
		return nil
	}
	for _, target := range o.targets {
		if _, err := rest.ParseName(target); err != nil && target != "-" {
			return plain(err)
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
		write := writeTable
		if o.json {
			write = func(out io.Writer, v *engine.View, depth int) error {
				return writeJSON(out, v, o.names[v.Asset].line(), depth)
			}
		}
		if err := write(stdout, &views[i], o.depth); err != nil {
			return err
		}
	}
	return nil
}
