//go:build unix

package keys

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestPipe: a named pipe is refused at once, though its mode is that of a secret's file:
// whether nobody writes to it (opening it would wait for ever), or the secret is in it. A
// directory is refused as well.
func TestPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(path); !errors.Is(err, errIrregular) {
		t.Fatalf("a pipe that nobody writes to: %v", err)
	}
	pipe, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	if _, err := pipe.WriteString(hardhat); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(path); !errors.Is(err, errIrregular) {
		t.Errorf("a pipe with a secret: %v", err)
	}
	directory := filepath.Join(t.TempDir(), "directory")
	if err := os.Mkdir(directory, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(directory); !errors.Is(err, errIrregular) {
		t.Errorf("a directory: %v", err)
	}
}
