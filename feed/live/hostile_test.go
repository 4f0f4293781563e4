package live_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/truebook/feed"
	"example.com/truebook/feed/live"
)

// TestHostile: a server that breaks the rules ends the connection at once, though it
// leaves it open, and costs no memory to speak of.
func TestHostile(t *testing.T) {
	part := appendFrame(nil, text, "a part")
	long := func(size uint64) []byte { return binary.BigEndian.AppendUint64([]byte{final | text, 127}, size) }
	for name, c := range map[string]struct {
		stream []byte
		want   error // nil if it is any that says that nothing else happened
	}{
		"a byte too many is announced":      {long(feed.MaxFrame + 1), live.ErrTooBig},
		"a TiB is announced":                {long(1 << 40), live.ErrTooBig},
		"2^63 - 1 bytes are announced":      {long(1<<63 - 1), live.ErrTooBig},
		"2^64 - 1 bytes are announced":      {long(1<<64 - 1), live.ErrTooBig},
		"2^63 - 1 bytes within":             {append(slices.Clip(part), append([]byte{0}, long(1<<63 - 1)[1:]...)...), live.ErrTooBig},
		"a byte too many in parts":          {append(slices.Clip(part), append([]byte{0}, long(feed.MaxFrame - 5)[1:]...)...), live.ErrTooBig},
		"pings":                             {[]byte(strings.Repeat(string(appendFrame(nil, final|ping, "?")), 10_000)), live.ErrFlood},
		"pongs":                             {[]byte(strings.Repeat(string(appendFrame(nil, final|10, "")), 10_000)), live.ErrFlood},
		"pings within":                      {append(slices.Clip(part), strings.Repeat(string(appendFrame(nil, final|ping, "?")), 10_000)...), live.ErrFlood},
		"a masked frame":                    {[]byte{final | text, 0x81, 1, 2, 3, 4, 'x'}, nil},
		"a masked ping":                     {[]byte{final | ping, 0x80, 1, 2, 3, 4}, nil},
		"a masked goodbye":                  {[]byte{final | goodbye, 0x82, 0, 0, 0, 0, 3, 0xe8}, nil},
		"the first reserved bit":            {[]byte{final | 0x40 | text, 1, 'x'}, nil},
		"the second reserved bit":           {[]byte{final | 0x20 | text, 1, 'x'}, nil},
		"the third reserved bit":            {[]byte{final | 0x10 | text, 1, 'x'}, nil},
		"a reserved bit of a ping":          {[]byte{final | 0x40 | ping, 0}, nil},
		"a reserved opcode":                 {[]byte{final | 3, 1, 'x'}, nil},
		"a reserved control opcode":         {[]byte{final | 11, 1, 'x'}, nil},
		"a ping in parts":                   {[]byte{ping, 1, 'x'}, nil},
		"a long ping":                       {appendFrame(nil, final|ping, strings.Repeat("x", 126)), nil},
		"a ping of 2^64 - 1 bytes":          {append([]byte{final | ping}, long(1<<64 - 1)[1:]...), nil},
		"a continuation of nothing":         {appendFrame(nil, final|continuation, "x"), nil},
		"a frame within a frame":            {append(slices.Clip(part), frameOf(1)...), nil},
		"a goodbye of a byte":               {appendFrame(nil, final|goodbye, "x"), nil},
		"a frame of a reserved bit, within": {append(slices.Clip(part), final|0x40, 1, 'x'), nil},
	} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/secure=%v", name, secure), func(t *testing.T) {
				o := raw(t, secure, func(conn net.Conn) {
					conn.Write(append(frameOf(10), c.stream...))
					io.Copy(io.Discard, conn) // until the client is gone
				})
				conn := connect(t, o)
				before := allocated()
				frames, err := end(t, conn)
				if spent := allocated() - before; spent > 1<<20 {
					t.Errorf("%d bytes allocated", spent)
				}
				if len(frames) != 1 || c.want != nil && !errors.Is(err, c.want) || c.want == nil && !isBreach(err) {
					t.Errorf("%d frames, then %v", len(frames), err)
				}
			})
		}
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// isBreach says that an error is none of those that say something else.
func isBreach(err error) bool {
	goodbye := (*feed.CloseError)(nil)
	for _, other := range []error{live.ErrTooBig, live.ErrTooSlow, live.ErrFlood, net.ErrClosed, io.EOF, io.ErrUnexpectedEOF} {
		if errors.Is(err, other) {
			return false
		}
	}
	return err != nil && strings.HasPrefix(err.Error(), "live: ") && !errors.As(err, &goodbye)
}

