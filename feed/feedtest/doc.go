// Package feedtest simulates the exchange, for tests and demonstrations: seeded
// markets whose frames look like those of the real market channel, and whose
// books are known.
//
//	x := feedtest.New(feedtest.Options{Seed: 1, Markets: 2})
//	frame := x.Opening()        // the array that answers a subscription
//	for range 1000 {
//		frame = x.Next()        // changes, books after trades, trades
//	}
//	bids, asks := x.Book(token) // the truth at this moment
//
// A market has one set of resting orders and two tokens that mirror each other.
// Changes come as one frame for each level, and a change of several levels as a
// run of frames with one hash; a trade takes levels away, is followed by the
// books of both tokens, and printed a little later. The shares and distances are
// those of recorded streams (2026-06), roughly in the small streams that tests
// read, and closely with [Options.Levels] or many markets, which are for load: up
// to 100,000 tokens, or 5,000 levels in a book. The hashes are true, computed here
// by code of its own, so that a test compares two implementations.
//
// Every value follows from the seed: two exchanges of equal Options send the same
// bytes, in this version of the package. It is not stable yet: it will grow into
// a server.
package feedtest
