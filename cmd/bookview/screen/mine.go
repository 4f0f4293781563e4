package screen

import (
	"slices"
	"strconv"

	"example.com/truebook/book"
	"example.com/truebook/internal/cli"
)

// mine returns how many of one's own orders rest in a row, and what is left of them: those
// of the token, and those of the other outcome, which rest at the mirrored price.
func (s *Screen) mine(p *pane, r *rung) (orders int, size book.Size) {
	m := s.shownMarket()
	if s.in.Account == nil || m == nil {
		return 0, 0
	}
	for _, o := range s.in.Account.Orders {
		if !slices.ContainsFunc(m.Tokens, func(t Token) bool { return t.View.Asset == o.Asset }) && o.Asset != p.view.Asset {
			continue
		}
		side, price := o.Side, o.Price
		if (o.Asset == p.view.Asset) == p.view.Derived { // it is the other outcome's
			side, price = side.Opposite(), price.Complement()
		}
		if side == r.side && r.holds(price) {
			orders++
			size = sum(size, o.Size)
		}
	}
	return orders, size
}

// mineText shows one's own orders of a row: how many, and how much is left of them. What is
// not known now may not be so any more.
func (s *Screen) mineText(p *pane, r *rung) string {
	orders, size := s.mine(p, r)
	if orders == 0 {
		return ""
	}
	text := fit(int64(size), 8)
	if orders > 1 {
		text = strconv.Itoa(orders) + s.glyphs.times + text
	}
	if !s.in.Account.Known {
		text = "?" + text
	}
	return text
}

// account says whether one's own orders are known.
func (s *Screen) account() (string, Ink) {
	switch a := s.in.Account; {
	case a == nil:
		return "", Ink{}
	case !a.Known:
		return "own orders NOT known for " + age(s.in.Now.Sub(a.Since)) + ": " + cli.Clean(a.Reason), Ink{Alert, Bold | Reverse}
	default:
		return count(len(a.Orders), "own order"), Ink{}
	}
}
