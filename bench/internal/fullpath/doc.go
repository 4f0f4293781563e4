// Package fullpath is the way from the bytes of a frame to a top that is read back,
// as the programs beside the benchmarks go it: each [Path] is another way, and a
// [File] the frames, kept where the garbage collector does not look.
package fullpath
