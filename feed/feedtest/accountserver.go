package feedtest

import "net/http"

// handleAccounts serves the accounts of the venue:
//
//	GET  /ws/user              the user channel
//	GET  /data/orders          the open orders of an account, a page of them
//	GET  /data/trades          its trades
//	GET  /auth/derive-api-key  its API key, for its wallet
//	POST /auth/api-key         the same, if there is none yet
func (s *Server) handleAccounts(mux *http.ServeMux) {
	mux.HandleFunc("GET /ws/user", func(w http.ResponseWriter, r *http.Request) { s.serveSocket(w, r, s.venue.DialUser) })
	for _, pattern := range []string{"GET /data/orders", "GET /data/trades", "GET /auth/derive-api-key", "POST /auth/api-key"} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			signed := &AccountRequest{Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Header: r.Header}
			s.ask(w, r, query{kind: ofAccount, signed: signed})
		})
	}
}
