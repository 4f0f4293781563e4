package engine_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"example.com/truebook/engine"
	"example.com/truebook/feed/capture"
	"example.com/truebook/feed/feedtest"
)

// simulatedRecording returns a short recording, with one frame missing.
func simulatedRecording() io.Reader {
	x := feedtest.New(feedtest.Options{Seed: 3})
	var recording bytes.Buffer
	recording.Write(x.Opening().Data)
	for i := range 300 {
		frame := x.Next()
		if i != 120 {
			recording.Write(append(frame.Data, '\n'))
		}
	}
	return &recording
}

// Is the book of my recording right, and since when?
func ExampleReplay() {
	reader, err := capture.NewReader(simulatedRecording())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer reader.Close()
	replay := engine.NewReplay(func(f engine.Finding) {
		if !f.Healed && !f.Continued {
			fmt.Printf("line %d: the %v of %.6s… does not agree\n", f.Line, f.Witness, f.Asset)
		}
	})
	for {
		record, err := reader.Next()
		if errors.Is(err, io.EOF) {
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
	for _, view := range replay.Views() {
		top, err := view.Top()
		fmt.Printf("%.6s… %v x %v / %v x %v (%v), epoch %d, proved by %v\n",
			view.Asset, top.Bid.Price, top.Bid.Size, top.Ask.Price, top.Ask.Size, err, view.Epoch, view.Proof.By)
	}
	// Output:
	// line 122: the hash of 976922… does not agree
	// line 122: the hash of 460641… does not agree
	// line 165: the refresh of 976922… does not agree
	// line 166: the refresh of 460641… does not agree
	// 976922… 0.619 x 66.32 / 0.62 x 86.14 (<nil>), epoch 2, proved by hash
	// 460641… 0.38 x 86.14 / 0.381 x 66.32 (<nil>), epoch 2, proved by hash
}

// What are the best prices now, while the books go on? Any goroutine may ask.
func ExampleAsset_Top() {
	reader, err := capture.NewReader(simulatedRecording())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer reader.Close()
	replay := engine.NewReplay(nil)
	var touched []*engine.Asset
	for range 20 {
		record, err := reader.Next()
		if err != nil {
			fmt.Println(err)
			return
		}
		if err := replay.Step(record); err != nil {
			fmt.Println(record.Line, err)
		}
		touched = replay.AppendTouched(touched[:0])
	}
	for _, asset := range touched {
		top, err := asset.Top()
		fmt.Printf("%.6s… %v / %v (%v), since version %d of epoch %d\n",
			asset.ID(), top.Bid.Price, top.Ask.Price, err, top.Version, top.Epoch)
	}
	// Output:
	// 976922… 0.615 / 0.617 (<nil>), since version 1 of epoch 1
	// 460641… 0.383 / 0.385 (<nil>), since version 1 of epoch 1
}

// May I trade on what this view says?
func ExampleView_Top() {
	view := engine.View{Status: engine.Status{State: engine.Stale, Reason: engine.HashMismatch, Epoch: 2}}
	_, err := view.Top()
	switch {
	case errors.Is(err, engine.ErrSettling):
		fmt.Println("keep the quotes for an instant")
	case errors.Is(err, engine.ErrNotLive):
		fmt.Println("cancel the quotes")
		if e, ok := errors.AsType[*engine.StateError](err); ok {
			fmt.Println(e.State, e.Reason, "in epoch", e.Epoch)
		}
	}
	// Output:
	// cancel the quotes
	// stale hash_mismatch in epoch 2
}
