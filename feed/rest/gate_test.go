package rest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/feed"
	"example.com/truebook/feed/rest"
)

// kinds of requests, and what they are bounded by.
var kinds = []struct {
	name                     string
	call                     func(*rest.Client, context.Context) error
	perSecond, burst, atOnce int
}{
	{"POST /books", func(c *rest.Client, ctx context.Context) error { _, err := c.FetchBooks(ctx, pair); return err }, 5, 20, 4},
	{"GET /book", func(c *rest.Client, ctx context.Context) error { _, err := c.FetchBooks(ctx, pair[:1]); return err }, 10, 40, 2},
	{"GET /markets", func(c *rest.Client, ctx context.Context) error {
		_, err := c.Market(ctx, condition)
		if err != nil && strings.HasPrefix(err.Error(), "rest: the answer about market") {
			err = nil // what is answered here is no market
		}
		return err
	}, 5, 40, 2},
	{"GET /gamma", func(c *rest.Client, ctx context.Context) error {
		_, err := c.Event(ctx, "a-slug")
		if err != nil && strings.HasPrefix(err.Error(), "rest: the answer about event") {
			err = nil
		}
		return err
	}, 5, 40, 2},
}

// log of what a server was asked.
type requestLog struct {
	mu     sync.Mutex
	times  []time.Time
	now    atomic.Int32
	atOnce atomic.Int32
}

// count notes a request, and returns what notes its end.
func (l *requestLog) count() func() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.times = append(l.times, time.Now())
	l.atOnce.Store(max(l.atOnce.Load(), l.now.Add(1)))
	return func() { l.now.Add(-1) }
}

// most returns the most requests in any window of d.
func (l *requestLog) most(d time.Duration) int {
	most := 0
	for i, first := range l.times {
		end, _ := slices.BinarySearchFunc(l.times, first.Add(d), time.Time.Compare)
		most = max(most, end-i)
	}
	return most
}

// TestBudget: of ever so many calls, requests leave at no more than their rate, whether
// the server answers at once or holds everything back for a while; the calls that
// cannot have a turn in time are told so at once, and no turn is wasted.
func TestBudget(t *testing.T) {
	for _, k := range kinds {
		for _, held := range []time.Duration{0, 8 * time.Second} {
			t.Run(k.name+"/"+held.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { budget(t, k.call, held, k.perSecond, k.burst, k.atOnce) })
			})
		}
	}
}

func budget(t *testing.T, call func(*rest.Client, context.Context) error, held time.Duration, perSecond, burst, atOnce int) {
	t.Helper()
	began := time.Now()
	var log requestLog
	c := simulate(t, func(w http.ResponseWriter, _ *http.Request) {
		defer log.count()()
		time.Sleep(time.Until(began.Add(held)))
		io.WriteString(w, "[]")
	})
	var calls sync.WaitGroup
	var refused, failed atomic.Int32
	for range 30 { // seconds
		for range 10 * perSecond {
			calls.Go(func() {
				asked := time.Now()
				switch err := call(c, t.Context()); {
				case err == nil:
				case errors.Is(err, rest.ErrBudget) && (time.Since(asked) == 0 || held > 0):
					refused.Add(1) // at once, if only turns are lacking and not answers
				case errors.Is(err, context.DeadlineExceeded) && held > 0 && time.Since(asked) == 10*time.Second:
					failed.Add(1)
				default:
					t.Errorf("after %v: %v", time.Since(asked), err)
				}
			})
		}
		time.Sleep(time.Second)
	}
	calls.Wait()
	most, n := log.most(10*time.Second), len(log.times)
	t.Logf("%d requests, %d in 10 s, %d at once; %d refused, %d late", n, most, log.atOnce.Load(), refused.Load(), failed.Load())
	if n := int(log.atOnce.Load()); most > burst+10*perSecond || n > atOnce || held > 0 && n != atOnce {
		t.Errorf("%d requests in 10 s, %d at once", most, log.atOnce.Load())
	}
	// Those that came in the last second wait for eight more.
	if least := burst + (37-int(held/time.Second))*perSecond - 10; n < least {
		t.Errorf("%d requests, and there were turns for %d", n, least)
	}
	if int(refused.Load()+failed.Load())+n != 300*perSecond {
		t.Errorf("%d requests, %d refused, %d late", n, refused.Load(), failed.Load())
	}
}

