package live_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"example.com/truebook/feed"
	"example.com/truebook/feed/live"
)

// tape is the client's end of a connection which, after the handshakes, gives
// what was recorded at the server's end. While it plays, nothing runs but the
// reader, so that every allocation is the reader's.
type tape struct {
	net.Conn
	recorded [][]byte // one for each Read at most
}

func (c *tape) Read(p []byte) (int, error) {
	if len(c.recorded) == 0 {
		return c.Conn.Read(p)
	}
	n := copy(p, c.recorded[0])
	if c.recorded[0] = c.recorded[0][n:]; len(c.recorded[0]) == 0 {
		c.recorded = c.recorded[1:]
	}
	return n, nil
}

// recorder is the server's end.
type recorder struct {
	net.Conn
	recording bool
	recorded  [][]byte
}

func (c *recorder) Write(p []byte) (int, error) {
	if !c.recording {
		return c.Conn.Write(p)
	}
	c.recorded = append(c.recorded, append([]byte(nil), p...))
	return len(p), nil
}

// record dials a server that writes the blocks, over TLS or not, and returns a
// connection on which they have arrived but not been read. If join, as much of
// them as is asked for arrives at once, otherwise one of TLS's writes at a time.
func record(t *testing.T, secure, join bool, blocks [][]byte) feed.Conn {
	t.Helper()
	near, far := sockets(t) // a pipe's deadlines would allocate
	player := &tape{Conn: near}
	o := live.Options{URL: "ws://127.0.0.1/", DialContext: func(context.Context, string, string) (net.Conn, error) { return player, nil }}
	server := &recorder{Conn: far}
	var conn net.Conn = server
	if secure {
		certificate := httptest.NewTLSServer(nil) // whose only use is this
		defer certificate.Close()
		conn = tls.Server(server, &tls.Config{Certificates: certificate.TLS.Certificates})
		o.URL, o.RootCAs = "wss://127.0.0.1/", x509.NewCertPool()
		o.RootCAs.AddCert(certificate.Certificate())
	}
	done := make(chan error, 1)
	go func() { done <- serve(conn, server, blocks) }()
	c := connect(t, o)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	player.recorded = server.recorded
	if join {
		var all []byte
		for _, part := range server.recorded {
			all = append(all, part...)
		}
		player.recorded = [][]byte{all}
	}
	return c
}

// sockets returns the ends of a TCP connection.
func sockets(t *testing.T) (near, far net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if near, err = net.Dial("tcp", listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if far, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	return near, far
}

// serve makes a websocket of a connection, waits for the subscription, and writes
// the blocks to the record.
func serve(conn net.Conn, r *recorder, blocks [][]byte) error {
	stream := bufio.NewReader(conn)
	request, err := http.ReadRequest(stream)
	if err != nil {
		return err
	}
	if _, err := conn.Write(upgrade(request)); err != nil {
		return err
	}
	if _, err := stream.Peek(1); err != nil { // the subscription, which comes at once
		return err
	}
	r.recording = true
	for _, block := range blocks {
		if _, err := conn.Write(block); err != nil {
			return err
		}
	}
	return nil
}

// TestAllocations: reading frames allocates nothing here and in the websocket
// library. TLS allocates 24 bytes for each time it asks for input: that is for
// each frame that arrives alone, and nearly nothing for frames that arrive
// together.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("skipped: the race detector allocates")
	}
	const warm, frames = 1000, 5000
	var single, halves [][]byte
	var joined []byte
	for i := range warm + frames {
		frame := appendFrame(nil, final|text, strings.Repeat("x", 300+i%800))
		single = append(single, frame)
		halves = append(halves, frame[:150], frame[150:])
		joined = append(joined, frame...)
	}
	opening := appendFrame(nil, final|text, strings.Repeat("x", 60_000)) // as every subscription has
	for _, c := range []struct {
		name         string
		secure, join bool
		blocks       [][]byte
		most         float64 // for a frame
	}{
		{"plain, one by one", false, false, single, 0},
		{"plain, together", false, true, single, 0},
		{"plain, in two pieces", false, false, halves, 0},
		{"TLS, in full records", true, true, [][]byte{joined}, 0.1},
		{"TLS, a record for each frame, together", true, true, single, 0.1},
		{"TLS, a record for each frame, one by one", true, false, single, 1},
		{"TLS, two records for each frame, one by one", true, false, halves, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := record(t, c.secure, c.join, append([][]byte{opening}, c.blocks...))
			read := func(n int) {
				for range n {
					if _, err := conn.Next(); err != nil {
						t.Fatal(err)
					}
					conn.More()
				}
			}
			read(1 + warm)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			read(frames)
			runtime.ReadMemStats(&after)
			// The runtime itself allocates a little now and then.
			allocations := float64(max(0, int64(after.Mallocs-before.Mallocs)-20)) / frames
			bytes := float64(after.TotalAlloc-before.TotalAlloc) / frames
			t.Logf("%.3f allocations, %.1f bytes for a frame", allocations, bytes)
			if allocations > c.most || bytes > 24*c.most+1 {
				t.Errorf("%.3f allocations, %.1f bytes for a frame, want at most %g", allocations, bytes, c.most)
			}
		})
	}
}
