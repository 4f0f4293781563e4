package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"example.com/truebook/feed"
	"example.com/truebook/feed/rest"
)

// How names are asked for.
const (
	// fewNames is up to how many names each is asked for alone, which says most: the
	// client's budget allows for them at once.
	fewNames = 20
	// lookups is how many names or lists are asked for at once: the client's budget makes
	// more wait.
	lookups = 4
	// tokenPatience is how long tokens wait for their names: they can be watched
	// without.
	tokenPatience = 3 * time.Second
	// firstNews and moreNews are after how long it is said how far it has come.
	firstNews, moreNews = 2 * time.Second, 5 * time.Second
)

// finding is what is known of a name: a market, or why there is none.
type finding struct {
	market *rest.Market
	err    error
}

// search is what is found of names while they are looked up.
type search struct {
	client *rest.Client
	names  []string
	found  []finding
	done   atomic.Int32

	mu    sync.Mutex
	known map[string]*rest.Market // by the ids of tokens and conditions, and by slugs
}

// lookUp asks what each name is. Tokens come last: most are of a market that is known then.
func (r *resolver) lookUp(ctx context.Context, names []string) []finding {
	s := &search{client: r.client, names: names, found: make([]finding, len(names)), known: map[string]*rest.Market{}}
	defer s.tell(r)()
	within, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	var tokens, others []int // places in names
	for i, name := range names {
		if feed.IsToken(strings.TrimSpace(name)) {
			tokens = append(tokens, i)
		} else {
			others = append(others, i)
		}
	}
	s.all(within, others)
	soon, cancel := context.WithTimeout(within, tokenPatience)
	defer cancel()
	s.all(soon, tokens)
	return s.found
}

// all asks for the names at some places: many in lists, and then each that is left.
func (s *search) all(ctx context.Context, places []int) {
	var lists [][]int
	if len(places) > fewNames {
		lists = slices.Collect(slices.Chunk(places, rest.MaxListed))
	}
	inTurn(lists, func(list []int) { s.list(ctx, list) })
	inTurn(places, func(i int) { s.one(ctx, i) })
}

// inTurn does something with each of some things, with some of them at a time.
func inTurn[T any](things []T, do func(T)) {
	next := make(chan T)
	var workers sync.WaitGroup
	for range min(lookups, len(things)) {
		workers.Go(func() {
			for thing := range next {
				do(thing)
			}
		})
	}
	for _, thing := range things {
		next <- thing
	}
	close(next)
	workers.Wait()
}

// list asks for several names at once. What goes wrong is seen again when they are asked for
// one by one.
func (s *search) list(ctx context.Context, places []int) {
	names := make([]string, len(places))
	for i, place := range places {
		names[i] = s.names[place]
	}
	markets, _ := s.client.List(ctx, names)
	for i, m := range markets {
		if m != nil {
			s.keep(places[i], finding{market: m})
		}
	}
}

// one asks for a name, unless its market is known.
func (s *search) one(ctx context.Context, place int) {
	s.mu.Lock()
	f, key := s.found[place], keyOf(s.names[place])
	if f.market == nil && key != "" {
		f.market = s.known[key]
	}
	s.mu.Unlock()
	switch {
	case s.found[place].market != nil:
		return
	case f.market == nil:
		f.market, f.err = s.client.Market(ctx, s.names[place])
	}
	s.keep(place, f)
}

// keep notes what is known of a name.
func (s *search) keep(place int, f finding) {
	s.done.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found[place] = f
	if m := f.market; m != nil {
		for _, t := range m.Tokens {
			s.known[t.ID] = m
		}
		s.known[m.Condition], s.known[m.Slug] = m, m
	}
}

// keyOf is by what the market of a name may be known, "" if it is to be asked for: the event
// in an address is.
func keyOf(name string) string {
	n, err := rest.ParseName(name)
	if err != nil || n.Kind == rest.EventName || n.Event != "" {
		return ""
	}
	return n.ID
}

// tell says from time to time how far the search has come, until it is stopped.
func (s *search) tell(r *resolver) (stop func()) {
	done := make(chan struct{})
	var teller sync.WaitGroup
	teller.Go(func() {
		timer := time.NewTimer(firstNews)
		defer timer.Stop()
		for {
			select {
			case <-done:
				return
			case <-timer.C:
				fmt.Fprintf(r.stderr, "bookview: asking for names: %d of %d so far\n", s.done.Load(), len(s.names))
				timer.Reset(moreNews)
			}
		}
	})
	return func() { close(done); teller.Wait() }
}
