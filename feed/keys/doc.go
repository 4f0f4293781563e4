// Package keys holds what an account of the exchange is proved by, and signs with it: the
// private key of a wallet, which makes an API key, and the API key, which signs requests
// and opens the user channel.
//
//	private, err := keys.ParsePrivateKey(text) // of the environment, or of keys.ReadFile
//	...
//	credentials, err := keys.DeriveOrCreate(ctx, client, keys.Polygon, private, 0)
//
// Who has the API key already needs no private key:
//
//	credentials, err := keys.FromEnvironment(os.Getenv)
//
// # Two levels
//
// What the exchange calls level 1 is a signature of the wallet (EIP-712, [PrivateKey]'s):
// it makes an API key, or shows the one that was made ([Create], [Derive]). Level 2 is an
// HMAC-SHA256 with the secret of the API key ([Credentials.Header]). The forms are those of
// docs.polymarket.com (authentication), and the vectors of the exchange's own clients
// reproduce (clob-client and py-clob-client, 2026).
//
// # Secrets
//
// A [Secret], and a [PrivateKey], shows [Redacted] to everything that prints: fmt with any
// verb, encoding/json, encoding.TextMarshaler, log/slog. What is secret in them lies behind
// a function, so that printers that look into unexported fields find none either.
// [Secret.Reveal] is the only way to the text. No error of the package has a part of a
// secret in it, nor any words of a server that was sent one: it could have sent it back.
//
// Secrets are read from the environment, or from a file that nobody else may read
// ([ReadFile]); they have no place among the arguments of a command, which every process
// of the machine may see.
package keys
