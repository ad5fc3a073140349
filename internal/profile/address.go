package profile

// This file says which addresses there are, how they are written in Go and in files, and what is wrong with one. It must never
// take an address that means another thing to somebody who looks it up: a name that a C library reads as a number is no name.

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"unicode/utf8"
)

// Form tells the kinds of addresses apart.
type Form uint8

// The forms of an address.
const (
	FormAll         Form = iota + 1 // every internet address: IPv4 and IPv6, TCP and UDP
	FormTCP                         // Port, of any peer
	FormUDP                         // Port, of any peer
	FormLocalSocket                 // the Unix socket at Name, a path
	FormLoopback                    // TCP Port, of this host alone
	FormHost                        // Port of the host that Name stands for
	FormCIDR                        // Port of the addresses in Name, a prefix
)

// forms says per form which fields it uses, which operations take it, and how it is written.
var forms = [...]struct {
	goName, word      string // the word before the colon in a file
	port, name        bool
	outbound, inbound bool
}{
	FormAll:         {"All", "all", false, false, true, true},
	FormTCP:         {"TCP", "tcp", true, false, true, true},
	FormUDP:         {"UDP", "udp", true, false, true, true},
	FormLocalSocket: {"LocalSocket", "unix", false, true, true, true},
	FormLoopback:    {"Loopback", "loopback", true, false, false, true},
	FormHost:        {"Host", "", true, true, true, false},
	FormCIDR:        {"CIDR", "", true, true, true, false},
}

// Address says which peers a network operation reaches. Port and Name are zero where the Form does not use them. Port is as wide as
// what callers pass, so that one out of range is refused and not cut to another.
type Address struct {
	Form Form
	Port int
	Name string
}

// All is every internet address.
var All = Address{Form: FormAll}

func (a Address) valid() bool { return a.Form >= FormAll && int(a.Form) < len(forms) }

// String is the address as it is written in Go, without its package.
func (a Address) String() string {
	if !a.valid() {
		return fmt.Sprintf("Address(%d)", uint8(a.Form))
	}
	f := forms[a.Form]
	switch {
	case f.port && f.name:
		return fmt.Sprintf("%s(%q, %d)", f.goName, a.Name, a.Port)
	case f.port:
		return fmt.Sprintf("%s(%d)", f.goName, a.Port)
	case f.name:
		return fmt.Sprintf("%s(%q)", f.goName, a.Name)
	}
	return f.goName
}

// Word is the address as it stands in a file and on the command line; only of a valid one does it mean the same.
func (a Address) Word() string {
	if !a.valid() {
		return a.String()
	}
	f := forms[a.Form]
	switch {
	case f.port && f.name:
		return fmt.Sprintf("%s:%d", a.Name, a.Port)
	case f.port:
		return fmt.Sprintf("%s:%d", f.word, a.Port)
	case f.name:
		return f.word + ":" + a.Name
	}
	return f.word
}

// addressForms lists how an address of the kind is written in a file.
func addressForms(kind Kind) string {
	if kind == NetworkInbound {
		return "all, tcp:PORT, udp:PORT, loopback:PORT or unix:PATH"
	}
	return "all, tcp:PORT, udp:PORT, unix:PATH, HOST:PORT or CIDR:PORT"
}

const (
	maxSocketPath = 107 // sun_path holds 108 bytes, the terminating NUL included (unix(7))
	maxHost       = 253 // a name's length on the wire is at most 255 (RFC 1035), with a length before each label and a root behind
	maxLabel      = 63
)

// spelling is how advice writes an address: as Go does, or as files do.
type spelling func(Address) string

func inGo(a Address) string   { return a.String() }
func inFile(a Address) string { return fmt.Sprintf("%q", a.Word()) }

