package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"example.com/truebook/cmd/bookview/screen"
	"example.com/truebook/feed/keys"
	"example.com/truebook/feed/user"
)

// maxFills is how many of one's own fills the screen is told.
const maxFills = 50

// own is whose account the screen shows beside the books: nobody's if it is zero.
type own struct {
	credentials keys.Credentials
	since       time.Time // from when on fills are shown, zero for the last hour
}

// fromEnvironment reads the credentials that the environment gives, if it gives any. There
// is no flag for them: every process of the machine may see those.
func (o *own) fromEnvironment(getenv func(string) string) error {
	if !o.credentials.IsZero() { // the demo's
		return nil
	}
	credentials, err := keys.FromEnvironment(getenv)
	if errors.Is(err, keys.ErrUnset) {
		return nil
	}
	o.credentials = credentials
	return err
}

// newAccount returns the account to be shown, nil without credentials.
func (w *watcher) newAccount() (*user.Account, error) {
	if w.own.credentials.IsZero() {
		return nil, nil //nolint:nilnil // there is none, and nothing is wrong
	}
	o := user.Options{
		Credentials: w.own.credentials, Client: w.rest, Since: w.own.since, Logger: slog.New(&w.log),
	}
	if w.wsURL != "" {
		begin, ok := strings.CutSuffix(w.wsURL, "/market")
		if !ok {
			return nil, fmt.Errorf("own orders cannot be shown: %s does not end with /market, beside which /user would be", w.wsURL)
		}
		o.URL = begin + "/user"
	}
	return user.New(o)
}

// followAccount asks for a frame whenever own state has changed.
func (s *liveScene) followAccount(ctx context.Context) {
	for range s.account.Changes(ctx) {
		select {
		case s.changed <- struct{}{}:
		default: // one is to come
		}
	}
}

// ownState is what the screen shows of an account.
func ownState(v *user.View) *screen.Account {
	a := &screen.Account{Known: v.Known, Reason: v.Reason.String(), Since: v.Since}
	for _, o := range v.Orders() {
		a.Orders = append(a.Orders, screen.Order{Asset: o.Token, Side: o.Side, Price: o.Price, Size: o.Remaining()})
	}
	fills := v.Fills()
	for _, f := range fills[max(len(fills)-maxFills, 0):] {
		a.Fills = append(a.Fills, screen.Fill{
			Trade: tradeOf(f.Token, f.Time, f.Side, f.Price, f.Size), Status: f.Status.String(),
		})
	}
	return a
}
