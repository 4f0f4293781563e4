package feedtest

import "example.com/truebook/book"

// TruthDiffers returns how many levels of all books differ between what clients know
// and what the exchange has, if nothing is on its way.
func (v *Venue) TruthDiffers() (levels int, still bool) {
	if v.stream.next() != nil {
		return 0, false
	}
	for _, l := range v.listings {
		for i, no := range []bool{false, true} {
			var sides [2][]book.Level
			for side := range book.Ask + 1 {
				l.outcome(no).levels(side, func(_ string, tick int, size int32) {
					sides[side] = append(sides[side], book.Level{
						Price: book.Price(tick) * l.TickSize, Size: book.Size(size) * hundredth,
					})
				})
			}
			n, err := l.truth[i].book.Differs(sides[0], sides[1])
			if err != nil {
				panic(err)
			}
			levels += n
		}
	}
	return levels, true
}

// Waiting returns how many bytes wait for the client for which most do.
func (s *Server) Waiting() (most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.sockets {
		most = max(most, c.waiting())
	}
	return most
}

// Connections returns how many connections and requests the venue has, and how many
// connections the server.
func (s *Server) Connections() (known, held int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.venue.conns) + len(s.answers), len(s.hijacked)
}

// What a Server lets wait at most for a client, and at full speed.
const (
	MaxWaiting = maxWaiting
	CrowdedAt  = crowdedAt
)
