package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// lab is where mutants are made and tried.
type lab struct {
	engine string // its folder
	dir    string // for what is made
}

func newLab(ctx context.Context) (*lab, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", "example.com/truebook/engine").Output()
	if err != nil {
		return nil, fmt.Errorf("the engine is not found, is this its module? %w", err)
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return nil, err
	}
	return &lab{engine: strings.TrimSpace(string(out)), dir: dir}, nil
}

func (l *lab) close() { _ = os.RemoveAll(l.dir) }

// verdict is what came of a trial.
type verdict struct {
	noticed bool
	by      string
}

// errTimeout: of a test that takes too long nobody can say whether it would have
// noticed.
var errTimeout = errors.New("the test took too long, which is no verdict")

// testTimeout is for one trial, on a machine that is busy.
const testTimeout = "10m"

// unchanged tries the engine as it is.
func (l *lab) unchanged(ctx context.Context, trials []trial) error {
	binary, err := l.build(ctx, "unchanged", nil)
	if err != nil {
		return err
	}
	most := map[string]int{} // seeds of each test: more include less
	var tests []string
	for _, t := range trials {
		if _, ok := most[t.test]; !ok {
			tests = append(tests, t.test)
		}
		most[t.test] = max(most[t.test], t.seeds)
	}
	for _, test := range tests {
		v, err := l.test(ctx, binary, trial{test, most[test]})
		if err == nil && v.noticed {
			err = fmt.Errorf("fails by %s", v.by)
		}
		if err != nil {
			return fmt.Errorf("the unchanged engine, %s: %w", test, err)
		}
	}
	return nil
}

// try makes a mutant and runs what has to notice it.
func (l *lab) try(ctx context.Context, m *mutant) (verdict, error) {
	binary, err := l.build(ctx, m.name, m.edits)
	if err != nil {
		return verdict{}, err
	}
	defer func() { _ = os.Remove(binary) }()
	return l.test(ctx, binary, m.trial)
}

// build makes the test binary of the engine with some edits.
func (l *lab) build(ctx context.Context, name string, edits []edit) (string, error) {
	mutated, err := mutate(l.engine, edits)
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
	for file, text := range mutated {
		path := filepath.Join(l.dir, name+"_"+file)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(l.engine, file)] = path
	}
	overlay := filepath.Join(l.dir, name+".json")
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		return "", err
	}
	binary := filepath.Join(l.dir, name+".test")
	c := exec.CommandContext(ctx, "go", "test", "-c", "-overlay", overlay, "-o", binary, ".") //nolint:gosec // our own names
	c.Dir = l.engine
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("does not compile: %w\n%s", err, out)
	}
	return binary, nil
}

// mutate returns the files of a folder with some edits, by name.
func mutate(dir string, edits []edit) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, e := range edits {
		text, ok := files[e.file]
		if !ok {
			var err error
			if text, err = os.ReadFile(filepath.Join(dir, e.file)); err != nil {
				return nil, err
			}
		}
		if n := bytes.Count(text, []byte(e.from)); n != 1 {
			return nil, fmt.Errorf("%s has %d times, not once:\n%s", e.file, n, e.from)
		}
		files[e.file] = bytes.Replace(text, []byte(e.from), []byte(e.to), 1)
	}
	return files, nil
}

var (
	failedTest = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)
	failedSeed = regexp.MustCompile(`seed (\d+)[,:]`)
)

// test runs a test binary, and says which tests failed.
func (l *lab) test(ctx context.Context, binary string, t trial) (verdict, error) {
	args := []string{"-test.run", "^(" + t.test + ")$", "-test.timeout", testTimeout}
	if t.seeds > 0 {
		args = append(args, fmt.Sprintf("-engine.seeds=%d", t.seeds))
	}
	c := exec.CommandContext(ctx, binary, args...) //nolint:gosec // our own binary
	c.Dir = l.engine
	out, err := c.CombinedOutput()
	return judge(out, err)
}

// judge says what the output of a test binary means.
func judge(out []byte, err error) (verdict, error) {
	var by []string
	for _, m := range failedTest.FindAllSubmatch(out, -1) {
		if name := string(m[1]); !slices.Contains(by, name) {
			by = append(by, name)
		}
	}
	crashed := bytes.Contains(out, []byte("panic: ")) || bytes.Contains(out, []byte("fatal error: "))
	switch {
	case bytes.Contains(out, []byte("panic: test timed out")):
		return verdict{}, errTimeout
	case bytes.Contains(out, []byte("no tests to run")):
		return verdict{}, errors.New("there is no such test")
	case err == nil:
		return verdict{}, nil
	case len(by) == 0 && !crashed:
		return verdict{}, fmt.Errorf("%w\n%s", err, out)
	}
	if m := failedSeed.FindSubmatch(out); m != nil {
		by = append(by, "seed "+string(m[1]))
	}
	if crashed {
		by = append(by, "a panic")
	}
	return verdict{noticed: true, by: strings.Join(by, ", ")}, nil
}
