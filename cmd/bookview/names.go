package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"example.com/truebook/feed"
	"example.com/truebook/feed/rest"
	"example.com/truebook/internal/cli"
)

// What is asked for the names of targets.
const (
	// maxNames bounds what is read from standard input.
	maxNames = 10_000
	// lookups is how many names are asked for at once: the client's budget makes more
	// wait.
	lookups = 4
	// tokenPatience is how long tokens wait for their names: they can be watched
	// without.
	tokenPatience = 3 * time.Second
	// maxQuestions is how often a number is asked for before it is left at that.
	maxQuestions = 3
)

// targets is what is to be watched.
type targets struct {
	// tokens are in the order of the command line, those of a market in its own. Each is
	// there once.
	tokens []string
	// names are what tokens are called, as far as it is known.
	names map[string]named
}

// named is a token's market, and its outcome there.
type named struct {
	market  *rest.Market
	outcome string
}

// nameLine is what lines of NDJSON say of a token's name.
type nameLine struct {
	Slug     string `json:"market_slug,omitempty"`
	Question string `json:"question,omitempty"`
	Outcome  string `json:"outcome,omitempty"`
	Ends     string `json:"end_date,omitempty"`
}

func (n named) line() nameLine {
	if n.market == nil {
		return nameLine{}
	}
	line := nameLine{Slug: n.market.Slug, Question: n.market.Question, Outcome: n.outcome}
	if end := n.market.EndDate; !end.IsZero() {
		line.Ends = end.UTC().Format(time.RFC3339)
	}
	return line
}

// condition returns the id of the market, "" if it is not known.
func (n named) condition() string {
	if n.market == nil {
		return ""
	}
	return n.market.Condition
}

// resolver finds out what the names on the command line stand for.
type resolver struct {
	client *rest.Client
	stderr io.Writer
	// answers is where the number of a market is read from, nil if nobody is there to be
	// asked for one.
	answers *bufio.Reader
	// patience is for how long a name is looked for.
	patience time.Duration
}

// onTerminal says whether somebody sits before a file: questions can be asked.
func onTerminal(f any) bool {
	file, ok := f.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// readNames returns the names with those of standard input in the place of "-": one a line,
// without empty lines and those that begin with #. It waits until the context ends.
func readNames(ctx context.Context, names []string, stdin io.Reader) ([]string, error) {
	at := slices.Index(names, "-")
	if at < 0 {
		return names, nil
	}
	type result struct {
		all []string
		err error
	}
	read := make(chan result, 1)
	go func() { // which outlives an interrupt, as long as nobody types
		all, err := withList(names, at, stdin)
		read <- result{all, err}
	}()
	select {
	case r := <-read:
		return r.all, r.err
	case <-ctx.Done():
		return nil, errInterrupted
	}
}

var errInterrupted = errors.New("interrupted")

// withList returns the names with those of a list in the place of one.
func withList(names []string, at int, stdin io.Reader) ([]string, error) {
	all := slices.Clone(names[:at])
	lines := bufio.NewScanner(stdin)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		if len(all) == maxNames {
			return nil, fmt.Errorf("standard input has more than %d names", maxNames)
		}
		all = append(all, line)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("standard input: %w", err)
	}
	if len(all) == at {
		return nil, errors.New("standard input names nothing")
	}
	if slices.Contains(names[at+1:], "-") {
		return nil, errors.New("standard input can be read once")
	}
	return append(all, names[at+1:]...), nil
}

