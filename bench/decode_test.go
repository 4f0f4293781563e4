package bench

import (
	"bytes"
	"testing"

	"example.com/truebook/bench/internal/rival"
	"example.com/truebook/feed"
)

// BenchmarkDecode is from the bytes of a frame to events.
func BenchmarkDecode(b *testing.B) {
	each(b, func(b *testing.B, s *stream) {
		frames := s.Frames[s.Opening:]
		loop := func(name string, decode func(frame []byte) error) {
			b.Run("by="+name, func(b *testing.B) {
				b.SetBytes(s.PerFrame())
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					if err := decode(frames[i].Data); err != nil {
						b.Fatal(err)
					}
					if i++; i == len(frames) {
						i = 0
					}
				}
			})
		}
		d := feed.NewDecoder(feed.DecoderOptions{Learn: true})
		for _, f := range s.Frames[:s.Opening] { // the tokens are known from the opening
			if _, err := d.Decode(f.Data); err != nil {
				b.Fatal(err)
			}
		}
		loop("feed", func(frame []byte) error { _, err := d.Decode(frame); return err })
		var events []rival.NaiveEvent
		loop("naive", func(frame []byte) (err error) {
			events, err = rival.NaiveDecode(events, frame)
			return err
		})
		quotes := 0
		loop("scan", func(frame []byte) error { quotes += bytes.Count(frame, []byte(`"`)); return nil })
	}, byTokens(), spaced())
}
