package profile

// Profile to text and back, for profiles made of what the syntaxes have trouble with. Nothing may be lost, and nothing gained.

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// part makes a path's component from what the syntaxes have trouble with.
var part = rapid.StringOfN(rapid.RuneFrom([]rune("ab?=:$${}\"'\\\n\t\x7f#[],é\u202e\ufffd😀 ~")), 1, 6, -1)

var anyPath = rapid.Custom(func(t *rapid.T) string {
	p := ""
	for range rapid.IntRange(0, 4).Draw(t, "depth") {
		p += "/" + part.Draw(t, "part") + rapid.SampledFrom([]string{"", "", "?", "??", ":rw", ":ro", "\xff", "${HOME}", "\xc3", "$"}).Draw(t, "end")
	}
	if p == "" {
		return "/"
	}
	return p
})

var anyPort = rapid.OneOf(rapid.SampledFrom([]int{1, 80, 443, 65535}), rapid.IntRange(1, 65535))

// anyAddress is an address that operations of the kind take.
func anyAddress(kind Kind) *rapid.Generator[Address] {
	return rapid.Custom(func(t *rapid.T) Address {
		var taken []Form
		for form, f := range forms {
			if kind == NetworkOutbound && f.outbound || kind == NetworkInbound && f.inbound {
				taken = append(taken, Form(form))
			}
		}
		a := Address{Form: rapid.SampledFrom(taken).Draw(t, "form")}
		if forms[a.Form].port {
			a.Port = anyPort.Draw(t, "port")
		}
		switch a.Form {
		case FormLocalSocket:
			a.Name = rapid.Custom(func(t *rapid.T) string { return anyPath.Draw(t, "path") }).Filter(func(p string) bool {
				return len(p) <= maxSocketPath
			}).Draw(t, "socket")
		case FormHost:
			a.Name = rapid.SampledFrom([]string{"a", "localhost", "tcp.example.com", "xn--caf-dma.example", "a-b_c.d0", "4.example", "0x1.de"}).Draw(t, "host")
		case FormCIDR:
			a.Name = rapid.SampledFrom([]string{"0.0.0.0/0", "::/0", "10.0.0.0/8", "10.1.0.0/16", "192.0.2.1/32", "2001:db8::/32", "2001:db8::1/128", "::1/128"}).Draw(t, "prefix")
		}
		return a
	})
}

var anyOperation = rapid.Custom(func(t *rapid.T) Operation {
	op := Operation{Kind: rapid.SampledFrom(Kinds()).Draw(t, "kind"), BestEffort: rapid.IntRange(0, 3).Draw(t, "effort") == 0}
	switch op.Kind {
	case FileRead, FileReadMetadata, FileWrite, FileExecute:
		op.Pattern = Pattern{
			Path: anyPath.Draw(t, "path"), Match: rapid.SampledFrom([]Match{Literal, Subpath}).Draw(t, "match"),
			Optional: rapid.Bool().Draw(t, "optional"),
		}
		op.Deny = rapid.IntRange(0, 2).Draw(t, "deny") == 0
	case NetworkOutbound, NetworkInbound:
		op.Address = anyAddress(op.Kind).Draw(t, "address")
	case IPC:
		op.IPC = rapid.SampledFrom(IPCKinds()).Draw(t, "IPC")
	case Device:
		op.Pattern = Pattern{Path: anyPath.Draw(t, "path"), Match: Literal}
	case Syscall:
		op.Names = JoinNames(rapid.SliceOfN(rapid.SampledFrom([]string{"bpf", "clone3", "io_uring_setup", "_llseek", "x"}), 1, 4).Draw(t, "names")...)
	case MachLookup:
		op.Names = rapid.SampledFrom([]string{"com.apple.trustd.agent", "a", "x@Uv3", "com.apple.system/opendirectoryd-1_$#=?"}).Draw(t, "service")
	case Private:
		op.Path = anyPath.Draw(t, "path")
	case Map:
		op.Path, op.Host = anyPath.Draw(t, "inside"), anyPath.Draw(t, "host")
		op.Mode = rapid.SampledFrom([]Mode{ReadOnly, ReadWrite}).Draw(t, "mode")
	}
	return op
})

// withoutClashes drops what Validate would refuse of operations that are good by themselves.
func withoutClashes(ops []Operation) []Operation {
	for {
		i, err := clash(ops)
		if err == nil {
			return ops
		}
		ops = slices.Delete(ops, i, i+1)
	}
}

var anyName = rapid.StringOfN(rapid.RuneFrom([]rune("AB_ .\"\\\n$é")), 1, 4, -1)

