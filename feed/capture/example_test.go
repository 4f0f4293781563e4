package capture_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"example.com/truebook/engine"
	"example.com/truebook/feed/capture"
)

// How do I record what my connections receive, and see later what my books were?
func ExampleRecorder() {
	folder, err := os.MkdirTemp("", "recording")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "session.ndjson.zst")
	if err := record(path); err != nil {
		fmt.Println(err)
		return
	}

	reader, err := capture.Open(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer reader.Close()
	replay := engine.NewReplay(nil)
	for {
		record, err := reader.Next()
		if errors.Is(err, io.EOF) || errors.Is(err, capture.ErrTorn) {
			break
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		if err := replay.Step(record); err != nil {
			fmt.Println(record.Line, err)
		}
	}
	replay.End()
	hashes := replay.Tallies()[engine.HashWitness]
	fmt.Println(len(replay.Views()), "tokens;", hashes.Agreed, "of", hashes.Checked, "hashes agree")
	// Output:
	// 4 tokens; 338 of 338 hashes agree
}

// record records 200 frames of a simulated exchange; that of package live is used in the
// same way.
func record(path string) error {
	file, err := capture.Create(path, false) // never overwrites a recording
	if err != nil {
		return err
	}
	recorder := capture.NewRecorder(file)
	source := recorder.Source(&simulated{frames: 200, sent: map[int][][]byte{}})
	conn, err := source.Open(context.Background(), []string{"7"})
	if err != nil {
		return errors.Join(err, recorder.Close(context.Background()))
	}
	for err == nil {
		_, err = conn.Next() // for the books; the recorder has its copy
	}
	// A disk that hangs must not keep the program from ending.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := recorder.Close(ctx); err != nil {
		return fmt.Errorf("%w (%d frames are missing)", err, recorder.Dropped())
	}
	return nil
}
