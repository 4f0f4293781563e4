package engine

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/truebook/feed/feedtest"
)

var (
	simSeeds = flag.Int("engine.seeds", 20, "seeds of the simulation, 10 minutes each")
	simSeed  = flag.Int64("engine.seed", -1, "one seed of the simulation, with a trace")
)

// faultyTime is when the faults of a simulation have stopped, and calmTime what there is
// for everything to be live again.
const (
	faultyTime = 7 * time.Minute
	calmTime   = 3 * time.Minute
)

// drawFaults draws some faults that are over in time.
func drawFaults(r *rand.Rand, n, markets int) []feedtest.Fault {
	kinds := feedtest.FaultKinds()
	var faults []feedtest.Fault
	for range n {
		f := feedtest.Fault{
			Kind: kinds[r.IntN(len(kinds))], At: time.Duration(r.Int64N(int64(faultyTime - time.Minute))),
			For: time.Duration(r.Int64N(int64(50 * time.Second))), Market: r.IntN(markets),
		}
		switch f.Kind { //nolint:exhaustive // the others need nothing
		case feedtest.Close:
			f.Code = []int{0, 1000, 1001, 1006, 1008, 1009, 1011, 1012, 1013}[r.IntN(9)]
		case feedtest.DialStatus:
			f.Code = []int{429, 503, 403, 500}[r.IntN(4)]
		case feedtest.RESTStatus:
			f.Code = []int{500, 425, 502, 429}[r.IntN(4)]
		case feedtest.LoseFrames, feedtest.AlterSize:
			f.N = 1 + r.IntN(3)
		case feedtest.Restart, feedtest.RestartByBooks, feedtest.Skew:
			f.Market = -1
		case feedtest.LateStays, feedtest.Late:
			f.N = 3 + r.IntN(8)
		}
		faults = append(faults, f)
	}
	return faults
}

// report gathers what simulations have met.
type report struct {
	seeds, frames, steps   int
	simulated              time.Duration
	kinds                  map[string]int
	wrong                  map[string]time.Duration
	recovered              map[string][]time.Duration
	doubts                 [numReasons]uint64
	dials, fetches, failed uint64
}

func newReport() *report {
	return &report{kinds: map[string]int{}, wrong: map[string]time.Duration{}, recovered: map[string][]time.Duration{}}
}

func (r *report) add(s *simulation) {
	r.seeds++
	r.frames += s.frames
	r.steps += s.steps
	for i := range s.faults.seen {
		r.kinds[s.faults.seen[i].Fault.Kind.String()]++
	}
	for _, f := range s.faults.own {
		r.kinds[f.name]++
	}
	for name, times := range s.faults.recovered {
		r.recovered[name] = append(r.recovered[name], times...)
	}
	c := &s.core.books.counts
	for reason, n := range c.Doubts {
		r.doubts[reason] += n
	}
	r.dials, r.fetches, r.failed = r.dials+c.Dials, r.fetches+c.Fetches, r.failed+c.FetchesFailed
	for _, w := range s.checker.wrongs {
		r.wrong[w.why] = max(r.wrong[w.why], w.lasted)
	}
}

// String is the report as it is printed.
func (r *report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d seeds, %.1f simulated hours, %d frames, %d steps\n", r.seeds, r.simulated.Hours(), r.frames, r.steps)
	fmt.Fprintf(&b, "%d dials, %d requests to REST, of which %d failed; live books became stale or gone:", r.dials, r.fetches, r.failed)
	for reason, n := range r.doubts {
		if n > 0 {
			fmt.Fprintf(&b, " %v %d", Reason(reason), n)
		}
	}
	b.WriteString("\n")
	names := make([]string, 0, len(r.kinds))
	for name := range r.kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		times := r.recovered[name]
		slices.Sort(times)
		fmt.Fprintf(&b, "%-20s %6d times, longest wrong and live %8v", name, r.kinds[name], r.wrong[name].Round(time.Millisecond))
		if n := len(times); n > 0 {
			fmt.Fprintf(&b, ", recovered p50 %8v p99 %8v", times[n/2].Round(time.Millisecond), times[n*99/100].Round(time.Millisecond))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// simulate runs one seed.
func simulate(t *testing.T, seed uint64, trace func(string, ...any)) *simulation {
	t.Helper()
	s, misuse := newFaulty(t, seed, trace)
	misuse()
	s.run(calmTime)
	if s.core.books.counts.Blocked > 0 {
		s.run(blockedDelay)
	}
	s.checker.alive()
	return s
}

// newFaulty returns the simulation of a seed, and what runs the time in which there are
// faults.
func newFaulty(t *testing.T, seed uint64, trace func(string, ...any)) (s *simulation, misuse func()) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 0x6661756c74)) //nolint:gosec // to be repeated
	q := feedtest.DefaultQuirks()
	q.EarlyHashes *= 5
	q.SameMilliseconds *= 5
	q.Repeats *= 5
	markets := 4
	if seed%4 == 0 {
		markets = 12 // some things need ten
	}
	faults := drawFaults(r, 6, markets)
	s = newSimulation(feedtest.VenueOptions{Seed: seed, Markets: markets, Rate: 6, Quirks: &q, Faults: faults})
	s.trace = trace
	s.checker.t = t
	s.checker.seed = seed
	if trace != nil {
		for _, f := range faults {
			trace("fault %+v", f)
		}
	}
	s.step(&input{kind: tokensWatched, tokens: s.tokens})
	return s, func() { s.misuse(r) }
}

