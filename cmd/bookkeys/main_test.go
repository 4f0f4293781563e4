package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"example.com/truebook/internal/cli"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The first account of Hardhat, which everybody knows.
const private = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"

const (
	apiKey     = "3e2c94ca-8124-c4c1-c7ea-be1ea21b71fe"
	secret     = "c2VjcmV0LXRoYXQtaXMtbm90LXRvLWJlLXNob3duISE="
	passphrase = "5b605a0e8e40f3402d3cb3bc19edad6733ed23fbc079d2a09ee399c3487ace81"
	made       = `{"apiKey":"` + apiKey + `","secret":"` + secret + `","passphrase":"` + passphrase + `"}`
)

func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func bookkeys(t *testing.T, getenv func(string) string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, talk bytes.Buffer
	code = run(t.Context(), args, getenv, &out, &talk)
	for _, text := range []string{out.String(), talk.String()} {
		if strings.Contains(text, private) || strings.Contains(text, private[:16]) {
			t.Errorf("%q shows the private key", args)
		}
	}
	for _, s := range []string{apiKey, secret, passphrase} {
		if strings.Contains(talk.String(), s) {
			t.Errorf("%q shows a secret on stderr: %s", args, talk.String())
		}
		if code != cli.OK && strings.Contains(out.String(), s) {
			t.Errorf("%q shows a secret on stdout: %s", args, out.String())
		}
	}
	return out.String(), talk.String(), code
}

// TestAnswers: what is printed and the exit code, for each answer that there can be. The
// server sends everything back that it got, in every answer that is no key.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name           string
		derive, create int // status; 0 sends half an answer and leaves
		flags          []string
		code           int
		asked          string
	}{
		{"derived", 200, 500, nil, cli.OK, "GET "},
		{"made", 400, 200, nil, cli.OK, "GET POST "},
		{"none, and none is made", 400, 400, nil, cli.NotFound, "GET POST "},
		{"to be derived alone", 404, 200, []string{"--derive"}, cli.NotFound, "GET "},
		{"to be made alone", 200, 200, []string{"--create"}, cli.OK, "POST "},
		{"a bad signature", 401, 200, nil, cli.Failure, "GET "},
		{"forbidden", 403, 200, nil, cli.Failure, "GET "},
		{"took too long", 408, 200, nil, cli.Failure, "GET "},
		{"too early", 425, 200, nil, cli.Failure, "GET "},
		{"too many", 429, 200, nil, cli.Failure, "GET "},
		{"down", 503, 200, nil, cli.Failure, "GET "},
		{"another status with a key", 201, 200, nil, cli.Failure, "GET "},
		{"elsewhere", 302, 200, nil, cli.Failure, "GET "},
		{"cut", 0, 200, nil, cli.Failure, "GET "},
	} {
		t.Run(c.name, func(t *testing.T) {
			var asked strings.Builder
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.WriteString(r.Method + " ")
				status := c.derive
				if r.Method == http.MethodPost {
					status = c.create
				}
				echo := made + strings.Join(r.Header["Poly_signature"], "")
				switch status {
				case 0:
					w.Header().Set("Content-Length", "1000")
				case 302:
					w.Header().Set("Location", "/elsewhere?"+secret)
				}
				if status != 0 {
					w.WriteHeader(status)
				}
				if status == 200 {
					echo = made
				}
				io.WriteString(w, echo)
			}))
			defer server.Close()
			env := environment("POLY_PRIVATE_KEY", private)
			stdout, _, code := bookkeys(t, env, append(c.flags, "--rest-url", server.URL)...)
			if code != c.code || asked.String() != c.asked {
				t.Errorf("code %d after %s", code, asked.String())
			}
			want := "export POLY_ADDRESS=0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266\nexport POLY_API_KEY=" + apiKey +
				"\nexport POLY_SECRET=" + secret + "\nexport POLY_PASSPHRASE=" + passphrase + "\n"
			if c.code == cli.OK && stdout != want || c.code != cli.OK && stdout != "" {
				t.Errorf("stdout %q", stdout)
			}
		})
	}
}

// TestNoKeys: answers of status 200 that are no keys.
func TestNoKeys(t *testing.T) {
	for _, body := range []string{
		"", "null", "[]", "{}", `{"apiKey":null}`, `<html>` + secret, strings.Replace(made, `"secret"`, `"secreT2"`, 1),
		strings.Replace(made, secret, "no base64: "+secret, 1), strings.Replace(made, apiKey, "$(rm -rf /)", 1),
		made + made, `{"apiKey":"` + strings.Repeat("x", 1<<20) + `"}`,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }))
		stdout, _, code := bookkeys(t, environment("POLY_PRIVATE_KEY", private), "--rest-url", server.URL)
		if code != cli.Failure || stdout != "" {
			t.Errorf("%.100s: code %d, %q", body, code, stdout)
		}
		server.Close()
	}
}

