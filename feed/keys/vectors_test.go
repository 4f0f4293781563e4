package keys

import (
	"encoding/hex"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hardhat is the first account of Hardhat, which everybody knows.
const hardhat = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"

// TestWallet: the vector of the exchange's own clients (chain 80002), and two that were
// computed with the code that reproduced it.
func TestWallet(t *testing.T) {
	key, err := ParsePrivateKey(hardhat)
	if err != nil || key.Address() != "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266" {
		t.Fatal(key.Address(), err)
	}
	if got := hex.EncodeToString(hashOf(domainType)); got != "c2f8787176b8ac6bf7215b4adcc1e069bf4ab82d9ab1df05a57a91d425935b6e" {
		t.Errorf("hash of the domain's type %s", got)
	}
	if got := hex.EncodeToString(hashOf(clobType)); got != "52578c5c725a28a84fedc8c22aa47947822942f35b4dc350db028e45320e035c" {
		t.Errorf("hash of the statement's type %s", got)
	}
	for _, c := range []struct {
		chain                                Chain
		seconds                              int64
		nonce                                uint64
		domain, statement, digest, signature string
	}{
		{
			Amoy, 10000000, 23,
			"a1df8f4e3112eaee2448fbec9ab79f68278407e49d9cf52e3dd3d9692fcac9b6",
			"11100b50654a1fcdab3af4f391788034786202690bb9319db16fd3f335ef643c",
			"8f442df8073c9cf2e36d7b20ca9d64d1a9352e982cc82a293b7de2df57920610",
			"0xf62319a987514da40e57e2f4d7529f7bac38f0355bd88bb5adbb3768d80de6c1682518e0af677d5260366425f4361e7b70c25ae232aff0ab2331e2b164a1aedc1b",
		},
		{
			Polygon, 10000000, 23,
			"cfc66be2a3b30464cb3b588324101f660c9a205fa76e8e5f83ee16a528e1c4cb",
			"11100b50654a1fcdab3af4f391788034786202690bb9319db16fd3f335ef643c",
			"577908bf2b712def8592d5078487f59ab9aa28b656e6fda011c8ac4333792037",
			"0x1a7118db6100dfd8efd102be36f472b59475dcac56eb4c9a2a94748d3655ba7c3c89deb8c19ee79eceb0a531122fbfbe88ed118034f9d8212e2b725e7b296b9d1c",
		},
		{
			Polygon, 1700000000, 0,
			"cfc66be2a3b30464cb3b588324101f660c9a205fa76e8e5f83ee16a528e1c4cb",
			"c1620afeef6a5bbe844b0ac9d2ad2d1213fe13f98f78542ddfcf57356148ebb4",
			"c85352894b3c41f3ea6152479d64b9233fbaf2de87eabc7e4bba3a161fd28493",
			"0x659ed4b28ae28e0f038fdf0023c00863c9559caacb9ebc83f44eea87059a099a36f1e1dee110e7faa1c4f65d17489b2da1333ebef78bbe2116d81207b975052d1c",
		},
	} {
		header, err := key.Header(c.chain, c.nonce, time.Unix(c.seconds, 0))
		if err != nil {
			t.Fatal(err)
		}
		timestamp := header["POLY_TIMESTAMP"]
		separator := domain(c.chain)
		statement := attest(key.Address(), timestamp, c.nonce)
		whole := digest(c.chain, key.Address(), timestamp, c.nonce)
		for _, part := range []struct{ what, got, want string }{
			{"domain", hex.EncodeToString(separator[:]), c.domain},
			{"statement", hex.EncodeToString(statement[:]), c.statement},
			{"digest", hex.EncodeToString(whole[:]), c.digest},
			{"signature", header["POLY_SIGNATURE"], c.signature},
		} {
			if part.got != part.want {
				t.Errorf("chain %d, %d: %s %s, want %s", c.chain, c.seconds, part.what, part.got, part.want)
			}
		}
		if header["POLY_ADDRESS"] != key.Address() || len(header) != 4 {
			t.Errorf("headers %v", header)
		}
	}
}

// TestChecksum: the examples of EIP-55.
func TestChecksum(t *testing.T) {
	for _, want := range []string{
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
		"0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
	} {
		raw, err := hex.DecodeString(strings.ToLower(want[2:]))
		if err != nil {
			t.Fatal(err)
		}
		if got := checksummed([20]byte(raw)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestHMAC: the vector of the exchange's own clients, and one of /data/orders.
func TestHMAC(t *testing.T) {
	const secret = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	c, err := NewCredentials("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", "key", secret, "passphrase")
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Sign("1000000", "test-sign", "/orders", []byte(`{"hash": "0x123"}`)); got != "ZwAdJKvoYRlEKDkNMwd5BuwNNtg93kNaR_oU2HrfVvc=" {
		t.Error(got)
	}
	header, err := c.Header(http.MethodGet, "/data/orders", nil, time.Unix(1000000, 999))
	if err != nil || header["POLY_SIGNATURE"] != "9-I3DmVY9ObJ6EVf_KvrHpUWMOQJXiAjR5z7fO8qnPw=" {
		t.Error(header, err)
	}
	for name, want := range map[string]string{
		"POLY_ADDRESS": c.Address, "POLY_TIMESTAMP": "1000000", "POLY_API_KEY": "key", "POLY_PASSPHRASE": "passphrase",
	} {
		if header[name] != want {
			t.Errorf("%s: %v", name, header[name])
		}
	}
}

// TestIsPrivate: modes say who may read a file, but on Windows, where they are always these
// two.
func TestIsPrivate(t *testing.T) {
	for _, c := range []struct {
		system string
		mode   fs.FileMode
		want   bool
	}{
		{"linux", 0o600, true},
		{"linux", 0o400, true},
		{"darwin", 0o600, true},
		{"linux", 0o604, false},
		{"linux", 0o640, false},
		{"linux", 0o620, false},
		{"linux", 0o700, false},
		{"darwin", 0o666, false},
		{"darwin", 0o444, false},
		{"windows", 0o666, true},
		{"windows", 0o444, true},
	} {
		if got := isPrivate(c.mode, c.system); got != c.want {
			t.Errorf("%04o on %s: %v", c.mode, c.system, got)
		}
	}
}
