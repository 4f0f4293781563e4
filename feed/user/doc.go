// Package user follows an account of the exchange: its open orders and its fills, by the
// user channel and by REST.
//
//	credentials, err := keys.FromEnvironment(os.Getenv)
//	...
//	client, err := rest.New(rest.Options{})
//	...
//	account, err := user.New(user.Options{Credentials: credentials, Client: client})
//	...
//	go func() { done <- account.Run(ctx) }()
//	for view := range account.Changes(ctx) {
//		if err := view.Err(); err != nil { // own state is not known: err says why
//			cancelAll(err)
//			continue
//		}
//		mine := view.Size(token, book.Bid, price)
//		...
//	}
//
// [Account.View] is the state now, [Account.Changes] the newest whenever it changes, and
// [Account.Events] every change, in order.
//
// # What the exchange sends
//
// The user channel (docs.polymarket.com; frames recorded by others, 2024-09 to 2026-05)
// sends a message when an order is placed, matched or cancelled, and when a trade is
// matched, mined, retried, confirmed or failed. There are no sequence numbers, no
// acknowledgements, no snapshot and no replay; messages come twice when something is
// subscribed to twice (2026-01). So
//
//   - what is known is merged, and the order and number of messages does not matter: an
//     order is matched by as much as was ever said, and stays closed once it is; a trade
//     counts once, whatever comes of it again; and a late message changes nothing;
//   - what was there before, and while there was no connection, comes from REST: open
//     orders and trades, after each connect. Until it has answered, own state is not known,
//     and [View.Err] says so, and why;
//   - REST is asked again each 30 s, and 5 s after the first answer of a connection. What
//     it knows and the stream has not told within 5 s was lost: the connection is replaced.
//
// A connection counts as subscribed when it has answered a PING that was sent behind the
// subscription. An answer of REST that is older than what the stream had told before it
// was asked is not taken; if there is no other for two minutes, what they say is, but of
// what the stream has told in that time.
//
// # How long it can be wrong
//
// While own state is known, it is what the exchange's messages have told. If one is lost:
//
//	a trade, of whose order more is known     1 s to ask, 3 s until it is not known
//	the placement of an order that is filled  the same
//	anything else, without losing the         30 s and the answer of REST; 2 minutes if
//	connection                                REST does not answer, until it is not known
//	what became of a trade that was pending   until the stream says so
//	for an hour
//	a connection that is dead                 25 s
//	a process that stands still               5 s, at the read itself
//
// REST may be behind the stream: an order that the stream told of within 5 s is not taken
// to be closed for REST not having it yet; if that was on an earlier connection, own state
// is not known meanwhile. An order that REST alone has closed ([Gone]) opens again when the
// stream or REST says that it is open.
//
// # What counts
//
// An order's [Order.Matched] is the larger of what the exchange says of the order and the
// sum of its fills. A trade of several orders of the account makes a [Fill] for each, with
// the token and side of that order: of a match that mints or merges, both sides buy or both
// sell, tokens of different outcomes. A trade that fails stays, as [Failed], and counts for
// no position ([Fill.Counts]). Whether the exchange gives an order back what a failed trade
// had matched is documented nowhere: what is told is believed, either way, if it is told
// after the trade failed; an order that was matched to the end stays closed.
//
// Orders are the account's if their owner is the API key. Fills are kept from a
// minute before [Options.Since] on; those that were matched earlier count for what is
// matched of an order alone.
//
// While an order lacks a fill, REST is asked for ever older trades: of a minute, of four, of
// sixteen and so on, to when the order was placed or thirty days ago.
//
// # Bounds
//
// 20,000 open orders, 10,000 that are remembered after they closed, some 4,096 trades that
// are final, with 16,384 fills, and as many that are not; of a frame a MiB, of an answer of REST
// 500 pages, 32,768 fills and 256 MiB. Beyond, own state is not known ([TooMuch]). Of a
// reader of events 16,384 may wait. To a connection nothing is written before what came
// first is written: calls of [Account.Watch] meanwhile add up. REST is asked once a second
// at most but on connecting, a page at a time.
//
// # Secrets
//
// The first message of a connection has the secret of the API key in it: that is the
// exchange's design. It is in no log, no error and no event here, and nor is anything that
// a server says in words, which may be what it was sent: logs name statuses and codes.
//
// Requests are signed with the time of this machine: if its clock is wrong, the exchange
// refuses them, which reads as [Refused].
//
// The package has been run against the simulated exchange of package feedtest only, and
// against recorded messages of the real one.
package user
