// Bookview shows order books of prediction markets: for now, those of a
// recording, or of a short simulated one.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"example.com/truebook/engine"
	"example.com/truebook/feed"
	"example.com/truebook/feed/capture"
	"example.com/truebook/internal/cli"
)

const usage = `usage: bookview [flags] [TARGET...]

Shows the books that a recording ends with, each with its state and proof.
TARGET is a token id or a market's condition id; without one, every token is
shown. Without --replay, a short simulated recording is shown.

  --replay FILE  a recording: one frame per line, plain, gzip or zstd;
                 - is standard input
  --once         print the last known books and exit (the default for now)
  --json         one JSON object per book and line
  --depth N      levels per side, 0 for all (default 10)

examples:
  bookview
  bookview --replay session.ndjson.zst --depth 5
  bookview --replay session.ndjson --once --json --depth 0 | jq .state

Exit code: 0 ok, 1 failure, 2 usage, 3 target not found, 6 not a recording.
`

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

type options struct {
	recorded bool // --replay was given; otherwise the demo is shown
	replay   string
	json     bool
	depth    int
	targets  []string
}

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return cli.OK
	case err != nil:
		fmt.Fprintln(stderr, "bookview:", err)
		return cli.Usage
	}
	recording, heading, err := o.open(stdin)
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
	if err := o.print(views, heading, stdout, stderr); err != nil {
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
	once := true
	flags := flag.NewFlagSet("bookview", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	flags.StringVar(&o.replay, "replay", "", "")
	flags.BoolVar(&o.json, "json", false, "")
	flags.IntVar(&o.depth, "depth", 10, "")
	// A recording is always shown once, at its end: the flag says so for scripts
	// that will outlive this.
	flags.BoolVar(&once, "once", true, "")
	var err error
	if o.targets, err = cli.Parse(flags, args); errors.Is(err, flag.ErrHelp) {
		return nil, err
	}
	flags.Visit(func(f *flag.Flag) { o.recorded = o.recorded || f.Name == "replay" })
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w (see --help)", err)
	case o.depth < 0:
		return nil, fmt.Errorf("--depth %d: there are no fewer than 0 levels", o.depth)
	case !once:
		return nil, errors.New("--once=false: there is no screen yet")
	case o.recorded && o.replay == "":
		return nil, errors.New("--replay names no file") // an unset variable, most likely
	case !o.recorded && len(o.targets) > 0:
		return nil, errors.New("no connection to the exchange is built in yet: give a recording with --replay")
	}
	return o, nil
}

// open returns the recording to show, and what to say above it.
func (o *options) open(stdin io.Reader) (r *capture.Reader, heading string, err error) {
	if !o.recorded {
		r, err = capture.NewReader(bytes.NewReader(demo()))
		return r, demoHeading, err
	}
	r, err = cli.OpenRecording(o.replay, stdin)
	return r, "", err
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
func (o *options) print(views []engine.View, heading string, stdout, stderr io.Writer) error {
	if o.json {
		if heading != "" {
			fmt.Fprintln(stderr, heading)
		}
		for i := range views {
			if err := writeJSON(stdout, &views[i], o.depth); err != nil {
				return err
			}
		}
		return nil
	}
	if heading != "" {
		if _, err := fmt.Fprintf(stdout, "%s\n\n", heading); err != nil {
			return err
		}
	}
	for i := range views {
		if err := writeTable(stdout, &views[i], o.depth); err != nil {
			return err
		}
	}
	return nil
}
