package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const engineDir = "../.."

// TestTable: every mutant can still be made of the engine as it is, and there is the
// test that has to notice it. Whether it does is for the command to find out.
func TestTable(t *testing.T) {
	tests := engineTests(t)
	names := map[string]bool{}
	dangerous := 0
	for _, m := range table() {
		if names[m.name] || m.guard == "" || strings.ContainsAny(m.name, " _/") {
			t.Errorf("%q: a bad name, or one twice, or no guard", m.name)
		}
		names[m.name] = true
		if m.dangerous {
			dangerous++
		}
		if _, err := mutate(engineDir, m.edits); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
		for _, e := range m.edits {
			if e.from == e.to {
				t.Errorf("%s changes nothing", m.name)
			}
		}
		if !slices.Contains(tests, m.trial.test) || (m.trial.seeds > 0) != (m.trial.test == "TestSimulation") {
			t.Errorf("%s: no trial is %v", m.name, &m.trial)
		}
	}
	if dangerous != 4 {
		t.Errorf("%d mutants are tried by default", dangerous)
	}
}

// engineTests returns the names of the engine's tests.
func engineTests(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(engineDir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(text, -1) {
			names = append(names, string(m[1]))
		}
	}
	return names
}

func TestMutate(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.go"), []byte("one two two three"), 0o600); err != nil {
		t.Fatal(err)
	}
	files, err := mutate(dir, []edit{{"a.go", "one", "1"}, {"a.go", "three", "3"}})
	if got := string(files["a.go"]); err != nil || got != "1 two two 3" {
		t.Errorf("%q, %v", got, err)
	}
	for _, from := range []string{"two", "four"} {
		if _, err := mutate(dir, []edit{{"a.go", from, ""}}); err == nil || !strings.Contains(err.Error(), "a.go has") {
			t.Errorf("%s: %v", from, err)
		}
	}
	if _, err := mutate(dir, []edit{{"b.go", "", ""}}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// TestJudge: only a test that fails notices anything.
func TestJudge(t *testing.T) {
	failed := errors.New("exit status 1")
	for _, c := range []struct {
		out     string
		err     error
		noticed bool
		by      string
		fails   bool
	}{
		{"PASS\n", nil, false, "", false},
		{"--- FAIL: TestA (0.00s)\n    --- FAIL: TestA/b (0.00s)\nFAIL\n", failed, true, "TestA", false},
		{"--- FAIL: TestSimulation (0.00s)\n    x.go:1: seed 17, 12:00: wrong\nFAIL\n", failed, true, "TestSimulation, seed 17", false},
		{"--- FAIL: TestA (0.00s)\npanic: oh [recovered]\n", failed, true, "TestA, a panic", false},
		{"fatal error: all goroutines are asleep - deadlock!\n", failed, true, "a panic", false},
		{"panic: test timed out after 10m0s\n", failed, false, "", true},
		{"flag provided but not defined: -engine.seeds\n", failed, false, "", true},
		{"testing: warning: no tests to run\nPASS\n", nil, false, "", true},
	} {
		v, err := judge([]byte(c.out), c.err)
		if v.noticed != c.noticed || v.by != c.by || (err != nil) != c.fails {
			t.Errorf("%q: %+v, %v", c.out, v, err)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"-run", "("}, {"-run", "nothing"}, {"-none"}, {"all"}} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), args, &stdout, &stderr); code != 2 || stderr.Len() == 0 || stdout.Len() > 0 {
			t.Errorf("%q: %d, %s%s", args, code, &stdout, &stderr)
		}
	}
	o, err := parse([]string{"-run", "lease|by-arrival", "-seeds", "7"}, os.Stderr)
	if chosen := o.choose(); err != nil || len(chosen) != 2 || chosen[0].trial != (trial{"TestSimulation", 7}) {
		t.Errorf("%+v, %v", chosen, err)
	}
}
