package feedtest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
	"example.com/truebook/feed/keys"
	"example.com/truebook/feed/rest"
)

// subscribeUser opens a connection to the user channel.
func subscribeUser(v *feedtest.Venue, conn int, key, secret, passphrase, markets string) {
	v.DialUser(conn)
	v.Advance(v.Now().Add(time.Second)) // it is open
	v.Send(conn, []byte(`{"auth":{"apiKey":"`+key+`","secret":"`+secret+`","passphrase":"`+passphrase+`"},"markets":[`+markets+`],"type":"user"}`))
}

// TestAccountTruth: what is true of an account hangs together, and everything happens to it
// that can.
func TestAccountTruth(t *testing.T) {
	onlyGoroutine(t)
	v := feedtest.NewVenue(feedtest.VenueOptions{Seed: 2, Markets: 2, Rate: 1})
	a := v.OpenAccount(feedtest.AccountOptions{Seed: 2, PerMinute: 300})
	end := v.Now().Add(20 * time.Minute)
	for _, ok := v.Advance(end); ok; _, ok = v.Advance(end) {
	}
	var minted, merged, plain, taken, ended int
	seen := map[string]int{}
	matched := map[string]book.Size{}
	orders := map[string]feedtest.AccountOrder{}
	for _, o := range a.Orders() {
		orders[o.ID] = o
	}
	for _, trade := range a.Trades() {
		for i, s := range trade.Steps {
			seen[s.Status]++
			if i > 0 && s.At.Sub(trade.Steps[i-1].At) < 2*time.Second {
				t.Errorf("%+v", trade)
			}
		}
		for _, f := range trade.Fills {
			matched[f.Order] += f.Size
			if f.Taker {
				taken++
			}
			if o := orders[f.Order]; f.Token != o.Token || f.Side != o.Side || f.Price != o.Price || f.Size <= 0 {
				t.Errorf("%+v of %+v", f, o)
			}
		}
	}
	for id, o := range orders {
		last := o.Steps[len(o.Steps)-1]
		if last.Matched != matched[id] || last.Matched > o.Size || last.Matched == o.Size && last.Open {
			t.Errorf("%+v, and its trades have %v", o, matched[id])
		}
		if !last.Open && last.Matched < o.Size {
			ended++
		}
		for i, s := range o.Steps {
			if i > 0 && (s.Matched < o.Steps[i-1].Matched || s.At.Before(o.Steps[i-1].At)) {
				t.Errorf("%+v", o)
			}
		}
	}
	// What kind of match it was is in the messages, by REST as well.
	for _, m := range pages(t, v, a, "/data/trades") {
		if m["trader_side"] != "MAKER" {
			continue
		}
		for _, k := range m["maker_orders"].([]any) {
			k := k.(map[string]any)
			switch {
			case k["owner"] != a.Key:
			case k["asset_id"] == m["asset_id"]:
				plain++
			case m["side"] == "BUY":
				minted++
			default:
				merged++
			}
		}
	}
	if min(minted, merged, plain, taken, ended, seen["MATCHED"], seen["MINED"], seen["RETRYING"], seen["CONFIRMED"], seen["FAILED"]) == 0 {
		t.Errorf("minted %d, merged %d, plain %d, taken %d, ended %d, %v", minted, merged, plain, taken, ended, seen)
	}
}

// TestAccountOddities: trades of the account with itself are told from either side, those of
// its wallet's other key are not its own, and some trades are stuck; and none of that if
// it was not asked for.
func TestAccountOddities(t *testing.T) {
	for _, share := range []float64{0, 0.3} {
		v := feedtest.NewVenue(feedtest.VenueOptions{Seed: 2, Markets: 2, Rate: 1})
		a := v.OpenAccount(feedtest.AccountOptions{Seed: 2, PerMinute: 300, SelfTrades: share, OtherKey: share, Stuck: share})
		end := v.Now().Add(5 * time.Minute)
		for _, ok := v.Advance(end); ok; _, ok = v.Advance(end) {
		}
		var self, stuck, asMaker, asTaker, sibling int
		own := map[string]bool{}
		for _, trade := range a.Trades() {
			last := trade.Steps[len(trade.Steps)-1]
			if last.Status != "CONFIRMED" && last.Status != "FAILED" && v.Now().Sub(last.At) > time.Minute {
				stuck++
			}
			if len(trade.Fills) == 2 && trade.Fills[0].Taker {
				own[trade.ID] = true
				self++
			}
		}
		for _, m := range pages(t, v, a, "/data/trades") {
			switch {
			case own[m["id"].(string)] && m["trader_side"] == "MAKER":
				asMaker++
			case own[m["id"].(string)]:
				asTaker++
			case m["trader_side"] == "TAKER" && m["owner"] != a.Key:
				sibling++
			}
		}
		if odd := share > 0; odd != (min(self, stuck, asMaker, asTaker, sibling) > 0) || !odd && max(self, stuck, sibling) > 0 {
			t.Errorf("share %v: %d with itself, as maker %d and as taker %d; %d of another key, %d stuck", share, self, asMaker, asTaker, sibling, stuck)
		}
	}
}

