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
