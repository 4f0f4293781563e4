package engine

// Witness is a kind of check of a book against what the exchange says of it.
type Witness uint8

// The witnesses.
const (
	// HashWitness compares a whole book with its announced hash: each run of
	// changes at its end, and each book that is sent.
	HashWitness Witness = iota
	// TopWitness compares the best prices with those reported by the last change
	// of a run, at its end.
	TopWitness
	// RefreshWitness compares a book that is sent with the one that is here.
	RefreshWitness
	// MirrorWitness compares the changes of the two tokens in one frame.
	MirrorWitness
	numWitnesses
)

// String returns the name as the commands print it.
func (w Witness) String() string {
	switch w {
	case HashWitness:
		return "hash"
	case TopWitness:
		return "top"
	case RefreshWitness:
		return "refresh"
	case MirrorWitness:
		return "mirror"
	default:
		return "invalid witness"
	}
}

// Tally counts the checks of one witness: Checked is the sum of the others.
type Tally struct {
	Checked uint64
	Agreed  uint64
	// Disagreed counts differences, Healed those hashes that did not match while
	// the token's next run did: the exchange announces a hash too early at times
	// (measured by others, 2026-10), and a lost change that is overwritten at once
	// looks the same.
	Disagreed uint64
	Healed    uint64
	// Unknown counts checks that could not be made: no hash or best price was
	// sent, no recipe fits, or frames are known to be missing.
	Unknown uint64
}

// Tallies holds a Tally for each [Witness].
type Tallies [numWitnesses]Tally

// Finding is a check that did not agree.
type Finding struct {
	Line    int // of the record in which it shows, see [feed.Record]
	Asset   string
	Witness Witness
	// Healed findings are no disagreement, see [Tally].
	Healed bool
	// Continued: the token's run before this one failed as well, so that both may
	// come of one loss.
	Continued bool
	// Expected is what the exchange said, Found what is here.
	Expected, Found string
}

type outcome uint8

const (
	agreed outcome = iota
	disagreed
	healed
	unknown
)

func (t *Tally) count(o outcome) {
	t.Checked++
	switch o {
	case agreed:
		t.Agreed++
	case disagreed:
		t.Disagreed++
	case healed:
		t.Healed++
	case unknown:
		t.Unknown++
	}
}
