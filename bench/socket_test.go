package bench

import (
	"context"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"example.com/truebook/bench/corpus"
	"example.com/truebook/feed/live"
)

// BenchmarkSocket reads frames from a websocket over TLS and loopback, as fast as
// they come: a goroutine writes them 64 KiB at a time. "read" only reads; the
// others are the whole job, from the socket to the published tops, read back.
//
// cpu-ns/frame is the processor time of the thread that reads, kernel included:
// what one core can do is its inverse. ns/op is also the sender's pace, and the
// allocations are of both.
func BenchmarkSocket(b *testing.B) {
	each(b, func(b *testing.B, s *stream) {
		url, roots := serve(b, s)
		b.Run("by=read", func(b *testing.B) { benchSocket(b, &unread{}, s, url, roots) })
		for _, w := range ways() {
			switch w.name {
			case "engine", "engine-proof":
				b.Run("by="+w.name, func(b *testing.B) { benchSocket(b, w.path(), s, url, roots) })
			}
		}
	}, []corpus.Shape{{Tokens: 500, Frames: 30_000}})
}

// unread is the path that does nothing with a frame.
type unread struct{ scans }

func (*unread) open([]corpus.Frame) error { return nil }

func (*unread) run([]corpus.Frame, [][2]int32) error { return nil }

func benchSocket(b *testing.B, p path, s *stream, url string, roots *x509.CertPool) {
	ctx, cancel := context.WithTimeout(b.Context(), 10*time.Second)
	defer cancel()
	source, err := live.New(live.Options{URL: url, RootCAs: roots})
	if err != nil {
		b.Fatal(err)
	}
	conn, err := source.Open(ctx, s.tokens[:1])
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	// A round is once through the stream, of which the first frames are not
	// measured: the opening, and until lists and maps have grown.
	at := 0
	round := func() {
		if err := p.open(s.Frames[:s.Opening]); err != nil {
			b.Fatal(err)
		}
		p.find(s.tokens)
		if err := p.run(s.Frames[s.Opening:s.warm], s.named[s.Opening:s.warm]); err != nil {
			b.Fatal(err)
		}
		for range s.warm {
			if _, err := conn.Next(); err != nil {
				b.Fatal(err)
			}
		}
		at = s.warm
	}
	round()
	var one [1]corpus.Frame
	b.SetBytes(s.PerFrame())
	b.ReportAllocs()
	b.ResetTimer()
	began, unmeasured := threadCPU(b), time.Duration(0)
	for range b.N {
		if at == len(s.Frames) {
			b.StopTimer()
			paused := threadCPU(b)
			round()
			unmeasured += threadCPU(b) - paused
			b.StartTimer()
		}
		frame, err := conn.Next()
		if err != nil {
			b.Fatal(err)
		}
		if len(frame) != len(s.Frames[at].Data) {
			b.Fatalf("%d bytes came of a frame of %d", len(frame), len(s.Frames[at].Data))
		}
		one[0] = corpus.Frame{Time: s.Frames[at].Time, Data: frame}
		if err := p.run(one[:], s.named[at:at+1]); err != nil {
			b.Fatal(err)
		}
		at++
	}
	b.StopTimer()
	if spent := threadCPU(b) - began - unmeasured; spent > 0 {
		b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N), "cpu-ns/frame")
		b.ReportMetric(float64(b.N)/spent.Seconds(), "frames/s/core")
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "frames/s")
}

// serve sends a stream again and again to each who dials.
func serve(b *testing.B, s *stream) (url string, roots *x509.CertPool) {
	b.Helper()
	var sent []byte
	for _, f := range s.Frames {
		sent = appendWebsocket(sent, f.Data)
	}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			b.Error(err)
			return
		}
		defer conn.Close()
		accept := sha1.Sum([]byte(r.Header.Get("Sec-Websocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		_, err = conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
			"Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(accept[:]) + "\r\n\r\n"))
		for err == nil { // until the client is gone
			for rest := sent; err == nil && len(rest) > 0; {
				n := min(len(rest), 64<<10)
				_, err = conn.Write(rest[:n])
				rest = rest[n:]
			}
		}
	}))
	b.Cleanup(server.Close)
	roots = x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return "wss" + strings.TrimPrefix(server.URL, "https"), roots
}

// appendWebsocket appends a text frame as a server sends it (RFC 6455, 5.2).
func appendWebsocket(dst, frame []byte) []byte {
	dst = append(dst, 0x81)
	switch {
	case len(frame) < 126:
		dst = append(dst, byte(len(frame)))
	case len(frame) < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, 126), uint16(len(frame)))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, 127), uint64(len(frame)))
	}
	return append(dst, frame...)
}
