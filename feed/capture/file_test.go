package capture_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"example.com/truebook/feed"
	"example.com/truebook/feed/capture"
)

func create(t *testing.T, path string, force bool) *capture.File {
	t.Helper()
	f, err := capture.Create(path, force)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// fileNames are one for each kind of file.
var fileNames = []string{"a.ndjson", "a.ndjson.gz", "a.ndjson.zst"}

func TestCreate(t *testing.T) {
	for _, name := range fileNames {
		path := filepath.Join(t.TempDir(), name)
		for i, force := range []bool{false, true} {
			f := create(t, path, force)
			w := capture.NewWriter(f)
			for range 3 - 2*i { // the first file is longer
				if err := w.Frame(received, i, bookFrame); err != nil {
					t.Error(err)
				}
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			magic := map[string][]byte{".ndjson": []byte(`{"recv_ns`), ".gz": {0x1f, 0x8b}, ".zst": {0x28, 0xb5, 0x2f, 0xfd}}[filepath.Ext(name)]
			if !bytes.HasPrefix(data, magic) {
				t.Errorf("%s begins with %q", name, data[:10])
			}
			if records := reread(t, data); len(records) != 3-2*i || records[0].Conn != i || !bytes.Equal(records[0].Frame, bookFrame) {
				t.Errorf("%s: %+v", name, records)
			}
			if f, err := capture.Create(path, false); !errors.Is(err, fs.ErrExist) || f != nil {
				t.Errorf("%s exists: %v", name, err)
			}
			if again, err := os.ReadFile(path); err != nil || !bytes.Equal(again, data) {
				t.Errorf("%s was overwritten: %v", name, err)
			}
		}
	}
	if _, err := capture.Create(filepath.Join(t.TempDir(), "none", "a"), true); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in a folder that is not there: %v", err)
	}
}

// TestCrash cuts a file anywhere: what was flushed before the cut is read, each record as
// it was written, and nothing else.
func TestCrash(t *testing.T) {
	for _, name := range fileNames {
		path := filepath.Join(t.TempDir(), name)
		f := create(t, path, false)
		w := capture.NewWriter(f)
		const frames, flushes = 30, 5
		var sizes []int // of the file after each flush
		for i := range frames {
			if err := w.Frame(received, 1, fmt.Appendf(nil, `{"i":%d}`, i)); err != nil {
				t.Fatal(err)
			}
			if (i+1)%(frames/flushes) == 0 {
				if err := f.Flush(); err != nil {
					t.Fatal(err)
				}
				info, err := os.Stat(path)
				if err != nil {
					t.Fatal(err)
				}
				sizes = append(sizes, int(info.Size()))
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for n := 4; n <= len(data); n++ { // less does not tell how it is compressed
			flushed := 0
			for _, size := range sizes {
				if size <= n {
					flushed += frames / flushes
				}
			}
			got, torn := readUntilTorn(t, data[:n])
			if got < flushed || got > frames || n == len(data) && (torn || got != frames) {
				t.Errorf("%s cut at %d of %d: %d frames, %d were flushed", name, n, len(data), got, flushed)
			}
			if name != fileNames[0] && n < len(data) && !torn {
				t.Errorf("%s cut at %d of %d: not torn", name, n, len(data))
			}
		}
	}
}

// readUntilTorn returns how many records of TestCrash were read.
func readUntilTorn(t *testing.T, data []byte) (n int, torn bool) {
	t.Helper()
	r, err := capture.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for ; ; n++ {
		record, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return n, false
		case errors.Is(err, capture.ErrTorn):
			return n, true
		case err != nil:
			t.Fatalf("of %d bytes: %v", len(data), err)
		}
		if want := fmt.Sprintf(`{"i":%d}`, n); record.Kind != feed.FrameReceived || string(record.Frame) != want {
			t.Fatalf("of %d bytes: %s, want %s", len(data), record.Frame, want)
		}
	}
}

// TestFullDisk: what the disk cannot take is an error, at the flush or at the end.
func TestFullDisk(t *testing.T) {
	const full = "/dev/full"
	if _, err := os.Stat(full); err != nil {
		t.Skip("there is no " + full)
	}
	folder := t.TempDir()
	for _, name := range fileNames {
		path := filepath.Join(folder, name)
		if err := os.Symlink(full, path); err != nil {
			t.Fatal(err)
		}
		f := create(t, path, true)
		w := capture.NewWriter(f)
		if err := w.Frame(received, 1, bookFrame); err != nil {
			t.Errorf("%s: the buffer is not full: %v", name, err)
		}
		if err := f.Flush(); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: flush: %v", name, err)
		}
		if err := f.Close(); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: close: %v", name, err)
		}
		if err := f.Close(); !errors.Is(err, fs.ErrClosed) && !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: close again: %v", name, err)
		}
		unflushed := create(t, path, true)
		if err := capture.NewWriter(unflushed).Frame(received, 1, bookFrame); err != nil {
			t.Error(err)
		}
		if err := unflushed.Close(); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: close without a flush: %v", name, err)
		}
	}
}
