package feed

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
