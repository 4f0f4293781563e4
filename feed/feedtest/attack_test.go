package feedtest_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"example.com/truebook/feed/feedtest"
)

// rawClient sees the bytes.
type rawClient struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

const handshake = "GET /ws/market HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

const health = "GET /ok HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

// rawDial sends a request.
func rawDial(t *testing.T, s *feedtest.Server, request string) *rawClient {
	t.Helper()
	conn, err := s.Dial(t.Context(), "tcp", "anything")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	return &rawClient{t, conn, bufio.NewReader(conn)}
}

// rawSubscribed opens a websocket to all of a server, and reads its first frame.
func rawSubscribed(t *testing.T, s *feedtest.Server) *rawClient {
	t.Helper()
	c := rawDial(t, s, handshake)
	status, header := c.answered()
	if status != http.StatusSwitchingProtocols || header.Get("Sec-Websocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Fatal(status, header)
	}
	if err := c.send(string(subscription(served(s)))); err != nil {
		t.Fatal(err)
	}
	if _, text := c.data(); !strings.HasPrefix(text, `[{"market":`) {
		t.Fatalf("the first frame is %.100s", text)
	}
	return c
}

// answered reads the beginning of an answer of HTTP.
func (c *rawClient) answered() (status int, header http.Header) {
	c.t.Helper()
	a, err := http.ReadResponse(c.r, nil) //nolint:bodyclose // whose body is the client's own to read
	if err != nil {
		c.t.Fatal(err)
	}
	return a.StatusCode, a.Header
}

// send sends a text, within a second.
func (c *rawClient) send(text string) error {
	frame := []byte{0x81, 0x80 | 126}
	frame = binary.BigEndian.AppendUint16(frame, uint16(len(text)))
	frame = append(append(frame, 0, 0, 0, 0), text...)
	_ = c.conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, err := c.conn.Write(frame)
	return err
}

func (c *rawClient) bytes(n int) []byte {
	c.t.Helper()
	p := make([]byte, n)
	if _, err := io.ReadFull(c.r, p); err != nil {
		c.t.Fatal(err)
	}
	return p
}

// header reads that of a frame.
func (c *rawClient) header() (first, second byte, length uint64) {
	c.t.Helper()
	h := c.bytes(2)
	length = uint64(h[1] & 0x7f)
	switch length {
	case 126:
		length = uint64(binary.BigEndian.Uint16(c.bytes(2)))
	case 127:
		length = binary.BigEndian.Uint64(c.bytes(8))
	}
	return h[0], h[1], length
}

// data reads a frame that is not masked.
func (c *rawClient) data() (first byte, text string) {
	c.t.Helper()
	first, _, length := c.header()
	return first, string(c.bytes(int(length)))
}

// until reads frames to the first one whose beginning is not that of a common one.
func (c *rawClient) until(first, second byte) (length uint64) {
	c.t.Helper()
	for {
		a, b, n := c.header()
		if a == first && (second == 0 || b == second) {
			return n
		}
		if a != 0x81 || b&0x80 != 0 {
			c.t.Fatalf("a frame begins with %x %x", a, b)
		}
		c.bytes(int(n))
	}
}

// goesOn reads some frames as they should be.
func (c *rawClient) goesOn() {
	c.t.Helper()
	for range 10 {
		if first, text := c.data(); first != 0x81 || text[0] != '{' || !utf8.ValidString(text) {
			c.t.Fatalf("a frame begins with %x: %.100s", first, text)
		}
	}
}

// ended reads to the end, which must come.
func (c *rawClient) ended() {
	c.t.Helper()
	if _, err := io.Copy(io.Discard, c.r); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		c.t.Error(err)
	}
}

const lasts = 10 * time.Second // those attacks that do

