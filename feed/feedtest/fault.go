package feedtest

import "time"

// Fault is something that goes wrong. What its fields mean, and what they are if they
// are 0, is said at its [FaultKind].
type Fault struct {
	Kind FaultKind
	// At is when it begins, since the start of the venue; at once if that is over.
	// For is how long it lasts. 0 is for ever, for those kinds that last.
	At, For time.Duration
	// Market is which market it is about, an index of [Venue.Markets], or -1 for all
	// of them. Token is which token, any of the market if empty; it goes before
	// Market.
	Market int
	Token  string
	N      int
	Code   int
}

// Injection is a fault that has taken effect.
type Injection struct {
	Fault Fault
	// At is when it took effect. Where single frames are lost or changed, that is
	// when the client got them, or would have got them, and each of them is an
	// Injection.
	At time.Time
	// Until is when it ended: At for what happens at once, the zero Time if it has
	// not ended.
	Until time.Time
	// Tokens are those that may have lost something, or were told something wrong;
	// none if the fault harms no book.
	Tokens []string
	// Conns are the connections that it hit, where it hit some and not others.
	Conns []int
}

// FaultKind is a way in which things go wrong.
type FaultKind uint8

// What happens to connections. They hit those that are open, or being dialled, when
// the fault begins, and no later ones, but for FreezeAll and DuplicateAll, which hit
// those too. Market and Token mean nothing.
const (
	// Reset ends them without a close frame.
	Reset FaultKind = iota
	// Close ends them with the close code Code, 1001 if 0. The reason is what is
	// known of the real exchange: that of 1013 is "slow consumer: send buffer full".
	Close
	// Blackhole lets nothing come or go any more, not even PONG: half open. After
	// For they are reset.
	Blackhole
	// Freeze sends no data for a while. PONG and other texts go on. What is not sent
	// is lost.
	Freeze
	// FreezeAll is Freeze for connections dialled meanwhile too: subscriptions are
	// accepted and nothing comes of them.
	FreezeAll
	// Late makes frames later and later, up to N seconds (5 if 0) after For (20 s if
	// 0, and longer than that); then all that are late come at once. Nothing is lost,
	// and PONG queues behind data.
	Late
	// LateStays is Late that goes on: frames stay N seconds late.
	LateStays
	// Stall sends nothing for a while (5 s if 0), and then all of it at once.
	Stall
	// DuplicateAll sends every frame twice, as a double subscription does.
	DuplicateAll

	// What happens to attempts to connect while the fault lasts.

	// DialRefused fails them.
	DialRefused
	// DialStatus answers them with the HTTP status Code (429 if 0) and with
	// Retry-After of N seconds, if not 0.
	DialStatus
	// DialHangs lets the handshake hang until the client gives up, which is after N
	// seconds, 10 if 0.
	DialHangs

	// What happens to subscriptions that are answered while the fault lasts; to the
	// next one only if For is 0.

	// InvalidOperation answers an initial subscription by that text. Nothing comes
	// of it.
	InvalidOperation
	// OpeningWithout leaves Token out of the opening array, or the first token of the
	// market that is in it. Changes follow.
	OpeningWithout
	// OpeningNever sends no opening array. Changes follow.
	OpeningNever
	// OpeningEmpty sends [] instead. Changes follow.
	OpeningEmpty

	// What happens to tokens and markets, on the connections that are open when the
	// fault begins. New ones are well.

	// FreezeToken leaves the entries of a token out of price_change frames and its
	// books out altogether: Token, or Yes of the market, or of the first one for -1.
	// Its sibling goes on.
	FreezeToken
	// FreezeMarket sends nothing of a market.
	FreezeMarket

	// What happens to single frames of a market or token, on all connections that
	// they would have come on: N of them, 1 if 0, the next ones from At on that any
	// connection would have got. A price_change is of both tokens of its market.

	// LoseFrames loses frames of price_change that change a level.
	LoseFrames
	// LoseDeep loses such frames of levels that are N ticks behind the best price or
	// farther, 20 if 0: one frame.
	LoseDeep
	// LoseBooks loses books that follow trades.
	LoseBooks
	// Skew loses a frame in each of three in ten of all markets, at least one,
	// within a second. The markets make a change for that.
	Skew
	// Reorder exchanges a price_change with the market's next one of another change.
	// If there is none for two seconds, it is only late.
	Reorder
	// AlterSize, AlterPrice, AlterHash, AlterBest and AlterTime change a digit of one
	// entry of a price_change, or of its time by a second: still valid, and wrong.
	AlterSize
	AlterPrice
	AlterHash
	AlterBest
	AlterTime
	// LateDuplicate repeats a price_change after For, 3 s if 0.
	LateDuplicate

	// What happens at the exchange itself. It is true.

	// Recipe changes what hashes cover from then on, or for a while: in all that is
	// sent, and by REST.
	Recipe
	// TickSize gives a market a tick of a tenth, with the next change and before the
	// events; TickSizeSilent does so without any.
	TickSize
	TickSizeSilent
	// ClockBack sets the exchange's clock N seconds back, 5 if 0, for a while.
	ClockBack
	// Settle settles a market, SettleSilent without market_resolved and without a
	// close, and SettleClose closes all connections that watch it with 1000 after
	// that, as if they had watched nothing else.
	Settle
	SettleSilent
	SettleClose
	// Restart stops the matching engine for For, 90 s if 0: price_changes empty all
	// books, nothing more comes, REST answers Code (425 if 0), and then orders come
	// anew. RestartByBooks empties them by `book` frames.
	Restart
	RestartByBooks

	// What happens to REST answers while the fault lasts.

	// RESTTimeout answers nothing: after N seconds (10 if 0) the client gives up.
	RESTTimeout
	// RESTStatus answers with the HTTP status Code (500 if 0) and with Retry-After of
	// N seconds, if not 0.
	RESTStatus
	// RESTUnavailable, RESTLimited and RESTForbidden do so with 503, with 429 and 10
	// seconds, and with 403.
	RESTUnavailable
	RESTLimited
	RESTForbidden
	// RESTMissing answers as if there were no such token, or market.
	RESTMissing
	// RESTStale answers what was N seconds ago, 10 if 0, with its hash and time; or
	// what was before the last 512 changes of levels.
	RESTStale
	// RESTWrong answers books with one size changed, and the hash that is right.
	RESTWrong
	// RESTSlow answers N seconds later, 3 if 0, what was asked for then.
	RESTSlow
	// RESTPartial leaves N tokens out of an array, half of them if 0; of the next
	// answer only if For is 0.
	RESTPartial

	// Frames that no exchange should send: N of them, 1 if 0, as with LoseFrames. The
	// first ones spoil a price_change, which is lost then, in its first entry if it is
	// of one.

	BadJSON           // a brace is missing within
	BadTruncated      // half of a frame
	BadTrailing       // something follows the end
	BadNumber         // a price as a JSON number
	BadNaN            // size NaN
	BadExponent       // size 1e3
	BadNegative       // size below 0
	BadDecimals       // a price of 7 decimals
	BadOverflow       // a size of 30 digits
	BadPriceZero      // price 0
	BadPriceOne       // price 1
	BadPriceTwo       // price 2
	BadSide           // side HOLD
	BadMissing        // no size
	BadNull           // size null
	BadDuplicateKey   // size twice
	BadKeyCase        // Size
	BadUTF8           // invalid UTF-8 in the market
	BadNesting        // twelve levels of arrays
	BadNoTime         // no timestamp
	BadFarTime        // a timestamp in the year 2200
	BadSeconds        // a timestamp in seconds
	BadOldForm        // a bare array of an entry, which is no event
	BadDuplicatePrice // a book, in place of one after a trade or beside it, with a price twice
	BadManyLevels     // such a book with 11,000 levels on each side

	// These come beside what is right, and harm nothing.

	OddEventType  // an event type that is not known
	OddAsset      // a price_change of an unknown market
	OddEmptyArray // []
	OddInteger    // a number
	OddText       // a word
	OddEmpty      // an empty frame
	OddLarge      // an unknown event of 1 MB

	numFaultKinds
)