// TestTurns: calls wait in their order, and as long as their context; one whose turn
// would come after its deadline is told so at once and takes nobody's turn.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := simulate(t, answer(200, "[]"))
		began := time.Now()
		spend(t, c, 20)
		type result struct {
			took time.Duration
			err  error
		}
		results := make([]result, 5)
		var calls sync.WaitGroup
		for i, wait := range []time.Duration{300 * time.Millisecond, 400 * time.Millisecond, 600 * time.Millisecond, time.Minute} {
			calls.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), wait)
				defer cancel()
				_, err := c.FetchBooks(ctx, pair)
				results[i] = result{time.Since(began), err}
			})
			synctest.Wait()
		}
		ctx, cancel := context.WithCancel(t.Context())
		calls.Go(func() {
			_, err := c.FetchBooks(ctx, pair)
			results[4] = result{time.Since(began), err}
		})
		time.Sleep(50 * time.Millisecond)
		cancel()
		calls.Wait()
		for i, want := range []result{
			{200 * time.Millisecond, nil},
			{0, rest.ErrBudget}, // its turn is at 400 ms
			{400 * time.Millisecond, nil},
			{600 * time.Millisecond, nil},
			{50 * time.Millisecond, context.Canceled},
		} {
			if got := results[i]; got.took != want.took || !errors.Is(got.err, want.err) {
				t.Errorf("call %d: %v after %v, want %v after %v", i, got.err, got.took, want.err, want.took)
			}
		}
		spend(t, c, 1)
		if took := time.Since(began); took != 800*time.Millisecond {
			t.Errorf("the next turn was at %v", took)
		}
	})
}

// spend makes so many calls one after the other, all of which succeed.
func spend(t *testing.T, c *rest.Client, n int) {
	t.Helper()
	for range n {
		if _, err := c.FetchBooks(t.Context(), pair); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKindsApart: a kind that is held up holds up no other.
func TestKindsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := simulate(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				<-r.Context().Done()
			}
			io.WriteString(w, "{}")
		})
		ctx, cancel := context.WithCancel(t.Context())
		var calls sync.WaitGroup
		for range 50 {
			calls.Go(func() { c.FetchBooks(ctx, pair) })
		}
		synctest.Wait()
		began := time.Now()
		for range 40 {
			if _, err := c.FetchBooks(t.Context(), pair[:1]); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("it took %v", took)
		}
		cancel()
		calls.Wait()
	})
}

// TestWaitersLeave: those who have given up are not waited for.
func TestWaitersLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := true
		c := simulate(t, func(w http.ResponseWriter, r *http.Request) {
			if held {
				<-r.Context().Done()
			}
			io.WriteString(w, "[]")
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var calls sync.WaitGroup
		for range 20 {
			calls.Go(func() {
				if _, err := c.FetchBooks(ctx, pair); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, rest.ErrBudget) {
					t.Error(err)
				}
			})
		}
		calls.Wait()
		synctest.Wait()
		held = false
		ctx, cancel = context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		for range 16 { // of 20, four were sent; five more are there after a second
			if _, err := c.FetchBooks(ctx, pair); err != nil {
				t.Error(err)
			}
		}
	})
}

// reply is what a server answers.
type reply struct {
	status     int
	retryAfter string
}

// TestPauses: a server that refuses is left alone for as long as it asks, or as the
// refusal is worth, and calls meanwhile fail at once with the same refusal.
func TestPauses(t *testing.T) {
	times := func(n int, r ...reply) []reply { return slices.Repeat(r, n) }
	forbidden := reply{403, ""}
	for _, x := range []struct {
		name    string
		replies []reply // all but the last without a pause
		pause   time.Duration
	}{
		{"429", []reply{{429, ""}}, 10 * time.Second},
		{"429 asks", []reply{{429, "3"}}, 3 * time.Second},
		{"429 asks for nothing", []reply{{429, "0"}}, 10 * time.Second},
		{"429 asks for too much", []reply{{429, "86400"}}, 10 * time.Minute},
		{"429 by date", []reply{{429, "Sat, 01 Jan 2000 00:01:00 GMT"}}, time.Minute},
		{"503", []reply{{503, ""}}, 0},
		{"503 asks", []reply{{503, "120"}}, 2 * time.Minute},
		{"425", []reply{{425, ""}}, 0},
		{"425 asks", []reply{{425, "90"}}, 90 * time.Second},
		{"404", []reply{{404, ""}}, 0},
		{"404 asks", []reply{{404, "1"}}, time.Second},
		{"302 asks", []reply{{302, "5"}}, 5 * time.Second},
		{"500 twice", times(2, reply{500, ""}), 0},
		{"403 twice", times(2, forbidden), 0},
		{"403 three times", times(3, forbidden), 5 * time.Minute},
		{"403 asks", []reply{{403, "7"}}, 7 * time.Second},
		{"403 asks for more", append(times(2, forbidden), reply{403, "600"}), 10 * time.Minute},
		{"403 asks for less", append(times(2, forbidden), reply{403, "1"}), 5 * time.Minute},
		{"403 not in a row", []reply{forbidden, forbidden, {404, ""}, forbidden, {200, ""}, forbidden, forbidden}, 0},
		{"403 not in a row at first", []reply{forbidden, {500, ""}, forbidden, forbidden, forbidden}, 5 * time.Minute},
	} {
		t.Run(x.name, func(t *testing.T) {
			for _, k := range kinds {
				synctest.Test(t, func(t *testing.T) { pause(t, k.call, x.replies, x.pause) })
			}
		})
	}
}

