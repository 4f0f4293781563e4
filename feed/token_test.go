package feed_test

import (
	"strings"
	"testing"

	"example.com/truebook/feed"
)

func TestIDs(t *testing.T) {
	digits, hex := strings.Repeat("9", feed.MaxTokenDigits), strings.Repeat("0a", 32)
	for text, want := range map[string]bool{
		"1": true, digits: true, "": false, digits + "9": false, "-1": false, "1 ": false, "0x1": false, "１": false,
	} {
		if feed.IsToken(text) != want {
			t.Errorf("IsToken(%q) is not %v", text, want)
		}
	}
	for text, want := range map[string]bool{
		"0x" + hex: true, hex: false, "0X" + hex: false, "0x" + strings.ToUpper(hex): false,
		"0x" + hex + "0": false, "0x" + hex[1:] + "g": false, "": false,
	} {
		if feed.IsCondition(text) != want {
			t.Errorf("IsCondition(%q) is not %v", text, want)
		}
	}
}
