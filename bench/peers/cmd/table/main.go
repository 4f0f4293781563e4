// Command table makes Markdown tables of raw results:
//
//	go run ./cmd/table [results/2026-11-22.txt] > tables.md
//
// Without a file it takes the newest in results, by name. Times are medians over the
// rounds. A ratio is the median of what it was in each round, so that a machine that
// is slower in some of them does not tell.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"example.com/truebook/bench/peers"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) == 0 {
		found, err := filepath.Glob("results/*.txt")
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return errors.New("no results/*.txt here; ./measure writes one")
		}
		args = found[len(found)-1:]
	}
	file, err := os.Open(args[0])
	if err != nil {
		return err
	}
	r, err := read(file)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	_, err = out.Write(r.markdown())
	return err
}

// advantages returns what each peer, or book, does less of.
func advantages(family string) map[string]string {
	found := map[string]string{}
	if family == "Books" {
		for _, e := range peers.BookEntries() {
			found[e.Name] = e.Advantage
		}
		return found
	}
	for _, e := range peers.Entries() {
		found[e.Name] = e.Advantage
	}
	return found
}
