package live_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/truebook/feed"
	"example.com/truebook/feed/live"
)

// TestFrames: frames come in order and whole, up to the longest.
func TestFrames(t *testing.T) {
	var want []string
	for i, size := range []int{0, 5, 125, 126, 40_000, 65_535, 65_536, 10 << 20, 700, feed.MaxFrame, 1} {
		want = append(want, strings.Repeat(string(rune('a'+i)), size))
	}
	o := accepted(t, func(socket *websocket.Conn) {
		for _, frame := range want {
			if err := socket.Write(t.Context(), websocket.MessageText, []byte(frame)); err != nil {
				t.Error(err)
			}
		}
		socket.Close(websocket.StatusGoingAway, "that is all")
	})
	got, err := end(t, connect(t, o))
	if len(got) != len(want) {
		t.Fatalf("%d frames, want %d: %v", len(got), len(want), err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("frame %d has %d bytes, want %d", i, len(got[i]), len(want[i]))
		}
	}
	if goodbye := (*feed.CloseError)(nil); !errors.As(err, &goodbye) || *goodbye != (feed.CloseError{Code: 1001, Reason: "that is all"}) {
		t.Errorf("ended with %v", err)
	}
}

// TestFragments: a frame of the channel may come in several of the websocket, with
// pings between them.
func TestFragments(t *testing.T) {
	var stream []byte
	stream = appendFrame(stream, text, "a change")
	stream = appendFrame(stream, final|ping, "?")
	stream = appendFrame(stream, continuation, "")
	stream = appendFrame(stream, final|continuation, " of a level")
	stream = appendFrame(stream, final|text, "PONG")
	stream = appendFrame(stream, final|goodbye, "")
	o := raw(t, true, func(conn net.Conn) {
		conn.Write(stream)
		io.Copy(io.Discard, conn) // the pong, and the goodbye
	})
	frames, err := end(t, connect(t, o))
	if want := []string{"a change of a level", "PONG"}; !slices.Equal(frames, want) {
		t.Errorf("frames %q, want %q; ended with %v", frames, want, err)
	}
}

// TestTooBig: one byte more than the longest frame ends the connection, however
// the frame is cut.
func TestTooBig(t *testing.T) {
	whole := appendFrame(nil, final|text, strings.Repeat("x", feed.MaxFrame+1))
	parts := appendFrame(nil, text, strings.Repeat("x", feed.MaxFrame))
	parts = appendFrame(parts, final|continuation, "x")
	endless := []byte{final | text, 127, 0, 0, 1, 0, 0, 0, 0, 0} // a TiB is said to follow
	endless = append(endless, strings.Repeat("x", feed.MaxFrame+1)...)
	for name, stream := range map[string][]byte{"whole": whole, "parts": parts, "endless": endless} {
		t.Run(name, func(t *testing.T) {
			o := raw(t, true, func(conn net.Conn) {
				conn.Write(appendFrame(nil, final|text, "first"))
				conn.Write(stream)
				conn.Write(appendFrame(nil, final|text, "never read"))
				io.Copy(io.Discard, conn) // until the client is gone
			})
			frames, err := end(t, connect(t, o))
			if !errors.Is(err, live.ErrTooBig) || !slices.Equal(frames, []string{"first"}) {
				t.Errorf("%d frames, then %v", len(frames), err)
			}
		})
	}
}

// TestAnything: frames are passed on as they came, also those that are no text.
func TestAnything(t *testing.T) {
	want := []string{"\xff\xfe no UTF-8 \x00", "\x1b[31mred", "[]\n", "binary \x80"}
	var stream []byte
	for i, frame := range want {
		stream = appendFrame(stream, final|byte(text+i/3), frame)
	}
	frames, err := end(t, connect(t, raw(t, true, func(conn net.Conn) { conn.Write(stream) })))
	if !slices.Equal(frames, want) {
		t.Errorf("frames %q, then %v", frames, err)
	}
}

