//go:build race

package feedtest_test

const raceEnabled = true
