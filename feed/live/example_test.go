package live_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/coder/websocket"

	"example.com/truebook/feed"
	"example.com/truebook/feed/live"
)

// A connection is read until its end, and asked for a sign of life meanwhile. With
// zero Options it is one to the exchange; here the server has little to say.
func ExampleSource() {
	server := httptest.NewServer(http.HandlerFunc(resolved))
	defer server.Close()

	source, err := live.New(live.Options{URL: "ws" + strings.TrimPrefix(server.URL, "http")})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := source.Open(ctx, []string{"111"})
	if err != nil {
		fmt.Println(err) // a *feed.StatusError if the server refused
		return
	}
	defer conn.Close()
	if err := conn.Ping(ctx); err != nil { // each 10 s, from another goroutine
		fmt.Println(err)
		return
	}
	for {
		frame, err := conn.Next()
		if said := (*feed.CloseError)(nil); errors.As(err, &said) {
			fmt.Println("goodbye", said.Code, said.Reason)
			return
		} else if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s\n", frame) // to a feed.Decoder
	}
	// Output:
	// []
	// PONG
	// goodbye 1000 all subscribed assets resolved
}

// resolved is an exchange on which everything is over.
func resolved(w http.ResponseWriter, r *http.Request) {
	socket, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	for _, answer := range []string{"[]", "PONG"} { // to the subscription, and to PING
		if _, _, err := socket.Read(r.Context()); err != nil {
			return
		}
		if err := socket.Write(r.Context(), websocket.MessageText, []byte(answer)); err != nil {
			return
		}
	}
	_ = socket.Close(1000, "all subscribed assets resolved")
}
