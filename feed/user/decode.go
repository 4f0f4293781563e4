package user

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"strings"

	"example.com/truebook/book"
	"example.com/truebook/feed"
	"example.com/truebook/feed/internal/strictjson"
	"example.com/truebook/feed/keys"
)

// Bounds of what is read.
const (
	// maxFrame is the longest frame of the channel that is read, in bytes. One trade has some
	// hundred maker orders of 400 bytes at most.
	maxFrame = 1 << 20
	// maxMakers is the most maker orders of one trade, maxObjects the most objects of a frame
	// or a page.
	maxMakers  = 2000
	maxObjects = 10_000
)

// orderNews is what the exchange says of an order: on the stream, or by REST.
type orderNews struct {
	Order // Matched is what was said, and need not be all
	// canceled: nothing more can become of it. claims: it says that it is matched to the end.
	canceled, claims bool
}

// tradeNews is what the exchange says of a trade.
type tradeNews struct {
	id     string
	status TradeStatus
	market string
	fills  []Fill // of the account's orders, one for each
	// time is when it was matched, updated when its status changed (in whole seconds), and
	// said when the message was made (in milliseconds, 0 by REST).
	time, updated, said feed.Timestamp
}

// frameKind is what a frame says besides its news.
type frameKind uint8

const (
	dataFrame frameKind = iota
	pongFrame
	textFrame // any other words
)

// reader reads what the exchange sends to one account.
type reader struct {
	key   keys.Secret // the API key: the owner of its orders
	stats *Stats
}

var errTooLong = errors.New("too long")

// frame reads a frame of the channel, and calls take with each news in it. It reads all of
// it, whatever is wrong with a part, and returns the first thing that is.
func (r *reader) frame(frame []byte, order func(*orderNews), trade func(*tradeNews)) (frameKind, error) {
	text := bytes.TrimSpace(frame)
	switch {
	case len(frame) > maxFrame:
		return dataFrame, errTooLong
	case string(text) == "PONG":
		return pongFrame, nil
	case len(text) == 0 || string(text) == "null":
		return textFrame, nil
	case text[0] != '{' && text[0] != '[' && len(text) <= maxID && isWords(text):
		return textFrame, nil
	case text[0] == '[':
		elements, first := strictjson.ReadArray(text, maxObjects)
		for _, element := range elements {
			if err := r.event(element, order, trade); err != nil && first == nil {
				first = err
			}
		}
		return dataFrame, first
	default:
		return dataFrame, r.event(text, order, trade)
	}
}

