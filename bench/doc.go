// Package bench holds the benchmarks of the hot path, each beside its rivals:
//
//	go test -bench . ./bench
//
// is the short form, some 100 seconds, 200 ms for each benchmark. It ends with the
// ratios. The long form adds 10,000 and 100,000 tokens, and takes some forty minutes
// and 7 GB:
//
//	go test ./bench -bench . -bench.long -benchtime 1s -count 5 -timeout 3h
//
// The families, each a name for -bench; an operation is what the line says:
//
//	Decode     a frame to events
//	Apply      a decoded change of a level to its book, and the top read
//	FullPath   a frame to the published tops of its tokens, and these read back
//	Opening    the array of 400 books that answers a subscription, to new books
//	Snapshot   a snapshot that is kept, and the next write, by depth
//	Reads      a top read by one goroutine while another applies frames, or none
//	View       a top, and a whole book with its status, by depth
//	Proof      the hash of a book compared, and the search for a last trade price
//	Memory     the heap that books hold, for each token and level
//	Ratios     FullPath once more, all paths in turn, and what they are to each other
//	Degree     the B-tree alone, by the degree of its nodes
//	Socket     frames through TLS on loopback, read alone and into the engine
//
// # Streams
//
// "stream=" names what the frames are: "real" is two minutes of six real markets,
// where that recording is at hand, "12" a simulated stream of 12 tokens, "40x1000"
// one of 40 tokens with about 1,000 levels in each book, and "-spaced" has a blank
// behind each comma. Package corpus makes them. A stream is gone through again and
// again: the engine's time must not go back, so that each round has new books; the
// opening and the first 2,000 frames of a round, in which lists and maps grow, are
// not measured.
//
// # Paths
//
// "by=" names who does it:
//
//	engine        the engine with every guard but the proof
//	engine-proof  the engine, proving each frame
//	plain         the decoder and package book: no runs, checks or state
//	ladder        the same with a flat array of ticks for each book
//	naive         encoding/json, and decimals in a B-tree under a lock
//	scan          counts the quotation marks in the frames
//
// The script measure also times the engine beside itself on flat arrays (package flat),
// built by an overlay: what the trees cost.
//
// The rivals are in internal/rival. TestReferencesAgree: all but scan, which has no
// books, have the same tops after each frame. Where a family has one part of the
// job, "feed", "book" and "sha1" are that part.
//
// Timings on shared machines are noisy, and the paths suffer unequally: believe
// the ratios, which are of medians of interleaved rounds, and those of more than
// one run. With -benchtime 1x everything runs once, to see that it does.
//
// The script measure runs all in rounds, and keeps raw results; README.md has the
// tables of them, and what they say of the targets.
package bench
