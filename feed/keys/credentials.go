package keys

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Credentials are an API key and the wallet that it belongs to. Make them with
// [NewCredentials]; the zero value is none. Values may be copied, and used by any number of
// goroutines.
type Credentials struct {
	// Address is that of the wallet: 0x and 40 hex digits, with the checksum of its letters
	// (EIP-55).
	Address string
	// Key names the API key, and is told to those whom the account trades with. It is kept
	// as the two others are all the same.
	Key Secret
	// Secret signs, and Passphrase goes with each request.
	Secret, Passphrase Secret

	hmac func(message string) []byte // with Secret
}

// ErrCredentials says that credentials are incomplete or malformed.
var ErrCredentials = errors.New("keys: no credentials")

type malformedError struct{ what string }

func (e *malformedError) Error() string { return ErrCredentials.Error() + ": " + e.what }

func (e *malformedError) Unwrap() error { return ErrCredentials }

// Bounds of the texts of an API key, in bytes. Those of the exchange have 36, 44 and 64.
const maxCredential = 256

// NewCredentials returns the credentials of an API key, as the exchange writes them: the
// key, its secret in url-safe base64 (or plain base64), its passphrase. The address is the
// wallet's: its letters are all of one case, or have their checksum (EIP-55). An error
// matches [ErrCredentials], and shows nothing of the others.
func NewCredentials(address, key, secret, passphrase string) (Credentials, error) {
	address, err := parseAddress(address)
	if err != nil {
		return Credentials{}, err
	}
	for _, part := range []struct{ what, text string }{
		{"key", key}, {"secret", secret}, {"passphrase", passphrase},
	} {
		if !isPlain(part.text) {
			return Credentials{}, &malformedError{"the " + part.what + " is empty, or has what no API key has in it"}
		}
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(secret, "=")))
	if err != nil || len(raw) == 0 { // "=" is no text, and would sign with no key
		return Credentials{}, &malformedError{"the secret is no base64, or that of nothing"}
	}
	return Credentials{
		Address: address, Key: NewSecret(key), Secret: NewSecret(secret), Passphrase: NewSecret(passphrase),
		hmac: func(message string) []byte {
			h := hmac.New(sha256.New, raw)
			_, _ = h.Write([]byte(message)) // it never fails
			return h.Sum(nil)
		},
	}, nil
}

// IsZero says whether there are none.
func (c Credentials) IsZero() bool { return c.hmac == nil }

// Sign returns the signature of a request: HMAC-SHA256 over the time in seconds, the
// method, the path without host and query, and the body as it is sent; in url-safe base64.
// It is "" without credentials.
func (c Credentials) Sign(timestamp, method, path string, body []byte) string {
	if c.IsZero() {
		return ""
	}
	return base64.URLEncoding.EncodeToString(c.hmac(timestamp + method + path + string(body)))
}

// Header returns the headers of level 2, for a request to be made at a time: see
// [Credentials.Sign].
func (c Credentials) Header(method, path string, body []byte, at time.Time) (map[string]string, error) {
	if c.IsZero() {
		return nil, ErrCredentials
	}
	timestamp := strconv.FormatInt(at.Unix(), 10)
	return map[string]string{
		"POLY_ADDRESS":    c.Address,
		"POLY_SIGNATURE":  c.Sign(timestamp, method, path, body),
		"POLY_TIMESTAMP":  timestamp,
		"POLY_API_KEY":    c.Key.Reveal(),
		"POLY_PASSPHRASE": c.Passphrase.Reveal(),
	}, nil
}

// parseAddress returns an address as EIP-55 writes it. One in lower or in upper case alone
// has no checksum; with a wrong one, a letter of it is not what was meant.
func parseAddress(text string) (string, error) {
	digits, ok := strings.CutPrefix(text, "0x")
	raw, err := hex.DecodeString(digits)
	if !ok || err != nil || len(raw) != 20 {
		return "", &malformedError{"the address is not 0x and 40 hex digits"}
	}
	address := checksummed([20]byte(raw))
	if text != address && digits != strings.ToLower(digits) && digits != strings.ToUpper(digits) {
		return "", &malformedError{"the address has a wrong checksum (EIP-55): a letter of it is another, or of the other case"}
	}
	return address, nil
}

// isPlain says whether a text has nothing in it that a header, a message or a shell would
// take for something else.
func isPlain(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte("-_=+/.:", c) >= 0:
		default:
			return false
		}
	}
	return text != "" && len(text) <= maxCredential
}
