//go:build unix

// Latency measures how long it takes from the arrival of a frame until its tops
// have been read, open loop: frames arrive on a schedule, whether the last one is
// done or not.
//
//	go run ./bench/latency                              # both settings, all ways
//	go run ./bench/latency -rate 1000 -tokens 1000 -seconds 10 -impl engine,engine-proof
//
// It prints a table in Markdown, in microseconds. Service is the time that a frame
// takes from when it is begun; response counts from when it was due, and so holds
// what it waited for the frames before it. A way that cannot keep up shows in that.
//
// Each way runs in a process of its own, on one thread that is locked and spins
// until the next frame is due, with the garbage collector as it is by default. The
// frames lie outside of its heap, in a mapped file. Opening books and half a second
// of frames come first and are not measured. Frames arrive evenly, and to the engine
// their time of arrival is the time.
//
// Beside the quantiles: "busy" is the part of the time that was service; "GC" how
// many collections there were; "MB" the resident memory of the process without
// mapped files, the larger of that after the opening and that at the end; "read" the
// part of the tops that could be read, the others being in doubt at that moment. The
// way called scan only counts bytes: what it shows is the machine's.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"example.com/truebook/bench/corpus"
	"example.com/truebook/bench/internal/fullpath"
)

// setting is a load.
type setting struct {
	rate   int // frames in a second
	tokens int
}

func documented() []setting { return []setting{{50_000, 500}, {20_000, 100_000}} }

// warm is how long frames arrive before any is measured.
const warm = 500 * time.Millisecond

func main() {
	rate := flag.Int("rate", 0, "frames in a second; 0 stands for the documented settings")
	tokens := flag.Int("tokens", 500, "tokens, where a rate is given")
	seconds := flag.Float64("seconds", 4, "how long to measure each")
	impl := flag.String("impl", "", "ways, with commas between them; all if empty")
	from := flag.String("from", "", "measure on this file of frames, and print JSON: what the program calls itself with")
	flag.Parse()
	err := run(os.Stdout, *rate, *tokens, *seconds, *impl, *from)
	if err != nil {
		fmt.Fprintln(os.Stderr, "latency:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, rate, tokens int, seconds float64, impl, from string) (err error) {
	ways, err := fullpath.Parse(impl)
	if err != nil {
		return err
	}
	if from != "" {
		result, err := measure(ways[0], from, rate)
		if err != nil {
			return err
		}
		return json.NewEncoder(out).Encode(result)
	}
	settings := documented()
	if rate > 0 {
		settings = []setting{{rate, tokens}}
	}
	folder, err := os.MkdirTemp("", "latency")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if err := printHeader(out); err != nil {
		return err
	}
	for _, s := range settings {
		file := filepath.Join(folder, fmt.Sprint(s))
		frames := int(float64(s.rate) * (seconds + warm.Seconds()))
		c := corpus.Simulated(corpus.Shape{Tokens: s.tokens, Frames: frames, Seed: 1})
		if err := fullpath.Write(file, c); err != nil {
			return err
		}
		for _, way := range ways {
			result, err := alone(way, file, s.rate)
			if err != nil {
				return fmt.Errorf("%s: %w", way, err)
			}
			if err := result.print(out, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// alone measures in a process that has done nothing else.
func alone(way, file string, rate int) (*result, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.Command(self, "-impl", way, "-from", file, "-rate", strconv.Itoa(rate)) //nolint:noctx // ended by the user
	command.Stderr = os.Stderr
	text, err := command.Output()
	if err != nil {
		return nil, err
	}
	r := new(result)
	return r, json.Unmarshal(text, r)
}
