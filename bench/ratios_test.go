package bench

import (
	"fmt"
	"io"
	"slices"
	"testing"
	"text/tabwriter"
	"time"
)

// A rival is measured in the same minute as we are, or the ratio says more about
// the machine's other guests than about the two: so many rounds, in each of which
// every path has its turn.
const (
	ratioRounds = 6
	ratioTurn   = 150 * time.Millisecond
)

// BenchmarkRatios is the full path against its rivals, interleaved: how many times
// faster than naive, and how many times slower than the byte scan, the flat
// ladder and the books without an engine; with "proved" the same for the path that
// proves each frame. The medians of the rounds are compared. What goes with it is
// printed once more as a table, at the end.
func BenchmarkRatios(b *testing.B) {
	each(b, func(b *testing.B, s *stream) {
		median := medians(b, s)
		b.ReportMetric(0, "ns/op") // an operation is the whole comparison
		for _, own := range []struct{ name, prefix string }{{"engine", ""}, {"engine-proof", "proved-"}} {
			took := median[own.name]
			b.ReportMetric(took, own.prefix+"ns/frame")
			b.ReportMetric(median["naive"]/took, own.prefix+"x-naive")
			for _, name := range slower {
				b.ReportMetric(took/median[name], own.prefix+"x-"+name)
			}
		}
		comparisons = append(comparisons, comparison{s.Name, median})
	}, byTokens()[1:])
}

// slower are the rivals that do less than we do.
var slower = []string{"scan", "ladder", "plain"}

// comparison is what one stream gave: nanoseconds for a frame, by path.
type comparison struct {
	stream string
	median map[string]float64
}

var comparisons []comparison // made in this run

// printRatios writes the table of what BenchmarkRatios found.
func printRatios(w io.Writer) {
	if len(comparisons) == 0 {
		return
	}
	fmt.Fprintf(w, "\nfull path, medians of %d interleaved rounds; faster than naive, slower than the others\n", ratioRounds)
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "stream\tproof\tns/frame\tnaive\tscan\tladder\tplain\t")
	for _, c := range comparisons {
		for _, own := range []struct{ name, proof string }{{"engine", "off"}, {"engine-proof", "on"}} {
			took := c.median[own.name]
			fmt.Fprintf(table, "%s\t%s\t%.0f\t%.1fx\t", c.stream, own.proof, took, c.median["naive"]/took)
			for _, name := range slower {
				fmt.Fprintf(table, "%.2fx\t", took/c.median[name])
			}
			fmt.Fprintln(table)
		}
	}
	_ = table.Flush()
}

// medians returns the nanoseconds of a frame on each path.
func medians(b *testing.B, s *stream) map[string]float64 {
	b.Helper()
	rounds, turn := ratioRounds, ratioTurn
	if once() {
		rounds, turn = 1, ratioTurn/10
	}
	list := ways()
	runners := make([]*runner, len(list))
	times := make([][]float64, len(list))
	for range rounds {
		for i, w := range list {
			if runners[i] == nil {
				runners[i] = newRunner(w, s)
			}
			took, err := runners[i].during(turn)
			if err != nil {
				b.Fatal(err)
			}
			times[i] = append(times[i], took)
		}
	}
	median := map[string]float64{}
	for i, w := range list {
		slices.Sort(times[i])
		median[w.name] = (times[i][(rounds-1)/2] + times[i][rounds/2]) / 2
	}
	return median
}