var anyProfile = rapid.Custom(func(t *rapid.T) Profile {
	p := Profile{
		Operations: withoutClashes(rapid.SliceOfN(anyOperation, 0, 12).Draw(t, "operations")),
		OnDenied:   rapid.SampledFrom([]OnDenied{Errno, Kill}).Draw(t, "on-denied"),
		PassEnv:    rapid.SliceOfN(anyName, 0, 3).Draw(t, "pass-env"),
	}
	for range rapid.IntRange(0, 4).Draw(t, "variables") {
		value := rapid.OneOf(part, rapid.Just(""), rapid.Just("\xff=\x80")).Draw(t, "value")
		p.Env = append(p.Env, anyName.Draw(t, "name")+"="+value)
	}
	if rapid.Bool().Draw(t, "has limits") {
		p.Limits = anyLimits.Draw(t, "limits")
	}
	if rapid.Bool().Draw(t, "has dir") {
		p.Dir = anyPath.Draw(t, "dir")
	}
	return p
})

func same(a, b Profile) bool {
	return fmt.Sprintf("%#v", a) == fmt.Sprintf("%#v", b)
}

// normal is p as a file can hold it: see TOML.
func normal(p Profile) Profile {
	p.Operations = canonical(p.Operations)
	p.Env = lastPerName(p.Env)
	if len(p.Operations) == 0 {
		p.Operations = nil
	}
	if len(p.PassEnv) == 0 {
		p.PassEnv = nil
	}
	return p
}

func TestAProfileSurvivesItsTOML(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := normal(anyProfile.Draw(t, "profile"))
		if err := p.Validate(); err != nil {
			t.Fatal(err)
		}
		text := p.TOML()
		got, err := Parse("p.toml", []byte(text), Vars{})
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if !same(got, p) {
			t.Fatalf("got %#v\nwant %#v\n%s", got, p, text)
		}
	})
}

func TestTheOrderOfOperationsIsCanonical(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyProfile.Draw(t, "profile")
		got, err := Parse("p.toml", []byte(p.TOML()), Vars{})
		if err != nil {
			t.Fatal(err)
		}
		if !same(got, normal(p)) {
			t.Fatalf("got %#v\nwant %#v", got, normal(p))
		}
	})
}

func TestTheBoundIsTheRuleWithoutItsIndexes(t *testing.T) {
	// Few paths, names and ports, so that one is often within another.
	few := rapid.SampledFrom([]string{"/", "/a", "/a/b", "/a/b/c", "/ab", "/a-b", "/a.b/c"})
	fewOperations := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Operation {
		op := anyOperation.Draw(t, "operation")
		for _, p := range []*string{&op.Pattern.Path, &op.Path, &op.Host} {
			if *p != "" {
				*p = few.Draw(t, "path")
			}
		}
		if op.Address.Port != 0 {
			op.Address.Port = rapid.IntRange(80, 81).Draw(t, "port")
		}
		return op
	}), 0, 20)
	rapid.Check(t, func(t *rapid.T) {
		base := Profile{Operations: fewOperations.Draw(t, "base")}
		b := newBound(base, []string{"base.toml"})
		for _, op := range fewOperations.Draw(t, "child") {
			if err, want := b.check(op), slowlyAllowed(base, op); (err == nil) != want {
				t.Fatalf("%v within %v: %v, want %v", op, base.Operations, err, want)
			}
		}
	})
}

// slowlyAllowed is the rule, without the indexes: something of the base covers op, no hole that op lies in is as deep as the deepest that
// covers it, and best effort is taken where nothing that covers op is exact.
func slowlyAllowed(base Profile, op Operation) bool {
	covered, exact, depth, hole, hidden := false, false, -1, -1, -1
	for _, b := range base.Operations {
		if at, ok := view(b); ok && op.Kind.file() && hides(b, op.Kind) && slowlyCovers(Operation{Kind: op.Kind, Pattern: Pattern{Path: at, Match: Subpath}}, op) {
			hidden = max(hidden, len(at))
		}
		taken := b.Deny && slices.Contains(takers[op.Kind], b.Kind)
		if !taken && (b.Deny || b.Kind != op.Kind) || !slowlyCovers(b, op) {
			continue
		}
		if taken {
			hole = max(hole, len(b.Pattern.Path))
			continue
		}
		covered, exact, depth = true, exact || !b.BestEffort, max(depth, len(b.Pattern.Path))
	}
	return op.Deny || covered && (hole < 0 || hole < depth) && hidden <= depth && !(op.BestEffort && exact)
}

