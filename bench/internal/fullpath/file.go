//go:build unix

package fullpath

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"runtime"
	"syscall"
	"time"

	"example.com/truebook/bench/corpus"
)

// File is a corpus in the memory of a file. It is for one goroutine.
type File struct {
	Tokens  []string
	Frames  int // all
	Opening int // those of them that are whole books, at the beginning
	data    []byte
	next    int
}

// frameHeader is the time of a frame, the tokens that it names and its length.
const frameHeader = 8 + 4 + 4 + 4

// Write makes a file of a corpus. The file begins with the length of the JSON
// that says what it holds.
func Write(path string, c *corpus.Corpus) (err error) {
	tokens, named, err := c.Named()
	if err != nil {
		return err
	}
	head, err := json.Marshal(File{Tokens: tokens, Frames: len(c.Frames), Opening: c.Opening})
	if err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	w := bufio.NewWriterSize(file, 1<<20)
	buffer := binary.LittleEndian.AppendUint32(nil, uint32(len(head)))
	_, _ = w.Write(append(buffer, head...)) // Flush returns the error
	for i, f := range c.Frames {
		buffer = binary.LittleEndian.AppendUint64(buffer[:0], uint64(f.Time.UnixNano()))
		for _, token := range named[i] {
			buffer = binary.LittleEndian.AppendUint32(buffer, uint32(token))
		}
		buffer = binary.LittleEndian.AppendUint32(buffer, uint32(len(f.Data)))
		_, _ = w.Write(append(buffer, f.Data...))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return file.Sync() // or writing it to the disk disturbs what is measured next
}

// Open maps a file into memory, until the program ends.
func Open(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	data, err := mapped(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	f := &File{data: data}
	sum := byte(0)
	for i := 0; i < len(data); i += 4096 { // so that no frame waits for its page
		sum ^= data[i]
	}
	runtime.KeepAlive(sum)
	f.next = 4 + int(binary.LittleEndian.Uint32(data))
	return f, json.Unmarshal(data[4:f.next], f)
}

func mapped(file *os.File) ([]byte, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	return syscall.Mmap(int(file.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
}

// Next returns the next frame, which must exist, when it came, and the tokens that
// it names.
func (f *File) Next() (at time.Time, frame []byte, named [2]int32) {
	h := f.data[f.next : f.next+frameHeader]
	at = time.Unix(0, int64(binary.LittleEndian.Uint64(h)))
	named[0] = int32(binary.LittleEndian.Uint32(h[8:]))
	named[1] = int32(binary.LittleEndian.Uint32(h[12:]))
	size := int(binary.LittleEndian.Uint32(h[16:]))
	begin := f.next + frameHeader
	f.next = begin + size
	return at, f.data[begin:f.next:f.next], named
}
