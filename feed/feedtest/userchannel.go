package feedtest

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
)

// userStream is what a connection to the user channel has beside what each has.
type userStream struct {
	account *Account // nil until it is subscribed
	all     bool     // every market
	markets map[string]bool
	arrival int64 // of the last message
}

// userRequest is a text of a client.
type userRequest struct {
	Auth *struct {
		Key        string `json:"apiKey"`
		Secret     string `json:"secret"`
		Passphrase string `json:"passphrase"`
	} `json:"auth"`
	Markets   []string `json:"markets"`
	Type      string   `json:"type"`
	Operation string   `json:"operation"`
}

// DialUser opens a connection to the user channel, as [Venue.Dial] does to the market
// channel. Its first message has credentials in it; with wrong ones the connection is
// closed without a word (observed by others, 2025-12). What is subscribed to is not
// acknowledged, and begins without a snapshot.
func (v *Venue) DialUser(conn int) { v.dial(conn, &userStream{markets: map[string]bool{}}) }

// receiveUser answers a text of a client of the user channel.
func (v *Venue) receiveUser(c *connection, text []byte) {
	u := c.user
	if string(bytes.TrimSpace(text)) == "PING" {
		if u.account == nil {
			v.closeLater(c, 1008, invalidPayload)
			return
		}
		v.pong(c)
		return
	}
	var r userRequest
	err := json.Unmarshal(text, &r)
	switch {
	case u.account == nil && (err != nil || r.Auth == nil || !strings.EqualFold(r.Type, "user")):
		v.closeLater(c, 1008, invalidPayload)
	case u.account == nil:
		for _, a := range v.accounts {
			if a.hasKey && r.Auth.Key == a.Key && r.Auth.Secret == a.Secret && r.Auth.Passphrase == a.Passphrase {
				u.account = a
			}
		}
		if u.account == nil {
			v.after(v.between(leastUp, mostUp), func() { v.end(c, 0, "") })
			return
		}
		u.all = len(r.Markets) == 0
		v.follow(u, r.Markets, true)
	case err != nil || r.Operation != "subscribe" && r.Operation != "unsubscribe":
		v.say(c, invalidOperation)
	default:
		v.follow(u, r.Markets, r.Operation == "subscribe")
	}
}

func (v *Venue) follow(u *userStream, markets []string, follow bool) {
	for _, m := range markets {
		u.markets[strings.ToLower(m)] = follow
	}
}

// What a message of the user channel takes.
const leastTold, mostTold = 5 * time.Millisecond, 60 * time.Millisecond

// tellUsers sends a message to the connections of an account.
func (v *Venue) tellUsers(a *Account, id, market string, data []byte) {
	for _, c := range v.conns {
		u := c.user
		if u == nil || u.account != a || !u.all && !u.markets[market] || c.closing {
			continue
		}
		if !a.quiet && a.form.Float64() < a.options.Lose {
			a.lost(id, v.Now())
			continue
		}
		u.arrival = max(u.arrival, v.now+int64(leastTold)+a.form.Int64N(int64(mostTold-leastTold)))
		a.carry(c, id, u.arrival, data)
		if !a.quiet && a.form.Float64() < a.options.Repeat {
			a.carry(c, id, v.now+a.form.Int64N(int64(5*time.Second)), data)
		}
	}
}

// carry lets a message arrive at a time, or a little later than others.
func (a *Account) carry(c *connection, id string, at int64, data []byte) {
	v := a.venue
	sent := v.Now()
	if !a.quiet && a.form.Float64() < a.options.Delay {
		at += a.form.Int64N(int64(500 * time.Millisecond))
	}
	v.at(at, func() {
		switch {
		case c.state == ended:
		case c.fate.dead || c.fate.frozen > 0:
			a.lost(id, sent)
		default:
			v.hand(c, data)
		}
	})
}

func (a *Account) lost(id string, sent time.Time) {
	a.losses = append(a.losses, AccountLoss{sent, id})
}
