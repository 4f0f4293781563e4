package book_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"example.com/truebook/book"
)

func TestParse(t *testing.T) {
	for _, test := range []struct {
		text string
		want int64
		err  error
	}{
		{"0.525", 525_000, nil},
		{".5", 500_000, nil},
		{"0.50", 500_000, nil},
		{"1", 1_000_000, nil},
		{"007", 7_000_000, nil},
		{"-0.01", -10_000, nil},
		{"0.000001", 1, nil},
		{"0.0000010000000000000000000000", 1, nil},
		{"216.216215", 216_216_215, nil},
		{"999999999999.999999", 999_999_999_999_999_999, nil},
		{"9223372036854.775807", math.MaxInt64, nil},
		{"-9223372036854.775807", -math.MaxInt64, nil},
		{"9223372036854.775808", 0, book.ErrRange},
		{"9223372036855", 0, book.ErrRange},
		{"99999999999999999999999999", 0, book.ErrRange},
		{"0.0000001", 0, book.ErrPrecision},
		{"0.1234561", 0, book.ErrPrecision},
		{"", 0, book.ErrSyntax},
		{"-", 0, book.ErrSyntax},
		{".", 0, book.ErrSyntax},
		{"1.", 0, book.ErrSyntax},
		{"--1", 0, book.ErrSyntax},
		{"+1", 0, book.ErrSyntax},
		{" 1", 0, book.ErrSyntax},
		{"1 ", 0, book.ErrSyntax},
		{"1e3", 0, book.ErrSyntax},
		{"0x10", 0, book.ErrSyntax},
		{"1_000", 0, book.ErrSyntax},
		{"1,000", 0, book.ErrSyntax},
		{"1.2.3", 0, book.ErrSyntax},
		{"NaN", 0, book.ErrSyntax},
		{"Inf", 0, book.ErrSyntax},
		{"\u0661", 0, book.ErrSyntax},        // a digit, but not of ours
		{"\u22121", 0, book.ErrSyntax},       // the minus sign that decimal accepts
		{"0.00000000z", 0, book.ErrSyntax},   // beyond the decimals that count
		{"0.0000001z", 0, book.ErrPrecision}, // the first fault counts
	} {
		price, err := book.ParsePrice(test.text)
		if int64(price) != test.want || !errors.Is(err, test.err) {
			t.Errorf("ParsePrice(%q) = %d, %v; want %d, %v", test.text, price, err, test.want, test.err)
		}
		size, err := book.ParseSize([]byte(test.text))
		if int64(size) != test.want || !errors.Is(err, test.err) {
			t.Errorf("ParseSize(%q) = %d, %v; want %d, %v", test.text, size, err, test.want, test.err)
		}
		notional, err := book.ParseNotional(test.text)
		if int64(notional) != test.want || !errors.Is(err, test.err) {
			t.Errorf("ParseNotional(%q) = %d, %v; want %d, %v", test.text, notional, err, test.want, test.err)
		}
	}
	_, err := book.ParseSize(strings.Repeat("x", 1000))
	if e, ok := errors.AsType[*book.NumberError](err); !ok || len(e.Text) != 64 {
		t.Errorf("a long text: %v", err)
	}
}

func TestTextAndDecimalRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	values := []int64{0, 1, -1, 10, 999_999, 1_000_000, -1_000_001, math.MaxInt64, -math.MaxInt64}
	for range 20_000 {
		values = append(values, random.Int64()>>random.IntN(63)*int64(1-2*random.IntN(2)))
	}
	for _, value := range values {
		want := decimal.New(value, -6).String() // an independent formatter
		size := book.Size(value)
		if got := size.String(); got != want {
			t.Fatalf("String of %d = %s, want %s", value, got, want)
		}
		if back, err := book.ParseSize(want); err != nil || back != size {
			t.Fatalf("%s came back as %d, %v", want, back, err)
		}
		if back, err := book.SizeFromDecimal(size.Decimal()); err != nil || back != size {
			t.Fatalf("decimal of %d came back as %d, %v", value, back, err)
		}
	}
}

func TestFromDecimal(t *testing.T) {
	for _, test := range []struct {
		d    decimal.Decimal
		want int64
		err  error
	}{
		{decimal.New(525, -3), 525_000, nil},
		{decimal.New(1, 6), 1_000_000_000_000, nil},
		{decimal.New(-1, -6), -1, nil},
		{decimal.New(1_000_000, -12), 1, nil},
		{decimal.New(0, math.MinInt32), 0, nil},
		{decimal.New(0, math.MaxInt32), 0, nil},
		{decimal.New(1, -7), 0, book.ErrPrecision},
		{decimal.New(1, math.MinInt32), 0, book.ErrPrecision},
		{decimal.New(1, math.MaxInt32), 0, book.ErrRange},
		{decimal.New(1, 13), 0, book.ErrRange},
		{decimal.New(math.MinInt64, -6), 0, book.ErrRange},
	} {
		got, err := book.PriceFromDecimal(test.d)
		if int64(got) != test.want || !errors.Is(err, test.err) {
			t.Errorf("%v e%d = %d, %v; want %d, %v", test.d.Coefficient(), test.d.Exponent(), got, err, test.want, test.err)
		}
		if notional, err := book.NotionalFromDecimal(test.d); int64(notional) != test.want || !errors.Is(err, test.err) {
			t.Errorf("notional: %d, %v", notional, err)
		}
	}
}

func TestJSON(t *testing.T) {
	type numbers struct {
		Price    book.Price
		Size     book.Size
		Notional book.Notional
	}
	in := numbers{525_000, 216_216_215, -1}
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"Price":"0.525","Size":"216.216215","Notional":"-0.000001"}`; string(text) != want {
		t.Errorf("got %s, want %s", text, want)
	}
	var out numbers
	if err := json.Unmarshal(text, &out); err != nil || out != in {
		t.Errorf("came back as %v, %v", out, err)
	}
	for _, bad := range []string{`{"Price":"1e3"}`, `{"Size":"x"}`, `{"Notional":"1."}`} {
		if err := json.Unmarshal([]byte(bad), &out); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
	appended, _ := in.Price.AppendText([]byte("at "))
	appended, _ = in.Size.AppendText(append(appended, " x "...))
	appended, _ = in.Notional.AppendText(append(appended, ' '))
	if string(appended) != "at 0.525 x 216.216215 -0.000001" {
		t.Errorf("appended %s", appended)
	}
}

// FuzzParse holds the parser against shopspring/decimal on its own grammar.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"0.525", ".5", "1.", "-0.01", "1e3", "9223372036854.775808", "00.0000000"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := book.ParseSize(text)
		if err != nil {
			return
		}
		want, err := decimal.NewFromString(text)
		if err != nil {
			t.Fatalf("%q was read as %v, but decimal says %v", text, got, err)
		}
		if !got.Decimal().Equal(want) {
			t.Fatalf("%q was read as %v, decimal says %v", text, got, want)
		}
	})
}

// TestPriceTable: prices from the table are what they would be without it.
func TestPriceTable(t *testing.T) {
	for p := -2 * book.Dollar; p <= 2*book.Dollar; p += 25 {
		if got := p.Decimal(); !got.Equal(decimal.New(int64(p), -6)) || got.Exponent() != -6 {
			t.Fatalf("%v is %v", p, got)
		}
	}
}
