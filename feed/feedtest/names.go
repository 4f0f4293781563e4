package feedtest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"strconv"
)

// endDate is when all markets are planned to end, and endDay what the order book says of
// it: the midnight with which that day begins.
const endDate, endDay = "2026-12-31T12:00:00Z", "2026-12-31T00:00:00Z"

// call gives a market of a venue the names under which the site has it. Its place alone
// says which: of four markets two have a page each, and two share one.
func (m *Market) call(index int) {
	day := index/4 + 1
	m.Outcomes = [2]string{"Yes", "No"}
	switch {
	case index%4 == 0:
		m.Question = fmt.Sprintf("Will it rain in Lisbon on day %d?", day)
		m.Slug = fmt.Sprintf("will-it-rain-in-lisbon-on-day-%d", day)
		m.Event = m.Slug
	case index%4 == 1 && day%2 == 1:
		m.Question = fmt.Sprintf("Bitcoin Up or Down - day %d", day)
		m.Slug = fmt.Sprintf("btc-updown-day-%d", day)
		m.Event, m.Outcomes = m.Slug, [2]string{"Up", "Down"}
	case index%4 == 1:
		m.Question = fmt.Sprintf("Lisbon vs. Porto, day %d", day)
		m.Slug = fmt.Sprintf("lisbon-porto-day-%d", day)
		m.Event, m.Outcomes = m.Slug+"-game", [2]string{"Lisbon", "Porto"}
	case index%4 == 2:
		m.candidate("Alice", day)
	default:
		m.candidate("Bob", day)
	}
}

// candidate names a market that is one of several in its event.
func (m *Market) candidate(name string, day int) {
	m.Question = fmt.Sprintf("Will %s win the election on day %d?", name, day)
	m.Slug = fmt.Sprintf("will-%s-win-the-election-on-day-%d", lower(name), day)
	m.Event = fmt.Sprintf("election-winner-day-%d", day)
	m.GroupTitle = name
}

func lower(name string) string { return string(name[0]|0x20) + name[1:] }

// page is an event as the site lists it, with its markets.
type page struct {
	slug, title string
	markets     []*listed
}

// OldEvent is the slug of an event that a [Venue] lists beside those of its markets. Its own
// markets are odd, and the order book knows none of them: one that was never traded by an
// order book, one of three outcomes in an array, one whose tokens are null, with flags that
// are "", and one whose flag is no flag. Its title has letters that are not ASCII, and
// characters that a terminal obeys.
const OldEvent = "old-markets"

const oldTitle = "Wer gewinnt – “São Paulo”?\u202e\u200b\x1b[2J"

// old returns the markets of OldEvent.
func old() (list []gammaMarket) {
	for i, name := range []string{"pool", "three", "null", "odd"} {
		g := gammaMarket{
			ID: strconv.Itoa(900 + i), Question: oldTitle, ConditionID: fmt.Sprintf("0x%064x", 900+i), Slug: "old-" + name, GroupItemTitle: name + " é",
			EndDate: "2021-01-01", Outcomes: inString([]string{"Yes", "No"}), TokenIDs: inString([]string{strconv.Itoa(9000 + 10*i), strconv.Itoa(9001 + 10*i)}),
			Active: true, Closed: false, OrderBook: true, Accepting: true,
		}
		switch name {
		case "pool":
			g.OrderBook, g.Accepting = false, false
		case "three":
			g.Outcomes, g.TokenIDs = []string{"A", "B", "C"}, []string{"9010", "9011", "9012"}
		case "null":
			g.TokenIDs, g.Active, g.Closed, g.Accepting, g.NegRisk = nil, "", "", "", ""
		case "odd":
			g.Closed = "no"
		}
		list = append(list, g)
	}
	return list
}

// listed is a market as the site lists it. One that has no listing is not known to the
// order book: it is over, or not open yet.
type listed struct {
	Market

	listing *listing
	form    int // which of the ways in which things are written
	closed  bool
	bare    bool // it has neither a condition nor tokens
}

func (m *listed) over() bool { return m.closed || m.listing != nil && m.listing.over }

func (p *page) over() bool {
	for _, m := range p.markets {
		if !m.over() {
			return false
		}
	}
	return true
}

// site returns what the site lists: the venue's markets, and in each event of several ones
// three more, that the order book does not know: Carol's, which is closed, Dave's, which is
// announced alone, and Erin's, which is about to open.
func (v *Venue) site() []*page {
	if v.pages != nil {
		return v.pages
	}
	bySlug := map[string]*page{}
	for i, l := range v.listings {
		p := bySlug[l.Event]
		if p == nil {
			p = &page{slug: l.Event, title: l.Question}
			if l.GroupTitle != "" {
				p.title = fmt.Sprintf("Who wins the election on day %d?", i/4+1)
			}
			bySlug[l.Event] = p
			v.pages = append(v.pages, p)
		}
		p.markets = append(p.markets, &listed{Market: l.Market, listing: l, form: i})
	}
	for _, p := range v.pages {
		first := p.markets[0]
		if first.GroupTitle == "" {
			continue
		}
		for i, name := range []string{"Carol", "Dave", "Erin"} {
			m := &listed{form: i, closed: name == "Carol", bare: name == "Dave"}
			m.Outcomes = first.Outcomes
			m.candidate(name, first.form/4+1)
			m.TickSize, m.NegRisk = first.TickSize, first.NegRisk
			m.Condition, m.Yes, m.No = "0x"+hex.EncodeToString(sum(name, first)), number(name+" wins", first), number(name+" loses", first)
			p.markets = append(p.markets, m)
		}
	}
	return v.pages
}

// sum and number are ids that follow from those of another market.
func sum(text string, m *listed) []byte {
	s := sha256.Sum256([]byte(text + m.Condition))
	return s[:]
}

func number(text string, m *listed) string { return new(big.Int).SetBytes(sum(text, m)).String() }
