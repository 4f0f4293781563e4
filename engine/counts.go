package engine

// counts says what a core has done.
type counts struct {
	Dials, Drops, Blocked, ClockJumps, BadFrames uint64
	// Doubts counts the times that a live token became stale, by reason.
	Doubts [numReasons]uint64
	// HashesFailed counts the runs that were over without the announced hash.
	HashesFailed, MassMismatches uint64
	// Fetches counts requests to REST. The others count what came of each token's
	// book in them.
	Fetches, FetchesFailed, FetchesUseless uint64
	Audits, Confirmed, Corrected, Mended   uint64
	// HashingOff: hashes are no longer made as they were.
	HashingOff bool
}
