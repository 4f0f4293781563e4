package feedtest_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
)

// A session with a fault begins it after ten seconds. Connection 1 is there from the
// beginning, and connection 2 from 12 s on; both subscribe to everything. It ends
// after 30 s.
const (
	faultAt    = 10 * time.Second
	secondConn = 12 * time.Second
	sessionEnd = 30 * time.Second
)

type session struct {
	v      *feedtest.Venue
	tokens []string
	begin  time.Time
	frames [3][]received // data, by connection
	texts  [3][]received
	ends   [3][]feedtest.Delivery // Closed and DialFailed
}

type received struct {
	at   time.Duration
	text string
}

func runSession(t *testing.T, faults ...feedtest.Fault) *session {
	t.Helper()
	for i := range faults {
		faults[i].At = faultAt
	}
	v := feedtest.NewVenue(feedtest.VenueOptions{Seed: 8, Rate: 60, Quirks: new(feedtest.NoQuirks()), Faults: faults})
	s := &session{v: v, tokens: allTokens(v), begin: v.Now()}
	v.Dial(1)
	step := time.Second
	for {
		d, ok := v.Advance(s.begin.Add(step))
		if !ok {
			if step == secondConn {
				v.Dial(2)
			}
			if step == sessionEnd {
				return s
			}
			if step%(5*time.Second) == 0 {
				v.Send(1, []byte("PING"))
				v.Send(2, []byte("PING"))
			}
			step += time.Second
			continue
		}
		r := received{d.Time.Sub(s.begin), string(d.Data)}
		switch d.Kind {
		case feedtest.Opened:
			v.Send(d.Conn, subscription(s.tokens))
		case feedtest.Received:
			if len(d.Data) == 0 || d.Data[0] == '{' || d.Data[0] == '[' {
				s.frames[d.Conn] = append(s.frames[d.Conn], r)
			} else {
				s.texts[d.Conn] = append(s.texts[d.Conn], r)
			}
		default:
			s.ends[d.Conn] = append(s.ends[d.Conn], d)
		}
	}
}

// count counts the frames of a connection with a text, from one time to another.
func (s *session) count(conn int, text string, from, to time.Duration) (n int) {
	for _, r := range s.frames[conn] {
		if r.at >= from && r.at < to && strings.Contains(r.text, text) {
			n++
		}
	}
	return n
}

// differ returns the frames of connection 1 which one session has and the other has
// not, in both directions.
func (s *session) differ(o *session) (missing, extra []string) {
	counts := map[string]int{}
	for _, r := range o.frames[1] {
		counts[r.text]++
	}
	for _, r := range s.frames[1] {
		if counts[r.text]--; counts[r.text] < 0 {
			extra = append(extra, r.text)
		}
	}
	for _, r := range o.frames[1] {
		if counts[r.text] > 0 {
			counts[r.text]--
			missing = append(missing, r.text)
		}
	}
	return missing, extra
}

// check is what is expected of a session with a fault, given one without.
type check func(t *testing.T, s, clean *session)

// frames expects so many frames to be missing, and so many not to be the exchange's.
func frames(missing, extra int) check {
	return func(t *testing.T, s, clean *session) {
		t.Helper()
		if m, e := s.differ(clean); len(m) != missing || len(e) != extra {
			t.Errorf("%d frames are missing and %d more, expected %d and %d", len(m), len(e), missing, extra)
		}
	}
}

// and expects several things.
func and(checks ...check) check {
	return func(t *testing.T, s, clean *session) {
		t.Helper()
		for _, c := range checks {
			c(t, s, clean)
		}
	}
}

// injections expects so many, with so many tokens each.
func injections(n, tokens int) check {
	return func(t *testing.T, s, _ *session) {
		t.Helper()
		list := s.v.Injected()
		for _, i := range list {
			if len(i.Tokens) != tokens || i.At.Before(s.begin.Add(faultAt)) {
				t.Errorf("%v: %d tokens at %v", i.Fault.Kind, len(i.Tokens), i.At)
			}
		}
		if len(list) != n {
			t.Errorf("%d injections, expected %d", len(list), n)
		}
	}
}

// altered expects one frame to be different, in so many bytes, and still valid.
func altered(tokens, atMost int) check {
	return and(frames(1, 1), injections(1, tokens), func(t *testing.T, s, clean *session) {
		t.Helper()
		m, e := s.differ(clean)
		if !json.Valid([]byte(e[0])) {
			t.Errorf("%s", e[0])
		}
		if changed := differing(m[0], e[0]); changed > atMost {
			t.Errorf("%s\n%s", m[0], e[0])
		}
		decoder := feed.NewDecoder(feed.DecoderOptions{Learn: true})
		if events, err := decoder.Decode([]byte(e[0])); err != nil || len(events) != 1 {
			t.Errorf("%v, %v", events, err)
		}
	})
}

// differing counts bytes, from the first to the last that differ.
func differing(a, b string) int {
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return max(len(a), len(b))
}

