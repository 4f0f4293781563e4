package feed

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	"example.com/truebook/book"
)

// The two events of this file are rare and touch no level: they are read with
// encoding/json, from an object whose syntax has been checked already.

// newMarket appends a NewMarket, unless what it says cannot be read: then there
// is nothing that it could put in doubt, and it is only counted.
func (d *Decoder) newMarket() {
	var m struct {
		Market   string     `json:"market"`
		Slug     string     `json:"slug"`
		Question string     `json:"question"`
		Assets   stringList `json:"assets_ids"`
		Outcomes stringList `json:"outcomes"`
		Tick     string     `json:"order_price_min_tick_size"`
		Time     jsonTime   `json:"timestamp"`
	}
	if err := json.Unmarshal(d.wholeObject, &m); err != nil {
		d.stats.Bad++
		return
	}
	var tick book.Price
	if m.Tick != "" {
		var err error
		if tick, err = book.ParsePrice(m.Tick); err != nil {
			d.stats.Bad++
			return
		}
	}
	d.events = append(d.events, &NewMarket{
		Market: m.Market, Slug: m.Slug, Question: m.Question,
		Assets: m.Assets, Outcomes: m.Outcomes, TickSize: tick, Time: Timestamp(m.Time),
	})
}

// resolved appends a Resolved, or only counts it as newMarket does.
func (d *Decoder) resolved() {
	// That the market is over counts; what won is only told.
	var m struct {
		Market  looseString `json:"market"`
		Assets  stringList  `json:"assets_ids"`
		Winner  looseString `json:"winning_asset_id"`
		Outcome looseString `json:"winning_outcome"`
		Time    jsonTime    `json:"timestamp"`
	}
	if err := json.Unmarshal(d.wholeObject, &m); err != nil {
		d.stats.Bad++
		return
	}
	d.events = append(d.events, &Resolved{
		Market: string(m.Market), Assets: m.Assets, WinningAsset: string(m.Winner),
		WinningOutcome: string(m.Outcome), Time: Timestamp(m.Time),
	})
}

// stringList is an array of strings that is sometimes sent as a string that
// holds one (measured by others, 2026-08).
type stringList []string

// UnmarshalJSON reads both forms.
func (l *stringList) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte(`"`)) {
		var inner string
		if err := json.Unmarshal(text, &inner); err != nil {
			return err
		}
		text = []byte(inner)
		if inner == "" {
			text = []byte("null")
		}
	}
	return json.Unmarshal(text, (*[]string)(l))
}

// looseString is a string, "" where something else stands.
type looseString string

// UnmarshalJSON never fails.
func (l *looseString) UnmarshalJSON(text []byte) error {
	var s string
	if json.Unmarshal(text, &s) == nil {
		*l = looseString(s)
	}
	return nil
}

// jsonTime is a Timestamp sent as a string or as a number.
type jsonTime Timestamp

// UnmarshalJSON reads both forms, and 0 for a time that cannot be one.
func (t *jsonTime) UnmarshalJSON(text []byte) error {
	text = bytes.Trim(text, `"`)
	ms, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || ms < 0 {
		*t = 0
		return nil //nolint:nilerr // the time of these two events decides nothing
	}
	if ms < secondsBelow {
		ms *= int64(time.Second / time.Millisecond)
	}
	if *t = jsonTime(ms); ms < int64(minTimestamp) || ms >= int64(maxTimestamp) {
		*t = 0
	}
	return nil
}
