package user

import (
	"example.com/truebook/feed/internal/endpoint"
	"example.com/truebook/feed/keys"
)

// subscription returns the first message of a connection, with which the secret itself
// goes to the exchange: there is no signature on this channel (docs.polymarket.com, user
// channel). No markets are all.
func subscription(c *keys.Credentials, markets []string) []byte {
	auth := `{"auth":{"apiKey":"` + c.Key.Reveal() + `","secret":"` + c.Secret.Reveal() +
		`","passphrase":"` + c.Passphrase.Reveal() + `"},"markets":`
	return endpoint.Message(auth, markets, `,"type":"user"}`)
}

// operations returns the messages that change what an open connection is subscribed to.
// They have no credentials.
func operations(name string, markets []string) [][]byte {
	return endpoint.Operations(`{"operation":"`+name+`","markets":`, markets, "}")
}
