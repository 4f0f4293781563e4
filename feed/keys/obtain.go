package keys

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"example.com/truebook/feed"
	"example.com/truebook/feed/rest"
)

// ErrAnswer says that the exchange answered with something that is no API key. What it was
// is not told: it may hold one.
var ErrAnswer = errors.New("keys: the answer is no API key")

// Derive asks for the API key that was made for a wallet and a nonce before
// (GET /auth/derive-api-key). The signature has the time of this machine: the exchange
// refuses it when its clock is too far from that. The errors are those of
// [rest.Client.FetchBooks], [ErrAnswer], and those of [PrivateKey.Header]. A
// [*feed.StatusError] has no Body.
func Derive(ctx context.Context, client *rest.Client, chain Chain, key PrivateKey, nonce uint64) (Credentials, error) {
	return obtain(ctx, client.DeriveKey, chain, key, nonce)
}

// Create makes the API key of a wallet and a nonce (POST /auth/api-key). The exchange
// refuses it with status 400 if there is one. The errors are those of [Derive].
func Create(ctx context.Context, client *rest.Client, chain Chain, key PrivateKey, nonce uint64) (Credentials, error) {
	return obtain(ctx, client.CreateKey, chain, key, nonce)
}

// DeriveOrCreate asks for the API key of a wallet and a nonce, and makes it if the
// exchange says that there is none: by a status of the 4xx that is neither about the
// signature nor about too many requests.
func DeriveOrCreate(ctx context.Context, client *rest.Client, chain Chain, key PrivateKey, nonce uint64) (Credentials, error) {
	c, err := Derive(ctx, client, chain, key, nonce)
	if refused := (*feed.StatusError)(nil); errors.As(err, &refused) && isNone(refused.Status) {
		return Create(ctx, client, chain, key, nonce)
	}
	return c, err
}

func isNone(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusTooEarly, http.StatusRequestTimeout:
		return false
	}
	return status >= 400 && status < 500
}

func obtain(
	ctx context.Context, ask func(context.Context, rest.Signer) ([]byte, error), chain Chain, key PrivateKey, nonce uint64,
) (Credentials, error) {
	answer, err := ask(ctx, func(string, string, []byte) (map[string]string, error) {
		return key.Header(chain, nonce, time.Now())
	})
	if err != nil {
		return Credentials{}, fmt.Errorf("keys: %w", err)
	}
	var o struct {
		Key        string `json:"apiKey"`
		Secret     string `json:"secret"`
		Passphrase string `json:"passphrase"`
	}
	if json.Unmarshal(answer, &o) != nil { // whose error may show a part of it
		return Credentials{}, ErrAnswer
	}
	c, err := NewCredentials(key.Address(), o.Key, o.Secret, o.Passphrase)
	if err != nil {
		return Credentials{}, ErrAnswer
	}
	return c, nil
}
