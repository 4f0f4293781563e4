package engine

import (
	"bytes"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"slices"
	"testing"

	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
)

var (
	faultFrames = flag.Int("engine.frames", 2000, "frames of the recordings that the fault tests damage")
	faultRounds = flag.Int("engine.rounds", 1, "recordings that each fault test damages")
)

// faulty returns how many recordings of how many frames to damage.
func faulty() (rounds uint64, frames int) {
	if testing.Short() {
		return 1, min(*faultFrames, 300)
	}
	return uint64(*faultRounds), *faultFrames
}

// TestEveryLostFrame deletes each frame of a recording, alone, and follows each
// token that it concerned. Either the frame changed no level of it, or nothing
// more came of it, or the loss is reported for the first run that ends after it
// (or by a book before that), or a later change has healed it by then.
func TestEveryLostFrame(t *testing.T) {
	onlyGoroutine(t)
	t.Parallel()
	rounds, frames := faulty()
	for seed := range rounds {
		r := record(t, feedtest.Options{Seed: 11 + seed, Markets: 2}, frames)
		main := r.shard(nil)
		classes := map[string]int{}
		for i := range r.frames {
			before := main.clone()
			main.apply(&r.frames[i].record)
			seen := map[string]bool{}
			for _, h := range r.frames[i].events {
				if !seen[h.asset] {
					seen[h.asset] = true
					classes[r.loss(t, before, main, i, h)]++
				}
			}
			if len(seen) == 0 {
				classes["no level"]++
			}
		}
		t.Logf("seed %d: %v", 11+seed, classes)
		for _, class := range []string{"no level", "last", "detected", "healed"} {
			if classes[class] == 0 {
				t.Errorf("no loss of the class %q: the recording tests too little", class)
			}
		}
	}
}

// loss classes what the loss of frame i did to the token of h. before is the
// state before the frame, after the one with it.
func (r *recording) loss(t *testing.T, before, after *shard, i int, h happening) string {
	t.Helper()
	var findings []Finding
	s := before.clone()
	s.report = func(f Finding) {
		if f.Asset == h.asset {
			findings = append(findings, f)
		}
	}
	tok := s.byID(h.asset)
	if tok == nil {
		// The opening book: nothing reads as live before there is another.
		for j := i + 1; j < len(r.frames); j++ {
			s.apply(&r.frames[j].record)
			if tok := s.byID(h.asset); tok != nil && tok.based {
				break
			} else if tok != nil && tok.state != Syncing {
				t.Fatalf("line %d: %v without a book", j+1, tok.state)
			}
		}
		return "detected"
	}
	harmless := tok.book.Snapshot().Equal(after.byID(h.asset).book.Snapshot())

	// The first run to end: that of the lost frame if it had begun, otherwise
	// whichever comes next.
	var current key
	line := 0
	if before.byID(h.asset).run.key == h.key {
		current, line = h.key, before.byID(h.asset).run.line
	}
	for j := i + 1; j < len(r.frames); j++ {
		var event *happening
		for k := range r.frames[j].events {
			if r.frames[j].events[k].asset == h.asset {
				event = &r.frames[j].events[k]
			}
		}
		if event == nil {
			s.apply(&r.frames[j].record)
			continue
		}
		if current == (key{}) {
			current = event.key
		}
		ended := event.kind == sent || event.key != current
		if !ended {
			s.apply(&r.frames[j].record)
			line = j + 1
			continue
		}
		named := current
		if event.kind == sent {
			named = event.key
		}
		if event.kind == sent && event.key == current && line == 0 {
			line = j + 1 // no change of the run has come: the book itself must tell
		}
		healed := r.states[stateID{h.asset, named.hash}].is(tok.book)
		at := j + 1
		s.apply(&r.frames[j].record)
		for j++; tok.awaited != nil && j < len(r.frames); j++ {
			s.apply(&r.frames[j].record) // a book may have come early: give its changes time
		}
		s.finishAll()
		found := slices.ContainsFunc(findings, func(f Finding) bool {
			return f.Witness == HashWitness && f.Line == line || f.Witness == RefreshWitness && f.Line == at
		})
		switch {
		case harmless && len(findings) == 0:
			return "no level"
		case healed && len(findings) == 0:
			return "healed"
		case found && !healed:
			return "detected"
		}
		t.Fatalf("loss of line %d, token %.6s: the run of line %d ended at line %d, healed %v, harmless %v, findings %+v",
			i+1, h.asset, line, at, healed, harmless, findings)
	}
	if harmless {
		return "no level"
	}
	return "last"
}