// TestEndlessParts: parts without end are a frame that is too big, and take no more
// memory than the longest frame.
func TestEndlessParts(t *testing.T) {
	for _, size := range []int{100, 5000, 1 << 20} {
		part := appendFrame(nil, continuation, strings.Repeat("x", size))
		block := slices.Repeat(part, max(1, 100_000/len(part)))
		o := raw(t, true, func(conn net.Conn) { repeat(conn, appendFrame(nil, text, ""), block) })
		conn := connect(t, o)
		before := allocated()
		if frames, err := end(t, conn); len(frames) != 0 || !errors.Is(err, live.ErrTooBig) {
			t.Errorf("parts of %d bytes: %d frames, then %v", size, len(frames), err)
		}
		if spent := allocated() - before; spent > 4*feed.MaxFrame { // each doubling takes a copy
			t.Errorf("parts of %d bytes: %d bytes allocated", size, spent)
		}
	}
}

// TestLongest: the longest frame is returned, as one and in parts.
func TestLongest(t *testing.T) {
	longest := strings.Repeat("x", feed.MaxFrame)
	parts := appendFrame(nil, text, longest[:1<<20])
	parts = appendFrame(parts, continuation, longest[1<<20:])
	parts = appendFrame(parts, final|continuation, "")
	o := raw(t, false, func(conn net.Conn) {
		conn.Read(make([]byte, 1000)) // the subscription
		conn.Write(appendFrame(nil, final|text, longest))
		conn.Write(parts)
	})
	frames, err := end(t, connect(t, o))
	if len(frames) != 2 || frames[0] != longest || frames[1] != longest || !errors.Is(err, io.EOF) {
		t.Errorf("%d frames, then %v", len(frames), err)
	}
}

// TestCloseCodes: the codes that may be sent reach the caller, with reasons of any
// kind, and the others are breaches.
func TestCloseCodes(t *testing.T) {
	reason := strings.Repeat("\x1b\xff", 62)[:123]
	for code := 995; code <= 1020; code++ {
		o := raw(t, code%2 == 0, func(conn net.Conn) {
			payload := string(binary.BigEndian.AppendUint16(nil, uint16(code))) + reason
			conn.Write(append(frameOf(10), appendFrame(nil, final|goodbye, payload)...))
			io.Copy(io.Discard, conn) // its answer
		})
		frames, err := end(t, connect(t, o))
		legal := code >= 1000 && code <= 1014 && !slices.Contains([]int{1004, 1005, 1006}, code)
		said := (*feed.CloseError)(nil)
		switch {
		case len(frames) != 1:
			t.Errorf("%d: %d frames", code, len(frames))
		case legal && (!errors.As(err, &said) || *said != feed.CloseError{Code: code, Reason: reason}):
			t.Errorf("%d: %v", code, err)
		case !legal && !isBreach(err):
			t.Errorf("%d: %v", code, err)
		}
	}
}

// TestClosedMeanwhile: Close ends everything at once, whatever the server sends and
// whatever it does not read.
func TestClosedMeanwhile(t *testing.T) {
	for name, talk := range map[string]func(p *peer){
		"silent":  func(*peer) {},
		"sending": func(p *peer) { pulse(p, time.Millisecond, frameOf(1000)) },
		"pinging": func(p *peer) { pulse(p, 200*time.Millisecond, appendFrame(nil, final|ping, "")) },
		"parts": func(p *peer) {
			p.Write(appendFrame(nil, text, ""))
			pulse(p, time.Millisecond, appendFrame(nil, continuation, ""))
		},
		"half": func(p *peer) { p.Write(frameOf(10_000)[:5000]) },
	} {
		bubbles(t, name, func(t bubble) {
			conn := connect(t.T, piped(t, func(p *peer) {
				go p.discard()
				talk(p)
				time.Sleep(time.Minute)
			}))
			begin := time.Now()
			time.AfterFunc(3*time.Second, func() { conn.Close() })
			if _, err := end(t.T, conn); !errors.Is(err, net.ErrClosed) || time.Since(begin) != 3*time.Second {
				t.Errorf("ended after %v with %v", time.Since(begin), err)
			}
			time.Sleep(2 * time.Minute) // for the server to see that
		})
	}
}
