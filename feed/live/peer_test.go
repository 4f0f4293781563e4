package live_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/feed/live"
)

// peer is the server's end of a connection, after the handshake.
type peer struct {
	net.Conn
	reader *bufio.Reader
	below  *throttle
}

// throttle is a transport that writes byte for byte, with a pause before each, if
// there is one.
type throttle struct {
	net.Conn
	pause time.Duration
}

func (c *throttle) Write(p []byte) (int, error) {
	if c.pause == 0 {
		return c.Conn.Write(p)
	}
	for i := range p {
		time.Sleep(c.pause)
		if _, err := c.Conn.Write(p[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(p), nil
}

// receive returns the opcode and the payload of the next frame of the client.
func (p *peer) receive() (opcode byte, payload string, err error) {
	header := make([]byte, 2)
	if _, err := io.ReadFull(p.reader, header); err != nil {
		return 0, "", err
	}
	long := make([]byte, map[byte]int{126: 2, 127: 8}[header[1]&0x7f])
	if _, err := io.ReadFull(p.reader, long); err != nil {
		return 0, "", err
	}
	size := uint64(header[1] & 0x7f)
	switch len(long) {
	case 2:
		size = uint64(binary.BigEndian.Uint16(long))
	case 8:
		size = binary.BigEndian.Uint64(long)
	}
	masked := make([]byte, 4+size)
	if _, err := io.ReadFull(p.reader, masked); err != nil {
		return 0, "", err
	}
	if header[0]&final == 0 || header[1]&0x80 == 0 || header[0]&0x70 != 0 {
		return 0, "", fmt.Errorf("a frame that begins with %#x", header)
	}
	for i := range size {
		masked[4+i] ^= masked[i%4]
	}
	return header[0] & 0xf, string(masked[4:]), nil
}

// discard reads what the client sends, to its end.
func (p *peer) discard() { io.Copy(io.Discard, p.reader) }

// shake makes a websocket of a connection.
func shake(conn net.Conn) (*peer, error) {
	p := &peer{Conn: conn, reader: bufio.NewReader(conn)}
	request, err := http.ReadRequest(p.reader)
	if err != nil {
		return p, err
	}
	_, err = conn.Write(upgrade(request))
	return p, err
}

// piped returns the options of a client, in a bubble, at the other end of whose
// pipe a server talks: in virtual time, where nothing is buffered by a kernel.
func piped(t bubble, talk func(*peer)) live.Options {
	t.Helper()
	o := live.Options{URL: "ws://127.0.0.1/"}
	var certificate *tls.Config
	if t.secure {
		server := httptest.NewUnstartedServer(nil) // whose only use is this
		server.StartTLS()
		server.Close()
		certificate = &tls.Config{Certificates: server.TLS.Certificates}
		o.URL, o.RootCAs = "wss://127.0.0.1/", x509.NewCertPool()
		o.RootCAs.AddCert(server.Certificate())
	}
	o.DialContext = func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		below := &throttle{Conn: far}
		conn := net.Conn(below)
		if t.secure {
			conn = tls.Server(below, certificate)
		}
		go func() {
			defer far.Close()
			p, err := shake(conn)
			if err == nil {
				_, _, err = p.receive() // the subscription
			}
			switch {
			case talk == nil: // the client ends it at any time
				p.discard()
			case err != nil:
				t.Error(err)
			default:
				p.below = below
				talk(p)
			}
		}()
		return near, nil
	}
	return o
}

// bubble is a test in virtual time.
type bubble struct {
	*testing.T
	secure bool // the connection is one over TLS
}

// bubbles runs a test without TLS and with it.
func bubbles(t *testing.T, name string, test func(t bubble)) {
	t.Helper()
	for _, secure := range []bool{false, true} {
		t.Run(strings.Trim(fmt.Sprintf("%s/secure=%v", name, secure), "/"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(bubble{t, secure}) })
		})
	}
}
