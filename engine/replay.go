package engine

import (
	"example.com/truebook/feed"
)

// Replay drives the engine's core by a recording instead of connections: the
// same books, runs and proofs, and the same outcome each time. Time is that of
// the records. What only a connection could tell, its silence or its lag, is not
// looked for, and nothing is asked of REST.
//
// It is for one goroutine.
type Replay struct {
	shard *shard
	now   instant
	ended chan struct{} // closed by End, for subscriptions
}

// NewReplay returns a Replay that calls report with each check that did not
// agree, unless it is nil. It may be called for a line before the current one: what
// a hash shows depends on what comes after it. The record has been applied by then,
// and report may look at the books.
func NewReplay(report func(Finding)) *Replay {
	r := &Replay{shard: newShard(feed.DecoderOptions{Learn: true}), ended: make(chan struct{})}
	r.shard.report, r.shard.searchGap = report, 0
	return r
}

// Step applies the next record. It returns the error of a frame that could not
// be read, a [*feed.DecodeError]; the tokens that the frame concerns are in doubt
// then, and the replay goes on with the next record.
func (r *Replay) Step(record feed.Record) error {
	if !record.Time.IsZero() {
		r.now = max(r.now, instant(record.Time.UnixNano()))
	}
	return r.shard.step(r.now, &record, false)
}

// End says that the recording is over: what waited for a further frame is
// decided without it. It is to be called once, last.
func (r *Replay) End() {
	r.shard.finishAll()
	close(r.ended)
}

// Views returns the tokens of the recording, in the order in which they first
// appeared, with their books as they are now.
func (r *Replay) Views() []View {
	var views []View
	for _, t := range r.shard.tokens {
		if t != nil {
			views = append(views, t.readers.View())
		}
	}
	return views
}

// Asset returns the readers' side of a token, nil if neither a record nor
// [Replay.Watch] has named it. Its methods may be called while the replay goes on.
func (r *Replay) Asset(id string) *Asset {
	a := r.shard.decoder.Find(id)
	if a == nil || a.Index >= len(r.shard.tokens) || r.shard.tokens[a.Index] == nil {
		return nil
	}
	return r.shard.tokens[a.Index].readers
}

// AppendTouched appends the tokens of which the last record made a new version, in
// the order of their first event in it.
func (r *Replay) AppendTouched(dst []*Asset) []*Asset {
	for _, t := range r.shard.touched {
		if t.based {
			dst = append(dst, t.readers)
		}
	}
	return dst
}

// LimitProofs sets how many bytes of books may be hashed in a second of the
// recording's time: 0 is no limit, as at first, and less than 0 no proofs at all, with
// what the package says of that. A book that cannot be compared is Unproved, and waits
// for its turn.
func (r *Replay) LimitProofs(bytes int64) {
	r.shard.proofs.limit(bytes, r.now)
}

// Tallies returns what the witnesses have said so far.
func (r *Replay) Tallies() Tallies { return r.shard.tallies }

// Stats returns what the decoder has met so far.
func (r *Replay) Stats() feed.Stats { return r.shard.decoder.Stats() }
