package live

import (
	"fmt"
	"strconv"
)

// MaxTokens is the most tokens that one connection is subscribed to. From the
// 501st on the exchange sent no opening books, and said nothing of it (observed
// by others, 2025-08-30).
const MaxTokens = 500

// maxToken is the longest token: 78 digits hold any number of 256 bits.
const maxToken = 78

// subscription returns the one initial message of a connection. The exchange's
// documents say that initial_dump is the default; some clients got books reliably
// only by saying so (2026-04-30).
func subscription(tokens []string) ([]byte, error) {
	if len(tokens) == 0 || len(tokens) > MaxTokens {
		return nil, fmt.Errorf("live: %d tokens for a connection, which takes 1 to %d", len(tokens), MaxTokens)
	}
	message := []byte(`{"assets_ids":[`)
	for i, token := range tokens {
		if !isToken(token) {
			return nil, fmt.Errorf("live: %s is no token: 1 to %d digits", strconv.QuoteToASCII(token[:min(len(token), 100)]), maxToken)
		}
		if i > 0 {
			message = append(message, ',')
		}
		message = append(append(append(message, '"'), token...), '"')
	}
	return append(message, `],"type":"market","custom_feature_enabled":true,"initial_dump":true}`...), nil
}

func isToken(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != "" && len(text) <= maxToken
}
