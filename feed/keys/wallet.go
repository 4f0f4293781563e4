package keys

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Chain is the chain that the exchange runs on.
type Chain uint64

// The chains of the exchange: the real one, and the one for tests.
const (
	Polygon Chain = 137
	Amoy    Chain = 80002
)

// What a wallet signs (EIP-712, the exchange's own clients, 2026). The domain has neither
// a contract nor a salt.
const (
	domainType  = "EIP712Domain(string name,string version,uint256 chainId)"
	clobType    = "ClobAuth(address address,string timestamp,uint256 nonce,string message)"
	domainName  = "ClobAuthDomain"
	domainValue = "1"
	attestation = "This message attests that I control the given wallet"
)

// uint256 is a number as EIP-712 encodes it.
func uint256(n uint64) []byte {
	return binary.BigEndian.AppendUint64(make([]byte, 24, 32), n)
}

// hashOf is a text as EIP-712 encodes it.
func hashOf(text string) []byte {
	sum := keccak([]byte(text))
	return sum[:]
}

// domain is the separator of a chain.
func domain(chain Chain) [32]byte {
	return keccak(hashOf(domainType), hashOf(domainName), hashOf(domainValue), uint256(uint64(chain)))
}

// attest is the hash of what is said to be true of a wallet.
func attest(address, timestamp string, nonce uint64) [32]byte {
	raw, _ := hex.DecodeString(address[2:]) // it is this package's
	return keccak(hashOf(clobType), make([]byte, 12), raw, hashOf(timestamp), uint256(nonce), hashOf(attestation))
}

// digest is what is signed.
func digest(chain Chain, address, timestamp string, nonce uint64) [32]byte {
	separator, statement := domain(chain), attest(address, timestamp, nonce)
	return keccak([]byte{0x19, 0x01}, separator[:], statement[:])
}

// Header returns the headers of level 1, which make or show the API key of a wallet and a
// nonce. The names are in capitals, as the exchange's clients write them; the order is
// nobody's. Whoever has them can do so too, until the exchange takes the time for too old.
func (k PrivateKey) Header(chain Chain, nonce uint64, at time.Time) (map[string]string, error) {
	switch {
	case k.key == nil:
		return nil, errPrivateKey
	case chain != Polygon && chain != Amoy:
		return nil, fmt.Errorf("keys: the exchange is not on chain %d: it is on %d, and on %d for tests", chain, Polygon, Amoy)
	case at.Unix() <= 0:
		return nil, errors.New("keys: no time before 1970")
	}
	timestamp := strconv.FormatInt(at.Unix(), 10)
	signature := k.sign(digest(chain, k.address, timestamp, nonce))
	return map[string]string{
		"POLY_ADDRESS":   k.address,
		"POLY_SIGNATURE": "0x" + hex.EncodeToString(signature),
		"POLY_TIMESTAMP": timestamp,
		"POLY_NONCE":     strconv.FormatUint(nonce, 10),
	}, nil
}
