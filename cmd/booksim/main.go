// Booksim is a simulated exchange: it serves seeded markets over a websocket and by
// REST, as the real exchange would.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"example.com/truebook/feed/feedtest"
	"example.com/truebook/internal/cli"
)

const usage = `usage: booksim [flags]

Serves simulated markets until it is interrupted: the market channel at
/ws/market, and by REST /book, /books, /markets/{condition}, /ok and /time.
Below /gamma it lists the markets by the names that a site would have:
/markets/slug/{slug}, /events/slug/{slug}, /markets?... and /public-search.
The same seed gives the same stream. One line of JSON on standard output says
where it is, and what each market is called:

  {"ws_url":"...","rest_url":"...","gamma_url":"...",
   "markets":[{"condition":"...","yes":"...","no":"...",
               "slug":"...","event":"..."},...]}

  --listen ADDRESS  where to listen (default 127.0.0.1:0, any free port). An
                    address without a host is of this machine alone
  --seed N          what the markets and their changes follow from (default 1)
  --markets N       how many there are, 1 to 10000 (default 4)
  --rate R          frames of changes a second, over all markets (default 5)
  --fault KIND@AFTER, --fault KIND@AFTER+LENGTH
                    what goes wrong, when, and for how long, in all markets;
                    any number of times. KIND is one of those below, AFTER and
                    LENGTH are like 90s or 1m30s

examples:
  booksim --seed 7 --markets 20 --rate 100
  booksim --fault freeze@1m+30s --fault reset@3m

Exit code: 0 ok, 1 failure, 2 usage.

`

// maxMarkets bounds what is held in memory, and the line on stdout.
const maxMarkets = 10_000

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	listen, options, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage, kindsText())
		return cli.OK
	case err != nil:
		fmt.Fprintf(stderr, "booksim: %v (see --help)\n", err)
		return cli.Usage
	}
	server := feedtest.NewServer(options)
	defer server.Close()
	if err := announce(server, listen, stdout); err != nil {
		fmt.Fprintln(stderr, "booksim:", err)
		return cli.Failure
	}
	fmt.Fprintf(stderr, "booksim: %d simulated markets, from seed %d\n", options.Venue.Markets, options.Venue.Seed)
	<-ctx.Done()
	return cli.OK
}

func parse(args []string) (listen string, o feedtest.ServerOptions, err error) {
	flags := flag.NewFlagSet("booksim", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	flags.StringVar(&listen, "listen", "127.0.0.1:0", "")
	flags.Uint64Var(&o.Venue.Seed, "seed", 1, "")
	flags.IntVar(&o.Venue.Markets, "markets", 4, "")
	flags.Float64Var(&o.Venue.Rate, "rate", 5, "")
	flags.Func("fault", "", func(text string) error { return addFault(&o, text) })
	others, err := cli.Parse(flags, args)
	switch {
	case err != nil:
		return "", o, err
	case len(others) > 0:
		return "", o, fmt.Errorf("%s is no flag, and nothing else is taken", cli.Printable(others[0]))
	case o.Venue.Markets < 1 || o.Venue.Markets > maxMarkets:
		return "", o, fmt.Errorf("--markets %d is not in 1 to %d", o.Venue.Markets, maxMarkets)
	case !(o.Venue.Rate > 0) || math.IsInf(o.Venue.Rate, 0):
		return "", o, fmt.Errorf("--rate %g is not above 0", o.Venue.Rate)
	}
	return listen, o, nil
}

// market is one of the line on stdout.
type market struct {
	Condition string `json:"condition"`
	Yes       string `json:"yes"`
	No        string `json:"no"`
	Slug      string `json:"slug"`
	Event     string `json:"event"`
}

// announce lets a server listen, and says where.
func announce(server *feedtest.Server, listen string, stdout io.Writer) error {
	var line struct {
		WS      string   `json:"ws_url"`
		REST    string   `json:"rest_url"`
		Gamma   string   `json:"gamma_url"`
		Markets []market `json:"markets"`
	}
	var err error
	if line.WS, line.REST, err = server.Start(listen); err != nil {
		return err
	}
	line.Gamma = line.REST + feedtest.GammaPath
	server.Do(func(v *feedtest.Venue) {
		for _, m := range v.Markets() {
			line.Markets = append(line.Markets, market{m.Condition, m.Yes, m.No, m.Slug, m.Event})
		}
	})
	return json.NewEncoder(stdout).Encode(line)
}

// kindsText lists the kinds of faults, for a terminal.
func kindsText() string {
	var text strings.Builder
	for _, part := range []struct {
		heading string
		names   []string
	}{
		{"Faults:", faultNames()},
		{"Attacks on the wire, on the connections that are open then, or on the next\nhandshake or request:", attackNames()},
	} {
		text.WriteString(part.heading)
		column := 80
		for _, name := range part.names {
			if column+1+len(name) > 78 {
				text.WriteString("\n ")
				column = 1
			}
			text.WriteString(" " + name)
			column += 1 + len(name)
		}
		text.WriteString("\n\n")
	}
	return strings.TrimSuffix(text.String(), "\n")
}
