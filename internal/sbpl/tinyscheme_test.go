package sbpl

// A second reader of the syntax, that nobody here has written: TinyScheme, of which the compiler of macOS is a relative.

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/sbpl/sbpltest"
	"pgregory.net/rapid"

	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/profile"
)

// echo reads expressions and writes each, with so much memory that nothing is ever collected: where a collection comes at a bad time, tinyscheme
// crashes.
const echo = `(define enough (new-segment 8))
(define (each port) (let ((x (read port))) (if (eof-object? x) #t (begin (write x) (newline) (each port)))))
(call-with-input-file "/dev/stdin" each)`

var (
	domain = regexp.MustCompile(`AF_[A-Z0-9]+`)
	quote  = regexp.MustCompile(`\(quote ([^ )]+)\)`)
)

func scheme(t interface{ Fatal(...any) }, text string) string {
	cmd := exec.Command("tinyscheme", "-c", echo)
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatal(err, string(out))
	}
	return string(out)
}

func TestASchemeReadsWhatWeWrite(t *testing.T) {
	if _, err := exec.LookPath("tinyscheme"); err != nil {
		t.Skip("tinyscheme is missing: apt-get install tinyscheme")
	}
	compare := func(t interface{ Fatal(...any) }, out Profile) {
		want, err := sbpltest.Written(out.Text)
		if err != nil {
			t.Fatal(err)
		}
		want = quote.ReplaceAllString(want, "'$1")
		want = domain.ReplaceAllStringFunc(want, strings.ToLower) // this one knows words without case
		// what people are shown is a profile, too: the parameters are comments, whatever is in them
		for _, text := range []string{out.Text, out.String()} {
			if got := scheme(t, text); got != want {
				t.Fatal("got", got, "want", want)
			}
		}
	}
	for _, c := range cases {
		compare(t, compiled(t, c.toml, Options{Mark: "gaolMARK", Tag: "gaolTAG"}))
	}
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		if n++; n > 25 { // each is a process
			return
		}
		p, err := policy.Resolve(profile.Profile{Operations: anyOps.Draw(t, "operations")}, mac(tree{}))
		if err != nil {
			return
		}
		out, err := Compile(&p, Options{Tag: "gaolTAG"})
		if err != nil {
			t.Fatal(err)
		}
		compare(t, out)
	})
}
