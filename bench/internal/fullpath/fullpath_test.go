//go:build unix

package fullpath_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"example.com/truebook/bench/corpus"
	"example.com/truebook/bench/internal/fullpath"
)

// TestWays: a file gives back the corpus, and every way can read what its frames
// name, but for tops that are in doubt for a moment.
func TestWays(t *testing.T) {
	c := corpus.Simulated(corpus.Shape{Tokens: 12, Frames: 2000, Seed: 1})
	path := filepath.Join(t.TempDir(), "frames")
	if err := fullpath.Write(path, c); err != nil {
		t.Fatal(err)
	}
	for _, name := range fullpath.Names() {
		f, err := fullpath.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if f.Frames != len(c.Frames) || f.Opening != c.Opening || len(f.Tokens) != 12 {
			t.Fatalf("%d frames, %d of them at first, %d tokens", f.Frames, f.Opening, len(f.Tokens))
		}
		way, err := fullpath.New(name, f.Tokens)
		if err != nil {
			t.Fatal(err)
		}
		readable, tops := 0, 0
		for i := range f.Frames {
			at, frame, named := f.Next()
			if !at.Equal(c.Frames[i].Time) || !bytes.Equal(frame, c.Frames[i].Data) {
				t.Fatalf("frame %d is another", i)
			}
			for _, token := range named {
				if token >= 0 {
					tops++
					if !bytes.Contains(frame, []byte(f.Tokens[token])) {
						t.Fatalf("frame %d does not name token %d", i, token)
					}
				}
			}
			n, err := way.Step(at, frame, named)
			if err != nil {
				t.Fatal(err)
			}
			readable += n
		}
		if tops < 3800 || readable < tops*95/100 || name != "engine" && name != "engine-proof" && readable != tops {
			t.Errorf("%s: %d of %d tops could be read", name, readable, tops)
		}
	}
}

func TestParse(t *testing.T) {
	if names, err := fullpath.Parse("scan,engine"); err != nil || len(names) != 2 || names[1] != "engine" {
		t.Errorf("%q, %v", names, err)
	}
	if names, err := fullpath.Parse(""); err != nil || len(names) != len(fullpath.Names()) {
		t.Errorf("%q, %v", names, err)
	}
	if _, err := fullpath.Parse("engine,none"); err == nil {
		t.Error("a way that does not exist")
	}
}