// damage is what a fault makes of a recording: some of its frames, from the
// first that differs on.
type damage []recorded

// survive applies a damaged recording from a state before the fault, for as long
// as the fault can matter, and fails if a wrong book reads as proved.
func (r *recording) survive(t *testing.T, s *shard, truth *truth, d damage) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("the damaged frames begin with\n%s\n%s", d[0].record.Frame, d[1].record.Frame)
		}
	}()
	for i := range d {
		s.apply(&d[i].record)
		truth.saw(d[i].events)
		truth.check(t, s, d[i].events)
	}
}

// window is how many frames after a fault are looked at.
const window = 60

// attack calls fault for each frame of a recording, with the state before it.
func attack(t *testing.T, seed uint64, fault func(r *recording, i int) (damage, bool)) {
	t.Helper()
	_, length := faulty()
	r := record(t, feedtest.Options{Seed: seed, Markets: 2}, length)
	main, truth := r.shard(nil), r.truth()
	main.searchGap = searchGap
	n := 0
	for i := range r.frames {
		if d, ok := fault(r, i); ok {
			r.survive(t, main.clone(), truth.clone(), d)
			n++
		}
		main.apply(&r.frames[i].record)
		truth.saw(r.frames[i].events)
		truth.check(t, main, r.frames[i].events)
	}
	if n < length/4 {
		t.Errorf("only %d faults", n)
	}
}

// rest returns the frames from i on, up to the window, each with the line and
// the time that it has.
func (r *recording) rest(i int) damage {
	return slices.Clone(r.frames[i:min(i+window, len(r.frames))])
}

// TestEveryRepeatedFrame repeats each frame of changes once, up to 120 ms late,
// with its two entries exchanged.
func TestEveryRepeatedFrame(t *testing.T) {
	onlyGoroutine(t)
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 1))
	rounds, _ := faulty()
	for seed := range rounds {
		attack(t, 21+seed, func(r *recording, i int) (damage, bool) {
			copied, ok := swapped(r.frames[i].record.Frame)
			if !ok {
				return nil, false
			}
			frames := r.rest(i)
			late := 1
			for limit := random.IntN(121); late < len(frames); late++ {
				if frames[late].record.Time.Sub(frames[0].record.Time).Milliseconds() > int64(limit) {
					break
				}
			}
			repeat := frames[0]
			repeat.record.Frame, repeat.record.Time = copied, frames[late-1].record.Time
			return slices.Insert(frames, late, repeat), true
		})
	}
}

// swapped returns a price_change with its entries in reverse.
func swapped(frame []byte) ([]byte, bool) {
	var e struct {
		Market  string            `json:"market"`
		Changes []json.RawMessage `json:"price_changes"`
		Time    string            `json:"timestamp"`
		Type    string            `json:"event_type"`
	}
	if err := json.Unmarshal(frame, &e); err != nil || e.Type != "price_change" {
		return nil, false
	}
	slices.Reverse(e.Changes)
	out, err := json.Marshal(e)
	return out, err == nil
}

// TestEveryExchangedPair exchanges each frame with the next.
func TestEveryExchangedPair(t *testing.T) {
	onlyGoroutine(t)
	t.Parallel()
	rounds, _ := faulty()
	for seed := range rounds {
		attack(t, 31+seed, func(r *recording, i int) (damage, bool) {
			frames := r.rest(i)
			if len(frames) < 2 {
				return nil, false
			}
			frames[0], frames[1] = frames[1], frames[0]
			return frames, true
		})
	}
}

// TestEveryChangedDigit changes one digit of each frame, anywhere in it, to
// another one.
func TestEveryChangedDigit(t *testing.T) {
	onlyGoroutine(t)
	t.Parallel()
	random := rand.New(rand.NewPCG(2, 1))
	decoder := feed.NewDecoder(feed.DecoderOptions{Learn: true})
	rounds, _ := faulty()
	for seed := range rounds {
		attack(t, 41+seed, func(r *recording, i int) (damage, bool) {
			frames := r.rest(i)
			frame := bytes.Clone(frames[0].record.Frame)
			var digits []int
			for at, c := range frame {
				if '0' <= c && c <= '9' {
					digits = append(digits, at)
				}
			}
			at := digits[random.IntN(len(digits))]
			frame[at] = '0' + (frame[at]-'0'+1+byte(random.IntN(9)))%10
			frames[0].record.Frame = frame
			frames[0].events = happenings(t, decoder, frame)
			return frames, true
		})
	}
}
