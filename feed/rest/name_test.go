package rest

import (
	"errors"
	"strings"
	"testing"

	"example.com/truebook/feed"
)

func TestParseName(t *testing.T) {
	longest := strings.Repeat("s", MaxSlug)
	for text, want := range map[string]Name{
		yes:                                   {Kind: TokenName, ID: yes},
		"7":                                   {Kind: TokenName, ID: "7"},
		" 7\n":                                {Kind: TokenName, ID: "7"},
		condition:                             {Kind: ConditionName, ID: condition},
		"0X" + strings.ToUpper(condition[2:]): {Kind: ConditionName, ID: condition},
		"will-it-rain":                        {Kind: SlugName, ID: "will-it-rain"},
		"Will-It-RAIN":                        {Kind: SlugName, ID: "will-it-rain"},
		"2028-winner_x.y":                     {Kind: SlugName, ID: "2028-winner_x.y"},
		"-x":                                  {Kind: SlugName, ID: "-x"},
		longest:                               {Kind: SlugName, ID: longest},

		"https://polymarket.com/event/fed-decision":                      {Kind: EventName, ID: "fed-decision"},
		"http://polymarket.com/event/fed-decision/":                      {Kind: EventName, ID: "fed-decision"},
		"https://www.polymarket.com/event/fed-decision":                  {Kind: EventName, ID: "fed-decision"},
		"polymarket.com/event/fed-decision":                              {Kind: EventName, ID: "fed-decision"},
		"www.polymarket.com/event/fed-decision":                          {Kind: EventName, ID: "fed-decision"},
		"HTTPS://POLYMARKET.COM/Event/Fed-Decision":                      {Kind: EventName, ID: "fed-decision"},
		"https://polymarket.com:443/event/fed-decision":                  {Kind: EventName, ID: "fed-decision"},
		"https://polymarket.com//event//fed-decision":                    {Kind: EventName, ID: "fed-decision"},
		"https://polymarket.com/event/fed%2Ddecision":                    {Kind: EventName, ID: "fed-decision"},
		"https://polymarket.com/event/fed-decision?tid=1758818660485":    {Kind: EventName, ID: "fed-decision"},
		"https://polymarket.com/event/fed-decision#comments":             {Kind: EventName, ID: "fed-decision"},
		"https://polymarket.com/event/fed-decision?tid=1&a=/market/x#/y": {Kind: EventName, ID: "fed-decision"},
		"https://polymarket.com/de/event/fed-decision":                   {Kind: EventName, ID: "fed-decision"},
		"https://polymarket.com/zh-hant/event/fed-decision":              {Kind: EventName, ID: "fed-decision"},
		"https://polymarket.com/pt-BR/event/fed-decision":                {Kind: EventName, ID: "fed-decision"},
		"https://polymarket.com/event/fed-decision/50-bps-cut":           {Kind: MarketName, ID: "50-bps-cut", Event: "fed-decision"},
		"https://polymarket.com/event/fed-decision/50-bps-cut?tid=1":     {Kind: MarketName, ID: "50-bps-cut", Event: "fed-decision"},
		"https://polymarket.com/zh/event/fed-decision/50-bps-cut/":       {Kind: MarketName, ID: "50-bps-cut", Event: "fed-decision"},
		"https://polymarket.com/market/50-bps-cut":                       {Kind: MarketName, ID: "50-bps-cut"},
		"https://polymarket.com/fr/market/50-bps-cut":                    {Kind: MarketName, ID: "50-bps-cut"},
		"https://polymarket.com/sports/nba/nba-lal-bos-2026-01-01":       {Kind: SlugName, ID: "nba-lal-bos-2026-01-01"},
		"https://polymarket.com/sports/nfl/games/week/3/nfl-kc-buf?x=1":  {Kind: SlugName, ID: "nfl-kc-buf"},
		"https://polymarket.com/es/sports/epl/epl-ars-che":               {Kind: SlugName, ID: "epl-ars-che"},
		"https://polymarket.com/esports/lol/lol-t1-gen":                  {Kind: SlugName, ID: "lol-t1-gen"},
		"https://polymarket.com/event/fed-decision/50-bps-cut/more":      {Kind: SlugName, ID: "more"},
		"  https://polymarket.com/event/fed-decision\t":                  {Kind: EventName, ID: "fed-decision"},

		"0x-protocol-launch":                               {Kind: SlugName, ID: "0x-protocol-launch"},
		"0xabc-launch":                                     {Kind: SlugName, ID: "0xabc-launch"},
		"fed-decision?tid=1758818660485":                   {Kind: SlugName, ID: "fed-decision"},
		"fed-decision#comments":                            {Kind: SlugName, ID: "fed-decision"},
		"/event/fed-decision":                              {Kind: EventName, ID: "fed-decision"},
		"/es-419/event/fed-decision/x?y":                   {Kind: MarketName, ID: "x", Event: "fed-decision"},
		"//polymarket.com/event/fed-decision":              {Kind: EventName, ID: "fed-decision"},
		"https://polymarket.com./event/fed-decision":       {Kind: EventName, ID: "fed-decision"},
		"polymarket.com/event/x?u=https://a.b":             {Kind: EventName, ID: "x"},
		"https://polymarket.com/es-419/event/fed-decision": {Kind: EventName, ID: "fed-decision"},
		"polymarket.com/zh-hant-tw/event/fed-decision":     {Kind: EventName, ID: "fed-decision"},
		"polymarket.com/zh-hant-hanto/event/fed-decision":  {Kind: SlugName, ID: "fed-decision"},
		"polymarket.com/zh-hanto/event/fed-decision":       {Kind: SlugName, ID: "fed-decision"},
		"polymarket.com/us-gdp/event/fed-decision":         {Kind: SlugName, ID: "fed-decision"},
		"polymarket.com/nba/event/fed-decision":            {Kind: SlugName, ID: "fed-decision"},
		"polymarket.com/a1-b2/event/fed-decision":          {Kind: SlugName, ID: "fed-decision"},
		"polymarket.com/es-4190/event/fed-decision":        {Kind: SlugName, ID: "fed-decision"},
		"polymarket.com/zh-hant-tw-x/event/fed-decision":   {Kind: SlugName, ID: "fed-decision"},
	} {
		if n, err := ParseName(text); err != nil || n != want {
			t.Errorf("%q: %+v, %v", text, n, err)
		}
	}
	for text, reason := range map[string]string{
		"":                                       "empty",
		" \n":                                    "empty",
		strings.Repeat("7", 79):                  "78 digits",
		strings.Repeat("7", 1<<20):               "78 digits",
		condition[2:]:                            "0x and 64",
		condition[:65]:                           "0x and 64",
		condition + "0":                          "0x and 64",
		"0x":                                     "0x and 64",
		"fed decision":                           "no slug",
		"fed-decision\x00":                       "no slug",
		"..":                                     "no slug",
		"---":                                    "no slug",
		"größe":                                  "no slug",
		"\u212a-slug":                            "no slug", // the sign of Kelvin, whose lower case is k
		"polymarket.com/event/\u212a":            "does not end in a slug",
		"polymarket.com/event/gr\u00f6\u00dfe/x": "no slug of an event",
		"https://embed.polymarket.com/market/x":  "no address on polymarket.com",
		"https://embed.polymarket.com/market.html?market=some-slug": "no address on polymarket.com",
		"https://polymarket.com../event/x":                          "no address on polymarket.com",
		"polymarket.com?x":                                          "of no market or event",
		"/":                                                         "of no market or event",
		"//":                                                        "no address on polymarket.com",
		"?tid=1":                                                    "no slug",
		"0x" + strings.Repeat("g", 64):                              "0x and 64",
		longest + "s":                                               "no slug",
		"\x1b[2J":                                                   "no slug",
		"../markets":                                                "no address on polymarket.com",
		"event/fed-decision":                                        "no address on polymarket.com",
		"https://example.com/event/x":                               "no address on polymarket.com",
		"https://polymarket.com.example.com/x":                      "no address on polymarket.com",
		"https://notpolymarket.com/event/x":                         "no address on polymarket.com",
		"https://polymarket.us/event/x":                             "no address on polymarket.com",
		"https://polymarket.com@example.com/x":                      "no address on polymarket.com",
		"https:///event/x":                                          "no address on polymarket.com",
		"https://":                                                  "no address on polymarket.com",
		"ftp://polymarket.com/event/x":                              "no address of a page",
		"https://polymarket.com/%zz":                                "no address",
		"https://polymarket.com":                                    "of no market or event",
		"polymarket.com":                                            "of no market or event",
		"https://polymarket.com/":                                   "of no market or event",
		"https://polymarket.com/de":                                 "of no market or event",
		"https://polymarket.com/event":                              "of no market or event",
		"https://polymarket.com/event/?x=y":                         "of no market or event",
		"https://polymarket.com/@somebody":                          "does not end in a slug",
		"https://polymarket.com/event/a%2Fb":                        "does not end in a slug",
		"https://polymarket.com/event/..":                           "does not end in a slug",
		"https://polymarket.com/event/a b":                          "does not end in a slug",
	} {
		n, err := ParseName(text)
		bad := (*NameError)(nil)
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), reason) || n != (Name{}) || len(bad.Text) > 100 || len(err.Error()) > 700 {
			t.Errorf("%.100q: %+v, %v", text, n, err)
		}
		for _, c := range err.Error() {
			if c < ' ' || c > '~' {
				t.Errorf("%q", err)
			}
		}
	}
}

