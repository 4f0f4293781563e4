//go:build unix

package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"example.com/truebook/bench/internal/fullpath"
)

// result is what was measured of one way at one setting.
type result struct {
	Way               string
	Service, Response []int64 // nanoseconds, by quantiles
	Busy, Read        float64 // parts of 1
	Seconds           float64
	Collections       uint32
	Memory            int64 // bytes
}

func quantiles() []float64 { return []float64{50, 90, 99, 99.9, 99.99, 100} }

// measure lets the frames of a file arrive at a rate.
func measure(way, path string, rate int) (*result, error) {
	file, err := fullpath.Open(path)
	if err != nil {
		return nil, err
	}
	p, err := fullpath.New(way, file.Tokens)
	if err != nil {
		return nil, err
	}
	var epoch time.Time
	for range file.Opening {
		at, frame, named := file.Next()
		if _, err := p.Step(at, frame, named); err != nil {
			return nil, err
		}
		epoch = at
	}
	r := &result{Way: way, Memory: resident()}
	runtime.GC()
	if err := r.loop(p, file, rate, epoch); err != nil {
		return nil, err
	}
	r.Memory = max(r.Memory, resident())
	return r, nil
}

// loop is the open loop.
func (r *result) loop(p fullpath.Path, file *fullpath.File, rate int, epoch time.Time) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const most = int64(100 * time.Second)
	service, response := hdr.New(1, most, 3), hdr.New(1, most, 3)
	interval := float64(time.Second) / float64(rate)
	first := int(warm.Seconds() * float64(rate))
	frames := file.Frames - file.Opening
	var busy, measured time.Duration
	readable, tops := 0, 0
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	for i := range frames {
		_, frame, named := file.Next()
		due := time.Duration(float64(i) * interval)
		now := time.Since(start)
		for now < due {
			now = time.Since(start)
		}
		n, err := p.Step(epoch.Add(due), frame, named)
		if err != nil {
			return err
		}
		done := time.Since(start)
		if i < first {
			measured = done
			continue
		}
		// A value that is too large is none: the histograms reach far enough.
		_ = service.RecordValue(int64(done - now))
		_ = response.RecordValue(int64(done - due))
		busy += done - now
		readable += n
		for _, token := range named {
			if token >= 0 {
				tops++
			}
		}
	}
	measured = time.Since(start) - measured
	runtime.ReadMemStats(&after)
	for _, q := range quantiles() {
		r.Service = append(r.Service, service.ValueAtPercentile(q))
		r.Response = append(r.Response, response.ValueAtPercentile(q))
	}
	r.Seconds = measured.Seconds()
	r.Busy = busy.Seconds() / r.Seconds
	r.Read = float64(readable) / float64(max(1, tops))
	r.Collections = after.NumGC - before.NumGC
	return nil
}

// resident returns the memory of the process that is of no file, in bytes; 0 where
// the system does not tell.
func resident() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, text, _ := strings.Cut(string(status), "\nRssAnon:")
	text, _, _ = strings.Cut(text, " kB")
	kB, _ := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	return kB << 10
}

func printHeader(out io.Writer) error {
	_, err := fmt.Fprint(out, `| load | way | µs of | p50 | p90 | p99 | p99.9 | p99.99 | max | busy | GC | MB | read |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
`)
	return err
}

func (r *result) print(out io.Writer, s setting) error {
	row := func(name string, values []int64) string {
		cells := []string{"", fmt.Sprintf("%d/s, %d tokens", s.rate, s.tokens), r.Way, name}
		for _, v := range values {
			cells = append(cells, micros(v))
		}
		return strings.TrimSpace(strings.Join(append(cells, ""), " | "))
	}
	_, err := fmt.Fprintf(out, "%s %.1f %% | %d in %.1f s | %d | %.2f %% |\n%s | | | |\n",
		row("service", r.Service), 100*r.Busy, r.Collections, r.Seconds, r.Memory>>20, 100*r.Read,
		row("response", r.Response))
	return err
}

// micros shows three digits, or more of a large number.
func micros(ns int64) string {
	switch us := float64(ns) / 1000; {
	case us < 10:
		return strconv.FormatFloat(us, 'f', 2, 64)
	case us < 100:
		return strconv.FormatFloat(us, 'f', 1, 64)
	default:
		return strconv.FormatFloat(us, 'f', 0, 64)
	}
}
