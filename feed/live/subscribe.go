package live

import (
	"fmt"
	"slices"
	"strconv"
)

// MaxTokens is the most tokens that one connection is subscribed to. From the
// 501st on the exchange sent no opening books, and said nothing of it (observed
// by others, 2025-08-30).
const MaxTokens = 500

const (
	// maxToken is the longest token: 78 digits hold any number of 256 bits.
	maxToken = 78
	// maxOperation is the most tokens of one operation, 16 KB. The exchange does
	// not say how long a message may be; it closed connections for one of a few
	// thousand tokens (observed by others, 2026-09-12).
	maxOperation = 200
)

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

// check says what is wrong with a list of tokens.
func check(tokens []string) error {
	if len(tokens) == 0 || len(tokens) > MaxTokens {
		return fmt.Errorf("live: a list of %d tokens, not of 1 to %d", len(tokens), MaxTokens)
	}
	for _, token := range tokens {
		if !isToken(token) {
			return fmt.Errorf("live: %s is no token: 1 to %d digits", strconv.QuoteToASCII(token[:min(len(token), 100)]), maxToken)
		}
	}
	return nil
}

func isToken(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != "" && len(text) <= maxToken
}
