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
	// maxUnderWay is how many requests there are at a time, and how many connections.
	maxUnderWay = booksAtOnce + bookAtOnce + marketsAtOnce + 2*dataAtOnce + 2*keysAtOnce
)

// Options say whom to ask. The zero value is the exchange. There is no field for a
// credential: those calls that need one take a [Signer]. Nor is there one that switches the
// verification of certificates off.
type Options struct {
	// URL is BaseURL if "". It is https://host, or http://host where the host is
	// localhost or a loopback address; a path is put before those of the exchange.
	URL string
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
	base                 *url.URL
	transport            *http.Transport
	book, books, markets *gate

	orders, trades, derive, create *gate // for those that sign

	life context.Context //nolint:containedctx // of the Client itself: Close ends it, and it ends what is under way
	end  context.CancelFunc
}

// New returns a Client. It opens no connection. Close it when it is no longer needed.
func New(o Options) (*Client, error) {
	text := o.URL
	if text == "" {
		text = BaseURL
	}
	base, err := endpoint.Parse(text, "https", "http")
	if err != nil {
		return nil, fmt.Errorf("rest: %w", err)
	}
	c := &Client{
		base:    base,
		book:    newGate(http.MethodGet, "book", bookRate, bookBurst, bookAtOnce),
		books:   newGate(http.MethodPost, "books", booksRate, booksBurst, booksAtOnce),
		markets: newGate(http.MethodGet, "markets", marketsRate, marketsBurst, marketsAtOnce),
		orders:  newGate(http.MethodGet, "data/orders", dataRate, dataBurst, dataAtOnce),
		trades:  newGate(http.MethodGet, "data/trades", dataRate, dataBurst, dataAtOnce),
		derive:  newGate(http.MethodGet, "auth/derive-api-key", keysRate, keysBurst, keysAtOnce),
		create:  newGate(http.MethodPost, "auth/api-key", keysRate, keysBurst, keysAtOnce),
	}
	c.life, c.end = context.WithCancel(context.Background())
	connect := c.dialler(o)
	c.transport = &http.Transport{
		DialContext: connect, DialTLSContext: connect, // there is one scheme, that of base
		MaxConnsPerHost:        maxUnderWay,
		MaxIdleConnsPerHost:    maxUnderWay,
		IdleConnTimeout:        idleTime,
		MaxResponseHeaderBytes: maxHeader,
		DisableCompression:     true, // what is read is what was sent: its bound holds for both
	}
	return c, nil
}

// dialler returns how connections are opened, with TLS unless the URL is of this
// machine and says otherwise.
func (c *Client) dialler(o Options) func(context.Context, string, string) (net.Conn, error) {
	dial := o.DialContext
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	config := &tls.Config{
		ServerName: c.base.Hostname(), RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12,
		// Not HTTP/2: a request that is given up ends its connection, and no other request.
		NextProtos: []string{"http/1.1"},
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, release := c.bound(ctx, dialTime)
		defer release()
		conn, err := dial(ctx, network, address)
		if err != nil || c.base.Scheme == "http" {
			return conn, err
		}
		secure := tls.Client(conn, config)
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
	return fmt.Errorf("rest: %s at %s: %w", g.name(), c.base.Host, err)
}
