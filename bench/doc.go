// Package bench holds the benchmarks of the hot path:
//
//	go test -bench . -benchmem ./bench
//
// One operation is one frame, one change of a level, one snapshot or one hash, as
// the name says. The frames are a seeded stream of package feedtest, the same in
// every clone, and, where the recording is at hand, two minutes of six real
// markets. Timings on shared machines are noisy: compare within one run, with
// -count 10 and benchstat.
//
//	Decode     frames to events
//	Apply      decoded changes to books, top read after each
//	FullPath   frames to books with their tops read: "books" with a map of books,
//	           "engine" with the engine's runs, checks and a proof of each frame
//	Snapshot   a snapshot and the next write, which copies what they share
//	Hash       the proof of a book, and the search for a last trade price
//	Degree     the B-tree alone, by the degree of its nodes
package bench
