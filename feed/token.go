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

// IsCondition says whether a text can be the condition id of a market: "0x" and 64
// hexadecimal digits, as the exchange writes them, in lower case.
func IsCondition(text string) bool {
	if len(text) != 66 || text[:2] != "0x" {
		return false
	}
	for _, c := range []byte(text[2:]) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
