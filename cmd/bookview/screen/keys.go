package screen

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"example.com/truebook/book"
)

// Key is a key: a character, or one of the others.
type Key rune

// The keys that are no characters.
const (
	Up Key = -iota - 1
	Down
	Left
	Right
	PageUp
	PageDown
	Home
	Enter
	Escape
	Backspace
	Tab
	BackTab
	WheelUp
	WheelDown
	Interrupt // quits, whatever is being written
)

// Action is what a key asks for that is not done by the screen itself.
type Action struct {
	Kind ActionKind
	// By is how far to Seek from where the recording is; To is where, if it is not zero.
	By time.Duration
	To time.Time
}

// ActionKind is what an Action is.
type ActionKind uint8

// The kinds of actions. From Pause on they are those of a replay.
const (
	NoAction ActionKind = iota
	Quit
	Record // on, or off
	Pause  // or go on
	Step   // show the next frame, and pause
	Faster
	Slower
	Seek
)

// Key does what a key asks for, and returns what is left to do.
func (s *Screen) Key(k Key) Action {
	s.settled = true
	if k == Interrupt {
		return Action{Kind: Quit}
	}
	if s.prompt != nil {
		return s.keyOfPrompt(k)
	}
	if s.help {
		s.help = false
		if k != 'q' {
			return Action{}
		}
	}
	if s.newest.Playback != nil {
		if a := keyOfReplay(k); a.Kind != NoAction {
			return a
		}
	}
	switch k {
	case 'q', 'Q':
		return Action{Kind: Quit}
	case 'r':
		if s.newest.Playback == nil {
			return Action{Kind: Record}
		}
	case ':':
		if s.newest.Playback != nil {
			s.prompt = &prompt{}
		}
	case '?', 'h':
		s.help = true
	case 'f':
		s.freeze()
	case Tab:
		s.step(1)
	case BackTab:
		s.step(-1)
	case '/':
		s.page, s.prompt = listPage, &prompt{filter: true, text: s.filter}
	default:
		s.keyOfPage(k)
	}
	return Action{}
}

func (s *Screen) keyOfPage(k Key) {
	switch {
	case s.page == listPage:
		s.keyOfList(k)
	case s.moved(k):
	default:
		s.keyOfLadder(k)
	}
}

func keyOfReplay(k Key) Action {
	switch k {
	case ' ':
		return Action{Kind: Pause}
	case '.':
		return Action{Kind: Step}
	case ']':
		return Action{Kind: Faster}
	case '[':
		return Action{Kind: Slower}
	case Left:
		return Action{Kind: Seek, By: -10 * time.Second}
	case Right:
		return Action{Kind: Seek, By: 10 * time.Second}
	case '<':
		return Action{Kind: Seek, By: -time.Minute}
	case '>':
		return Action{Kind: Seek, By: time.Minute}
	default:
		return Action{}
	}
}

func (s *Screen) keyOfList(k Key) {
	switch k {
	case Up, 'k', WheelUp:
		s.step(-1)
	case Down, 'j', WheelDown:
		s.step(1)
	case PageUp:
		s.step(-max(s.shown, 1))
	case PageDown:
		s.step(max(s.shown, 1))
	case Home:
		s.step(-len(s.in.Markets))
	case Enter, 'l':
		if len(s.matches()) > 0 {
			s.page = ladderPage
		}
	case 't':
		s.page = bothPage
	case Escape:
		s.filter = ""
	default:
	}
}

// moved moves along the ladder, or the pinned level along it.
func (s *Screen) moved(k Key) bool {
	var by int
	switch k {
	case Up, 'k', WheelUp:
		by = -1
	case Down, 'j', WheelDown:
		by = 1
	case PageUp:
		by = -max(s.shown, 1)
	case PageDown:
		by = max(s.shown, 1)
	default:
		return false
	}
	if s.pin != nil && k != WheelUp && k != WheelDown {
		s.movePin(by)
		return true
	}
	s.scroll += by
	return true
}

