package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"example.com/truebook/book"
	"example.com/truebook/engine"
	"example.com/truebook/internal/cli"
)

// writeTable prints one book: bids to the left, asks to the right, best first.
func writeTable(w io.Writer, v *engine.View, name named, depth int) error {
	var out bytes.Buffer
	if name.market != nil {
		fmt.Fprintf(&out, "name    %s\n", describeName(name))
	}
	fmt.Fprintf(&out, "token   %s\n", cli.Printable(v.Asset))
	fmt.Fprintf(&out, "market  %s\n", orNone(cli.Printable(v.Market)))
	fmt.Fprintf(&out, "state   %s\n", describeState(v))
	fmt.Fprintf(&out, "proof   %s\n", describeProof(v))
	fmt.Fprintf(&out, "top     %s\n\n", describeTop(v))
	bids := v.Snapshot.AppendLevels(nil, book.Bid, depth)
	asks := v.Snapshot.AppendLevels(nil, book.Ask, depth)
	if len(bids)+len(asks) > 0 {
		if err := writeLevels(&out, bids, asks); err != nil {
			return err
		}
		fmt.Fprintf(&out, "%d of %d bids, %d of %d asks\n",
			len(bids), v.Snapshot.Len(book.Bid), len(asks), v.Snapshot.Len(book.Ask))
	}
	out.WriteString("\n")
	_, err := w.Write(out.Bytes())
	return err
}

func writeLevels(w io.Writer, bids, asks []book.Level) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "SIZE\tBID\t│\tASK\tSIZE\t\n")
	for i := range max(len(bids), len(asks)) {
		left, right := "\t", "\t"
		if i < len(bids) {
			left = fmt.Sprintf("%v\t%v", bids[i].Size, bids[i].Price)
		}
		if i < len(asks) {
			right = fmt.Sprintf("%v\t%v", asks[i].Price, asks[i].Size)
		}
		fmt.Fprintf(table, "%s\t│\t%s\t\n", left, right)
	}
	return table.Flush()
}

func describeState(v *engine.View) string {
	text := strings.ToUpper(v.State.String())
	if v.Settling {
		text += ", SETTLING"
	}
	if v.Reason != engine.NoReason {
		text += " (" + v.Reason.String() + ")"
	}
	if v.Epoch > 0 {
		text += fmt.Sprintf(", epoch %d, version %d", v.Epoch, v.Version)
	}
	if v.Time != 0 {
		text += ", last change " + v.Time.Time().Format("2006-01-02 15:04:05.000 UTC")
	}
	return text
}

func describeProof(v *engine.View) string {
	if v.Proof.By == engine.NoEvidence {
		return "none"
	}
	text := "by " + v.Proof.By.String()
	switch behind := v.Version - v.Proof.Version; behind {
	case 0:
		text += ", this version"
	case 1:
		text += ", the version before"
	default:
		text += fmt.Sprintf(", %d versions ago", behind)
	}
	switch v.Check {
	case engine.Proved:
	case engine.Open:
		text += "; the last change is still going on"
	case engine.Failed:
		text += "; the last change failed"
	case engine.Unproved:
		text += "; the last change cannot be proved"
	}
	return text
}

// describeName says what the exchange calls a token.
func describeName(n named) string {
	m := n.market
	text := cli.Clean(orElse(m.Question, m.Slug))
	if n.outcome != "" {
		text += ": " + cli.Clean(n.outcome)
	}
	if m.Slug != "" && m.Question != "" {
		text += " (" + cli.Printable(m.Slug) + ")"
	}
	if !m.EndDate.IsZero() {
		text += ", ends " + m.EndDate.UTC().Format("2006-01-02 15:04 UTC")
	}
	return text
}

// describeTop shows nothing that could be taken for a price to trade on, unless it
// is one.
func describeTop(v *engine.View) string {
	top, err := v.Top()
	if err != nil {
		return "not to be used: " + err.Error()
	}
	text := fmt.Sprintf("bid %s, ask %s", levelText(top.Bid), levelText(top.Ask))
	if spread, ok := top.Spread(); ok {
		text += fmt.Sprintf(", spread %v", spread)
	}
	if v.TickSize > 0 {
		text += fmt.Sprintf(", tick %v", v.TickSize)
	}
	return text
}

func levelText(l book.Level) string {
	if l.Size == 0 {
		return "none"
	}
	return fmt.Sprintf("%v x %v", l.Price, l.Size)
}

func orNone(text string) string {
	if text == "" {
		return "unknown"
	}
	return text
}
