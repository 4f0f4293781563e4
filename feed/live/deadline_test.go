package live_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/truebook/feed"
	"example.com/truebook/feed/live"
)

// trickle writes byte for byte, with a pause before each but the first.
func trickle(conn net.Conn, pause time.Duration, stream []byte) {
	for i := range stream {
		if i > 0 {
			time.Sleep(pause)
		}
		if _, err := conn.Write(stream[i : i+1]); err != nil {
			return
		}
	}
}

// frameOf returns a whole text frame.
func frameOf(size int) []byte { return appendFrame(nil, final|text, strings.Repeat("x", size)) }

// TestTooSlow: a message that has begun is complete within ten seconds, or the
// connection ends, whatever comes meanwhile.
func TestTooSlow(t *testing.T) {
	empty := appendFrame(nil, continuation, "")
	first := appendFrame(nil, text, "the first part")
	for name, talk := range map[string]func(p *peer){
		"a byte a second":             func(p *peer) { trickle(p, time.Second, frameOf(1000)) },
		"a byte a second, long":       func(p *peer) { trickle(p, time.Second, frameOf(70_000)) },
		"a header and nothing":        func(p *peer) { p.Write(frameOf(1000)[:4]) },
		"a byte and nothing":          func(p *peer) { p.Write(frameOf(1000)[:1]) },
		"all but a byte":              func(p *peer) { p.Write(frameOf(1000)[:1003]) },
		"a part and nothing":          func(p *peer) { p.Write(first) },
		"a part and a byte":           func(p *peer) { p.Write(append(slices.Clip(first), final)) },
		"a ping and nothing":          func(p *peer) { p.Write(appendFrame(nil, final|ping, "ping")[:3]) },
		"a ping's byte and nothing":   func(p *peer) { p.Write([]byte{final | ping}) },
		"empty parts, one a second":   func(p *peer) { p.Write(first); pulse(p, time.Second, empty) },
		"empty parts, 1000 a second":  func(p *peer) { p.Write(first); pulse(p, time.Millisecond, empty) },
		"pings between parts":         func(p *peer) { p.Write(first); pulse(p, time.Second, appendFrame(nil, final|ping, "")) },
		"pongs between parts":         func(p *peer) { p.Write(first); pulse(p, time.Second, appendFrame(nil, final|10, "x")) },
		"a byte a second, in control": func(p *peer) { trickle(p, time.Second, appendFrame(nil, final|ping, strings.Repeat("x", 125))) },
	} {
		bubbles(t, name, func(t bubble) {
			var begin time.Time
			conn := connect(t.T, piped(t, func(p *peer) {
				go p.discard() // it takes our pongs
				time.Sleep(time.Hour)
				p.Write(frameOf(100))
				time.Sleep(time.Hour)
				begin = time.Now()
				talk(p)
				time.Sleep(time.Minute)
			}))
			frames, err := end(t.T, conn)
			if took := time.Since(begin); !errors.Is(err, live.ErrTooSlow) || len(frames) != 1 || took != 10*time.Second {
				t.Errorf("%d frames, then after %v %v", len(frames), took, err)
			}
			time.Sleep(2 * time.Minute) // for the server to see that
		})
	}
}

// pulse writes a block again and again until the client is gone.
func pulse(conn net.Conn, pause time.Duration, block []byte) {
	for {
		if _, err := conn.Write(block); err != nil {
			return
		}
		time.Sleep(pause)
	}
}

// TestSlowRecord: the time of a message begins with the first byte of the record of
// TLS that holds it, of which nothing can be read before the last.
func TestSlowRecord(t *testing.T) {
	bubbles(t, "", func(t bubble) {
		conn := connect(t.T, piped(t, func(p *peer) {
			p.below.pause = time.Second
			p.Write(frameOf(100))
		}))
		begin := time.Now()
		if _, err := end(t.T, conn); !errors.Is(err, live.ErrTooSlow) || time.Since(begin) != 11*time.Second {
			t.Errorf("ended after %v with %v", time.Since(begin), err)
		}
		time.Sleep(time.Second) // for the server to see that
	})
}

