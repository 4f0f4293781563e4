package keys

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"syscall"
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

// errIrregular says that what should be a file is a directory, a pipe or a device.
var errIrregular = errors.New("keys: it is no regular file")

// maxFile bounds what is read of a file, in bytes.
const maxFile = 4 << 10

// ReadFile reads a secret from a file: what is in it, without white space around. Only its
// owner may have a right to it (mode 0600 or less), or it fails with [ErrReadable]. Windows
// has no such modes: nothing is known there of who may read it, and nothing is asked.
//
// It does not wait for a named pipe, which is no file to it. No error shows the path: it
// may be the secret itself, given where a path belongs. The caller says whose file it was.
func ReadFile(path string) (Secret, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return Secret{}, pathless(err)
	}
	defer f.Close() //nolint:errcheck // reading is over by then
	info, err := f.Stat()
	switch {
	case err != nil:
		return Secret{}, pathless(err)
	case !info.Mode().IsRegular():
		return Secret{}, errIrregular
	case !isPrivate(info.Mode(), runtime.GOOS):
		return Secret{}, fmt.Errorf("%w: its mode is %04o, and must be 0600", ErrReadable, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return Secret{}, pathless(err)
	}
	if len(text) > maxFile {
		return Secret{}, fmt.Errorf("keys: the file has more than %d bytes", maxFile)
	}
	if text = bytes.TrimSpace(text); len(text) == 0 {
		return Secret{}, errors.New("keys: the file is empty")
	}
	return NewSecret(string(text)), nil
}

// isPrivate says whether nobody but its owner may read a file, as far as its mode tells. On
// Windows that is always 0666, or 0444, and tells nothing.
func isPrivate(mode fs.FileMode, system string) bool {
	return system == "windows" || mode.Perm()&0o177 == 0
}

// pathless is an error of package os about a file, without the path.
func pathless(err error) error {
	if about := (*os.PathError)(nil); errors.As(err, &about) {
		return fmt.Errorf("keys: %s the file: %w", about.Op, about.Err)
	}
	return errors.New("keys: the file cannot be read")
}

// lookup returns a variable, or what is in the file that its sibling names.
func lookup(getenv func(string) string, name string) (Secret, error) {
	if text := strings.TrimSpace(getenv(name)); text != "" {
		return NewSecret(text), nil
	}
	path := getenv(name + "_FILE")
	if path == "" {
		return Secret{}, nil
	}
	s, err := ReadFile(path)
	if err != nil {
		return Secret{}, fmt.Errorf("%w (of %s_FILE)", err, name)
	}
	return s, nil
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
