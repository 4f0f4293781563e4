package live

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// chunks is a connection on which a stream arrives in pieces of random sizes.
type chunks struct {
	net.Conn
	stream []byte
	random *rand.Rand
	most   int
}

func (c *chunks) Read(p []byte) (int, error) {
	if len(c.stream) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.stream[:min(len(c.stream), 1+c.random.IntN(c.most))])
	c.stream = c.stream[n:]
	return n, nil
}

// TestWire: whatever pieces a stream arrives in and is asked for in, all of it is
// passed on, and no Read goes beyond the end of an HTTP answer or of a frame.
func TestWire(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 1))
		stream := []byte("HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 101 Switching\r\nA: \r\r\n\rb\r\n\r\n")
		ends := map[int]bool{bytes.Index(stream, []byte("HTTP/1.1 101")): true, len(stream): true}
		answers := len(stream)
		for range 1 + r.IntN(30) {
			size := []int{0, 1, 125, 126, 127, 700, 5000, 65_535, 65_536, 100_000}[r.IntN(10)]
			masked := byte(r.IntN(8)) / 7 * 0x80
			header := []byte{0x81, byte(size) | masked}
			switch form := r.IntN(10); { // a length may be written longer than it needs to be
			case size > 0xffff || form == 0:
				header[1] = 127 | masked
				header = binary.BigEndian.AppendUint64(header, uint64(size))
			case size > 125 || form == 1:
				header[1] = 126 | masked
				header = binary.BigEndian.AppendUint16(header, uint16(size))
			}
			if masked != 0 {
				header = append(header, "mask"...)
			}
			stream = append(append(stream, header...), bytes.Repeat([]byte{byte(r.IntN(256))}, size)...)
			ends[len(stream)] = true
		}
		transport := &chunks{stream: stream, random: r, most: 1 + r.IntN(40_000)}
		w := newWire(transport, transport, nil)
		p := make([]byte, 10_000)
		passed := 0
		for {
			w.upgraded = passed >= answers
			n, err := w.Read(p[:1+r.IntN(len(p))])
			if !bytes.Equal(p[:n], stream[passed:passed+n]) {
				t.Fatalf("seed %d: other bytes after %d", seed, passed)
			}
			for i := passed + 1; i < passed+n; i++ {
				if ends[i] {
					t.Fatalf("seed %d: read from %d to %d, beyond %d", seed, passed, passed+n, i)
				}
			}
			passed += n
			if err != nil {
				break
			}
			if left := len(stream) - passed - len(transport.stream); w.more() != (left > 0) {
				t.Fatalf("seed %d: more is %v with %d bytes read and not passed on", seed, w.more(), left)
			}
		}
		if passed != len(stream) || !w.over {
			t.Errorf("seed %d: %d of %d bytes passed on, over is %v", seed, passed, len(stream), w.over)
		}
	}
}

// TestHugeHeader: a length beyond any number is the library's to refuse.
func TestHugeHeader(t *testing.T) {
	header := append([]byte{0x81, 0xff}, bytes.Repeat([]byte{0xff}, 20)...)
	transport := &chunks{stream: header, random: rand.New(rand.NewPCG(1, 1)), most: 3}
	w := newWire(transport, transport, nil)
	w.upgraded = true
	if n, err := io.ReadFull(w, make([]byte, len(header))); n != len(header) || err != nil || w.left < 1<<62 {
		t.Errorf("%d bytes, %v, %d left", n, err, w.left)
	}
}

// TestRecords: whole records are counted, whatever pieces TLS takes.
func TestRecords(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 2))
		var stream []byte
		var ends []int
		for range 50 {
			size := r.IntN(3) * r.IntN(17_000)
			stream = binary.BigEndian.AppendUint16(append(stream, 23, 3, 3), uint16(size))
			stream = append(stream, make([]byte, size)...)
			ends = append(ends, len(stream))
		}
		c := newRecords(&chunks{stream: stream, random: r, most: 1 + r.IntN(100_000)})
		p := make([]byte, 40_000)
		passed := 0
		for passed < len(stream) {
			n, err := c.Read(p[:1+r.IntN(len(p))])
			if err != nil {
				t.Fatal(err)
			}
			want := 0
			for _, end := range ends {
				if end > passed && end <= passed+n {
					want++
				}
			}
			if passed += n; c.whole != want {
				t.Fatalf("seed %d: %d whole records, want %d", seed, c.whole, want)
			}
		}
	}
}

// TestBufferReleased: a buffer of more than a MiB is not kept.
func TestBufferReleased(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		socket, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer socket.CloseNow()
		for _, size := range []int{100, keptBytes - 1, keptBytes + 1, 100} {
			socket.Write(t.Context(), websocket.MessageText, make([]byte, size))
		}
		socket.Read(t.Context())
	}))
	defer server.Close()
	c, err := Dial(context.Background(), Options{URL: "ws" + strings.TrimPrefix(server.URL, "http")}, []string{"1"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, want := range []int{firstBytes, keptBytes, 2 * keptBytes, firstBytes} {
		frame, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		if len(c.frame) != want {
			t.Errorf("after a frame of %d bytes the buffer has %d, want %d", len(frame), len(c.frame), want)
		}
	}
}
