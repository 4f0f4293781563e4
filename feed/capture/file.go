package capture

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
)

// File is a file to record to. It is for one goroutine.
type File struct {
	file   *os.File
	buffer *bufio.Writer // to file
	// compressor writes to buffer, nil if the file is plain.
	compressor compressor
}

type compressor interface {
	io.WriteCloser
	Flush() error
}

// Create creates a file to record to: compressed with zstd if its name ends in .zst, with
// gzip if it ends in .gz, plain otherwise. A file that exists is overwritten by force only;
// without, the error matches [fs.ErrExist].
func Create(path string, force bool) (*File, error) {
	mode := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		mode = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	file, err := os.OpenFile(path, mode, 0o644)
	if err != nil {
		return nil, err
	}
	f := &File{file: file, buffer: bufio.NewWriterSize(file, 64<<10)}
	switch filepath.Ext(path) {
	case ".zst":
		// On recorded frames the fastest level is also smaller than the default one, and
		// more than 1 MiB to look back is no better. It holds 3 MiB, and no goroutine.
		f.compressor, err = zstd.NewWriter(f.buffer, zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithWindowSize(1<<20), zstd.WithEncoderConcurrency(1))
	case ".gz":
		f.compressor = gzip.NewWriter(f.buffer)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return f, nil
}

// Write writes a part of the recording. It is in the file when it is flushed.
func (f *File) Write(data []byte) (int, error) {
	if f.compressor != nil {
		return f.compressor.Write(data)
	}
	return f.buffer.Write(data)
}

// Flush passes everything on to the operating system: what was written before can be read
// now, and whatever happens to this process.
func (f *File) Flush() error {
	if f.compressor != nil {
		if err := f.compressor.Flush(); err != nil {
			return err
		}
	}
	return f.buffer.Flush()
}

// Close ends the file, sees to it that it is on the disk, and closes it. It returns all
// that went wrong with that. It is to be called once.
func (f *File) Close() error {
	err := f.end()
	// A pipe or a device, which can be forced, need not know how to synchronize.
	if info, failed := f.file.Stat(); failed != nil || info.Mode().IsRegular() {
		err = errors.Join(err, failed, f.file.Sync())
	}
	return errors.Join(err, f.file.Close())
}

func (f *File) end() error {
	if f.compressor != nil {
		if err := f.compressor.Close(); err != nil {
			return err
		}
	}
	return f.buffer.Flush()
}
