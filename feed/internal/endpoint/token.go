package endpoint

import (
	"fmt"
	"strconv"

	"example.com/truebook/feed"
)

// CheckTokens says what is wrong with a list of 1 to most tokens.
func CheckTokens(tokens []string, most int) error {
	if len(tokens) == 0 || len(tokens) > most {
		return fmt.Errorf("%d tokens, of 1 to %d at a time", len(tokens), most)
	}
	for _, token := range tokens {
		if !feed.IsToken(token) {
			return fmt.Errorf("%s is no token: 1 to %d digits", strconv.QuoteToASCII(token[:min(len(token), 100)]), feed.MaxTokenDigits)
		}
	}
	return nil
}
