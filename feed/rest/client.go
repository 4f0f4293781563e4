package rest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"example.com/truebook/feed/internal/endpoint"
)

// BaseURL is the exchange's REST interface.
const BaseURL = "https://clob.polymarket.com"

// Bounds of a [Client].
const (
	// requestTime is what a call may take, with the wait for its turn. Its callers
	// have given up by then: what comes later is of no use.
	requestTime = 10 * time.Second
	// dialTime is for a connection and its handshake of TLS. A request that is given
	// up leaves its dialling behind, for the next one.
	dialTime = 5 * time.Second
	// idleTime is how long a connection is kept for the next request.
	idleTime = 90 * time.Second
	// maxHeader bounds the header of an answer, in bytes.
	maxHeader = 64 << 10
	// maxUnderWay is how many connections there are to each host: one for each request that
	// may be under way to the exchange. Those to Gamma, which has a host of its own there,
	// are fewer.
	maxUnderWay = booksAtOnce + bookAtOnce + marketsAtOnce + 2*dataAtOnce + 2*keysAtOnce
)

// Options say whom to ask. The zero value is the exchange. There is no field for a
// credential: those calls that need one take a [Signer]. Nor is there one that switches the
// verification of certificates off.
type Options struct {
	// URL is BaseURL if "". It is https://host, or http://host where the host is
	// localhost or a loopback address; a path is put before those of the exchange.
	URL string
	// GammaURL is where markets are listed by their names, such a URL too. If it is "", it
	// is the constant GammaURL, unless URL leads elsewhere: names of the one exchange are
	// no use at another, and are ErrNoGamma then.
	GammaURL string
	// RootCAs are trusted instead of the system's authorities, for a simulated
	// exchange with a certificate of its own.
	RootCAs *x509.CertPool
	// DialContext opens the connection below TLS. It is that of a net.Dialer if nil;
	// a simulation may pass the end of a pipe, and who needs a proxy may dial it.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
}

// Client asks the exchange. It may be used by any number of goroutines at once, and
// should be one for a process: its bounds are those of one Client.
type Client struct {
	transport            *http.Transport
	book, books, markets *gate
	gamma                *gate // nil without one

	orders, trades, derive, create *gate // for those that sign

	life context.Context //nolint:containedctx // of the Client itself: Close ends it, and it ends what is under way
	end  context.CancelFunc
}

// New returns a Client. It opens no connection. Close it when it is no longer needed.
func New(o Options) (*Client, error) {
	base, err := parseURL(o.URL, BaseURL)
	if err != nil {
		return nil, fmt.Errorf("rest: %w", err)
	}
	c := &Client{
		book:    newGate(base, http.MethodGet, "/book", bookRate, bookBurst, bookAtOnce),
		books:   newGate(base, http.MethodPost, "/books", booksRate, booksBurst, booksAtOnce),
		markets: newGate(base, http.MethodGet, "/markets", marketsRate, marketsBurst, marketsAtOnce),
		orders:  newGate(base, http.MethodGet, "/data/orders", dataRate, dataBurst, dataAtOnce),
		trades:  newGate(base, http.MethodGet, "/data/trades", dataRate, dataBurst, dataAtOnce),
		derive:  newGate(base, http.MethodGet, "/auth/derive-api-key", keysRate, keysBurst, keysAtOnce),
		create:  newGate(base, http.MethodPost, "/auth/api-key", keysRate, keysBurst, keysAtOnce),
	}
	if o.GammaURL != "" || o.URL == "" {
		list, err := parseURL(o.GammaURL, GammaURL)
		if err != nil {
			return nil, fmt.Errorf("rest: of Gamma: %w", err)
		}
		c.gamma = newGate(list, http.MethodGet, "the list of markets", gammaRate, gammaBurst, gammaAtOnce)
	}
	c.life, c.end = context.WithCancel(context.Background())
	dial := c.dialler(o)
	c.transport = &http.Transport{
		DialContext: dial, DialTLSContext: c.secureDialler(o, dial),
		MaxConnsPerHost:        maxUnderWay,
		MaxIdleConnsPerHost:    maxUnderWay,
		IdleConnTimeout:        idleTime,
		MaxResponseHeaderBytes: maxHeader,
		DisableCompression:     true, // what is read is what was sent: its bound holds for both
	}
	return c, nil
}

func parseURL(text, otherwise string) (*url.URL, error) {
	if text == "" {
		text = otherwise
	}
	return endpoint.Parse(text, "https", "http")
}

type dialler = func(ctx context.Context, network, address string) (net.Conn, error)

// dialler returns how connections are opened.
func (c *Client) dialler(o Options) dialler {
	dial := o.DialContext
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, release := c.bound(ctx, dialTime)
		defer release()
		return dial(ctx, network, address)
	}
}

// secureDialler returns how connections with TLS are opened, within the same time.
func (c *Client) secureDialler(o Options, dial dialler) dialler {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, release := c.bound(ctx, dialTime)
		defer release()
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		secure := tls.Client(conn, &tls.Config{
			ServerName: host, RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12,
			// Not HTTP/2: a request that is given up ends its connection, and no other request.
			NextProtos: []string{"http/1.1"},
		})
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, err
		}
		return secure, nil
	}
}

// bound returns a context that ends with the Client too, and after d at the latest. It
// is to be released when what it is for is over.
func (c *Client) bound(ctx context.Context, d time.Duration) (context.Context, func()) {
	ctx, cancel := context.WithTimeout(ctx, d)
	stop := context.AfterFunc(c.life, cancel)
	return ctx, func() {
		stop()
		cancel()
		if c.life.Err() != nil { // it may have left a connection after Close
			c.transport.CloseIdleConnections()
		}
	}
}

// Close ends the calls that are under way, and closes all connections. What is called
// afterwards, and what it ended, fails with an error that matches [net.ErrClosed].
// Further calls of Close do nothing.
func (c *Client) Close() error {
	c.end()
	c.transport.CloseIdleConnections()
	return nil
}

// failed is the error of a call, for what went wrong.
func (c *Client) failed(ctx context.Context, g *gate, err error) error {
	switch {
	case c.life.Err() != nil:
		return fmt.Errorf("rest: %w", net.ErrClosed)
	case errors.Is(err, ErrBudget) || errors.Is(err, ErrTooBig):
		return err
	}
	if over := ctx.Err(); over != nil && !errors.Is(err, over) {
		err = fmt.Errorf("%w (%w)", over, err) // it may show as a failure of the network
	}
	return fmt.Errorf("rest: %s: %w", g.name(), err)
}
