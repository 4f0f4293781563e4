package rest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"

	"example.com/truebook/feed"
	"example.com/truebook/feed/internal/endpoint"
)

// request is what is asked for besides the kind of a request.
type request struct {
	path  string // after that of the URL
	query string
	body  []byte // JSON, nil for none
	most  int64  // bytes of the answer that are read
	sign  Signer // nil if anybody may ask
}

// ask makes a request when it may be made. What it returns looks like JSON, and has at
// most so many bytes; it is the caller's.
func (c *Client) ask(ctx context.Context, g *gate, r request) ([]byte, error) {
	ctx, release := c.bound(ctx, requestTime)
	defer release()
	if err := g.enter(ctx); err != nil {
		return nil, c.failed(ctx, g, err)
	}
	defer g.leave()
	if c.life.Err() != nil { // ctx ends a little later
		return nil, c.failed(ctx, g, net.ErrClosed)
	}
	answer, err := c.exchange(ctx, g, r)
	if err != nil && r.sign != nil {
		err = wordless(err)
	}
	if refusal := (*feed.StatusError)(nil); err == nil || errors.As(err, &refusal) {
		g.answered(refusal)
	}
	if err != nil {
		return nil, c.failed(ctx, g, err)
	}
	return answer, nil
}

// exchange sends a request and reads the answer. It speaks to the transport and not
// through an http.Client: there are no redirects, no cookies and no credentials then.
func (c *Client) exchange(ctx context.Context, g *gate, r request) ([]byte, error) {
	target := g.base.JoinPath(r.path)
	target.RawQuery = r.query
	q, err := http.NewRequestWithContext(ctx, g.method, target.String(), bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	q.Header.Set("User-Agent", endpoint.UserAgent)
	if r.body != nil {
		q.Header.Set("Content-Type", "application/json")
		// POST /books changes nothing. This header is not sent: it tells the transport
		// that it may ask again if the server had closed an idle connection, as it does
		// with GET, once for each such connection at most.
		q.Header["Idempotency-Key"] = nil
	}
	if err := r.signed(q); err != nil {
		return nil, &unsignedError{err}
	}
	answer, err := c.transport.RoundTrip(q)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close() //nolint:errcheck // reading is over by then
	if answer.StatusCode != http.StatusOK {
		return nil, endpoint.Refusal(answer)
	}
	if answer.ContentLength > r.most {
		return nil, ErrTooBig
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, r.most+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(data)) > r.most:
		return nil, ErrTooBig
	case !feed.LooksLikeJSON(data):
		return nil, &feed.StatusError{Status: answer.StatusCode, Body: string(data[:min(len(data), feed.MaxStatusBody)])}
	}
	return data, nil
}