func TestDryRun(t *testing.T) {
	stdout, _, code := bookkeys(t, environment("POLY_PRIVATE_KEY", private), "--dry-run", "--nonce", "7", "--rest-url", "http://127.0.0.1:1")
	for _, want := range []string{
		"GET http://127.0.0.1:1/auth/derive-api-key\n", "POST http://127.0.0.1:1/auth/api-key\n",
		"POLY_ADDRESS: 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266\n", "POLY_NONCE: 7\n", "POLY_SIGNATURE: 0x", "POLY_TIMESTAMP: ",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in %q", want, stdout)
		}
	}
	if code != cli.OK {
		t.Errorf("code %d", code)
	}
}

// TestDryRunURL: what is shown is what would be asked, however the URL is written.
func TestDryRunURL(t *testing.T) {
	var asked strings.Builder
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.WriteString(r.Method + " http://" + r.Host + r.URL.Path + "\n")
		w.WriteHeader(map[string]int{http.MethodGet: 404, http.MethodPost: 500}[r.Method])
	}))
	defer server.Close()
	env := environment("POLY_PRIVATE_KEY", private)
	for _, path := range []string{"", "/", "/x", "/x/", "/x//", "/x/./y/../z/"} {
		asked.Reset()
		_, _, failed := bookkeys(t, env, "--rest-url", server.URL+path)
		stdout, _, code := bookkeys(t, env, "--dry-run", "--rest-url", server.URL+path)
		if shown, _, _ := strings.Cut(stdout, "POLY_"); failed != cli.Failure || code != cli.OK || shown != asked.String() {
			t.Errorf("%q: %q is shown, %q is asked", path, shown, asked.String())
		}
	}
}

func TestUsage(t *testing.T) {
	dir := t.TempDir()
	open, closed, empty := filepath.Join(dir, "open"), filepath.Join(dir, "closed"), filepath.Join(dir, "empty")
	for path, mode := range map[string]os.FileMode{open: 0o640, closed: 0o600, empty: 0o600} {
		text := private + "\n"
		if path == empty {
			text = " \n"
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	env := environment("POLY_PRIVATE_KEY", private)
	for _, c := range []struct {
		getenv func(string) string
		args   []string
		code   int
	}{
		{env, []string{"--help"}, cli.OK},
		{env, []string{"--dry-run"}, cli.OK},
		{environment("POLY_PRIVATE_KEY_FILE", closed), []string{"--dry-run"}, cli.OK},
		{environment(), []string{"--dry-run", "--key-file", closed}, cli.OK},
		{environment(), []string{"--dry-run"}, cli.Usage},
		{environment(), []string{"--dry-run", "--key-file", open}, cli.BadFile},
		{environment("POLY_PRIVATE_KEY_FILE", open), []string{"--dry-run"}, cli.BadFile},
		{environment(), []string{"--dry-run", "--key-file", empty}, cli.BadFile},
		{environment(), []string{"--dry-run", "--key-file", dir}, cli.BadFile},
		{environment(), []string{"--dry-run", "--key-file", filepath.Join(dir, "none")}, cli.BadFile},
		{environment(), []string{"--dry-run", "--key-file", private}, cli.BadFile},
		{environment(), []string{"--dry-run", "--key-file", "0x" + private}, cli.BadFile},
		{environment(), []string{"--dry-run", "--key-file", filepath.Join(closed, private)}, cli.BadFile},
		{environment("POLY_PRIVATE_KEY_FILE", private), []string{"--dry-run"}, cli.BadFile},
		{environment("POLY_PRIVATE_KEY", private+"00"), []string{"--dry-run"}, cli.BadFile},
		{env, []string{private}, cli.Usage},
		{env, []string{"--private-key", private}, cli.Usage},
		{env, []string{"--private-key=" + private}, cli.Usage},
		{env, []string{"--nonce", private}, cli.Usage},
		{env, []string{"--chain", "1"}, cli.Usage},
		{env, []string{"--create", "--derive"}, cli.Usage},
		{env, []string{"--timeout", "0s"}, cli.Usage},
		{env, []string{"--dry-run", "--rest-url", "http://example.com"}, cli.Usage},
		{env, []string{"--dry-run", "--rest-url", "https://" + private + "@127.0.0.1"}, cli.Usage},
		{env, []string{"--rest-url", "http://127.0.0.1:1"}, cli.Failure},
	} {
		stdout, stderr, code := bookkeys(t, c.getenv, c.args...)
		if code != c.code || (code == cli.OK) != (stderr == "") || (code == cli.OK) != (stdout != "") {
			t.Errorf("%q: code %d, want %d; %q, %q", c.args, code, c.code, stdout, stderr)
		}
	}
}
