package screen

import (
	"time"

	"example.com/truebook/book"
	"example.com/truebook/engine"
)

// Input is what is known at an instant.
type Input struct {
	// Now is the books' time: in a replay that of the recording. Clock is that of the
	// wall, for what flashes.
	Now, Clock time.Time
	Markets    []Market // in the order in which they were asked for
	Health     Health
	// Simulated says that the exchange is one of this program.
	Simulated bool
	// Trades are those since the last Input, in their order.
	Trades    []Trade
	Rewound   bool       // what is shown is anew, and of an earlier time perhaps
	Playback  *Playback  // of a replay, otherwise nil
	Recording *Recording // what is being written, otherwise nil
	Account   *Account   // one's own orders and fills, nil without an account
	// Note is what the program has to say, "" if nothing.
	Note string
}

// Market is one market, or a token of which the market is not known yet.
type Market struct {
	// Title, Slug and each Outcome are the exchange's, "" if it did not say.
	Title, Slug string
	NegRisk     bool
	Ends        time.Time // zero if that is not known
	Tokens      []Token   // one or two
}

// Token is an outcome with its book.
type Token struct {
	Outcome string
	View    engine.View
}

// Health is how the connections are.
type Health struct {
	Connections, Open int
	Frames            uint64 // so far
	Resyncs           uint64 // times that a live book was doubted, so far
	Lags              uint64 // that LagP50 and LagP99 are made of
	LagP50, LagP99    time.Duration
	Hash              engine.Tally
	HashingOff        bool
	Replay            bool // there are no connections
}

// Playback is where a replay is.
type Playback struct {
	Begin, End time.Time
	At         time.Time
	Speed      float64 // 0 is as fast as possible
	Paused     bool
	Busy       string // what it does meanwhile, such as seeking, "" if nothing
	AtEnd      bool
}

// Recording is a file that is being written.
type Recording struct {
	Name    string
	Bytes   int64
	Dropped uint64 // frames that are not in it
	Err     error  // why it has stopped
}

// Account is one's own state.
type Account struct {
	Known  bool
	Reason string    // why it is not known
	Since  time.Time // when that began
	Orders []Order   // that are open
	Fills  []Fill    // the newest last
}

// Order is what is left of an order of one's own.
type Order struct {
	Asset string
	Side  book.Side
	Price book.Price
	Size  book.Size
}

// Fill is a trade of one's own.
type Fill struct {
	Trade

	Status string // how far it has come
}

// Trade is a trade, as the exchange printed it.
type Trade struct {
	Asset string
	At    time.Time
	Buy   bool // the taker bought
	Price book.Price
	Size  book.Size
}