// signed returns the headers of an account's API key for a request.
func signed(t *testing.T, a *feedtest.Account, method, path string) http.Header {
	t.Helper()
	c, err := keys.NewCredentials(a.Address, a.Key, a.Secret, a.Passphrase)
	if err != nil {
		t.Fatal(err)
	}
	values, err := c.Header(method, path, nil, time.Unix(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{}
	for name, value := range values {
		header.Set(name, value) // in another case than it is documented
	}
	return header
}

// askVenue makes a request and returns its answer.
func askVenue(v *feedtest.Venue, r feedtest.AccountRequest) feedtest.Delivery {
	v.Ask(77, r)
	for {
		d, ok := v.Advance(v.Now().Add(time.Minute))
		if !ok || d.Kind == feedtest.Answered && d.Fetch == 77 {
			return d
		}
	}
}

// pages reads all pages of a list.
func pages(t *testing.T, v *feedtest.Venue, a *feedtest.Account, path string) (all []map[string]any) {
	t.Helper()
	for cursor := ""; cursor != rest.LastCursor; {
		query := url.Values{}
		if cursor != "" {
			query.Set("next_cursor", cursor)
		}
		d := askVenue(v, feedtest.AccountRequest{Method: http.MethodGet, Path: path, Query: query, Header: signed(t, a, http.MethodGet, path)})
		var page struct {
			Data []map[string]any `json:"data"`
			Next string           `json:"next_cursor"`
		}
		if err := json.Unmarshal(d.Data, &page); err != nil || d.Code != http.StatusOK {
			t.Fatalf("%d %s: %v", d.Code, d.Data, err)
		}
		all = append(all, page.Data...)
		cursor = page.Next
	}
	return all
}

// TestAccountChannel: the messages of the channel add up to the truth, and what is said to
// be lost is all that is missing.
func TestAccountChannel(t *testing.T) {
	for _, lose := range []float64{0, 0.2} {
		v := feedtest.NewVenue(feedtest.VenueOptions{Seed: 3, Markets: 2, Rate: 1})
		a := v.OpenAccount(feedtest.AccountOptions{Seed: 3, PerMinute: 200, Lose: lose, Repeat: 0.2, Delay: 0.2})
		subscribeUser(v, 1, a.Key, a.Secret, a.Passphrase, "")
		got := map[string]bool{}
		listen := func(d time.Duration) {
			end := v.Now().Add(d)
			for {
				d, ok := v.Advance(end)
				if !ok {
					return
				}
				if d.Kind != feedtest.Received {
					t.Fatalf("%+v", d)
				}
				text := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(string(d.Data)), "["), "]")
				if text == "PONG" {
					continue
				}
				var m map[string]any
				if err := json.Unmarshal([]byte(text), &m); err != nil {
					t.Fatalf("%s: %v", text, err)
				}
				status := strings.TrimPrefix(fmt.Sprint(m["status"]), "TRADE_STATUS_")
				got[fmt.Sprint(m["id"], " ", strings.TrimSuffix(status, "_NOT_BROADCASTED"))] = true
			}
		}
		ping := func(d time.Duration) {
			for range d / (10 * time.Second) {
				v.Send(1, []byte("PING"))
				listen(10 * time.Second)
			}
		}
		listen(time.Second)
		ping(3 * time.Minute)
		a.Rest()
		ping(3 * time.Minute)
		missing := map[string]int{}
		for _, trade := range a.Trades() {
			for _, s := range trade.Steps {
				if trade.Time.After(a.Trades()[0].Time.Add(time.Second)) && !got[trade.ID+" "+s.Status] {
					missing[trade.ID]++
				}
			}
		}
		lost := map[string]int{}
		for _, l := range a.Losses() {
			lost[l.ID]++
		}
		for id, n := range missing {
			if n > lost[id] {
				t.Errorf("%d messages of trade %s are missing, and %d are told of", n, id, lost[id])
			}
		}
		if lose == 0 && len(lost) > 0 || lose > 0 && len(missing) < 5 || len(got) < 50 {
			t.Errorf("lose %v: %d got, %d missing, %d lost", lose, len(got), len(missing), len(lost))
		}
	}
}

