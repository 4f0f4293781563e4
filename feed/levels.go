package feed

import "example.com/truebook/book"

// usualLevels appends the levels of a side from the first brace on, as far as they
// are written as usual, and returns where the last of them ends, 0 if there is none.
func usualLevels(data []byte, at int, levels []book.Level, room int) ([]book.Level, int) {
	last := 0
	for range room {
		level, end, ok := usualLevel(data[at:])
		if !ok {
			break
		}
		levels = append(levels, level)
		last = at + end
		if at = last; at < len(data) && data[at] != ',' {
			break
		}
		if at++; at < len(data) && data[at] == ' ' {
			at++
		}
		if at >= len(data) {
			break
		}
	}
	return levels, last
}

// usualLevel reads a level of a book, from its brace on.
func usualLevel(text []byte) (level book.Level, end int, ok bool) {
	const room = 10 + priceBytes + 3 + 8 + numberRoom
	if len(text) < room || beforePrice.differs(word(text), word(text[2:])) != 0 {
		return level, 0, false
	}
	price := leadingPrice((*[priceRoom]byte)(text[10:]))
	at := 10 + price.n
	if level.Price = price.value(); level.Price == 0 || text[at] != '"' || text[at+1] != ',' {
		return level, 0, false
	}
	at += 2
	if text[at] == ' ' {
		at++
	}
	if word(text[at:]) != beforeSize.first {
		return level, 0, false
	}
	at += 8
	level.Size, end = usualSize((*[numberRoom]byte)(text[at:]))
	at += end
	return level, at + 2, end > 0 && text[at] == '"' && text[at+1] == '}'
}
