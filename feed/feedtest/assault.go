package feedtest

import (
	"bytes"
	"math"
	"strings"
	"time"
)

// forbidden is a page of HTML in place of an answer.
const forbidden = "<!DOCTYPE html>\n<html><head><title>Attention Required!</title></head>" +
	"<body><h1>Sorry, you have been blocked</h1></body></html>\n"

// What attacks are made of.
const (
	trickle      = time.Second      // between two bytes
	trickledHour = 3600             // bytes of a TrickledMessage
	flooding     = time.Millisecond // between two waves
	wave         = 16 << 10         // bytes, or so many of what is shorter than a packet:
	pings        = 100
	fragments    = 1000
	giant        = 100_000_000 // bytes of a GiantFrame, about
	block        = 64 << 10    // of it that are written at once
)

// attack lets the writer attack when all that waits is written, for a time if the
// kind lasts.
func (c *socket) attack(k AttackKind, d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.assault = func(conn *gate) bool {
		if k == GiantFrame {
			return conn.giant()
		}
		conn.resetAfter(d)
		assault(k, conn)
		return k == Deaf
	}
	c.wake()
}

// resetAfter resets a connection after a time, if it is not 0.
func (g *gate) resetAfter(d time.Duration) {
	if d > 0 {
		time.AfterFunc(d, g.reset)
	}
}

// strangeFrame returns the frame of an attack that is one.
func strangeFrame(k AttackKind) []byte {
	switch k { //nolint:exhaustive // the others are more than a frame
	case MaskedFrame:
		key := [4]byte{1, 2, 3, 4}
		frame := append([]byte{final | textFrame, masked | 2}, key[:]...)
		return append(frame, '['^key[0], ']'^key[1])
	case ReservedBits:
		return appendFrame(nil, final|reserved|textFrame, []byte("[]"))
	case InvalidUTF8:
		return appendFrame(nil, final|textFrame, []byte("{\"event_type\":\"notice\",\"text\":\"\xff\xfe\"}"))
	case BinaryFrame:
		payload := make([]byte, 256)
		for i := range payload {
			payload[i] = byte(i)
		}
		return appendFrame(nil, final|binaryFrame, payload)
	}
	return nil
}

// endlessAnswer begins an answer that ends when the connection does.
const endlessAnswer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n["

// assault carries out an attack that lasts, until the end of the connection.
func assault(k AttackKind, conn *gate) {
	switch k { //nolint:exhaustive // the others are no more than a frame, or an answer
	case TrickledHandshake:
		conn.trickle("HTTP/1.1 101 Switching Protocols\r\nX-Slow: ", math.MaxInt)
	case EndlessHeaders:
		line := "X-Long: " + strings.Repeat("x", 1000) + "\r\n"
		conn.flood("HTTP/1.1 101 Switching Protocols\r\n", line, wave/len(line))
	case TerabyteFrame:
		conn.flood(string(appendHeader(nil, final|textFrame, 1<<40)), " ", wave)
	case EmptyFragments:
		conn.flood(string([]byte{textFrame, 0}), string([]byte{continuation, 0}), fragments)
	case TrickledMessage:
		if _, err := conn.Write(appendHeader(nil, final|textFrame, trickledHour)); err == nil {
			conn.trickle("[]", trickledHour)
		}
	case PingFlood, UnreadPongs:
		conn.flood("", string(appendFrame(nil, final|pingFrame, []byte("are you there?"))), pings)
	case EndlessAnswer:
		conn.flood(endlessAnswer, " ", wave)
	case TrickledAnswer:
		if _, err := conn.Write([]byte(endlessAnswer)); err == nil {
			conn.trickle("", math.MaxInt)
		}
	case Deaf: // the gate is shut, and that is all
	}
}

// flood writes a text, and then another one n times each millisecond. Without a pause
// the time of a bubble of synctest would stand still.
func (g *gate) flood(first, again string, n int) {
	text := []byte(strings.Repeat(again, n))
	if _, err := g.Write([]byte(first)); err == nil {
		g.each(flooding, func() bool {
			_, err := g.Write(text)
			return err == nil
		})
	}
}

// trickle writes a text and then spaces, n bytes in all, a byte a second.
func (g *gate) trickle(text string, n int) {
	text += " "
	g.each(trickle, func() bool {
		_, err := g.Write([]byte(text[:1]))
		if len(text) > 1 {
			text = text[1:]
		}
		n--
		return err == nil && n > 0
	})
}

// each does something at intervals, as long as it can and the connection is there.
func (g *gate) each(interval time.Duration, do func() bool) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-g.gone:
			return
		}
		if !do() {
			return
		}
	}
}

// giant writes an unknown event that is very long. It says whether it could.
func (g *gate) giant() bool {
	begin, end := `{"event_type":"notice","text":"`, `"}`
	blocks := giant / block
	header := appendHeader(nil, final|textFrame, uint64(len(begin)+blocks*block+len(end)))
	_, err := g.Write(append(header, begin...))
	for text := bytes.Repeat([]byte("x"), block); err == nil && blocks > 0; blocks-- {
		_, err = g.Write(text)
	}
	if err == nil {
		_, err = g.Write([]byte(end))
	}
	return err == nil
}
