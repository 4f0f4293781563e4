package engine

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"example.com/truebook/book"
)

// TestDescribed: a market whose minimum nobody would guess is proved by its first book if
// it was described, before it is seen or after, and otherwise not.
func TestDescribed(t *testing.T) {
	odd := scriptTerms
	odd.MinOrderSize, odd.NegRisk = 7*book.Share, true
	described := []Statics{{Market: condition, MinOrderSize: odd.MinOrderSize, NegRisk: true}}
	wrong := []Statics{{Market: condition, MinOrderSize: 9 * book.Share}}
	for name, when := range map[string]int{"before": 0, "after": 1, "never": 2} {
		sc := newScript(t)
		var said descriptions
		sc.s.described = &said
		describe := func(markets []Statics) {
			if err := said.add(markets); err != nil {
				t.Error(err)
			}
		}
		switch when {
		case 0:
			describe(described)
		case 1:
			describe(wrong)
		}
		for i := range 2 {
			text := []string{"40x10 | 60x7", "41x10 | 60x7"}[i]
			sc.now += 1000
			sc.bookWithHash(text, sc.now, hashOf(yesToken, text, sc.now, odd))
			if when == 1 && i == 0 {
				describe(described)
			}
		}
		proved := sc.s.token(sc.s.decoder.Know(yesToken)).readers.View().Proof.By == ByHash
		if proved != (when < 2) {
			t.Errorf("described %s: proved by hash: %v", name, proved)
		}
	}
}

// TestDescribedOtherwise: what a book of REST says of its market is newer than what was said
// of it before.
func TestDescribedOtherwise(t *testing.T) {
	odd := scriptTerms
	odd.MinOrderSize, odd.NegRisk = 7*book.Share, true
	sc := newScript(t)
	sc.s.described = new(descriptions)
	if err := sc.s.described.add([]Statics{{Market: condition, MinOrderSize: 9 * book.Share}}); err != nil {
		t.Fatal(err)
	}
	text := "40x10 | 60x7"
	sc.now += 1000
	sc.step(strings.Replace(bookText(text, sc.now, hashOf(yesToken, text, sc.now, odd)),
		`"tick_size"`, `"min_order_size":"7","neg_risk":true,"tick_size"`, 1))
	if p := sc.s.token(sc.s.decoder.Know(yesToken)).readers.View().Proof; p.By != ByHash {
		t.Errorf("%+v", p)
	}
}

// TestDescribe: every connection knows of it, those to come too; what is no market is
// refused; the number is bounded, and what is described again does not count.
func TestDescribe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStream(2)
		e, err := New(s, Config{TokensPerConnection: 2})
		if err != nil {
			t.Fatal(err)
		}
		first := Statics{Market: s.x.Markets()[0].Condition, MinOrderSize: 5 * book.Share}
		second := Statics{Market: s.x.Markets()[1].Condition, MinOrderSize: 15 * book.Share, NegRisk: true}
		if err := e.Describe(first); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Watch(s.tokens()...); err != nil {
			t.Fatal(err)
		}
		if err := e.Describe(second); err != nil {
			t.Fatal(err)
		}
		for i, d := range e.drivers {
			if s := d.core.books.described; s.find(first.Market) != first || s.find(second.Market) != second {
				t.Errorf("connection %d does not know", i)
			}
		}
		for _, bad := range []Statics{{Market: "slug"}, {Market: first.Market, MinOrderSize: -1}} {
			if err := e.Describe(bad); err == nil {
				t.Errorf("%+v is described", bad)
			}
		}
		if err := e.Describe(make([]Statics, MaxTokens+1)...); err == nil {
			t.Error("more than there may be")
		}
		many := make([]Statics, MaxTokens-2, MaxTokens)
		for i := range many {
			many[i] = Statics{Market: fmt.Sprintf("0x%064x", i)}
		}
		if err := e.Describe(append(many, first, second)...); err != nil {
			t.Error(err)
		}
		one := Statics{Market: fmt.Sprintf("0x%064x", MaxTokens)}
		if err := e.Describe(first, one); err == nil || !strings.Contains(err.Error(), "over") {
			t.Error(err)
		}
		if e.described.find(one.Market) == one || e.Describe(many...) != nil {
			t.Error("one too many is taken, or what is known is not")
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_ = e.Run(ctx)
	})
}
