package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"example.com/truebook/feed"
)

// Signer returns the headers by which the exchange knows who makes a request: those of
// package keys. It is called when the request is about to be sent, since they hold the
// time, and must not wait. Its error is that of the call. The path is the exchange's own,
// without what the URL of the Client puts before it.
type Signer func(method, path string, body []byte) (map[string]string, error)

// MaxPage bounds a page of orders or trades, in bytes: some thousands of either.
const MaxPage = 4 << 20

// maxKey bounds the answer about an API key, in bytes.
const maxKey = 4 << 10

// OpenOrders returns a page of the account's open orders (GET /data/orders), as the
// exchange writes it: an object with an array "data" and a "next_cursor". The cursor is
// that of the page before, "" for the first page; "LTE=" stands for no further page (the
// exchange's clients, 2026).
//
// The errors are those of [Client.FetchBooks], but no words of the server are in them:
// they might be a secret that it was sent.
func (c *Client) OpenOrders(ctx context.Context, sign Signer, cursor string) ([]byte, error) {
	return c.ask(ctx, c.orders, request{path: "data/orders", query: pageQuery(cursor), most: MaxPage, sign: sign})
}

// Trades returns a page of the account's trades (GET /data/trades), of those that were
// matched after a time if it is not zero, in seconds of the exchange's clock. Otherwise it
// is as [Client.OpenOrders].
func (c *Client) Trades(ctx context.Context, sign Signer, after time.Time, cursor string) ([]byte, error) {
	query := pageQuery(cursor)
	if !after.IsZero() {
		query += "&after=" + strconv.FormatInt(after.Unix(), 10)
	}
	return c.ask(ctx, c.trades, request{path: "data/trades", query: query, most: MaxPage, sign: sign})
}

// FirstCursor and LastCursor stand for the first page and for the one that is not there
// any more, as in the exchange's clients.
const (
	FirstCursor = "MA=="
	LastCursor  = "LTE="
)

func pageQuery(cursor string) string {
	if cursor == "" {
		cursor = FirstCursor
	}
	return "next_cursor=" + url.QueryEscape(cursor)
}

// DeriveKey returns the API key that the wallet of a signer has made before
// (GET /auth/derive-api-key), as the exchange writes it. See keys.Derive.
func (c *Client) DeriveKey(ctx context.Context, sign Signer) ([]byte, error) {
	return c.ask(ctx, c.derive, request{path: "auth/derive-api-key", most: maxKey, sign: sign})
}

// CreateKey makes an API key for the wallet of a signer (POST /auth/api-key), and returns
// it as the exchange writes it. It is sent once, whatever becomes of it. See keys.Create.
func (c *Client) CreateKey(ctx context.Context, sign Signer) ([]byte, error) {
	return c.ask(ctx, c.create, request{path: "auth/api-key", most: maxKey, sign: sign})
}

// signed puts the headers of a signer into a request.
func (r *request) signed(q *http.Request) error {
	if r.sign == nil {
		return nil
	}
	header, err := r.sign(q.Method, "/"+r.path, r.body)
	if err != nil {
		return err
	}
	for name, value := range header {
		q.Header[name] = []string{value} // and not in another case
	}
	return nil
}

// unsignedError is a signer's, which is the caller's own.
type unsignedError struct{ error }

// Unwrap returns the error itself.
func (e *unsignedError) Unwrap() error { return e.error }

var errNetwork = errors.New("the request failed")

// wordless returns an error of a request that was signed, without any words of the server:
// net/http quotes what it cannot read.
func wordless(err error) error {
	var (
		unsigned    *unsignedError
		refusal     *feed.StatusError
		operation   *net.OpError
		name        *net.DNSError
		certificate *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &unsigned):
		return unsigned.error
	case errors.As(err, &refusal):
		return &feed.StatusError{Status: refusal.Status, RetryAfter: refusal.RetryAfter}
	case errors.As(err, &certificate):
		return errors.New("tls: the certificate does not verify")
	case errors.As(err, &name):
		return name
	case errors.As(err, &operation):
		return operation
	}
	for _, known := range []error{
		context.Canceled, context.DeadlineExceeded, net.ErrClosed, io.EOF, io.ErrUnexpectedEOF, ErrTooBig, ErrBudget,
	} {
		if errors.Is(err, known) {
			return known
		}
	}
	return errNetwork
}
