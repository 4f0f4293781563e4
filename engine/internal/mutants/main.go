// Command mutants removes one guard of the engine at a time, and looks whether a test
// notices:
//
//	go run ./engine/internal/mutants [-all] [-run REGEXP]
//
// Without flags it removes the few whose loss would be worst. -all removes each in
// turn, and -run those whose names match. The mutated file is laid over the original
// one (go build -overlay): nothing in the engine knows of it, and the tree stays as it
// is. What a mutant has to be noticed by is in the table; -test and -seeds try other
// tests instead, to see what else notices it, or how many seeds of the simulation it
// takes:
//
//	go run ./engine/internal/mutants -run repeats -test TestSimulation -seeds 300
//
// First, the unchanged engine has to pass all that the mutants are run with. The exit
// code is 0 if all were noticed, 1 if one survived, or could not be tried, 2 for wrong
// usage.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are the flags.
type options struct {
	all   bool
	name  *regexp.Regexp // nil if not given
	trial trial          // instead of what the table says, as far as it is set
}

// parse reads the flags.
func parse(args []string, stderr io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.BoolVar(&o.all, "all", false, "remove each guard in turn, not only the most dangerous ones")
	name := flags.String("run", "", "the mutants whose names match the `regexp`")
	flags.StringVar(&o.trial.test, "test", "", "run the tests that match the `regexp`, not those of the table")
	flags.IntVar(&o.trial.seeds, "seeds", 0, "seeds of the simulation, not those of the table")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	} else if *name != "" {
		o.name, err = regexp.Compile(*name)
	}
	if err != nil {
		fmt.Fprintln(stderr, "mutants:", err)
	}
	return o, err
}

// choose returns the mutants of the table that are asked for.
func (o *options) choose() (chosen []mutant) {
	for _, m := range table() {
		if o.name != nil && o.name.MatchString(m.name) || o.name == nil && (o.all || m.dangerous) {
			if o.trial.test != "" {
				m.trial.test = o.trial.test
			}
			if o.trial.seeds > 0 {
				m.trial.seeds = o.trial.seeds
			}
			chosen = append(chosen, m)
		}
	}
	return chosen
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	chosen := o.choose()
	if len(chosen) == 0 {
		fmt.Fprintln(stderr, "mutants: no mutant has such a name")
		return 2
	}
	l, err := newLab(ctx)
	if err != nil {
		fmt.Fprintln(stderr, "mutants:", err)
		return 1
	}
	defer l.close()

	began := time.Now()
	trials := make([]trial, 0, len(chosen))
	for i := range chosen {
		trials = append(trials, chosen[i].trial)
	}
	if err := l.unchanged(ctx, trials); err != nil {
		fmt.Fprintln(stderr, "mutants:", err)
		return 1
	}
	fmt.Fprintf(stdout, "%-28s %-9s %-40s %7s\n", "mutant", "", "by", "seconds")
	fmt.Fprintf(stdout, "%-28s %-9s %-40s %7.1f\n", "none", "passes", "", time.Since(began).Seconds())
	bad := 0
	for i := range chosen {
		m := &chosen[i]
		began := time.Now()
		v, err := l.try(ctx, m)
		took := time.Since(began).Seconds()
		switch {
		case ctx.Err() != nil:
			fmt.Fprintln(stderr, "mutants: interrupted")
			return 1
		case err != nil:
			fmt.Fprintf(stderr, "mutants: %s: %v\n", m.name, err)
			bad++
		case !v.noticed:
			fmt.Fprintf(stdout, "%-28s %-9s %-40s %7.1f\n    %s\n", m.name, "SURVIVED", m.trial.String(), took, m.guard)
			bad++
		default:
			fmt.Fprintf(stdout, "%-28s %-9s %-40s %7.1f\n", m.name, "noticed", v.by, took)
		}
	}
	fmt.Fprintf(stdout, "%d of %d noticed, in %.0f s\n", len(chosen)-bad, len(chosen), time.Since(began).Seconds())
	if bad > 0 {
		return 1
	}
	return 0
}

// String is the trial as it is asked for.
func (t *trial) String() string {
	if t.seeds == 0 {
		return t.test
	}
	return fmt.Sprintf("%s, %d seeds", strings.TrimPrefix(t.test, "Test"), t.seeds)
}
