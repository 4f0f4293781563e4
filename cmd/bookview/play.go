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
	path, remove, err := spool(o.replay, stdin)
	if err != nil {
		fmt.Fprintln(stderr, "bookview:", err)
		return cli.Failure
	}
	defer remove()
	p := &player{
		open: func() (*capture.Reader, error) { return capture.Open(path) }, targets: o.targets,
		commands: make(chan screen.Action, maxCommands),
	}
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
	go d.guard(func() {
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

// spool returns the name of a file that can be read more than once: that of the
// recording, or of a copy of standard input, which is read to its end.
func spool(path string, stdin io.Reader) (name string, remove func(), err error) {
	if path != "-" {
		return path, func() {}, nil
	}
	file, err := os.CreateTemp("", "bookview-*")
	if err != nil {
		return "", nil, err
	}
	remove = func() { _ = os.Remove(file.Name()) }
	_, err = io.Copy(file, stdin)
	if err = errors.Join(err, file.Close()); err != nil {
		remove()
		return "", nil, err
	}
	return file.Name(), remove, nil
}
