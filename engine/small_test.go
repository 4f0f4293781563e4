package engine

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

var smallStreams = flag.Int("engine.small", 6000, "small streams that are damaged at random")

// smallFrame is one frame of a stream in which everything collides: four levels
// of two sizes, and often several states in one millisecond.
type smallFrame struct {
	text  string // "" is a gap
	state int    // that it leads to, -1 for a gap
	time  int64
	note  string
}

// smallStream draws a stream and the states that it goes through.
func smallStream(r *rand.Rand, length int) (frames []smallFrame, states []string) {
	sizes := map[int]int{40: 1, 41: 1, 60: 1, 61: 1}
	describe := func() string {
		return fmt.Sprintf("40x%d 41x%d | 60x%d 61x%d", sizes[40], sizes[41], sizes[60], sizes[61])
	}
	ms := int64(startTime)
	bookOf := func(state int) smallFrame {
		text := states[state]
		return smallFrame{bookText(text, ms, hashOf(yesToken, text, ms, scriptTerms)), state, ms, fmt.Sprintf("book %d @%d %s", state, ms-startTime, text)}
	}
	states = append(states, describe())
	frames = append(frames, bookOf(0))
	for len(frames) < length {
		ms += int64(r.IntN(2))
		if r.IntN(12) == 0 {
			ms += int64(r.IntN(3000))
		}
		var changes []string
		for range 1 + r.IntN(3) {
			cents := []int{40, 41, 60, 61}[r.IntN(4)]
			sizes[cents] = 1 + r.IntN(2)
			changes = append(changes, strings.Repeat("| ", cents/60)+fmt.Sprintf("%dx%d", cents, sizes[cents]))
		}
		state := len(states)
		states = append(states, describe())
		hash := hashOf(yesToken, states[state], ms, scriptTerms)
		early := r.IntN(8) == 0
		if early {
			frames = append(frames, bookOf(state))
		}
		for run := range slices.Chunk(changes, 1+r.IntN(3)) {
			frames = append(frames, smallFrame{
				changesText(run, states[state], ms, hash), state, ms, fmt.Sprintf("run %d @%d %q", state, ms-startTime, run),
			})
		}
		if !early && r.IntN(6) == 0 {
			frames = append(frames, bookOf(state))
		}
	}
	return frames, states
}

// damageSmall loses, repeats or delays some frames, or inserts gaps. Or it misdates
// a frame, and does nothing else: a change said to be older than an opening book
// that comes after it cannot be told from one that is.
func damageSmall(r *rand.Rand, frames []smallFrame) []smallFrame {
	if r.IntN(4) == 0 {
		i := r.IntN(len(frames))
		f := &frames[i]
		stamp := []int64{-5000, -2, -1, 1, 2, 5000}[r.IntN(6)]
		f.text = strings.Replace(f.text, fmt.Sprintf(`"timestamp":"%d"`, f.time), fmt.Sprintf(`"timestamp":"%d"`, f.time+stamp), 1)
		f.note += fmt.Sprintf(" (misdated by %d)", stamp)
		return frames
	}
	for range 1 + r.IntN(3) {
		i := r.IntN(len(frames))
		f := frames[i]
		switch r.IntN(4) {
		case 0:
			frames = slices.Delete(frames, i, i+1)
		case 1:
			f.note += " (repeated)"
			frames = slices.Insert(frames, min(len(frames), i+1+r.IntN(4)), f)
		case 2:
			f.note += " (delayed)"
			frames = slices.Delete(frames, i, i+1)
			frames = slices.Insert(frames, min(len(frames), i+1+r.IntN(3)), f)
		case 3:
			frames = slices.Insert(frames, i, smallFrame{state: -1, note: "gap"})
		}
	}
	return frames
}

// TestSmallStreams damages small streams of one token, some of them with little to
// prove by, or with frames that wait, and fails if a book reads as
// proved, or as given by a whole book, that is not the newest state announced in
// the frames that came.
func TestSmallStreams(t *testing.T) {
	onlyGoroutine(t)
	t.Parallel()
	streams := *smallStreams
	if testing.Short() {
		streams = min(streams, 500)
	}
	for seed := range uint64(streams) {
		r := rand.New(rand.NewPCG(seed, 7))
		frames, states := smallStream(r, 14)
		frames = damageSmall(r, frames)
		sc := newScript(t)
		switch seed % 4 {
		case 1:
			sc.s.proofs.limit(3000, instant(startTime*1e6)) // five books a second
		case 2:
			sc.s.proofs.limit(0, 0)
		}
		newest := -1
		for i, f := range frames {
			sc.now = max(sc.now, f.time)
			sc.more = seed%4 == 2 && r.IntN(2) == 0
			if f.state < 0 {
				sc.now += int64(r.IntN(2)) * 3000
				sc.control([]feed.RecordKind{feed.Lost, feed.Closed, feed.Opened}[r.IntN(3)])
				sc.wait(2 * time.Second)
				sc.step("PONG")
				if i > 0 && sc.s.byID(yesToken) != nil && sc.view().State == Live {
					t.Fatalf("seed %d (proofs: %d): live after a gap: %+v", seed, seed%4, sc.view().Status)
				}
				continue
			}
			sc.step(f.text)
			newest = max(newest, f.state)
			v := sc.view()
			claims := v.Check == Proved || v.Proof.By >= ByRefresh && v.Proof.Version == v.Version && v.State == Live
			if claims && !bookOf(states[newest]).Snapshot().Equal(v.Snapshot) {
				var notes []string
				for _, f := range frames[:i+1] {
					notes = append(notes, f.note)
				}
				t.Fatalf("seed %d (proofs: %d): state %d is %s, but %v %v reads as %v, %v\n  %s", seed, seed%4, newest, states[newest],
					slices.Collect(v.Snapshot.Bids()), slices.Collect(v.Snapshot.Asks()), v.Check, v.Proof.By, strings.Join(notes, "\n  "))
			}
		}
	}
}

func bookOf(text string) *book.Book {
	b := book.New()
	if _, err := b.Replace(levels(text)); err != nil {
		panic(err)
	}
	return b
}
