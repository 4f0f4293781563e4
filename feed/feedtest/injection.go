package feedtest

import (
	"slices"
	"time"
)

// activeFault is a fault that has begun.
type activeFault struct {
	Fault
	left   int // frames that it is still to hit
	begun  int64
	market *listing // that Skew chose
}

// Inject adds a fault. Its At may be over already: then it begins at once, the next
// time that the venue goes on.
func (v *Venue) Inject(f Fault) {
	v.at(v.begun+int64(f.At), func() { v.beginFault(f) })
}

// Injected returns what has been injected so far, in the order in which it took
// effect. What has not ended is told anew at the next call.
func (v *Venue) Injected() []Injection { return slices.Clone(v.injected) }

// record takes note that a fault takes effect.
func (v *Venue) record(f Fault, tokens []string, conns []int) int {
	v.injected = append(v.injected, Injection{Fault: f, At: v.Now(), Until: v.Now(), Tokens: tokens, Conns: conns})
	return len(v.injected) - 1
}

// lasts says that an Injection lasts, for ever if d is 0, and then does something.
func (v *Venue) lasts(record int, d time.Duration, end func()) {
	v.injected[record].Until = time.Time{}
	if d > 0 {
		v.after(d, func() {
			v.injected[record].Until = v.Now()
			end()
		})
	}
}

// hits says whether a fault is about a token of a market.
func (f *Fault) hits(l *listing, no bool) bool {
	if f.Token != "" {
		return l.outcome(no).token() == f.Token
	}
	return f.Market < 0 || f.Market == l.index
}

// tokensOf returns the tokens that a fault is about.
func (v *Venue) tokensOf(f *Fault) []string {
	var tokens []string
	for _, l := range v.listings {
		for _, no := range []bool{false, true} {
			if f.hits(l, no) {
				tokens = append(tokens, l.outcome(no).token())
			}
		}
	}
	return tokens
}

// marketsOf returns the markets that a fault is about.
func (v *Venue) marketsOf(f *Fault) []*listing {
	var markets []*listing
	for _, l := range v.listings {
		if f.hits(l, false) || f.hits(l, true) {
			markets = append(markets, l)
		}
	}
	return markets
}

func or[T ~int | ~int64](value, otherwise T) T {
	if value == 0 {
		return otherwise
	}
	return value
}

func ids(conns []*connection) []int {
	list := make([]int, 0, len(conns))
	for _, c := range conns {
		list = append(list, c.id)
	}
	return list
}

// beginFault lets a fault begin.
func (v *Venue) beginFault(f Fault) {
	switch k := f.Kind; {
	case k <= DuplicateAll || k == FreezeToken || k == FreezeMarket:
		v.beginConnectionFault(f)
	case k <= DialHangs || k >= RESTTimeout && k < RESTPartial:
		a := &activeFault{Fault: f}
		v.windows = append(v.windows, a)
		v.lasts(v.record(f, nil, nil), f.For, func() { v.endWindow(a) })
	case k <= OpeningEmpty || k == RESTPartial:
		a := &activeFault{Fault: f}
		v.windows = append(v.windows, a)
		if f.For > 0 {
			v.after(f.For, func() { v.endWindow(a) })
		}
	case k >= LoseFrames && k <= LateDuplicate || k >= BadJSON:
		v.beginTampering(f)
	default:
		v.beginExchangeFault(f)
	}
}

func (v *Venue) endWindow(a *activeFault) {
	v.windows = slices.DeleteFunc(v.windows, func(o *activeFault) bool { return o == a })
}

// window returns the first fault of some kinds that is going on, nil if none is.
func (v *Venue) window(first, last FaultKind) *activeFault {
	for _, a := range v.windows {
		if a.Kind >= first && a.Kind <= last {
			return a
		}
	}
	return nil
}

// took takes note that a window took effect on one connection or answer, and ends it
// if it was for the next one only.
func (v *Venue) took(a *activeFault, tokens []string, conns []int) {
	v.record(a.Fault, tokens, conns)
	if a.For == 0 {
		v.endWindow(a)
	}
}
