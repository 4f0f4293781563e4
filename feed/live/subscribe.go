package live

import "example.com/truebook/feed/internal/endpoint"

// MaxTokens is the most tokens that one connection is subscribed to. From the
// 501st on the exchange sent no opening books, and said nothing of it (observed
// by others, 2025-08-30).
const MaxTokens = 500

// subscription returns the one initial message of a connection. It names all
// tokens, so that all opening books come in answer to it: 400 to 500 tokens are in
// daily use by others (2026-08). The exchange's documents say that initial_dump is
// the default; some clients got books reliably only by saying so (2026-04-30).
func subscription(tokens []string) []byte {
	return endpoint.Message(`{"assets_ids":`, tokens, `,"type":"market","custom_feature_enabled":true,"initial_dump":true}`)
}

// operations returns the messages that subscribe an open connection to more
// tokens, or unsubscribe it from some.
func operations(name, end string, tokens []string) [][]byte {
	return endpoint.Operations(`{"operation":"`+name+`","assets_ids":`, tokens, end)
}
