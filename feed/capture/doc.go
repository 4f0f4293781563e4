// Package capture reads recordings of the market channel: one received frame per
// line, plain or compressed with gzip or zstd.
//
//	r, err := capture.Open("session.ndjson.zst")
//	defer r.Close()
//	for {
//		record, err := r.Next()
//		if err == io.EOF || errors.Is(err, capture.ErrTorn) {
//			break
//		}
//		...
//	}
//
// # Lines
//
// Two forms of lines are read, also mixed. A bare frame stands as it came. An
// envelope says when and where it came from:
//
//	{"recv_ns":1763800000123456789,"conn":1,"raw":{"market":…}}
//	{"recv_ns":1763800000223456789,"conn":1,"txt":"PONG"}
//	{"recv_ns":1763800001123456789,"conn":1,"ctl":"close"}
//
// "raw" holds the frame as it came, "txt" one that is no JSON, and "ctl" what
// happened to the connection: "open", "close", or "gap" where the recorder has
// lost frames. All three end what is known of that connection's books; other
// values of "ctl", such as "subscribe", and unknown fields are ignored. Empty
// lines are skipped. A line that is no envelope is a frame, whatever it holds; one
// with the keys of an envelope that cannot be read as one is
// [feed.Unreadable], and may have concerned any connection.
//
// # Time
//
// The time of a record is its recv_ns. A bare frame has none: its time is the
// latest timestamp that any event has had so far. Time never goes back, and goes
// forward by more than ten minutes only when two records in a row agree on it.
//
// # A torn end
//
// A recorder that crashes leaves half a line, or half a compressed block. What
// comes before it is read; then Next returns a [*TornError].
//
// # Bounds
//
// A line has at most [MaxLine] bytes.
package capture
