package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"example.com/truebook/cmd/bookview/screen"
	"example.com/truebook/feed/capture"
	"example.com/truebook/internal/cli"
)

// play shows a recording on the screen, as time passes.
func (o *options) play(ctx context.Context, stdin io.Reader, stderr io.Writer) int {
	open, err := o.opensRecording(ctx, stdin)
	if err != nil {
		fmt.Fprintln(stderr, "bookview:", err)
		return cli.Failure
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

// opensRecording returns how to open the recording, any number of times. Standard input is
// read to its end for that, into a file without a name.
func (o *options) opensRecording(ctx context.Context, stdin io.Reader) (func() (*capture.Reader, error), error) {
	if o.replay != "-" {
		return func() (*capture.Reader, error) { return capture.Open(o.replay) }, nil
	}
	file, err := os.CreateTemp("", "bookview-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil { // it lives as long as it is open
		return nil, errors.Join(err, file.Close())
	}
	type result struct {
		size int64
		err  error
	}
	copied := make(chan result, 1)
	go func() { // which outlives an interrupt, as long as nobody types
		n, err := io.Copy(file, stdin)
		copied <- result{n, err}
	}()
	select {
	case r := <-copied:
		return func() (*capture.Reader, error) {
			return capture.NewReader(io.NewSectionReader(file, 0, r.size))
		}, r.err
	case <-ctx.Done():
		return nil, errors.New("interrupted")
	}
}
