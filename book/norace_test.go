//go:build !race

package book_test

// raceEnabled says that the race detector runs, which allocates by itself and
// empties pools at random.
const raceEnabled = false
