package rest

import (
	"net/url"
	"strconv"
	"strings"

	"example.com/truebook/feed"
)

// Site is the exchange's site, whose addresses name markets and events.
const Site = "polymarket.com"

// MaxSlug is how many bytes a slug has at most here. The longest ones that were seen
// have some 150 (2026).
const MaxSlug = 256

// Name is what a market is asked for by. Its shape alone says which kind it is of.
type Name struct {
	Kind NameKind
	// ID is a token id, a condition id in lower case, or a slug: at most MaxSlug
	// letters from a to z, digits, '-', '_' and '.', with a letter or digit among them.
	ID string
}

// NameKind is what the ID of a [Name] is.
type NameKind uint8

// The kinds.
const (
	TokenName     NameKind = iota // the id of a token
	ConditionName                 // the id of a market
	SlugName                      // the slug of a market, or else of an event
	MarketName                    // the slug of a market
	EventName                     // the slug of an event, or else of a market
)

// NameError is a text that names nothing, whatever the exchange knows.
type NameError struct {
	Text   string // the beginning of it: at most 100 bytes of anything
	Reason string
}

// Error shows both, the text quoted.
func (e *NameError) Error() string {
	return "rest: " + strconv.QuoteToASCII(e.Text) + " names no market: " + e.Reason
}

// ParseName tells what a text names, by its shape and without asking anybody:
//
//	1 to 78 digits                                the id of a token
//	0x and 64 hex digits, in either case          the condition id of a market
//	polymarket.com/event/EVENT/MARKET             a market
//	polymarket.com/market/MARKET                  a market
//	polymarket.com/event/EVENT                    an event, or else a market
//	polymarket.com/sports/LEAGUE/.../SLUG         a market, or else an event, as any
//	                                              other path, by its last part
//	SLUG                                          a market, or else an event
//
// Addresses may be pasted as the browser has them: with or without https:// and www, with
// the language in front of the path (/de/event/..., /zh-hant/event/...), with a query, a
// fragment, a slash at the end, and spaces around. An event of one market is named like it
// on the site, so that the address of an event may hold the slug of a market (docs of the
// exchange's own client, 2026).
//
// The error is a [*NameError].
func ParseName(text string) (Name, error) {
	text = strings.TrimSpace(text)
	bad := func(reason string) (Name, error) {
		return Name{}, &NameError{Text: text[:min(len(text), 100)], Reason: reason}
	}
	id := strings.ToLower(text)
	switch {
	case text == "":
		return bad("it is empty")
	case feed.IsToken(text):
		return Name{TokenName, text}, nil
	case strings.Trim(text, "0123456789") == "":
		return bad("a token id has at most 78 digits")
	case feed.IsCondition(id):
		return Name{ConditionName, id}, nil
	case strings.HasPrefix(id, "0x"), feed.IsCondition("0x" + id):
		return bad("a condition id is 0x and 64 hex digits")
	case strings.ContainsAny(text, "/?#") || id == Site:
		n, reason := ofAddress(text)
		if reason != "" {
			return bad(reason)
		}
		return n, nil
	case !isSlug(id):
		return bad(noSlug)
	}
	return Name{SlugName, id}, nil
}

const noSlug = "it is no token id, no condition id (0x...), no address on " + Site +
	" and no slug, which has letters, digits and hyphens"

// ofAddress is the name in an address of the site, or the reason why there is none.
func ofAddress(text string) (n Name, reason string) {
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return Name{}, "it is no address"
	}
	host := strings.ToLower(u.Hostname())
	if host != Site && !strings.HasSuffix(host, "."+Site) {
		return Name{}, "it is no address on " + Site
	}
	if u.Scheme != "https" && u.Scheme != "http" {
		return Name{}, "it is no address of a page"
	}
	var parts []string
	for part := range strings.SplitSeq(u.EscapedPath(), "/") {
		if part == "" {
			continue
		}
		part, err := url.PathUnescape(part)
		if err != nil { // not of an escaped path
			return Name{}, "it is no address"
		}
		parts = append(parts, strings.ToLower(part))
	}
	if len(parts) > 0 && isLanguage(parts[0]) {
		parts = parts[1:]
	}
	if len(parts) == 0 || len(parts) == 1 && (parts[0] == "event" || parts[0] == "market") {
		return Name{}, "the address is of no market or event"
	}
	last := parts[len(parts)-1]
	if !isSlug(last) {
		return Name{}, "the address does not end in a slug, which has letters, digits and hyphens"
	}
	switch {
	case parts[0] == "event" && len(parts) == 2:
		return Name{EventName, last}, ""
	case parts[0] == "event" && len(parts) == 3, parts[0] == "market" && len(parts) == 2:
		return Name{MarketName, last}, ""
	}
	return Name{SlugName, last}, ""
}

// isLanguage says whether a part of a path can be the language that the site puts in
// front of its paths, such as de or zh-hant.
func isLanguage(part string) bool {
	letters, region, _ := strings.Cut(part, "-")
	return len(letters) == 2 && len(region) <= 4 && strings.Trim(letters+region, "abcdefghijklmnopqrstuvwxyz") == ""
}

// isSlug says whether a text can be a slug. Those of the exchange have letters, digits
// and hyphens; others than the ones here it refuses itself, with status 422 (measured by
// others, 2026).
func isSlug(text string) bool {
	named := false
	for _, c := range []byte(text) {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			named = true
		case c != '-' && c != '_' && c != '.':
			return false
		}
	}
	return named && len(text) <= MaxSlug // and so neither . nor .., which a path would drop
}
