//go:build race

package bench

// raceEnabled says that the race detector runs, which allocates by itself.
const raceEnabled = true
