//go:build unix

// Instructions counts the machine instructions that a frame costs: a figure without
// the noise of a shared machine, to compare versions by.
//
//	go run ./bench/instructions                      # all ways, 500 tokens
//	go run ./bench/instructions -impl engine -stream real
//	go run ./bench/instructions -impl engine -out engine.callgrind
//
// It needs valgrind, which it runs itself with twice, over the first frames of a
// corpus and over more of them:
//
//	GOMAXPROCS=1 GODEBUG=asyncpreemptoff=1 valgrind --tool=callgrind \
//	    instructions -impl engine -from FILE -frames N
//
// The difference, divided by that of the frames, leaves out the start of the
// program, the opening books, and frames until lists and maps have grown. What
// remains differs by about a percent from run to run, and by some percent for naive,
// depending on where collections fall.
//
// With -out, the profile of the longer run is kept: callgrind_annotate shows it.
//
// Instructions are not time: a cache miss is one instruction, and bytes.Count does
// much with few. Proofs look some times dearer than they are, since valgrind (3.19) has
// not the instructions for SHA-1 that the processor has, and Go then does without.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"example.com/truebook/bench/corpus"
	"example.com/truebook/bench/internal/fullpath"
)

type options struct {
	impl, stream, from, out string
	tokens, frames          int
}

// warm is the frames of the shorter run.
const warm = 2000

func main() {
	var o options
	flag.StringVar(&o.impl, "impl", "", "ways, with commas between them; all if empty")
	flag.StringVar(&o.stream, "stream", "simulated", "the frames: simulated, or real where that recording is at hand")
	flag.IntVar(&o.tokens, "tokens", 500, "tokens of the simulated frames")
	flag.IntVar(&o.frames, "frames", 10_000, "frames to count, after the first 2,000")
	flag.StringVar(&o.out, "out", "", "keep the profile of the last way in a file")
	flag.StringVar(&o.from, "from", "", "apply the frames of this file and count nothing: what the program calls itself with")
	flag.Parse()
	if err := run(os.Stdout, o); err != nil {
		fmt.Fprintln(os.Stderr, "instructions:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, o options) (err error) {
	ways, err := fullpath.Parse(o.impl)
	if err != nil {
		return err
	}
	if o.from != "" {
		return apply(ways[0], o.from, o.frames)
	}
	folder, err := os.MkdirTemp("", "instructions")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	file := filepath.Join(folder, "frames")
	frames, err := write(file, o)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "| way | instructions per frame, %s, frames %d to %d |\n|---|---|\n", o.stream, warm, frames); err != nil {
		return err
	}
	for _, way := range ways {
		few, err := count(way, file, warm, os.DevNull)
		if err != nil {
			return fmt.Errorf("%s: %w", way, err)
		}
		profile := os.DevNull
		if o.out != "" {
			profile = o.out
		}
		many, err := count(way, file, frames, profile)
		if err != nil {
			return fmt.Errorf("%s: %w", way, err)
		}
		if _, err := fmt.Fprintf(out, "| %s | %.0f |\n", way, float64(many-few)/float64(frames-warm)); err != nil {
			return err
		}
	}
	return nil
}

// write makes the file of frames, and returns how many there are to apply after the
// opening.
func write(file string, o options) (frames int, err error) {
	var c *corpus.Corpus
	switch o.stream {
	case "simulated":
		c = corpus.Simulated(corpus.Shape{Tokens: o.tokens, Frames: warm + o.frames, Seed: 1})
	case "real":
		if c, err = corpus.Recorded(); err != nil {
			return 0, err
		}
	default:
		return 0, fmt.Errorf("no stream is called %q, but simulated and real", o.stream)
	}
	frames = min(len(c.Frames)-c.Opening, warm+o.frames)
	if frames <= warm {
		return 0, fmt.Errorf("%d frames are too few", frames)
	}
	return frames, fullpath.Write(file, c)
}

// apply is what is counted: the opening and some frames.
func apply(way, path string, frames int) error {
	file, err := fullpath.Open(path)
	if err != nil {
		return err
	}
	p, err := fullpath.New(way, file.Tokens)
	if err != nil {
		return err
	}
	for range file.Opening + frames {
		at, frame, named := file.Next()
		if _, err := p.Step(at, frame, named); err != nil {
			return err
		}
	}
	return nil
}

// count runs this program under callgrind.
func count(way, file string, frames int, profile string) (instructions int64, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	command := exec.Command("valgrind", "--tool=callgrind", "--callgrind-out-file="+profile, //nolint:noctx // ended by the user
		self, "-impl", way, "-from", file, "-frames", strconv.Itoa(frames))
	command.Env = append(os.Environ(), "GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1")
	said, err := command.CombinedOutput()
	if err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return 0, err
		}
		return 0, fmt.Errorf("%w: %s", err, said)
	}
	_, text, _ := strings.Cut(string(said), "Collected : ")
	text, _, _ = strings.Cut(text, "\n")
	if instructions, err = strconv.ParseInt(strings.TrimSpace(text), 10, 64); err != nil {
		return 0, fmt.Errorf("no count in what valgrind said: %s", said)
	}
	return instructions, nil
}
