// Package feedtest simulates the exchange, for tests and demonstrations: seeded
// markets whose frames look like those of the real market channel, and whose
// books are known. There are three of it, each on top of another.
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
// # A server
//
// A [Server] serves a Venue to real clients, over HTTP and websockets, while time
// passes. Over loopback:
//
//	s := feedtest.NewServer(feedtest.ServerOptions{})
//	defer s.Close()
//	wsURL, restURL, err := s.Start("127.0.0.1:0")
//
// What a market is called, and in which event it is, says [Market]; below [GammaPath] the
// server lists them by these names, as rest.Options.GammaURL asks for them.
//
// In a bubble of testing/synctest, where hours pass in milliseconds, clients reach it
// by [Server.Dial], which they take for the DialContext of a net.Dialer:
//
//	synctest.Test(t, func(t *testing.T) {
//		s := feedtest.NewServer(feedtest.ServerOptions{})
//		defer s.Close()
//		client := yours.Dial("ws://127.0.0.1/ws/market", s.Dial)
//		time.Sleep(time.Hour)
//		synctest.Wait()
//		s.Do(func(v *feedtest.Venue) {
//			compare(client.Book(token), v.Truth(token))
//			v.Inject(feedtest.Fault{Kind: feedtest.Freeze})
//		})
//		time.Sleep(time.Minute) // time enough to notice
//	})
//
// Frames, closes, refusals and answers are those of the venue at the same instants, its
// faults those of a real connection. Below that, an [Attack] is what only a broken or
// hostile server does: endless fragments, a byte a second, a frame of 1 TiB. A handler of
// one's own is served in a bubble by [Pipes]. And with an infinite [ServerOptions.Speed] a
// server is a load: frames come as fast as they are read, some 100,000 a second, and none is
// lost.
//
// # Accounts
//
// A venue has any number of accounts ([Venue.OpenAccount]), whose orders rest in its books
// and are matched, also against those of the other token. What clients learn of them by
// the user channel ([Venue.DialUser]) and by REST ([Venue.Ask]) has every form that was
// seen at the real exchange; what is true is in [Account.Orders] and [Account.Trades], each
// with its past. A Server serves them to clients that have the credentials:
//
//	s.Do(func(v *feedtest.Venue) {
//		account = v.OpenAccount(feedtest.AccountOptions{Lose: 0.01, Repeat: 0.1})
//	})
//
// # Seeds
//
// Every value follows from the seed: two exchanges of equal Options send the same
// bytes, and so do two venues of which the same is asked, in this version of the
// package. Those of a Server depend on the clock no more than on when its clients do
// what.
//
// # Stability
//
// The package is not stable yet: names and fields may change, and so may what a seed
// gives.
package feedtest
