// Package golden compares what tests make with files of their testdata, which the flag -update
// of these tests writes anew.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew") //nolint:gochecknoglobals // a flag

// Updating says that the files are written anew.
func Updating() bool { return *update }

// Check compares a text with a file of testdata.
func Check(tb testing.TB, name, got string) {
	tb.Helper()
	file := filepath.Join("testdata", name)
	if Updating() {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil { //nolint:gosec // it belongs to the repository
			tb.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		tb.Errorf("%s (-want +got, -update writes it):\n%s", file, diff)
	}
}