// bad expects one frame to be spoilt, so that it is refused or puts a token in doubt.
func bad(tokens int) check {
	return and(frames(1, 1), injections(1, tokens), refused)
}

func refused(t *testing.T, s, clean *session) {
	t.Helper()
	_, extra := s.differ(clean)
	decoder := feed.NewDecoder(feed.DecoderOptions{})
	for _, token := range s.tokens {
		decoder.Know(token)
	}
	for _, text := range extra {
		events, err := decoder.Decode([]byte(text))
		isBad := err != nil || slices.ContainsFunc(events, func(e feed.Event) bool { _, ok := e.(*feed.Bad); return ok })
		if !isBad {
			t.Errorf("not refused: %.300s", text)
		}
	}
}

// odd expects one frame more, of which a decoder makes nothing.
func odd(t *testing.T, s, clean *session) {
	t.Helper()
	missing, extra := s.differ(clean)
	n := len(extra) + len(s.texts[1]) - len(clean.texts[1])
	if len(missing) > 0 || n != 1 || len(s.v.Injected()) != 1 || len(s.v.Injected()[0].Tokens) > 0 {
		t.Errorf("%d frames are missing and %d more", len(missing), n)
	}
	decoder := feed.NewDecoder(feed.DecoderOptions{})
	decoder.Know(s.tokens[0])
	for _, text := range extra {
		if events, err := decoder.Decode([]byte(text)); err != nil || len(events) > 0 {
			t.Errorf("%v, %v", events, err)
		}
	}
}

// closed expects a connection to end at a time.
func closed(conn, code int, from, to time.Duration) check {
	return func(t *testing.T, s, _ *session) {
		t.Helper()
		if len(s.ends[conn]) != 1 {
			t.Fatalf("%+v", s.ends[conn])
		}
		d := s.ends[conn][0]
		if at := d.Time.Sub(s.begin); d.Kind != feedtest.Closed || d.Code != code || at < from || at > to {
			t.Errorf("%+v after %v", d, at)
		}
		if n := len(s.frames[conn]); n > 0 && s.frames[conn][n-1].at > d.Time.Sub(s.begin) {
			t.Error("frames after the end")
		}
	}
}

// dialFailed expects connection 2 not to come about.
func dialFailed(code int, retry, from time.Duration) check {
	return func(t *testing.T, s, _ *session) {
		t.Helper()
		if len(s.ends[2]) != 1 || len(s.frames[2]) > 0 || len(s.ends[1]) > 0 {
			t.Fatalf("%+v, %d frames", s.ends, len(s.frames[2]))
		}
		d := s.ends[2][0]
		if d.Kind != feedtest.DialFailed || d.Code != code || d.RetryAfter != retry || d.Time.Sub(s.begin) < from {
			t.Errorf("%+v", d)
		}
	}
}

// silent expects a connection to get no data from one time to another, and some
// afterwards.
func silent(conn int, from, to time.Duration) check {
	return func(t *testing.T, s, _ *session) {
		t.Helper()
		if n := s.count(conn, "", from, to); n > 0 {
			t.Errorf("%d frames on connection %d", n, conn)
		}
		if n := s.count(conn, "", to, time.Hour); n < 10 && to < sessionEnd {
			t.Errorf("%d frames on connection %d afterwards", n, conn)
		}
	}
}

// flows expects a connection to get data from one time to another.
func flows(conn int, from, to time.Duration) check {
	return func(t *testing.T, s, _ *session) {
		t.Helper()
		if n := s.count(conn, "price_change", from, to); n < 10 {
			t.Errorf("%d frames on connection %d", n, conn)
		}
	}
}

// pongs expects a connection to get a PONG from one time to another.
func pongs(conn int, from, to time.Duration) check {
	return func(t *testing.T, s, _ *session) {
		t.Helper()
		if !slices.ContainsFunc(s.texts[conn], func(r received) bool { return r.at >= from && r.at < to && r.text == "PONG" }) {
			t.Errorf("%v", s.texts[conn])
		}
	}
}

// opening expects the first frame of connection 2 to show so many books, or, for
// -1, to be something else.
func opening(books int) check {
	return func(t *testing.T, s, _ *session) {
		t.Helper()
		first := s.frames[2][0].text
		if n := strings.Count(first, `"event_type":"book"`); first[0] == '[' && n != books || first[0] != '[' && books >= 0 {
			t.Errorf("%d books in %.100s", n, first)
		}
	}
}

// lateBy expects the frames of connection 1 to be as late as that at most, and none
// of them to be lost, if all have come.
func lateBy(least, most time.Duration, all bool) check {
	return func(t *testing.T, s, clean *session) {
		t.Helper()
		var latest time.Duration
		for i, r := range s.frames[1] {
			if clean.frames[1][i].text != r.text {
				t.Fatalf("frame %d is another", i)
			}
			latest = max(latest, r.at-clean.frames[1][i].at)
		}
		if latest < least || latest > most || all && len(s.frames[1]) != len(clean.frames[1]) {
			t.Errorf("late by %v, %d frames of %d", latest, len(s.frames[1]), len(clean.frames[1]))
		}
	}
}

