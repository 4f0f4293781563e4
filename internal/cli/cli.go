// Package cli is what the commands have in common.
package cli

import (
	"errors"
	"flag"
	"io"
	"slices"

	"example.com/truebook/engine"
	"example.com/truebook/feed"
	"example.com/truebook/feed/capture"
)

// Exit codes of the commands.
const (
	OK       = 0
	Failure  = 1
	Usage    = 2
	NotFound = 3
	TimedOut = 4
	Closed   = 5
	BadFile  = 6
)

// Parse parses flags and other arguments in any order, and returns the others.
// What follows "--" is no flag.
func Parse(flags *flag.FlagSet, args []string) (others []string, err error) {
	var rest []string
	if i := slices.Index(args, "--"); i >= 0 {
		args, rest = args[:i], args[i+1:]
	}
	for len(args) > 0 {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		if args = flags.Args(); len(args) > 0 {
			others, args = append(others, args[0]), args[1:]
		}
	}
	return append(others, rest...), nil
}

// Replay drives a replay by a recording, without ending it, and calls visit with each
// record and what the replay said to it. It returns where the recording is torn,
// if it is, and the error that reading it ended with, if it could not be read on.
func Replay(
	recording *capture.Reader, replay *engine.Replay, visit func(record feed.Record, refused error),
) (torn *capture.TornError, err error) {
	for {
		record, err := recording.Next()
		switch {
		case err == nil:
			visit(record, replay.Step(record))
		case errors.Is(err, io.EOF):
			return nil, nil
		case errors.As(err, &torn):
			return torn, nil
		default:
			return nil, err
		}
	}
}

// OpenRecording opens a recording; "-" is standard input.
func OpenRecording(path string, stdin io.Reader) (*capture.Reader, error) {
	if path == "-" {
		return capture.NewReader(stdin)
	}
	return capture.Open(path)
}
