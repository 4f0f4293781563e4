package book_test

import (
	"errors"
	"fmt"

	"example.com/truebook/book"
)

// quoted returns a small book: 0.62 bid for 2,815 shares, 1,240 offered at 0.63.
func quoted() *book.Book {
	cents := func(price book.Price, shares book.Size) book.Level {
		return book.Level{Price: price * book.Dollar / 100, Size: shares * book.Share}
	}
	b := book.New()
	_, err := b.Replace(
		[]book.Level{cents(60, 11_020), cents(61, 5_400), cents(62, 2_815)}, // any order will do
		[]book.Level{cents(65, 2_200), cents(64, 3_950), cents(63, 1_240)},
	)
	if err != nil {
		panic(err)
	}
	return b
}

// What are the best prices?
func Example_best() {
	top := quoted().Snapshot().Top()
	spread, _ := top.Spread()
	midpoint, _ := top.Midpoint()
	microprice, _ := top.Microprice()
	fmt.Printf("bid %v x %v, ask %v x %v\n", top.Bid.Price, top.Bid.Size, top.Ask.Price, top.Ask.Size)
	fmt.Printf("spread %v, midpoint %v, microprice %v\n", spread, midpoint, microprice)
	// Output:
	// bid 0.62 x 2815, ask 0.63 x 1240
	// spread 0.01, midpoint 0.625, microprice 0.626942
}

// How much rests within five cents of the best bid?
func Example_depth() {
	fiveCents, err := book.ParsePrice("0.05")
	if err != nil {
		fmt.Println(err)
		return
	}
	depth, err := quoted().Snapshot().Within(book.Bid, fiveCents)
	fmt.Printf("%d levels, %v shares, %v dollars, %v\n", depth.Levels, depth.Size, depth.Notional, err)
	// Output: 3 levels, 19235 shares, 11651.3 dollars, <nil>
}

// What do 1,000 shares cost, and what if there are not enough?
func Example_cost() {
	s := quoted().Snapshot()
	fill, err := s.Buy(3_000 * book.Share)
	average, _ := fill.Average()
	fmt.Printf("%v dollars, %v each, up to %v, %v\n", fill.Notional, average, fill.Worst, err)

	fill, err = s.Buy(10_000 * book.Share)
	if errors.Is(err, book.ErrNotDeepEnough) {
		fmt.Printf("only %v shares on offer\n", fill.Size)
	}
	// Output:
	// 1907.6 dollars, 0.635867 each, up to 0.64, <nil>
	// only 7390 shares on offer
}

// How many shares do 500 dollars buy?
func Example_spend() {
	fill, err := quoted().Snapshot().Spend(500 * book.Dollars)
	fmt.Printf("%v shares for %v dollars, %v\n", fill.Size, fill.Notional, err)
	// Output: 793.650793 shares for 500 dollars, <nil>
}

// What does the book of the other outcome look like?
func ExampleSnapshot_Complement() {
	no := quoted().Snapshot().Complement()
	for level := range no.Bids() {
		fmt.Printf("bid %v x %v\n", level.Price, level.Size)
	}
	fmt.Println("ask", no.Top().Ask.Price)
	// Output:
	// bid 0.37 x 1240
	// bid 0.36 x 3950
	// bid 0.35 x 2200
	// ask 0.38
}

// What changed since I last looked?
func ExampleSnapshot_Changes() {
	b := quoted()
	before := b.Snapshot()
	if _, err := b.Set(book.Ask, 630_000, 0); err != nil { // millionths, as on every level
		fmt.Println(err)
	}
	if _, err := b.Set(book.Bid, 620_000, 3_315*book.Share); err != nil {
		fmt.Println(err)
	}
	for c := range b.Snapshot().Changes(before) {
		fmt.Printf("%v %v: %v to %v\n", c.Side, c.Price, c.Old, c.New)
	}
	fmt.Println("the older snapshot still says", before.Top().Ask.Price)
	// Output:
	// bid 0.62: 2815 to 3315
	// ask 0.63: 1240 to 0
	// the older snapshot still says 0.63
}

// Where is the first level that could fill me alone?
func ExampleSnapshot_FirstAtLeast() {
	level, ok := quoted().Snapshot().FirstAtLeast(book.Ask, 2_000*book.Share)
	fmt.Println(level.Price, level.Size, ok)
	// Output: 0.64 3950 true
}

// How can the books of both outcomes of a market be kept for the price of one?
func ExamplePair() {
	yes, no := quoted(), book.New()
	mirrored := yes.Snapshot().Complement()
	_, err := no.Replace(mirrored.AppendBackward(nil, book.Bid), mirrored.AppendBackward(nil, book.Ask))
	if err != nil {
		fmt.Println(err)
		return
	}
	if !book.Pair(yes, no) {
		fmt.Println("they don't mirror each other")
		return
	}
	_, err = yes.SetBoth(book.Bid, 62*book.Dollar/100, 3_000*book.Share)
	fmt.Println(yes.Top().Bid, no.Top().Ask, err)

	_, err = no.Set(book.Ask, 38*book.Dollar/100, 0) // of one of them: from now on they are two
	fmt.Println(yes.Top().Bid, no.Top().Ask, err)
	// Output:
	// {0.62 3000} {0.38 3000} <nil>
	// {0.62 3000} {0.39 5400} <nil>
}
