// Command table puts the tables of raw results into bench/README.md, in place of
// those between its markers:
//
//	go run ./bench/table                                # of the files that it names
//	go run ./bench/table results/x.txt results/x-latency.txt peers/results/x.txt
//
// The first marker names the files, as paths from bench; arguments stand for others,
// which it then names. A file of peers/measure is known by its folder. Times are
// medians over the rounds. A ratio is the median of what it was in each round. A test
// compares README.md with what this command makes of it.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"example.com/truebook/bench/internal/results"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		os.Exit(1)
	}
}

func run(names []string) error {
	path := filepath.Join(folder(), "README.md")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if text, err = rewrite(text, names); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644) //nolint:gosec // a document, for all to read
}

// folder returns bench, wherever the command is called.
func folder() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..")
}

// The markers. The first goes on with the names of files.
const (
	beginTables  = "<!-- tables of "
	endTables    = "<!-- end of tables -->"
	beginTargets = "<!-- targets -->"
	endTargets   = "<!-- end of targets -->"
	endMarker    = " -->\n"
)

// rewrite returns a README with the tables of files, or of those that it names.
func rewrite(text []byte, names []string) ([]byte, error) {
	before, rest, found := bytes.Cut(text, []byte(beginTables))
	named, rest, ended := bytes.Cut(rest, []byte(endMarker))
	_, between, closed := bytes.Cut(rest, []byte(endTables))
	between, rest, opened := bytes.Cut(between, []byte(beginTargets))
	_, after, last := bytes.Cut(rest, []byte(endTargets))
	if !found || !ended || !closed || !opened || !last {
		return nil, errors.New("README.md lacks a marker")
	}
	if len(names) == 0 {
		names = strings.Fields(string(named))
	}
	own, peers, err := readAll(names)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.Write(before)
	fmt.Fprintf(&out, "%s%s%s\n", beginTables, strings.Join(names, " "), endMarker)
	writeTables(&out, own, peers)
	fmt.Fprintf(&out, "\n%s", endTables)
	out.Write(between)
	fmt.Fprintf(&out, "%s\n\n", beginTargets)
	writeTargets(&out, own, peers)
	fmt.Fprintf(&out, "\n%s", endTargets)
	out.Write(after)
	return out.Bytes(), nil
}

// readAll reads files: one of peers, and those of our own as if they were one.
func readAll(names []string) (own, peers *results.File, err error) {
	own = &results.File{}
	for _, name := range names {
		file, err := os.Open(filepath.Join(folder(), filepath.FromSlash(name)))
		if err != nil {
			return nil, nil, err
		}
		f, err := results.Read(file)
		if err = errors.Join(err, file.Close()); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		f.Notes = []string{"`" + name + "`: " + strings.Join(f.Notes, "; ")}
		if slices.Contains(strings.Split(name, "/"), "peers") {
			if peers != nil {
				return nil, nil, fmt.Errorf("%s: a second file of peers", name)
			}
			peers = f
			continue
		}
		for _, b := range f.Benchmarks {
			if own.Find(b.Family, b.Params...) != nil {
				return nil, nil, fmt.Errorf("%s: %s %v is in another file too", name, b.Family, b.Params)
			}
		}
		own.Notes = append(own.Notes, f.Notes...)
		own.Benchmarks = append(own.Benchmarks, f.Benchmarks...)
		own.Tables = append(own.Tables, f.Tables...)
	}
	if len(own.Notes) == 0 || peers == nil {
		return nil, nil, errors.New("files of bench/measure and of bench/peers/measure are needed")
	}
	return own, peers, nil
}