func isWords(text []byte) bool {
	for _, c := range text {
		if c != ' ' && c != '.' && c != '-' && c != '_' && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// event reads one object of the stream.
func (r *reader) event(text []byte, order func(*orderNews), trade func(*tradeNews)) error {
	f, err := readFields(text)
	if err != nil {
		return err
	}
	switch f.Text("event_type") {
	case "order":
		n := r.order(f)
		switch kind := strings.ToUpper(f.Text("type")); kind {
		case "PLACEMENT", "UPDATE":
		case "CANCELLATION":
			n.canceled = true
			if n.Status.Open() || n.Status == Matched {
				n.Status = Canceled
			}
		default:
			f.Wrong("type", "none that is known")
		}
		return r.give(f, func() { order(n) }, r.owns(f, "owner", "order_owner"))
	case "trade":
		n := r.trade(f)
		return r.give(f, func() { trade(n) }, f.Err() != nil || len(n.fills) > 0)
	case "":
		if f.Err() == nil {
			return errors.New("event_type: none")
		}
		return f.Err()
	}
	r.stats.UnknownEvents++
	return f.Err()
}

// give passes on what was read, if it is of the account and nothing is wrong with it.
func (r *reader) give(f fields, give func(), ours bool) error {
	switch {
	case f.Err() != nil:
		return f.Err()
	case !ours:
		r.stats.Foreign++
	default:
		give()
	}
	return nil
}

// owns says whether something is the account's: its owner is the API key. What names no
// owner is, since the channel is the account's own.
func (r *reader) owns(f fields, names ...string) bool {
	owner := f.Text(names...)
	return owner == "" || r.isKey(owner)
}

// isKey says whether an owner is the API key, in a time that tells nothing of it.
func (r *reader) isKey(owner string) bool {
	return subtle.ConstantTimeCompare([]byte(owner), []byte(r.key.Reveal())) == 1
}

// order reads the fields of an order, of the stream or of REST.
func (r *reader) order(f fields) *orderNews {
	n := &orderNews{Order: Order{
		ID: f.id("id"), Market: strings.ToLower(f.id("market")), Token: f.token("asset_id"),
		Side: f.side("side"), Price: f.price("price"), Size: f.size("original_size", false), Matched: f.size("size_matched", true),
		Outcome: words(f.Text("outcome")), Kind: words(f.Text("order_type")),
		Created: f.optionalTime("created_at"), Expires: f.optionalTime("expiration"), Updated: f.time("timestamp"),
	}}
	status := f.Text("status")
	upper := strings.TrimPrefix(strings.ToUpper(status), "ORDER_STATUS_")
	switch {
	case upper == "" || upper == "LIVE":
	case upper == "MATCHED":
		n.claims = true
	case upper == "DELAYED":
		n.Status = Delayed
	case upper == "UNMATCHED":
		n.Status = Unmatched
	case strings.HasPrefix(upper, "INVALID"):
		n.Status, n.canceled = Invalid, true
	case strings.HasPrefix(upper, "CANCELED"), strings.HasPrefix(upper, "CANCELLED"):
		n.Status, n.canceled = Canceled, true
		_, why, _ := strings.Cut(status, "_")
		n.Detail = words(why)
	default:
		f.Wrong("status", "none that is known")
	}
	return n
}

// trade reads the fields of a trade, of the stream or of REST.
func (r *reader) trade(f fields) *tradeNews {
	n := &tradeNews{
		id: f.id("id"), market: strings.ToLower(f.id("market")),
		time: f.time("match_time", "matchtime"), updated: f.time("last_update"), said: f.time("timestamp"),
	}
	n.updated = max(n.updated, n.time)
	if n.time == 0 {
		if n.time = max(n.updated, n.said); n.time == 0 {
			f.Wrong("match_time", "none")
		}
		n.time -= n.time % 1000
	}
	n.status = tradeStatus(f)
	taker := Fill{
		Trade: n.id, Order: f.id("taker_order_id"), Market: n.market, Token: f.token("asset_id"), Side: f.side("side"),
		Price: f.price("price"), Size: f.size("size", false), Role: Taker, Status: n.status, Outcome: words(f.Text("outcome")),
		FeeRateBPS: words(f.Text("fee_rate_bps")), Transaction: words(f.Text("transaction_hash")), Time: n.time, Updated: n.updated,
	}
	// trader_side is that of the wallet, which may have other keys; and a trade of the account
	// with itself is told from either side.
	named := f.Text("owner", "trade_owner")
	ours := r.isKey(named)
	if named == "" {
		ours = !strings.EqualFold(f.Text("trader_side"), "MAKER")
	}
	if ours {
		n.fills = append(n.fills, taker)
	}
	for _, element := range f.Array("maker_orders", maxMakers) {
		m, err := readFields(element)
		if err != nil {
			f.Wrong("maker_orders", err.Error())
			break
		}
		ours := r.isKey(m.Text("owner")) // nothing else matters of the others
		if ours {
			fill := r.maker(m, &taker)
			if m.Err() == nil {
				n.add(fill)
			}
		}
		if m.Err() != nil {
			f.Wrong("maker_orders", m.Err().Error())
			break
		}
	}
	return n
}

// maker reads one of the maker orders of a trade.
func (r *reader) maker(m fields, taker *Fill) Fill {
	fill := *taker
	fill.Role = Maker
	fill.Order, fill.Token = m.id("order_id"), m.token("asset_id")
	fill.Price, fill.Size = m.price("price"), m.size("matched_amount", false)
	fill.Outcome, fill.FeeRateBPS = words(m.Text("outcome")), words(m.Text("fee_rate_bps"))
	switch {
	case m.Value("side") != nil && m.Text("side") != "":
		fill.Side = m.side("side")
	case fill.Token == taker.Token:
		fill.Side = book.Ask - taker.Side
	}
	// Otherwise both buy, and tokens are minted, or both sell, and they are merged.
	return fill
}

// add adds a fill, or what an order that is there already got once more.
func (n *tradeNews) add(fill Fill) {
	for i := range n.fills {
		if o := &n.fills[i]; o.Order == fill.Order && o.Role == fill.Role {
			o.Size += fill.Size
			return
		}
	}
	n.fills = append(n.fills, fill)
}

// tradeStatus reads the status of a trade, which newer pages write with a prefix.
func tradeStatus(f fields) TradeStatus {
	switch strings.TrimPrefix(strings.ToUpper(f.Text("status")), "TRADE_STATUS_") {
	case "MATCHED", "MATCHED_NOT_BROADCASTED":
		return MatchedTrade
	case "MINED":
		return Mined
	case "RETRYING":
		return Retrying
	case "CONFIRMED":
		return Confirmed
	case "FAILED":
		return Failed
	}
	f.Wrong("status", "none that is known")
	return MatchedTrade
}

// page reads a page of REST, and returns the cursor of the next one, "" if it is the last.
func (r *reader) page(text []byte, take func(fields) error) (next string, err error) {
	f, err := readFields(text)
	if err != nil {
		return "", err
	}
	if f.Value("data") == nil {
		f.Wrong("data", "no array")
	}
	elements := f.Array("data", maxObjects)
	next = f.Text("next_cursor")
	if len(next) > maxID {
		f.Wrong("next_cursor", "too long")
	}
	if f.Err() != nil {
		return "", f.Err()
	}
	for _, element := range elements {
		e, err := readFields(element)
		if err == nil {
			err = take(e)
		}
		if err != nil {
			return "", err
		}
	}
	return next, nil
}

// orders reads a page of open orders.
func (r *reader) orders(text []byte, take func(*orderNews)) (next string, err error) {
	return r.page(text, func(f fields) error {
		n := r.order(f)
		return r.give(f, func() { take(n) }, r.owns(f, "owner"))
	})
}

// trades reads a page of trades.
func (r *reader) trades(text []byte, take func(*tradeNews)) (next string, err error) {
	return r.page(text, func(f fields) error {
		n := r.trade(f)
		return r.give(f, func() { take(n) }, f.Err() != nil || len(n.fills) > 0)
	})
}
