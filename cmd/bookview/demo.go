package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"example.com/truebook/feed/feedtest"
	"example.com/truebook/feed/keys"
	"example.com/truebook/internal/cli"
)

// The demo is a market that is busy enough to be proved within its time.
const (
	demoSeed = 7
	demoRate = 40 // frames a second
	demoTime = 4 * time.Second
)

const demoHeading = "SIMULATED: a seeded exchange on this machine, over a real websocket. No connection to any other."

// demo shows the books of a simulated exchange, over a websocket of this machine.
func (o *options) demo(ctx context.Context, stdout, stderr io.Writer) int {
	server := feedtest.NewServer(feedtest.ServerOptions{
		Venue: feedtest.VenueOptions{Seed: demoSeed, Markets: 1, Rate: demoRate},
	})
	defer server.Close()
	var err error
	if o.wsURL, o.restURL, err = server.Start("127.0.0.1:0"); err != nil {
		fmt.Fprintln(stderr, "bookview:", err)
		return cli.Failure
	}
	o.gammaURL = o.restURL + feedtest.GammaPath
	server.Do(func(v *feedtest.Venue) {
		m := v.Markets()[0]
		o.targets = []string{m.Yes, m.No}
		if o.terminal == nil {
			return // nobody would see what is one's own
		}
		account := v.OpenAccount(feedtest.AccountOptions{Seed: demoSeed, PerMinute: 90})
		o.own.since = v.Now()
		o.own.credentials, err = keys.NewCredentials(account.Address, account.Key, account.Secret, account.Passphrase)
	})
	if err != nil {
		fmt.Fprintln(stderr, "bookview:", err)
		return cli.Failure
	}
	o.simulated = true
	if o.terminal != nil {
		faults := newDemoFaults(server, &o.panics)
		defer faults.stop()
		o.says = faults.say
		return o.watch(ctx, stdout, stderr)
	}
	if o.runFor == 0 {
		o.runFor = demoTime
	}
	o.atEnd = !o.once && !o.json
	heading := stdout
	if o.json {
		heading = stderr
	}
	if _, err := fmt.Fprintf(heading, "%s\n\n", demoHeading); err != nil {
		return cli.Failure
	}
	return o.watch(ctx, stdout, stderr)
}

// On a screen, the exchange is made to fail each half minute, for the first time earlier.
const (
	firstFault = 12 * time.Second
	faultEvery = 30 * time.Second
	// faultSaid is how long it is said what was done.
	faultSaid = 12 * time.Second
)

// demoFaultKinds are what happens to the simulated exchange, in turn.
//
//nolint:gochecknoglobals // a constant
var demoFaultKinds = []struct {
	fault feedtest.Fault
	text  string
}{
	{feedtest.Fault{Kind: feedtest.Reset, Market: -1}, "the connection is cut"},
	{feedtest.Fault{Kind: feedtest.LoseFrames, Market: -1, N: 3}, "three frames are lost"},
	{feedtest.Fault{Kind: feedtest.FreezeToken, Market: 0, For: 4 * time.Second}, "one outcome is frozen for 4 s, the other one goes on"},
	{feedtest.Fault{Kind: feedtest.AlterSize, Market: -1}, "a digit of a size is altered"},
	{feedtest.Fault{Kind: feedtest.Stall, Market: -1, For: 6 * time.Second}, "nothing comes for 6 s, then all of it, late"},
	{feedtest.Fault{Kind: feedtest.Blackhole, Market: -1, For: 40 * time.Second}, "the connection is dead and does not say so (noticed after some 25 s)"},
}

// demoFaults makes the simulated exchange fail, and says so.
type demoFaults struct {
	server *feedtest.Server
	timer  *time.Timer
	mu     sync.Mutex
	n      int
	at     time.Time // of the last one
	next   time.Time
}

func newDemoFaults(server *feedtest.Server, panics *panics) *demoFaults {
	d := &demoFaults{server: server, next: time.Now().Add(firstFault)}
	d.timer = time.AfterFunc(firstFault, func() { panics.guard(d.fail) })
	return d
}

func (d *demoFaults) fail() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.server.Do(func(v *feedtest.Venue) { v.Inject(demoFaultKinds[d.n%len(demoFaultKinds)].fault) })
	d.n++
	d.at = time.Now()
	d.next = d.at.Add(faultEvery)
	d.timer.Reset(faultEvery)
}

// say returns what is to be said on the screen.
func (d *demoFaults) say() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	if d.n > 0 && now.Sub(d.at) < faultSaid {
		return "made to fail: " + demoFaultKinds[(d.n-1)%len(demoFaultKinds)].text
	}
	return fmt.Sprintf("a simulated exchange on this machine; it is made to fail in %d s", (d.next.Sub(now)+time.Second-1)/time.Second)
}

func (d *demoFaults) stop() { d.timer.Stop() }