// TestAccountSubscriptions: wrong credentials, wrong messages, and markets.
func TestAccountSubscriptions(t *testing.T) {
	v := feedtest.NewVenue(feedtest.VenueOptions{Seed: 4, Markets: 2, Rate: 1})
	a := v.OpenAccount(feedtest.AccountOptions{Seed: 4, PerMinute: 600})
	markets := v.Markets()
	until := func(conn int, d time.Duration) (closed *feedtest.Delivery, seen map[string]int) {
		seen = map[string]int{}
		end := v.Now().Add(d)
		for {
			d, ok := v.Advance(end)
			switch {
			case !ok:
				return nil, seen
			case d.Conn == conn && d.Kind == feedtest.Closed:
				return &d, seen
			case d.Conn == conn && d.Kind == feedtest.Received:
				for _, m := range markets {
					if strings.Contains(strings.ToLower(string(d.Data)), m.Condition) {
						seen[m.Condition]++
					}
				}
			}
		}
	}
	for i, c := range []struct{ key, secret, passphrase string }{
		{"x", a.Secret, a.Passphrase}, {a.Key, a.Passphrase, a.Passphrase}, {a.Key, a.Secret, ""},
	} {
		subscribeUser(v, 10+i, c.key, c.secret, c.passphrase, "")
		if d, seen := until(10+i, 10*time.Second); d == nil || d.Code != 0 || len(seen) > 0 {
			t.Errorf("%d: %+v, %v", i, d, seen)
		}
	}
	for i, text := range []string{"PING", "{", `{"type":"market","assets_ids":[]}`, `{"type":"user","markets":[]}`} {
		v.DialUser(20 + i)
		v.Advance(v.Now().Add(time.Second))
		v.Send(20+i, []byte(text))
		if d, _ := until(20+i, 10*time.Second); d == nil || d.Code != 1008 {
			t.Errorf("%s: %+v", text, d)
		}
	}
	subscribeUser(v, 30, a.Key, a.Secret, a.Passphrase, `"`+strings.ToUpper(markets[0].Condition)+`"`)
	if d, seen := until(30, time.Minute); d != nil || seen[markets[0].Condition] == 0 || seen[markets[1].Condition] > 0 {
		t.Errorf("%+v, %v", d, seen)
	}
	v.Send(30, []byte(`{"operation":"subscribe","markets":["`+markets[1].Condition+`"]}`))
	v.Send(30, []byte(`{"operation":"unsubscribe","markets":["`+markets[0].Condition+`"]}`))
	until(30, time.Second)
	if d, seen := until(30, time.Minute); d != nil || seen[markets[1].Condition] == 0 || seen[markets[0].Condition] > 0 {
		t.Errorf("%+v, %v", d, seen)
	}
}

