package keys

import (
	"encoding/hex"
	"errors"
	"strings"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"golang.org/x/crypto/sha3"
)

// PrivateKey is that of a wallet, or none. Everything that prints it prints [Redacted].
// Values may be copied, and used by any number of goroutines.
type PrivateKey struct {
	hidden

	address string
	key     func() *secp256k1.PrivateKey // nil for none
}

// errPrivateKey does not show what it was made of.
var errPrivateKey = errors.New("keys: no private key: 64 hex digits, perhaps after 0x, that are a scalar of secp256k1")

// ParsePrivateKey reads a private key as wallets export it: 64 hex digits, perhaps after
// 0x. White space around it is ignored. Its error shows nothing of the text.
func ParsePrivateKey(text string) (PrivateKey, error) {
	digits := strings.TrimPrefix(strings.TrimSpace(text), "0x")
	raw, err := hex.DecodeString(digits)
	if err != nil || len(raw) != secp256k1.PrivKeyBytesLen {
		return PrivateKey{}, errPrivateKey
	}
	var scalar secp256k1.ModNScalar
	if overflow := scalar.SetByteSlice(raw); overflow || scalar.IsZero() {
		return PrivateKey{}, errPrivateKey
	}
	key := secp256k1.NewPrivateKey(&scalar)
	public := key.PubKey().SerializeUncompressed()
	hash := keccak(public[1:])
	return PrivateKey{
		address: checksummed([20]byte(hash[12:])),
		key:     func() *secp256k1.PrivateKey { return key },
	}, nil
}

// Address returns the address of the wallet, with the checksum of its letters (EIP-55),
// "" if the key is none.
func (k PrivateKey) Address() string { return k.address }

// sign returns the signature of a digest: r, s and v, of which s is the lower one and v is
// 27 or 28. It is that of RFC 6979: the same each time.
func (k PrivateKey) sign(digest [32]byte) []byte {
	compact := ecdsa.SignCompact(k.key(), digest[:], false) // v, r, s
	return append(compact[1:], compact[0])
}

// keccak is Ethereum's hash, of all parts in a row.
func keccak(parts ...[]byte) (sum [32]byte) {
	h := sha3.NewLegacyKeccak256()
	for _, part := range parts {
		_, _ = h.Write(part) // it never fails
	}
	h.Sum(sum[:0])
	return sum
}

// checksummed writes an address as EIP-55 does: the case of each letter is a bit of the
// hash of the whole.
func checksummed(address [20]byte) string {
	text := []byte(hex.EncodeToString(address[:]))
	hash := keccak(text)
	for i, c := range text {
		if c >= 'a' && hash[i/2]>>(4*(1-i%2))&0x8 != 0 {
			text[i] = c - 'a' + 'A'
		}
	}
	return "0x" + string(text)
}
