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
// of a market. If one of them cannot be watched, it says why and returns the exit code; of
// several names those are left out whose markets are over, or of which the exchange says
// something odd, as long as one is left. An event of many markets is listed; who sits before
// a terminal may choose one of them.
func (r *resolver) resolve(ctx context.Context, names []string) (*targets, int) {
	for _, name := range names {
		if _, err := rest.ParseName(name); err != nil {
			return nil, r.fail(cli.Usage, err)
		}
	}
	found := r.lookUp(ctx, names)
	if err := late(names, found); err != nil && ctx.Err() == nil {
		return nil, r.fail(cli.TimedOut, err)
	}
	all, nothing := &targets{names: map[string]named{}}, cli.OK
	for i, f := range found {
		shown := cli.Printable(strings.TrimSpace(names[i]))
		many := (*rest.ManyMarketsError)(nil)
		if errors.As(f.err, &many) {
			f, shown = r.choose(ctx, many)
		}
		token := strings.TrimSpace(names[i])
		if !feed.IsToken(token) {
			token = ""
		}
		code, err := r.verdict(ctx, shown, token, f)
		switch odd := code == cli.Failure && errors.As(f.err, new(*rest.AnswerError)); {
		case code == cli.OK:
			r.warn(all, shown, f.market)
			all.add(token, f.market)
		case len(names) > 1 && many == nil && (code == cli.Closed || odd):
			fmt.Fprintf(r.stderr, "bookview: %v: it is left out\n", plain(err))
			if nothing != cli.Failure {
				nothing = code
			}
		case code == cli.NotFound:
			return nil, r.notFound(f.err, err)
		default:
			return nil, r.fail(code, err)
		}
	}
	if len(all.tokens) == 0 {
		return nil, nothing
	}
	r.tellNameless(all, found)
	return all, cli.OK
}

// late is the error of names that were not answered in time, nil if there are none. Tokens
// do without.
func late(names []string, found []finding) error {
	var missing []string
	var reason error
	for i, f := range found {
		if (errors.Is(f.err, context.DeadlineExceeded) || errors.Is(f.err, rest.ErrBudget)) && !feed.IsToken(strings.TrimSpace(names[i])) {
			if reason == nil {
				reason = plain(f.err)
			}
			missing = append(missing, cli.Printable(strings.TrimSpace(names[i])))
		}
	}
	if missing == nil {
		return nil
	}
	text := strings.Join(missing[:min(len(missing), maxShown)], ", ")
	if more := len(missing) - maxShown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Errorf("of %d names %d were not answered in time: %s: %w", len(names), len(missing), text, reason)
}

// maxShown is how many of many names are shown.
const maxShown = 5

// tellNameless says how many tokens are watched of which nothing is known, and why.
func (r *resolver) tellNameless(all *targets, found []finding) {
	nameless := slices.DeleteFunc(slices.Clone(all.tokens), func(token string) bool { return all.names[token].market != nil })
	if len(nameless) == 0 {
		return
	}
	reason := ""
	for _, f := range found {
		if f.err != nil {
			reason = ": " + plain(f.err).Error()
			break
		}
	}
	fmt.Fprintf(r.stderr, "bookview: of %d tokens %d are watched without a name, such as %s%s\n", len(all.tokens), len(nameless), nameless[0], reason)
}

// warn says of a market that is new among the targets why its books may not change, if it
// does not take orders.
func (r *resolver) warn(all *targets, shown string, m *rest.Market) {
	if m == nil || m.Active && m.AcceptingOrders || all.names[m.Tokens[0].ID].market != nil {
		return
	}
	fmt.Fprintf(r.stderr, "bookview: market %s %s: it may have no book, or one that does not change\n", called(m, shown), quiet(m))
}

// quiet says why nothing may happen in a market, "" if it may.
func quiet(m *rest.Market) string {
	switch {
	case m == nil, m.Active && m.AcceptingOrders:
		return ""
	case !m.Active:
		return "is not active"
	}
	return "accepts no orders"
}