// resolve returns what names stand for: a token for itself, any other name for all tokens
// of a market. If one of them cannot be watched, it says why and returns the exit code. An
// event of many markets is listed; who sits before a terminal may choose one of them.
func (r *resolver) resolve(ctx context.Context, names []string) (*targets, int) {
	for _, name := range names {
		if _, err := rest.ParseName(name); err != nil {
			return nil, r.fail(cli.Usage, err)
		}
	}
	all := &targets{names: map[string]named{}}
	for i, f := range r.lookUp(ctx, names) {
		many := (*rest.ManyMarketsError)(nil)
		if errors.As(f.err, &many) {
			f.market, f.err = r.choose(ctx, many)
		}
		token := strings.TrimSpace(names[i])
		if !feed.IsToken(token) {
			token = ""
		}
		if code := r.check(ctx, names[i], token, f); code != cli.OK {
			return nil, code
		}
		all.add(token, f.market)
	}
	return all, cli.OK
}

// add adds the tokens of a market, or one of them, of which no market may be known.
func (t *targets) add(token string, m *rest.Market) {
	tokens := []string{token}
	if m != nil {
		for _, o := range m.Tokens {
			t.names[o.ID] = named{m, o.Outcome}
		}
		if token == "" {
			tokens = m.TokenIDs()
		}
	}
	for _, token := range tokens {
		if !slices.Contains(t.tokens, token) {
			t.tokens = append(t.tokens, token)
		}
	}
}

// finding is what is known of a name.
type finding struct {
	market *rest.Market
	err    error
}

// lookUp asks what each name is.
func (r *resolver) lookUp(ctx context.Context, names []string) []finding {
	within, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	soon, cancel := context.WithTimeout(within, tokenPatience)
	defer cancel()
	found := make([]finding, len(names))
	var mu sync.Mutex
	known := map[string]*rest.Market{} // of the tokens of what was found
	places := make(chan int)
	var workers sync.WaitGroup
	for range min(lookups, len(names)) {
		workers.Go(func() {
			for i := range places {
				ctx, token := within, strings.TrimSpace(names[i])
				if feed.IsToken(token) {
					ctx = soon
				}
				mu.Lock()
				m, err := known[token], error(nil)
				mu.Unlock()
				if m == nil {
					m, err = r.client.Market(ctx, names[i])
				}
				found[i] = finding{m, err}
				mu.Lock()
				if m != nil {
					for _, o := range m.Tokens {
						known[o.ID] = m
					}
				}
				mu.Unlock()
			}
		})
	}
	for i := range names {
		places <- i
	}
	close(places)
	workers.Wait()
	return found
}

// check says why a name cannot be watched, if it cannot. A token can be as long as it is not
// known to be none: whatever its market is.
func (r *resolver) check(ctx context.Context, name, token string, f finding) int {
	shown := cli.Printable(name)
	unknown := errors.As(f.err, new(*rest.NotFoundError))
	switch {
	case f.err == nil && f.market.Closed:
		return r.fail(cli.Closed, fmt.Errorf("market %s is closed", called(f.market, shown)))
	case f.err == nil && !f.market.OrderBook:
		return r.fail(cli.Closed, fmt.Errorf("market %s has no order book", called(f.market, shown)))
	case f.err == nil:
		return cli.OK
	case ctx.Err() != nil:
		return r.fail(cli.Failure, errInterrupted)
	case token != "" && unknown && hasNoBook(ctx, r.client, token):
		return r.fail(cli.NotFound, fmt.Errorf("the exchange has no market and no book of token %s", token))
	case token != "":
		return cli.OK
	case errors.Is(f.err, rest.ErrNotOpen):
		return r.fail(cli.Closed, fmt.Errorf("market %s has no order book yet: try again in some minutes", shown))
	case errors.As(f.err, new(*rest.ManyMarketsError)):
		return r.fail(cli.Usage, f.err)
	case errors.Is(f.err, rest.ErrNoGamma):
		return r.fail(cli.Usage, fmt.Errorf("%s is a name that --rest-url does not know: --gamma-url says who does", shown))
	case unknown:
		return r.notFound(f.err)
	case errors.Is(f.err, context.DeadlineExceeded):
		return r.fail(cli.TimedOut, f.err)
	}
	return r.fail(cli.Failure, f.err)
}

