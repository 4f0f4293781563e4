// Package screen is what bookview shows on a terminal, without the terminal: it takes
// what is known at an instant, keys and clicks, and makes a grid of cells of it.
//
//	s := screen.New(screen.Options{})
//	s.Observe(input)               // the books, and how their connections are
//	action := s.Key('g')           // what the user wants; most of it is done here
//	grid := s.Draw(100, 40)        // cells, each with what it means: its Ink
//
// It does no I/O, starts no goroutine and reads no clock: the time is Input.Now. Equal
// inputs make equal grids, which is how it is tested.
//
// # What must not be mistaken
//
// A book that is not live is shown in brackets and dimmed, below a line in reverse video
// that says what is wrong, and since when. So is a frozen one. Colour carries nothing
// alone: A and B tell the sides, arrows and signs directions. Prices are exact: they have
// the decimals of the tick, and more where a level has more. Sizes in columns are cut to
// whole shares from ten shares on, never rounded up; those of the best prices are exact.
//
// # A tour
//
// input.go is what comes in; view.go what the user has chosen, keys.go how he does.
// history.go remembers what changes show: differences, trades, midpoints, rates. rungs.go
// makes the rows of a ladder of a snapshot, sweep.go knows what an order up to one of them
// would get, mine.go which orders there are one's own. The rest draws, with grid.go and
// text.go: header.go, ladder.go, pair.go for both outcomes, list.go for many markets,
// tape.go, help.go, line.go where there is little room. Colours are the terminal's.
//
// A Screen is for one goroutine.
package screen