func (s *Screen) keyOfLadder(k Key) {
	switch k {
	case 't':
		s.turn()
	case 'l':
		s.axis, s.scroll, s.place = !s.axis, 0, placed{}
	case 'c', Home:
		s.scroll, s.place = 0, placed{}
	case '+', '=':
		if s.depth > 0 { // otherwise all that there is room for is shown
			s.depth = min(s.depth+1, book.MaxLevels)
		}
	case '-':
		if s.depth == 0 {
			s.depth = s.shown
		}
		s.depth = max(s.depth-1, 1)
	case '0':
		s.depth = 0
	case 'g':
		s.group = (s.group + 1) % len(groups)
		s.place = placed{}
	case '$':
		s.cash = !s.cash
	case 'b':
		s.alone = !s.alone
	case 's':
		if s.page == ladderPage {
			s.togglePin()
		}
	case 'm':
		s.page = listPage
	case Escape:
		if s.pin == nil && len(s.in.Markets) > 1 {
			s.page = listPage
		}
		s.pin = nil
	default:
	}
}

// turn goes from the first outcome to the second, to both, and back.
func (s *Screen) turn() {
	s.pin = nil
	switch {
	case s.page == bothPage:
		s.page, s.outcome = ladderPage, 0
	case s.outcome == 0:
		s.outcome = 1
	default:
		s.page, s.outcome = bothPage, 0
	}
	s.scroll, s.place = 0, placed{}
}

// freeze keeps what is shown, or shows what is.
func (s *Screen) freeze() {
	s.frozen = !s.frozen
	if !s.frozen {
		s.Observe(s.newest)
	}
}

// keyOfPrompt adds to the line that is being written.
func (s *Screen) keyOfPrompt(k Key) Action {
	p := s.prompt
	switch {
	case k == Escape:
		s.prompt = nil
		if p.filter {
			s.filter = ""
		}
	case k == Enter:
		if p.filter {
			s.prompt = nil
			break
		}
		action := seekTo(p.text, s.newest.Playback)
		p.wrong = action.Kind == NoAction && strings.TrimSpace(p.text) != ""
		if !p.wrong {
			s.prompt = nil
		}
		return action
	case k == Backspace:
		_, size := utf8.DecodeLastRuneInString(p.text)
		p.text = p.text[:len(p.text)-size]
	case k > 0 && unicode.IsPrint(rune(k)) && len(p.text) < 100:
		p.text += string(rune(k))
	}
	if p.filter && s.prompt != nil {
		s.filter = p.text
		s.step(0)
	}
	return Action{}
}

// seekTo understands a time of day, a share, and a step: 14:05:00, 50%, +30s, -2m.
func seekTo(text string, p *Playback) Action {
	text = strings.TrimSpace(text)
	if p == nil || text == "" {
		return Action{}
	}
	if percent, ok := strings.CutSuffix(text, "%"); ok {
		share, err := strconv.ParseFloat(percent, 64)
		if err != nil || !(share >= 0 && share <= 100) {
			return Action{}
		}
		return Action{Kind: Seek, To: p.Begin.Add(time.Duration(share / 100 * float64(p.End.Sub(p.Begin))))}
	}
	if text[0] == '+' || text[0] == '-' {
		by, err := time.ParseDuration(text)
		if err != nil {
			return Action{}
		}
		return Action{Kind: Seek, By: by}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05", "15:04:05", "15:04"} {
		if at, err := time.Parse(layout, text); err == nil {
			return Action{Kind: Seek, To: onDay(at, layout, p)}
		}
	}
	return Action{}
}

// onDay puts a time of day on the first day of the recording that has it.
func onDay(at time.Time, layout string, p *Playback) time.Time {
	if strings.HasPrefix(layout, "2006") {
		return at
	}
	year, month, day := p.Begin.UTC().Date()
	at = time.Date(year, month, day, at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
	if at.Before(p.Begin.Truncate(time.Second)) {
		at = at.AddDate(0, 0, 1)
	}
	return at
}

// Click is a click of the mouse.
func (s *Screen) Click(_, y int) {
	s.settled = true
	if s.help {
		s.help = false
		return
	}
	if market, ok := s.listed[y]; ok && s.page == listPage {
		if market == s.market {
			s.page = ladderPage
		}
		s.goTo(market)
		return
	}
	if r, ok := s.rows[y]; ok && s.page == ladderPage {
		s.pinAt(r.side, r.price, r.step)
	}
}
