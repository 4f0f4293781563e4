package live

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"

	"example.com/truebook/feed"
	"example.com/truebook/feed/internal/endpoint"
)

// MarketURL is the exchange's market channel.
const MarketURL = "wss://ws-subscriptions-clob.polymarket.com/ws/market"

// UserURL is the exchange's user channel, which package user opens.
const UserURL = "wss://ws-subscriptions-clob.polymarket.com/ws/user"

// Options say where to dial. The zero value is the exchange. There is no field
// for a credential, since the market channel needs none, and none that switches the
// verification of certificates off.
type Options struct {
	// URL is MarketURL if "". It is wss://host/path, or ws://host/path where the
	// host is localhost or a loopback address.
	URL string
	// RootCAs are trusted instead of the system's authorities, for a simulated
	// exchange with a certificate of its own.
	RootCAs *x509.CertPool
	// DialContext opens the connection below TLS. It is that of a net.Dialer if
	// nil; a simulation may pass the end of a pipe. Deadlines and Close must do
	// what net.Conn says of them, since the bounds of time rest on them.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
}

// Source opens connections to one address. It is for any number of goroutines,
// and holds nothing that is to be closed.
type Source struct {
	options Options
	target  *url.URL
}

var _ feed.Source = (*Source)(nil)

// New returns the source of an address, and an error if the URL is none that may
// be dialled. It starts nothing.
func New(o Options) (*Source, error) {
	target, err := o.target()
	if err != nil {
		return nil, err
	}
	return &Source{options: o, target: target}, nil
}

// target returns the URL to dial, if it is one that may be dialled.
func (o *Options) target() (*url.URL, error) {
	text := o.URL
	if text == "" {
		text = MarketURL
	}
	u, err := endpoint.Parse(text, "wss", "ws")
	if err != nil {
		return nil, fmt.Errorf("live: %w", err)
	}
	return u, nil
}

// Open dials, and subscribes to tokens, 1 to [MaxTokens] of them. What it returns
// is a [*Conn], and is to be closed.
//
// The context bounds Open alone, and should have a deadline: a server may take
// for ever to answer. A refused handshake, which a redirect is too, is a
// [*feed.StatusError].
func (s *Source) Open(ctx context.Context, tokens []string) (feed.Conn, error) {
	if err := endpoint.CheckTokens(tokens, MaxTokens); err != nil {
		return nil, fmt.Errorf("live: %w", err)
	}
	c, err := s.open(ctx)
	if err != nil {
		return nil, fmt.Errorf("live: dial %s: %w", s.target.Host, foreignError{err})
	}
	watch(c.tokens, tokens)
	if err := c.send(ctx, subscription(tokens)); err != nil {
		c.end()
		return nil, err
	}
	return c, nil
}

// OpenWith dials, and sends a first message of the caller's: for the user channel, whose
// first message is no subscription to tokens. Otherwise it is as [Source.Open]. The message
// is in no error; words of the server may be.
func (s *Source) OpenWith(ctx context.Context, first []byte) (*Conn, error) {
	c, err := s.open(ctx)
	if err != nil {
		return nil, fmt.Errorf("live: dial %s: %w", s.target.Host, foreignError{err})
	}
	if err := c.send(ctx, first); err != nil {
		c.end()
		return nil, err
	}
	return c, nil
}
