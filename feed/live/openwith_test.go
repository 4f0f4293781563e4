package live_test

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"

	"example.com/truebook/feed"
	"example.com/truebook/feed/live"
)

// TestOpenWith: the first message is the caller's, and so are those that follow; none of
// them is in an error.
func TestOpenWith(t *testing.T) {
	const first, second = `{"auth":{"secret":"hidden"},"type":"user"}`, `{"operation":"subscribe"}`
	got := make(chan string, 2)
	source, err := live.New(hijacked(t, true, func(conn net.Conn, r *http.Request) {
		conn.Write(upgrade(r))
		p := &peer{Conn: conn, reader: bufio.NewReader(conn)}
		for range 2 {
			opcode, message, err := p.receive()
			if err != nil || opcode != text {
				t.Errorf("opcode %d, %v", opcode, err)
				return
			}
			got <- message
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := source.OpenWith(t.Context(), []byte(first))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Send(t.Context(), []byte(second)); err != nil {
		t.Fatal(err)
	}
	if a, b := <-got, <-got; a != first || b != second {
		t.Errorf("sent %s and %s", a, b)
	}
	if _, err := conn.Next(); err == nil || strings.Contains(err.Error(), "hidden") {
		t.Error(err)
	}
	if err := conn.Send(t.Context(), []byte(first)); !errors.Is(err, net.ErrClosed) || strings.Contains(err.Error(), "hidden") {
		t.Error(err)
	}

	refusing, err := live.New(start(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }))
	if err != nil {
		t.Fatal(err)
	}
	_, err = refusing.OpenWith(t.Context(), []byte(first))
	if refused := (*feed.StatusError)(nil); !errors.As(err, &refused) || refused.Status != 429 || strings.Contains(err.Error(), "hidden") {
		t.Error(err)
	}
}
