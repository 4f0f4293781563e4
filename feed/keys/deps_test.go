package keys_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestNothingForOthers: a program that watches books without credentials has none of this
// in it.
func TestNothingForOthers(t *testing.T) {
	list := func(packages ...string) []string {
		t.Helper()
		command := exec.CommandContext(t.Context(), "go", append([]string{"list", "-deps"}, packages...)...)
		out, err := command.Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.Fields(string(out))
	}
	unwanted := func(path string) bool {
		return strings.HasPrefix(path, "github.com/decred/") || strings.HasPrefix(path, "golang.org/x/crypto") ||
			path == "example.com/truebook/feed/keys" || path == "example.com/truebook/feed/user"
	}
	for _, path := range list("example.com/truebook/engine", "example.com/truebook/feed/live", "example.com/truebook/feed/rest") {
		if unwanted(path) {
			t.Errorf("%s is in a program without credentials", path)
		}
	}
	n := 0
	for _, path := range list("example.com/truebook/feed/keys") {
		if unwanted(path) {
			n++
		}
	}
	if n < 3 {
		t.Errorf("%d packages of cryptography are found where they are", n)
	}
}
