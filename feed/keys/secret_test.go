package keys_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/truebook/feed/keys"
)

const (
	address    = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
	private    = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
	apiKey     = "3e2c94ca-8124-c4c1-c7ea-be1ea21b71fe"
	secret     = "c2VjcmV0LXRoYXQtaXMtbm90LXRvLWJlLXNob3duISE="
	passphrase = "5b605a0e8e40f3402d3cb3bc19edad6733ed23fbc079d2a09ee399c3487ace81"
)

// forms are how a secret would show, in the forms that printers have for bytes.
func forms(t *testing.T) []string {
	t.Helper()
	raw, err := base64.URLEncoding.DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	key, err := hex.DecodeString(private)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, text := range []string{private, apiKey, secret, passphrase, string(raw), string(key)} {
		decimals := strings.Trim(fmt.Sprintf("%d", []byte(text)), "[]")
		all = append(all, text, hex.EncodeToString([]byte(text)), strings.ToUpper(hex.EncodeToString([]byte(text))), decimals,
			base64.StdEncoding.EncodeToString([]byte(text)))
	}
	return all
}

func credentials(t *testing.T) keys.Credentials {
	t.Helper()
	c, err := keys.NewCredentials(address, apiKey, secret, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// holder has secrets in fields that fmt does not ask for methods.
type holder struct {
	C keys.Credentials
	c keys.Credentials
	p keys.PrivateKey
	s *keys.Secret
}

// TestRedacted prints secrets in every way that there is, alone and within others.
func TestRedacted(t *testing.T) {
	c := credentials(t)
	p, err := keys.ParsePrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	h := holder{c, c, p, &c.Secret}
	var out bytes.Buffer
	for _, value := range []any{
		c, &c, c.Key, c.Secret, &c.Secret, c.Passphrase, p, &p, h, &h,
		[]keys.Secret{c.Secret},
		map[string]keys.Secret{"s": c.Secret},
		[]any{c, p, h},
	} {
		for _, verb := range "vTtbcdoOqxXUeEfFgGsp" {
			for _, flags := range []string{"", "+", "#", " ", "0", "-", "20.3", "+#"} {
				fmt.Fprintf(&out, "%"+flags+string(verb)+"\n", value)
			}
		}
		fmt.Fprintln(&out, value)
		text, err := json.Marshal(value)
		fmt.Fprintf(&out, "%s %v\n", text, err)
		text, err = xml.Marshal(value)
		fmt.Fprintf(&out, "%s %v\n", text, err)
		fmt.Fprintln(&out, cmp.Diff(nil, value, cmp.Exporter(func(reflect.Type) bool { return true })))
		fmt.Fprintln(&out, fmt.Errorf("wrapped: %v %w", value, errors.New("x")))
		for _, handler := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
			slog.New(handler).Info("message", slog.Any("value", value), slog.Group("group", slog.Any("value", value)))
		}
	}
	if !strings.Contains(out.String(), keys.Redacted) {
		t.Fatal("nothing is printed at all")
	}
	for _, form := range forms(t) {
		if strings.Contains(out.String(), form) {
			t.Errorf("%q is printed", form)
		}
	}
	if c.Secret.Reveal() != secret || c.Key.Reveal() != apiKey || c.Passphrase.Reveal() != passphrase {
		t.Error("what is meant to be revealed is something else")
	}
	for _, text := range []string{c.Secret.String(), c.Secret.GoString(), p.String(), fmt.Sprintf("%#v", p), keys.Secret{}.String()} {
		if text != keys.Redacted {
			t.Error(text)
		}
	}
}

func TestNewCredentials(t *testing.T) {
	for _, bad := range [][4]string{
		{"", apiKey, secret, passphrase},
		{private, apiKey, secret, passphrase},
		{"0x" + private, apiKey, secret, passphrase},
		{address[:41] + "g", apiKey, secret, passphrase},
		{address, "", secret, passphrase},
		{address, apiKey, "", passphrase},
		{address, apiKey, secret, ""},
		{address, apiKey, secret + "!", passphrase},
		{address, apiKey, secret[:41], passphrase},
		{address, apiKey, "=", passphrase},
		{address, apiKey, "====", passphrase},
		{"0xF39" + address[5:], apiKey, secret, passphrase},
		{"0xe39" + address[5:], apiKey, secret, passphrase},
		{"0x" + strings.ToLower(address[2:41]) + "F", apiKey, secret, passphrase},
		{address[2:], apiKey, secret, passphrase},
		{address + "00", apiKey, secret, passphrase},
		{address[:40], apiKey, secret, passphrase},
		{address, apiKey + "\r\nX: y", secret, passphrase},
		{address, apiKey + `"`, secret, passphrase},
		{address, apiKey, secret, passphrase + "\n"},
		{address, apiKey, secret, strings.Repeat("x", 257)},
	} {
		c, err := keys.NewCredentials(bad[0], bad[1], bad[2], bad[3])
		if !errors.Is(err, keys.ErrCredentials) || !c.IsZero() {
			t.Errorf("%q: %v", bad, err)
			continue
		}
		for _, form := range forms(t) {
			if strings.Contains(err.Error(), form) {
				t.Errorf("%v shows a secret", err)
			}
		}
	}
	if _, err := (keys.Credentials{}).Header("GET", "/", nil, time.Now()); !errors.Is(err, keys.ErrCredentials) {
		t.Error(err)
	}
	if got := (keys.Credentials{}).Sign("1", "GET", "/", nil); got != "" {
		t.Error(got)
	}
	// Plain base64 is the same secret.
	raw := bytes.Repeat([]byte{0xfb, 0xff}, 16)
	a, err := keys.NewCredentials(address, apiKey, base64.StdEncoding.EncodeToString(raw), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	b, err := keys.NewCredentials(address, apiKey, base64.RawURLEncoding.EncodeToString(raw), passphrase)
	if err != nil || a.Sign("1", "GET", "/", nil) != b.Sign("1", "GET", "/", nil) {
		t.Error(err)
	}
}

// TestAddress: what is sent has the checksum, also where what was given has none.
func TestAddress(t *testing.T) {
	for _, text := range []string{address, strings.ToLower(address), "0x" + strings.ToUpper(address[2:])} {
		c, err := keys.NewCredentials(text, apiKey, secret, passphrase)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		header, err := c.Header("GET", "/data/orders", nil, time.Unix(1, 0))
		if err != nil || c.Address != address || header["POLY_ADDRESS"] != address {
			t.Errorf("%s: %s, sent as %s, %v", text, c.Address, header["POLY_ADDRESS"], err)
		}
	}
}

func TestParsePrivateKey(t *testing.T) {
	const order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
	for _, bad := range []string{
		"", "0x", private[:63], private + "0", "0x0x" + private, strings.Repeat("0", 64), order, strings.Repeat("f", 64),
		strings.Replace(private, "a", "g", 1), "-" + private[1:],
	} {
		if k, err := keys.ParsePrivateKey(bad); err == nil || len(bad) > 2 && strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v, %v", bad, k, err)
		} else if _, err := k.Header(keys.Polygon, 0, time.Now()); err == nil {
			t.Error("no key signs")
		}
	}
	for _, good := range []string{private, "0x" + private, strings.ToUpper(private), " 0x" + private + "\n", order[:63] + "0"} {
		if _, err := keys.ParsePrivateKey(good); err != nil {
			t.Error(err)
		}
	}
	k, err := keys.ParsePrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Header(1, 0, time.Now()); err == nil {
		t.Error("another chain")
	}
	if _, err := k.Header(keys.Polygon, 0, time.Time{}); err == nil {
		t.Error("no time")
	}
}

func TestEnvironment(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	whole := map[string]string{
		keys.AddressVariable: address, keys.KeyVariable: apiKey, keys.SecretVariable: secret, keys.PassphraseVariable: passphrase,
	}
	with := func(name, value string) func(string) string {
		return func(asked string) string {
			if asked == name {
				return value
			}
			if strings.TrimSuffix(name, "_FILE") == asked {
				return ""
			}
			return whole[asked]
		}
	}
	for _, c := range []struct {
		name, value string
		want        error
	}{
		{"", "", nil},
		{keys.SecretVariable + "_FILE", file("good", secret+"\n", 0o600), nil},
		{keys.SecretVariable + "_FILE", file("readonly", secret+"\n", 0o400), nil},
		{keys.SecretVariable + "_FILE", file("group", secret+"\n", 0o640), keys.ErrReadable},
		{keys.SecretVariable + "_FILE", file("world", secret+"\n", 0o604), keys.ErrReadable},
		{keys.SecretVariable + "_FILE", file("executable", secret+"\n", 0o700), keys.ErrReadable},
		{keys.SecretVariable + "_FILE", filepath.Join(dir, "none"), os.ErrNotExist},
		{keys.SecretVariable, "", keys.ErrCredentials},
		{keys.AddressVariable, "", keys.ErrCredentials},
	} {
		got, err := keys.FromEnvironment(with(c.name, c.value))
		if !errors.Is(err, c.want) || (err == nil) == got.IsZero() {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Error(err)
		}
	}
	for i, text := range []string{"", strings.Repeat("x", 4<<10+1)} {
		if _, err := keys.ReadFile(file("odd"+strconv.Itoa(i), text, 0o600)); err == nil {
			t.Error("it has", len(text), "bytes")
		}
	}
	if _, err := keys.FromEnvironment(func(string) string { return "" }); !errors.Is(err, keys.ErrUnset) {
		t.Error(err)
	}
	if _, err := keys.PrivateKeyFromEnvironment(func(string) string { return "" }); !errors.Is(err, keys.ErrUnset) {
		t.Error(err)
	}
	if k, err := keys.PrivateKeyFromEnvironment(func(string) string { return private }); err != nil || k.Address() != address {
		t.Error(err)
	}
}

// TestPathIsTheSecret: a secret that is given where the path of its file belongs is in no
// error, whatever is wrong with the file of that name. The variable is.
func TestPathIsTheSecret(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, c := range []struct {
		what string
		make func(path string) error
		want error
	}{
		{"none", func(string) error { return nil }, os.ErrNotExist},
		{"of others", func(path string) error { return errors.Join(os.WriteFile(path, nil, 0o600), os.Chmod(path, 0o644)) }, keys.ErrReadable},
		{"a directory", func(path string) error { return os.Mkdir(path, 0o700) }, nil},
		{"empty", func(path string) error { return os.WriteFile(path, nil, 0o600) }, nil},
		{"long", func(path string) error { return os.WriteFile(path, make([]byte, 5<<10), 0o600) }, nil},
	} {
		if err := errors.Join(os.RemoveAll(private), c.make(private)); err != nil {
			t.Fatal(err)
		}
		_, err := keys.PrivateKeyFromEnvironment(func(name string) string {
			if name == keys.PrivateKeyVariable+"_FILE" {
				return private
			}
			return ""
		})
		if err == nil || c.want != nil && !errors.Is(err, c.want) ||
			strings.Contains(err.Error(), private) || !strings.Contains(err.Error(), keys.PrivateKeyVariable+"_FILE") {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	if _, err := keys.ReadFile(private + "\x00"); err == nil || strings.Contains(err.Error(), private) {
		t.Error(err)
	}
}
