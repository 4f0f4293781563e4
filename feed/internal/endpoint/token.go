package endpoint

import (
	"fmt"
	"strconv"
)

// maxToken is the longest token: 78 digits hold any number of 256 bits.
const maxToken = 78

// CheckTokens says what is wrong with a list of 1 to most tokens.
func CheckTokens(tokens []string, most int) error {
	if len(tokens) == 0 || len(tokens) > most {
		return fmt.Errorf("%d tokens, of 1 to %d at a time", len(tokens), most)
	}
	for _, token := range tokens {
		if !IsToken(token) {
			return fmt.Errorf("%s is no token: 1 to %d digits", strconv.QuoteToASCII(token[:min(len(token), 100)]), maxToken)
		}
	}
	return nil
}

// IsToken says whether a text can be a token's id: 1 to 78 digits.
func IsToken(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != "" && len(text) <= maxToken
}
