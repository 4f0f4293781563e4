package endpoint

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"example.com/truebook/feed"
)

// MaxRetryAfter bounds for how long a server may ask to be left alone.
const MaxRetryAfter = 10 * time.Minute

// maxRefusal is how much of the body of a refusal is read: the end of a short one, so
// that its connection can be used again.
const maxRefusal = 4 << 10

// Refusal returns an answer that is not what was asked for as an error. It reads the
// beginning of the body, which is the caller's to close, for as long as the context of
// the request lets it; what cannot be read is left out.
func Refusal(answer *http.Response) *feed.StatusError {
	e := &feed.StatusError{Status: answer.StatusCode, RetryAfter: retryAfter(answer.Header)}
	if answer.StatusCode == http.StatusSwitchingProtocols {
		return e // its body is the connection itself, which no context ends
	}
	body, _ := io.ReadAll(io.LimitReader(answer.Body, maxRefusal))
	e.Body = string(body[:min(len(body), feed.MaxStatusBody)])
	return e
}

// retryAfter returns for how long a server asks to be left alone, 0 to MaxRetryAfter.
// It says so in seconds, or by a date (RFC 9110, 10.2.3), which is compared with the
// date of the answer where there is one: the clocks may differ.
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if text == "" {
		return 0
	}
	if strings.Trim(text, "0123456789") == "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil { // only that it is too large
			return MaxRetryAfter
		}
		return time.Duration(min(seconds, int64(MaxRetryAfter/time.Second))) * time.Second
	}
	then, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return min(max(then.Sub(now), 0), MaxRetryAfter)
}
