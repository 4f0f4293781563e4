//go:build race

package capture_test

// raceEnabled says that the race detector runs, which allocates by itself and
// empties pools at random.
const raceEnabled = true