// TestAttacksOnConnections: what each of them is, that it ends, and that other
// connections and later ones are well.
func TestAttacksOnConnections(t *testing.T) {
	for k, check := range map[feedtest.AttackKind]func(*rawClient){
		feedtest.TerabyteFrame: func(c *rawClient) {
			if n := c.until(0x81, 127); n != 1<<40 {
				c.t.Errorf("%d bytes", n)
			}
			c.bytes(10 << 20)
		},
		feedtest.EmptyFragments: func(c *rawClient) {
			if n := c.until(0x01, 0); n != 0 {
				c.t.Errorf("%d bytes", n)
			}
			if strings.Trim(string(c.bytes(1<<20)), "\x00") != "" {
				c.t.Error("a fragment has something in it, or ends the message")
			}
		},
		feedtest.TrickledMessage: func(c *rawClient) {
			if n := c.until(0x81, 126); n != 3600 {
				c.t.Errorf("%d bytes", n)
			}
			begun := time.Now()
			for i := range 5 {
				if c.bytes(1); time.Since(begun) != time.Duration(i+1)*time.Second {
					c.t.Errorf("byte %d after %v", i, time.Since(begun))
				}
			}
		},
		feedtest.PingFlood: func(c *rawClient) {
			c.until(0x89, 0)
			c.bytes(14)
			for range 10_000 {
				if first, text := c.data(); first != 0x89 || len(text) != 14 {
					c.t.Fatalf("a frame begins with %x", first)
				}
			}
			for range 100 {
				if err := c.send("PING"); err != nil {
					c.t.Fatal(err)
				}
			}
		},
		feedtest.UnreadPongs: func(c *rawClient) {
			c.until(0x89, 0)
			unread(c)
		},
		feedtest.Deaf: func(c *rawClient) {
			time.Sleep(time.Second)
			c.goesOn()
			unread(c)
			c.goesOn()
		},
		feedtest.MaskedFrame: func(c *rawClient) {
			c.until(0x81, 0x82)
			key, text := c.bytes(4), c.bytes(2)
			if text[0]^key[0] != '[' || text[1]^key[1] != ']' {
				c.t.Errorf("%x masked with %x", text, key)
			}
			c.goesOn()
		},
		feedtest.ReservedBits: func(c *rawClient) {
			c.bytes(int(c.until(0xf1, 0)))
			c.goesOn()
		},
		feedtest.InvalidUTF8: func(c *rawClient) {
			for {
				if first, text := c.data(); first != 0x81 || !utf8.ValidString(text) {
					break
				}
			}
			c.goesOn()
		},
		feedtest.BinaryFrame: func(c *rawClient) {
			if utf8.Valid(c.bytes(int(c.until(0x82, 0)))) {
				c.t.Error("it could be a text")
			}
			c.goesOn()
		},
		feedtest.GiantFrame: func(c *rawClient) {
			n := c.until(0x81, 127)
			if n < 99_000_000 {
				c.t.Errorf("%d bytes", n)
			}
			_, _ = io.CopyN(io.Discard, c.r, int64(n))
			c.goesOn()
		},
	} {
		t.Run(k.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serveVenue(t, feedtest.ServerOptions{Venue: feedtest.VenueOptions{Rate: 50}})
				c := rawSubscribed(t, s)
				dialled := rawDial(t, s, handshake) // has not got anything yet
				s.Attack(feedtest.Attack{Kind: k, For: lasts})
				if n := s.Attacked(k); n != 1 {
					t.Errorf("it hit %d", n)
				}
				begun := time.Now()
				check(c)
				if k <= feedtest.Deaf {
					if c.ended(); time.Since(begun) != lasts {
						t.Errorf("it lasted %v", time.Since(begun))
					}
				}
				c.conn.Close()
				if status, _ := dialled.answered(); status != http.StatusSwitchingProtocols {
					t.Error(status)
				}
				dialled.conn.Close()
				rawSubscribed(t, s).goesOn()
				if n := s.Attacked(k); n != 1 {
					t.Errorf("it hit %d", n)
				}
			})
		})
	}
}

// unread checks that what a client says is not even read.
func unread(c *rawClient) {
	c.t.Helper()
	var err error
	for range 10 { // what is being read is, still
		if err = c.send("PING"); err != nil {
			break
		}
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Errorf("what a client says: %v", err)
	}
}

