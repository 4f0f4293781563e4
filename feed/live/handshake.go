package live

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"

	"github.com/coder/websocket"

	"example.com/truebook/feed"
	"example.com/truebook/feed/internal/endpoint"
)

// maxAnswer bounds the header of the answer to a handshake, in bytes.
const maxAnswer = 64 << 10

// open dials, and makes the handshakes of TLS and of the websocket. The context
// ends each of them, however slowly the server goes on.
func (s *Source) open(ctx context.Context) (*Conn, error) {
	w, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	socket, err := handshake(ctx, w, s.target)
	if err != nil {
		return nil, errors.Join(err, ignoreClosed(w.Close()))
	}
	w.line.upgraded = true
	socket.SetReadLimit(feed.MaxFrame) // of which the wire has the same opinion
	return &Conn{socket: socket, wire: w, frame: make([]byte, firstBytes), tokens: map[string]struct{}{}}, nil
}

func (s *Source) connect(ctx context.Context) (*wire, error) {
	dial := s.options.DialContext
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	port := s.target.Port()
	if port == "" {
		port = map[string]string{"ws": "80", "wss": "443"}[s.target.Scheme]
	}
	transport, err := dial(ctx, "tcp", net.JoinHostPort(s.target.Hostname(), port))
	if err != nil {
		return nil, err
	}
	line := &line{Conn: transport}
	if s.target.Scheme == "ws" {
		return newWire(line, line, nil), nil
	}
	below := newRecords(line)
	secure := tls.Client(below, &tls.Config{
		ServerName: s.target.Hostname(), RootCAs: s.options.RootCAs,
		MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
		// Without a cache of sessions no server sends tickets, which [Conn.More]
		// would take for frames.
	})
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, ignoreClosed(transport.Close()))
	}
	return newWire(line, secure, below), nil
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
		HTTPHeader: http.Header{"User-Agent": {endpoint.UserAgent}},
	})
	if err == nil {
		return socket, nil
	}
	if answer != nil && answer.StatusCode != http.StatusSwitchingProtocols {
		// Of its body the library has read at most 1 KiB, for at most three seconds and
		// not beyond the context (v1.8.15).
		return nil, endpoint.Refusal(answer)
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
