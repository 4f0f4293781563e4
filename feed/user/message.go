package user

import (
	"slices"

	"example.com/truebook/feed/keys"
)

// maxOperation is the most markets of one operation: 14 KB.
const maxOperation = 200

// subscription returns the first message of a connection, with which the secret itself
// goes to the exchange: there is no signature on this channel (docs.polymarket.com, user
// channel). No markets are all.
func subscription(c *keys.Credentials, markets []string) []byte {
	text := `{"auth":{"apiKey":"` + c.Key.Reveal() + `","secret":"` + c.Secret.Reveal() +
		`","passphrase":"` + c.Passphrase.Reveal() + `"},"markets":`
	return append(appendList([]byte(text), markets), `,"type":"user"}`...)
}

// operations returns the messages that change what an open connection is subscribed to.
// They have no credentials, and no type.
func operations(name string, markets []string) (messages [][]byte) {
	for part := range slices.Chunk(markets, maxOperation) {
		message := appendList([]byte(`{"operation":"`+name+`","markets":`), part)
		messages = append(messages, append(message, '}'))
	}
	return messages
}

func appendList(dst []byte, texts []string) []byte {
	dst = append(dst, '[')
	for i, text := range texts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), text...), '"')
	}
	return append(dst, ']')
}
