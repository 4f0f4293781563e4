package feedtest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"sync"
	"time"
)

// ServerOptions choose a [Server]. The zero value is a venue of four markets in real
// time.
type ServerOptions struct {
	// Venue is what is served. Its connections are numbered in the order of their
	// handshakes, from 1.
	Venue VenueOptions
	// Speed is how many seconds pass at the venue in one of the clock, 1 if 0. If it is
	// more than 1, nobody is dropped for being idle, since clients send PING by the
	// clock.
	//
	// With math.Inf(1) the venue's time goes as fast as clients take frames: none of
	// them is too slow, the venue waits for the slowest, with requests too. It stands
	// still while nobody waits for anything, and since it does not while somebody does,
	// this is not for a bubble of synctest.
	Speed float64
	// Attacks begin at their times. [Server.Attack] adds more later.
	Attacks []Attack
}

// Server serves a [Venue] to real clients, over HTTP and websockets:
//
//	GET  /ws/market            the market channel
//	GET  /book?token_id=...    the book of a token
//	POST /books                those of the tokens in [{"token_id":"..."},...]
//	GET  /markets/{condition}  a market, its tokens and terms
//	GET  /markets-by-token/... the market of a token
//	GET  /ok, /time            a sign of life, and the exchange's time in seconds
//	GET  /ws/user              the user channel, for each [Account] of the venue
//	GET  /data/orders, /data/trades, /auth/derive-api-key
//	POST /auth/api-key         what is signed, see [Venue.Ask]
//
// and after [GammaPath], the list of the site's markets and events, which knows them by the
// names in [Market], and more markets than are open:
//
//	GET  /markets/slug/{slug}, /events/slug/{slug}
//	GET  /markets?slug=...&condition_ids=...&clob_token_ids=...&closed=true
//	GET  /public-search?q=...&limit_per_type=...
//
// It writes them in the ways of the real one: arrays within strings or not, in either order,
// numbers as strings, empty strings for what is missing.
//
// It lets the venue's time follow the clock of the process, from [NewServer] on, and
// passes on what clients do and what reaches them. Everything that goes wrong at the
// venue does on the wire: a refused handshake is an answer of HTTP with its status and
// Retry-After, or a connection that is reset; a close without a code is a reset; a
// black hole reads and writes nothing more and keeps the connection open, until its
// fault or the server ends, even if the client has left; a request that is not answered
// hangs until the client leaves. What a server can do beyond that is an [Attack].
//
// For each client at most 16 MiB of frames wait, and one frame more, beside those that
// are being written, which waited before. A client that reads too slowly for that gets
// the latter, close code 1013 with the reason "slow consumer: send buffer full", as from
// the real exchange, and a second to read them; or is dropped without. A message of a
// client may have 1 MiB.
//
// Its methods may be called by any number of goroutines at once.
type Server struct {
	speed   float64
	began   time.Time
	handler http.Handler
	http    http.Server
	pipes   *Pipes
	// closing is closed when Close begins, tasks are the goroutines that it waits for.
	closing chan struct{}
	tasks   sync.WaitGroup
	// changed wakes the goroutine that lets time pass, when it may wait for the wrong
	// thing.
	changed chan struct{}

	// mu guards all that follows, the venue above all. Whoever holds it waits for
	// nothing.
	mu      sync.Mutex
	venue   *Venue
	closed  bool
	sockets map[int]*socket // that the venue knows, by its number
	answers map[uint64]chan<- Delivery
	dialled int // how many handshakes there were, and requests
	asked   uint64
	crowd   []*socket
	// hijacked are the connections that net/http does not close.
	hijacked map[*gate]struct{}
	attacks  []*Attack // that are to hit something
	attacked map[AttackKind]int
}

