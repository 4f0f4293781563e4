package live

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// chunks is a connection on which a stream arrives in pieces of random sizes.
type chunks struct {
	net.Conn
	stream []byte
	random *rand.Rand
	most   int

	asked func() // before each Read
	timed func() // when a deadline is set
	free  func() // when it is taken away
}

func (c *chunks) Read(p []byte) (int, error) {
	if c.asked != nil {
		c.asked()
	}
	if len(c.stream) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.stream[:min(len(c.stream), 1+c.random.IntN(c.most))])
	c.stream = c.stream[n:]
	return n, nil
}

func (c *chunks) SetReadDeadline(at time.Time) error {
	switch {
	case c.timed == nil:
	case at.IsZero():
		c.free()
	default:
		c.timed()
	}
	return nil
}

// answers are those of a handshake.
const answers = "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 101 Switching\r\nA: \r\r\n\rb\r\n\r\n"

// randomStream returns answers and frames, with the ends of frames, and of what
// nothing need follow: of messages and of control frames between them.
func randomStream(r *rand.Rand) (stream []byte, ends map[int]bool, rests []int) {
	stream = []byte(answers)
	ends = map[int]bool{strings.Index(answers, "HTTP/1.1 101"): true, len(stream): true}
	rests = []int{len(stream)}
	within := false
	for range 1 + r.IntN(30) {
		size := []int{0, 1, 125, 126, 127, 700, 5000, 65_535, 65_536, 100_000}[r.IntN(10)]
		header := []byte{0x81, byte(size)}
		switch kind := r.IntN(4); {
		case kind == 0:
			header[0], size = 0x89+byte(r.IntN(2)), r.IntN(126)
			header[1] = byte(size)
		case within:
			header[0] = byte(r.IntN(2)) << 7
			within = header[0] == 0
		case kind == 1:
			header[0], within = 1, true
		}
		switch form := r.IntN(10); { // a length may be written longer than it needs to be
		case size > 0xffff || form == 0:
			header = binary.BigEndian.AppendUint64([]byte{header[0], 127}, uint64(size))
		case size > 125 || form == 1:
			header = binary.BigEndian.AppendUint16([]byte{header[0], 126}, uint16(size))
		}
		stream = append(append(stream, header...), bytes.Repeat([]byte{byte(r.IntN(256))}, size)...)
		ends[len(stream)] = true
		if !within {
			rests = append(rests, len(stream))
		}
	}
	return stream, ends, rests
}

// TestWire: whatever pieces a stream arrives in and is asked for in, all of it is
// passed on, and no Read goes beyond the end of an HTTP answer or of a frame. The
// network is given a deadline where a message has begun, for each one anew, and
// never between messages.
func TestWire(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		stream, ends, rests := randomStream(r)
		transport := &chunks{stream: stream, random: r, most: 1 + r.IntN(40_000)}
		begin := func() int { // of what is arriving
			at := len(stream) - len(transport.stream)
			i, _ := slices.BinarySearch(rests, at+1)
			return rests[max(0, i-1)]
		}
		timed := 0 // the begin of what has a deadline
		transport.timed = func() { timed = begin() }
		transport.free = func() { timed = 0 }
		transport.asked = func() {
			want := begin()
			if at := len(stream) - len(transport.stream); at <= want {
				want = 0 // nothing has begun
			}
			if timed != want {
				t.Fatalf("seed %d: the network is asked within what begins at %d, with a deadline for %d", seed, want, timed)
			}
		}
		w := newWire(&line{Conn: transport}, nil, nil)
		w.Conn = w.line
		p := make([]byte, 10_000)
		passed := 0
		for {
			w.line.upgraded = passed >= len(answers)
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
				if want := map[bool]error{true: io.EOF, false: io.ErrUnexpectedEOF}[rests[len(rests)-1] == len(stream)]; !errors.Is(err, want) || !errors.Is(w.err, want) {
					t.Errorf("seed %d: ended with %v, %v, want %v", seed, err, w.err, want)
				}
				break
			}
			if left := len(stream) - passed - len(transport.stream); w.more() != (left > 0) {
				t.Fatalf("seed %d: more is %v with %d bytes read and not passed on", seed, w.more(), left)
			}
		}
		if passed != len(stream) {
			t.Errorf("seed %d: %d of %d bytes passed on", seed, passed, len(stream))
		}
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
		c := newRecords(&line{Conn: &chunks{stream: stream, random: r, most: 1 + r.IntN(100_000)}})
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
	source, err := New(Options{URL: "ws" + strings.TrimPrefix(server.URL, "http")})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := source.Open(t.Context(), []string{"1"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c := conn.(*Conn)
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
