package sbpltest

import (
	"errors"
	"fmt"
	"strings"
)

// Query is one thing that a program tries. Which fields count is the operation's affair.
type Query struct {
	Operation string
	Path      string // of a file, or of a Unix socket
	Protocol  string // "tcp", "udp", "unix-socket"
	Host      string // of an address: "localhost", or any other
	Port      int
	Target    string // of a process: "self", "same-sandbox", "others"
	Name      string // of a Mach service or a sysctl
	Domain    string // of a socket
	Socket    int    // its protocol
}

// Reading is one way to take a profile that has several rules for a query.
type Reading struct {
	Name string
	pick func(matching []rule) rule
}

// Readings are those that are in dispute. A profile that they disagree about means nothing for sure. The last is what the compiler does, as far as
// its own Scheme (sbpl-1.scm of OS X 10.11) and measurements tell: it looks at the rules of the operation itself before those of one that stands for
// several, from the last back to the first, and at one without a filter when none with a filter matches, wherever it stands.
var Readings = []Reading{
	{"the last rule that matches", func(m []rule) rule { return m[len(m)-1] }},
	{"the first rule that matches", func(m []rule) rule { return m[0] }},
	{"the most exact rule that matches, then the last", func(m []rule) rule {
		best := m[0]
		for _, r := range m[1:] {
			if r.exact >= best.exact {
				best = r
			}
		}
		return best
	}},
	{"a denial that matches", func(m []rule) rule {
		for _, r := range m {
			if !r.allow {
				return r
			}
		}
		return m[0]
	}},
	{"the compiler", func(m []rule) rule {
		best := m[0]
		for _, r := range m[1:] {
			if r.named > best.named || r.named == best.named && (r.any != nil || best.any == nil) {
				best = r
			}
		}
		return best
	}},
}

// Profile is one that was read.
type Profile struct {
	rules  []rule
	params map[string]string
	used   map[string]bool
	Tag    string // of the default
}

type rule struct {
	allow bool
	names []string
	any   []node // filters, of which one is enough; none: always
	exact int    // how exact a filter matched; of a rule that matches
	named int    // by how much of its name the rule names the operation, all of it counting for more; the same
	text  string
}

// Parse reads a profile with its parameters: key, value, …
func Parse(text string, params []string) (*Profile, error) {
	nodes, err := read(text)
	if err != nil {
		return nil, err
	}
	p := &Profile{params: map[string]string{}, used: map[string]bool{}}
	for i := 0; i+1 < len(params); i += 2 {
		if _, twice := p.params[params[i]]; twice {
			return nil, fmt.Errorf("parameter %s twice", params[i])
		}
		p.params[params[i]] = params[i+1]
	}
	if len(nodes) < 2 || nodes[0].String() != "(version 1)" {
		return nil, errors.New("no version")
	}
	for i, n := range nodes[1:] {
		asked, n := whether(n)
		r, tag, err := p.rule(n)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", n, err)
		}
		for _, name := range r.names {
			if operations[name].newer != (asked == name) || asked != "" && len(r.names) != 1 {
				return nil, fmt.Errorf("%s: not every release has it, or another was asked for", n)
			}
		}
		if isDefault := len(r.names) == 1 && r.names[0] == "default"; isDefault != (i == 0) || isDefault && r.allow {
			return nil, fmt.Errorf("%s: the default is to deny, and comes first", n)
		} else if isDefault {
			p.Tag = tag
			continue
		}
		if !r.allow && tag != p.Tag {
			return nil, fmt.Errorf("%s: tag %q", n, tag)
		}
		p.rules = append(p.rules, r)
	}
	for key := range p.params {
		if !p.used[key] {
			return nil, fmt.Errorf("parameter %s is not used", key)
		}
	}
	return p, nil
}

// whether takes (if (defined? (quote NAME)) RULE) apart; of anything else the name is empty.
func whether(n node) (name string, rule node) {
	if n.head() != "if" || len(n.list) != 3 || n.list[1].head() != "defined?" || len(n.list[1].list) != 2 {
		return "", n
	}
	if q := n.list[1].list[1]; q.head() == "quote" && len(q.list) == 2 {
		return q.list[1].text, n.list[2]
	}
	return "", n
}

func (p *Profile) rule(n node) (r rule, tag string, err error) {
	head := n.head()
	if head != "allow" && head != "deny" {
		return r, "", errors.New("neither allow nor deny")
	}
	r.allow, r.text = head == "allow", n.String()
	for _, part := range n.list[1:] {
		switch {
		case !part.isList && !part.quoted && r.any == nil:
			if _, ok := operations[part.text]; !ok {
				return r, "", fmt.Errorf("unknown operation %s", part.text)
			}
			r.names = append(r.names, part.text)
		case part.head() == "with" && len(part.list) == 3 && part.list[1].text == "message" && part.list[2].quoted:
			tag = part.list[2].text
		case part.isList:
			if err := p.check(part); err != nil {
				return r, "", err
			}
			r.any = append(r.any, part)
		default:
			return r, "", fmt.Errorf("%s is out of place", part)
		}
	}
	if r.names == nil {
		return r, "", errors.New("no operation")
	}
	for _, name := range r.names {
		for _, f := range r.any {
			if !fits(f, operations[name]) {
				return r, "", fmt.Errorf("%s does not apply to %s", f, name)
			}
		}
	}
	return r, tag, nil
}

