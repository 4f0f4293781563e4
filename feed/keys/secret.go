package keys

import (
	"fmt"
	"io"
	"log/slog"
)

// Redacted is what a secret shows.
const Redacted = "[redacted]"

// hidden shows [Redacted] to whatever prints what it is embedded in.
type hidden struct{}

// String returns [Redacted].
func (hidden) String() string { return Redacted }

// GoString returns [Redacted].
func (hidden) GoString() string { return Redacted }

// Format writes [Redacted], for every verb.
func (hidden) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, Redacted) }

// MarshalText returns [Redacted].
func (hidden) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// MarshalJSON returns [Redacted] as a string.
func (hidden) MarshalJSON() ([]byte, error) { return []byte(`"` + Redacted + `"`), nil }

// LogValue returns [Redacted].
func (hidden) LogValue() slog.Value { return slog.StringValue(Redacted) }

// Secret is a text that is not to be shown: everything that prints it prints
// [Redacted]. The zero Secret is none. Values may be copied, and used by any number of
// goroutines; they cannot be compared.
type Secret struct {
	hidden

	text func() string // nil for none
}

// NewSecret returns a Secret of a text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: func() string { return text }}
}

// Reveal returns the text: for whom it is meant, and never for a log or an error.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return s.text()
}

// IsZero says whether there is none.
func (s Secret) IsZero() bool { return s.text == nil }