// TestCutOff: a frame is not returned if the connection ends within it, wherever
// that is. The library takes some such frames for whole ones.
func TestCutOff(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	fragment := appendFrame(nil, text, "the first half")
	for name, stream := range map[string][]byte{
		"in the header":        {final | text},
		"after the header":     appendFrame(nil, final|text, long)[:10],
		"after 64 KiB":         appendFrame(nil, final|text, long)[:10+64<<10],
		"in the payload":       appendFrame(nil, final|text, long)[:5000],
		"after a fragment":     fragment,
		"in the next header":   append(slices.Clip(fragment), final),
		"after an empty part":  appendFrame(nil, text, ""),
		"with nothing after":   nil,
		"in the second header": appendFrame(nil, final|text, long)[:2],
	} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/secure=%v", name, secure), func(t *testing.T) {
				o := raw(t, secure, func(conn net.Conn) {
					conn.Read(make([]byte, 1000)) // or what was not read resets the connection
					conn.Write(appendFrame(nil, final|text, "whole"))
					conn.Write(stream)
				})
				frames, err := end(t, connect(t, o))
				if !slices.Equal(frames, []string{"whole"}) {
					t.Errorf("%d frames, the last of %d bytes", len(frames), len(frames[len(frames)-1]))
				}
				want := io.ErrUnexpectedEOF
				if len(stream) == 0 {
					want = io.EOF
				}
				if !errors.Is(err, want) {
					t.Errorf("ended with %v, want %v", err, want)
				}
			})
		}
	}
}

// TestClosedByServer: code and reason of a goodbye reach the caller.
func TestClosedByServer(t *testing.T) {
	for _, want := range []feed.CloseError{
		{Code: 1000, Reason: "all subscribed assets resolved"},
		{Code: 1008, Reason: "invalid subscription payload"},
		{Code: 1013, Reason: "slow consumer: send buffer full"},
		{Code: 1005},
	} {
		o := accepted(t, func(socket *websocket.Conn) {
			socket.Close(websocket.StatusCode(want.Code), want.Reason)
		})
		_, err := end(t, connect(t, o))
		if goodbye := (*feed.CloseError)(nil); !errors.As(err, &goodbye) || *goodbye != want {
			t.Errorf("ended with %v, want %v", err, &want)
		}
	}
}

// TestClose: Close ends Next, whatever the server does, and a context can do the
// same.
func TestClose(t *testing.T) {
	frame := appendFrame(nil, final|text, strings.Repeat("x", 10_000))
	servers := map[string]func(net.Conn){
		"silent":  func(conn net.Conn) { io.Copy(io.Discard, conn) },
		"sending": func(conn net.Conn) { repeat(conn, frame) },
		"sending half a frame": func(conn net.Conn) {
			conn.Write(frame[:5000])
			io.Copy(io.Discard, conn)
		},
		"sending fragments": func(conn net.Conn) { repeat(conn, appendFrame(nil, text, "")[:2], appendFrame(nil, continuation, "")) },
	}
	for name, talk := range servers {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/secure=%v", name, secure), func(t *testing.T) {
				conn := connect(t, raw(t, secure, talk))
				life, die := context.WithCancel(t.Context())
				defer context.AfterFunc(life, func() { conn.Close() })()
				time.AfterFunc(50*time.Millisecond, die) // when Next waits, or reads on and on
				if _, err := end(t, conn); !errors.Is(err, net.ErrClosed) {
					t.Errorf("ended with %v", err)
				}
				if err := conn.Close(); err != nil {
					t.Errorf("closed again: %v", err)
				}
			})
		}
	}
}

// repeat writes something, and then something again and again until the client is
// gone.
func repeat(conn net.Conn, block ...[]byte) {
	for {
		if _, err := conn.Write(block[0]); err != nil {
			return
		}
		block = block[len(block)-1:]
	}
}

// TestMore: frames that have come together are announced.
func TestMore(t *testing.T) {
	for _, secure := range []bool{false, true} {
		for _, size := range []int{4, 700, 5000} {
			for _, together := range []bool{false, true} { // in one TLS record or one for each
				t.Run(fmt.Sprintf("secure=%v/%d bytes/together=%v", secure, size, together), func(t *testing.T) {
					const burst = 9
					next := make(chan struct{})
					o := raw(t, secure, func(conn net.Conn) {
						for range next {
							var stream []byte
							for range burst {
								frame := appendFrame(nil, final|text, strings.Repeat("x", size))
								if !together {
									conn.Write(frame)
								} else {
									stream = append(stream, frame...)
								}
							}
							conn.Write(stream)
						}
					})
					conn := connect(t, o)
					defer close(next)
					for range 20 {
						next <- struct{}{}
						said := 0
						for i := range burst {
							if _, err := conn.Next(); err != nil {
								t.Fatal(err)
							}
							more := conn.More()
							if more {
								said++
							}
							if last := i == burst-1; last && more {
								t.Error("more is said to be waiting after the last frame")
							}
						}
						// What the kernel holds is not seen. A record is read as a whole.
						if together && secure && size < 1000 && said != burst-1 {
							t.Errorf("more was said after %d of %d frames that came at once", said, burst)
						}
					}
				})
			}
		}
	}
}
