// Bookkeys makes or shows the API key of a wallet, as lines for a shell.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"example.com/truebook/feed"
	"example.com/truebook/feed/keys"
	"example.com/truebook/feed/rest"
	"example.com/truebook/internal/cli"
)

const usage = `usage: bookkeys [flags]

Asks the exchange for the API key of a wallet, makes one if there is none, and
prints it for a shell, which is the one place where it is shown:

  export POLY_ADDRESS=0x...
  export POLY_API_KEY=...
  export POLY_SECRET=...
  export POLY_PASSPHRASE=...

The private key of the wallet is read from the environment, POLY_PRIVATE_KEY, or
from a file that nobody else may read (mode 0600), which POLY_PRIVATE_KEY_FILE or
--key-file names. It is no flag: every process of a machine sees those. What it
signs goes to the exchange; itself it goes nowhere.

  --key-file FILE  where the private key is
  --chain N        137 for Polygon, 80002 for Amoy (default 137)
  --nonce N        which of the wallet's API keys (default 0)
  --create         make a new key, do not ask for the one that there is
  --derive         ask for the one that there is, never make one
  --dry-run        print the headers that would be sent, and send nothing. Who has
                   them can ask for the API key too while they are fresh
  --rest-url URL   another exchange
  --timeout D      give up after that long (default 20s)

examples:
  eval "$(POLY_PRIVATE_KEY_FILE=~/.wallet bookkeys)"
  bookkeys --key-file ~/.wallet --dry-run

Exit code: 0 ok, 1 failure, 2 usage, 3 no such API key, 4 timed out, 6 bad file.

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are what the flags say.
type options struct {
	keyFile        string
	chain          uint64
	nonce          uint64
	create, derive bool
	dryRun         bool
	restURL        string
	timeout        time.Duration
}

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	o, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return cli.OK
	case err != nil:
		fmt.Fprintf(stderr, "bookkeys: %v (see --help)\n", err)
		return cli.Usage
	}
	text, code, err := o.obtain(ctx, getenv)
	if err != nil {
		fmt.Fprintln(stderr, "bookkeys:", err)
		return code
	}
	if _, err := stdout.Write(text); err != nil {
		fmt.Fprintln(stderr, "bookkeys: standard output:", err)
		return cli.Failure
	}
	return cli.OK
}

var errFlag = errors.New("a flag is unknown, or has no such value")

func parse(args []string) (o options, err error) {
	flags := flag.NewFlagSet("bookkeys", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	flags.StringVar(&o.keyFile, "key-file", "", "")
	flags.Uint64Var(&o.chain, "chain", uint64(keys.Polygon), "")
	flags.Uint64Var(&o.nonce, "nonce", 0, "")
	flags.BoolVar(&o.create, "create", false, "")
	flags.BoolVar(&o.derive, "derive", false, "")
	flags.BoolVar(&o.dryRun, "dry-run", false, "")
	flags.StringVar(&o.restURL, "rest-url", "", "")
	flags.DurationVar(&o.timeout, "timeout", 20*time.Second, "")
	others, err := cli.Parse(flags, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return o, err
	case err != nil: // whose words could be a key that was taken for an argument
		return o, errFlag
	case len(others) > 0:
		return o, errors.New("nothing but flags is taken, and no secret is one")
	case o.create && o.derive:
		return o, errors.New("--create and --derive exclude each other")
	case o.chain != uint64(keys.Polygon) && o.chain != uint64(keys.Amoy):
		return o, fmt.Errorf("--chain is %d or %d", keys.Polygon, keys.Amoy)
	case o.timeout <= 0:
		return o, errors.New("--timeout is not above 0")
	}
	return o, nil
}

// obtain returns what goes to stdout.
func (o *options) obtain(ctx context.Context, getenv func(string) string) (text []byte, code int, err error) {
	private, code, err := o.privateKey(getenv)
	if err != nil {
		return nil, code, err
	}
	client, err := rest.New(rest.Options{URL: o.restURL})
	if err != nil {
		return nil, cli.Usage, err
	}
	defer client.Close() //nolint:errcheck // it never fails
	if o.dryRun {
		return o.headers(private)
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	ask := keys.DeriveOrCreate
	switch {
	case o.create:
		ask = keys.Create
	case o.derive:
		ask = keys.Derive
	}
	c, err := ask(ctx, client, keys.Chain(o.chain), private, o.nonce)
	if err != nil {
		return nil, exitCode(err), err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "export %s=%s\nexport %s=%s\nexport %s=%s\nexport %s=%s\n",
		keys.AddressVariable, c.Address, keys.KeyVariable, c.Key.Reveal(),
		keys.SecretVariable, c.Secret.Reveal(), keys.PassphraseVariable, c.Passphrase.Reveal())
	return b.Bytes(), cli.OK, nil
}

func (o *options) privateKey(getenv func(string) string) (keys.PrivateKey, int, error) {
	if o.keyFile == "" {
		key, err := keys.PrivateKeyFromEnvironment(getenv)
		if errors.Is(err, keys.ErrUnset) {
			return key, cli.Usage, fmt.Errorf("%w, nor is --key-file given", err)
		}
		return key, cli.BadFile, err
	}
	text, err := keys.ReadFile(o.keyFile)
	if err != nil {
		return keys.PrivateKey{}, cli.BadFile, fmt.Errorf("%w (of --key-file)", err)
	}
	key, err := keys.ParsePrivateKey(text.Reveal())
	return key, cli.BadFile, err
}

// headers is what would be sent.
func (o *options) headers(private keys.PrivateKey) ([]byte, int, error) {
	header, err := private.Header(keys.Chain(o.chain), o.nonce, time.Now())
	if err != nil {
		return nil, cli.Failure, err
	}
	base := o.restURL
	if base == "" {
		base = rest.BaseURL
	}
	u, err := url.Parse(base)
	if err != nil { // rest.New has read it before
		return nil, cli.Usage, err
	}
	var b bytes.Buffer
	if !o.create {
		fmt.Fprintf(&b, "GET %s\n", u.JoinPath("auth/derive-api-key"))
	}
	if !o.derive {
		fmt.Fprintf(&b, "POST %s\n", u.JoinPath("auth/api-key"))
	}
	var names []string
	for name := range header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, "%s: %s\n", name, header[name])
	}
	return b.Bytes(), cli.OK, nil
}

func exitCode(err error) int {
	refused := (*feed.StatusError)(nil)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return cli.TimedOut
	case errors.As(err, &refused) && (refused.Status == http.StatusNotFound || refused.Status == http.StatusBadRequest):
		return cli.NotFound
	}
	return cli.Failure
}
