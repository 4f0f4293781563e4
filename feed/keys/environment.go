package keys

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// The variables that secrets are read from. Each has a sibling that ends with _FILE and
// names a file with the value, see [ReadFile].
const (
	PrivateKeyVariable = "POLY_PRIVATE_KEY"
	AddressVariable    = "POLY_ADDRESS"
	KeyVariable        = "POLY_API_KEY"
	SecretVariable     = "POLY_SECRET"
	PassphraseVariable = "POLY_PASSPHRASE"
)

// ErrUnset says that the environment names no credentials, or no private key.
var ErrUnset = errors.New("keys: not in the environment")

// ErrReadable says that a file with a secret may be read by others.
var ErrReadable = errors.New("keys: others may read the file")

// maxFile bounds what is read of a file, in bytes.
const maxFile = 4 << 10

// ReadFile reads a secret from a file: what is in it, without white space around. Only its
// owner may have a right to it (mode 0600 or less), or it fails with [ErrReadable]. The
// errors show the path and nothing else. On systems without such modes, nothing is known
// of who may read it, and nothing is asked.
func ReadFile(path string) (Secret, error) {
	f, err := os.Open(path)
	if err != nil {
		return Secret{}, fmt.Errorf("keys: %w", err)
	}
	defer f.Close() //nolint:errcheck // reading is over by then
	info, err := f.Stat()
	switch {
	case err != nil:
		return Secret{}, fmt.Errorf("keys: %w", err)
	case !info.Mode().IsRegular():
		return Secret{}, fmt.Errorf("keys: %s is no file", path)
	case info.Mode().Perm()&0o177 != 0:
		return Secret{}, fmt.Errorf("%w: %s has mode %04o, and must have 0600", ErrReadable, path, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return Secret{}, fmt.Errorf("keys: %w", err)
	}
	if len(text) > maxFile {
		return Secret{}, fmt.Errorf("keys: %s has more than %d bytes", path, maxFile)
	}
	if text = bytes.TrimSpace(text); len(text) == 0 {
		return Secret{}, fmt.Errorf("keys: %s is empty", path)
	}
	return NewSecret(string(text)), nil
}

// lookup returns a variable, or what is in the file that its sibling names.
func lookup(getenv func(string) string, name string) (Secret, error) {
	if text := strings.TrimSpace(getenv(name)); text != "" {
		return NewSecret(text), nil
	}
	if path := getenv(name + "_FILE"); path != "" {
		return ReadFile(path)
	}
	return Secret{}, nil
}

// PrivateKeyFromEnvironment reads the private key from [PrivateKeyVariable]. It fails with
// [ErrUnset] if there is none. The argument is [os.Getenv], say.
func PrivateKeyFromEnvironment(getenv func(string) string) (PrivateKey, error) {
	s, err := lookup(getenv, PrivateKeyVariable)
	switch {
	case err != nil:
		return PrivateKey{}, err
	case s.IsZero():
		return PrivateKey{}, fmt.Errorf("%w: %s", ErrUnset, PrivateKeyVariable)
	}
	return ParsePrivateKey(s.Reveal())
}

// FromEnvironment reads credentials from [AddressVariable], [KeyVariable],
// [SecretVariable] and [PassphraseVariable]. It fails with [ErrUnset] if none of the last
// three is there, and with an error that matches [ErrCredentials] if only some are. The
// argument is [os.Getenv], say.
func FromEnvironment(getenv func(string) string) (Credentials, error) {
	var values [4]string
	var missing []string
	for i, name := range []string{KeyVariable, SecretVariable, PassphraseVariable, AddressVariable} {
		s, err := lookup(getenv, name)
		if err != nil {
			return Credentials{}, err
		}
		if values[i] = s.Reveal(); values[i] == "" {
			missing = append(missing, name)
		}
	}
	switch {
	case values[0] == "" && values[1] == "" && values[2] == "":
		return Credentials{}, fmt.Errorf("%w: %s, %s and %s", ErrUnset, KeyVariable, SecretVariable, PassphraseVariable)
	case len(missing) > 0:
		return Credentials{}, &malformedError{strings.Join(missing, ", ") + " is not in the environment"}
	}
	return NewCredentials(values[3], values[0], values[1], values[2])
}
