// Package captures finds recordings of the real exchange for tests and
// benchmarks. They belong to others and are not part of this repository.
package captures

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Variable names the folder that holds the recordings.
const Variable = "TRUEBOOK_CAPTURES"

// Find returns the path of a recording, and the error of looking for it.
func Find(name string) (string, error) {
	folder := os.Getenv(Variable)
	if folder == "" {
		_, file, _, _ := runtime.Caller(0)
		folder = filepath.Join(filepath.Dir(file), "..", "..", "..", "shared", "data")
	}
	path := filepath.Join(folder, name)
	_, err := os.Stat(path)
	return path, err
}

// Path returns the path of a recording, and skips the test where there is none.
func Path(tb testing.TB, name string) string {
	tb.Helper()
	path, err := Find(name)
	if err != nil {
		tb.Skipf("skipped: no recording %s here (%s names the folder)", name, Variable)
	}
	return path
}

// Read returns the content of a recording, and skips the test where there is
// none.
func Read(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(Path(tb, name))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}