// check reports why a cannot be the address of an operation of that kind, and what to write instead.
func (a Address) check(kind Kind, spell spelling) error {
	if !a.valid() {
		return errors.New("it has no address")
	}
	f := forms[a.Form]
	switch {
	case f.port && (a.Port < 1 || a.Port > 65535):
		return fmt.Errorf("port %d is not one of 1 to 65535", a.Port)
	case !f.port && a.Port != 0:
		return fmt.Errorf("%s has no port", f.goName)
	case !f.name && a.Name != "":
		return fmt.Errorf("%s has no name", f.goName)
	}
	if kind == NetworkOutbound && !f.outbound {
		return fmt.Errorf("a program listens on Loopback; to connect to a port of this host write %s",
			spell(Address{FormCIDR, a.Port, "127.0.0.1/32"}))
	}
	if kind == NetworkInbound && !f.inbound {
		return fmt.Errorf("listening takes no peer's address; write %s, or %s for this host alone",
			spell(Address{FormTCP, a.Port, ""}), spell(Address{FormLoopback, a.Port, ""}))
	}
	switch a.Form {
	case FormLocalSocket:
		if err := CheckPath(a.Name); err != nil {
			return err
		}
		if len(a.Name) > maxSocketPath {
			return fmt.Errorf("the path of a socket has at most %d bytes, not %d; Map a directory of it to a shorter path", maxSocketPath, len(a.Name))
		}
	case FormHost:
		return a.checkHost(spell)
	case FormCIDR:
		return a.checkCIDR(spell)
	}
	return nil
}

func (a Address) checkHost(spell spelling) error {
	as := func(form Form, name string) string { return spell(Address{form, a.Port, name}) }
	name := a.Name
	if ip, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		if ip.Zone() != "" {
			return errors.New("an address with a zone is not supported")
		}
		ip = ip.Unmap()
		return fmt.Errorf("an address is no host's name; write %s", as(FormCIDR, netip.PrefixFrom(ip, ip.BitLen()).String()))
	}
	switch lower, bare := strings.ToLower(name), strings.TrimSuffix(name, "."); {
	case name == "" || name == "*":
		return fmt.Errorf("the host has no name; write %s to reach every host by TCP", as(FormTCP, ""))
	case !utf8.ValidString(name) || strings.IndexFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0:
		return errors.New("a host's name is ASCII; write the form of it that begins with xn--")
	case lower != name:
		return fmt.Errorf("a host's name is written in lower case: %s", as(FormHost, lower))
	case bare != name && bare != "":
		return fmt.Errorf("a host's name is written without the last dot: %s", as(FormHost, bare))
	case len(name) > maxHost:
		return fmt.Errorf("a host's name has at most %d bytes, not %d", maxHost, len(name))
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if err := checkLabel(label); err != nil {
			return err
		}
	}
	for _, f := range forms {
		if f.word == name {
			return fmt.Errorf("%q is a word of addresses; write the host's full name", name)
		}
	}
	if last := labels[len(labels)-1]; isNumber(last) {
		return fmt.Errorf("no host's name ends in a number, and C libraries read this one as an address; write %s with the whole address",
			as(FormCIDR, "ADDRESS/32"))
	}
	return nil
}

func checkLabel(label string) error {
	switch {
	case label == "":
		return errors.New("not a host's name: a part between its dots is empty")
	case len(label) > maxLabel:
		return fmt.Errorf("not a host's name: a part between its dots has at most %d bytes, not %d", maxLabel, len(label))
	case label == "*":
		return errors.New("a name stands for one host; list each")
	case label[0] == '-' || label[len(label)-1] == '-':
		return fmt.Errorf("not a host's name: %q begins or ends with a hyphen", label)
	}
	for i := range len(label) {
		if c := label[i]; !isLower(c) && c != '-' && c != '_' {
			return fmt.Errorf("not a host's name: it has a %q", c)
		}
	}
	return nil
}

func isLower(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }

// isNumber tells what inet_aton(3) takes for a number: decimal, octal or hexadecimal.
func isNumber(s string) bool {
	digits, hex := strings.CutPrefix(s, "0x")
	return strings.Trim(digits, "0123456789") == "" || hex && strings.Trim(digits, "0123456789abcdef") == ""
}

func (a Address) checkCIDR(spell spelling) error {
	instead := func(p netip.Prefix) string { return spell(Address{FormCIDR, a.Port, p.String()}) }
	p, err := netip.ParsePrefix(a.Name)
	if err != nil {
		if ip, err := netip.ParseAddr(strings.Trim(a.Name, "[]")); err == nil && ip.Zone() == "" {
			ip = ip.Unmap()
			return fmt.Errorf("the length of the prefix is missing; for this address alone write %s", instead(netip.PrefixFrom(ip, ip.BitLen())))
		}
		return fmt.Errorf("%q is not a prefix such as 192.0.2.0/24 or 2001:db8::/32", a.Name)
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		return fmt.Errorf("IPv4 addresses are written as such: %s", instead(netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96).Masked()))
	}
	if p.Masked().String() != a.Name {
		return fmt.Errorf("not the plainest form of the prefix; write %s", instead(p.Masked()))
	}
	return nil
}
