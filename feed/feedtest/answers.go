package feedtest

import (
	"encoding/json"
	"net/http"
	"strings"
)

// What one request of books may have.
const (
	maxAsked     = 500
	maxAskedBody = 1 << 20
)

// serveQuery answers requests that are all the same.
func (s *Server) serveQuery(q query) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { s.ask(w, r, q) }
}

func (s *Server) serveBook(w http.ResponseWriter, r *http.Request) {
	token := r.URL.Query().Get("token_id")
	if token == "" || strings.Trim(token, "0123456789") != "" {
		answerBad(w, "Invalid token id")
		return
	}
	s.ask(w, r, query{kind: oneBook, tokens: []string{token}})
}

func (s *Server) serveBooks(w http.ResponseWriter, r *http.Request) {
	var asked []struct {
		Token string `json:"token_id"`
	}
	body := http.MaxBytesReader(w, r.Body, maxAskedBody)
	if err := json.NewDecoder(body).Decode(&asked); err != nil {
		answerBad(w, "Invalid payload")
		return
	}
	if len(asked) > maxAsked {
		answerBad(w, "Payload exceeds the limit")
		return
	}
	q := query{kind: manyBooks}
	for _, a := range asked {
		q.tokens = append(q.tokens, a.Token)
	}
	s.ask(w, r, q)
}

func (s *Server) serveAboutMarket(w http.ResponseWriter, r *http.Request) {
	s.ask(w, r, query{kind: aboutMarket, name: r.PathValue("condition")})
}

func (s *Server) serveAboutToken(w http.ResponseWriter, r *http.Request) {
	s.ask(w, r, query{kind: aboutToken, name: r.PathValue("token")})
}

// serveGamma answers requests to Gamma.
func (s *Server) serveGamma(kind queryKind) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.ask(w, r, query{kind: kind, name: r.PathValue("slug"), values: r.URL.Query()})
	}
}

func answerBad(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "application/json")
	answerStatus(w, &Delivery{Code: http.StatusBadRequest, Data: []byte(`{"error":"` + text + `"}`)})
}

// ask puts a question to the venue and passes on what it answers, if it does.
func (s *Server) ask(w http.ResponseWriter, r *http.Request, q query) {
	answer := make(chan Delivery, 1)
	s.enter()
	a := s.takeAttack(onAnswer)
	s.asked++
	id := s.asked
	if a == nil {
		s.answers[id] = answer
		s.venue.fetch(id, q)
	}
	s.leave()
	if a != nil {
		s.attackRequest(a, w, r)
		return
	}
	defer s.forgetAnswer(id)
	for {
		select {
		case d := <-answer:
			if d.Code == 0 {
				continue // it never comes
			}
			w.Header().Set("Content-Type", "application/json")
			answerStatus(w, &d)
			return
		case <-r.Context().Done():
			return
		case <-s.closing:
			panic(http.ErrAbortHandler)
		}
	}
}

func (s *Server) forgetAnswer(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.answers, id)
}
