// Bookcheck replays recordings of the market channel and reports whether the
// books that come of them are the exchange's.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"example.com/truebook/engine"
	"example.com/truebook/feed"
	"example.com/truebook/internal/cli"
)

const usage = `usage: bookcheck [--json] FILE...

Replays recordings (one frame per line, plain, gzip or zstd; - is standard
input) and compares the books with what the exchange says of them:

  hash     the whole book with its announced SHA-1, at the end of each run of
           changes and for each book that is sent
  top      the best prices with the reported ones, at the end of each run
  refresh  each book that is sent with the one that was here
  mirror   the changes of both tokens in one frame with each other

A hash that fails and is right again at the token's next run has healed: the
exchange announces some too early. It is listed, but is no disagreement.

Exit code: 0 nothing disagreed, 1 something did, 2 usage, 6 not a recording.
`

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("bookcheck", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	asJSON := flags.Bool("json", false, "")
	files, err := cli.Parse(flags, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return cli.OK
	case err != nil:
		fmt.Fprintf(stderr, "bookcheck: %v (see --help)\n", err)
		return cli.Usage
	case len(files) == 0:
		fmt.Fprint(stderr, usage)
		return cli.Usage
	}
	code := cli.OK
	for _, file := range files {
		report, err := check(file, stdin)
		if err != nil {
			fmt.Fprintf(stderr, "bookcheck: %s: %v\n", file, err)
			code = max(code, cli.BadFile)
			continue
		}
		if report.disagreed() {
			code = max(code, cli.Failure)
		}
		write := report.text
		if *asJSON {
			write = report.json
		}
		if err := write(stdout); err != nil {
			fmt.Fprintln(stderr, "bookcheck:", err)
			return cli.Failure
		}
	}
	return code
}

var errNoFrame = errors.New("holds no frame of the market channel")

func check(file string, stdin io.Reader) (*report, error) {
	r, err := cli.OpenRecording(file, stdin)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	p := &report{file: file}
	replay := engine.NewReplay(p.find)
	p.torn, err = cli.Replay(r, replay, func(record feed.Record, refused error) {
		if record.Kind == feed.FrameReceived || record.Kind == feed.Unreadable {
			p.frames++
		}
		if refused != nil {
			p.refuse(record.Line, refused)
		}
	})
	if err != nil {
		return nil, err
	}
	replay.End()
	p.finish(replay)
	if p.readable() {
		return p, nil
	}
	return nil, errNoFrame
}
