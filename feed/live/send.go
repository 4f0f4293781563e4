package live

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"

	"github.com/coder/websocket"

	"example.com/truebook/feed/internal/endpoint"
)

// Ping sends the text PING, which the exchange answers by the text PONG, a frame as
// others: after 0.14 s mostly, and 11 s at worst, because it queues behind the data
// (measured by others, 2026-10). A connection that is quiet both ways is dropped
// after 125 s; the exchange asks for a PING every 10 s, and closes one that begins
// with it. An error is as that of [Conn.Subscribe].
func (c *Conn) Ping(ctx context.Context) error { return c.send(ctx, []byte("PING")) }

// Send sends a text message of the caller's, on a connection that [Source.OpenWith] has
// opened. Bounds and errors are as those of [Conn.Subscribe].
func (c *Conn) Send(ctx context.Context, message []byte) error { return c.send(ctx, message) }

// Subscribe asks for the books and changes of more tokens, 1 to [MaxTokens] of
// them, and no more than that of all that the connection is subscribed to.
//
// It waits for the network until the context is over, and five seconds at most. If
// that is too short, or if writing fails, the connection is over, and Next says so
// too: an error matches [ErrTooSlow] after five seconds, the context's error, or
// [net.ErrClosed] if the connection has ended otherwise. Tokens that cannot be, and a
// context that is over already, are errors that change nothing.
func (c *Conn) Subscribe(ctx context.Context, tokens []string) error {
	if err := endpoint.CheckTokens(tokens, MaxTokens); err != nil {
		return fmt.Errorf("live: %w", err)
	}
	watched := maps.Clone(c.tokens)
	watch(watched, tokens)
	if len(watched) > MaxTokens {
		return fmt.Errorf("live: %d tokens for a connection, which takes %d", len(watched), MaxTokens)
	}
	if err := c.send(ctx, operations("subscribe", `,"custom_feature_enabled":true}`, tokens)...); err != nil {
		return err
	}
	c.tokens = watched
	return nil
}

// Unsubscribe gives up tokens, 1 to [MaxTokens] of them. Frames that are on their
// way still come. Subscribing to the same token again may bring no book (observed
// by others, 2026-08-03). Bounds and errors are as those of [Conn.Subscribe].
func (c *Conn) Unsubscribe(ctx context.Context, tokens []string) error {
	if err := endpoint.CheckTokens(tokens, MaxTokens); err != nil {
		return fmt.Errorf("live: %w", err)
	}
	if err := c.send(ctx, operations("unsubscribe", `}`, tokens)...); err != nil {
		return err
	}
	for _, token := range tokens {
		delete(c.tokens, token)
	}
	return nil
}

func watch(watched map[string]struct{}, tokens []string) {
	for _, token := range tokens {
		watched[token] = struct{}{}
	}
}

// send writes text messages. A part of one may have been written when it fails, so
// that ends the connection.
func (c *Conn) send(ctx context.Context, messages ...[]byte) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("live: %w", err)
	}
	bounded, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	// The library would end the connection by itself, and Next would learn of that
	// before it can be told why.
	defer context.AfterFunc(bounded, func() { c.giveUp(overdue(ctx)) })()
	for _, message := range messages {
		err := c.socket.Write(context.Background(), websocket.MessageText, message)
		switch {
		case err == nil:
			continue
		case c.closed.Load():
			err = fmt.Errorf("live: %w", net.ErrClosed)
		case bounded.Err() != nil || errors.Is(err, ErrTooSlow):
			err = overdue(ctx)
		default:
			err = fmt.Errorf("live: %w", err)
		}
		c.giveUp(err)
		return err
	}
	return nil
}

// giveUp ends the connection by the error of a write, unless that was for its end.
func (c *Conn) giveUp(err error) {
	if !errors.Is(err, net.ErrClosed) {
		c.unsent.CompareAndSwap(nil, &err)
	}
	c.end()
}

// overdue is why a write was given up.
func overdue(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("live: %w", err)
	}
	return errSlowReader
}
