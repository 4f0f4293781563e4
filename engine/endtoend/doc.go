// Package endtoend holds tests of a whole engine: package live and rest against the
// simulated exchange's server, in virtual time over pipes, and over real sockets.
package endtoend
