package endtoend

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestDependencies: a program that embeds the engine, with its connections and REST,
// gets no other module than these.
func TestDependencies(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}",
		"example.com/truebook/engine", "example.com/truebook/feed/live", "example.com/truebook/feed/rest").Output()
	if err != nil {
		t.Fatal(err)
	}
	modules := strings.Fields(string(out))
	slices.Sort(modules)
	got := strings.Join(slices.Compact(modules), " ")
	want := "example.com/truebook github.com/coder/websocket github.com/shopspring/decimal github.com/tidwall/btree golang.org/x/time"
	if got != want {
		t.Errorf("modules %s, want %s", got, want)
	}
}
