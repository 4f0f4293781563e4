package peers

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.com/truebook/bench/corpus"
	"example.com/truebook/book"
)

var framesFolder = flag.String("frames", "", "folder for TestWriteFrames to write the streams into")

// TestWriteFrames writes the streams of the benchmarks for Node, one file each. It
// is a test because the recorded stream is one that only tests can ask for.
func TestWriteFrames(t *testing.T) {
	if *framesFolder == "" {
		t.Skip("skipped: -frames names no folder")
	}
	streams(t, benchFrames, func(t *testing.T, c *corpus.Corpus) {
		writeFrames(t, c, filepath.Join(*framesFolder, c.Name+".frames"))
	})
}

// writeFrames writes a line that says what the file is, and each frame on a line.
func writeFrames(t *testing.T, c *corpus.Corpus, path string) {
	t.Helper()
	var out bytes.Buffer
	header, err := json.Marshal(map[string]any{"name": c.Name, "opening": c.Opening})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(header)
	out.WriteByte('\n')
	for i := range c.Frames {
		frame := bytes.TrimSpace(c.Frames[i].Data)
		if bytes.IndexByte(frame, '\n') >= 0 {
			t.Fatalf("frame %d has several lines", i)
		}
		out.Write(frame)
		out.WriteByte('\n')
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestNodeAgrees: the peers that run in Node and keep books read the same tops, in
// the same order. Their numbers are floats: compared is the shortest text of each,
// which is exact up to 15 digits, all that these streams have.
func TestNodeAgrees(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("skipped: no node here")
	}
	streams(t, testFrames, func(t *testing.T, c *corpus.Corpus) {
		file := filepath.Join(t.TempDir(), "frames")
		writeFrames(t, c, file)
		want := topLines(t, c)
		for _, peer := range []string{"node-json-books", "polymarket-client-books"} {
			t.Run("peer="+peer, func(t *testing.T) {
				if _, err := os.Stat("node/node_modules"); err != nil && peer != "node-json-books" {
					t.Skip("skipped: run npm ci in node first")
				}
				cmd := exec.CommandContext(t.Context(), node, "node/bench.mjs", "-tops", peer, file)
				cmd.Stderr = os.Stderr
				out, err := cmd.Output()
				if err != nil {
					t.Fatal(err)
				}
				lines := bufio.NewScanner(bytes.NewReader(out))
				lines.Buffer(nil, 1<<20)
				n := 0
				for ; lines.Scan(); n++ {
					if n < len(want) && lines.Text() != want[n] {
						t.Fatalf("frame %d: tops %q, want %q", n, lines.Text(), want[n])
					}
				}
				if n != len(want) {
					t.Fatalf("%d lines, want %d", n, len(want))
				}
			})
		}
	})
}

// topLines returns a line for each frame: the tops after each of its changes.
func topLines(t *testing.T, c *corpus.Corpus) []string {
	t.Helper()
	d := decoder()
	var books []*book.Book // by Asset.Index
	lines := make([]string, 0, len(c.Frames))
	for i := range c.Frames {
		events, err := d.Decode(c.Frames[i].Data)
		if err != nil {
			t.Fatal(err)
		}
		var tops []string
		for _, u := range updatesOf(events) {
			for u.asset.Index >= len(books) {
				books = append(books, book.New())
			}
			target := treeBook{books[u.asset.Index]}
			if u.whole {
				target.Replace(u.bids, u.asks)
			} else {
				target.Set(u.side, u.level)
			}
			top := target.Top()
			tops = append(tops, fmt.Sprint(top.Bid.Price, top.Bid.Size, top.Ask.Price, top.Ask.Size))
		}
		lines = append(lines, strings.Join(tops, ","))
	}
	return lines
}