func (s *session) has(t *testing.T, text string, least, most int) {
	t.Helper()
	if n := s.count(1, text, 0, sessionEnd); n < least || n > most {
		t.Errorf("%d times %s, expected %d to %d", n, text, least, most)
	}
}

// without expects entries of tokens to be missing on connection 1 and not on 2.
func without(gone, left string) check {
	return func(t *testing.T, s, _ *session) {
		t.Helper()
		from := faultAt + 100*time.Millisecond
		if n := s.count(1, gone, from, sessionEnd); n > 0 {
			t.Errorf("%d frames with %s", n, gone)
		}
		if s.count(1, gone, 0, faultAt) < 5 || s.count(1, left, from, sessionEnd) < 5 || s.count(2, gone, from, sessionEnd) < 5 {
			t.Error("no frames where there should be")
		}
	}
}

// stampsBack expects the times of one market's changes to go back by so much.
func stampsBack(d time.Duration) check {
	return func(t *testing.T, s, _ *session) {
		t.Helper()
		decoder := feed.NewDecoder(feed.DecoderOptions{Learn: true})
		last, back := map[string]feed.Timestamp{}, feed.Timestamp(0)
		for _, r := range s.frames[1] {
			events, err := decoder.Decode([]byte(r.text))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				if e, ok := e.(*feed.PriceChange); ok {
					back = max(back, last[e.Market]-e.Time)
					last[e.Market] = e.Time
				}
			}
		}
		if back < feed.Timestamp(d.Milliseconds()-2500) || back > feed.Timestamp(d.Milliseconds()) {
			t.Errorf("back by %d ms", back)
		}
	}
}

func restarted(t *testing.T, s, _ *session) {
	t.Helper()
	const quiet = faultAt + 200*time.Millisecond
	if n := s.count(1, "price_change", quiet, faultAt+10*time.Second); n > 0 {
		t.Errorf("%d changes while the engine stood still", n)
	}
	if n := s.count(1, "price_change", faultAt+10*time.Second, sessionEnd); n < 50 {
		t.Errorf("%d changes afterwards", n)
	}
	for _, token := range s.tokens {
		if top := s.v.Truth(token).Book.Top(); top.Bid.Size == 0 || top.Ask.Size == 0 {
			t.Errorf("no book again: %+v", top)
		}
	}
	if !strings.Contains(s.frames[2][0].text, `"bids":[],"asks":[]`) {
		t.Errorf("an opening with books: %.200s", s.frames[2][0].text)
	}
}

func TestFaults(t *testing.T) {
	onlyGoroutine(t)
	clean := runSession(t)
	if n := len(clean.frames[1]); n < 1000 || len(clean.ends[1]) > 0 {
		t.Fatalf("%d frames without a fault", n)
	}
	seen := map[feedtest.FaultKind]bool{}
	for i, x := range faultTable(clean.tokens) {
		seen[x.fault.Kind] = true
		if testing.Short() && i%4 != 0 {
			continue
		}
		t.Run(fmt.Sprintf("%v,%d,%d", x.fault.Kind, x.fault.N, x.fault.Code), func(t *testing.T) {
			s := runSession(t, x.fault)
			x.want(t, s, clean)
			if len(s.v.Injected()) == 0 {
				t.Error("nothing was injected")
			}
		})
	}
	for _, k := range feedtest.FaultKinds() {
		if k >= feedtest.BadJSON {
			seen[k] = true
			t.Run(k.String(), func(t *testing.T) {
				s := runSession(t, feedtest.Fault{Kind: k, Market: -1})
				badOrOdd(k)(t, s, clean)
			})
		}
		if !seen[k] && k < feedtest.RESTTimeout {
			t.Errorf("%v is not tested", k)
		}
	}
}

// badOrOdd is what is expected of a frame that no exchange should send.
func badOrOdd(k feedtest.FaultKind) check {
	switch {
	case k >= feedtest.OddEventType:
		return odd
	case k == feedtest.BadSeconds: // it is read, and belongs to no state
		return and(frames(1, 1), injections(1, 2))
	case k == feedtest.BadDuplicatePrice: // which the book refuses
		return and(frames(0, 1), injections(1, 1))
	case k == feedtest.BadManyLevels:
		return and(frames(0, 1), injections(1, 1))
	case k >= feedtest.BadNumber && k <= feedtest.BadNull:
		return bad(1)
	}
	return bad(2)
}

func TestFaultNames(t *testing.T) {
	names := map[string]bool{}
	for _, k := range feedtest.FaultKinds() {
		name := k.String()
		if name == "" || names[name] || strings.ToLower(name) != name {
			t.Errorf("%d is %q", k, name)
		}
		names[name] = true
	}
	if s := feedtest.FaultKind(200).String(); s != "invalid fault" || len(names) < 70 {
		t.Errorf("%q, %d kinds", s, len(names))
	}
}
