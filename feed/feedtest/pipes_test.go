package feedtest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"example.com/truebook/feed/feedtest"
)

// TestPipes: a dial waits until it is accepted, and for no longer than its context or the
// listener. Connections outlive that.
func TestPipes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := feedtest.NewPipes()
		var far net.Conn
		time.AfterFunc(time.Second, func() { far, _ = p.Accept() })
		began := time.Now()
		near, err := p.Dial(t.Context(), "tcp", "example.com:80")
		if err != nil || time.Since(began) != time.Second {
			t.Fatalf("%v after %v", err, time.Since(began))
		}
		synctest.Wait()

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.Dial(ctx, "", ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		failed := make(chan error, 2)
		go func() {
			_, err := p.Dial(t.Context(), "", "")
			failed <- err
		}()
		synctest.Wait()
		for range 2 {
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		}
		_, err = p.Accept()
		failed <- err
		for range 2 {
			if err := <-failed; !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
		}
		go func() {
			io.WriteString(far, "x")
			far.Close()
		}()
		if text, err := io.ReadAll(near); err != nil || string(text) != "x" {
			t.Errorf("%q, %v", text, err)
		}
		near.Close()
	})
}
