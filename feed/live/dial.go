package live

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/coder/websocket"

	"example.com/truebook/feed"
)

// MarketURL is the exchange's market channel.
const MarketURL = "wss://ws-subscriptions-clob.polymarket.com/ws/market"

// maxAnswer bounds the header of the answer to a handshake, in bytes.
const maxAnswer = 64 << 10

// Options say where to dial. The zero value is the exchange. There is no field
// for a credential, since the channel needs none, and none that switches the
// verification of certificates off.
type Options struct {
	// URL is MarketURL if "". It is wss://host/path, or ws://host/path where the
	// host is localhost or a loopback address.
	URL string
	// RootCAs are trusted instead of the system's authorities, for a simulated
	// exchange with a certificate of its own.
	RootCAs *x509.CertPool
	// DialContext opens the connection below TLS. It is that of a net.Dialer if
	// nil; a simulation may pass the end of a pipe.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
}

// Dial opens a connection and subscribes it to tokens, 1 to [MaxTokens] of them.
//
// The context bounds Dial alone, and should have a deadline: a server may take
// for ever to answer. A refused handshake, which a redirect is too, is a
// [*feed.StatusError].
func Dial(ctx context.Context, o Options, tokens []string) (*Conn, error) {
	message, err := subscription(tokens)
	if err != nil {
		return nil, err
	}
	target, err := o.target()
	if err != nil {
		return nil, err
	}
	c, err := open(ctx, o, target)
	if err != nil {
		return nil, fmt.Errorf("live: dial %s: %w", target.Host, err)
	}
	if err := c.socket.Write(ctx, websocket.MessageText, message); err != nil {
		c.end()
		return nil, fmt.Errorf("live: subscribe at %s: %w", target.Host, err)
	}
	return c, nil
}

// target returns the URL to dial, if it is one that may be dialled.
func (o *Options) target() (*url.URL, error) {
	text := o.URL
	if text == "" {
		text = MarketURL
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("live: %w", err)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Hostname() == "" {
		return nil, errors.New("live: the URL must be a scheme, a host and a path, and nothing else")
	}
	switch {
	case u.Scheme == "wss":
	case u.Scheme == "ws" && loopback(u.Hostname()):
	case u.Scheme == "ws":
		return nil, fmt.Errorf("live: %s is to be dialled with wss: ws is for this machine alone", u.Host)
	default:
		return nil, fmt.Errorf("live: scheme %q of the URL is not wss", u.Scheme)
	}
	return u, nil
}

func loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// open dials, and makes the handshakes of TLS and of the websocket.
func open(ctx context.Context, o Options, target *url.URL) (*Conn, error) {
	w, err := connect(ctx, o, target)
	if err != nil {
		return nil, err
	}
	socket, err := handshake(ctx, w, target)
	if err != nil {
		return nil, errors.Join(err, ignoreClosed(w.transport.Close()))
	}
	w.upgraded = true
	socket.SetReadLimit(feed.MaxFrame)
	return &Conn{socket: socket, wire: w, frame: make([]byte, firstBytes)}, nil
}

func connect(ctx context.Context, o Options, target *url.URL) (*wire, error) {
	dial := o.DialContext
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	port := target.Port()
	if port == "" {
		port = map[string]string{"ws": "80", "wss": "443"}[target.Scheme]
	}
	transport, err := dial(ctx, "tcp", net.JoinHostPort(target.Hostname(), port))
	if err != nil {
		return nil, err
	}
	if target.Scheme == "ws" {
		return newWire(transport, transport, nil), nil
	}
	below := newRecords(transport)
	secure := tls.Client(below, &tls.Config{
		ServerName: target.Hostname(), RootCAs: o.RootCAs,
		MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
	})
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, ignoreClosed(transport.Close()))
	}
	return newWire(transport, secure, below), nil
}

// handshake makes a websocket of a connection.
func handshake(ctx context.Context, w *wire, target *url.URL) (*websocket.Conn, error) {
	give := func(context.Context, string, string) (net.Conn, error) { return w, nil }
	client := http.Client{
		Transport: &http.Transport{
			DialContext: give, DialTLSContext: give,
			DisableKeepAlives:      true, // the connection is of use for this alone
			DisableCompression:     true,
			MaxResponseHeaderBytes: maxAnswer,
		},
		// The answer itself is then the refusal. A redirect could lead from wss
		// to ws, and to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	socket, answer, err := websocket.Dial(ctx, target.String(), &websocket.DialOptions{ //nolint:bodyclose // the library has closed it
		HTTPClient: &client, CompressionMode: websocket.CompressionDisabled,
	})
	if err == nil {
		return socket, nil
	}
	if answer != nil && answer.StatusCode != http.StatusSwitchingProtocols {
		return nil, &feed.StatusError{Status: answer.StatusCode}
	}
	if request := (*url.Error)(nil); errors.As(err, &request) {
		err = request.Err // without the URL, which is said already
	}
	return nil, err
}

// ignoreClosed returns the error of a Close, unless it is that somebody else
// closed first.
func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
