package fullpath

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/truebook/bench/internal/rival"
	"example.com/truebook/book"
	"example.com/truebook/engine"
	"example.com/truebook/feed"
)

// Path is one way. It is for one goroutine.
type Path interface {
	// Step applies a frame, and reads the published tops of the tokens that it
	// names, by their index; -1 is none. It returns how many of them could be
	// read, which is all for the ways that know of no doubt.
	Step(at time.Time, frame []byte, named [2]int32) (readable int, err error)
}

// Names returns the names of all ways, as [New] takes them.
func Names() []string { return []string{"engine", "engine-proof", "ladder", "naive", "scan"} }

// New returns a way to keep the books of some tokens:
//
//	engine        truebook, with every guard but the proof by hash
//	engine-proof  truebook, with a proof of each frame
//	ladder        the decoder before flat ladders, without runs, checks or states
//	naive         encoding/json, and decimals in a tree under a lock
//	scan          counts quotation marks: what the machine does without books
func New(name string, tokens []string) (Path, error) {
	switch name {
	case "engine", "engine-proof":
		p := &enginePath{replay: engine.NewReplay(nil), tokens: tokens, assets: make([]*engine.Asset, len(tokens))}
		if name == "engine" {
			p.replay.LimitProofs(-1)
		}
		return p, nil
	case "ladder":
		return &ladderPath{ladder: rival.NewLadder(), tokens: tokens, tops: make([]*rival.Published, len(tokens))}, nil
	case "naive":
		p := &naivePath{naive: rival.NewNaive()}
		for _, token := range tokens {
			p.books = append(p.books, p.naive.Book(token))
		}
		return p, nil
	case "scan":
		return &scanPath{}, nil
	default:
		return nil, fmt.Errorf("no way is called %q, but %s", name, strings.Join(Names(), ", "))
	}
}

// Parse returns the names in a list with commas, or all if it is empty.
func Parse(list string) ([]string, error) {
	if list == "" {
		return Names(), nil
	}
	names := strings.Split(list, ",")
	for _, name := range names {
		if !slices.Contains(Names(), name) {
			_, err := New(name, nil)
			return nil, err
		}
	}
	return names, nil
}

type enginePath struct {
	replay *engine.Replay
	tokens []string
	assets []*engine.Asset
	sum    book.Price // of what was read, so that it is read
}

func (p *enginePath) Step(at time.Time, frame []byte, named [2]int32) (int, error) {
	if err := p.replay.Step(feed.Record{Time: at, Frame: frame}); err != nil {
		return 0, err
	}
	readable := 0
	for _, i := range named {
		if i < 0 {
			continue
		}
		if p.assets[i] == nil {
			p.assets[i] = p.replay.Asset(p.tokens[i])
		}
		top, err := p.assets[i].Top()
		if err == nil {
			readable++
		}
		p.sum += top.Bid.Price
	}
	return readable, nil
}

type ladderPath struct {
	ladder *rival.Ladder
	tokens []string
	tops   []*rival.Published
	sum    book.Price
}

func (p *ladderPath) Step(_ time.Time, frame []byte, named [2]int32) (int, error) {
	if err := p.ladder.Step(frame); err != nil {
		return 0, err
	}
	readable := 0
	for _, i := range named {
		if i < 0 {
			continue
		}
		if p.tops[i] == nil {
			p.tops[i] = p.ladder.Token(p.tokens[i])
		}
		p.sum += p.tops[i].Top().Bid.Price
		readable++
	}
	return readable, nil
}

type naivePath struct {
	naive *rival.Naive
	books []*rival.NaiveBook
	sum   int32
}

func (p *naivePath) Step(_ time.Time, frame []byte, named [2]int32) (int, error) {
	if err := p.naive.Step(frame); err != nil {
		return 0, err
	}
	readable := 0
	for _, i := range named {
		if i >= 0 {
			bid, _ := p.books[i].Top()
			p.sum += bid.Price.Exponent()
			readable++
		}
	}
	return readable, nil
}

type scanPath struct{ quotes int }

func (p *scanPath) Step(_ time.Time, frame []byte, named [2]int32) (int, error) {
	p.quotes += bytes.Count(frame, []byte(`"`))
	readable := 0
	for _, i := range named {
		if i >= 0 {
			readable++
		}
	}
	return readable, nil
}