// TestAccountREST: pages, what is asked for, and who may ask.
func TestAccountREST(t *testing.T) {
	v := feedtest.NewVenue(feedtest.VenueOptions{Seed: 5, Markets: 2, Rate: 1})
	a := v.OpenAccount(feedtest.AccountOptions{Seed: 5, PerMinute: 200, PageSize: 4})
	v.OpenAccount(feedtest.AccountOptions{Seed: 6, PerMinute: 200})
	end := v.Now().Add(5 * time.Minute)
	for _, ok := v.Advance(end); ok; _, ok = v.Advance(end) {
	}
	a.Rest()
	open := map[string]string{}
	for _, o := range a.Orders() {
		if last := o.Steps[len(o.Steps)-1]; last.Open {
			open[o.ID] = last.Matched.String()
		}
	}
	got := map[string]string{}
	for _, o := range pages(t, v, a, "/data/orders") {
		got[fmt.Sprint(o["id"])] = fmt.Sprint(o["size_matched"])
	}
	if !maps.Equal(open, got) || len(open) < 5 {
		t.Errorf("%v, want %v", got, open)
	}
	if n := len(pages(t, v, a, "/data/trades")); n != len(a.Trades()) || n < 20 {
		t.Errorf("%d trades of %d", n, len(a.Trades()))
	}
	after := a.Trades()[len(a.Trades())-3].Time.Unix()
	d := askVenue(v, feedtest.AccountRequest{
		Method: http.MethodGet, Path: "/data/trades", Query: url.Values{"after": {strconv.FormatInt(after, 10)}},
		Header: signed(t, a, http.MethodGet, "/data/trades"),
	})
	if n := strings.Count(string(d.Data), "taker_order_id"); n == 0 || n > 2 {
		t.Errorf("%d trades after that of the third last", n)
	}
	for _, change := range []func(*feedtest.AccountRequest){
		func(r *feedtest.AccountRequest) { r.Header = nil },
		func(r *feedtest.AccountRequest) { r.Path = "/data/trades" },
		func(r *feedtest.AccountRequest) { r.Method = http.MethodPost },
		func(r *feedtest.AccountRequest) { r.Header.Set("POLY_TIMESTAMP", "2") },
		func(r *feedtest.AccountRequest) { r.Header.Set("POLY_PASSPHRASE", "x") },
		func(r *feedtest.AccountRequest) { r.Header.Set("POLY_ADDRESS", "0x") },
		func(r *feedtest.AccountRequest) { r.Header.Del("POLY_SIGNATURE") },
	} {
		r := feedtest.AccountRequest{Method: http.MethodGet, Path: "/data/orders", Header: signed(t, a, http.MethodGet, "/data/orders")}
		change(&r)
		if d := askVenue(v, r); d.Code != http.StatusUnauthorized {
			t.Errorf("%+v: %d %s", r, d.Code, d.Data)
		}
	}
	r := feedtest.AccountRequest{Method: http.MethodGet, Path: "/data/orders", Query: url.Values{"next_cursor": {"!"}}, Header: signed(t, a, http.MethodGet, "/data/orders")}
	if d := askVenue(v, r); d.Code != http.StatusBadRequest {
		t.Errorf("%d %s", d.Code, d.Data)
	}
}

// TestAccountKey: an API key is made and shown by the wallet, and no other. The signature
// is checked by code that is not that which made it.
func TestAccountKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serveVenue(t, feedtest.ServerOptions{})
		var a *feedtest.Account
		s.Do(func(v *feedtest.Venue) { a = v.OpenAccount(feedtest.AccountOptions{Seed: 9, NoKey: true}) })
		client, err := rest.New(rest.Options{URL: restURL, DialContext: s.Dial})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		private, err := keys.ParsePrivateKey(a.PrivateKey)
		if err != nil || private.Address() != a.Address {
			t.Fatal(private.Address(), a.Address, err)
		}
		other, err := keys.ParsePrivateKey(strings.Repeat("1", 64))
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range []struct {
			what   string
			ask    func() (keys.Credentials, error)
			status int
		}{
			{"none yet", func() (keys.Credentials, error) { return keys.Derive(t.Context(), client, keys.Polygon, private, 0) }, 400},
			{"another wallet", func() (keys.Credentials, error) { return keys.Create(t.Context(), client, keys.Polygon, other, 0) }, 401},
			{"made", func() (keys.Credentials, error) {
				return keys.DeriveOrCreate(t.Context(), client, keys.Amoy, private, 0)
			}, 0},
			{"made before", func() (keys.Credentials, error) { return keys.Create(t.Context(), client, keys.Polygon, private, 0) }, 400},
			{"shown", func() (keys.Credentials, error) {
				return keys.DeriveOrCreate(t.Context(), client, keys.Polygon, private, 0)
			}, 0},
			{"another nonce", func() (keys.Credentials, error) { return keys.Derive(t.Context(), client, keys.Polygon, private, 1) }, 400},
		} {
			c, err := x.ask()
			if x.status == 0 {
				if err != nil || c.Key.Reveal() != a.Key || c.Secret.Reveal() != a.Secret || c.Passphrase.Reveal() != a.Passphrase {
					t.Errorf("%s: %v", x.what, err)
				}
			} else {
				wantStatusOf(t, x.what, err, x.status)
			}
			time.Sleep(time.Minute) // of the budget
		}
	})
}

func wantStatusOf(t *testing.T, what string, err error, status int) {
	t.Helper()
	if refused := (*feed.StatusError)(nil); !errors.As(err, &refused) || refused.Status != status {
		t.Errorf("%s: %v, want status %d", what, err, status)
	}
}