// check refuses filters that this package does not know.
func (p *Profile) check(n node) error {
	switch n.head() {
	case "require-all", "require-any", "require-not":
		if len(n.list) < 2 || n.head() == "require-not" && len(n.list) != 2 {
			return fmt.Errorf("%s: wrong number of filters", n)
		}
		for _, c := range n.list[1:] {
			if err := p.check(c); err != nil {
				return err
			}
		}
		return nil
	case "literal", "subpath", "global-name":
		if len(n.list) != 2 {
			return fmt.Errorf("%s: one value", n)
		}
		_, err := p.param(n.list[1])
		return err
	case "target":
		if len(n.list) == 2 && (n.list[1].text == "self" || n.list[1].text == "same-sandbox" || n.list[1].text == "others") {
			return nil
		}
	case "sysctl-name", "sysctl-name-prefix":
		if len(n.list) == 2 && n.list[1].quoted {
			return nil
		}
	case "socket-domain", "socket-protocol":
		if len(n.list) == 2 && !n.list[1].quoted {
			return nil
		}
	case "local", "remote":
		if len(n.list) == 3 && n.list[1].text == "unix-socket" && n.list[2].head() == "literal" {
			return p.check(n.list[2])
		}
		if len(n.list) == 3 && (n.list[1].text == "ip" || n.list[1].text == "tcp" || n.list[1].text == "udp") && n.list[2].quoted {
			if host, _, ok := strings.Cut(n.list[2].text, ":"); ok && (host == "*" || host == "localhost") {
				return nil // the compiler knows no others
			}
		}
	}
	return fmt.Errorf("%s: unknown filter", n)
}

func (p *Profile) param(n node) (string, error) {
	if n.head() != "param" || len(n.list) != 2 || !n.list[1].quoted {
		return "", fmt.Errorf("%s is no parameter", n)
	}
	v, ok := p.params[n.list[1].text]
	if !ok {
		return "", fmt.Errorf("no parameter %s", n.list[1].text)
	}
	p.used[n.list[1].text] = true
	return v, nil
}

// Allows answers, and fails where the readings disagree.
func (p *Profile) Allows(q Query) (bool, error) {
	var matching []rule
	for _, r := range p.rules {
		if r.named = r.about(q.Operation); r.named == 0 {
			continue
		}
		if r.any == nil {
			matching = append(matching, r)
			continue
		}
		for _, f := range r.any {
			if ok, exact := p.matches(f, q); ok {
				r.exact = max(r.exact, 1+exact)
				matching = append(matching, r)
				break
			}
		}
	}
	if matching == nil {
		return open(q.Operation), nil
	}
	first := Readings[0].pick(matching)
	for _, reading := range Readings[1:] {
		if other := reading.pick(matching); other.allow != first.allow {
			return false, fmt.Errorf("%+v: by %s it is %s; by %s it is %s", q, Readings[0].Name, first.text, reading.Name, other.text)
		}
	}
	return first.allow, nil
}

// about says by how much of its name a rule names an operation; 0: not at all.
func (r rule) about(operation string) (n int) {
	for _, name := range r.names {
		switch {
		case name == operation:
			return len(name) + 1
		case covers(name, operation):
			n = max(n, len(name))
		}
	}
	return n
}

// matches also says how exact: by the length of the path, and whether it is the whole.
func (p *Profile) matches(n node, q Query) (ok bool, exact int) {
	switch head := n.head(); head {
	case "require-all":
		for _, c := range n.list[1:] {
			m, e := p.matches(c, q)
			if !m {
				return false, 0
			}
			exact = max(exact, e)
		}
		return true, exact
	case "require-any":
		for _, c := range n.list[1:] {
			if m, e := p.matches(c, q); m {
				ok, exact = true, max(exact, e)
			}
		}
		return ok, exact
	case "require-not":
		m, _ := p.matches(n.list[1], q)
		return !m, 0
	case "literal", "subpath":
		v, _ := p.param(n.list[1])
		return q.Path != "" && (q.Path == v || head == "subpath" && (v == "/" || strings.HasPrefix(q.Path, v+"/"))), 2*len(v) + map[string]int{"literal": 1}[head]
	case "global-name":
		v, _ := p.param(n.list[1])
		return q.Name == v, 1
	case "target":
		return n.list[1].text == q.Target || n.list[1].text == "same-sandbox" && q.Target == "self" || n.list[1].text == "others" && q.Target == "same-sandbox", 1
	case "sysctl-name":
		return q.Name == n.list[1].text, 1
	case "sysctl-name-prefix":
		return q.Name != "" && strings.HasPrefix(q.Name, n.list[1].text), 1
	case "socket-domain":
		return q.Domain == n.list[1].text, 1
	case "socket-protocol":
		return fmt.Sprint(q.Socket) == n.list[1].text, 1
	}
	kind := n.list[1].text
	if kind == "unix-socket" {
		if q.Protocol != kind {
			return false, 0
		}
		return p.matches(n.list[2], q)
	}
	host, port, _ := strings.Cut(n.list[2].text, ":")
	return (kind == q.Protocol || kind == "ip" && (q.Protocol == "tcp" || q.Protocol == "udp")) && (host == "*" || host == q.Host) && (port == "*" || port == fmt.Sprint(q.Port)), 1
}