//nolint:gochecknoglobals // constant
var faultNames = [numFaultKinds]string{
	Reset: "reset", Close: "close", Blackhole: "blackhole", Freeze: "freeze", FreezeAll: "freeze_all",
	Late: "late", LateStays: "late_stays", Stall: "stall", DuplicateAll: "duplicate_all",
	DialRefused: "dial_refused", DialStatus: "dial_status", DialHangs: "dial_hangs",
	InvalidOperation: "invalid_operation", OpeningWithout: "opening_without", OpeningNever: "opening_never",
	OpeningEmpty: "opening_empty",
	FreezeToken:  "freeze_token", FreezeMarket: "freeze_market",
	LoseFrames: "lose_frames", LoseDeep: "lose_deep", LoseBooks: "lose_books", Skew: "skew", Reorder: "reorder",
	AlterSize: "alter_size", AlterPrice: "alter_price", AlterHash: "alter_hash", AlterBest: "alter_best",
	AlterTime: "alter_time", LateDuplicate: "late_duplicate",
	Recipe: "recipe", TickSize: "tick_size", TickSizeSilent: "tick_size_silent", ClockBack: "clock_back",
	Settle: "settle", SettleSilent: "settle_silent", SettleClose: "settle_close",
	Restart: "restart", RestartByBooks: "restart_by_books",
	RESTTimeout: "rest_timeout", RESTStatus: "rest_status", RESTUnavailable: "rest_unavailable",
	RESTLimited: "rest_limited", RESTForbidden: "rest_forbidden", RESTMissing: "rest_missing",
	RESTStale: "rest_stale", RESTWrong: "rest_wrong", RESTSlow: "rest_slow", RESTPartial: "rest_partial",
	BadJSON: "bad_json", BadTruncated: "bad_truncated", BadTrailing: "bad_trailing", BadNumber: "bad_number",
	BadNaN: "bad_nan", BadExponent: "bad_exponent", BadNegative: "bad_negative", BadDecimals: "bad_decimals",
	BadOverflow: "bad_overflow", BadPriceZero: "bad_price_zero", BadPriceOne: "bad_price_one",
	BadPriceTwo: "bad_price_two", BadSide: "bad_side", BadMissing: "bad_missing", BadNull: "bad_null",
	BadDuplicateKey: "bad_duplicate_key", BadKeyCase: "bad_key_case", BadUTF8: "bad_utf8", BadNesting: "bad_nesting",
	BadNoTime: "bad_no_time", BadFarTime: "bad_far_time", BadSeconds: "bad_seconds", BadOldForm: "bad_old_form",
	BadDuplicatePrice: "bad_duplicate_price", BadManyLevels: "bad_many_levels",
	OddEventType: "odd_event_type", OddAsset: "odd_asset", OddEmptyArray: "odd_empty_array", OddInteger: "odd_integer",
	OddText: "odd_text", OddEmpty: "odd_empty", OddLarge: "odd_large",
}

// String returns the name in lower case, as commands take it.
func (k FaultKind) String() string {
	if k < numFaultKinds {
		return faultNames[k]
	}
	return "invalid fault"
}

// FaultKinds returns all kinds.
func FaultKinds() []FaultKind {
	kinds := make([]FaultKind, 0, numFaultKinds)
	for k := range numFaultKinds {
		kinds = append(kinds, k)
	}
	return kinds
}
