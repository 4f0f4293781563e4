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
	// Event is the slug of the event that an address of a MarketName has it in, "" without.
	Event string
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
// Addresses may be pasted as the browser has them: with or without https:// and www, or the
// path alone, with the language in front of it (/de/event/..., /zh-hant/event/...), with a
// query, a fragment, a slash at the end, and spaces around. Other hosts than the two are
// none of the site's. An event of one market is named like it
// on the site, so that the address of an event may hold the slug of a market (docs of the
// exchange's own client, 2026).
//
// The error is a [*NameError].
func ParseName(text string) (Name, error) {
	text = strings.TrimSpace(text)
	bad := func(reason string) (Name, error) {
		return Name{}, &NameError{Text: text[:min(len(text), 100)], Reason: reason}
	}
	id := lower(text)
	switch {
	case text == "":
		return bad("it is empty")
	case feed.IsToken(text):
		return Name{Kind: TokenName, ID: text}, nil
	case strings.Trim(text, "0123456789") == "":
		return bad("a token id has at most 78 digits")
	case feed.IsCondition(id):
		return Name{Kind: ConditionName, ID: id}, nil
	case strings.HasPrefix(id, "0x") && !strings.ContainsAny(id, "-_./"), feed.IsCondition("0x" + id):
		return bad("a condition id is 0x and 64 hex digits")
	case strings.Contains(text, "/") || id == Site || strings.HasPrefix(id, Site+"?") || strings.HasPrefix(id, Site+"#"):
		n, reason := ofAddress(text)
		if reason != "" {
			return bad(reason)
		}
		return n, nil
	}
	if at := strings.IndexAny(id, "?#"); at >= 0 { // the end of an address
		id = id[:at]
	}
	if !isSlug(id) {
		return bad(noSlug)
	}
	return Name{Kind: SlugName, ID: id}, nil
}

// lower returns a text with its letters from A to Z in lower case. Others stay as they are:
// some of their lower cases are letters of a slug.
func lower(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, text)
}

const noSlug = "it is no token id, no condition id (0x...), no address on " + Site +
	" and no slug, which has letters, digits and hyphens"

// ofAddress is the name in an address of the site, or the reason why there is none.
func ofAddress(text string) (n Name, reason string) {
	switch {
	case strings.HasPrefix(text, "//"):
		text = "https:" + text
	case strings.HasPrefix(text, "/"):
		text = "https://" + Site + text
	case !strings.Contains(text, "://") || strings.ContainsAny(text[:strings.Index(text, "://")], "/?#"):
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return Name{}, "it is no address"
	}
	if host := strings.TrimSuffix(lower(u.Hostname()), "."); host != Site && host != "www."+Site {
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
		parts = append(parts, lower(part))
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
		return Name{Kind: EventName, ID: last}, ""
	case parts[0] == "event" && len(parts) == 3:
		if !isSlug(parts[1]) {
			return Name{}, "the address has no slug of an event"
		}
		return Name{Kind: MarketName, ID: last, Event: parts[1]}, ""
	case parts[0] == "market" && len(parts) == 2:
		return Name{Kind: MarketName, ID: last}, ""
	}
	return Name{Kind: SlugName, ID: last}, ""
}

// isLanguage says whether a part of a path can be the language that the site puts in
// front of its paths: such as de, pt-br, es-419, zh-hant or zh-hant-tw.
func isLanguage(part string) bool {
	subtags := strings.Split(part, "-")
	if !hasLetters(subtags[0], 2) || len(subtags) > 3 {
		return false
	}
	subtags = subtags[1:]
	if len(subtags) > 0 && hasLetters(subtags[0], 4) { // a script
		subtags = subtags[1:]
	}
	return len(subtags) == 0 || len(subtags) == 1 && isRegion(subtags[0])
}

func isRegion(text string) bool {
	return hasLetters(text, 2) || len(text) == 3 && strings.Trim(text, "0123456789") == ""
}

func hasLetters(text string, n int) bool {
	return len(text) == n && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz") == ""
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