// TestInTime: nothing else is too slow: neither a message that takes nine seconds, nor
// silence, nor a caller that does not ask for what has come.
func TestInTime(t *testing.T) {
	bubbles(t, "", func(t bubble) {
		conn := connect(t.T, piped(t, func(p *peer) {
			go p.discard()
			for _, whole := range [][]byte{frameOf(9), frameOf(1), frameOf(8)} {
				trickle(p, 900*time.Millisecond, whole)
				time.Sleep(time.Hour)
			}
			p.Write(frameOf(1000)[:500])
			for range 5 { // the end of one message comes with the begin of the next
				time.Sleep(9 * time.Second)
				p.Write(append(frameOf(1000)[500:], frameOf(1000)[:500]...))
			}
			time.Sleep(9 * time.Second)
			p.Write(frameOf(1000)[500:])
			p.Write(appendFrame(nil, text, "in"))
			for _, part := range []string{" f", "ou", "r "} {
				time.Sleep(3 * time.Second)
				p.Write(append(appendFrame(nil, final|ping, ""), appendFrame(nil, continuation, part)...))
			}
			p.Write(appendFrame(nil, final|continuation, "parts"))
			for range 24 * 60 { // only pings, for a day
				p.Write(appendFrame(nil, final|ping, "are you there?"))
				time.Sleep(time.Minute)
			}
			p.Write(appendFrame(nil, final|goodbye, "\x03\xe8"))
		}))
		var sizes []int
		for {
			frame, err := conn.Next()
			if err != nil {
				if goodbye := (*feed.CloseError)(nil); !errors.As(err, &goodbye) {
					t.Errorf("ended with %v", err)
				}
				break
			}
			sizes = append(sizes, len(frame))
			if len(sizes) == 3 {
				time.Sleep(time.Minute)
			}
		}
		if want := []int{9, 1, 8, 1000, 1000, 1000, 1000, 1000, 1000, len("in four parts")}; !slices.Equal(sizes, want) {
			t.Errorf("frames of %v bytes, want %v", sizes, want)
		}
		time.Sleep(time.Minute)
	})
}

// TestFlood: a hundred control frames in ten seconds are answered, and one more is
// a flood, between messages or within one.
func TestFlood(t *testing.T) {
	const pong = 10
	for _, opcode := range []byte{ping, pong} {
		for name, prefix := range map[string][]byte{"first": nil, "within": appendFrame(nil, text, "a part"), "after": frameOf(10)} {
			bubbles(t, fmt.Sprintf("%s/opcode %d", name, opcode), func(t bubble) {
				var answers, sent atomic.Int64
				conn := connect(t.T, piped(t, func(p *peer) {
					p.Write(prefix)
					go func() {
						for {
							if opcode, payload, err := p.receive(); err != nil || opcode != pong || payload != "?" {
								return
							}
							answers.Add(1)
						}
					}()
					for p.burst(100, opcode) {
						if sent.Add(100) < 1000 && name != "within" { // none of which is too many
							time.Sleep(10 * time.Second)
						}
					}
				}))
				want := map[string]int64{"first": 1000, "within": 100, "after": 1000}[name]
				if _, err := end(t.T, conn); !errors.Is(err, live.ErrFlood) {
					t.Errorf("ended with %v", err)
				}
				time.Sleep(time.Minute) // for the server to see that
				answered := map[byte]int64{ping: want, pong: 0}[opcode]
				if sent.Load() != want || answers.Load() != answered {
					t.Errorf("%d answers to %d in bursts, want %d to %d", answers.Load(), sent.Load(), answered, want)
				}
			})
		}
	}
}

// burst sends some control frames, and says whether they were read.
func (p *peer) burst(n int, opcode byte) bool {
	for range n {
		if _, err := p.Write(appendFrame(nil, final|opcode, "?")); err != nil {
			return false
		}
	}
	return true
}

// hasty is a connection whose deadlines come a hundred times as soon, so that they
// are tried with those of the kernel.
type hasty struct{ net.Conn }

func (c hasty) SetReadDeadline(at time.Time) error {
	if !at.IsZero() {
		at = time.Now().Add(time.Until(at) / 100)
	}
	return c.Conn.SetReadDeadline(at)
}

// TestTooSlowSocket: the deadlines hold with real sockets.
func TestTooSlowSocket(t *testing.T) {
	for name, talk := range map[string]func(net.Conn){
		"a byte each 10 ms": func(conn net.Conn) { trickle(conn, 10*time.Millisecond, frameOf(60_000)) },
		"half a frame":      func(conn net.Conn) { conn.Write(frameOf(1000)[:500]); conn.Read(make([]byte, 1)) },
		"empty parts":       func(conn net.Conn) { repeat(conn, appendFrame(nil, text, ""), appendFrame(nil, continuation, "")) },
	} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/secure=%v", name, secure), func(t *testing.T) {
				t.Parallel()
				o := raw(t, secure, func(conn net.Conn) {
					conn.Read(make([]byte, 1000)) // the subscription
					conn.Write(frameOf(10))
					time.Sleep(200 * time.Millisecond) // silence, which is no fault
					talk(conn)
				})
				o.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
					conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
					return hasty{conn}, err
				}
				frames, err := end(t, connect(t, o))
				if !errors.Is(err, live.ErrTooSlow) || len(frames) != 1 {
					t.Errorf("%d frames, then %v", len(frames), err)
				}
			})
		}
	}
}