// onlyGoroutine skips a test of a core, which has no goroutine but the test's, where it
// would be looked at for races for long. .ci/run has the simulation for that.
func onlyGoroutine(t *testing.T) {
	t.Helper()
	if raceEnabled && testing.Short() {
		t.Skip("one goroutine has no races")
	}
}

// TestSimulationWithoutREST: with the stream alone, everything that shows in it is
// noticed, nothing is crossed, and all is live when nothing is wrong any more.
func TestSimulationWithoutREST(t *testing.T) {
	onlyGoroutine(t)
	t.Parallel()
	seeds := uint64(12)
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		s, misuse := newFaulty(t, seed, nil)
		s.core.rest.off, s.checker.unbounded = true, true
		misuse()
		s.run(calmTime + 2*maxPatience)
		if s.checker.dead() > 0 { // on its way from one connection to the next?
			s.run(10 * time.Second)
		}
		s.checker.alive()
		if c := &s.core.books.counts; c.Fetches > 0 || c.Dials > 40 {
			t.Errorf("seed %d: %+v", seed, *c)
		}
	}
}

// misuse runs the time in which there are faults, and adds those of the machine, and
// users who come and go.
func (s *simulation) misuse(r *rand.Rand) {
	end := s.venue.Now().Add(faultyTime)
	for left := faultyTime; left > 0; left = end.Sub(s.venue.Now()) {
		s.run(min(left, time.Duration(1+r.Int64N(int64(4*time.Minute)))))
		if left = end.Sub(s.venue.Now()); left < time.Minute || !s.stalledUntil.IsZero() {
			continue
		}
		d := time.Duration(r.Int64N(int64(10 * time.Second)))
		switch r.IntN(5) {
		case 0:
			s.stall(d)
		case 1:
			s.suspend(d)
		case 2:
			s.setClock(d - 5*time.Second)
		case 3:
			i := 2 * r.IntN(len(s.tokens)/2)
			s.step(&input{kind: tokensLeft, tokens: s.tokens[i : i+2]})
			s.run(min(10*d, left))
			s.step(&input{kind: tokensWatched, tokens: s.tokens[i : i+2]})
		}
	}
}

// TestSimulation lets the exchange and the network fail in all ways, and reads every
// token after each step.
func TestSimulation(t *testing.T) {
	onlyGoroutine(t)
	t.Parallel()
	if *simSeed >= 0 {
		var lines []string
		defer func() {
			for _, l := range lines[max(0, len(lines)-20000):] {
				fmt.Printf("%.100000s\n", l)
			}
		}()
		s := simulate(t, uint64(*simSeed), func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) })
		lines = nil
		t.Logf("%+v", s.core.books.counts)
		return
	}
	seeds := *simSeeds
	if testing.Short() {
		seeds = min(seeds, 2) // .ci/run has more under the race detector
	}
	all := newReport()
	var mu sync.Mutex
	t.Run("seeds", func(t *testing.T) {
		workers := runtime.GOMAXPROCS(0)
		for worker := range workers {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				for seed := worker; seed < seeds; seed += workers {
					s := simulate(t, uint64(seed), nil)
					mu.Lock()
					all.add(s)
					all.simulated += s.venue.Now().Sub(s.began)
					mu.Unlock()
				}
			})
		}
	})
	t.Log(all)
}