// whyNoBook is why there may be no book of a token, to be put after that there is none.
func whyNoBook(n named) string {
	if why := quiet(n.market); why != "" {
		return ": its market " + why
	}
	return ""
}

// withSiblings returns the tokens, each with the other one of its market behind it: the
// screen shows both outcomes, and whether they agree.
func (t *targets) withSiblings() (tokens []string) {
	for _, token := range t.tokens {
		all := []string{token}
		if m := t.names[token].market; m != nil && len(m.Tokens) == 2 {
			all = append(all, m.TokenIDs()...)
		}
		for _, token := range all {
			if !slices.Contains(tokens, token) {
				tokens = append(tokens, token)
			}
		}
	}
	return tokens
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

// verdict says with an exit code why a name cannot be watched, if it cannot. A token can be
// as long as it is not known to be none: whatever its market is.
func (r *resolver) verdict(ctx context.Context, shown, token string, f finding) (int, error) {
	unknown := errors.As(f.err, new(*rest.NotFoundError))
	switch {
	case f.err == nil:
		return check(shown, token, f.market)
	case ctx.Err() != nil:
		return cli.Failure, errInterrupted
	case token != "" && unknown && hasNoBook(ctx, r.client, token):
		return cli.NotFound, fmt.Errorf("the exchange has no market and no book of token %s", token)
	case token != "":
		return cli.OK, nil
	case errors.Is(f.err, rest.ErrNotOpen):
		return cli.Closed, fmt.Errorf("market %s has no order book yet: try again in some minutes", shown)
	case errors.As(f.err, new(*rest.ManyMarketsError)):
		return cli.Usage, f.err
	case errors.Is(f.err, rest.ErrNoGamma):
		return cli.Usage, fmt.Errorf("%s is a name that --rest-url does not know: --gamma-url says who does", shown)
	case unknown:
		return cli.NotFound, f.err
	case errors.Is(f.err, context.DeadlineExceeded), errors.Is(f.err, rest.ErrBudget):
		return cli.TimedOut, fmt.Errorf("%s: %w", shown, plain(f.err))
	}
	return cli.Failure, fmt.Errorf("%s: %w", shown, plain(f.err))
}

// check is the verdict on a market that is known.
func check(shown, token string, m *rest.Market) (int, error) {
	shown = called(m, shown)
	switch n := len(m.Tokens); {
	case m.Closed:
		return cli.Closed, fmt.Errorf("market %s is closed", shown)
	case !m.OrderBook:
		return cli.Closed, fmt.Errorf("market %s has no order book", shown)
	case n == 0:
		return cli.Closed, fmt.Errorf("market %s has no outcomes", shown)
	case n == 1 && token == "":
		return cli.Closed, fmt.Errorf("market %s has 1 outcome, and not two: its token %s can be watched", shown, m.Tokens[0].ID)
	case n != 2 && token == "":
		return cli.Closed, fmt.Errorf("market %s has %d outcomes, and not two: its tokens can be watched, such as %s", shown, n, m.Tokens[0].ID)
	}
	return cli.OK, nil
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
func (r *resolver) notFound(answer, verdict error) int {
	unknown := (*rest.NotFoundError)(nil)
	if !errors.As(answer, &unknown) || unknown.Name.Kind == rest.TokenName {
		return r.fail(cli.NotFound, verdict)
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

// choose lists the markets of an event, and returns what is known of the one whose number
// somebody types, and its name. Otherwise the error is that of the event.
func (r *resolver) choose(ctx context.Context, many *rest.ManyMarketsError) (f finding, shown string) {
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
		return finding{err: many}, ""
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
		f.market, f.err = r.client.Complete(ctx, m)
		return f, called(m, cli.Clean(orElse(m.GroupTitle, m.Question)))
	}
	return finding{err: many}, ""
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
	case m.Unreadable != "":
		return "\tcannot be read: " + cli.Printable(m.Unreadable)
	case m.Closed:
		return "\tclosed"
	case !m.OrderBook:
		return "\tno order book"
	case len(m.Tokens) == 0:
		return "\tnot open yet"
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