// FuzzParseName: what is named is what a request may be made of, and is its own name.
func FuzzParseName(f *testing.F) {
	for _, text := range []string{
		yes, condition, "fed-decision", "https://polymarket.com/de/event/fed-decision/50-bps-cut?tid=1#x",
		"polymarket.com/market/x", "https://polymarket.com/event/%2e%2e",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := ParseName(text)
		if err != nil {
			if bad := (*NameError)(nil); !errors.As(err, &bad) || n != (Name{}) {
				t.Errorf("%q: %+v, %v", text, n, err)
			}
			return
		}
		switch n.Kind {
		case TokenName:
			if !feed.IsToken(n.ID) {
				t.Errorf("%q: %+v", text, n)
			}
		case ConditionName:
			if !feed.IsCondition(n.ID) {
				t.Errorf("%q: %+v", text, n)
			}
		default:
			if strings.Trim(n.ID, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" || strings.Trim(n.ID, "-_.") == "" || len(n.ID) > MaxSlug {
				t.Errorf("%q: %+v", text, n)
			}
			if n.Event != "" && (n.Kind != MarketName || !isSlug(n.Event)) {
				t.Errorf("%q: %+v", text, n)
			}
			if again, err := ParseName("https://polymarket.com/event/" + n.ID); err != nil || again.ID != n.ID {
				t.Errorf("%q: %+v, again %+v, %v", text, n, again, err)
			}
		}
	})
}
