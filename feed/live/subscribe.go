package live

import "slices"

// MaxTokens is the most tokens that one connection is subscribed to. From the
// 501st on the exchange sent no opening books, and said nothing of it (observed
// by others, 2025-08-30).
const MaxTokens = 500

// maxOperation is the most tokens of one operation, 16 KB. The exchange does not say
// how long a message may be; it closed connections for one of a few thousand tokens
// (observed by others, 2026-09-12).
const maxOperation = 200

// subscription returns the one initial message of a connection. It names all
// tokens, so that all opening books come in answer to it: 400 to 500 tokens are in
// daily use by others (2026-08). The exchange's documents say that initial_dump is
// the default; some clients got books reliably only by saying so (2026-04-30).
func subscription(tokens []string) []byte {
	message := appendTokens([]byte(`{"assets_ids":`), tokens)
	return append(message, `,"type":"market","custom_feature_enabled":true,"initial_dump":true}`...)
}

// operations returns the messages that subscribe an open connection to more
// tokens, or unsubscribe it from some. Unlike the initial message they have no
// type (the exchange's documents; since 2025-12).
func operations(name, end string, tokens []string) [][]byte {
	var messages [][]byte
	for part := range slices.Chunk(tokens, maxOperation) {
		message := appendTokens([]byte(`{"operation":"`+name+`","assets_ids":`), part)
		messages = append(messages, append(message, end...))
	}
	return messages
}

func appendTokens(dst []byte, tokens []string) []byte {
	dst = append(dst, '[')
	for i, token := range tokens {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), token...), '"')
	}
	return append(dst, ']')
}