// hasNoBook says whether REST knows no book of a token.
func hasNoBook(ctx context.Context, client *rest.Client, token string) bool {
	_, err := client.FetchBooks(ctx, []string{token})
	return rest.IsNotFound(err)
}

// called is what errors call a market: its slug, or else the name that it was asked for by.
func called(m *rest.Market, shown string) string {
	if m.Slug == "" {
		return shown
	}
	return cli.Printable(m.Slug)
}

// notFound says that there is no market of a name, and what may have been meant.
func (r *resolver) notFound(err error) int {
	unknown := (*rest.NotFoundError)(nil)
	if !errors.As(err, &unknown) {
		return r.fail(cli.NotFound, err)
	}
	fmt.Fprintf(r.stderr, "bookview: the exchange has no market %s\n", unknown.Name.ID)
	if len(unknown.Suggestions) > 0 {
		fmt.Fprint(r.stderr, "\nIts search finds:\n\n")
	}
	table := tabwriter.NewWriter(r.stderr, 0, 0, 2, ' ', 0)
	for _, s := range unknown.Suggestions {
		fmt.Fprintf(table, "  %s\t%s\n", cli.Printable(s.Slug), cli.Clean(s.Title))
	}
	_ = table.Flush() // what is said is not checked
	return cli.NotFound
}

// choose lists the markets of an event, and returns the one whose number somebody types.
// Otherwise the error is that of the event.
func (r *resolver) choose(ctx context.Context, many *rest.ManyMarketsError) (*rest.Market, error) {
	e := many.Event
	fmt.Fprintf(r.stderr, "%s\n\n", cli.Clean(orElse(e.Title, e.Slug)))
	table := tabwriter.NewWriter(r.stderr, 0, 0, 2, ' ', 0)
	for i := range e.Markets {
		m := &e.Markets[i]
		fmt.Fprintf(table, "%4d  %s\t%s%s\n", i+1, cli.Clean(orElse(m.GroupTitle, m.Question)), cli.Printable(m.Slug), stateOf(m))
	}
	_ = table.Flush()
	fmt.Fprintln(r.stderr)
	if r.answers == nil {
		return nil, many
	}
	for range maxQuestions {
		fmt.Fprintf(r.stderr, "Which one, 1 to %d? ", len(e.Markets))
		text, ok := r.answer(ctx)
		if !ok {
			fmt.Fprintln(r.stderr)
			break
		}
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1 || n > len(e.Markets) {
			continue
		}
		m := &e.Markets[n-1]
		ctx, cancel := context.WithTimeout(ctx, r.patience)
		defer cancel()
		if m.Condition == "" {
			return nil, rest.ErrNotOpen
		}
		known, err := r.client.Market(ctx, m.Condition)
		if err == nil {
			known.GroupTitle = m.GroupTitle
		}
		return known, err
	}
	return nil, many
}

// answer waits for a line; there may be none any more.
func (r *resolver) answer(ctx context.Context) (text string, ok bool) {
	read := make(chan string, 1)
	go func() { // which outlives an interrupt, as long as nobody types
		line, err := r.answers.ReadString('\n')
		if err == nil || line != "" {
			read <- line
		}
		close(read)
	}()
	select {
	case text, ok = <-read:
		return text, ok
	case <-ctx.Done():
		return "", false
	}
}

// stateOf is why a market cannot be watched, in a column of its own.
func stateOf(m *rest.Market) string {
	switch {
	case m.Closed:
		return "\tclosed"
	case len(m.Tokens) == 0:
		return "\tnot open yet"
	case !m.OrderBook:
		return "\tno order book"
	}
	return ""
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// fail says what is wrong, and returns the exit code.
func (r *resolver) fail(code int, err error) int {
	fmt.Fprintln(r.stderr, "bookview:", plain(err))
	return code
}

// plain is an error without the name of the package that it came from.
func plain(err error) error { return errors.New(strings.TrimPrefix(err.Error(), "rest: ")) }
