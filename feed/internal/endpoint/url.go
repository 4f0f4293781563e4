package endpoint

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
)

// Parse returns the URL to dial, if it is one that may be dialled: a scheme, a host
// and perhaps a path, and nothing else. The scheme is secure, or plain where the host
// is localhost or a loopback address. No error shows what could be a secret in it.
func Parse(text, secure, plain string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		if shown := (*url.Error)(nil); errors.As(err, &shown) {
			err = shown.Err // without the URL
		}
		return nil, fmt.Errorf("the URL: %w", err)
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.Hostname() == "" {
		return nil, errors.New("the URL must be a scheme, a host and a path, and nothing else")
	}
	switch {
	case u.Scheme == secure:
	case u.Scheme == plain && loopback(u.Hostname()):
	case u.Scheme == plain:
		return nil, fmt.Errorf("%s is to be dialled with %s: %s is for this machine alone", u.Host, secure, plain)
	default:
		return nil, fmt.Errorf("scheme %q of the URL is not %s", u.Scheme, secure)
	}
	return u, nil
}

func loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}
