// Package feedtest simulates the exchange, for tests and demonstrations: seeded
// markets whose frames look like those of the real market channel, and whose
// books are known. There are two of it.
//
// # A stream
//
// An [Exchange] is a stream of frames, one after the other:
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
// # A venue
//
// A [Venue] is the exchange as its clients meet it, in virtual time. They dial,
// subscribe, send PING and ask by REST, and what reaches them comes out of one
// method:
//
//	v := feedtest.NewVenue(feedtest.VenueOptions{Seed: 1})
//	v.Inject(feedtest.Fault{Kind: feedtest.LoseFrames, At: time.Minute, Market: -1})
//	v.Dial(1)
//	for {
//		d, ok := v.Advance(end)
//		if !ok {
//			break // it is end
//		}
//		switch d.Kind {
//		case feedtest.Opened:
//			v.Send(1, subscription)
//		case feedtest.Received:
//			yours.Frame(d.Time, d.Data)
//		}
//		if !v.Waiting() {
//			compare(yours.Book(token), v.Truth(token))
//		}
//	}
//
// It does what the real exchange does without anything being wrong: frames are
// repeated and late, hashes ahead of their frames, markets empty, refined and
// settled. [Quirks] says what, how often, and where that was measured. A client that
// doubts its books because of any of it is too anxious. And it injects faults, of
// each [FaultKind]: a client that does not notice one is too trusting. [Truth] is what
// a client without faults would have at the same instant, and [Venue.Injected] says
// what was lost, where and when.
//
// # Seeds
//
// Every value follows from the seed: two exchanges of equal Options send the same
// bytes, and so do two venues of which the same is asked, in this version of the
// package. It is not stable yet: it will grow into a server.
package feedtest
