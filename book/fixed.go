package book

import (
	"errors"
	"math"
	"math/big"
	"strconv"

	"github.com/shopspring/decimal"
)

// Why a number was refused. They come inside a [*NumberError].
var (
	// ErrSyntax says that the text is not a plain decimal number.
	ErrSyntax = errors.New("not a plain decimal number")
	// ErrPrecision says that the number is not a whole count of millionths.
	ErrPrecision = errors.New("more than 6 decimals")
	// ErrRange says that the number is too large.
	ErrRange = errors.New("out of range")
)

// NumberError is a text or decimal that is no [Price], [Size] or [Notional].
type NumberError struct {
	Text string // what was given, cut to 64 bytes
	Err  error  // ErrSyntax, ErrPrecision or ErrRange
}

// Error says what was given and why it was refused.
func (e *NumberError) Error() string {
	return "book: " + strconv.Quote(e.Text) + ": " + e.Err.Error()
}

// Unwrap returns the reason.
func (e *NumberError) Unwrap() error { return e.Err }

const (
	// one is 1 in millionths.
	one = 1_000_000
	// maxWhole is the largest whole part that fits in millionths.
	maxWhole = math.MaxInt64 / one
)

// parse reads the grammar -?[0-9]*(\.[0-9]+)?, not empty, exactly. Digits after
// the sixth decimal must be zeros: nothing is rounded.
func parse[T ~string | ~[]byte](text T) (int64, error) {
	digits := text
	negative := len(digits) > 0 && digits[0] == '-'
	if negative {
		digits = digits[1:]
	}
	value, err := parseUnsigned(digits)
	if err != nil {
		return 0, &NumberError{Text: string(text[:min(len(text), 64)]), Err: err}
	}
	if negative {
		value = -value
	}
	return value, nil
}

func parseUnsigned[T ~string | ~[]byte](text T) (int64, error) {
	var value int64
	i := 0
	for ; i < len(text) && text[i] != '.'; i++ {
		digit := text[i] - '0'
		if digit > 9 {
			return 0, ErrSyntax
		}
		value = value*10 + int64(digit)
		if value > maxWhole {
			return 0, ErrRange
		}
	}
	value *= one
	if i == len(text) {
		if i == 0 {
			return 0, ErrSyntax
		}
		return value, nil
	}
	if i++; i == len(text) {
		return 0, ErrSyntax // "1." and "." are not written by the exchange
	}
	for unit := int64(one / 10); i < len(text); i++ {
		digit := text[i] - '0'
		if digit > 9 {
			return 0, ErrSyntax
		}
		if unit == 0 && digit != 0 {
			return 0, ErrPrecision
		}
		value += int64(digit) * unit
		unit /= 10
	}
	if value < 0 {
		return 0, ErrRange // only the fraction can have carried it over
	}
	return value, nil
}

// appendFixed appends the shortest decimal: 0.525, 12, -0.01.
func appendFixed(dst []byte, value int64) []byte {
	abs := uint64(value)
	if value < 0 {
		dst = append(dst, '-')
		abs = -abs
	}
	dst = strconv.AppendUint(dst, abs/one, 10)
	fraction := abs % one
	if fraction == 0 {
		return dst
	}
	dst = append(dst, '.')
	for unit := uint64(one / 10); fraction > 0; unit /= 10 {
		dst = append(dst, byte('0'+fraction/unit))
		fraction %= unit
	}
	return dst
}

func formatFixed(value int64) string {
	var buf [24]byte
	return string(appendFixed(buf[:0], value))
}

// fromDecimal is exact or fails. It looks at the exponent before it does any
// arithmetic, because a decimal such as 1e1000000 is cheap to write and dear
// to expand.
func fromDecimal(d decimal.Decimal) (int64, error) {
	if d.IsZero() {
		return 0, nil
	}
	refuse := func(err error) (int64, error) {
		// Not d.String(): it would expand the exponent.
		text := strconv.Itoa(int(d.Exponent()))
		if d.NumDigits() <= 40 {
			text = d.Coefficient().String() + "e" + text
		} else {
			text = "(long)e" + text
		}
		return 0, &NumberError{Text: text, Err: err}
	}
	shift := int(d.Exponent()) + 6 // millionths = coefficient * 10^shift
	if shift > 18 {
		return refuse(ErrRange)
	}
	if shift < -d.NumDigits() {
		return refuse(ErrPrecision) // fewer digits than zeros needed at the end
	}
	value := d.Coefficient()
	ten := big.NewInt(10)
	if shift >= 0 {
		value.Mul(value, ten.Exp(ten, big.NewInt(int64(shift)), nil))
	} else {
		var rest big.Int
		value.QuoRem(value, ten.Exp(ten, big.NewInt(int64(-shift)), nil), &rest)
		if rest.Sign() != 0 {
			return refuse(ErrPrecision)
		}
	}
	if !value.IsInt64() || value.Int64() == math.MinInt64 {
		return refuse(ErrRange)
	}
	return value.Int64(), nil
}
