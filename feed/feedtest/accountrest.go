package feedtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"golang.org/x/crypto/sha3"
)

// AccountRequest is a request of REST that is signed.
type AccountRequest struct {
	Method, Path string // such as GET and /data/orders
	Query        url.Values
	Header       http.Header // any case of names
}

// Ask makes a request that is signed: GET /data/orders and /data/trades with the headers of
// an API key, GET /auth/derive-api-key and POST /auth/api-key with those of a wallet. It is
// answered as [Venue.Fetch] is. Headers that are not right are answered by status 401; the
// time in them is not compared with the venue's, which is its own.
func (v *Venue) Ask(id uint64, r AccountRequest) { v.fetch(id, query{kind: ofAccount, signed: &r}) }

// answerAccount answers a request that is signed, as things were at a time.
func (v *Venue) answerAccount(r *AccountRequest, at time.Time) Delivery {
	for _, a := range v.accounts {
		switch r.Path {
		case "/auth/derive-api-key", "/auth/api-key":
			if a.signedByWallet(r) {
				return a.answerKey(r)
			}
		case "/data/orders":
			if a.signedByKey(r) {
				return a.answerPage(r, a.openOrders(at))
			}
		case "/data/trades":
			if a.signedByKey(r) {
				return a.answerPage(r, a.someTrades(r, at))
			}
		}
	}
	return Delivery{Code: http.StatusUnauthorized, Data: []byte(`{"error":"Unauthorized/Invalid api key"}`)}
}

func header(r *AccountRequest, name string) string {
	for key, values := range r.Header {
		if strings.EqualFold(key, name) && len(values) == 1 {
			return values[0]
		}
	}
	return ""
}

// signedByKey says whether a request has the headers of the account's API key.
func (a *Account) signedByKey(r *AccountRequest) bool {
	raw, err := base64.URLEncoding.DecodeString(a.Secret)
	if err != nil {
		panic(err) // it was made here
	}
	h := hmac.New(sha256.New, raw)
	h.Write([]byte(header(r, "POLY_TIMESTAMP") + r.Method + r.Path))
	return a.hasKey && header(r, "POLY_API_KEY") == a.Key && header(r, "POLY_PASSPHRASE") == a.Passphrase &&
		strings.EqualFold(header(r, "POLY_ADDRESS"), a.Address) &&
		header(r, "POLY_SIGNATURE") == base64.URLEncoding.EncodeToString(h.Sum(nil))
}

// signedByWallet says whether a request has the headers of the account's wallet.
func (a *Account) signedByWallet(r *AccountRequest) bool {
	signature, err := hex.DecodeString(strings.TrimPrefix(header(r, "POLY_SIGNATURE"), "0x"))
	nonce, failed := strconv.ParseUint(header(r, "POLY_NONCE"), 10, 64)
	if err != nil || failed != nil || len(signature) != 65 {
		return false
	}
	for _, chain := range []uint64{137, 80002} {
		digest := clobAuth(chain, header(r, "POLY_ADDRESS"), header(r, "POLY_TIMESTAMP"), nonce)
		key, _, err := ecdsa.RecoverCompact(slices.Concat(signature[64:], signature[:64]), digest)
		if err == nil && walletAddress(key) == a.Address {
			return true
		}
	}
	return false
}

// answerKey answers a request for an API key. There is one, that of nonce 0.
func (a *Account) answerKey(r *AccountRequest) Delivery {
	makes := r.Method == http.MethodPost
	if makes == a.hasKey || header(r, "POLY_NONCE") != "0" {
		return Delivery{Code: http.StatusBadRequest, Data: []byte(`{"error":"Could not derive api key!"}`)}
	}
	a.hasKey = true
	text := `{"apiKey":"` + a.Key + `","secret":"` + a.Secret + `","passphrase":"` + a.Passphrase + `"}`
	return Delivery{Code: http.StatusOK, Data: []byte(text)}
}

// openOrders are the orders that were open at a time.
func (a *Account) openOrders(at time.Time) (orders []any) {
	for _, o := range a.orders {
		step, ok := o.at(at)
		if !ok || !step.Open {
			continue
		}
		m := o.message(a)
		m.Matched, m.Status = step.Matched.String(), "LIVE"
		m.Created, m.Expires = o.placed/int64(time.Second), nil
		if a.form.IntN(2) == 0 {
			m.Status = "ORDER_STATUS_LIVE"
		}
		orders = append(orders, m)
	}
	return orders
}

