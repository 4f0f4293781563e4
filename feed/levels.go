package feed

import "example.com/truebook/book"

// levelRoom is how far is looked at from the brace of a level on. It is more than the
// longest level has.
const levelRoom = levelKey + priceSlot + sizeKey + 1 + numberRoom

// usualLevels appends the levels of a side from the first brace on, as far as they
// are written as usual, and returns where the last of them ends, 0 if there is none.
func usualLevels(data []byte, at int, levels []book.Level, room int) ([]book.Level, int) {
	last := 0
	for range room {
		if at < 0 || at > len(data)-levelRoom {
			break
		}
		level, n := usualLevel((*[levelRoom]byte)(data[at : at+levelRoom]))
		if n == 0 {
			break
		}
		levels = append(levels, level)
		at += n
		last = at
		if data[at] != ',' {
			break
		}
		if at++; data[at] == ' ' {
			at++
		}
	}
	return levels, last
}

// usualLevel reads a level of a book, {"price":"0.5","size":"10"} with a blank or
// without one, and returns its length, 0 if it is not as usual.
func usualLevel(text *[levelRoom]byte) (level book.Level, n int) {
	price := leadingPrice((*[priceRoom]byte)(text[levelKey:]))
	toSize := (*[sizeKey + 1 + numberRoom]byte)(text[levelKey+price.n:])
	sp := &compact
	if toSize[2] == ' ' {
		sp = &spaced
	}
	blank := sp.blank & 1
	atSize := (*[numberRoom]byte)(toSize[sizeKey+blank:])
	size, n := usualSize(atSize)
	wrong := beforePrice.differs(word(text[:]), word(text[levelKey-8:])) |
		sp.size.differs(word(toSize[:]), word(toSize[sizeKey-8+blank:]))
	if wrong != 0 || price.digits == 0 || n <= 0 || n > sizeRoom || atSize[n] != '"' || atSize[n+1] != '}' {
		return level, 0
	}
	return book.Level{Price: price.value(), Size: size}, levelKey + price.n + sizeKey + blank + n + 2
}