// NewServer starts a server that nobody can reach yet. In a bubble of synctest it must
// be called within, and closed before the end.
func NewServer(o ServerOptions) *Server {
	s := &Server{
		venue: NewVenue(o.Venue), speed: o.Speed, began: time.Now(),
		pipes: NewPipes(), closing: make(chan struct{}), changed: make(chan struct{}, 1),
		sockets: map[int]*socket{}, answers: map[uint64]chan<- Delivery{},
		hijacked: map[*gate]struct{}{}, attacked: map[AttackKind]int{},
	}
	if s.speed == 0 {
		s.speed = 1
	}
	s.venue.patient = s.speed > 1
	s.venue.blackholed = func(conn int) {
		if c := s.sockets[conn]; c != nil {
			c.deafen()
		}
	}
	for _, a := range o.Attacks {
		s.plan(a)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ws/market", func(w http.ResponseWriter, r *http.Request) { s.serveSocket(w, r, s.venue.Dial) })
	s.handleAccounts(mux)
	mux.HandleFunc("GET /book", s.serveBook)
	mux.HandleFunc("POST /books", s.serveBooks)
	mux.HandleFunc("GET /markets/{condition}", s.serveAboutMarket)
	mux.HandleFunc("GET /markets-by-token/{token}", s.serveAboutToken)
	mux.HandleFunc("GET "+GammaPath+"/markets/slug/{slug}", s.serveGamma(gammaMarketSlug))
	mux.HandleFunc("GET "+GammaPath+"/events/slug/{slug}", s.serveGamma(gammaEventSlug))
	mux.HandleFunc("GET "+GammaPath+"/markets", s.serveGamma(gammaList))
	mux.HandleFunc("GET "+GammaPath+"/public-search", s.serveGamma(gammaSearch))
	mux.HandleFunc("GET /ok", s.serveQuery(query{kind: health}))
	mux.HandleFunc("GET /time", s.serveQuery(query{kind: clock}))
	s.handler = s.whileOpen(mux)
	s.http = http.Server{Handler: s.handler, ReadHeaderTimeout: time.Minute, ConnState: s.count}
	s.tasks.Go(s.letTimePass)
	s.serve(s.pipes)
	return s
}

// Handler returns what answers requests, for an HTTP server of one's own, with TLS for
// instance. Close ends its requests, but for one whose answer a client does not read,
// and its websockets; what else there is of it is to be closed afterwards.
func (s *Server) Handler() http.Handler { return s.handler }

// Start listens at a TCP address, "127.0.0.1:0" for a free port of this machine alone,
// and serves there until Close. An address without a host is of this machine alone
// too.
func (s *Server) Start(listen string) (wsURL, restURL string, err error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", "", fmt.Errorf("feedtest: %w", err)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return "", "", fmt.Errorf("feedtest: %w", err)
	}
	if !s.serve(listener) {
		return "", "", errors.Join(errClosed, listener.Close())
	}
	at := listener.Addr().String()
	return "ws://" + at + "/ws/market", "http://" + at, nil
}

var errClosed = errors.New("feedtest: the server is closed")

// serve answers what a listener accepts, unless the server is closed.
func (s *Server) serve(l net.Listener) bool {
	return s.begin(func() { _ = s.http.Serve(l) }) // until it is closed
}

// begin starts a goroutine that Close waits for, unless the server is closed.
func (s *Server) begin(task func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.tasks.Go(task)
	}
	return !s.closed
}

// Dial connects to the server without a network, as [Pipes.Dial] does.
func (s *Server) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return s.pipes.Dial(ctx, network, address)
}

// Do calls a function with the venue, as it is now. It may inject faults and ask for
// markets, the truth and what was injected; Dial, Send, Hangup, Fetch and Advance are
// the server's. Nothing happens at the venue meanwhile: the function must not wait, nor
// call the server. It may be called after Close too.
func (s *Server) Do(f func(*Venue)) {
	s.enter()
	defer s.leave()
	f(s.venue)
}

// Close ends all connections at once, without a goodbye, and waits until every
// goroutine of the server has ended. Further calls do nothing.
func (s *Server) Close() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.closing)
		_ = s.pipes.Close() // which never fails
		for conn := range s.hijacked {
			_ = conn.Close()
		}
	}
	s.mu.Unlock()
	_ = s.http.Close() // the listeners' errors say that they were closed
	s.tasks.Wait()
}

// whileOpen refuses requests when the server is closed, and lets Close wait for those
// that it answers.
func (s *Server) whileOpen(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			panic(http.ErrAbortHandler)
		}
		s.tasks.Add(1)
		s.mu.Unlock()
		defer s.tasks.Done()
		h.ServeHTTP(w, r)
	})
}

// count lets Close wait for what net/http does with a connection: it may sleep on it for
// half a second.
func (s *Server) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.tasks.Add(1) // while the listener's task is there
	case http.StateHijacked, http.StateClosed:
		s.tasks.Done()
	case http.StateActive, http.StateIdle:
	}
}

func (s *Server) fullSpeed() bool { return math.IsInf(s.speed, 1) }