// at is what was true of an order at a time.
func (o *accountOrder) at(t time.Time) (step AccountOrderStep, ok bool) {
	for _, s := range o.Steps {
		if !s.At.After(t) {
			step, ok = s, true
		}
	}
	return step, ok
}

// someTrades are the trades that a request asks for, as they were at a time, newest first.
func (a *Account) someTrades(r *AccountRequest, at time.Time) (trades []any) {
	after, _ := strconv.ParseInt(r.Query.Get("after"), 10, 64) // 0 if there is none
	for _, t := range slices.Backward(a.trades) {
		if t.Time.After(at) || t.Time.Unix() <= after {
			continue
		}
		m := t.message(a)
		for _, s := range t.Steps {
			if !s.At.After(at) {
				m.Status, m.Updated = s.Status, seconds(s.At.UnixNano())
			}
		}
		if a.form.IntN(2) == 0 {
			m.Status = "TRADE_STATUS_" + m.Status
		}
		trades = append(trades, m)
	}
	return trades
}

// answerPage answers with a part of a list. Its cursor is a number in base64, -1 behind the
// last page.
func (a *Account) answerPage(r *AccountRequest, all []any) Delivery {
	first := 0
	if cursor := r.Query.Get("next_cursor"); cursor != "" {
		text, err := base64.StdEncoding.DecodeString(cursor)
		n, failed := strconv.Atoi(string(text))
		if err != nil || failed != nil || n < 0 {
			return Delivery{Code: http.StatusBadRequest, Data: []byte(`{"error":"invalid cursor"}`)}
		}
		first = min(n, len(all))
	}
	last := min(first+a.options.PageSize, len(all))
	next := "-1"
	if last < len(all) {
		next = strconv.Itoa(last)
	}
	data, err := json.Marshal(map[string]any{
		"limit": a.options.PageSize, "count": last - first, "data": append([]any{}, all[first:last]...),
		"next_cursor": base64.StdEncoding.EncodeToString([]byte(next)),
	})
	if err != nil {
		panic(err) // of a struct of texts
	}
	return Delivery{Code: http.StatusOK, Data: data}
}

// What a wallet signs, written once more for the sake of comparison: EIP-712 over
// concatenated words.

func keccak(parts ...[]byte) []byte {
	h := sha3.NewLegacyKeccak256()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

func clobAuth(chain uint64, address, timestamp string, nonce uint64) []byte {
	word := func(hexadecimal string) []byte {
		raw, err := hex.DecodeString(strings.Repeat("0", max(0, 64-len(hexadecimal))) + hexadecimal)
		if err != nil {
			return make([]byte, 32) // which nobody has signed
		}
		return raw
	}
	number := func(n uint64) []byte { return word(strconv.FormatUint(n, 16)) }
	domain := keccak(
		keccak([]byte("EIP712Domain(string name,string version,uint256 chainId)")),
		keccak([]byte("ClobAuthDomain")), keccak([]byte("1")), number(chain))
	message := keccak(
		keccak([]byte("ClobAuth(address address,string timestamp,uint256 nonce,string message)")),
		word(strings.TrimPrefix(address, "0x")), keccak([]byte(timestamp)), number(nonce),
		keccak([]byte("This message attests that I control the given wallet")))
	return keccak([]byte("\x19\x01"), domain, message)
}

// walletAddress is the address of a key, with its checksum (EIP-55).
func walletAddress(key *secp256k1.PublicKey) string {
	text := hexText(keccak(key.SerializeUncompressed()[1:])[12:])
	hash := hexText(keccak([]byte(text)))
	upper := strings.ToUpper(text)
	var address strings.Builder
	address.WriteString("0x")
	for i := range len(text) {
		if hash[i] >= '8' {
			address.WriteByte(upper[i])
		} else {
			address.WriteByte(text[i])
		}
	}
	return address.String()
}

func hexText(raw []byte) string { return hex.EncodeToString(raw) }
