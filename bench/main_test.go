package bench

import (
	"flag"
	"os"
	"strings"
	"testing"
)

// TestMain makes a short form the one without flags: 200 ms for each benchmark,
// where package testing would take a second and all of them ten minutes. What is
// said with -benchtime holds.
func TestMain(m *testing.M) {
	flag.Parse()
	benchtime := flag.Lookup("test.benchtime")
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f == benchtime })
	if !said {
		if err := benchtime.Value.Set("200ms"); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	printRatios(os.Stdout)
	os.Exit(code)
}

// once says that the benchmarks run with -benchtime 1x or the like, to see that
// they run at all.
func once() bool {
	return strings.HasSuffix(flag.Lookup("test.benchtime").Value.String(), "x")
}
