package bench

import "testing"

// BenchmarkFullPath is the whole job, from the bytes of a frame to the published
// tops of the tokens that it names, read back.
func BenchmarkFullPath(b *testing.B) {
	each(b, func(b *testing.B, s *stream) {
		for _, w := range ways() {
			r := newRunner(w, s)
			b.Run("by="+w.name, r.bench)
		}
	}, byTokens(), spaced(), byLevels())
}
