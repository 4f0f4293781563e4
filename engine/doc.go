// Package engine keeps order books in step with the exchange, and proves that
// they are.
//
// The exchange's stream has no sequence numbers, no acknowledgements and no
// replay: a lost frame is not announced. But each change carries the SHA-1 of the
// token's whole book after it. The engine compares its book with that, so that a
// read can say by what the book was proved, and how recently.
//
// In this version the engine is driven by recordings, with [Replay]; connections
// to the exchange come next and will drive the same core.
//
//	replay := engine.NewReplay(func(f engine.Finding) { fmt.Println(f.Line, f.Witness) })
//	for {
//		record, err := reader.Next() // of package capture
//		...
//		replay.Step(record)
//	}
//	replay.End()
//	for _, view := range replay.Views() {
//		top, err := view.Top() // err says why a book is not to be traded on
//	}
//
// # What a read says
//
// A [View] is one version of one token's book with its [Status]. State is live,
// or says with a reason why not: syncing before the first book, stale when there
// is doubt, gone when the market is resolved. A live book whose top is crossed, or
// is not the one that the exchange reported last, is settling: [View.Top] returns
// an error for it. Check and Proof say how this version stands against its hash,
// and which version was proved last. Epoch grows each time that the token becomes
// live, and when a live book turns out to have lacked something.
//
// # Readers
//
// An [Asset] is the readers' side of a token, for any number of goroutines. Its Top
// takes no lock and allocates nothing: the engine publishes a token's best levels
// when they or its state change, never in the middle of a frame. Its View is a whole
// book: the roots of two trees are copied under the lock of the market, which the
// engine holds while it applies a frame to one of the market's tokens. Both cost the
// same at any depth, and views of one version share their copy.
//
// An engine has a lease: it says until when it vouches for its books. A read looks at
// the clock itself, so that an engine that hangs reads as stale. A [Replay] has no
// clock, and vouches for ever.
//
// # Following
//
// A [Subscription] tells of changes. Its Changes are conflated: the newest version of
// each token that has changed, so that a slow consumer skips versions and is never
// behind. Its Events are everything, in order: applied to the snapshots that they begin
// with, they make every version. A queue of bounded memory holds what a consumer has
// not come to; one that is too slow for it is told that it lagged, and begins anew. Wait
// waits for first books, WaitProved for proofs.
//
// The engine tells when a frame is done, and tells by marking and storing. No consumer,
// slow, stuck or gone, keeps it or another consumer waiting, and frames of tokens that
// nobody follows cost one look at a pointer. A consumer of Changes sees that a token was
// not live in between, whatever it has skipped, by the epoch. When an engine hangs, a
// consumer that waits is told as soon as the lease has run out.
//
// Both tokens of a market are read at one instant with [Subscription.Market]. With one
// of them, [View.Complement] is the other one's book, and says that it is derived.
//
// # Runs
//
// A change at the exchange may come as several frames. All its entries of one
// token have equal time and hash, and describe the book after the last of them: a
// run. Within a run the hash need not match yet, and the version is open. When
// the run is over (another one begins, a book comes, or 250 ms pass) a hash that
// does not match has failed. If none matches within a second after that, or if the
// next run fails as well, the book is stale.
//
// Some matches prove nothing, and the version stays unproved: the exchange's
// times are milliseconds, and of two states of one millisecond their hashes cannot
// tell which is the newer. Nor is a state proved when a later one has been
// announced, or when an entry of an earlier one came after it. The next run
// decides; if the states came in the other order than it seemed, the book that it
// proves takes over. Where times go back by more than a second, the later one was
// wrong or the earlier one very late: for a second no run is proved.
//
// # Books
//
// The exchange sends whole books, at first and after trades. One that is not
// older than what is here replaces it at once. If it differs from the book here,
// either changes were lost or it came before them: they have 250 ms to come.
// A book that is older, or whose hash was announced before the newest, is not
// applied. After a break of the connection it is taken all the same, since the
// stream goes on from it; but it is live only when a later state is proved.
//
// # Repeats
//
// The exchange repeats entries, up to 120 ms late. Each token keeps its last 64
// announced states; an entry of one of them that is not the newest is not applied
// again. Only if the newest has the same millisecond may the exchange have returned
// to the earlier one: then it is applied if the hash matches, and proves nothing.
// A repeat inside a run that touches one level twice is not told from the run, and
// fails it.
//
// # Doubt
//
// A frame that cannot be read puts every token of its connection in doubt, a bad
// value its own token. A closed connection does, and so does a gap in a recording.
// A stale book goes on with the changes that come; it is live again with a whole
// book, or when its hash matches.
//
// # The cost of proof
//
// A proof hashes a whole book: some microseconds, ten times what all else that a
// frame needs costs. It has a budget of bytes for each second; a Replay's is not
// limited unless [Replay.LimitProofs] says so. A book that cannot be compared is
// unproved, and waits for its turn: those that have waited longest come first. While
// further frames wait, only the ends of runs are compared, since nothing could prove
// them later. What decides whether an entry is applied, and how a run ended that did
// not match, is compared in any case, on credit of a second.
//
// With proofs switched off, only the announced states tell a repeat from a change: a
// repeat inside the newest run that touches a level twice is applied, and so is a
// change that comes late, after one of the same level. The next whole book mends it.
//
// # Bounds
//
// A token keeps 64 announced states, a market 8 candidates for its last trade
// price, a loop over Events 8 MB of them. Of what a hash covers, the terms that are not known are searched for once
// per token and second (in a replay at each mismatch), half a millisecond each; the
// dear search, some 15 ms, is made 4 times for a market and 32 times in a row for
// a connection. [feed.MaxAssets] bounds tokens and markets.
//
// # What is not noticed
//
// A lost change shows at the end of the token's next run, and not before. If there
// is none, only a connection's silence or another source could tell, which this
// version does not ask. A change that is lost and overwritten before that run ends
// leaves no trace, and no harm. A market whose hash covers a min_order_size that
// nobody has seen, or whose recipe is new, is never proved: its status says so, and
// only best prices and whole books speak for it. Nothing protects from an exchange
// that sends wrong books with matching hashes.
//
// # Concurrency
//
// A Replay is for one goroutine; its Assets and Subscriptions are for all, while it
// goes on. A View is immutable and may be passed on.
package engine
