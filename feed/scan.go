package feed

import (
	"bytes"
	"math/bits"
)

// scanner walks JSON text, strictly, in one pass and without allocating. It
// stops at the first fault: from then on err is set and nothing moves.
type scanner struct {
	data  []byte
	pos   int
	depth int
	err   *DecodeError
}

// maxDepth is deeper than anything the exchange sends: 4.
const maxDepth = 8

type kind uint8

const (
	absent kind = iota
	stringKind
	escapedKind // a string with a backslash in it
	numberKind
	trueKind
	falseKind
	nullKind
	objectKind
	arrayKind
)

// value is a JSON value: where its text stands, without the quotes of a string.
type value struct {
	start, end int32 // MaxFrame fits
	kind       kind
}

func (s *scanner) fail(pos int, reason string) bool {
	if s.err == nil {
		s.err = &DecodeError{Offset: pos, Reason: reason}
	}
	return false
}

const endOfFrame = "the frame ends here"

// whiteSpace is what JSON allows between its values.
const whiteSpace = " \t\r\n"

// LooksLikeJSON says whether what a server sent can be an object or an array. The page of
// something that stands before the exchange is none, and no word is.
func LooksLikeJSON(data []byte) bool {
	data = bytes.TrimLeft(data, whiteSpace)
	return len(data) > 0 && (data[0] == '{' || data[0] == '[')
}

// next moves to the next byte that is no white space and returns it, 0 at the
// end or after a fault.
func (s *scanner) next() byte {
	if s.err != nil {
		return 0
	}
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\n', '\t', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

func (s *scanner) open() bool {
	s.pos++
	if s.depth++; s.depth > maxDepth {
		return s.fail(s.pos-1, "nested too deeply")
	}
	return true
}

// more steps between the members of an object or array, of which n have been
// read: it returns false after the closing character, or at a fault.
func (s *scanner) more(n int, closing byte) bool {
	c := s.next()
	switch {
	case s.err != nil:
		return false
	case c == closing:
		s.pos++
		s.depth--
		return false
	case n == 0:
		return true
	case c == ',':
		s.pos++
		return true
	case s.pos >= len(s.data):
		return s.fail(s.pos, endOfFrame)
	}
	return s.fail(s.pos, "no comma or closing bracket")
}

// member steps to the next member of an object and returns its key.
func (s *scanner) member(n int) (key value, ok bool) {
	if !s.more(n, '}') {
		return value{}, false
	}
	if s.next() != '"' {
		return value{}, s.fail(s.pos, "no key")
	}
	if key, ok = s.str(); !ok {
		return value{}, false
	}
	if s.next() != ':' {
		return value{}, s.fail(s.pos, "no colon after the key")
	}
	s.pos++
	return key, true
}

// element steps to the next element of an array.
func (s *scanner) element(n int) bool { return s.more(n, ']') }

// value reads any value, whole.
func (s *scanner) value() (v value, ok bool) {
	c := s.next()
	start := s.pos
	switch {
	case c == '"':
		return s.str()
	case c == '{':
		v.kind = objectKind
		if !s.open() {
			return value{}, false
		}
		for n := 0; ; n++ {
			if _, ok := s.member(n); !ok {
				break
			}
			if _, ok := s.value(); !ok {
				break
			}
		}
	case c == '[':
		v.kind = arrayKind
		if !s.open() {
			return value{}, false
		}
		for n := 0; s.element(n); n++ {
			if _, ok := s.value(); !ok {
				break
			}
		}
	case c == '-' || '0' <= c && c <= '9':
		v.kind = numberKind
		s.number()
	case c == 't' && s.literal("true"):
		v.kind = trueKind
	case c == 'f' && s.literal("false"):
		v.kind = falseKind
	case c == 'n' && s.literal("null"):
		v.kind = nullKind
	case s.pos >= len(s.data):
		s.fail(s.pos, endOfFrame)
	default:
		s.fail(s.pos, "no value")
	}
	v.start, v.end = int32(start), int32(s.pos)
	return v, s.err == nil
}

func (s *scanner) literal(text string) bool {
	if !bytes.HasPrefix(s.data[s.pos:], []byte(text)) {
		return false
	}
	s.pos += len(text)
	return true
}

// str reads a string; its opening quote is at pos.
func (s *scanner) str() (v value, ok bool) {
	v = value{start: int32(s.pos + 1), kind: stringKind}
	data := s.data
	for i := s.pos + 1; i < len(data); i++ {
		if i += plain(data[i:]); i == len(data) {
			break
		}
		switch c := data[i]; {
		case c == '"':
			v.end = int32(i)
			s.pos = i + 1
			return v, true
		case c == '\\':
			v.kind = escapedKind
			n := s.escape(i)
			if n == 0 {
				return value{}, s.fail(i, "no such escape")
			}
			i += n - 1
		case c < ' ':
			return value{}, s.fail(i, "control character in a string")
		}
	}
	return value{}, s.fail(len(s.data), endOfFrame)
}

// plain returns how many bytes of a text need no look inside of a string: none that
// ends it, no escape, no control character. It stops at blanks and '!' as well.
func plain(text []byte) (n int) {
	const ones = 0x0101010101010101
	for ; len(text)-n >= 8; n += 8 {
		w := word(text[n:])
		// The borrow of a byte that is found runs on to those behind it: only the first
		// one counts.
		escape := w ^ '\\'*ones
		if found := ((w-('"'+1)*ones)&^w | (escape-ones)&^escape) & highBits; found != 0 {
			return n + bits.TrailingZeros64(found)/8
		}
	}
	for n < len(text) && text[n] > '"' && text[n] != '\\' {
		n++
	}
	return n
}

// escape returns the length of the escape at i, 0 if it is none.
func (s *scanner) escape(i int) int {
	rest := s.data[i+1:]
	if len(rest) == 0 {
		return 0
	}
	switch rest[0] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(rest) < 5 {
			return 0
		}
		for _, c := range rest[1:5] {
			if !isHex(c) {
				return 0
			}
		}
		return 6
	}
	return 0
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// number reads a number of JSON's grammar.
func (s *scanner) number() bool {
	if s.data[s.pos] == '-' {
		s.pos++
	}
	switch {
	case s.pos < len(s.data) && s.data[s.pos] == '0':
		s.pos++
	case !s.digits():
		return s.fail(s.pos, "no digit in a number")
	}
	if s.pos < len(s.data) && s.data[s.pos] == '.' {
		s.pos++
		if !s.digits() {
			return s.fail(s.pos, "no digit in a number")
		}
	}
	if s.pos < len(s.data) && (s.data[s.pos] == 'e' || s.data[s.pos] == 'E') {
		s.pos++
		if s.pos < len(s.data) && (s.data[s.pos] == '+' || s.data[s.pos] == '-') {
			s.pos++
		}
		if !s.digits() {
			return s.fail(s.pos, "no digit in a number")
		}
	}
	return true
}

func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.data) && '0' <= s.data[s.pos] && s.data[s.pos] <= '9' {
		s.pos++
	}
	return s.pos > start
}
