package endpoint

import "slices"

// MaxOperation is the most ids of one operation: 16 KB of tokens, 14 KB of markets. The
// exchange does not say how long a message may be; it closed connections for one of a few
// thousand tokens (observed by others, 2026-09-12).
const MaxOperation = 200

// Operations returns the messages that subscribe an open connection to more ids, or
// unsubscribe it from some: which, and under which key, is said by their beginning. Unlike
// the first message of a connection they have no type (the exchange's documents; since
// 2025-12).
func Operations(beginning string, ids []string, end string) (messages [][]byte) {
	for part := range slices.Chunk(ids, MaxOperation) {
		messages = append(messages, Message(beginning, part, end))
	}
	return messages
}

// Message returns a message that has an array of ids between its beginning and its end. The
// ids need no escapes.
func Message(beginning string, ids []string, end string) []byte {
	message := append([]byte(beginning), '[')
	for i, id := range ids {
		if i > 0 {
			message = append(message, ',')
		}
		message = append(append(append(message, '"'), id...), '"')
	}
	return append(append(message, ']'), end...)
}
