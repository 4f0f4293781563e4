// Package live opens connections to Polymarket's market channel.
//
//	conn, err := live.Dial(ctx, live.Options{}, tokens) // a ctx with a deadline
//	...
//	defer conn.Close()
//	defer context.AfterFunc(life, func() { conn.Close() })()
//	for {
//		frame, err := conn.Next() // valid until the next call
//		if err != nil {
//			return err // over: dial again
//		}
//		replay.Step(feed.Record{Time: time.Now(), Frame: frame}) // say
//	}
//
// This is its beginning: a connection, its one subscription, and its frames. It
// does not send the text PING that keeps a quiet connection open, watches for no
// silence, limits no rate of dialling, and does not come back after an error. All
// that comes next.
//
// # Reading
//
// Next reads a frame into one buffer of the connection, and allocates nothing.
// It waits as long as it takes; Close ends it, from any goroutine, at once. A
// buffer that a frame of more than a MiB made necessary is dropped after use.
//
// Of what lies below, crypto/tls allocates 24 bytes for each time that it asks
// the network (go1.26.8), be it for one frame or for a hundred.
//
// [Conn.More] tells whether more is waiting, so that what can wait itself, such
// as a proof, is done after a burst. It looks through all the buffers, those of
// TLS and of the websocket library included, but not into the kernel's.
//
// # The end
//
// The first error ends a connection. The websocket library would go on to read
// after some, out of step. It also reports a frame as complete when the
// connection ended where it had asked for more and got no byte (v1.8.15): such a
// frame is not returned here.
//
// # Security
//
// TLS is at least 1.2, and verified. Plain ws is for loopback addresses. A
// redirect is refused, since it could lead elsewhere or away from TLS. Nothing is
// sent but the handshake and the subscription: there is no place for a
// credential.
package live
