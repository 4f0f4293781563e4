// Package live opens connections to Polymarket's market channel: its [Source] is the
// [feed.Source] of the real exchange.
//
//	source, err := live.New(live.Options{}) // starts nothing
//	...
//	conn, err := source.Open(ctx, tokens) // a ctx with a deadline
//	...
//	defer conn.Close()
//	defer context.AfterFunc(life, func() { conn.Close() })()
//	for {
//		frame, err := conn.Next() // valid until the next call
//		if err != nil {
//			return err // over: open another one, some time later
//		}
//		replay.Step(feed.Record{Time: time.Now(), Frame: frame}) // say
//	}
//
// Open names the tokens in the one initial message that a connection may have; the
// exchange answers by their books. [Conn.Subscribe] and [Conn.Unsubscribe] change
// them later, and [Conn.Ping] sends the PING without which a quiet connection is
// dropped. When to do so, when silence is too long, when and how often to dial again:
// that is the engine's to decide. Nothing here acts by itself: a connection has no
// goroutine, and does what it is called for.
//
// # Reading
//
// Next reads a frame into one buffer of the connection, and allocates nothing. A
// buffer that a frame of more than a MiB made necessary is dropped after use. Frames
// are returned as they came, also binary ones and those that are no UTF-8: the decoder
// says what is wrong with them.
//
// Of what lies below, crypto/tls allocates 24 bytes for each time that it asks
// the network (go1.26.8), be it for one frame or for a hundred.
//
// [Conn.More] tells whether more is waiting, so that what can wait itself, such
// as a proof, is done after a burst. It looks through all the buffers, those of
// TLS and of the websocket library included, but not into the kernel's.
//
// # Bounds
//
// Whatever the server does, what it can cost is bounded:
//
//   - Open takes as long as its context allows. The header of an answer has at most
//     64 KiB; of the body of a refusal some bytes are read, for three seconds.
//   - A frame has at most [feed.MaxFrame] bytes, in all its parts: [ErrTooBig], as
//     soon as more is announced.
//   - A frame is complete ten seconds after its first byte, or that of the TLS record
//     that holds it: [ErrTooSlow]. Before it begins, Next waits as long as it takes.
//   - There are at most a hundred pings, pongs and the like in ten seconds:
//     [ErrFlood]. The websocket library answers them within Next.
//   - The server makes room for what is sent to it, a pong included, within five
//     seconds: [ErrTooSlow].
//
// Close waits for none of that, and ends whatever does.
//
// # The end
//
// The first error ends a connection, be it one of reading or of writing. The
// websocket library would go on to read after some, out of step.
//
// # Security
//
// TLS is at least 1.2, and verified. Plain ws is for loopback addresses. A
// redirect is refused, since it could lead elsewhere or away from TLS. Nothing is
// sent but the handshake and what is told above: there is no place for a credential, but
// in the messages that a caller of [Source.OpenWith] makes itself.
// Words of the server appear in errors without control characters, and cut.
package live
