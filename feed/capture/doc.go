// Package capture reads and writes recordings of the market channel: one received frame
// per line, plain or compressed with gzip or zstd.
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
// and to make one, of all that the connections of a [feed.Source] receive:
//
//	file, err := capture.Create("session.ndjson.zst", false)
//	recorder := capture.NewRecorder(file)
//	source = recorder.Source(source) // to be given to who opens connections
//	...
//	err = recorder.Close(ctx) // whatever went wrong with it
//
// # Lines
//
// Two forms of lines are read, also mixed. A bare frame stands as it came. An
// envelope says when and where it came from:
//
//	{"recv_ns":1763800000023456789,"conn":1,"ctl":"open"}
//	{"recv_ns":1763800000023456789,"conn":1,"ctl":"subscribe","tokens":["1116…"]}
//	{"recv_ns":1763800000123456789,"conn":1,"raw":{"market":…}}
//	{"recv_ns":1763800000223456789,"conn":1,"txt":"PONG"}
//	{"recv_ns":1763800000323456789,"conn":1,"b64":"/w=="}
//	{"recv_ns":1763800000423456789,"conn":1,"ctl":"gap","frames":3}
//	{"recv_ns":1763800001123456789,"conn":1,"ctl":"close","code":1013,"reason":"slow consumer"}
//
// "raw" holds the frame as it came, "txt" one that is no JSON or has a newline in it,
// "b64" one that is no UTF-8, in base64, and "ctl" what happened to the connection:
// "open", "close", or "gap" where the recorder has lost frames. All three end what is
// known of that connection's books; other values of "ctl", such as "subscribe" and
// "unsubscribe", and unknown fields are ignored. Empty lines are skipped. A line that is
// no envelope is a frame, whatever it holds; one with the keys of an envelope that
// cannot be read as one is [feed.Unreadable], and may have concerned any connection.
//
// A [Writer] writes envelopes, and any frame is read back as it was, but for one newline
// at the end of one that is JSON.
//
// # Recording
//
// A [Recorder] stands between a source and who uses it, and costs a frame one copy: a
// goroutine writes it later, so that a disk that is slow, full or hangs never delays the
// books. What does not fit into its queue of [QueueBytes] is missing from the recording,
// which says so in a line "gap" of the connection, in its place. A replay then doubts the
// books as if the connection had lost those frames, until a whole book or a matching hash
// ends the doubt.
//
// What was received is in the file after a second or so, and a process that is killed
// leaves a recording that is torn there.
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
// A frame that is written has at most [feed.MaxFrame] bytes, a line that is read at most
// [MaxLine]. A Recorder holds [QueueBytes], 4 MiB for reuse and the longest line.
package capture
