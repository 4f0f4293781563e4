package feedtest

import (
	"encoding/base64"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"example.com/truebook/book"
)

// AccountOptions choose an [Account]. The zero value trades some 30 times a minute, and
// every message of it arrives once, in order.
type AccountOptions struct {
	Seed uint64
	// PerMinute is how often the account, or somebody who trades with it, does something;
	// 30 if 0, and never if less than 0.
	PerMinute float64
	// MaxOrders is how many orders it has open at a time, 30 if 0.
	MaxOrders int
	// Lose, Repeat and Delay are shares of the messages of the user channel, from 0 to 1:
	// that a connection does not get, that come again up to 5 s later, and that come up to
	// half a second late, behind others.
	Lose, Repeat, Delay float64
	// SelfTrades, OtherKey and Stuck are shares, from 0 to 1: of what the account takes, that
	// it takes from its own orders; of what is taken from it, that another API key of its
	// wallet takes; of its trades, that stay matched or mined for ever.
	SelfTrades, OtherKey, Stuck float64
	// PageSize is how many orders or trades a page of REST has, 100 if 0.
	PageSize int
	// NoKey: its API key is made when it is asked for by POST /auth/api-key, and there is
	// none before.
	NoKey bool
}

// Account is a simulated account at a [Venue]: a market maker whose orders rest in the
// venue's books, are matched, also against those of the other token (tokens are minted or
// merged), and cancelled; and who takes now and then. Its trades go through every life that
// they have at the real exchange, and every message of it is written in one of the forms
// that were seen there. What is true of it is known at every time.
//
// Its secrets are made up. Its methods are for the goroutine of the venue.
type Account struct {
	Address, PrivateKey     string // of its wallet; the key is 64 hex digits
	Key, Secret, Passphrase string // its API key

	venue   *Venue
	options AccountOptions
	// random is what the account does, form how messages are written and carried: so that
	// what clients do changes nothing for the market.
	random, form *rand.Rand
	key          *secp256k1.PrivateKey
	hasKey       bool

	orders []*accountOrder // in the order in which they were placed
	trades []*accountTrade // in the order in which they were matched
	losses []AccountLoss
	quiet  bool
}

// AccountLoss is a message of the user channel that a connection did not get.
type AccountLoss struct {
	At time.Time // when it was sent
	ID string    // of the order or trade
}

// AccountOrder is what is true of an order.
type AccountOrder struct {
	ID, Market, Token string
	Side              book.Side
	Price             book.Price
	Size              book.Size
	Steps             []AccountOrderStep // at least one: its placement
}

// AccountOrderStep is what is true of an order from a time on.
type AccountOrderStep struct {
	At      time.Time
	Matched book.Size
	Open    bool
}

// AccountTrade is what is true of a trade.
type AccountTrade struct {
	ID, Market string
	Time       time.Time // when it was matched
	Fills      []AccountFill
	Steps      []AccountTradeStep // at least one: it was matched
}

// AccountFill is what a trade has done to an order of the account.
type AccountFill struct {
	Order, Token string
	Side         book.Side
	Price        book.Price
	Size         book.Size
	Taker        bool
}

// AccountTradeStep is the status of a trade from a time on: MATCHED, MINED, RETRYING,
// CONFIRMED or FAILED.
type AccountTradeStep struct {
	At     time.Time
	Status string
}

// accountOrder is an order of an account, at a level of the book of Yes.
type accountOrder struct {
	AccountOrder
	listing *listing
	no      bool
	kind    string // GTC and so on
	status  string // LIVE and so on
	placed  int64  // when, in nanoseconds
	trades  []string
}

// accountTrade is a trade of an account.
type accountTrade struct {
	AccountTrade
	listing     *listing
	no          bool // the taker's token
	taker       string
	side        book.Side // of the taker
	price       book.Price
	size        book.Size
	owner       string // of the taker
	sibling     bool   // that is another key of the account's wallet
	makers      []accountMaker
	transaction string
	updated     int64 // nanoseconds
}

// accountMaker is one of the maker orders of a trade.
type accountMaker struct {
	order, owner, address string
	no                    bool
	side                  book.Side
	price                 book.Price
	size                  book.Size
}

// OpenAccount adds an account to the venue, which begins to trade.
func (v *Venue) OpenAccount(o AccountOptions) *Account {
	if o.PerMinute == 0 {
		o.PerMinute = 30
	}
	if o.MaxOrders == 0 {
		o.MaxOrders = 30
	}
	if o.PageSize == 0 {
		o.PageSize = 100
	}
	a := &Account{
		venue: v, options: o, hasKey: !o.NoKey,
		random: rand.New(rand.NewPCG(o.Seed, 0x6163)), //nolint:gosec // to be repeated, not to be secret
		form:   rand.New(rand.NewPCG(o.Seed, 0x666f)), //nolint:gosec // the same
	}
	raw := make([]byte, 32)
	for i := range raw {
		raw[i] = byte(1 + a.random.IntN(250))
	}
	a.PrivateKey = hexText(raw)
	a.key = secp256k1.PrivKeyFromBytes(raw)
	a.Address = walletAddress(a.key.PubKey())
	a.Key = a.uuid()
	a.Passphrase = digits(a.random, 64, hexAlphabet)
	for i := range raw {
		raw[i] = byte(a.random.IntN(256))
	}
	a.Secret = base64.URLEncoding.EncodeToString(raw)
	v.accounts = append(v.accounts, a)
	if o.PerMinute > 0 {
		a.later()
	}
	return a
}

// Rest lets the account do nothing more, but for what its trades do on the chain, and
// lets no message be lost, late or repeated any more. Resume undoes that.
func (a *Account) Rest() { a.quiet = true }

// Resume lets the account go on.
func (a *Account) Resume() { a.quiet = false }

// Orders returns what is true of all orders that there ever were, in the order in which
// they were placed.
func (a *Account) Orders() []AccountOrder {
	orders := make([]AccountOrder, 0, len(a.orders))
	for _, o := range a.orders {
		c := o.AccountOrder
		c.Steps = slices.Clip(c.Steps)
		orders = append(orders, c)
	}
	return orders
}

// Trades returns what is true of all trades, in the order in which they were matched.
func (a *Account) Trades() []AccountTrade {
	trades := make([]AccountTrade, 0, len(a.trades))
	for _, t := range a.trades {
		c := t.AccountTrade
		c.Steps = slices.Clip(c.Steps)
		trades = append(trades, c)
	}
	return trades
}

// Losses returns the messages that a connection was subscribed to and did not get, while it
// was open.
func (a *Account) Losses() []AccountLoss { return slices.Clip(a.losses) }

const hexAlphabet = "0123456789abcdef"

func (a *Account) uuid() string {
	t := digits(a.random, 32, hexAlphabet)
	return t[:8] + "-" + t[8:12] + "-" + t[12:16] + "-" + t[16:20] + "-" + t[20:]
}

// last is what is true of an order now.
func (o *accountOrder) last() *AccountOrderStep { return &o.Steps[len(o.Steps)-1] }

// rests says whether an order is in the book.
func (o *accountOrder) rests() bool { return o.last().Open && o.status == "LIVE" }

// remaining is what is left of an order.
func (o *accountOrder) remaining() book.Size { return o.Size - o.last().Matched }

// change changes what is true of an order.
func (o *accountOrder) change(at time.Time, matched book.Size, open bool) {
	o.Steps = append(o.Steps, AccountOrderStep{at, matched, open})
}
