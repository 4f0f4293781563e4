//go:build !race

package live_test

// raceEnabled says that the race detector runs, which allocates by itself.
const raceEnabled = false