func pause(t *testing.T, call func(*rest.Client, context.Context) error, replies []reply, want time.Duration) {
	t.Helper()
	requests := 0
	c := simulate(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "" && strings.HasPrefix(r.URL.Path, "/gamma/") { // what is asked when a name is not found
			io.WriteString(w, "[]")
			return
		}
		last := replies[min(requests, len(replies)-1)]
		requests++
		if requests > len(replies) {
			last = reply{200, ""}
		}
		answer(last.status, `[] said by `+strconv.Itoa(last.status), "Retry-After", last.retryAfter)(w, r)
	})
	for i, r := range replies {
		err := call(c, t.Context())
		expected := want
		if i < len(replies)-1 {
			expected = 0
		}
		if r.status == 200 {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		wantStatus(t, err, r.status, expected)
	}
	if requests != len(replies) {
		t.Fatalf("%d requests of %d", requests, len(replies))
	}
	last := replies[len(replies)-1].status
	for left := want; left > 0; left -= want / 4 {
		began := time.Now()
		for range 50 { // more than there are turns
			err := call(c, t.Context())
			if e := wantStatus(t, err, last, left); e.Body != `[] said by `+strconv.Itoa(last) {
				t.Errorf("%+v", e)
			}
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("it took %v", took)
		}
		time.Sleep(want / 4)
	}
	if requests != len(replies) {
		t.Errorf("%d requests in the pause", requests-len(replies))
	}
	if err := call(c, t.Context()); err != nil || requests != len(replies)+1 {
		t.Errorf("after the pause: %v, %d requests", err, requests)
	}
}

// TestPauseOfOneKind: what is said of books is not said of a book.
func TestPauseOfOneKind(t *testing.T) {
	for refused, k := range kinds {
		synctest.Test(t, func(t *testing.T) {
			c := simulate(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.Method+" "+r.URL.Path+"/", k.name+"/") {
					answer(429, "")(w, r)
				}
				io.WriteString(w, "{}")
			})
			for range 2 {
				for i, other := range kinds {
					if err := other.call(c, t.Context()); (err != nil) != (i == refused) {
						t.Errorf("%s while %s is refused: %v", other.name, k.name, err)
					}
				}
			}
		})
	}
}

// TestPauseBegins: a call that waits for its turn when a pause begins asks nothing; one
// under way is not ended. A shorter pause does not end a longer one, and neither does
// an answer that comes in it.
func TestPauseBegins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var requests atomic.Int32
		c := simulate(t, func(w http.ResponseWriter, r *http.Request) {
			switch requests.Add(1) {
			case 1:
				time.Sleep(100 * time.Millisecond)
				answer(503, "long", "Retry-After", "60")(w, r)
			case 2:
				time.Sleep(200 * time.Millisecond)
				answer(503, "short", "Retry-After", "1")(w, r)
			case 3:
				time.Sleep(300 * time.Millisecond)
				io.WriteString(w, "[]")
			default:
				time.Sleep(150 * time.Millisecond)
				io.WriteString(w, "[1]")
			}
		})
		began := time.Now()
		var calls sync.WaitGroup
		results := make([]error, 10)
		for i := range results {
			calls.Go(func() { _, results[i] = c.FetchBooks(t.Context(), pair) })
			synctest.Wait()
		}
		calls.Wait()
		if n := requests.Load(); n != 4 || time.Since(began) != 300*time.Millisecond {
			t.Errorf("%d requests in %v", n, time.Since(began))
		}
		wantStatus(t, results[0], 503, time.Minute)
		wantStatus(t, results[1], 503, time.Second)
		if results[2] != nil || results[3] != nil {
			t.Errorf("under way: %v, %v", results[2], results[3])
		}
		for i, err := range results[4:] {
			e := (*feed.StatusError)(nil)
			if !errors.As(err, &e) || e.Body != "long" || e.RetryAfter > time.Minute || e.RetryAfter < time.Minute-300*time.Millisecond {
				t.Errorf("call %d, which waited: %v", i+4, err)
			}
		}
		_, err := c.FetchBooks(t.Context(), pair)
		wantStatus(t, err, 503, time.Minute-200*time.Millisecond)
	})
}

// TestForbiddenAgain: after the pause one request is made, and a further 403 is enough
// for another.
func TestForbiddenAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		requests := 0
		c := simulate(t, func(w http.ResponseWriter, r *http.Request) {
			requests++
			answer(403, "blocked")(w, r)
		})
		began := time.Now()
		for time.Since(began) < time.Hour {
			c.FetchBooks(t.Context(), pair)
			time.Sleep(time.Second)
		}
		if requests < 12 || requests > 15 {
			t.Errorf("%d requests in an hour", requests)
		}
	})
}
