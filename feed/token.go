package feed

import "strings"

// MaxTokenDigits is the most that the id of a token has: 78 digits hold any number of
// 256 bits.
const MaxTokenDigits = 78

// IsToken says whether a text can be the id of a token: 1 to [MaxTokenDigits] decimal
// digits.
func IsToken(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != "" && len(text) <= MaxTokenDigits
}

// IsCondition says whether a text can be the condition id of a market: "0x" and 64
// hexadecimal digits, as the exchange writes them, in lower case.
func IsCondition(text string) bool {
	digits, ok := strings.CutPrefix(text, "0x")
	return ok && len(digits) == 64 && strings.Trim(digits, "0123456789abcdef") == ""
}
