package rest_test

import (
	"encoding/json"
	"net/http"
	"time"

	"example.com/truebook/feed/feedtest"
)

func tokensOf(v *feedtest.Venue) []string {
	var tokens []string
	for _, m := range v.Markets() {
		tokens = append(tokens, m.Yes, m.No)
	}
	return tokens
}

// askVenue asks the simulated exchange what a request asks for, and waits in its time
// for what it answers. It is for one goroutine.
func askVenue(v *feedtest.Venue, r *http.Request) feedtest.Delivery {
	tokens := []string{r.URL.Query().Get("token_id")}
	if r.Method == http.MethodPost {
		var list []struct {
			Token string `json:"token_id"`
		}
		if err := json.NewDecoder(r.Body).Decode(&list); err != nil {
			return feedtest.Delivery{Code: http.StatusBadRequest}
		}
		tokens = tokens[:0]
		for _, e := range list {
			tokens = append(tokens, e.Token)
		}
	}
	v.Fetch(1, tokens)
	for {
		d, ok := v.Advance(v.Now().Add(time.Minute))
		if !ok {
			return feedtest.Delivery{Code: http.StatusGatewayTimeout}
		}
		if d.Kind == feedtest.Answered {
			return d
		}
	}
}
