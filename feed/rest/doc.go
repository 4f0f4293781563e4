// Package rest asks Polymarket's REST interface for what a book engine needs beside the
// stream: whole books, and what a market is; and, for packages keys and user, for what an
// account has.
//
//	client, err := rest.New(rest.Options{}) // the exchange; nothing is dialled yet
//	...
//	defer client.Close()
//	market, err := client.Market(ctx, "https://polymarket.com/event/fed-decision-in-december")
//	subscription, err := eng.Watch(market.TokenIDs()...) // of an engine.Engine
//	answer, err := client.FetchBooks(ctx, market.TokenIDs())
//	...
//	events, err := decoder.Decode(answer) // of a feed.Decoder
//
// A [Client] is a [feed.BookFetcher]. An answer about books is passed on as it came: the
// [feed.Decoder] reads it, as it reads the stream. It is only looked at whether it can be
// JSON, and is not the page of a proxy that answers in the exchange's name.
//
// # Names
//
// [Client.Market] takes whatever a market is known by: a token id, a condition id, a slug, or
// an address as it is pasted from the browser; [ParseName] tells them apart by their shape.
// Two services of the exchange are asked. The order book knows markets by their ids, and says
// what each of them is: its tokens with their outcomes, its terms, whether it is open. Gamma
// knows the site's slugs, and which markets an event has. Where both speak of a market, the
// order book holds; Gamma is enough for those that it has forgotten, since they are over.
//
// An event may have many markets, one for each candidate: [ManyMarketsError] lists them, and
// so does [Client.Event]. A slug that nobody knows is a [NotFoundError], with what the
// exchange's search finds for its words. [ErrNotOpen] is a market that has no order book yet.
// A closed market is an answer and no error: look at its flags before it is watched.
// [Client.List] asks for up to a hundred at once, of the list alone; it is for many names.
//
// Gamma writes arrays as strings that hold JSON, in an order of their own: outcomes are paired
// with tokens by their places, and none is taken to be the first. An empty string says that
// there is nothing, a number may be a string, and most fields may be missing (the exchange's
// own clients and users, 2025 to 2026). What else is not as it should be is an error.
//
// # Budget
//
// The exchange limits how often it is asked (docs.polymarket.com, rate limits), by
// address: whatever else runs there has its share. A Client keeps far below:
//
//	                     a second  at once  under way  in 10 s  the exchange's limit
//	POST /books              5        20        4         70    500 (80 in 2025-11)
//	GET /book               10        40        2        140    1,500 (200)
//	GET /markets...          5        40        2         90    9,000 of all kinds (5,000)
//	GET of Gamma             5        40        2         90    300 of markets, 350 of searches
//	GET /data/orders         5        20        2         70    500
//	GET /data/trades         5        20        2         70    500
//	/auth/ (each)            1         3        1         13    100 of both
//
// A call waits for its turn, in order of arrival among those of its kind, and as long as
// it can still have one: [ErrBudget] says at once that it cannot. Since a call has ten
// seconds at most, no more than 70 wait for /books. A process needs one Client: two have
// twice the budget.
//
// # Refusals
//
// An answer that is not the one asked for is a [*feed.StatusError]. If the server asks to
// be left alone it is, for ten minutes at most, and further calls of the kind fail with
// the same error and the time that remains, without a request. The same holds for ten
// seconds after status 429, and for five minutes after three times 403 in a row and each
// further one: an address that Cloudflare has blocked is not unblocked by asking. Of 425
// and 503, which the exchange answers while it restarts, and of failures of the network
// nothing follows here: the engine has its own patience.
//
// # Bounds
//
// A call takes ten seconds, and a connection five to stand, with its handshake: a server
// that sends a byte a second gains nothing. A header has at most 64 KiB, an answer about
// books at most [feed.MaxFrame] bytes, one about a market a MiB and one about several 8 MiB;
// while it comes, an answer occupies about twice of what has come of it. There are at most
// 14 connections to each of the two hosts, and an idle one is closed after 90 seconds.
//
// Compression is not asked for, so that one bound holds for what is read and for what was
// sent: a compressed answer may go on for ever and unpack to nothing. It costs little
// where milliseconds count: a hundred books are some 360 KB, a sixth of that compressed
// (measured on recorded books, 2026-11), which is 3 ms of a line of 1 Gbit/s, and to
// unpack them takes one.
//
// # Security
//
// TLS is at least 1.2, and verified. Plain http is for loopback addresses. A redirect is
// refused like any other answer, and cookies are ignored. Nothing is sent but tokens,
// condition ids and slugs, and what a [Signer] makes for the calls that take one, for one
// request to the one host. Errors of those calls have no words of the server in them, which
// could be what it was sent. The environment is not read, and so
// no proxy is used that it names, here as for the stream in package live:
// Options.DialContext can dial one.
package rest
