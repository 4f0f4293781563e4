//go:build !race

package feedtest_test

const raceEnabled = false
