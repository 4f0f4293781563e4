package main

import (
	"bytes"

	"example.com/truebook/feed/feedtest"
)

const (
	demoSeed    = 7
	demoMarkets = 1
	demoFrames  = 600
)

const demoHeading = "SIMULATED: a seeded market, replayed through the engine. No connection to any exchange."

// demo returns a short simulated recording.
func demo() []byte {
	x := feedtest.New(feedtest.Options{Seed: demoSeed, Markets: demoMarkets})
	var recording bytes.Buffer
	frame := x.Opening()
	for range demoFrames {
		recording.Write(bytes.TrimSpace(frame.Data))
		recording.WriteByte('\n')
		frame = x.Next()
	}
	return recording.Bytes()
}