func slowlyCovers(b, op Operation) bool {
	b.BestEffort, op.BestEffort, b.Pattern.Optional, op.Pattern.Optional, b.Deny, op.Deny = false, false, false, false, false, false
	switch {
	case b.Pattern.Match == Subpath:
		return b.Pattern.Path == "/" || op.Pattern.Path == b.Pattern.Path || strings.HasPrefix(op.Pattern.Path, b.Pattern.Path+"/")
	case b.Pattern.Match == Literal:
		return op.Pattern.Match == Literal && op.Pattern.Path == b.Pattern.Path
	case b.Kind == Map:
		return b.Path == op.Path && b.Host == op.Host && b.Mode >= op.Mode
	}
	switch outer, inner := b.Address, op.Address; {
	case outer.Form == FormAll:
		return inner.Form != FormLocalSocket
	case outer.Form == FormTCP && inner.Form == FormLoopback:
		return outer.Port == inner.Port
	case outer.Form == FormCIDR && inner.Form == FormCIDR:
		o, i := netip.MustParsePrefix(outer.Name), netip.MustParsePrefix(inner.Name)
		return outer.Port == inner.Port && o.Bits() <= i.Bits() && o.Contains(i.Addr())
	}
	return b == op
}

func TestTheTextOfAProfileIsPlain(t *testing.T) {
	p := Profile{
		Operations: []Operation{
			{Kind: Map, Path: "/a=b", Host: "/h:rw", Mode: ReadOnly}, {Kind: System}, file(FileRead, optional(sub("/x"))),
			file(FileRead, sub("/y?")), file(FileRead, literal("/z")), {Kind: NetworkOutbound, Address: All},
			{Kind: Private, Path: "/\xff$\u202e"},
		},
		OnDenied: Kill, Env: []string{"A=1", "A B=$x\n", "A=2"}, PassEnv: []string{"LANG"}, Dir: "/x",
	}
	const want = `schema = 1
system = true
read = [
	"/x?",
	"/y${0x3F}",
	{ literal = "/z" },
]
connect = ["all"]
private = ["/${0xFF}$$\u202E"]
map = ["/a${0x3D}b=/h:rw:ro"]
pass-env = ["LANG"]
dir = "/x"
on-denied = "kill"

[env]
A = "2"
"A B" = "$$x\u000A"
`
	if got := p.TOML(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestAnInvalidProfileGivesTextThatDoesNotParse(t *testing.T) {
	for _, op := range []Operation{
		{}, {Kind: 200}, {Kind: FileRead}, {Kind: FileRead, Pattern: Pattern{Path: "/a"}}, {Kind: FileRead, Pattern: sub("a")},
		{Kind: NetworkInbound}, {Kind: Private}, {Kind: Map, Path: "/a", Host: "/b"}, {Kind: Map, Path: "", Host: "/b", Mode: ReadOnly},
		outbound(Address{FormTCP, 0, ""}), outbound(Address{FormTCP, 1, "x"}), outbound(Address{FormAll, 1, ""}), outbound(Address{FormHost, 80, "tcp"}),
		outbound(Address{FormHost, 80, "unix:/a"}), outbound(Address{FormHost, 80, "10.0.0.0/8"}), outbound(Address{FormHost, 80, "a:1"}),
		outbound(Address{FormCIDR, 80, "a"}), outbound(Address{FormLoopback, 80, ""}), inbound(Address{FormHost, 80, "a"}),
		outbound(Address{FormLocalSocket, 0, "a"}), outbound(Address{FormLocalSocket, 1, "/a"}), outbound(Address{99, 1, "a"}),
		{Kind: IPC}, {Kind: IPC, IPC: 99}, {Kind: Device}, {Kind: Device, Pattern: sub("/a")}, {Kind: Device, Pattern: optional(literal("/a"))},
		{Kind: Syscall}, {Kind: MachLookup}, {Kind: MachLookup, Names: "a b"}, {Kind: MachLookup, Names: "a\""}, {Kind: MachLookup, Names: "com.apple.*"}, {Kind: Syscall, Names: "b a"}, {Kind: Syscall, Names: "a  b"}, {Kind: Syscall, Names: "A"},
		deny(Operation{Kind: System}), deny(outbound(All)), deny(Operation{}), deny(Operation{Kind: Private, Path: "/a"}), effort(Operation{}),
		effort(deny(Operation{Kind: Trace})), deny(file(FileRead, sub("a"))), effort(Operation{Kind: IPC}),
	} {
		p := Profile{Operations: []Operation{op}}
		if got, err := Parse("p.toml", []byte(p.TOML()), Vars{}); err == nil || p.Validate() == nil {
			t.Errorf("%v became %v", op, got)
		}
	}
	if _, err := Parse("p.toml", []byte(Profile{OnDenied: 7}.TOML()), Vars{}); err == nil {
		t.Error("OnDenied(7) was taken")
	}
}
