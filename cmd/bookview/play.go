package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"example.com/truebook/cmd/bookview/screen"
	"example.com/truebook/feed/capture"
	"example.com/truebook/internal/cli"
)

// play shows a recording on the screen, as time passes.
func (o *options) play(ctx context.Context, stdin io.Reader, stderr io.Writer) int {
	open := func() (*capture.Reader, error) { return capture.Open(o.replay) }
	if o.replay == "-" {
		file, err := readWhole(ctx, stdin)
		if err != nil {
			fmt.Fprintln(stderr, "bookview:", err)
			return cli.Failure
		}
		defer func() { _ = file.Close() }() // it is only read from now on
		open = func() (*capture.Reader, error) {
			return capture.NewReader(io.NewSectionReader(file, 0, math.MaxInt64))
		}
	}
	p := &player{open: open, targets: o.targets, commands: make(chan screen.Action, maxCommands)}
	fmt.Fprintln(stderr, "bookview: looking the recording through")
	if code, err := o.playWith(ctx, p); err != nil {
		fmt.Fprintln(stderr, "bookview:", err)
		return code
	}
	return cli.OK
}

func (o *options) playWith(ctx context.Context, p *player) (code int, err error) {
	missing := (*missingError)(nil)
	switch err := p.begin(ctx, o.speed); {
	case errors.As(err, &missing):
		return cli.NotFound, err
	case errors.Is(err, context.Canceled):
		return cli.Failure, errors.New("interrupted")
	case err != nil:
		return cli.BadFile, err
	}
	d, err := newDisplay(o.terminal, o, p)
	if err != nil {
		p.close()
		return cli.Failure, err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go o.panics.guard(func() {
		err := errors.New("the player has panicked")
		defer func() { ended <- err; cancel() }()
		err = p.run(ctx)
	})
	err = d.run(ctx)
	cancel()
	if read := <-ended; read != nil && err == nil {
		return cli.BadFile, read
	}
	if err != nil {
		return cli.Failure, err
	}
	return cli.OK, nil
}

// readWhole reads a stream to its end, into a file without a name, which can be read any
// number of times until it is closed.
func readWhole(ctx context.Context, stream io.Reader) (*os.File, error) {
	file, err := os.CreateTemp("", "bookview-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil { // it lives as long as it is open
		return nil, errors.Join(err, file.Close())
	}
	copied := make(chan error, 1)
	go func() { // which outlives an interrupt, as long as nobody types
		_, err := io.Copy(file, stream)
		copied <- err
	}()
	select {
	case err = <-copied:
	case <-ctx.Done():
		err = errors.New("interrupted")
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
