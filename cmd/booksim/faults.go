package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"example.com/truebook/feed/feedtest"
	"example.com/truebook/internal/cli"
)

// addFault adds the fault that a flag names: KIND@AFTER or KIND@AFTER+LENGTH.
func addFault(o *feedtest.ServerOptions, text string) error {
	name, when, ok := strings.Cut(text, "@")
	if !ok {
		return errors.New("expected KIND@AFTER or KIND@AFTER+LENGTH")
	}
	after, length, lasts := strings.Cut(when, "+")
	at, err := time.ParseDuration(after)
	if err != nil || at < 0 {
		return fmt.Errorf("%s is no duration like 90s", cli.Printable(after))
	}
	var d time.Duration // for ever
	if lasts {
		if d, err = time.ParseDuration(length); err != nil || d <= 0 {
			return fmt.Errorf("%s is no duration like 90s", cli.Printable(length))
		}
	}
	for _, k := range feedtest.FaultKinds() {
		if k.String() == name {
			o.Venue.Faults = append(o.Venue.Faults, feedtest.Fault{Kind: k, At: at, For: d, Market: -1})
			return nil
		}
	}
	for _, k := range feedtest.AttackKinds() {
		if k.String() == name {
			o.Attacks = append(o.Attacks, feedtest.Attack{Kind: k, At: at, For: d})
			return nil
		}
	}
	return fmt.Errorf("%s is none of %s, %s",
		cli.Printable(name), strings.Join(faultNames(), ", "), strings.Join(attackNames(), ", "))
}

func faultNames() (names []string) {
	for _, k := range feedtest.FaultKinds() {
		names = append(names, k.String())
	}
	return names
}

func attackNames() (names []string) {
	for _, k := range feedtest.AttackKinds() {
		names = append(names, k.String())
	}
	return names
}
