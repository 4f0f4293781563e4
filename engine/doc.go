// Package engine keeps order books in step with the exchange, and proves that
// they are.
//
// The exchange's stream has no sequence numbers, no acknowledgements and no
// replay: a lost frame is not announced. But each change carries the SHA-1 of the
// token's whole book after it. The engine compares its book with that, so that a
// read can say by what the book was proved, and how recently.
//
//	source, err := live.New(live.Options{}) // the exchange's stream
//	books, err := rest.New(rest.Options{})  // and its REST
//	eng, err := engine.New(source, engine.Config{Books: books})
//	market, err := books.Market(ctx, "polymarket.com/event/...") // or a slug, a condition id, a token
//	sub, err := eng.Watch(market.TokenIDs()...)                  // any time; both tokens of a market in one call
//	go func() { done <- eng.Run(ctx) }()
//	for view := range sub.Changes(ctx) {
//		top, err := view.Top()
//		switch {
//		case errors.Is(err, engine.ErrNotLive): // syncing, stale or gone: err says why
//			cancelQuotes(err)
//		case err == nil: // otherwise it is settling: keep the quotes for an instant
//			requote(view.Asset, top.Bid.Price, top.Ask.Price)
//		}
//	}
//
// An [Engine] keeps as many connections as its tokens need, dials them again when they
// end, and asks REST where there is doubt. [Engine.Run] owns every goroutine. A [Replay]
// drives the same books by a recording.
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
// The books of a market's two tokens share their levels ([book.Pair]) while both mirror
// each other and each frame changes both alike, as nearly all do: half the memory, and one
// write. Nobody can tell: whatever concerns one token alone gives it levels of its own.
//
// An engine has a lease: it says until when it vouches for its books. A read looks at
// the clock itself, so that an engine that hangs reads as stale, and one that has ended
// or panicked as well. A [Replay] has no clock, and vouches for ever.
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
// # The core
//
// The core is a pure state machine: what happens is told to it with the time (a frame, a
// connection that opened or closed, an answer of REST, a deadline), and it returns
// what is to be done (dial, hang up, PING, subscribe, fetch) and when it wants to be
// called next. It does no I/O, reads no clock and starts no goroutine; equal inputs
// have equal effects.
//
// It doubts first and mends then. A connection that ends, does not answer PING, carries
// nothing of what REST knows, or falls seconds behind makes its tokens stale at once.
// So does a machine that slept, a clock that was set, and a process that stood still.
// A token is stale when its hash fails for a second, when its top is not the reported
// one for half a second, and when the other token of its market changes without it.
//
// A book is mended by the stream if it can be, else by REST, in the end by a new
// connection. A book from REST comes beside the stream: while it is fetched, the
// token's changes are kept, and the hash of the book names its place among them. If
// the stream has not announced that hash yet, the book waits for it, two seconds at
// most. What came after it is applied to it. A book that does not have its own hash is
// refused. One that REST has and the stream has passed without announcing it means that
// the token is not followed: it stays stale until REST has the same book twice, or the
// stream proves it.
//
// Every token is compared with REST in turn, each 30 seconds. All connections of an engine
// share REST: with more than 3,000 tokens it is a second for each hundred, and with more
// than 60 connections of up to 100 tokens half a second for each. A request for which
// package rest had no turn is made later, and says nothing of the exchange. If the hashes of three in ten of at least ten
// markets fail within a second, three tokens are asked for before anything is mended.
// If REST has the books of three markets under hashes that cannot be made from them,
// and no hash has matched since, hashes are no longer made as they were: they are
// switched off, and books go on, proved by REST.
//
// # Around the core
//
// Each connection has a core, under one lock: the goroutine that reads the connection
// tells it the frames, timers and REST their news, and all do what it asks for. Nothing
// waits under the lock, so that a frame goes from the socket to its readers in one
// goroutine, without a queue. What is to be sent waits in one for a goroutine of its own:
// a server that does not read keeps nobody from reading, and its connection is given up
// after 5 seconds. All dials of an engine are half a second apart. A core that panics ends
// the engine, and so does a source or REST that panics: the lease is revoked first, and Run
// returns what happened. Of dials and requests that don't return when their time is over,
// 8 and 16 of a connection are borne.
//
// [Engine.Stats] says what came, what was done, and how long it took.
//
// # How long a wrong book can read as live
//
//	what happened                                noticed at the latest
//	a frame lost, altered or exchanged           at the end of the token's next run
//	the same, of a token that is quiet           at its next comparison with REST, some 30 s;
//	                                             without REST never
//	the connection carries nothing at all        after 25 s
//	it answers, and carries no data              after 30 s and an answer of REST; when REST
//	                                             does not answer either, after 30 s (later, if
//	                                             that was in vain before)
//	it is late                                   when it is by more than 2 s for a second
//	the exchange's clock is set back by up to    at the second change of the token
//	a second
//	one token is frozen while its market moves   at once
//	a market is frozen                           at its next comparison with REST
//	the engine stands still                      after 2 s, at the read itself
//
// TestSimulation asserts it: an exchange that knows the truth fails in more than 80
// ways, alone and together, and every token is read after each step.
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
// price, a loop over Events 8 MB of them. Of what a hash covers, the terms that are not
// known are searched for once per token and second (in a replay at each mismatch), half
// a millisecond each; the dear search, some 15 ms, is made 4 times for a market and 32
// times in a row for a connection. [feed.MaxAssets] bounds tokens and markets.
//
// A connection has one dial under way, the next after up to 250 ms, then up to half a
// second doubled to 30 seconds, at random, until data has come for a minute. It has 4
// requests to REST under way, 10 in a second in the long run and 50 in a burst, each for
// 100 books at most, and keeps 4,096 changes of each token that is fetched. A token is
// fetched again after a second, doubled to a minute; one that had to be mended five times
// in a minute is left alone for one. Without REST its connection is given up instead, once
// a minute at most, and for one token later and later, up to an hour. REST that fails is
// left alone for 2 seconds, doubled to 30. A connection has up to 400 tokens (200 unless
// [Config] says otherwise) and 1,000 messages to be sent; an engine has 200,000 tokens.
//
// # What is not noticed
//
// A lost change shows at the end of the token's next run, and not before. If there
// is none, REST tells; a recording has none to ask. A change that is lost and overwritten
// before that run ends leaves no trace, and no harm. A market whose hash covers a min_order_size that
// nobody has seen is proved when REST or [Engine.Describe] has told it, and one whose recipe
// is new never: its status says so, and only best prices and whole books speak for it. A connection that is late from its
// first frame on shows nothing to compare it with. An exchange whose clock is set back by
// more than 2 seconds reads as late, for ten minutes at most. Two changes have to be late,
// so that a quiet connection shows it later than a busy one. The two tokens of a market
// are taken to change in one frame, as they always have: an exchange that sent them apart
// would read as unmirrored. What is known of a token that was once watched, its id above
// all, is kept. Times of receipt are by a clock that stands still while the machine sleeps:
// they are as much too early from then on. Nothing protects from an exchange that sends
// wrong books with matching hashes.
//
// # Concurrency
//
// An Engine, its Assets and Subscriptions are for any number of goroutines. A Replay is
// for one; its Assets and Subscriptions are for all, while it goes on. A View is immutable
// and may be passed on.
package engine
