// Package peers puts truebook beside others who do the same job: from the bytes of
// a frame to the tops of its books.
//
//	./measure              # all of it, into results/; ./measure -h says more
//	go run ./cmd/table     # the Markdown tables of the newest results
//	go test ./...          # all produce the same tops, frame for frame
//
// It is a module of its own, so that nobody who uses truebook downloads its
// rivals. README.md says what each of them does less of, and which could not be
// measured.
package peers
