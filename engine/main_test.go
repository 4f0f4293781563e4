package engine

import (
	"os"
	"runtime/debug"
	"testing"
)

// The tests copy whole shards again and again, and collecting these takes a sixth of their
// time if it is not done more rarely.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}
