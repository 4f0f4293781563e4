package live_test

import (
	"context"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"example.com/truebook/feed"
	"example.com/truebook/feed/live"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "111604417349377875799825956621596386269673370070912696668140891647145772186047"

// start serves over TLS on loopback.
func start(t *testing.T, handle http.HandlerFunc) live.Options {
	t.Helper()
	server := httptest.NewUnstartedServer(handle)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return live.Options{URL: "wss" + strings.TrimPrefix(server.URL, "https") + "/ws/market", RootCAs: roots}
}

// accepted serves websockets: after the subscription it calls talk.
func accepted(t *testing.T, talk func(*websocket.Conn)) live.Options {
	t.Helper()
	return start(t, func(w http.ResponseWriter, r *http.Request) {
		socket, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer socket.CloseNow()
		if _, _, err := socket.Read(r.Context()); err != nil {
			t.Error(err)
			return
		}
		talk(socket)
	})
}

// raw lets talk write the bytes of a websocket by itself, over TLS or not. The
// connection is closed afterwards.
func raw(t *testing.T, secure bool, talk func(net.Conn)) live.Options {
	t.Helper()
	return hijacked(t, secure, func(conn net.Conn, r *http.Request) {
		conn.Write(upgrade(r))
		talk(conn)
	})
}

// hijacked lets talk answer the handshake itself.
func hijacked(t *testing.T, secure bool, talk func(net.Conn, *http.Request)) live.Options {
	t.Helper()
	handle := func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		talk(conn, r)
	}
	if secure {
		return start(t, handle)
	}
	server := httptest.NewServer(http.HandlerFunc(handle))
	t.Cleanup(server.Close)
	return live.Options{URL: "ws" + strings.TrimPrefix(server.URL, "http")}
}

// upgrade is the answer that makes a websocket of a connection.
func upgrade(r *http.Request) []byte {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-Websocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(sum[:]) + "\r\n\r\n")
}

// Opcodes of frames, with the bit that says that a message ends.
const (
	final        = 0x80
	continuation = 0
	text         = 1
	goodbye      = 8
	ping         = 9
)

// appendFrame appends a frame of a websocket.
func appendFrame(dst []byte, opcode byte, payload string) []byte {
	switch dst = append(dst, opcode); {
	case len(payload) < 126:
		dst = append(dst, byte(len(payload)))
	case len(payload) < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, 126), uint16(len(payload)))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, 127), uint64(len(payload)))
	}
	return append(dst, payload...)
}

// open dials, for a token.
func open(ctx context.Context, t *testing.T, o live.Options) (feed.Conn, error) {
	t.Helper()
	source, err := live.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return source.Open(ctx, []string{token})
}

// connect dials, with the deadline that every test has.
func connect(t *testing.T, o live.Options) feed.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, err := open(ctx, t, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// end reads to the end, and checks that it is the last word.
func end(t *testing.T, conn feed.Conn) (frames []string, err error) {
	t.Helper()
	for {
		frame, err := conn.Next()
		if err != nil {
			if _, again := conn.Next(); again != err { //nolint:errorlint // the very same
				t.Errorf("the end is %v, then %v", err, again)
			}
			if conn.More() {
				t.Error("more after the end")
			}
			return frames, err
		}
		frames = append(frames, string(frame))
	}
}
