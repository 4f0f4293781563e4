package keys

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"example.com/truebook/feed"
	"example.com/truebook/feed/rest"
)

// TestDeriveOrCreate: a key is made if the exchange says that there is none, and not when it
// refuses the signature, or does not answer what was asked.
func TestDeriveOrCreate(t *testing.T) {
	key, err := ParsePrivateKey(hardhat)
	if err != nil {
		t.Fatal(err)
	}
	for status, creates := range map[int]bool{
		400: true, 404: true, 422: true,
		401: false, 403: false, 408: false, 425: false, 429: false, 500: false, 503: false, 302: false, 204: false,
	} {
		var asked []string
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, r.Method)
			if r.Method == http.MethodGet {
				w.WriteHeader(status)
				return
			}
			io.WriteString(w, `{"apiKey":"key","secret":"AAAA","passphrase":"x"}`)
		}))
		client, err := rest.New(rest.Options{URL: s.URL})
		if err != nil {
			t.Fatal(err)
		}
		c, err := DeriveOrCreate(t.Context(), client, Polygon, key, 0)
		refused := (*feed.StatusError)(nil)
		if creates != (err == nil) || creates != !c.IsZero() || !creates && (!errors.As(err, &refused) || refused.Status != status) {
			t.Errorf("status %d: %v", status, err)
		}
		if slices.Contains(asked, http.MethodPost) != creates {
			t.Errorf("status %d: asked %v", status, asked)
		}
		client.Close()
		s.Close()
	}
}
