package main

import (
	"strings"
	"testing"

	"example.com/truebook/feed/feedtest"
	"example.com/truebook/feed/keys"
)

// TestOwnOrders: where the environment gives credentials, own orders stand beside their
// levels and own fills among the trades; a connection that is cut is said; and no secret is
// in anything that is written.
func TestOwnOrders(t *testing.T) {
	server, flags, markets := exchange(t, feedtest.VenueOptions{Seed: 2, Rate: 50})
	var account *feedtest.Account
	server.Do(func(v *feedtest.Venue) {
		account = v.OpenAccount(feedtest.AccountOptions{Seed: 1, PerMinute: 600})
	})
	secrets := []string{account.Key, account.Secret, account.Passphrase, account.PrivateKey}
	t.Setenv(keys.AddressVariable, account.Address)
	t.Setenv(keys.KeyVariable, account.Key)
	t.Setenv(keys.SecretVariable, account.Secret)
	t.Setenv(keys.PassphraseVariable, account.Passphrase)
	e := newEmulator(120, 40)
	wait := start(t, e, append(flags, markets[0].Condition)...)
	e.await(t, `[1-9][0-9]* own order`)
	e.await(t, `(?m)^ +MY +CUM`)
	e.await(t, `(?m)^ +([0-9]+×)?[0-9.,]+ +[0-9,.]+ +[0-9,.]+ +[0-9,.]+ .* [AB] `)
	server.Do(func(v *feedtest.Venue) { v.Inject(feedtest.Fault{Kind: feedtest.Reset, Market: -1}) })
	e.await(t, `own orders NOT known for`)
	e.await(t, `[1-9][0-9]* own order`)
	e.SendRaw([]byte("q"))
	code, stderr := wait()
	if code != 0 {
		t.Errorf("exit %d, stderr %s", code, stderr)
	}
	e.checkRestored(t)
	for _, secret := range secrets {
		if strings.Contains(e.bytes()+stderr, secret) {
			t.Error("a secret was written")
		}
	}

	t.Setenv(keys.SecretVariable, "%%%")
	broken := newEmulator(120, 40)
	if code, stderr := start(t, broken, append(flags, markets[0].Condition)...)(); code != 2 || strings.Contains(stderr, "%%%") || broken.bytes() != "" {
		t.Errorf("bad credentials: exit %d, stderr %s", code, stderr)
	}
}
