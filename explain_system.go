package gaol

// This file says what a profile comes to on a system that this one is not. It must never look at this host: its paths are not those of the other.

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gaol-sandbox/gaol/internal/capsicum"
	"github.com/gaol-sandbox/gaol/internal/jail"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/sbpl"
)

// explainers are the systems, by their GOOS.
var explainers = map[string]func(Profile) (string, error){
	"darwin":  explainDarwin,
	"freebsd": explainFreeBSD,
}

// ExplainFor is what [Sandbox.Explain] would say on another system ("darwin" or "freebsd", as GOOS has them), if all that it takes works there. Every path of the
// profile is taken to be there: a device below /dev, a socket by a name that ends so, a file where the name has an ending, else a directory. What that
// system can never enforce is an *[UnsupportedError]. On FreeBSD it is capability mode, or what [WithEngine] says.
func ExplainFor(goos string, profile Profile) (string, error) {
	explain, ok := explainers[goos]
	if !ok {
		return "", fmt.Errorf("gaol: what a profile comes to on %q is not known here; the systems are %s", goos, strings.Join(slices.Sorted(maps.Keys(explainers)), ", "))
	}
	return explain(profile)
}

func explainDarwin(profile Profile) (string, error) {
	yes := policy.Check{OK: true}
	p, err := resolve(profile, policy.Host{System: "macOS", Platform: policy.Darwin, Seatbelt: yes, Marks: yes, FS: policy.Mac{}})
	if err != nil {
		return "", err
	}
	text, err := sbpl.Compile(&p, sbpl.Options{})
	if err != nil {
		return "", err
	}
	return p.String() + "\n" + text.String(), nil
}

func explainFreeBSD(profile Profile) (string, error) {
	yes := policy.Check{OK: true}
	h := policy.Host{System: "FreeBSD", Platform: policy.FreeBSD, Capsicum: yes, Preload: yes, PreloadPath: "/usr/local/lib/gaol/libgaolpaths.so",
		Jail: yes, JailParameters: jail.Parameters(), FS: policy.BSD{}}
	p, err := resolve(profile, h)
	if err != nil {
		return "", err
	}
	if p.Engine == policy.JailEngine {
		return p.String() + "\n" + jail.Compile(&p, h).String(), nil
	}
	steps, err := capsicum.Compile(&p, h)
	if err != nil {
		return "", err
	}
	return p.String() + "\n" + steps.String(), nil
}
