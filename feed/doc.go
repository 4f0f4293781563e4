// Package feed is the wire of Polymarket's market channel: its events, their
// decoder, and the hash that proves a book.
//
//	d := feed.NewDecoder(feed.DecoderOptions{})
//	d.Know(token)
//	events, err := d.Decode(frame)
//	for _, e := range events {
//		switch e := e.(type) {
//		case *feed.Book:        // a whole book
//		case *feed.PriceChange: // new sizes of levels
//		case *feed.Trade:       // a print
//		case *feed.Bad:         // this token's book is in doubt
//		}
//	}
//
// # The wire
//
// The channel sends text frames: a JSON object, an array of them, or a few words
// such as PONG. There are no sequence numbers, acknowledgements or replays. The
// exchange describes the events at docs.polymarket.com (market channel); where
// real frames show something else, the frames hold, and the doc comment says so.
//
//   - Numbers are strings, and sizes are those of whole levels: 0 removes one.
//   - Levels come worst first on both sides (measured on real frames, 2026-07-20).
//   - A change at the exchange may come as several frames. All entries of one
//     token that belong together have the same time and hash (2026-09-11).
//   - The hash of an entry, and its best prices, describe the book after the last
//     of them. So do those of a book.
//   - After a trade the whole book comes again, with the time and hash of the
//     change before it, and without tick size and last trade price (2026-07-20).
//
// # Decoding
//
// [Decoder] reads a frame in one pass, in any order of keys and any spacing,
// without allocating. It is strict: numbers match ([0-9]{1,12})?(\.[0-9]+)? and
// have at most six decimals, prices lie between 0 and 1, times between 2020 and
// 2100; a key that comes twice, that differs in case or that is escaped refuses
// its object. It is tolerant of what is new: unknown keys and event types are
// skipped and counted. A change of levels that is written byte for byte as the
// exchange writes it today, which is nearly every frame, is read by comparing it
// with that form, and the second of two changes that are one order by comparing it with
// the first; the rest by a scanner, at some ten times the cost. Both read the same
// (FuzzUsual), and [Stats] counts the rest: Unusual grows when the exchange changes
// something.
//
// A frame that breaks the grammar, or one whose object names no token, is refused
// whole with a [*DecodeError]: every token of its connection is then in doubt. A
// value that cannot be puts only its token in doubt, as a [*Bad].
//
// # The hash
//
// `hash` is the SHA-1 of the token's whole book, written as compact JSON. The
// exchange's page does not say so: it was reproduced on real frames of 2026-04 to
// 2026-09, for every entry of every recording whose hashes are the exchange's own.
// [BookHash] computes it from a book; [HashChecker] also finds what it covers
// beside the levels and what the stream does not tell in time: min_order_size and
// neg_risk, which never come, and tick_size and last_trade_price, which change in
// the hash before they are announced. A match proves every level of the book.
//
// # Bounds
//
// A frame has at most [MaxFrame] bytes and eight levels of nesting, a side of a
// book [book.MaxLevels] levels. A Decoder learns at most [MaxAssets] tokens and
// keeps at most about a MiB in each of its buffers.
//
// The package does no I/O and starts no goroutine.
package feed