// TestAttacksOnHTTP: what those on handshakes and answers are, and that they end.
func TestAttacksOnHTTP(t *testing.T) {
	trickled := func(c *rawClient, text string) {
		begun := time.Now()
		for i := range len(text) {
			if got := c.bytes(1); got[0] != text[i] || time.Since(begun) != time.Duration(i+1)*time.Second {
				c.t.Fatalf("byte %d is %q after %v", i, got, time.Since(begun))
			}
		}
		c.ended()
		if time.Since(begun).Round(time.Second) != lasts {
			c.t.Errorf("it lasted %v", time.Since(begun))
		}
	}
	answered := func(c *rawClient, want int, name, value string) {
		if status, header := c.answered(); status != want || header.Get(name) != value {
			c.t.Error(status, header)
		}
	}
	for k, x := range map[feedtest.AttackKind]struct {
		request string
		check   func(*rawClient)
	}{
		feedtest.TrickledHandshake: {handshake, func(c *rawClient) { trickled(c, "HTTP/1.1 ") }},
		feedtest.EndlessHeaders: {handshake, func(c *rawClient) {
			c.bytes(10 << 20)
			c.ended()
		}},
		feedtest.RedirectedHandshake: {handshake, func(c *rawClient) { answered(c, 302, "Location", "http://127.0.0.1/redirected") }},
		feedtest.EndlessAnswer: {health, func(c *rawClient) {
			answered(c, 200, "Content-Type", "application/json")
			if strings.TrimSpace(string(c.bytes(10<<20))) != "[" {
				c.t.Error("there is something in the array")
			}
			c.ended()
		}},
		feedtest.TrickledAnswer: {health, func(c *rawClient) {
			answered(c, 200, "Content-Type", "application/json")
			if c.bytes(1)[0] != '[' {
				c.t.Error("no array")
			}
			trickled(c, "         ")
		}},
		feedtest.HTMLAnswer:       {health, func(c *rawClient) { answered(c, 403, "Content-Type", "text/html; charset=UTF-8") }},
		feedtest.RedirectedAnswer: {health, func(c *rawClient) { answered(c, 302, "Location", "http://127.0.0.1/redirected") }},
	} {
		t.Run(k.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serveVenue(t, feedtest.ServerOptions{Attacks: []feedtest.Attack{{Kind: k, At: time.Minute, For: lasts, N: 2}}})
				other := map[string]string{handshake: health, health: handshake}[x.request]
				normal := func(request string) {
					t.Helper()
					c := rawDial(t, s, request)
					if status, _ := c.answered(); status != map[string]int{handshake: 101, health: 200}[request] {
						t.Fatal(status)
					}
					c.conn.Close()
				}
				normal(x.request)
				time.Sleep(time.Minute)
				for range 2 {
					normal(other)
					c := rawDial(t, s, x.request)
					x.check(c)
					c.conn.Close()
				}
				normal(x.request)
				if n := s.Attacked(k); n != 2 {
					t.Errorf("it hit %d", n)
				}
			})
		})
	}
}

// TestNextConnections: an attack hits so many of the next connections, after their
// first frame.
func TestNextConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serveVenue(t, feedtest.ServerOptions{Venue: feedtest.VenueOptions{Rate: 50}})
		before := rawSubscribed(t, s)
		s.Attack(feedtest.Attack{Kind: feedtest.BinaryFrame, N: 2})
		for i, first := range []byte{0x82, 0x82, 0x81} {
			c := rawSubscribed(t, s)
			if got, _ := c.data(); got != first {
				t.Errorf("the second frame of connection %d begins with %x", i, got)
			}
			before.goesOn()
			c.conn.Close()
			synctest.Wait()
		}
		s.Attack(feedtest.Attack{Kind: feedtest.BinaryFrame})
		before.until(0x82, 0)
		if n := s.Attacked(feedtest.BinaryFrame); n != 3 {
			t.Errorf("it hit %d", n)
		}
		before.conn.Close()
		synctest.Wait()
		s.Attack(feedtest.Attack{Kind: feedtest.BinaryFrame})
		if n := s.Attacked(feedtest.BinaryFrame); n != 3 {
			t.Errorf("it hit %d, and there was none", n)
		}
	})
}

// TestAttackNames: names are those of nothing else.
func TestAttackNames(t *testing.T) {
	names := map[string]bool{}
	for _, k := range feedtest.FaultKinds() {
		names[k.String()] = true
	}
	for _, k := range feedtest.AttackKinds() {
		if name := k.String(); name == "" || names[name] || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_8") != "" {
			t.Errorf("%d: %q", k, name)
		}
		names[k.String()] = true
	}
	if n := feedtest.AttackKind(200).String(); n != "invalid attack" {
		t.Error(n)
	}
}
